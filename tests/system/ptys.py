#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pseudo-terminals, whose server is a program that can be killed at any time (docs/servers.md)."""

import os
import re

from lib.guest import BUILD, ROOT, run, run_placed
from lib.tap import case, equal, long_case, main


def see(*words):
    """Runs the guest's program, and returns what it says."""
    done = run_placed("ptys", *words, options=["--mem", "64M"])
    equal(0, done.status, f"status (it said {done.out + done.err})")
    return done.out.decode()


@case
def R158_a_server_of_terminals_is_killed_at_each_step():
    text = see()
    equal("each of more than 200 steps\n", text, "steps")


@case
def R158_servers_of_terminals_are_killed_all_the_time():
    equal("200 servers and more\n", see("200"), "servers")


@long_case
def R158_ten_thousand_servers_of_terminals_are_killed():
    equal("10000 servers and more\n", see("10000"), "servers")


@case
def R171_users_have_a_share_of_the_terminals_only():
    done = run_placed("pty_limits", options=["--mem", "64M"])
    equal((0, b"limits: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


def on_dying_servers(name):
    """Runs a recorded program while the server is killed again and again: it says what it says on Linux."""
    with open(os.path.join(ROOT, "tests/user/expected", f"{name}.out"), "rb") as recorded:
        expected = recorded.read()
    done = run_placed("tty_deaths", "/bin/it", options=["--mem", "64M", "--add", f"{BUILD}/tests/user/{name}:/bin/it"])
    equal((0, expected), (done.status, done.out), f"status and output (it said {done.err})")
    killed = re.search(rb"^(\d+) servers$", done.err, re.MULTILINE)
    equal(True, int(killed[1]) > 3, f"several servers (it said {done.err})")


@case
def R158_what_programs_do_to_terminals_while_their_server_is_killed():
    for name in ("pty_calls", "pty_data", "pty_jobs"):
        on_dying_servers(name)


@case
def R158_jobs_and_modes_while_the_server_of_terminals_is_killed():
    for name in ("tty_jobs", "tty_modes", "sig_tty"):
        on_dying_servers(name)


@case
def a_machine_without_a_server_has_no_terminals():
    done = run("-c", "cat /dev/ptmx", program="sh", cwd="/", options=["--mem", "24M"])
    equal((1, b"", b"sh: /dev/ptmx: No such device or address\n"), (done.status, done.out, done.err), "the end")


if __name__ == "__main__":
    main()
