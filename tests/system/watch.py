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
    equal([line for line in lines if not line.startswith("ok ")], ["# watching", lines[-1]], "what is wrong")
    equal(lines[-1], f"1..{len(lines) - 2}", "plan")
    equal(done.status, 0, "status")


if __name__ == "__main__":
    main()
