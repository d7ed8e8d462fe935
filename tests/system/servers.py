#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""File servers in programs, asked by other programs."""

from lib.guest import BUILD, run_placed
from lib.tap import case, equal, main

MADEUP = ["--add", f"{BUILD}/user/madeup:/bin/madeup"]


@case
def R140_R141_R146_a_server_at_an_endpoint():
    done = run_placed("servers", options=["--mem", "64M", *MADEUP])
    equal((done.status, done.out), (0, b"servers: ok\n"), f"status and output (it said {done.err})")


@case
def R140_R141_the_same_with_forced_preemption():
    done = run_placed("servers", options=["--mem", "64M", "--append", "preempt=300", *MADEUP])
    equal((done.status, done.out), (0, b"servers: ok\n"), f"status and output (it said {done.err})")


if __name__ == "__main__":
    main()
