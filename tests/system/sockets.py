#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sockets, whose server is a program that can be killed at any time (docs/servers.md)."""

from lib.guest import run_placed
from lib.tap import case, equal, long_case, main


def see(word, text):
    """Runs the guest's program, and compares what it says."""
    done = run_placed("sockets", word, options=["--mem", "64M"])
    equal((0, text), (done.status, done.out.decode()), f"status and output (it said {done.err})")


@case
def R155_a_server_is_killed_at_each_step():
    see("steps", "each of more than 150 steps\n")


@case
def R155_servers_are_killed_all_the_time():
    see("200", "200 servers and more\n")


@long_case
def R155_ten_thousand_servers_are_killed():
    see("10000", "10000 servers and more\n")


if __name__ == "__main__":
    main()
