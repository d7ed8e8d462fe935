#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What users see of swap: the figures that programs can ask for, the prompt's commands, and the log."""

import re

from lib.guest import run_placed
from lib.tap import case, equal, main

MIB = 1 << 20
PAGES = 96 * MIB // 4096  # that the program writes to
DISK = ["--mem", "64M", "--swap", "256M"]


def figures(options):
    """Runs the program; gives what it has printed, by moment and name."""
    done = run_placed("swap_seen", "96" if "--swap" in options else "8", options=options)
    equal(done.status, 0, f"status of {done.out + done.err}")
    return {line.split(":")[0]: {name: int(value) for name, value in re.findall(r"(\w+) (\d+)", line)}
            for line in done.out.decode().splitlines()}


@case
def R84_a_program_sees_what_is_in_swap():
    seen = figures(DISK)
    before, written, read, after = (seen[moment] for moment in ("before", "written", "read", "unmapped"))
    equal((before["swap"], before["free_swap"]), (256 * 256 - 1, 256 * 256 - 1), "all pages but the header are free")
    equal((before["swapped"], before["written"], before["read"]), (0, 0, 0), "nothing is in swap")
    all_pages = written["resident"] + written["swapped"]
    equal((written["swapped"] > PAGES / 4, all_pages >= PAGES), (True, True), f"in swap: {written}")
    used = written["swap"] - written["free_swap"]
    equal(used >= written["swapped"], True, f"each has a slot: {written}")
    for name in ("turns", "scanned", "aged", "unmapped", "dropped", "written"):
        equal(written[name] > 0, True, f"{name} when all was written: {written}")
    equal(written["written"] > written["swapped"] / 2, True, f"most are on the disk: {written}")
    equal(read["read"] >= PAGES / 4, True, f"they were read: {read}")
    used = after["swap"] - after["free_swap"]  # by pages of this program and of init that it has not touched since
    equal((after["swapped"] < 50, used < 100), (True, True), f"the slots are free again: {after}")


@case
def R84_without_a_disk_the_figures_are_zero():
    for moment, seen in figures(["--mem", "64M"]).items():
        equal([seen[name] for name in ("swapped", "swap", "free_swap", "written", "read")], [0] * 5, moment)


if __name__ == "__main__":
    main()
