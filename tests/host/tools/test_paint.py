#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the runner shows the kernel's log on a terminal: wrapped, coloured, and nothing lost."""

import os

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from runner import paint

WARNING = b"[    0.054300] trap: warning:   above it: 0x10000-0x71000 r-xp elf, of the image"


def wanted(**names):
    """Tells whether colour is wanted with these variables in the environment."""
    before = dict(os.environ)
    for name in ("NO_COLOR", "TERM"):
        os.environ.pop(name, None)
    os.environ.update(names)
    try:
        return paint.wants_colour()
    finally:
        os.environ.clear()
        os.environ.update(before)


@case
def a_line_that_fits_stays_whole():
    for columns in (len(WARNING), len(WARNING) + 1):
        equal([WARNING], paint.paint(WARNING, columns, False), f"in {columns} columns")


@case
def a_longer_line_is_wrapped_at_words_and_indented():
    equal([b"[    0.054300] trap: warning:   above it: 0x10000-0x71000 r-xp elf,", b" " * 17 + b"of the image"],
          paint.paint(WARNING, 68, False), "rows")
    equal([b"[    0.054300] trap: warning:   above", b" " * 10 + b"it: 0x10000-0x71000 r-xp elf,", b" " * 10 + b"of the image"],
          paint.paint(WARNING, 40, False),
          "rows in a narrow window")


@case
def no_word_is_lost_at_any_width():
    for columns in range(1, 100):
        rows = paint.paint(WARNING, columns, False)
        equal(WARNING.split(), b" ".join(rows).split(), f"words in {columns} columns")
        # A word alone in its row may be wider than that: the terminal wraps it.
        wide = [row for row in rows[1:] if len(row) > columns and len(row.split()) > 1]
        equal([], wide, f"rows wider than {columns} columns")


@case
def wide_characters_take_two_columns():
    line = "[    0.054300] trap: warning: 内存程序[2] killed".encode()
    equal(["[    0.054300] trap: warning: 内存程序[2]".encode(), b" " * 10 + b"killed"], paint.paint(line, 42, False), "rows")


@case
def bytes_that_are_no_text_stay_as_they_are():
    equal([b"[    0.054300] a: \xff\xfe warning"], paint.paint(b"[    0.054300] a: \xff\xfe warning", 80, True), "rows")


@case
def warnings_are_yellow_errors_and_panics_red():
    for text, code in ((b"trap: warning: w", b"33"), (b"log: error: e", b"31"), (b"kernel panic: p", b"31"),
                       (b"panic: panic: p", b"31")):
        line = b"[    0.054300] " + text
        equal([b"\033[" + code + b"m" + line + b"\033[39m"], paint.paint(line, 80, True), "line")
    equal(b"\033[33m", paint.paint(WARNING, 68, True)[0][:5], "begin of the first row")
    equal(b" " * 17 + b"of the image\033[39m", paint.paint(WARNING, 68, True)[1], "the last row")


@case
def other_lines_have_no_colour():
    for line in (b"[    0.054300] boot: hello", b"[    0.054300] boot: a warning: in the text", b"OpenSBI v1.1 warning: x",
                 b"run.sh: trap: warning: x", b""):
        equal([line], paint.paint(line, 80, True), "line")


@case
def colour_is_for_those_who_want_it():
    equal(True, wanted(TERM="xterm"), "on a terminal")
    equal(True, wanted(TERM="xterm", NO_COLOR=""), "with an empty NO_COLOR")
    equal(False, wanted(TERM="xterm", NO_COLOR="1"), "with NO_COLOR")
    equal(False, wanted(TERM="dumb"), "on a dumb terminal")
    equal(False, wanted(), "without TERM")


@case
def a_terminal_without_a_size_has_80_columns():
    master, slave = os.openpty()
    equal(80, paint.terminal_columns(slave), "of a new terminal")
    os.close(master)
    os.close(slave)
    equal(80, paint.terminal_columns(slave), "of none")


main()
