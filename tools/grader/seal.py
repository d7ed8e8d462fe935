# SPDX-License-Identifier: MIT
"""Finds out whether a compilation has read what a submission may not: files beside its tree, its build and the system's
compilers. tools/grader/sealed-cc has each command leave behind what it read: OBJECT.d for the C compiler, OBJECT.asm.d for
the assembler, PROGRAM.link.d for the linker. Code that is compiled can neither write nor remove these files."""

import os
import re

OF_C, OF_ASSEMBLER, OF_LINKER = ".o.d", ".o.asm.d", ".link.d"
WORD = re.compile(r"(?:\\[ \t#:\\]|\$\$|\S)+")
ESCAPED = re.compile(r"\\([ \t#:\\])|\$(\$)")
PLAIN = re.compile(r"[\w./+<>@-]+")
MACHINE = ("/proc", "/dev", "/sys")  # what a name means there depends on who asks
COMPILER = "tools/grader/sealed-cc"


class Outside(Exception):
    """A submission reads a file that it may not read: `path`."""

    def __init__(self, path):
        super().__init__("its sources name files that are neither of the lab's tree nor of the compiler")
        self.path = path


def read_by(path):
    """Returns the names that a dependency file tells: what follows the target of each rule. None for no file."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            rules = file.read().replace("\\\n", " ").split("\n")
    except FileNotFoundError:
        return []
    return [ESCAPED.sub(lambda match: match.group(1) or match.group(2), word)
            for rule in rules for word in WORD.findall(rule)[1:]]


def is_written(path):
    """Returns whether there is a file that is not empty."""
    return os.path.exists(path) and os.path.getsize(path) > 0


def lies_in(path, folders):
    """Returns whether a path is one of these folders, or in one."""
    return any(path == folder or path.startswith(folder.rstrip("/") + "/") for folder in folders)


def is_inside(name, cwd, folders):
    """Returns whether a name that a command in the folder `cwd` has read is in one of the folders, wherever links lead. A name
    of no file is: the assembler also tells names that code has given to itself."""
    path = "/"
    for part in os.path.join(os.path.realpath(cwd), name).split("/"):
        path = os.path.realpath(os.path.join(path, part))
        if lies_in(path, MACHINE):
            return False
    return lies_in(path, folders) if os.path.exists(path) else bool(PLAIN.fullmatch(name))


def check(build, folders, succeeded):
    """Examines what the commands in a build folder have read. Raises Outside if one has read something that is neither in the
    build nor in one of the folders. Returns whether all have told; without that, what they have printed may be of any file."""
    folders = [os.path.realpath(folder) for folder in (build, *folders)]
    told, known = True, set()  # names that lie inside: most files read the same headers
    for at, _, names in os.walk(build):
        for name in names:
            path = os.path.join(at, name)
            if name.endswith((OF_C, OF_ASSEMBLER, OF_LINKER)):
                new = set(read_by(path)) - known
                outside = next((one for one in sorted(new) if not is_inside(one, build, folders)), None)
                if outside is not None:
                    raise Outside(outside)
                known |= new
            began = name.endswith(OF_ASSEMBLER) or (succeeded and name.endswith(".o"))
            unit = path.removesuffix(OF_ASSEMBLER).removesuffix(".o")
            told = told and not (began and not all(is_written(unit + ending) for ending in (OF_C, OF_ASSEMBLER)))
    return told
