# SPDX-License-Identifier: MIT
"""Says of a name that nobody knows what it may have been meant to be."""

import difflib
import fnmatch
import re
import shlex

SHOWN = 3
LIKE = 0.7  # of difflib's ratio: an error in a short word, two in a long one


def likeness(word, name):
    """Gives how much a word is like a name, like its beginning, or like one of the words in it."""
    parts = [name, name[: len(word)], *re.split(r"[^A-Za-z0-9]+", name)]
    return max(difflib.SequenceMatcher(None, word, part).ratio() for part in parts)


def near(pattern, known):
    """Gives the known names that are most like a word or pattern, the nearest first."""
    word = pattern.replace("*", "").replace("?", "")
    found = sorted(((-likeness(word, name), name) for name in known), key=lambda pair: (pair[0], len(pair[1])))
    return [name for ratio, name in found if -ratio >= LIKE][:SHOWN]


def explain(what, word, known, otherwise):
    """Says that no `what` has this name and what to say instead: the names like it, else what `otherwise` says."""
    names = [shlex.quote(name) for name in near(word, known)]
    return f"no {what} is called '{word}': {'say ' + ' or '.join(names) if names else otherwise}"


def matching(pattern, known):
    """Gives the known names that match a pattern, in their order."""
    return [name for name in known if fnmatch.fnmatchcase(name, pattern)]
