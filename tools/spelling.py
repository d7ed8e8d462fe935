# SPDX-License-Identifier: MIT
"""Suggests known names that are similar to an unknown one."""

import difflib
import fnmatch
import re
import shlex

SHOWN = 3
LIKE = 0.7  # difflib's ratio: allows one error in a short word, two in a long one


def likeness(word, name):
    """Returns how similar a word is to a name, to the name's beginning or to one of the words in it."""
    parts = [name, name[: len(word)], *re.split(r"[^A-Za-z0-9]+", name)]
    return max(difflib.SequenceMatcher(None, word, part).ratio() for part in parts)


def near(pattern, known):
    """Returns the known names most similar to a word or pattern, the nearest first."""
    word = pattern.replace("*", "").replace("?", "")
    found = sorted(((-likeness(word, name), name) for name in known), key=lambda pair: (pair[0], len(pair[1])))
    return [name for ratio, name in found if -ratio >= LIKE][:SHOWN]


def explain(what, word, known, otherwise):
    """Returns a message that no `what` has this name. It suggests similar names or, if there are none, `otherwise`."""
    names = [shlex.quote(name) for name in near(word, known)]
    return f"no {what} is called '{word}': {'say ' + ' or '.join(names) if names else otherwise}"


def matching(pattern, known):
    """Returns the known names that match a pattern, in their order."""
    return [name for name in known if fnmatch.fnmatchcase(name, pattern)]
