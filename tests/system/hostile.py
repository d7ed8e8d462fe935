#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile programs on the hardened kernel: each call is refused or done, all comes back, nothing hangs.

The guest program hostile does random calls of all kinds, with arguments half good or not at all, signals on odd stacks,
frames made by hand, images of garbage, servers that lie, sockets, and so on, and compares the kernel's books after each seed. A
few seeds each time, more with HOSTILE_LONG=1; HOSTILE_SEEDS=FIRST:COUNT runs those instead, HOSTILE_STEPS and
HOSTILE_MEM change the rest."""

import os
import re
from collections import Counter

from lib import latency
from lib.guest import ROOT, on_hardened, run_placed
from lib.tap import case, equal, has, lacks, main

on_hardened()

SEEDS = os.environ.get("HOSTILE_SEEDS")
STEPS = os.environ.get("HOSTILE_STEPS", "150")
MEM = os.environ.get("HOSTILE_MEM")
LONG = bool(os.environ.get("HOSTILE_LONG"))
DRIVEN = {"FAULTLINE_QEMU": "-device virtio-rng-device"}  # for who drives devices

# Of calls in 49 seeds, by the headings of docs/ABI.md: done, refused. About half of what is usual. Seeds that are odd are
# another user's.
FLOORS = {
    "Memory": (800, 800), "Processes": (2500, 1400), "Signals and time": (10000, 1100), "Names": (300, 800),
    "Open files": (4500, 3500), "Others": (20, 300), "Attributes": (25, 180), "Mounts": (10, 60),
    "Endpoints": (1000, 2500), "Sockets": (4000, 12000), "System V IPC": (6, 300),
    "POSIX message queues": (60, 600),
}
ALL_SEEDS = 49
# As far as the caller sees. There is no disk.
NEVER_DONE = {"clone3", "execve", "execveat", "mount", "umount2", "restart_syscall", "riscv_hwprobe", "rt_sigsuspend", "swapoff", "swapon"}
ACTS = {"odd_stack", "odd_sp", "frame", "cut_stack", "touch", "limits", "descriptors", "image", "terminal", "crowd",
        "queue", "hog", "endpoint", "server", "driver", "served", "sockets"}
DONE, REFUSED, ACTED, LINES, SEEDS_DONE = Counter(), Counter(), Counter(), [], []


def calls():
    """Gives {number: (heading, name)} for each call of docs/ABI.md."""
    found, heading = {}, ""
    with open(os.path.join(ROOT, "docs/ABI.md"), encoding="utf-8") as file:
        for line in file:
            heading = line[3:].strip() if line.startswith("## ") else heading
            row = re.match(r"\| (\d+) \| `(\w+)`", line)
            if row:
                found[int(row[1])] = heading, row[2]
    return found


def count(line):
    """Adds a line of the guest's figures to those of the other runs. Returns whether it is such a line."""
    call = re.fullmatch(r"call (\d+): ok (\d+), failed (\d+)", line)
    act = re.fullmatch(r"act (\w+): (\d+)", line)
    if call:
        DONE[int(call[1])] += int(call[2])
        REFUSED[int(call[1])] += int(call[3])
    elif act:
        ACTED[act[1]] += int(act[2])
    elif re.fullmatch(r"seeds \d+ to \d+: \d+ steps, .* were good", line):
        print("#", line)
        LINES.append(line)
    else:
        return False
    return True


def be_hostile(first, seeds, mem, env=None, words=()):
    """Runs some seeds; nobody may be left, nothing be lost, and the kernel says nothing of itself."""
    if SEEDS:
        first, seeds = (int(number) for number in SEEDS.split(":"))
    SEEDS_DONE.append(seeds)
    done = run_placed("hostile", "seeds", str(first), str(seeds), STEPS, env=env, patience=900 + 20 * seeds,
                      options=["--mem", MEM or mem, *(["--device", "virtio-rng"] if env == DRIVEN else []), "--timeout", str(600 + 20 * seeds), "--verbose", *words,
                               *latency.options()])
    done.err += latency.take_log()
    text = done.out.decode(errors="replace").splitlines()
    known = [count(line) for line in text]
    equal([], [line for line in text if line.startswith("#")], "what is wrong")
    equal([], [line for line, is_known in zip(text, known) if not is_known], "lines that the judge did not write")
    lacks(done.err, b"kernel panic", "log")
    lacks(done.err, b": error: ", "log")
    has(done.err, b"power: off, status 0", "log")
    if "hardened" in os.environ.get("FAULTLINE_KERNEL", "hardened"):
        has(done.err, b"all accounted for", "log")
    equal(0, done.status, "status")


@case
def with_little_memory():
    be_hostile(1, 20 if LONG else 5, "32M")


@case
def with_more_memory():
    be_hostile(1001, 20 if LONG else 4, "128M", DRIVEN)


@case
def with_the_least_memory():
    be_hostile(2001, 7 if LONG else 2, "16M")


@case
def with_harts_that_stay_parked():
    """Where instructions are counted, QEMU runs all harts in turn, and a seed takes five times as long."""
    be_hostile(3001, 2 if LONG else 1, "16M", {"FAULTLINE_QEMU": "-smp 4"}, ["--append", "harts=1"])


@case
def every_call_was_made():
    equal([], [name for number, (_, name) in calls().items() if DONE[number] + REFUSED[number] == 0], "never made")
    if LONG or SEEDS:
        equal([], [name for number, (_, name) in calls().items() if not DONE[number] and name not in NEVER_DONE],
              "never done")


@case
def enough_was_done_and_enough_refused():
    sums = {heading: [0, 0] for heading in FLOORS}
    known = calls()
    for number in set(DONE) | set(REFUSED):
        heading = known.get(number, ("Others", ""))[0]
        sums[heading][0] += DONE[number]
        sums[heading][1] += REFUSED[number]
    for heading, (done, refused) in sums.items():
        print(f"# {heading}: {done} done, {refused} refused")
        least = [floor * sum(SEEDS_DONE) // ALL_SEEDS for floor in FLOORS[heading]]
        equal(True, done >= least[0] and refused >= least[1], f"{heading}: at least {least}")
    equal(set(), {act for act in ACTS if not ACTED[act]}, "acts that nobody did")
    equal(4, len(LINES), "runs")


@case
def neither_interrupts_nor_preemption_were_off_for_too_long():
    latency.check("hostile")


if __name__ == "__main__":
    main()
