#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/fuzz-vm: its shrinker and how it compares, with kernels that only play being one."""

import contextlib
import io
import re

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from vmfuzz import hunt, shrink, sides


def wanted(steps, line):
    """Gives the steps and steps of children that a line for the program asks for."""
    only, but = re.search(r"only=(\S+)", line), re.search(r"but=(\S+)", line)
    numbers = set(range(1, steps + 1))
    if only:
        numbers = set()
        for part in only.group(1).split(","):
            first, _dash, last = part.partition("-")
            numbers |= set(range(int(first), int(last or first) + 1))
    return numbers, set(but.group(1).split(",")) if but else set()


class Player:
    """Plays the program on a kernel. Step 40 has made a child of three steps; where all of `needs` are done the last
    of them answers otherwise, if the kernel is a wrong one."""

    def __init__(self, needs=(), sub=None):
        self.name, self.needs, self.sub, self.lines = "player", set(needs), sub, 0

    def answers(self, steps, line):
        """Gives the lines of the steps."""
        numbers, but = wanted(steps, line)
        subs = [f"40.{k}" for k in (1, 2, 3) if 40 in numbers and f"40.{k}" not in but]
        wrong = self.needs and self.needs <= numbers and (self.sub is None or self.sub in subs)
        told = [str(number) for number in sorted(numbers) if number <= steps] + subs
        last = str(max(self.needs)) if wrong else None
        return [f"{number} step() = {int(number == last)}" for number in told]

    def run(self, lines):
        """Runs lines as sides.OnLinux does."""
        outs = []
        for line in lines:
            self.lines += 1
            words = line.split()
            answers = self.answers(int(words[1]), line)
            if "verbose" not in words:
                ends = [len(answers)] if "quiet" in words else range(100, int(words[1]) + 100, 100)
                answers = [f"{end}: {hash(tuple(answers[:end]))}" for end in ends]
            outs.append(answers)
        return outs


def shrunk(wrong, steps=1000):
    """Gives the plan that is left of a run on a right kernel and this wrong one."""
    return hunt.shrink_plan(Player(), wrong, hunt.Plan(1, steps))


@case
def one_step_is_found():
    for step in (1, 2, 499, 500, 1000):
        equal(str(step), shrunk(Player([step])).only, "step")


@case
def steps_that_need_each_other_are_found():
    equal("3,77,500-501,999", shrunk(Player([3, 77, 500, 501, 999])).only, "steps")


@case
def a_step_of_a_child_is_found():
    plan = shrunk(Player([7, 40], "40.2"))
    equal(("7,40", "40.1,40.3"), (plan.only, plan.but), "plan")


@case
def few_runs_are_enough():
    wrong = Player([613])
    shrunk(wrong)
    equal(True, wrong.lines < 150, "fewer than 150 runs")


@case
def a_hunt_prints_what_differs_and_cuts_the_run_first():
    out, wrong = io.StringIO(), Player([250])
    with contextlib.redirect_stdout(out):
        status = hunt.hunt(Player(), wrong, [5], 1000)
    lines = out.getvalue().splitlines()
    equal((1, ["seed 5: differs", "fuzz-vm --replay 5 250"]), (status, lines[:2]), "what is printed")
    equal(["  - 250 step() = 0", "  + 250 step() = 1"], lines[-2:], "both answers")


@case
def a_wide_arena_stays_wide_in_each_run():
    out, wrong, lines = io.StringIO(), Player([250]), []
    before, wrong.run = wrong.run, lambda more: lines.extend(more) or before(more)
    with contextlib.redirect_stdout(out):
        hunt.hunt(Player(), wrong, [5], 1000, "wide")
    equal("fuzz-vm --wide --replay 5 250", out.getvalue().splitlines()[1], "what is printed")
    equal([], [line for line in lines if "wide" not in line.split()], "runs without the word")
    one, two = hunt.Plan(1, hunt.AT_ONCE // hunt.WIDE, words="wide"), hunt.Plan(2, 1, words="wide")
    equal([[one], [two]], list(hunt.portions([one, two])), "what is run in one boot")


@case
def a_hunt_without_a_difference_is_good():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = hunt.hunt(Player(), Player(), [1, 2], 500)
    equal((0, "seed 1: the same\nseed 2: the same\n"), (status, out.getvalue()), "what is printed")


@case
def runs_are_taken_apart_and_missing_ones_differ():
    runs = sides.take_apart("run 1\na\nb\nrun 2\nc\nall\n", 3)
    equal([["a", "b"], ["c"]], runs[:2], "runs")
    equal(True, runs[2][0].startswith("nothing"), "the third is missing")


@case
def numbers_are_written_as_ranges():
    equal(["1", "1-3,7,9-10", "0"], [shrink.ranges(n) for n in ([1], [1, 2, 3, 7, 9, 10], [])], "ranges")


@case
def a_list_of_which_nothing_is_needed_becomes_empty():
    equal([], shrink.ddmin(list(range(9)), lambda candidates: 0), "items")


if __name__ == "__main__":
    main()
