#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faults by the thousand on pages of a server that is slow, refuses, is silent, or dies."""

from lib.guest import run_placed
from lib.tap import case, equal, long_case, main, soak_case

STORM = ["--mem", "20M", "--swap", "64M"]  # the files have 128 MiB


def passes(crowd, pages, options):
    """Runs the program: so many processes wait at once, and the storm checks so many pages."""
    done = run_placed("faults", str(crowd), str(pages), options=options)
    equal((0, b"faults: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R142_R143_a_storm_of_faults_with_little_memory():
    passes(60, 2000, STORM)


@long_case
def R142_R143_a_longer_storm():
    passes(60, 6000, STORM)


@long_case
def R142_R143_the_same_with_forced_preemption():
    passes(60, 5000, [*STORM, "--append", "preempt=300"])


@long_case
def R142_R143_a_thousand_faults_at_once():
    passes(1000, 0, ["--mem", "160M"])


@soak_case
def R142_R143_two_thousand_faults_at_once():
    passes(2000, 0, ["--mem", "256M"])


if __name__ == "__main__":
    main()
