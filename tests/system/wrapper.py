#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./run.sh as the exe_wrapper of a foreign Meson project."""

import os
import shutil
import subprocess

from lib.guest import PATIENCE, ROOT, RUN, folder
from lib.tap import case, equal, has, main

CROSS = """\
[binaries]
c = 'riscv64-linux-gnu-gcc'
ar = 'riscv64-linux-gnu-ar'
strip = 'riscv64-linux-gnu-strip'
exe_wrapper = ['{run}', '--']

[built-in options]
c_link_args = ['-static']

[host_machine]
system = 'linux'
cpu_family = 'riscv64'
cpu = 'rv64gc'
endian = 'little'
"""


def meson(*words, cwd):
    """Runs Meson; gives its status and output."""
    done = subprocess.run(["meson", *words], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=PATIENCE, check=False)
    return done.returncode, done.stdout + done.stderr


@case
def a_foreign_project_is_set_up_and_tested():
    place = os.path.join(folder("foreign project"), "sources")
    shutil.copytree(os.path.join(ROOT, "tests/system/foreign"), place)
    with open(place + "/cross.ini", "w", encoding="utf-8") as file:
        file.write(CROSS.format(run=RUN))
    status, text = meson("setup", "out", "--cross-file", "cross.ini", cwd=place)
    equal(0, status, f"status of the set-up, {text[-1500:]}")
    status, text = meson("test", "-C", "out", cwd=place)
    equal(0, status, f"status of the tests, {text[-1500:]}")
    for line in ("Ok:                 4", "Expected Fail:      1", "Skipped:            1"):
        has(text, line, "summary")


if __name__ == "__main__":
    main()
