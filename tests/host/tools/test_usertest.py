#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The list of user tests, and what is kept of Linux's answers."""

import os
import tempfile

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from usertest import cases


@case
def a_line_is_taken_apart():
    one = cases.Case("name | prog 'a b' c | stdin-lines=3 mem=64M add=x:/y", 1)
    equal((one.name, one.words, one.options, one.add),
          ("name", ["prog", "a b", "c"], {"stdin-lines": "3", "mem": "64M"}, ["x:/y"]), "case")


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
def standard_input_is_made():
    one = cases.Case("name | prog | stdin-lines=400", 1).stdin()
    equal((one.count(b"\n"), one.endswith(b"\n"), one.split(b"\n")[0]),
          (399, False, b"0 entry page exec break break break map break fault entry"), "lines, an end, the first")
    equal(cases.Case("name | prog", 1).stdin(), b"", "none")


@case
def what_is_usual_has_no_file():
    before = cases.EXPECTED
    with tempfile.TemporaryDirectory() as cases.EXPECTED:
        one = cases.Case("name | prog", 1)
        equal(one.expected(), None, "before it is recorded")
        for found, files in (((3, b"", b"no"), ["name.err", "name.out", "name.status"]), ((0, b"", b""), ["name.out"])):
            one.record(*found)
            equal((one.expected(), sorted(os.listdir(cases.EXPECTED))), (found, files), "what was recorded")
    cases.EXPECTED = before
    idle = [name for name in os.listdir(before)
            if name.endswith((".status", ".err")) and cases.read(os.path.join(before, name)) in (b"", b"0\n")]
    equal(idle, [], "files that say what is usual")


@case
def nothing_is_recorded_that_is_no_case():
    names = {one.name for one in cases.load()}
    files = [name for name in os.listdir(cases.EXPECTED) if name != "MANIFEST"]
    equal([name for name in files if name.rpartition(".")[0] not in names], [], "files left over")


if __name__ == "__main__":
    main()
