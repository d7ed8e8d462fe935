"""Takes bugs one after the other, and tells which test noticed each."""

import os
import time

from mutation import calls, number, patch, suites
from mutation.area import put

NO_SITE = 0xFFFFFFFF


class Result:
    """What became of one bug: caught, survived, or broken where it could not be tried."""

    def __init__(self, name, verdict, by="", seconds=0.0, reason=""):
        self.name, self.verdict, self.by, self.seconds, self.reason = name, verdict, by, seconds, reason

    def row(self):
        """Gives the line of a TSV."""
        return "\t".join([self.name, self.verdict, self.by, f"{self.seconds:.0f}"])


def by(stage, failed):
    """Says which suite's test noticed it."""
    return f"{stage}: {failed}"


class Patches:
    """Tries patches: each is put in, compiled, run and taken out again."""

    def __init__(self, slot, stages, times, jobs):
        self.slot, self.jobs = slot, jobs
        self.suites = suites.Suites(slot, stages)
        self.suites.take_times(times)

    def run(self, bug):
        """Gives the Result of one patch."""
        started = time.monotonic()
        path = os.path.join(self.slot.tree, bug.path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            put(path, bug.apply(text))
            verdict, told = self.stages()
        except patch.Broken as error:
            verdict, told = "broken", str(error)
        finally:
            put(path, text)
        return Result(bug.name, verdict, told, time.monotonic() - started, bug.reason)

    def stages(self):
        """Builds and runs stage after stage: (verdict, by whom)."""
        for stage, tests in self.suites.stages.items():
            if not self.slot.ninja(self.jobs, suites.targets(stage, tests)):
                return "broken", "it does not compile: " + self.slot.said()
            failed = self.suites.run_stage(stage)
            if failed:
                return "caught", by(stage, failed)
        return "survived", ""


def files_in(path, names):
    """Gives those of some C files that a program was built of, as its debugging information names them."""
    with open(path, "rb") as file:
        data = file.read()
    return {name for name in names if f"/{name}\0".encode() in data}


class Sites:
    """Tries call sites: all are in one build, and a number in the programs leaves one out."""

    def __init__(self, slot, stages, times, root):
        self.slot, self.reasons = slot, calls.reasons(root)
        self.suites = suites.Suites(slot, stages)
        self.suites.take_times(times)
        programs = sorted({os.path.join(slot.build, name) for stage, tests in self.suites.stages.items()
                           for name in suites.targets(stage, tests)})
        self.programs = number.Programs(programs, calls.SYMBOL)
        files = {site.path for site in calls.load(root) if site.path.endswith(".c")}
        self.built_of = {test.name: files_in(test.words[0], files) for test in self.suites.stages.get("host", ())}

    def concerns(self, site):
        """Gives whether a test has the site in it: those of the host are made of some files each."""
        return lambda test: (test.name not in self.built_of or site.path in self.built_of[test.name]
                             or (site.path.endswith(".h") and not site.path.startswith("arch/")))

    def run(self, site):
        """Gives the Result of one site."""
        started = time.monotonic()
        self.programs.set(site.number)
        try:
            told = next((by(stage, failed) for stage in self.suites.stages
                         for failed in [self.suites.run_stage(stage, self.concerns(site))] if failed), None)
        finally:
            self.programs.set(NO_SITE)
        reason = calls.reason_for(site.name, self.reasons)
        return Result(site.name, "caught" if told else "survived", told or "", time.monotonic() - started, reason)
