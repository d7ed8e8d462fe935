#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The list of user tests, and what is kept of Linux's answers."""

import os

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from usertest import cases


@case
def a_line_is_taken_apart():
    one = cases.Case("name | prog 'a b' c | stdin=in.txt mem=64M add=x:/y", 1)
    equal((one.name, one.words, one.options, one.add),
          ("name", ["prog", "a b", "c"], {"stdin": "in.txt", "mem": "64M"}, ["x:/y"]), "case")


@case
def bad_lines_are_refused():
    for line in ("name", "| prog", "name | ", "name | prog | what=1", "a | b | c | d"):
        try:
            cases.Case(line, 1)
        except ValueError:
            continue
        raise AssertionError(f"{line}: not refused")


@case
def every_case_is_recorded():
    missing = [one.name for one in cases.load() if one.expected() is None]
    equal(missing, [], "cases without a recording")


@case
def nothing_is_recorded_that_is_no_case():
    names = {one.name for one in cases.load()}
    files = [name for name in os.listdir(cases.EXPECTED) if name != "MANIFEST"]
    equal([name for name in files if name.rpartition(".")[0] not in names], [], "files left over")


if __name__ == "__main__":
    main()
