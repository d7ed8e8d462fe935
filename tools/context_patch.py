# SPDX-License-Identifier: MIT
"""Patches of one file that are applied by their lines, not by line numbers, so that they live as long as the code does."""

import os
import re

HUNK = re.compile(r"^@@ .*@@")


class Broken(Exception):
    """A patch that changes nothing, or one that no longer applies."""


class Patch:
    """A header with what goes wrong and what a user would see, and the change."""

    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as file:
            head, marker, change = file.read().partition("--- a/")
        self.says = [line for line in head.splitlines() if line.strip()]
        if not marker:
            raise Broken(f"{self.name}: changes nothing")
        names, _, self.change = change.partition("\n")
        self.path = names.split("\t")[0].strip()

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
