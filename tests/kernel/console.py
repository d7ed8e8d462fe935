#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What one thread, and two at once, write by the firmware's console comes out, on two harts that the strict machine switches at each trap."""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/system"))

from lib.tap import case, equal, main  # noqa: E402

BUILD = os.environ.get("FAULTLINE_BUILD") or os.path.join(ROOT, "build")
LETTERS = 50  # of each, as in arch_cpu.c
BEGIN = "# by the firmware's console: "
LINE = BEGIN + "".join(chr(ord("a") + i % 26) for i in range(len(BEGIN), 1000)) + "\n"  # as there, too


def console():
    """Returns the status of tools/ktap, and what the tests wrote."""
    with tempfile.NamedTemporaryFile() as options:
        options.write(b"harts=2 switch=1 eager=1")
        options.flush()
        qemu = f"-bios {BUILD}/tools/strict/strict.elf -device loader,file={options.name},addr=0x8001f000,force-raw=on"
        words = ["--icount", "--mem", "64M", "--append", "harts=2 test=arch_console_writes*"]
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools/ktap"), *words, os.path.join(BUILD, "faultline-test.elf")],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env={**os.environ, "FAULTLINE_QEMU": qemu})
    return done.returncode, done.stdout


STATUS, WRITTEN = console()


@case
def the_line_comes_out_whole_and_once():
    equal((0, 1), (STATUS, WRITTEN.count(LINE)), f"status of tools/ktap, and lines, in {WRITTEN}")


@case
def no_letter_takes_the_place_of_another():
    letters = WRITTEN.partition("# letters: ")[2].partition("\n")[0]
    equal((0, LETTERS, LETTERS), (STATUS, letters.count("a"), letters.count("b")), f"status of tools/ktap, and letters, in {letters}")


if __name__ == "__main__":
    main()
