#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that send each other messages through endpoints."""

from lib.guest import run_placed
from lib.tap import case, equal, long_case, main


@case
def R140_R146_each_call_and_each_error():
    done = run_placed("ipc", options=["--mem", "64M"])
    equal((0, b"ipc: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@long_case
def R140_the_same_with_forced_preemption():
    done = run_placed("ipc", options=["--mem", "64M", "--append", "preempt=300"])
    equal((0, b"ipc: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R144_no_server_waits_for_itself():
    done = run_placed("rings", options=["--mem", "64M"])
    equal((0, b"rings: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@long_case
def R144_the_same_with_forced_preemption():
    done = run_placed("rings", options=["--mem", "64M", "--append", "preempt=300"])
    equal((0, b"rings: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R141_R146_buffers_and_descriptors():
    done = run_placed("ipc_transfer", options=["--mem", "64M", "--swap", "16M"])
    equal((0, b"ipc_transfer: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@long_case
def R141_the_same_with_forced_preemption_and_little_memory():
    done = run_placed("ipc_transfer", options=["--mem", "16M", "--append", "preempt=300", "--swap", "16M"])
    equal((0, b"ipc_transfer: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R142_R144_R147_objects_that_a_server_supplies():
    done = run_placed("pager", options=["--mem", "64M"])
    equal((0, b"pager: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@long_case
def R147_the_same_with_forced_preemption():
    done = run_placed("pager", options=["--mem", "64M", "--append", "preempt=300"])
    equal((0, b"pager: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R75_R90_R141_pinned_pages():
    done = run_placed("pins", options=["--mem", "64M"])
    equal((0, b"pins: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


if __name__ == "__main__":
    main()
