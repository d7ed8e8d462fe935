#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that have as much as they may of what the kernel counts, searches or walks: nobody else is kept from the hart
for long. Time is counted in instructions (R130, R131)."""

from lib import latency
from lib.guest import on_hardened, run_placed
from lib.tap import case, each_part, equal, long_case, main

on_hardened()


def all_done(*names, mem="128M", swap=()):
    """The guest does these cases; latency.check() looks at how long the kernel kept the hart."""
    done = run_placed("holds", *names, patience=2 * latency.SECONDS,
                      options=["--mem", mem, *swap, "--timeout", str(latency.SECONDS), *latency.options()])
    latency.take_log()
    equal((0, "".join(f"{name}: done\n" for name in names)), (done.status, done.out.decode()), f"status and output; {done.err}")


@long_case
def files_mappings_and_page_tables():
    all_done("sparse", "forks", "copies", "deep", "reaped")


@long_case
def processes_that_wait():
    all_done("servers", "sleepers", "words", "signals", "segments", "ancestors")


@case
def processes_with_many_threads():
    all_done("timers", "killed", "leaves", "execs", "stops", "parents", "looks", "chains")


@long_case
def processes_that_poll_one_device_or_one_time():
    all_done("pollers", "watchers", "expiries")


@case
def a_page_table_of_each_kind_that_fork_copies():
    """R60 R130: the child has all pages, too."""
    all_done("forked", mem="64M", swap=["--swap", "16M"])


@long_case
def swap_that_is_busy_and_swap_that_is_full():
    all_done("out", "full", mem="64M", swap=["--swap", "61M"])


@long_case
def full_tables_of_descriptors():
    all_done("tables", mem="64M")


@each_part
def neither_interrupts_nor_preemption_were_off_for_too_long():
    latency.check("holds")


if __name__ == "__main__":
    main()
