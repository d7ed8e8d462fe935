# SPDX-License-Identifier: MIT
"""Reads the reasons why no test notices some bugs. Each line has a pattern of names and a reason."""

import fnmatch
import os
import re

FILE = "tests/mutants/survivors.txt"
FEWEST_WORDS = 3
MODELS = "tests/models"
MODEL = re.compile(r"(\w+\.pml) ([A-Z_]+)")


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


def models(root, reason):
    """Returns what is wrong with the models that a reason names, each with a word of it: "fences.pml SLEEP"."""
    wrong = []
    for name, word in MODEL.findall(reason):
        path = f"{MODELS}/{name}"
        if not os.path.exists(os.path.join(root, path)):
            wrong.append(f"{path} is not there")
            continue
        with open(os.path.join(root, path), encoding="utf-8") as file:
            if not re.search(rf"\b{word}\b", file.read()):
                wrong.append(f"{path} has no {word}")
    return wrong


def check(root, names):
    """Returns the lines without a reason, those whose pattern matches none of these names, and models that are not there."""
    wrong = []
    for pattern, reason in load(root):
        if len(reason.split()) < FEWEST_WORDS:
            wrong.append(f"{FILE}: {pattern}: no reason")
        if not fnmatch.filter(names, pattern):
            wrong.append(f"{FILE}: {pattern}: there is no such bug")
        wrong += [f"{FILE}: {pattern}: {text}" for text in models(root, reason)]
    return wrong
