# SPDX-License-Identifier: MIT
"""Source files for the rules: their text, their code without comments, and their functions."""

import os
import re

from . import files

SUFFIXES = (".c", ".h", ".S", ".ld", ".py", ".sh", ".ini", "meson.build", "meson_options.txt")
SCRIPT_FOLDERS = ("tools", "tools/oracle", ".", ".ci")
EXEMPT = ("vmbench.c",)  # adopted unchanged
NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)
FUNCTION_NAME = re.compile(r"(\w+)\s*\(")


class Function:
    """A C function: its name, the line of its opening brace, and the lines of its body."""

    def __init__(self, name, line, body):
        self.name = name
        self.line = line
        self.body = body


class Source:
    """One source file."""

    def __init__(self, root, path):
        self.path = path
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            self.text = file.read()
        self.lines = self.text.split("\n")
        self.is_c = path.endswith((".c", ".h"))
        self.is_python = path.endswith(".py") or (self.lines[0].startswith("#!") and "python" in self.lines[0])
        self.code = NOT_CODE.sub(blank, self.text) if path.endswith((".c", ".h", ".S")) else self.text

    def within(self, *folders):
        """Returns whether the file is in one of these folders."""
        return any(self.path.startswith(folder + "/") for folder in folders)

    def find(self, pattern):
        """Yields (line, match) of a pattern in the code, without comments and strings."""
        for match in pattern.finditer(self.code):
            yield self.code.count("\n", 0, match.start()) + 1, match

    def includes(self):
        """Yields (line, name, whether in angle brackets) of each #include."""
        for match in INCLUDE.finditer(self.text):
            yield self.text.count("\n", 0, match.start()) + 1, match.group(2), match.group(1) == "<"

    def functions(self):
        """Yields the functions of a C file in the kernel's style: braces in the first column."""
        lines, begin = self.code.split("\n"), None
        for number, line in enumerate(lines):
            if line.rstrip() == "{" and number > 0 and head_of(lines, number):
                begin, name = number, head_of(lines, number)
            elif line.startswith("}") and begin is not None:
                yield Function(name, begin + 1, lines[begin + 1 : number])
                begin = None


def blank(match):
    """Replaces a comment by blanks and a string by an empty one; keeps line breaks."""
    text = match.group()
    if text[0] in "\"'":
        return text[0] * 2
    return re.sub(r"[^\n]", " ", text)


def head_of(lines, brace):
    """Returns the name of the function whose body begins at that line, or None."""
    head = ""
    for number in range(brace - 1, max(brace - 12, -1), -1):
        line = lines[number]
        if not line.strip() or line.rstrip().endswith((";", "}")) or line.startswith("#"):
            break
        head = line + " " + head
        if not line[:1].isspace():
            break
    match = FUNCTION_NAME.search(re.sub(r"__attribute__\s*\(\(.*?\)\)|_Alignas\([^)]*\)", "", head))
    return match.group(1) if match and "=" not in head else None


def is_script(root, path):
    """Returns whether a file without a suffix is one of the project's scripts."""
    if "." in os.path.basename(path) or (os.path.dirname(path) or ".") not in SCRIPT_FOLDERS:
        return False
    with open(os.path.join(root, path), "rb") as file:
        return file.read(2) == b"#!"


def load(root):
    """Reads the project's source files; returns them sorted by path."""
    found = []
    for path in files.load(root):
        if os.path.basename(path) in EXEMPT or os.path.islink(os.path.join(root, path)):
            continue
        if path.endswith(SUFFIXES) or is_script(root, path):
            found.append(Source(root, path))
    return found
