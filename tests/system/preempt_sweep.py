#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program's calls are preempted after each n-th of their instructions (hardened kernel), under --icount.

The guest program preempt_sweep tries some sixty points of each call for each commit and a hundred each night, or as many as
PREEMPT_POINTS says; PREEMPT_STEP says how many instructions lie between two, for a long run."""

import os
import re

from lib.guest import on_hardened, run_placed
from lib.tap import PART, case, each_part, equal, lacks, long_case, main

on_hardened()

CALLS = ["fork", "exec", "exit", "wait", "signal", "mmap", "munmap", "fault", "cow", "swap_fork", "swap_exit", "swap_munmap", "swap_read",
         "write", "read", "close", "stop", "poll", "lock_wait", "lock_kill"]
OF_REQUIREMENTS = {"R9": ["floats", "sigreturn"], "R140": ["ipc_call", "ipc_signal", "ipc_kill_words", "ipc_kill_caller", "ipc_kill_server"],
                   "R142": ["p9_kill_server", "p9_kill_reader"], "R143": ["p9_truncate", "p9_age"], "R144": ["ipc_ring", "ipc_at_once"],
                   "R148": ["served_read", "served_kill_reader", "served_kill_server"],
                   "R154": ["socket_pair", "socket_stream", "socket_kill_pair"], "R155": ["socket_accept", "socket_kill_accept"], "R157": ["socket_rights", "socket_kill_rights"],
                   "R145": ["uio_exit", "uio_kill", "uio_alloc"],
                   "R150": ["thread_cwd", "thread_root", "thread_usage", "thread_children"],
                   "R151": ["futex_wait", "futex_requeue", "futex_timeout"], "R153": ["epoll_wait", "epoll_add", "epoll_close"]}
STEP = os.environ.get("PREEMPT_STEP", "0")
POINTS = os.environ.get("PREEMPT_POINTS") or ("60" if PART == "most" else "100")
LEAST = int(POINTS) * 7 // 20  # points of each at which it was preempted; a stop holds locks at most of the others
ROW = re.compile(r"^(\w+): \d+ points, one in \d+ instructions, preempted at (\d+), (\d+) wrong$", re.MULTILINE)

# Those that take as long as a dozen of the others are for the night. (Without a disk, the seconds in which the machine idles
# pass at once.)
SLOW = {"p9_age": [], "read_look": [], "thread_children": []}
WANTED = {"most": [("all", ["--swap", "16M"])], "rest": list(SLOW.items())}.get(PART) or [("all", ["--swap", "16M"]), *SLOW.items()]
RUNS = [run_placed("preempt_sweep", which, STEP, POINTS, patience=7200,
                   env={"FAULTLINE_QEMU": "-device virtio-rng-device,max-bytes=64,period=1000"} if options else {},
                   options=["--icount", *options, *(["--device", "virtio-rng"] if options else []), "--timeout", "200" if STEP == "0" else "7000"])
        for which, options in WANTED]
ROWS = {name: (int(taken), int(wrong)) for run in RUNS for name, taken, wrong in ROW.findall(run.out.decode(errors="replace"))}
OTHERS = set(ROWS) - {*CALLS, *sum(OF_REQUIREMENTS.values(), []), *SLOW}
for run in RUNS:
    for line in (run.out + (run.err if run.status else b"")).decode(errors="replace").splitlines():
        print("#", line.lstrip("# "))


def sweep_of(name, prefix=""):
    """Makes the case of one call."""
    def check():
        taken, wrong = ROWS.get(name, (0, -1))
        equal(0, wrong, "points that went wrong")
        equal(True, taken >= LEAST, f"preempted in its midst {taken} times, at least {LEAST}")
    check.__name__ = prefix + "preempted_" + name
    return check


for call in CALLS:
    case(sweep_of(call))
long_case(sweep_of("read_look"))
for number, calls in OF_REQUIREMENTS.items():
    for call in calls:
        (long_case if call in SLOW else case)(sweep_of(call, number + "_"))


@each_part
def the_kernel_goes_on():
    for run in RUNS:
        lacks(run.err, b"panic", "log")
        equal(0, run.status, "status")
    equal(set(), OTHERS, "sweeps that no case looks at")


if __name__ == "__main__":
    main()
