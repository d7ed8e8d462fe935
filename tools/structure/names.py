# SPDX-License-Identifier: MIT
"""The rule about names of functions: gdb, profiles and grep find one function by its name, not several."""

import collections
import os

from .scope import folders

LEFT = "tools/structure/same_names.txt"
FUNCTIONS = folders("function-names", "arch", "base", "boot", "drivers", "fs", "include", "ipc", "lib", "mm", "proc",
                    "sync", "trap")


def load_left(root):
    """Returns {name: in how many files it may be defined}, for the names that have yet to be changed."""
    path = os.path.join(root, LEFT)
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {name: int(count) for name, count in rows}


def definitions(sources):
    """Returns {name: {module: (path, line)}}. A .c file and its header are one module: a kernel that is built without
    the file gets an inline function of that name from the header."""
    found = collections.defaultdict(dict)
    for source in sources:
        if source.is_c and FUNCTIONS.has(source):
            for function in source.functions():
                found[function.name].setdefault(source.path[:-2], (source.path, function.line))
    return found


def check_names(root, sources):
    """Yields functions whose name another file defines too, and names in the list of these that have been changed."""
    left = load_left(root)
    found = definitions(sources)
    for name, places in sorted(found.items()):
        if len(places) > max(1, left.get(name, 1)):
            first, *others = sorted(places.values())
            for path, line in others:
                yield path, line, f"{name}() is defined in {first[0]} too: prefix it with the noun of its module"
    for name, count in left.items():
        if len(found.get(name, ())) < count:
            yield LEFT, 0, f"{name} is defined in fewer than {count} files: lower the number, or take it off if that is 1"
