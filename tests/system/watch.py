#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Watching faults (R122): a program reads its own counters, mappings and trace, and they are exact."""

from lib.guest import FAKE, run_placed
from lib.tap import Skip, case, equal, main


@case
def R122_a_program_sees_its_faults():
    if FAKE:
        raise Skip("needs the real kernel")
    done = run_placed("watch", options=["--mem", "64M"])
    lines = done.out.decode().splitlines()
    equal(["# watching", lines[-1]], [line for line in lines if not line.startswith("ok ")], "what is wrong")
    equal(f"1..{len(lines) - 2}", lines[-1], "plan")
    equal(0, done.status, "status")


if __name__ == "__main__":
    main()
