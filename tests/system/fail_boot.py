#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""R45: an allocation fails between power-on and a program's end (hardened kernel, failnth=N): it says why, and ends.

Some of them each time, spread over all; FAIL_BOOT=all tries every one (some minutes), FAIL_BOOT=N that one."""

import os
import re

from lib.guest import on_hardened, run
from lib.tap import case, equal, has, lacks, main

on_hardened()

TRIES = 10
WANTED = os.environ.get("FAIL_BOOT", "")
STATUSES = (0, 125, 126, 127, 137)  # all went well; no machine, no init or no program; it had to go
IDLE_THREAD = range(28, 35)


def boot(*words):
    """Runs the least program on the least memory."""
    return run("exit", "0", options=["--mem", "16M", "--verbose", *words])


def fail_at(number):
    """Boots with that allocation failing: it must end by itself, and never by a panic."""
    done = boot("--append", f"failnth={number}")
    has(done.err, b"is refused, as failnth= asks", f"log of {number}")
    lacks(done.err, b"kernel panic", f"log of {number}")
    lacks(done.err, b"ledger: error", f"log of {number}")
    equal(True, done.status in STATUSES, f"status {done.status} of {number} among {STATUSES}")


def chosen(last):
    """Gives the numbers to try."""
    if WANTED.isdigit():
        return [int(WANTED)]
    return range(1, last + 1, 1 if WANTED else max(1, last // TRIES))


@case
def R45_a_boot_whose_allocations_fail():
    done = boot()
    equal(0, done.status, "status")
    last = int(re.search(rb"mm: (\d+) allocations since boot", done.err).group(1))
    print(f"# {last} allocations from power-on to power-off")
    equal(True, last > TRIES, f"{last} allocations, more than the {TRIES} that are to fail")
    for number in chosen(last):
        fail_at(number)


@case
def R45_the_first_threads_memory():
    for number in IDLE_THREAD[::3]:
        fail_at(number)


@case
def none_is_reached():
    done = boot("--append", "failnth=1000000")
    equal(0, done.status, "status")
    lacks(done.err, b"is refused", "log")


if __name__ == "__main__":
    main()
