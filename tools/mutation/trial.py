# SPDX-License-Identifier: MIT
"""Tries generated bugs: runs those parts of the suites that execute the changed function.

Parts that execute the changed line come before the others. In both halves, cheap parts come first, and parts that execute
much of the changed file: nearly all parts execute some lines of it on their way. A machine that executes many times as
many instructions as without the bug, or none for long, is ended by the plugin (mutation/guest.py).
"""

import ctypes
import os
import resource
import subprocess

from mutation import calls, guest, number, suites, units, work

INSNS_TIMES, INSNS_LEAST = 5, 500_000_000
HOST_TIMES, HOST_LEAST = 10, 10  # seconds of CPU
QUIET_SECONDS = 600.0  # a last resort: the plugin and the limit of CPU come first
PR_SET_CHILD_SUBREAPER = 36


def adopt():
    """Has processes whose parent was killed become ours, so that their time is counted."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap():
    """Waits for those that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


class Limited:
    """Starts a host test with a limit of CPU."""

    def __init__(self, test, seconds):
        self.test, self.seconds = test, int(max(HOST_LEAST, HOST_TIMES * seconds))

    def start(self, words):
        """Starts it; takes the place of Test.start()."""
        return subprocess.Popen(["prlimit", f"--cpu={self.seconds}", "--core=0", *words], cwd=self.test.folder, env=self.test.env,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True)


def shares(found, path):
    """Returns how much of a file each unit executes, as a share of the most that one does; 1 where that is not known."""
    counts = {unit.name: bin(unit.lines.get(path, 0)).count("1") for unit in found if unit.lines is not None}
    most = max(counts.values(), default=0) or 1
    return {unit.name: max(counts.get(unit.name, most), 1) / most for unit in found}


class Trials:
    """Tries bugs that are woven into the build of a slot."""

    def __init__(self, slot, found, plugin, limit):
        self.slot, self.units, self.limit = slot, found, limit
        self.known = [unit.part for unit in found if unit.stage in units.OF_KERNELS and unit.part]
        self.shim = guest.Shim(os.path.join(slot.folder, "shim"), plugin)
        needs = {name for unit in found for name in suites.targets(unit.stage, [unit.test])}
        self.programs = number.Programs(sorted(os.path.join(slot.build, name) for name in needs), calls.SYMBOL)
        self.good, self.bad, self.built_of, self.spent = set(), set(), {}, 0.0
        for unit in found:
            unit.test.limit = QUIET_SECONDS
            if unit.stage == "host":
                unit.test.start = Limited(unit.test, unit.seconds).start
            else:
                unit.test.env["PATH"] = self.shim.path
        adopt()

    def is_built_of(self, unit, path):
        """Returns whether a host test has a source file."""
        key = (unit.test.name, path)
        if key not in self.built_of:
            self.built_of[key] = work.is_built_of(os.path.join(self.slot.build, unit.test.program), path)
        return self.built_of[key]

    def executes(self, unit, path, lines):
        """Returns whether a unit executes one of some lines, from the first to the last."""
        if unit.lines is None:
            return self.is_built_of(unit, path) if path.endswith(".c") else not path.startswith("arch/")
        return unit.lines.get(path, 0) & ((2 << lines[1]) - (1 << lines[0])) != 0

    def that_execute(self, path, bodies):
        """Returns the units that execute one of some functions."""
        good = (unit for unit in self.units if unit.name not in self.bad)
        return [unit for unit in good if any(self.executes(unit, path, body) for body in bodies)]

    def groups(self, bug):
        """
        Returns the Groups for a bug, in the order in which they run. Of a function that is inlined, nothing may be left
        that has its lines: then those run that execute who calls it.
        """
        mine = self.that_execute(bug.path, [bug.body]) or self.that_execute(bug.path, bug.callers)
        near = [unit for unit in mine if self.executes(unit, bug.path, bug.lines)]
        far = [unit for unit in mine if unit not in near]
        share = shares(mine, bug.path)
        return [group for some in (near, far) for group in units.grouped(some, self.known, lambda unit: share[unit.name] ** 2)]

    def attempt(self, group):
        """Runs a group; returns what failed, or None."""
        if group.stage != "host":
            self.shim.limit(max(INSNS_LEAST, INSNS_TIMES * group.insns))
        failed, _ = group.test.run_with(group.words)
        reap()
        ended = self.shim.why_ended() if group.stage != "host" else ""
        if failed and not ended and not group.test.died and group.stage in suites.TIMED:
            failed, _ = group.test.run_with(group.words)
            reap()
            ended = self.shim.why_ended()
        return f"timeout ({ended}) {failed}" if failed and ended else failed

    def is_good(self, group):
        """Returns whether a group passes in this build without a bug; tries it once."""
        names = {unit.name for unit in group.units}
        if names <= self.good:
            return True
        self.programs.set(work.NOBODY)
        if self.attempt(group) is None:
            self.good |= names
            return True
        for unit in group.units:
            if self.attempt(units.Group([unit], self.known)):
                self.bad.add(unit.name)
        return False

    def run(self, bug):
        """Returns the Result of one bug."""
        before = units.cpu()
        if bug.reason:
            return work.Result(bug.name, "equivalent", bug.reason, 0.0, bug.reason, bug.source)
        groups = self.groups(bug)
        verdict, by, ran = "survived", "" if groups else "no test executes it", 0
        try:
            for group in groups:
                if units.cpu() - before > self.limit:
                    by = f"limit: {ran} of {len(groups)} runs"
                    break
                self.programs.set(bug.number)
                failed, ran = self.attempt(group), ran + 1
                if failed and self.is_good(group):
                    verdict, by = "caught", f"{group.name}: {failed}"
                    break
        finally:
            self.programs.set(work.NOBODY)
        return work.Result(bug.name, verdict, by, units.cpu() - before, bug.reason, bug.source)
