#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Locks of files in memory and of a shared folder: many processes, some of them killed; what Linux says of its own files."""

import os

from lib.guest import BUILD, ROOT, folder, run, run_placed
from lib.tap import case, equal, lacks, long_case, main

EXPECTED = os.path.join(ROOT, "tests/user/expected")


def passes(*words, options):
    """Runs the guest's program, which finds out itself what is wrong."""
    done = run_placed("locks", *words, options=options)
    lacks(done.err, b": error: ", "log")
    equal((0, b"locks: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def many_processes_lock_files_in_memory():
    passes("/", options=["--mem", "64M"])


@long_case
def the_same_with_forced_preemption():
    passes("/", options=["--mem", "64M", "--append", "preempt=300"])


@long_case
def many_processes_lock_files_of_a_share():
    place = folder("many")
    passes("/mnt", options=["--mem", "64M", "--share", place])
    equal([], os.listdir(place), "what is left in the folder")


def on_share(name):
    """Runs a user test on a share: it has to say what it says of files in memory, which is what Linux says."""
    program = os.path.join(BUILD, "tests/user", name)
    done = run("/mnt", program=program, options=["--mem", "64M", "--share", folder(name)])
    with open(os.path.join(EXPECTED, name + ".out"), encoding="utf-8") as file:
        equal(file.read().splitlines(), done.out.decode().splitlines(), "output")
    equal((0, b""), (done.status, done.err), "status and standard error")


@case
def record_locks_of_a_share():
    on_share("lock_calls")


@case
def waits_for_locks_of_a_share():
    on_share("lock_waits")


@case
def locks_of_open_files_of_a_share():
    on_share("flocks")


if __name__ == "__main__":
    main()
