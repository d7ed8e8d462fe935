# SPDX-License-Identifier: MIT
"""Shows a line of the kernel's log on a terminal: wrapped at words, and in colour where it is a warning or worse."""

import os
import re

HEAD = re.compile(r"\[ *\d+\.\d+\]")
LEVEL = re.compile(r"(?:[^:]*: (warning|error|panic)|kernel (panic)): ")
COLOURS = {"warning": "33", "error": "31", "panic": "31"}  # yellow, red
DEFAULT_COLUMNS = 80
INDENT = 17  # columns: two more than the time takes; less in a narrow window


def wants_colour():
    """Tells whether the user's environment allows colour on a terminal."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") not in ("", "dumb")


def terminal_columns(fd):
    """Gives the width of a terminal now, which may not know it."""
    try:
        return os.get_terminal_size(fd).columns or DEFAULT_COLUMNS
    except OSError:
        return DEFAULT_COLUMNS


def width_of(text):
    """Gives the number of columns that a text takes."""
    if text.isascii():
        return len(text)
    import unicodedata  # names of programs are rarely anything else

    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def wrap(text, columns):
    """Cuts a line into rows at its blanks. A word that is wider than a row is left to the terminal."""
    head = HEAD.match(text).group()
    indent = " " * min(INDENT, columns // 4)
    rows, row, used = [], head, width_of(head)
    for word in re.findall(r" *[^ ]+", text[len(head) :]):
        width = width_of(word)
        if used + width > columns:
            rows.append(row)
            row, word = indent, word.lstrip(" ")
            used, width = len(indent), width_of(word)
        row, used = row + word, used + width
    return rows + [row]


def paint(line, columns, colour):
    """Gives the rows of a line as bytes; what is no line of the kernel's is left as it is."""
    text = line.decode(errors="surrogateescape")
    head = HEAD.match(text)
    if not head:
        return [line]
    level = LEVEL.match(text, head.end() + 1) if colour else None
    rows = wrap(text, columns)
    if level:
        rows[0] = f"\033[{COLOURS[level.group(1) or level.group(2)]}m" + rows[0]
        rows[-1] += "\033[39m"  # the colour alone: the rest is as the program left it
    return [row.encode(errors="surrogateescape") for row in rows]
