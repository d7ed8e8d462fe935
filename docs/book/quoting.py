# SPDX-License-Identifier: MIT
"""Finds a function of the sources, by its file and name, for what quotes it."""

import os

from structure import source


class Missing(Exception):
    """There is no such file, or no such function in it."""


def first_line(lines, brace):
    """Returns the index of the first line of a function, with the comment above it, whose brace is in line `brace`."""
    first = brace
    while first > 0 and lines[first - 1].strip() and not lines[first - 1].startswith(("}", "#")):
        first -= 1
    return first


def quote(root, place):
    """Returns (the path, the number of the first line, the text) of "path:name()"."""
    path, _, name = place.partition(":")
    name = name.removesuffix("()")
    if not os.path.isfile(os.path.join(root, path)):
        raise Missing(f"{path}: no such file")
    file = source.Source(root, path)
    for function in file.functions():
        if function.name == name:
            brace = function.line - 1
            first = first_line(file.lines, brace)
            return path, first + 1, "\n".join(file.lines[first : brace + len(function.body) + 2])
    raise Missing(f"{path} has no function {name}()")
