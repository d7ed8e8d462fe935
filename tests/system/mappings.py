#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many mappings of one object, which nobody walks under a lock just to ask about them; the vDSO."""

from lib.guest import BUILD, FAKE, run
from lib.tap import Skip, case, equal, main

MANY = 20_000
PROBE = f"{BUILD}/tests/system/mappings"


def cost(count):
    """Instructions of the seal where the object is mapped so often."""
    if FAKE:
        raise Skip("needs the real kernel")
    done = run(str(count), program=PROBE, options=["--icount", "--mem", "128M", "--timeout", "200"])
    equal((0, b""), (done.status, done.err), "status and standard error")
    return int(done.out)


@case
def sealing_does_not_look_at_each_mapping():
    few, many = cost(1), cost(MANY)
    print(f"# {few} instructions, with {MANY} mappings {many}")
    equal(True, many < few + 10_000, "about as much")


@case
def what_handlers_return_to_fills_no_hole():
    """A program that unmaps a page gets SIGSEGV there, whatever it does next."""
    done = run("handler", program=PROBE, options=["--mem", "64M"])
    equal((0, b""), (done.status, done.err), "status and standard error")
    hole, *maps = done.out.decode().splitlines()
    low, high = (int(word, 16) for word in hole.split())
    areas = [[int(word, 16) for word in line.split()[0].split("-")] for line in maps]
    equal([], [line for line, area in zip(maps, areas) if area[0] < high and low < area[1]], "mappings in the hole")
    equal([["r--p", "00000000", "00:00", "0", "[vvar]"], ["r-xp", "00000000", "00:00", "0", "[vdso]"]],
          [line.split()[1:] for line in maps if "[v" in line], "the vDSO")


if __name__ == "__main__":
    main()
