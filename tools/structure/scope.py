# SPDX-License-Identifier: MIT
"""Which files a rule is about. One that matches no file checks nothing: a file has moved, and the rule did not."""

import fnmatch
import re

ALL = []


class Scope:
    """The files that a rule is about, as globs of their paths; * matches / as well."""

    def __init__(self, rule, *globs):
        self.rule = rule
        self.globs = globs
        self.pattern = re.compile("|".join(fnmatch.translate(glob) for glob in globs))
        ALL.append(self)

    def has(self, source):
        """Tells whether a file is one of them."""
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
