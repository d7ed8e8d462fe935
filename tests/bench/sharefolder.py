# SPDX-License-Identifier: MIT
"""The rows of sharebench.c, the folder of the host's that they need, and how Linux mounts it."""

import os
import shutil

MSIZE = 33 * 4096  # Faultline's
ROWS = {"read": "data", "touch": "data", "write": "out", "map-write": "mapped", "find": "many", "build": "part", "stat": "data", "open": "data"}
NFILES = {"find": 10000, "build": 200}
NCALLS = {"stat": 10000, "open": 10000}  # on a folder that nobody else changes (:exclusive), and by Linux with cache=loose
MIB, NPAGES = 64, 16384  # of the other rows' files
PROGRAM = "sharebench"


def make(place, program, rows):
    """Makes what the rows need: the program, a large file, and a tree."""
    shutil.copy(program, os.path.join(place, PROGRAM))
    with open(place + "/data", "wb") as file:
        file.truncate(MIB << 20)
    for number in range(NFILES["find"] if "find" in rows else 0):
        folder = f"{place}/many/{number // 1000}/{number // 100 % 10}"
        if number % 100 == 0:
            os.makedirs(folder)
        with open(f"{folder}/file{number:05}", "wb"):
            pass
    for name in ("proc", "sys", "dev", "tmp", "dev/shm"):  # where Linux's init mounts its own
        os.makedirs(f"{place}/{name}", exist_ok=True)


def manner(row):
    """Gives what follows the folder in --share."""
    return ":exclusive" if row in NCALLS else ""


def linux_options(row, msize=MSIZE):
    """Gives Linux's mount options. With cache=loose it never asks for names and attributes again."""
    return f"cache={'mmap' if row in NFILES else 'loose'},msize={msize}"
