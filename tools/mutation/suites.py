# SPDX-License-Identifier: MIT
"""Runs the suites on one mutant, the cheapest test first, until a test notices it."""

import json
import os
import re
import select
import signal
import subprocess
import time

import spelling

STAGES = ("host", "core", "kernel", "user", "system", "strict", "browser")
ASKED = (*STAGES, "nightly")  # those that run only where they are asked for come last
SHARES = ("commit", "night", "week")  # when CI runs a test
# Tests of exact costs fail after any change, so they say nothing about a bug; the labs build kernels of their own.
LEFT_OUT = re.compile(r"budgets|debugger|wrapper|^labs")
FUZZER = "tests/fuzz/fuzz-"  # what tests/fuzz/fuzz.py runs
TIMED = ("core", "kernel", "user", "system", "strict")  # a busy machine may make these fail: only a second failure counts
POINT_FAILED = re.compile(rb"^not ok\b.*\n", re.MULTILINE)
FAILED = re.compile(r"^not ok\s+\d*\s*-?\s*(.*)")
TOLD = re.compile(r"strict: finding \d+: (.*)|kernel panic: (.*)|ERROR: AddressSanitizer: (\S+)|runtime error: (.*)|Bail out! (.*)")
ENDS_AFTER = "ends after"
NO_POINT = "matches no test of this kernel"  # the failure was not a point, but a panic for example
LEAST_SECONDS = 25  # a kernel that prints nothing for so long hangs
PATIENCE = 4  # the time limit, as a multiple of the time without a bug


class Test:
    """One of Meson's tests, run without Meson."""

    def __init__(self, known, build):
        self.name = known["name"]
        self.words, self.folder = known["cmd"], known["workdir"] or build
        self.env = {**os.environ, **known["env"]}
        self.suite, self.share = known["suite"][0].rpartition(":")[2], share_of(known)
        # A fuzzer's program is one of its script's words. Those after it are for coverage, whose floors hold without bugs only.
        self.at = next((at for at, word in enumerate(self.words) if FUZZER in word), 0)
        self.words = self.words[: self.at + 1] if self.at else self.words
        self.program, self.needs = os.path.relpath(os.path.join(build, self.words[self.at]), build), known["needs"]
        self.seconds, self.limit = 0.0, float(known["timeout"])
        tool = next((at for at, word in enumerate(self.words[:2]) if os.path.basename(word) == "ktap"), None)
        self.boots, self.after, self.died = tool is not None, (tool or 0) + 1, False

    def start(self, words):
        """Starts it with these words."""
        return subprocess.Popen(words, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, only=""):
        """Runs it until a point fails; `only` selects a kernel test. Returns (what failed or None, seconds)."""
        return self.run_with(["--append", "test=" + only] if only else [])

    def run_with(self, more):
        """Runs it with more words until a point fails. Returns (what failed or None, seconds)."""
        started = time.monotonic()
        child = self.start(self.with_words(more))
        with child.stdout as pipe:
            text, ended = listen(pipe.fileno(), started + self.limit, LEAST_SECONDS if self.boots else self.limit)
            status = child.wait(LEAST_SECONDS) if ended else None
            end(child)
        text = text.decode(errors="replace")
        self.died = "kernel panic" in text
        return verdict(status, text), time.monotonic() - started

    def run_whole(self):
        """Runs it to its end. Returns the points that fail, and what ended it early."""
        child = self.start(self.words)
        with child.stdout as pipe:
            text, ended = listen(pipe.fileno(), time.monotonic() + self.limit, self.limit, to_end=True)
            status = child.wait(LEAST_SECONDS) if ended else None
            end(child)
        text = text.decode(errors="replace")
        failed = [match.group(1) for match in map(FAILED.match, text.splitlines()) if match]
        self.died = status is None or not failed and status != 0
        return failed + [after(text)] * self.died

    def with_words(self, more):
        """Returns its words with more of them; those for ktap come before its others."""
        return self.words[: self.after] + more + self.words[self.after :] if self.boots else self.words + more

    def output(self, more=()):
        """Runs it to its end, or for its time limit; returns what it prints."""
        child = self.start(self.with_words(list(more)))
        with child.stdout as pipe:
            deadline, text, got = time.monotonic() + self.limit, b"", b" "
            while got and select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))[0]:
                got = os.read(pipe.fileno(), 65536)
                text += got
            end(child)
        return text.decode(errors="replace")

    def again(self, failed):
        """Runs it again: only the point that failed, if that can be run alone. Returns what fails."""
        alone = self.run(failed)[0] if self.boots else None
        return alone if alone and NO_POINT not in alone else self.run()[0]


def listen(pipe, deadline, patience, to_end=False):
    """Reads a test's output until it ends, is silent for too long, or a point fails; returns (output, has ended)."""
    text = b""
    while to_end or not POINT_FAILED.search(text):
        left = min(patience, deadline - time.monotonic())
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return text, False
        got = os.read(pipe, 65536)
        if not got:
            return text, True
        text += got
    return text, False


def end(child):
    """Kills the remaining processes of a test, which are in a session of their own."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def verdict(status, text):
    """Returns what failed according to a test's output, or None."""
    failed = next((match.group(1) for match in map(FAILED.match, text.splitlines()) if match), None)
    told = TOLD.search(text)
    why = failed or (next(group for group in told.groups() if group) if told else "")
    if status is None and failed is None:
        return "timeout" + (f" ({why})" if why else "")
    if status == 0 and failed is None:
        return None
    return why or f"status {status}"


def after(text):
    """Names a point that ends its program by the last one before it: all that would come then is not known."""
    passed = [match.group(2) for match in re.finditer(r"^(?:# )?(not )?ok\s+\d+\s*-?\s*(.*)", text, re.MULTILINE)]
    return f"{ENDS_AFTER} {passed[-1] if passed else 'its start'}"


def share_of(known):
    """Returns in which share of CI's a test of Meson's is first."""
    names = {suite.rpartition(":")[2] for suite in known["suite"]}
    return SHARES[2 if "soak" in names else 1 if "nightly" in names else 0]


def relevant(test):
    """Returns whether a test runs the kernel's code: those of tools do not."""
    if LEFT_OUT.search(test.name):
        return False
    return test.suite != "host" or test.program.startswith(("tests/host/", FUZZER))


def stages_of(words):
    """Parses words such as "host,kernel:.*hardened"; returns {stage: pattern of its tests} in order."""
    asked = {}
    for word in words.split(","):
        stage, _, pattern = word.partition(":")
        if stage not in ASKED:
            raise SystemExit(f"mutants: no suite is called {stage}: {', '.join(ASKED)}")
        asked[stage] = pattern or ".*"
    return asked


def belongs(known, stage):
    """Returns whether a test of Meson's is of a stage: of the suite of that name, or one that our kernels run on the strict
    machine."""
    on_strict = "strict.elf" in known["env"].get("FAULTLINE_QEMU", "") or any(word == "--strict" or word.endswith("/races") for word in known["cmd"])
    if stage == "strict":
        return on_strict and share_of(known) != "week"
    return known["suite"][0].endswith(":" + stage) and not on_strict


def stage_tests(slot, stage, pattern):
    """Returns a stage's tests."""
    found = [Test(known, slot.build) for known in slot.tests() if belongs(known, stage)]
    found = [test for test in found if relevant(test)]
    wanted = [test for test in found if re.fullmatch(pattern, test.name)]
    if not wanted:
        names = [test.name for test in found]
        raise SystemExit("mutants: " + spelling.explain(f"test of {stage}", pattern, names, "there are " + ", ".join(names)))
    return wanted


def targets(stage, tests):
    """Returns the programs that a stage runs: the tests themselves, or the kernels and all that runs on them."""
    if stage == "host":
        return sorted({test.program for test in tests})
    return sorted({name for test in tests for name in test.needs})


def known_times(path, build, wanted):
    """Returns the times in a file; None if it lacks a test, or if a build since then may have changed the results."""
    log = os.path.join(build, ".ninja_log")
    if not os.path.exists(path) or os.path.getmtime(path) < os.path.getmtime(log):
        return None
    with open(path, encoding="utf-8") as file:
        times = json.load(file)
    return times if set(wanted) <= set(times) else None


class Suites:
    """The tests of some stages, in rising order of their time."""

    def __init__(self, slot, stages):
        self.stages = {stage: stage_tests(slot, stage, pattern) for stage, pattern in stages.items()}

    def measure(self, tell):
        """Runs all tests without a bug and stores their times; returns those that fail."""
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
        """Takes the times of another slot's tests, sorts the tests by them and sets the limits."""
        for stage, tests in self.stages.items():
            for test in tests:
                test.seconds = times.get(f"{stage} {test.name}", 1.0)
                test.limit = min(test.limit, max(LEAST_SECONDS, PATIENCE * test.seconds))
            tests.sort(key=lambda test: test.seconds)

    def times(self):
        """Returns {"stage name": seconds}."""
        return {f"{stage} {test.name}": test.seconds for stage, tests in self.stages.items() for test in tests}

    def run(self, wanted):
        """Runs the wanted tests of all stages, first those that CI runs for each commit, until one fails or hangs.
        Returns ("stage: test: what", its share), or None."""
        for share in SHARES:
            for stage in self.stages:
                found = self.run_stage(stage, lambda test: test.share == share and wanted(test))
                if found:
                    return f"{stage}: {found[0]}", found[1]
        return None

    def run_every(self, wanted):
        """Runs all wanted tests to their ends; returns "test: point" of each that fails, of the timed ones if it does so twice."""
        found = []
        for stage, tests in self.stages.items():
            for test in filter(wanted, tests):
                failed = test.run_whole()
                if failed and stage in TIMED:
                    again = test.run_whole()
                    failed = [point for point in failed if point in again]
                found += [f"{test.name}: {point}" for point in failed]
        return found

    def run_stage(self, stage, wanted=lambda test: True):
        """Runs the wanted tests of a stage until one fails or hangs; returns ("test: what", its share), or None."""
        for test in filter(wanted, self.stages[stage]):
            failed, _ = test.run()
            if failed and stage in TIMED and not test.died and not failed.startswith("timeout"):
                failed = test.again(failed)
            if failed:
                return f"{test.name}: {failed}", test.share
        return None
