#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What two threads write by the firmware's console at once comes out, on two harts that the strict machine switches at each trap."""

import os
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/system"))

from lib.tap import case, equal, main  # noqa: E402

BUILD = os.environ.get("FAULTLINE_BUILD") or os.path.join(ROOT, "build")
LETTERS = 50  # of each, as in arch_cpu.c


@case
def no_letter_takes_the_place_of_another():
    with tempfile.NamedTemporaryFile() as options:
        options.write(b"harts=2 switch=1 eager=1")
        options.flush()
        qemu = f"-bios {BUILD}/tools/strict/strict.elf -device loader,file={options.name},addr=0x8001f000,force-raw=on"
        words = ["--icount", "--mem", "64M", "--append", "harts=2 test=arch_console_writes_of_two_threads"]
        done = subprocess.run([sys.executable, os.path.join(ROOT, "tools/ktap"), *words, os.path.join(BUILD, "faultline-test.elf")],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env={**os.environ, "FAULTLINE_QEMU": qemu})
    letters = done.stdout.partition("# letters: ")[2].partition("\n")[0]
    equal((0, LETTERS, LETTERS), (done.returncode, letters.count("a"), letters.count("b")), f"status of tools/ktap, and letters, in {letters}")


if __name__ == "__main__":
    main()
