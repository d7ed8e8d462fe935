#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many mappings of one object: who only asks about them does not walk them under a lock."""

from lib.guest import BUILD, FAKE, run
from lib.tap import Skip, case, equal, main

MANY = 20_000
PROBE = f"{BUILD}/tests/system/mappings"


def cost(count):
    """Instructions of the seal where the object is mapped so often."""
    if FAKE:
        raise Skip("needs the real kernel")
    done = run(str(count), program=PROBE, options=["--icount", "--mem", "128M", "--timeout", "200"])
    equal((done.status, done.err), (0, b""), "status and standard error")
    return int(done.out)


@case
def sealing_does_not_look_at_each_mapping():
    few, many = cost(1), cost(MANY)
    print(f"# {few} instructions, with {MANY} mappings {many}")
    equal(many < few + 10_000, True, "about as much")


if __name__ == "__main__":
    main()
