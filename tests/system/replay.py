#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/replay on a whole machine: a user case compared with its recording, and the lines of its calls."""

import os
import re
import subprocess
import sys

from lib.guest import ROOT
from lib.tap import case, equal, main

REPLAY = os.path.join(ROOT, "tools/replay")
CASE = "affinity"  # a short one whose calls are in its own file


def replay(*words):
    """Gives the status and standard output of tools/replay."""
    done = subprocess.run([sys.executable, REPLAY, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          check=False)
    return done.returncode, done.stdout


def text_of(path):
    """Reads a file of tests/user."""
    with open(os.path.join(ROOT, "tests/user", path), encoding="utf-8") as file:
        return file.read()


@case
def a_case_by_pattern():
    equal((0, f"1..1\nok 1 - {CASE}\n"), replay(CASE[:-1] + "?"), "status and output")


@case
def each_calls_line_comes_before_its_result():
    """Without these lines it is what was recorded: nothing else is printed otherwise."""
    status, said = replay("--lines", CASE)
    equal(0, status, "status")
    rows = said.splitlines()
    source = text_of(CASE + ".c").splitlines()
    numbers = [int(number) for number in re.findall(r"^# line (\d+)$", said, re.MULTILINE)]
    equal(True, len(numbers) >= 5, f"lines of calls, {len(numbers)}")
    equal([], [number for number in numbers if "TRY(" not in source[number - 1]], "lines that have no TRY()")
    equal(text_of(f"expected/{CASE}.out").splitlines(), [row for row in rows if not row.startswith("# ")], "the rest")
    equal(f"# {CASE}: status 0", rows[-1], "last line")


if __name__ == "__main__":
    main()
