# SPDX-License-Identifier: MIT
"""The smallest parts of the suites that can run alone: host tests, in-kernel tests, user cases, and other tests whole.

A run has parts of one test: in-kernel tests by test=, and user cases that share a boot. Each starts a machine once.
"""

import os
import re
import resource

from mutation import calls, number, suites, work

SPLIT_KERNELS = ("core-kernel-hardened", "kernel-hardened")
OF_KERNELS = ("core", "kernel")  # their stages
POINT = re.compile(r"^ok \d+ - (\S+)", re.MULTILINE)
GLOBS = 250  # the most characters of test= (boot/options.h)
BOOT_SECONDS = 0.3
TWINS = ("-hardened", " hardened")


class Unit:
    """A part of a test, or a whole one; its cost in seconds of CPU and in instructions, and {path: lines} that it executes."""

    def __init__(self, stage, test, part=""):
        self.stage, self.test, self.part = stage, test, part
        self.name = f"{stage} {test.name}" + (f": {part}" if part else "")
        self.seconds, self.insns, self.lines = 1.0, 0, None

    def splits(self):
        """Returns whether several parts can run at once."""
        return bool(self.part)


def cpu():
    """Returns the seconds of CPU of all processes that were waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def is_shared(test):
    """Returns whether a test is of user cases that share a boot, with nothing that concerns them all."""
    return any(word.endswith("/replay") for word in test.words) and "--together" in test.words and "--append" not in test.words


def has_twin(name, names):
    """Returns whether the same test runs on the hardened kernel, too."""
    return any(name + suffix in names for suffix in TWINS)


def without_twins(tests):
    """Returns the tests but those that run on the hardened kernel, too, whose checks find more."""
    names = {test.name for test in tests}
    return [test for test in tests if not has_twin(test.name, names)]


def of_stage(stage, tests):
    """Returns the units of a stage's tests."""
    found = []
    for test in tests if stage == "host" else without_twins(tests):
        if is_shared(test):
            first = test.words.index("--kernel") + 2
            parts, test.words = test.words[first:], test.words[:first]
        elif stage in OF_KERNELS and test.name in SPLIT_KERNELS:
            parts = parts_of_kernel(test)
        else:
            parts = [""]
        found += [Unit(stage, test, part) for part in parts]
    return found


def parts_of_kernel(test):
    """Returns the names of a test's in-kernel tests, by running them. It has no choice of its own after that."""
    test.limit = 600.0
    names = POINT.findall(test.output())
    if not names:
        raise SystemExit(f"mutants: {test.name} has no points")
    at = next((at for at, word in enumerate(test.words) if word.startswith("test=")), None)
    if at:
        test.words = test.words[: at - 1] + test.words[at + 1 :]
    return names


def shortened(names, of):
    """Returns patterns, no longer than needed, that match these in-kernel tests and none of the others."""
    found = []
    for name in names:
        others = [other for other in of if other != name]
        sizes = (size for size in range(4, len(name)) if not any(other.startswith(name[:size]) for other in others))
        size = next(sizes, None)
        found.append(name[:size] + "*" if size and size + 1 < len(name) else name)
    return found


class Group:
    """Units of one test that run at once."""

    def __init__(self, units, known=()):
        self.units, self.test, self.stage = units, units[0].test, units[0].stage
        self.seconds = BOOT_SECONDS + sum(max(unit.seconds - BOOT_SECONDS, 0.01) for unit in units)
        self.insns = sum(unit.insns for unit in units)
        self.name = units[0].name if len(units) == 1 else f"{self.stage} {self.test.name}: {len(units)} parts"
        parts = [unit.part for unit in units if unit.part]
        self.words = parts
        if parts and self.stage in OF_KERNELS:
            self.words = ["--append", "test=" + ",".join(shortened(parts, known))]


def fits(units, known):
    """Returns whether units can be in one group."""
    return units[0].stage not in OF_KERNELS or len(",".join(shortened([unit.part for unit in units], known))) <= GLOBS


def grouped(units, known, weight=lambda unit: 1.0):
    """
    Returns Groups of units, the cheapest first: what has a larger weight counts as cheaper by so much. Those of one test
    double their cost from group to group.
    """
    found, by_test = [], {}
    for unit in sorted(units, key=lambda unit: unit.seconds / weight(unit)):
        if unit.splits():
            by_test.setdefault(unit.test.name, []).append(unit)
        else:
            found.append(Group([unit]))
    for rest in by_test.values():
        budget = 1.0
        while rest:
            count = 1
            while count < len(rest) and Group(rest[: count + 1], known).seconds <= budget and fits(rest[: count + 1], known):
                count += 1
            found.append(Group(rest[:count], known))
            rest, budget = rest[count:], 2 * budget
    return sorted(found, key=lambda group: group.seconds / max(weight(unit) for unit in group.units))


def load(slot, stages):
    """Returns the units of some stages."""
    found = suites.Suites(slot, stages).stages
    return [unit for stage, tests in found.items() for unit in of_stage(stage, tests)]


def load_built(slot, stages, cpus):
    """Builds the programs of some stages; returns their units."""
    slot.ninja(1, ["build.ninja"])  # there may be other tests than when it was set up
    found = suites.Suites(slot, stages).stages
    if not slot.ninja(cpus, sorted({name for stage, tests in found.items() for name in suites.targets(stage, tests)})):
        raise SystemExit("mutants: it does not compile: " + slot.said())
    unset(slot, {name for stage, tests in found.items() for name in suites.targets(stage, tests)})
    return load(slot, stages)


def unset(slot, names):
    """Selects no bug in these programs: the last run may have been killed."""
    number.Programs(sorted(os.path.join(slot.build, name) for name in names), calls.SYMBOL).set(work.NOBODY)


def name_of(program, build):
    """Returns the name of the program that counts the coverage of the same test, or None."""
    folder, name = os.path.split(program)
    kind, _, rest = name.partition("-")
    cover = os.path.join(folder, "cover-" + rest)
    return cover if kind in ("test", "fuzz") and os.path.exists(os.path.join(build, cover)) else None
