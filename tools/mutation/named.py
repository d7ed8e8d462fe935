# SPDX-License-Identifier: MIT
"""Does the test fail that a bug's header names? "Breaks R13: FILE:TEST": R13 is covered by it only as long as it does.

A test in tests/host, tests/kernel or tests/system is run alone, as far as its program can do that. Of a program in
tests/user its cases are run, as a function of it is no point of its own.
"""

import copy
import fnmatch
import os
import re
import time

from context_patch import Broken
from mutation import suites, work
from usertest import cases

BREAKS = re.compile(r"^Breaks R(\d+): (\S+):(\w+)$", re.MULTILINE)
POINT = re.compile(r"^(?:# )?(not )?ok\s+\d+\s*-\s*(.*?)\s*(# SKIP.*)?$", re.MULTILINE)
PANIC = "kernel panic"
UNKNOWN = "matches no test of this kernel"
LONGEST = 600.0  # seconds without the bug
HANGS = "hangs"


class Claim:
    """That a bug breaks a requirement, as a test shows."""

    def __init__(self, number, path, test):
        self.number, self.path, self.test = number, path, test

    def __str__(self):
        return f"{self.path}:{self.test}"


def claims_of(bug):
    """Returns the Claims of a bug's header."""
    return [Claim(*found) for found in BREAKS.findall("\n".join(getattr(bug, "says", ())))]


def variant(test, words, name=None):
    """Returns a test that runs with other words only what is named."""
    other = copy.copy(test)
    other.words, other.boots, other.name, other.alone = words, False, name or test.name, True
    return other


def with_case(test, name):
    """Returns a test of tools/replay that runs this case only."""
    known = {case.name for case in cases.load()}
    options = [word for word in test.words[2:] if word not in known and word != "--together"]
    return variant(test, [*test.words[:2], *options, name], f"{name} as in {test.name}")


def alone(test, claim):
    """Returns a test of tools/ktap that runs this in-kernel test only; None if it leaves that out."""
    words, name = list(test.words), claim.test
    at = next((at for at, word in enumerate(words) if word.startswith("test=")), None)
    if at and not any(fnmatch.fnmatchcase(claim.path if "/" in pattern else name, pattern) for pattern in words[at].partition("=")[2].split(",")):
        return None
    if claim.path.startswith("tests/kernel/linux/") and any("-core-" in word for word in words):
        return None  # the image of the core alone does not have it
    if at:
        del words[at - 1 : at + 1]  # with --append
    return variant(test, words[: test.after] + ["--append", "test=" + name] + words[test.after :])


def hardened_first(tests):
    """Sorts tests: those of the hardened kernel come first, and of these the plainest."""
    return sorted(tests, key=lambda test: (not any("hardened" in word for word in [*test.words, test.env.get("FAULTLINE_KERNEL", "")]),
                                           len(test.words)))


class Judge:
    """Runs the tests that bugs name, in the build of a slot."""

    def __init__(self, slot, stages):
        self.slot, self.stages = slot, set(stages)
        self.tests = [(known, suites.Test(known, slot.build)) for known in slot.tests()]
        self.without = {}  # of what was run without a bug: (whether it passes, seconds)

    def of_stage(self, *stages):
        """Returns the tests of some stages, if these were asked for."""
        names = [stage for stage in stages if stage in self.stages or stage == "nightly" and "kernel" in self.stages]
        return [test for known, test in self.tests if any(suites.belongs(known, stage) for stage in names)]

    def runs(self, claim):
        """Returns the tests that may show it: one of them has to fail."""
        folder, name = claim.path.split("/")[1], os.path.basename(claim.path)
        if folder == "kernel" and claim.test.startswith("race_"):
            # What happens depends on all races that run: tools/races runs as it does otherwise.
            return [test for test in self.of_stage("kernel", "strict", "nightly") if any(word.endswith("/races") for word in test.words)
                    and any(fnmatch.fnmatchcase(claim.test, pattern) for word in test.words for pattern in word.split(","))]
        if folder == "kernel":
            found = hardened_first(test for test in self.of_stage("core", "kernel", "strict", "nightly") if test.boots)
            return list(filter(None, (alone(test, claim) for test in found)))
        if folder == "user":
            mine = [case.name for case in cases.load() if case.words[0] == name.partition(".")[0]]
            found = [(test, case) for test in hardened_first(self.of_stage("user")) for case in mine if case in test.words]
            # Some only fail beside others.
            return [with_case(test, case) for test, case in found] + [test for test, _ in found]
        if folder == "browser":
            return [variant(test, [*test.words, claim.test]) for test in self.of_stage("browser")][:1]
        if claim.path.endswith(".py"):  # of a tool, or of the system
            found = [test for test in self.of_stage("host", "system", "strict") if any(word.endswith("/" + claim.path) for word in test.words)]
            found = hardened_first(found)
            # Some cases look at what those before them have done.
            return [variant(test, [*test.words, claim.test]) for test in found] + found
        return [test for test in self.of_stage("host") if test.program.startswith("tests/host/")
                and work.is_built_of(os.path.join(self.slot.build, test.program), claim.path)]

    def attempt(self, test, limit):
        """Runs a test to its end; returns (status, or None if it hangs; what it prints; seconds)."""
        started = time.monotonic()
        child = test.start(test.words)
        with child.stdout as pipe:
            text, ended = suites.listen(pipe.fileno(), started + limit, limit, to_end=True)
            status = child.wait(suites.LEAST_SECONDS) if ended else None
            suites.end(child)
        return status, text.decode(errors="replace"), time.monotonic() - started

    def passes(self, test, claim):
        """Returns whether a test passes without a bug, and has the point; None if it is skipped here. Tries that once."""
        key = (test.name, *test.words, claim.test)
        if key not in self.without:
            status, text, seconds = self.attempt(test, LONGEST)
            points = [match.group(3) for match in POINT.finditer(text)]
            skipped = "1..0 # SKIP" in text or bool(points) and all(points)
            self.without[key] = None if skipped else status == 0 and bool(points) and UNKNOWN not in text, seconds
        return self.without[key][0]

    def fails(self, test, claim):
        """Returns whether the test that is named fails with the bug that is planted: False, True or HANGS."""
        limit = max(suites.LEAST_SECONDS, suites.PATIENCE * self.without[(test.name, *test.words, claim.test)][1])
        status, text, _ = self.attempt(test, limit)
        failed = [match.group(2) for match in POINT.finditer(text) if match.group(1)]
        if status is None:
            return HANGS
        if status == 0:
            return False
        if getattr(test, "alone", False) or claim.test.startswith("race_") and PANIC in text:
            return True
        if claim.path.startswith("tests/user/"):
            return any(case.name in failed for case in cases.load() if f"/{case.words[0]}." in claim.path)
        return claim.test in failed or claim.test.replace("_", " ") in failed

    def look(self, bug, planted):
        """Returns ({claim: the test, or None if its test does not fail}, the claims whose tests are not asked for, or skipped)."""
        found, left = {}, []
        for claim in claims_of(bug):
            for test in self.runs(claim):
                well = self.passes(test, claim)
                if well is not None:
                    found[claim] = test if well and self.fails_with(bug, planted, test, claim) else None
                if found.get(claim):
                    break
            if claim not in found:
                left.append(claim)
        return found, left

    def fails_with(self, bug, planted, test, claim):
        """Returns whether the test fails with the bug planted. A busy machine may make a test fail, too: only a second failure counts."""
        with planted(bug):
            fails = self.fails(test, claim)
            return fails == HANGS or fails and self.fails(test, claim)


class Hand:
    """Tries bugs by the tests that their headers name, and by all others only if another hand is given."""

    def __init__(self, slot, stages, planter, other=None):
        self.judge, self.planter, self.other = Judge(slot, stages), planter, other

    def run(self, bug):
        """Returns the Result of one bug: caught only if each test that is named fails."""
        started = time.monotonic()
        try:
            found, left = self.judge.look(bug, self.planter.planted)
        except Broken as error:
            return work.Result(bug.name, "broken", str(error), time.monotonic() - started, bug.reason)
        passed = [str(claim) for claim, by in found.items() if by is None]
        if found and not passed:
            by = ", ".join(f"{test.name}: {claim}" for claim, test in found.items())
            share = min((test.share for test in found.values()), key=suites.SHARES.index)
            return work.Result(bug.name, "caught", by, time.monotonic() - started, bug.reason, share=share)
        result = self.other.run(bug) if self.other else work.Result(bug.name, "not tried", "nothing here runs "
                                                                    + ", ".join(map(str, left)), reason=bug.reason)
        if passed:
            result.verdict, result.by = "misnamed", f"{', '.join(passed)} does not fail" + (f"; caught by {result.by}" if self.other else "")
        result.seconds = time.monotonic() - started
        return result
