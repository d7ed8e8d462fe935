# SPDX-License-Identifier: MIT
"""Runs the suites over one mutant, the cheapest test first, until one notices."""

import json
import os
import re
import select
import signal
import subprocess
import time

import spelling

STAGES = ("host", "kernel", "user", "system")
# Exact costs change with any line that is left out: that finds no bug.
LEFT_OUT = re.compile(r"budgets|debugger|wrapper")
TIMED = ("kernel", "user", "system")  # a busy machine may make these fail: twice is no accident
POINT_FAILED = re.compile(rb"^not ok\b.*\n", re.MULTILINE)
FAILED = re.compile(r"^not ok\s+\d*\s*-?\s*(.*)")
TOLD = re.compile(r"kernel panic: (.*)|ERROR: AddressSanitizer: (\S+)|runtime error: (.*)|Bail out! (.*)")
NO_POINT = "matches no test of this kernel"  # what failed was a panic, say
LEAST_SECONDS = 25  # a kernel that says nothing for so long hangs, too
PATIENCE = 4  # times what the test takes without a bug


class Test:
    """One of Meson's tests, run without Meson."""

    def __init__(self, known, build):
        self.name = known["name"]
        self.words, self.folder = known["cmd"], known["workdir"] or build
        self.env = {**os.environ, **known["env"]}
        self.suite = known["suite"][0].rpartition(":")[2]
        self.program = os.path.relpath(self.words[0], build)
        self.seconds, self.limit = 0.0, float(known["timeout"])
        self.boots, self.died = os.path.basename(self.words[0]) == "ktap", False

    def run(self, only=""):
        """Runs it up to the first point that fails, of a kernel's tests only one: (what failed or None, seconds)."""
        started = time.monotonic()
        words = self.words[:1] + (["--append", "test=" + only] if only else []) + self.words[1:]
        child = subprocess.Popen(words, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        with child.stdout as pipe:
            text, ended = listen(pipe.fileno(), started + self.limit, LEAST_SECONDS if self.boots else self.limit)
            status = child.wait(LEAST_SECONDS) if ended else None
            end(child)
        text = text.decode(errors="replace")
        self.died = "kernel panic" in text
        return verdict(status, text), time.monotonic() - started

    def again(self, failed):
        """Tells what fails a second time: the point that did if it can be run alone, else the first of all."""
        alone = self.run(failed)[0] if self.boots else None
        return alone if alone and NO_POINT not in alone else self.run()[0]


def listen(pipe, deadline, patience):
    """Gives what a test says until it ends, is silent for too long, or a point fails; and whether it ended."""
    text = b""
    while not POINT_FAILED.search(text):
        left = min(patience, deadline - time.monotonic())
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return text, False
        got = os.read(pipe, 65536)
        if not got:
            return text, True
        text += got
    return text, False


def end(child):
    """Kills what is left of a test: its own session, and nobody else."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def verdict(status, text):
    """Gives what failed in a test's output, None for nothing."""
    failed = next((match.group(1) for match in map(FAILED.match, text.splitlines()) if match), None)
    told = TOLD.search(text)
    why = failed or (next(group for group in told.groups() if group) if told else "")
    if status is None and failed is None:
        return "timeout" + (f" ({why})" if why else "")
    if status == 0 and failed is None:
        return None
    return why or f"status {status}"


def relevant(test):
    """Tells whether a test runs the kernel's code."""
    if LEFT_OUT.search(test.name):
        return False
    return test.suite != "host" or test.program.startswith("tests/host/")


def stages_of(words):
    """Gives {stage: expression for its tests}, in their order, from words like "host,kernel:.*hardened"."""
    asked = {}
    for word in words.split(","):
        stage, _, pattern = word.partition(":")
        if stage not in STAGES:
            raise SystemExit(f"mutants: no suite is called {stage}: {', '.join(STAGES)}")
        asked[stage] = pattern or ".*"
    return asked


def stage_tests(slot, stage, pattern):
    """Gives a stage's tests."""
    found = [Test(known, slot.build) for known in slot.tests() if known["suite"][0].endswith(":" + stage)]
    found = [test for test in found if relevant(test)]
    wanted = [test for test in found if re.fullmatch(pattern, test.name)]
    if not wanted:
        names = [test.name for test in found]
        raise SystemExit("mutants: " + spelling.explain(f"test of {stage}", pattern, names, "there are " + ", ".join(names)))
    return wanted


def targets(stage, tests):
    """Names what has to be built for a stage; () is everything."""
    if stage == "host":
        return sorted({test.program for test in tests})
    if stage == "kernel":
        return ["faultline-test.elf", "faultline-test-hardened.elf"]
    return ["faultline.elf", "faultline-hardened.elf"]


def known_times(path, build, wanted):
    """Gives the seconds that a file has; None where it lacks a test, or something was built since: it may fail now."""
    log = os.path.join(build, ".ninja_log")
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(log):
        return None
    with open(path, encoding="utf-8") as file:
        times = json.load(file)
    return times if set(wanted) <= set(times) else None


class Suites:
    """The tests of some stages, in rising order of what they cost."""

    def __init__(self, slot, stages):
        self.stages = {stage: stage_tests(slot, stage, pattern) for stage, pattern in stages.items()}

    def measure(self, tell):
        """Runs all of them without a bug, and notes the seconds; gives those that fail."""
        wrong = []
        for stage, tests in self.stages.items():
            for test in tests:
                test.seconds = 0.0
                failed, seconds = test.run()
                if failed:
                    wrong.append(f"{stage}: {test.name}: {failed}")
                test.seconds = seconds
            tell(f"{stage}: {len(tests)} tests, {sum(test.seconds for test in tests):.0f} s")
        return wrong

    def take_times(self, times):
        """Takes the seconds of another slot's tests; sorts by them and sets limits."""
        for stage, tests in self.stages.items():
            for test in tests:
                test.seconds = times.get(f"{stage} {test.name}", 1.0)
                test.limit = min(test.limit, max(LEAST_SECONDS, PATIENCE * test.seconds))
            tests.sort(key=lambda test: test.seconds)

    def times(self):
        """Gives {"stage name": seconds}."""
        return {f"{stage} {test.name}": test.seconds for stage, tests in self.stages.items() for test in tests}

    def run_stage(self, stage, wanted=lambda test: True):
        """Runs a stage's tests, those that are wanted, until one fails or hangs: "test: what", None where none does."""
        for test in filter(wanted, self.stages[stage]):
            failed, _ = test.run()
            if failed and stage in TIMED and not test.died and not failed.startswith("timeout"):
                failed = test.again(failed)
            if failed:
                return f"{test.name}: {failed}"
        return None
