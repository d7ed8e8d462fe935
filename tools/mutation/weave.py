# SPDX-License-Identifier: MIT
"""Puts many bugs into one build: the original of each function that a patch changes, and a variant for each patch.

The variable mutant_number selects the variant that a call runs. It is changed in the programs' files, so that no bug
needs a compilation. A patch that changes more than the bodies of functions is compiled alone.
"""

import os
import re

from mutation import calls, patch
from structure import source

PARAMETER = re.compile(r"\(\*\s*(\w+)\)|(\w+)\s*(?:\[[^]]*\]\s*)*$")
REFUSED = re.compile(r"In function \W\w+__(\d+)\W:\n((?:.*\n)*?.* error: .*)")


class Text(source.Source):
    """A source file that exists only as text."""

    def __init__(self, text):  # pylint: disable=super-init-not-called
        self.text, self.lines, self.is_c = text, text.split("\n"), True
        self.code = source.NOT_CODE.sub(source.blank, text)


def pieces(text):
    """Splits a file into [(name, head, body)] of its functions, and the text before, between and after them."""
    file, between, found, at = Text(text), [], [], 0
    for function in file.functions():
        brace = function.line - 1
        head = brace - 1
        while head > at and file.lines[head - 1].strip() and not file.lines[head - 1].rstrip().endswith((";", "}", "*/")) \
                and not file.lines[head - 1].startswith("#"):
            head -= 1
        end = brace + len(function.body) + 2
        between.append("\n".join(file.lines[at:head]))
        found.append((function.name, "\n".join(file.lines[head:brace]), "\n".join(file.lines[brace:end])))
        at = end
    between.append("\n".join(file.lines[at:]))
    return found, between


def arguments(name, head):
    """Returns the names of the parameters in a function's head."""
    opening = re.search(rf"\b{name}\s*\(", head).end()
    depth, start, found = 1, opening, []
    for at in range(opening, len(head)):
        depth += (head[at] == "(") - (head[at] == ")")
        if depth == 0 or (depth == 1 and head[at] == ","):
            found.append(head[start:at].strip())
            start = at + 1
        if depth == 0:
            break
    matches = [PARAMETER.search(text) for text in found if text not in ("", "void")]
    return ", ".join(match.group(1) or match.group(2) for match in matches)


def renamed(name, head, number):
    """Returns a function's head with another name, made static."""
    head = re.sub(rf"\b{name}(\s*\()", rf"{name}__{number}\1", head, count=1)
    return head if re.search(r"\bstatic\b", head) else "static " + head


def woven(name, head, body, changed):
    """Returns a function with its variants: {number: (head, body)}."""
    words = arguments(name, head)
    returns = "" if re.search(rf"\bvoid\s+{name}\s*\(", head) else "return "
    text = [f"{head};", f"{renamed(name, head, 'good')}\n{body}"]  # it may call itself
    choices = []
    for number, (other, what) in changed.items():
        text.append(f"{renamed(name, other, number)}\n{what}")
        choices.append(f"\tif ({calls.SYMBOL} == {number}u) {{\n\t\t{returns}{name}__{number}({words});\n"
                       + ("" if returns else "\t\treturn;\n") + "\t}\n")
    return "\n".join(text) + f"\n{head}\n{{\n{''.join(choices)}\t{returns}{name}__good({words});\n}}"


def changes(text, bug):
    """Returns {index of a function: (head, body)} for a patch; None if it changes anything else."""
    before, outside = pieces(text)
    after, around = pieces(bug.apply(text))
    if outside != around or [one[:2] for one in before] != [one[:2] for one in after]:
        return None
    return {index: after[index][1:] for index, one in enumerate(before) if one != after[index]}


def refused(said):
    """Returns {number: the compiler's first error} of the variants that a build refuses, by what it says."""
    found = {}
    for part in re.split(r"^(?=.*In function )", said, flags=re.MULTILINE):
        match = REFUSED.search(part)
        if match:
            found.setdefault(int(match.group(1)), match.group(2).splitlines()[-1])
    return found


class Weaver:
    """The patches of a tree that can be in one build."""

    def __init__(self, root):
        self.texts, self.bugs, self.left = {}, [], []
        self.files = files = {}
        for number, bug in enumerate(patch.load(root)):
            path = os.path.join(root, bug.path)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            changed = changes(text, bug) if bug.path.endswith((".c", ".h")) else None
            if not changed:
                self.left.append(bug)
                continue
            bug.number = number
            self.bugs.append(bug)
            for index, what in changed.items():
                files.setdefault(bug.path, (text, {}))[1].setdefault(index, {})[number] = what
        self.weave_all()

    def weave_all(self):
        """Makes the texts of all files."""
        for path, (text, functions) in self.files.items():
            self.texts[path] = self.weave(text, functions)

    def drop(self, numbers):
        """Leaves some bugs out of the texts; returns them."""
        dropped = [bug for bug in self.bugs if bug.number in numbers]
        self.bugs = [bug for bug in self.bugs if bug not in dropped]
        for _, functions in self.files.values():
            for index, changed in functions.items():
                functions[index] = {number: what for number, what in changed.items() if number not in numbers}
        self.weave_all()
        return dropped

    @staticmethod
    def weave(text, functions):
        """Returns a file's text with all variants of its functions."""
        found, between = pieces(text)
        parts = [between[0]]
        for index, (name, head, body) in enumerate(found):
            parts.append(woven(name, head, body, functions[index]) if index in functions else f"{head}\n{body}")
            parts.append(between[index + 1])
        return calls.HEAD + "\n".join(parts)
