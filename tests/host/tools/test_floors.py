#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The floors of coverage: what falls below its own, or below what is for all sources, is named."""

import contextlib
import importlib.util
import io
import os

from base import ROOT
from lib.tap import case, equal, main


def load(path):
    """Loads a test's script as a module, whatever other module has its name."""
    spec = importlib.util.spec_from_file_location("script", os.path.join(ROOT, path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COVERAGE = load("tests/host/coverage.py")


def fallen(table, least):
    """Gives what is told of a table, without its rows."""
    with contextlib.redirect_stdout(io.StringIO()):
        return COVERAGE.compare(table, least)


@case
def a_source_without_a_line_of_its_own():
    least = {"*": (90.0, 70.0), "mm": (98.0, 91.0), "mm/odd.c": (60.0, 50.0)}
    good = {"mm/a.c": (100, 91, 10, 7), "mm/odd.c": (10, 6, 2, 1), "mm": (1000, 990, 100, 95)}
    equal([], fallen(good, least), "all is reached")
    equal(["mm/new.c: 89.0% and 70.0%, less than 90.0% and 70.0%"], fallen({**good, "mm/new.c": (100, 89, 10, 7)}, least),
          "lines of a new source")
    equal(["mm/a.c: 100.0% and 60.0%, less than 90.0% and 70.0%"], fallen({**good, "mm/a.c": (100, 100, 10, 6)}, least),
          "branches")
    equal(["mm: 97.0% and 95.0%, less than 98.0% and 91.0%"], fallen({**good, "mm": (1000, 970, 100, 95)}, least), "a folder")
    del good["mm/odd.c"]
    equal(["mm/odd.c is gone"], fallen(good, least), "a line that is for nothing")


@case
def the_committed_floors_are_for_all_sources():
    least = COVERAGE.floors(os.path.join(ROOT, "tests/host/coverage.txt"))
    equal(True, {"*", "lib", "mm"} <= set(least), "lines for all sources and for the folders")


if __name__ == "__main__":
    main()
