#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files of a server, whatever the server does."""

from lib.guest import run_placed
from lib.tap import case, equal, main


@case
def R142_R144_servers_that_lie_are_silent_or_die():
    done = run_placed("p9", options=["--mem", "32M", "--swap", "64M"])
    equal((done.status, done.out), (0, b"p9: ok\n"), f"status and output (it said {done.err})")


@case
def R142_R144_the_same_with_forced_preemption():
    done = run_placed("p9", options=["--mem", "32M", "--swap", "64M", "--append", "preempt=300"])
    equal((done.status, done.out), (0, b"p9: ok\n"), f"status and output (it said {done.err})")


if __name__ == "__main__":
    main()
