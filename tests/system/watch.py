#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Watching faults (R122): a program reads its own counters, mappings and trace, and they are exact."""

import os
import re

from lib.guest import FAKE, run_placed
from lib.tap import Skip, case, equal, main

POINTS = 82 + 2 * ("hardened" in os.environ.get("FAULTLINE_KERNEL", ""))  # the other kernel has no books


@case
def R122_a_program_sees_its_faults():
    if FAKE:
        raise Skip("needs the real kernel")
    done = run_placed("watch", options=["--mem", "64M", "--append", "thp=never"])
    lines = done.out.decode().splitlines()
    equal(["# watching", f"1..{POINTS}"], [line for line in lines if not line.startswith("ok ")], "what is wrong, and the plan")
    equal([*range(1, POINTS + 1)], [int(number) for number in re.findall(r"^ok (\d+) - ", done.out.decode(), re.MULTILINE)], "points")
    equal(0, done.status, "status")


if __name__ == "__main__":
    main()
