# SPDX-License-Identifier: MIT
"""Seeded bugs: the patches of tests/mutants. They are applied by their context, not by line numbers."""

import glob
import os
import re

from mutation import survivors

FOLDER = "tests/mutants"
HUNK = re.compile(r"^@@ .*@@")
FEWEST_WORDS = 5


class Broken(Exception):
    """A patch without a description, or one that no longer applies."""


class Patch:
    """One bug: a header with what goes wrong and what a user would see, and the change."""

    kind = "seeded"

    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as file:
            head, marker, change = file.read().partition("--- a/")
        self.says = [line for line in head.splitlines() if line.strip()]
        self.reason = ""
        if not marker:
            raise Broken(f"{self.name}: changes nothing")
        names, _, self.change = change.partition("\n")
        self.path = names.split("\t")[0].strip()

    def wrong_header(self):
        """Returns what the header lacks, or None."""
        if any(line.startswith("Survives:") for line in self.says):
            return f"why it may survive belongs in {survivors.FILE}"
        if len(self.says) < 2:
            return "no header of two lines: what goes wrong, and what a user would see"
        if any(len(line.split()) < FEWEST_WORDS for line in self.says[:2]):
            return "a line of the header says too little"
        return None

    def hunks(self):
        """Yields (before, after), the texts of each hunk."""
        before, after, begun = [], [], False
        for line in self.change.splitlines(keepends=True):
            if HUNK.match(line):
                if begun:
                    yield "".join(before), "".join(after)
                before, after, begun = [], [], True
            elif begun and not line.startswith("\\"):
                if not line.startswith("+"):
                    before.append(line[1:])
                if not line.startswith("-"):
                    after.append(line[1:])
        if begun:
            yield "".join(before), "".join(after)

    def apply(self, text):
        """Returns the text with the bug. Each hunk's lines must occur exactly once."""
        for number, (before, after) in enumerate(self.hunks(), 1):
            there = text.count(before) if before else 0
            if there != 1:
                raise Broken(f"{self.name}: hunk {number} fits {self.path} {there} times")
            text = text.replace(before, after)
        return text


def load(root):
    """Reads all patches, sorted by name."""
    found = [Patch(path) for path in sorted(glob.glob(os.path.join(root, FOLDER, "*.patch")))]
    known = survivors.load(root)
    for patch in found:
        patch.reason = survivors.reason_for(patch.name, known)
    return found


def check(root):
    """Returns the errors of the patches, a line each."""
    wrong = []
    for patch in load(root):
        header = patch.wrong_header()
        if header:
            wrong.append(f"{patch.name}: {header}")
        try:
            with open(os.path.join(root, patch.path), encoding="utf-8") as file:
                text = file.read()
            if patch.apply(text) == text:
                wrong.append(f"{patch.name}: changes nothing")
        except (OSError, Broken) as error:
            wrong.append(str(error))
    return wrong
