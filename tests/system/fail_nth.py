#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""R45: every allocation fails once (hardened kernel), one at a time, through all that programs do.

The guest program fail_nth runs each scenario with the first, the second, ... allocation failing until none is reached
any more. FAIL_NTH names one scenario, or a scenario, policy and N."""

import os
import re

from lib.guest import ROOT, get, on_hardened, run_placed
from lib.tap import Skip, case, equal, has, lacks, main

on_hardened()

ASKED = os.environ.get("FAIL_NTH", "").split()
ALLOCATIONS = 300  # in all scenarios together, at least
NEEDS_NONE = {"dontneed", "dup", "watch"}  # scenarios that make do with the memory they have
# How often each counts something against a bound, of files' memory or of kernel stacks, which no relief raises; a mount wants
# frames that lie side by side, once.
BOUNDS = {"create": 2, "mkdir": 2, "write": 1, "write_far": 1, "grow": 1, "writev": 1, "link": 1, "symlink": 2,
          "fork": 1, "fork_much": 1, "vfork": 1, "child_dies": 1, "segment": 2, "share_undo": 1,
          "mount": 1, "name": 2, "bind": 2, "pty": 2}
POLICIES = ["relieve", "refuse", "kill", "starve"]


def play():
    """Runs the guest's program; gives ({(scenario, policy): last N}, what it found wrong, the run, refusals)."""
    done = run_placed("fail_nth", *ASKED, options=["--mem", "16M", "--append", "loglevel=error", "--device", "virtio-rng"],
                      env={"FAULTLINE_QEMU": "-device virtio-rng-device"})
    last, wrong, refused = {}, [], {}
    for line in done.out.decode(errors="replace").splitlines():
        words = line.replace(":", "").split()
        if line.startswith("# "):
            wrong.append(line)
        elif len(words) > 3 and words[1] in POLICIES:
            last[words[0], words[1]] = int(words[2])
            refused[words[0]] = int(words[4].rstrip(",")) if words[1] == "relieve" else refused[words[0]]
            print("#", line)
    return last, wrong, done, refused


LAST, WRONG, DONE, REFUSED = play()


def reaches(name):
    """Makes the case of one scenario."""
    def check():
        equal([], [line for line in WRONG if line.startswith(f"# {name}:")], "what is wrong")
        for policy in POLICIES if len(ASKED) < 2 else ():
            equal(True, LAST.get((name, policy), -1) >= (name not in NEEDS_NONE),
                  f"{policy}: {LAST.get((name, policy))} allocations, at least one unless NEEDS_NONE has it")
        equal(True, REFUSED.get(name, 0) <= BOUNDS.get(name, 0),
              f"{REFUSED.get(name)} refusals where memory could be had")
    check.__name__ = "R45_" + name
    return check


for scenario in dict.fromkeys(name for name, _ in LAST):
    case(reaches(scenario))


@case
def no_kind_of_allocation_is_passed_over():
    if ASKED:
        raise Skip("FAIL_NTH names one scenario")
    sources = "".join(get(f"{ROOT}/tests/system/guest/fail_{part}.c").decode() for part in ("files", "memory", "processes", "ptys", "sockets", "sysv"))
    equal(set(re.findall(r'{ "(\w+)",', sources)), {name for name, _ in LAST}, "scenarios")
    equal(set(), NEEDS_NONE - {name for name, _ in LAST}, "NEEDS_NONE that are gone")
    for policy in POLICIES:
        total = sum(count for (_, with_policy), count in LAST.items() if with_policy == policy)
        equal(True, total >= ALLOCATIONS, f"{policy}: {total} allocations in all, at least {ALLOCATIONS}")


@case
def who_is_killed_for_a_page_is_named():
    done = run_placed("fail_nth", "fault_write", options=["--mem", "16M"])
    has(done.err, b"mm: warning: out of memory: killed fail_nth[", "log")
    has(done.err, b"no frame for its page at 0x2000001000, and no other process to kill", "log")


@case
def the_kernel_goes_on():
    lacks(DONE.err, b"panic", "log")
    lacks(DONE.err, b"error: ", "log")
    equal(0, DONE.status, "status")


if __name__ == "__main__":
    main()
