# SPDX-License-Identifier: MIT
"""Compares a lab's handout with the tree that its students get: the functions, fields, files and tests that it names are there."""

import os
import re

from labs import trees
from structure import files

SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
CALL = re.compile(r"\b([A-Za-z_]\w*)\(\)")
NAME = re.compile(r"\b[A-Za-z]\w*_\w+\b")
FIELD = re.compile(r"\b[a-z_]\w*->\w+\b")
PATH = re.compile(r"[\w.-]+(?:/[\w.*-]+)+/?")
WORD = re.compile(rb"[A-Za-z_]\w*(?:->\w+)?")
TESTS = re.compile(r"\*Tests?:\*(.*?)(?=\n\n|\n\d+\. |\Z)|\*测试：?\*(.*?)(?=\n\n|\n\d+\. |\Z)", re.DOTALL)
END = re.compile(r"`[.。]")  # of the sentence that names the tests
MADE = ("build/", "lab/")  # folders that a student has in the end
OF_XV6 = ("copyin", "copyout", "uvmcopy")  # which handouts compare with
BINARY = (".png", ".svg", ".dtb", ".bin")


def words_in(path):
    """Returns the words of a file, and its fields as `a->b`."""
    with open(path, "rb") as file:
        text = file.read()
    found = set(WORD.findall(text))
    return found | {part for word in found for part in word.split(b"->")}


class Tree:
    """What students can find in the tree that they start from."""

    def __init__(self, root, lab, start):
        """`start` is a folder that has the lab's files as they are at the start."""
        self.paths, self.words = set(), set()
        is_core = trees.Made(lab).is_core
        for name in files.load(root):
            path = os.path.join(start, name) if name in lab.files() else os.path.join(root, name)
            if trees.is_left_out(name, is_core) or name.endswith(BINARY) or not os.path.isfile(path):
                continue
            self.paths.add(name)
            self.words |= words_of(path) if path.startswith(root + os.sep) else words_in(path)
        for folder in ("guest", "host"):
            for path in lab.programs(folder).values():
                self.words |= words_in(path)
        for name in ("points.txt", "expect.py", "../lib/lab.h", "second.patch"):  # and what a solution may add
            if os.path.exists(lab.path(name)):
                self.words |= words_in(lab.path(name))

    def tops(self):
        """Returns the folders at the top."""
        return {name.partition("/")[0] for name in self.paths if "/" in name}

    def has_word(self, word):
        """Returns whether a name, or a field as `a->b`, is there."""
        return word.encode() in self.words

    def has_path(self, path):
        """Returns whether there is a file or a folder of this name."""
        path = path.rstrip("/")
        return path in self.paths or any(name.startswith(path + "/") for name in self.paths)


KNOWN = {}  # words of a file of the teacher's tree, which is the same for all labs


def words_of(path):
    """Returns words_in() of a file that does not change meanwhile."""
    if path not in KNOWN:
        KNOWN[path] = words_in(path)
    return KNOWN[path]


def tests_named(text):
    """Returns the tests that the steps name, or parts of their names, in order: what is between backticks in the sentence
    "Tests:"."""
    found = [END.split((one or other) + " ")[0] + "`" for one, other in TESTS.findall(text)]
    return [" ".join(span.split()) for part in found for span in SPAN.findall(part.replace("\n", " ")) if not re.search(r"[/(<.]", span)]


def mistakes_in(text, tree, names):
    """Returns what a handout names and the tree does not have, each once."""
    found = []
    for span in SPAN.findall(text):
        found += [f"{name}() is nowhere" for name in CALL.findall(span) if not tree.has_word(name) and name not in OF_XV6]
        found += [f"{name} is nowhere" for name in FIELD.findall(span) if not tree.has_word(name)]
        if PATH.fullmatch(span) and "*" not in span and not span.startswith(MADE) and span.partition("/")[0] in tree.tops():
            found += [] if tree.has_path(span) else [f"{span}: no such file"]
        elif not PATH.fullmatch(span):
            found += [f"{name} is nowhere" for name in NAME.findall(CALL.sub(" ", FIELD.sub(" ", span))) if not tree.has_word(name)]
    found += [f"no test is called '{name}'" for name in tests_named(text) if not any(name in one for one in names)]
    return sorted(set(found))
