# SPDX-License-Identifier: MIT
"""Tries bugs one after the other and records which test noticed each."""

import contextlib
import os
import time

from mutation import calls, number, patch, redundant, suites
from mutation.area import put

NOBODY = 0xFFFFFFFF


class Result:
    """The verdict on one bug: caught, survived, or broken if it could not be tried."""

    def __init__(self, name, verdict, by="", seconds=0.0, reason="", source="", share=""):
        self.name, self.verdict, self.by, self.seconds, self.reason = name, verdict, by, seconds, reason
        self.source, self.share = source, share  # when CI runs the test

    def row(self):
        """Returns a line of tab-separated values."""
        words = [self.name, self.verdict, self.by, f"{self.seconds:.0f}"]
        return "\t".join(words + ([self.source] if self.source else []))


class Patches:
    """Tries patches: applies, compiles, runs and reverts each."""

    def __init__(self, slot, stages, times, jobs):
        self.slot, self.jobs = slot, jobs
        self.suites = suites.Suites(slot, stages)
        self.suites.take_times(times)

    @contextlib.contextmanager
    def applied(self, bug):
        """Has the sources contain the bug meanwhile."""
        path = os.path.join(self.slot.tree, bug.path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            put(path, bug.apply(text))
            yield
        finally:
            put(path, text)

    @contextlib.contextmanager
    def planted(self, bug):
        """Has all programs contain the bug meanwhile."""
        try:
            with self.applied(bug):
                self.slot.ninja(self.jobs)
                yield
        finally:
            self.slot.ninja(self.jobs)

    def run(self, bug):
        """Returns the Result of one patch."""
        started = time.monotonic()
        try:
            with self.applied(bug):
                verdict, told, share = self.stages()
        except patch.Broken as error:
            verdict, told, share = "broken", str(error), ""
        return Result(bug.name, verdict, told, time.monotonic() - started, bug.reason, share=share)

    def stages(self):
        """Builds and runs the stages in order; returns (verdict, test, its share)."""
        for stage, tests in self.suites.stages.items():
            if not self.slot.ninja(self.jobs, suites.targets(stage, tests)):
                return "broken", "it does not compile: " + self.slot.said(), ""
            failed = self.suites.run_stage(stage)
            if failed:
                return "caught", f"{stage}: {failed[0]}", failed[1]
        return "survived", "", ""


def is_built_of(path, name):
    """Returns whether a program contains a C file, by its debugging information."""
    with open(path, "rb") as file:
        return f"/{name}\0".encode() in file.read()


def programs_of(slot, tests):
    """Returns the number.Programs that the tests of {stage: tests} run."""
    names = {name for stage, mine in tests.items() for name in suites.targets(stage, mine)}
    return number.Programs(sorted(os.path.join(slot.build, name) for name in names), calls.SYMBOL)


def take_out(slot, stages):
    """Takes the bug out of a slot's programs that a run which was killed has left in them."""
    programs_of(slot, suites.Suites(slot, stages).stages).set(NOBODY)


class Numbered:
    """Tries bugs that share one build: a number in the programs selects one."""

    def __init__(self, slot, stages, times, _jobs):
        self.suites = suites.Suites(slot, stages)
        self.suites.take_times(times)
        self.programs = programs_of(slot, self.suites.stages)
        self.slot, self.built_of = slot, {}

    def concerns(self, bug):
        """Returns whether a test can notice the bug. A host test contains only some source files."""
        if bug.path.endswith(".c") and bug.path not in self.built_of:
            self.built_of[bug.path] = {test.name for test in self.suites.stages.get("host", ())
                                       if is_built_of(os.path.join(self.slot.build, test.program), bug.path)}
        if bug.path.endswith(".c"):
            return lambda test: test.suite != "host" or test.name in self.built_of[bug.path]
        return lambda test: test.suite != "host" or not bug.path.startswith("arch/")

    @contextlib.contextmanager
    def planted(self, bug):
        """Has all programs contain the bug meanwhile."""
        self.programs.set(bug.number)
        try:
            yield
        finally:
            self.programs.set(NOBODY)

    def run(self, bug):
        """Returns the Result of one bug."""
        started = time.monotonic()
        with self.planted(bug):
            told, share = self.suites.run(self.concerns(bug)) or ("", "")
        return Result(bug.name, "caught" if told else "survived", told, time.monotonic() - started, bug.reason, share=share)


class Every(Numbered):
    """Tries bugs by all tests, each to its end: for what tests only repeat."""

    def run(self, bug):
        """Returns the Result of one bug: `by` has all that fails."""
        started = time.monotonic()
        with self.planted(bug):
            found = self.suites.run_every(self.concerns(bug))
        return Result(bug.name, "caught" if found else "survived", redundant.BETWEEN.join(found), time.monotonic() - started, bug.reason)
