# SPDX-License-Identifier: MIT
"""Reads why some bugs may go unnoticed: a pattern of their names a line, then the reason."""

import fnmatch
import os

FILE = "tests/mutants/survivors.txt"
FEWEST_WORDS = 3


def load(root):
    """Gives [(pattern, reason)]."""
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
    """Gives the reason that covers a bug, "" where there is none."""
    for pattern, reason in known:
        if fnmatch.fnmatchcase(name, pattern):
            return reason
    return ""


def check(root, names):
    """Gives reasons that are none, or that are for no bug of these names any more."""
    wrong = []
    for pattern, reason in load(root):
        if len(reason.split()) < FEWEST_WORDS:
            wrong.append(f"{FILE}: {pattern}: no reason")
        if not fnmatch.filter(names, pattern):
            wrong.append(f"{FILE}: {pattern}: there is no such bug")
    return wrong
