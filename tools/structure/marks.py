# SPDX-License-Identifier: MIT
"""Marks of what is there for speed alone: each names the row of a benchmark that would lose without it."""

import os
import re

import context_patch

from .scope import folders

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
MARK = re.compile(r"\b(Not inline|Inline|Kept): bench row (\w+(?:, recorded)?)\.")
DECLARATION = re.compile(r"[^;{]*[;{]")
NAME = re.compile(r"(\w+)\s*[(,;=\[]")
ATTRIBUTE = re.compile(r"__attribute__\(\([^()]*\b(?:noinline|always_inline|noipa|noclone|flatten|hot|cold)\b[^()]*\)\)\s*")
FLIPPED = {"Inline": re.compile(r"inline\s+" + ATTRIBUTE.pattern), "Not inline": ATTRIBUTE}
WITHOUT = "tests/bench/without"
FIGURES = "tests/bench/targets.tsv"  # a line for each row of the benchmark
HEAD = "| mark | file | it is | bench row | instructions | without it | more |"
ROW = re.compile(r"^\| `(\w+)` \| `([\w/.-]+)` \| ([\w ]+) \| (\w+(?:, recorded)?) \| ([\d,]+) \| ([\d,]+) \|", re.MULTILINE)

MARKED = folders("marks", "mm")
KERNEL = ("arch", "lib", "sync", "base", "mm", "record", "drivers", "proc", "desc", "ipc", "trap", "linux", "boot")


class Mark:
    """A mark: what has it, its file, how that is kept, and the row that pays without it."""

    def __init__(self, source, comment, match):
        self.path, self.text = source.path, source.text
        self.line = source.text.count("\n", 0, comment.start()) + 1
        self.how, self.row = match.groups()
        declared = DECLARATION.match(source.text, comment.end())
        self.begin, self.end = declared.span() if declared else (comment.end(), comment.end())
        name = NAME.search(ATTRIBUTE.sub("", self.text[self.begin : self.end]))
        self.name = name.group(1) if name else ""

    def key(self):
        """Returns what a row of the table has of it."""
        return self.name, self.path, self.how.lower(), self.row

    def without(self, root):
        """Returns (file, its text) without what the mark keeps: its attribute, or what its patch takes away."""
        if self.how in FLIPPED:
            return self.path, self.text[: self.begin] + FLIPPED[self.how].sub("", self.text[self.begin : self.end]) + self.text[self.end :]
        patch = context_patch.Patch(os.path.join(root, WITHOUT, self.name + ".patch"))
        with open(os.path.join(root, patch.path), encoding="utf-8") as file:
            return patch.path, patch.apply(file.read())


def marks_of(source):
    """Yields the marks of a file: each stands on one line, where grep finds it."""
    for comment in COMMENT.finditer(source.text) if source.is_c else ():
        match = MARK.search(comment.group())
        if match:
            yield Mark(source, comment, match)


def rows_of(document):
    """Returns {key of a mark: (position, instructions with it, instructions without it)} of a document's table."""
    return {match.groups()[:4]: (match.start(), *(int(cell.replace(",", "")) for cell in match.groups()[4:]))
            for match in ROW.finditer(document, max(document.find(HEAD), 0))}


def bench_rows(root):
    """Returns the names of the benchmark's rows."""
    path = os.path.join(root, FIGURES)
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as file:
        return {line.partition("\t")[0] for line in file if not line.startswith("#")}


def check_marks(root, sources):
    """Yields attributes for the compiler that no comment explains, marks that keep nothing or name no row of the benchmark, and
    comments that name a row and are no mark: what they say of it is not measured."""
    rows = bench_rows(root)
    remark = re.compile(r"\b(?:" + "|".join(sorted(filter(lambda row: "_" in row, rows))) + r")\b") if rows else None
    for source in sources:
        marks = list(marks_of(source))
        for mark in marks:
            if mark.row.partition(",")[0] not in rows:
                yield mark.path, mark.line, f"the benchmark has no row {mark.row}"
        for comment in COMMENT.finditer(source.text) if source.is_c and remark and source.within(*KERNEL) else ():
            if remark.search(comment.group()) and not MARK.search(comment.group()):
                yield source.path, source.text.count("\n", 0, comment.start()) + 1, "what is there for speed says 'Not inline: bench row NAME.'"
        for match in ATTRIBUTE.finditer(source.text) if MARKED.has(source) else ():
            if not any(mark.begin <= match.start() < mark.end for mark in marks):
                yield source.path, source.text.count("\n", 0, match.start()) + 1, "its comment says 'Not inline: bench row NAME.'"
        for mark in marks:
            try:
                if mark.without(root) == (mark.path, mark.text):
                    yield mark.path, mark.line, f"{mark.name or 'what follows'} has no such attribute"
            except (OSError, context_patch.Broken) as error:
                yield mark.path, mark.line, str(error)
