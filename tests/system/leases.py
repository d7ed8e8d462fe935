#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names and attributes that are kept while a server's lease holds."""

from lib.guest import folder, run_placed
from lib.tap import case, equal, long_case, main

ALL = ["counts", "revoked", "others", "overtaken", "killed", "lies", "storm"]


def passes(*parts, options):
    done = run_placed("leases", *parts, options=options)
    equal((0, b"leases: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R142_what_a_lease_keeps_and_what_ends_it():
    passes(*ALL, options=["--mem", "32M"])


@case
def R142_the_same_on_four_harts():
    passes(*ALL, options=["--mem", "64M", "--harts", "4"])


@case
def R142_ten_thousand_names():
    passes("many", options=["--mem", "256M"])


@case
def R140_R142_ten_thousand_names_and_little_memory():
    passes("little", options=["--mem", "24M"])


@case
def R142_own_changes_of_a_shared_folder():
    passes("own", "/mnt", options=["--mem", "64M", "--share", folder("own changes") + ":exclusive"])


@case
def R142_own_changes_of_other_file_systems():
    passes("own", "/mnt", options=["--mem", "64M", "--share", folder("own changes, shared")])
    passes("own", "/tmp", options=["--mem", "64M"])


@long_case
def R142_leases_with_forced_preemption():
    passes(*ALL, options=["--mem", "32M", "--append", "preempt=300"])
    passes(*ALL, options=["--mem", "64M", "--harts", "4", "--append", "preempt=300"])


if __name__ == "__main__":
    main()
