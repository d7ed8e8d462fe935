# SPDX-License-Identifier: MIT
"""Reads the reasons why no test notices some bugs. Each line has a pattern of names and a reason."""

import fnmatch
import os

FILE = "tests/mutants/survivors.txt"
FEWEST_WORDS = 3


def load(root):
    """Returns [(pattern, reason)]."""
    found = []
    try:
        with open(os.path.join(root, FILE), encoding="utf-8") as file:
            for line in file:
                pattern, _, reason = line.strip().partition(" ")
                if pattern and not pattern.startswith("#"):
                    found.append((pattern, reason.strip()))
    except FileNotFoundError:
        pass
    return found


def reason_for(name, known):
    """Returns the reason for a bug, or ""."""
    for pattern, reason in known:
        if fnmatch.fnmatchcase(name, pattern):
            return reason
    return ""


def check(root, names):
    """Returns the lines without a reason, and those whose pattern matches none of these names."""
    wrong = []
    for pattern, reason in load(root):
        if len(reason.split()) < FEWEST_WORDS:
            wrong.append(f"{FILE}: {pattern}: no reason")
        if not fnmatch.filter(names, pattern):
            wrong.append(f"{FILE}: {pattern}: there is no such bug")
    return wrong
