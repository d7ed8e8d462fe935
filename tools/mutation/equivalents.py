# SPDX-License-Identifier: MIT
"""Reads which generated bugs change nothing that a test could see, and why.

An entry is a line with the bug's name (file, function, the line before and after the change), then an indented line with
the reason. So an entry stays right while other lines change.
"""

import os

from mutation import generate

FILE = "tests/mutants/equivalents.txt"
FEWEST_WORDS = 5


def load(root):
    """Returns {name: reason}."""
    found, name = {}, ""
    try:
        with open(os.path.join(root, FILE), encoding="utf-8") as file:
            for line in file:
                if line.startswith("\t") and name:
                    found[name] = f"{found[name]} {line.strip()}".strip()
                elif line.strip() and not line.startswith("#"):
                    name = line.strip()
                    found[name] = ""
    except FileNotFoundError:
        pass
    return found


def check(root):
    """Returns the entries without a reason, and those that the sources do not have."""
    wrong, known = [], load(root)
    paths = {name.partition(":")[0] for name in known}
    there = {path for path in paths if os.path.exists(os.path.join(root, path))}
    names = {mutant.name for mutant in generate.load(root, there)[0]}
    for name, reason in known.items():
        if len(reason.split()) < FEWEST_WORDS:
            wrong.append(f"{FILE}: {name}: no reason")
        if name not in names:
            wrong.append(f"{FILE}: {name}: there is no such bug")
    return wrong
