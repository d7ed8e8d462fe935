# SPDX-License-Identifier: MIT
"""Seeded bugs: the patches of tests/mutants. They are applied by their context, not by line numbers."""

import glob
import os

import context_patch
from context_patch import Broken
from mutation import survivors

FOLDER = "tests/mutants"
FEWEST_WORDS = 5


class Patch(context_patch.Patch):
    """One bug: a header with what goes wrong and what a user would see, and the change."""

    kind = "seeded"

    def __init__(self, path):
        super().__init__(path)
        self.reason = ""

    def wrong_header(self):
        """Returns what the header lacks, or None."""
        if any(line.startswith("Survives:") for line in self.says):
            return f"why it may survive belongs in {survivors.FILE}"
        if len(self.says) < 2:
            return "no header of two lines: what goes wrong, and what a user would see"
        if any(len(line.split()) < FEWEST_WORDS for line in self.says[:2]):
            return "a line of the header says too little"
        return None


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
