# SPDX-License-Identifier: MIT
"""The rule about sleeps of tests: none stands for an event."""

import re

from .scope import folders

GUESTS = folders("naps", "tests/user", "tests/system/guest")
NAP = re.compile(r"^[ \t]+(?:nap|usleep|sleep)\([\d\s*+A-Z_]+\);", re.MULTILINE)
LOOP = re.compile(r"(?:\b(?:for|while|UNTIL)|for_each\w*)\s*$")
WORD = re.compile(r"\b(?:if|else|do)\s*$")


def opener(code, at, begins, ends):
    """Returns where the bracket begins that is not closed before `at`; -1 if there is none."""
    depth = 0
    for at in range(at - 1, -1, -1):
        depth += (code[at] == ends) - (code[at] == begins)
        if depth < 0:
            return at
    return -1


def in_loop(code, at):
    """Returns whether a statement is in a loop of its function, with braces around it or without."""
    while at > 0:
        code = code[:at].rstrip()
        if code.endswith(")"):  # a head, of a statement or of a function
            code = code[: opener(code, len(code) - 1, "(", ")")]
            if LOOP.search(code):
                return True
        elif re.search(r"\bdo$", code):
            return True
        elif not code.endswith("{") and not WORD.search(code):  # another statement: what is around both?
            code = code[: opener(code, len(code), "{", "}") + 1]
        if code.endswith("\n{"):  # that of the function
            return False
        word = WORD.search(code)
        at = word.start() if word else len(code) - code.endswith("{")
    return False


def has_reason(source, line):
    """Returns whether a comment is at the end of a line, or just above it."""
    above = source.lines[line - 2].rstrip()
    return "/*" in source.lines[line - 1] or above.endswith("*/")


def check_naps(sources):
    """Yields sleeps of a fixed time outside of loops, without a reason."""
    for source in sources:
        if source.is_c and GUESTS.has(source):
            for line, match in source.find(NAP):
                line += match.group().startswith("\n")
                if not in_loop(source.code, match.start()) and not has_reason(source, line):
                    yield source.path, line, "wait for the event (until_it_sleeps, UNTIL), or say what the time is for"
