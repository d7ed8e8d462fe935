#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What vmbench measures does not depend on where the build lies: the row that starts a program by its path."""

import os
import shutil
import subprocess
import sys
import tempfile

import bench

sys.path.insert(0, os.path.join(bench.ROOT, "tests/system"))

from lib.tap import case, equal, main  # noqa: E402

ROW = "fork_exec_wait"
BUILD = os.environ.get("FAULTLINE_BUILD") or os.path.join(bench.ROOT, "build")


def median(folder):
    """Gives the row's median for a copy of vmbench in this folder."""
    os.makedirs(folder, exist_ok=True)
    program = shutil.copy(os.path.join(BUILD, "tests/bench/vmbench"), folder)
    done = subprocess.run([*bench.command(program, "256M"), "--settle", "0", ROW], cwd="/", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, check=True)
    return bench.parse_rows(done.stdout)[ROW][0]


@case
def a_long_path_costs_nothing():
    with tempfile.TemporaryDirectory() as place:
        far = os.path.join(place, "a blank:and more", *("q" * 200, "r" * 100))
        equal(median(place), median(far), "instructions from a long path and from a short one")


if __name__ == "__main__":
    main()
