#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each tool says where the programs that it needs have not been built: the command that builds them."""

import os
import subprocess
import sys
import tempfile

from base import ROOT, TOOLS
import built
from lib.tap import case, equal, has, lacks, main


def answer(build, *words):
    """Gives the status of a command on this build folder, and all that it says."""
    names = {name: value for name, value in os.environ.items() if name not in ("FAULTLINE_KERNEL", "FAULTLINE_FAKE")}
    done = subprocess.run([sys.executable, *words], env={**names, "FAULTLINE_BUILD": build}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@case
def the_sentence():
    with tempfile.TemporaryDirectory() as place:
        there, gone = place + "/there", place + "/build/tests/gone"
        os.makedirs(place + "/build/tests")
        for path in (there, place + "/build/build.ninja"):
            with open(path, "w", encoding="utf-8"):
                pass
        equal("", built.missing(there), "of what is there")
        equal(f"{gone} is missing. Build it: ninja -C {place}/build {built.TARGETS}", built.missing(there, gone), "in a build folder")
        has(built.missing(place + "/gone"), "meson setup build", "in no build folder")


@case
def tools_name_the_command():
    """Only the image was built, as by ./run.sh."""
    with tempfile.TemporaryDirectory() as build:
        with open(build + "/build.ninja", "w", encoding="utf-8"):
            pass
        for status, words in ((2, [TOOLS + "/replay", "cow_tree"]), (2, [TOOLS + "/record", "cow_tree"]),
                              (2, [TOOLS + "/fuzz-vm"]), (1, [TOOLS + "/ktap", build + "/faultline-test.elf"]),
                              (2, [os.path.join(ROOT, "tests/system/status.py")]),
                              (2, [os.path.join(ROOT, "tests/system/hostile.py"), "little"])):
            found, said = answer(build, *words)
            equal(status, found, f"status of {words}")
            has(said, f"is missing. Build it: ninja -C {build} all", "what it said")
            lacks(said, "Traceback", "what it said")
        has(answer(build, TOOLS + "/ktap", build + "/faultline-test.elf")[1], "Bail out! ", "what ktap said")


@case
def coverage_of_what_never_ran():
    with tempfile.TemporaryDirectory() as build:
        status, said = answer(build, TOOLS + "/coverage", build, "--", os.path.join(ROOT, "lib/fdt.c"))
        equal(1, status, "status")
        has(said, "meson test -C BUILD coverage", "what it said")


if __name__ == "__main__":
    main()
