# SPDX-License-Identifier: MIT
"""Finds lines that submissions share with each other and with the solutions that are published: what a teacher reads first."""

import itertools
import os
import re
import tempfile

from grader.lab import Wrong
from labs import trees

LETTERS = 8  # that a line has at least: others, such as `return 0;`, say nothing
FEWEST = 6  # lines that two have in common
SHOWN = 30  # per cent of the shorter one
MUCH = 50  # the same, of which the output tells
COMMENT = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
LETTER = re.compile(rb"\w")
TREE = "this tree"
SECOND = "second.patch"
HEAD = ["submission", "lines", "other", "lines_of_the_other", "shared", "percent"]


def lines_of(text):
    """Returns the lines of a source that say something, without comments and spaces, as a set."""
    lines = (b"".join(line.split()) for line in COMMENT.sub(b"", text).split(b"\n"))
    return {line for line in lines if len(LETTER.findall(line)) >= LETTERS}


def own_lines(texts, start):
    """Returns the lines of files {name: bytes} that those of the start have not."""
    return frozenset(set().union(*map(lines_of, texts.values())) - set().union(*map(lines_of, start.values())))


def read(folder, names):
    """Returns {name: bytes} of files in a folder."""
    texts = {}
    for name in names:
        with open(os.path.join(folder, name), "rb") as file:
            texts[name] = file.read()
    return texts


def published(root, lab, start):
    """Returns {name: lines} of the solutions that anybody can find."""
    found = {}
    for name, kind in ((TREE, "reference"), (SECOND, "second")):
        with tempfile.TemporaryDirectory(prefix="faultline-lab-") as folder:
            try:
                trees.solution(root, lab, kind, folder)
            except Wrong as wrong:
                raise Wrong(f"{name} cannot be compared: {wrong}") from None
            found[name] = own_lines(read(folder, lab.files()), start)
    return found


def row(name, lines, other, others_lines):
    """Returns the row of two sets of lines, or None if they have little in common."""
    shared, shorter = len(lines & others_lines), min(len(lines), len(others_lines))
    if shared < FEWEST or shared * 100 < shorter * SHOWN:
        return None
    return [name, len(lines), other, len(others_lines), shared, shared * 100 // shorter]


def rare(lines_of_each):
    """Returns the sets of lines {name: lines} without those that many have: everybody finds these."""
    many, counts = max(4, len(lines_of_each) // 3), {}
    for line in itertools.chain.from_iterable(lines_of_each.values()):
        counts[line] = counts.get(line, 0) + 1
    return {name: {line for line in lines if counts[line] <= many} for name, lines in lines_of_each.items()}


def rows(lines_of_each, known):
    """Returns the rows of all pairs of submissions {name: lines}, and of each with the published solutions, those with most in
    common first."""
    found = [row(name, lines, other, theirs) for name, lines in lines_of_each.items() for other, theirs in known.items()]
    few = rare(lines_of_each)
    found += [row(one, few[one], other, few[other]) for one, other in itertools.combinations(sorted(few), 2)]
    return sorted((one for one in found if one), key=lambda one: (-one[5], -one[4], one[0], one[2]))


def summary(found):
    """Returns a line for people."""
    much = [one for one in found if one[5] >= MUCH]
    with_known = len({one[0] for one in much if one[2] in (TREE, SECOND)})
    pairs = sum(one[2] not in (TREE, SECOND) for one in much)
    return f"{pairs} pairs of submissions share half of their lines or more, and {with_known} submissions share so many with a published solution"
