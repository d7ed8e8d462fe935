#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What calls cost a program that has as many children or locks, or as deep a tree, as it can have: instructions, counted on the release
kernel. On the hardened one, how long they keep others from the hart (R130, R131)."""

import os

from lib import latency
from lib.guest import BUILD, FAKE, run
from lib.tap import Skip, case, equal, main

MUCH = "400M"  # with glibc 2.41 and the hardened kernel, 3,000 processes do not fit into 256 MiB
PROBE = f"{BUILD}/tests/system/bounds"
RELEASE = "hardened" not in os.environ.get("FAULTLINE_KERNEL", "")


def costs(*words, mem="256M"):
    """Gives {row: instructions}."""
    if FAKE:
        raise Skip("needs the real kernel")
    done = run(*words, program=PROBE, options=["--icount", "--mem", mem, "--timeout", "200", *latency.options()])
    latency.take_log()
    equal((0, b""), (done.status, done.err), f"status and standard error of {words}, which said {done.out}")
    rows = (line.rpartition(" ") for line in done.out.decode().splitlines())
    return {name: int(cost) for name, _, cost in rows}


def judge(rows, count, most):
    """There are so many, and none costs more."""
    equal(count, len(rows), f"rows of {list(rows)}")
    for name, cost in rows.items():
        print(f"# {name}: {cost} instructions")
    if RELEASE:
        equal({}, {name: cost for name, cost in rows.items() if cost > most}, f"rows above {most}")


def on_the_hart(*words, mem="256M"):
    """No cost is judged, but how long preemption is off."""
    if RELEASE:
        raise Skip("measured on the hardened kernel alone")
    equal(1, len(costs(*words, mem=mem)), "rows")


@case
def a_child_of_3000_is_found_at_once():
    judge(costs("children", "3000", mem=MUCH), 16, 2000)


@case
def a_parent_of_3000_changes_its_group_and_ends():
    """One of two large groups of its children has stopped: it gets SIGHUP and SIGCONT."""
    on_the_hart("groups", "3000", mem=MUCH)


@case
def a_lock_among_1000_is_set_at_once():
    judge(costs("locks", "1000"), 11, 4000)


@case
def a_deep_tree_of_a_server_keeps_nobody_from_the_hart():
    """A directory gets another name: is it above its new parent? The way up is long."""
    on_the_hart("paths", "6000")


@case
def neither_interrupts_nor_preemption_were_off_for_too_long():
    latency.check("bounds")


if __name__ == "__main__":
    main()
