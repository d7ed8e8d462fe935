#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the payload on the strict machine, as TAP; a second run must take the same number of instructions.

usage: strict.py FIRMWARE PAYLOAD"""

import subprocess
import sys

SECONDS = 300
POINTS = ("ok ", "not ok ", "# ", "Bail out!")


def run(firmware, payload):
    """Returns what the payload prints."""
    words = ["qemu-system-riscv64", "-machine", "virt", "-m", "64M", "-display", "none", "-monitor", "none", "-serial", "stdio",
             "-no-reboot", "-icount", "shift=0,sleep=off", "-seed", "1", "-bios", firmware, "-kernel", payload]
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS,
                              check=False)
    except subprocess.TimeoutExpired as hangs:
        return (hangs.stdout or b"") + b"\nBail out! no end\n"
    return done.stdout + (b"" if done.returncode == 0 else b"\nBail out! status %d\n" % done.returncode)


def main(firmware, payload):
    """Prints the first run's points, and one for equality."""
    first, second = (run(firmware, payload).replace(b"\r\n", b"\n").decode(errors="replace") for _ in range(2))
    lines = first.splitlines()
    plan = next((line for line in lines if line.startswith("1..")), "1..0")
    count = int(plan[3:])
    print(f"1..{count + 1}")
    for line in lines:
        if line != plan:
            print(line if line.startswith(POINTS) else "# " + line)
    print(f"{'ok' if first == second else 'not ok'} {count + 1} - equal runs are equal")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
