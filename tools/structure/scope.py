# SPDX-License-Identifier: MIT
"""The files that a rule applies to. A rule that matches no file is an error: its file may have moved."""

import fnmatch
import re

ALL = []


class Scope:
    """The files that a rule applies to, as globs of their paths. * also matches /."""

    def __init__(self, rule, *globs):
        self.rule = rule
        self.globs = globs
        self.pattern = re.compile("|".join(fnmatch.translate(glob) for glob in globs))
        ALL.append(self)

    def has(self, source):
        """Returns whether a file is one of them."""
        return bool(self.pattern.match(source.path))


def folders(rule, *names):
    """Makes the scope of all files below some folders."""
    return Scope(rule, *(name + "/*" for name in names))


def check_scopes(sources):
    """Yields each glob of a rule that matches no file."""
    for scope in ALL:
        for glob in scope.globs:
            if not any(fnmatch.fnmatchcase(source.path, glob) for source in sources):
                yield glob, 0, f"the rule {scope.rule} names it, and it matches no file"
