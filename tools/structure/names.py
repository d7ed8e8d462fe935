# SPDX-License-Identifier: MIT
"""The rule about names of functions: gdb, profiles and grep find one function by its name, not several. It covers the
programs of user/ too. Each program has a main(), and each image a boot_payload(). user/lib/sys.h has the names of the calls as the kernel has them. It does not cover
tests/."""

import collections

from .scope import folders

FUNCTIONS = folders("function-names", "arch", "base", "boot", "desc", "drivers", "include", "ipc", "lib", "mm", "proc",
                    "record", "linux", "sync", "trap", "user")
CALLS = "user/lib/sys.h"
ONE_EACH = ("main", "boot_payload")


def definitions(sources):
    """Returns {name: {module: (path, line)}}. A .c file and its header are one module: a kernel that is built without
    the file gets an inline function of that name from the header."""
    found = collections.defaultdict(dict)
    for source in sources:
        if source.is_c and FUNCTIONS.has(source) and source.path != CALLS:
            for function in source.functions():
                if function.name in ONE_EACH:
                    continue
                found[function.name].setdefault(source.path[:-2], (source.path, function.line))
    return found


def check_names(_root, sources):
    """Yields functions whose name another file defines too."""
    for name, places in sorted(definitions(sources).items()):
        first, *others = sorted(places.values())
        for path, line in others:
            yield path, line, f"{name}() is defined in {first[0]} too: prefix it with the noun of its module"
