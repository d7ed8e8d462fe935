#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/profile-row on a whole machine: what it counts is what vmbench measures, and it is in the right functions."""

import os
import re
import subprocess
import sys

import bench

sys.path.insert(0, os.path.join(bench.ROOT, "tests/system"))

from lib.tap import case, equal, main  # noqa: E402


def profile(row):
    """Gives (instructions counted, vmbench's median, {function: instructions}). Most of the log is about the boot, which
    takes fewer instructions with less memory."""
    done = subprocess.run([os.path.join(bench.ROOT, "tools/profile-row"), "--mem", "32M", "--top", "100", row], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    equal(0, done.returncode, f"status (it said {done.stdout[-500:]})")
    numbers = re.match(rf"{row}: ([\d,]+) instructions \(vmbench's median: ([\d,]+)\)", done.stdout)
    lines = [line.split() for line in done.stdout.splitlines()[1:] if line]
    total, median = (int(number.replace(",", "")) for number in numbers.groups())
    return total, median, {words[2]: float(words[0].replace(",", "")) for words in lines}


@case
def a_system_call_is_accounted_for():
    total, median, functions = profile("null_syscall")
    equal(True, abs(total - median) <= 0.01 * median + 1, f"{total} counted, {median} measured, alike")
    equal(True, abs(sum(functions.values()) - total) <= 0.01 * total, f"{functions} add up to {total}")
    for name in ("trap_entry", "sys_getppid", "(the"):
        equal(True, functions.get(name, 0) > 0, f"{name} has a part in {functions}")


@case
def an_unknown_row_is_refused():
    done = subprocess.run([os.path.join(bench.ROOT, "tools/profile-row"), "no_such_row"], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    equal((1, True), (done.returncode, "no_such_row" in done.stdout or "vmbench" in done.stdout), "answer")


if __name__ == "__main__":
    main()
