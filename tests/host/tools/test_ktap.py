#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The reader of the in-kernel tests' KTAP: each way that it can be wrong is seen to be noticed."""

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, has, main
from runner.ktap import Ktap

GOOD = ["OpenSBI v1", "[    0.000001] boot: hello", "KTAP version 1", "1..3", "ok 1 first", "# expected 1, actual 2",
        "not ok 2 second", "[    0.000002] mm: text", "ok 3 third # SKIP no reason"]


def read(lines, status):
    """Gives (what was wrong, what was emitted)."""
    emitted = []
    ktap = Ktap(emitted.append)
    for line in lines:
        ktap.line(line)
    return ktap.finish(status), emitted


def wrong(lines, status, part):
    """Checks that these lines are found wrong."""
    found, _emitted = read(lines, status)
    has("\n".join(found), part, "what was wrong")


@case
def good_ktap_comes_out_flat():
    found, emitted = read(GOOD, 1)
    equal([], found, "what was wrong")
    equal(["# OpenSBI v1", "# [    0.000001] boot: hello", "1..3", "ok 1 - first", "# expected 1, actual 2",
                    "not ok 2 - second", "# [    0.000002] mm: text", "ok 3 - third # SKIP no reason"], emitted, "TAP")


@case
def carriage_returns_are_not_part_of_it():
    equal(read(GOOD, 1), read([line + "\r" for line in GOOD], 1), "all")


@case
def no_ktap_at_all():
    wrong(["OpenSBI"], 0, "no KTAP")


@case
def no_plan():
    wrong(["KTAP version 1", "ok 1 a"], 0, "no plan")


@case
def a_plan_after_the_points():
    wrong(["KTAP version 1", "ok 1 a", "1..1"], 0, "plan")


@case
def two_plans():
    wrong(["KTAP version 1", "1..1", "1..1", "ok 1 a"], 0, "second plan")


@case
def a_short_plan_and_a_long_one():
    wrong(["KTAP version 1", "1..2", "ok 1 a"], 0, "1 points of 2")
    wrong(["KTAP version 1", "1..1", "ok 1 a", "ok 2 b"], 0, "2 points of 1")


@case
def numbers_out_of_order():
    wrong(["KTAP version 1", "1..2", "ok 2 a", "ok 1 b"], 0, "follows")


@case
def a_name_told_twice():
    wrong(["KTAP version 1", "1..2", "ok 1 a", "ok 2 a"], 0, "twice")


@case
def stray_text():
    wrong(["KTAP version 1", "1..1", "hello ok 1 a", "ok 1 a"], 0, "stray")


@case
def text_of_two_writers_in_one_line():
    """R124: output is never interleaved within a line."""
    wrong(["KTAP version 1", "1..1", "[    0.1] mm: teok 1 axt", "ok 1 b"], 0, "inside a log line")
    wrong(["KTAP version 1", "1..1", "ok [    0.1] mm: text", "ok 1 b"], 0, "stray")


@case
def a_panic():
    wrong(["KTAP version 1", "1..1", "[    0.1] kernel panic: why"], 125, "kernel panic: why")


@case
def a_kernel_that_bails_out():
    found, emitted = read(["KTAP version 1", "# or test=b", "Bail out! test=x matches no test", "[    0.1] power: off"], 1)
    equal(["test=x matches no test"], found, "what was wrong")
    equal(["# or test=b", "# [    0.1] power: off"], emitted, "TAP")


@case
def statuses_that_contradict():
    wrong(["KTAP version 1", "1..1", "ok 1 a"], 1, "exit status 1")
    wrong(["KTAP version 1", "1..1", "not ok 1 a"], 0, "exit status 0")
    wrong(["KTAP version 1", "1..1", "ok 1 a"], None, "time-out")


@case
def the_firmwares_remark_in_a_line():
    found, emitted = read(["KTAP version 1", "1..1",
                           "oksystem_opcode_insn: Failed to access CSR 0xc00 from U-mode 1 a"], 0)
    equal(([], ["1..1", "ok 1 - a"]), (found, emitted), "all")


if __name__ == "__main__":
    main()
