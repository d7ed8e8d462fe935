#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The kernels and the programs of the image are the same wherever they are built: no path of sources or build is in them."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/system"))

from lib.tap import case, equal, main  # noqa: E402

BUILD = os.environ.get("FAULTLINE_BUILD") or os.path.join(ROOT, "build")
FOLDERS = sorted({path(folder) for path in (os.path.abspath, os.path.realpath) for folder in (ROOT, BUILD)})
KERNELS = ["faultline" + test + variant + ".elf" for test in ("", "-test", "-core", "-core-test") for variant in ("", "-hardened")]
PROGRAMS = ["user/" + name for name in ("init", "demo", "faults", "tour", "sh", "hostfs")]


def answer(*words):
    """Returns what a tool of binutils prints."""
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout


@case
def no_folder_is_in_them():
    for name in KERNELS + PROGRAMS:
        with open(os.path.join(BUILD, name), "rb") as file:
            data = file.read()
        equal([], [folder for folder in FOLDERS if os.fsencode(folder) in data], "folders in " + name)


@case
def sources_are_named_from_the_top():
    kernel = os.path.join(BUILD, KERNELS[0])
    address = next(line.split()[0] for line in answer("riscv64-linux-gnu-nm", kernel).splitlines() if line.endswith(" vm_fault"))
    place = answer("riscv64-linux-gnu-addr2line", "-e", kernel, address)
    equal("/usr/src/faultline/mm/fault/fault.c", place.rpartition(":")[0], "where vm_fault() is")


if __name__ == "__main__":
    main()
