# SPDX-License-Identifier: MIT
"""The rules that includes point one way: a folder may include only folders below it, and so nothing of the core includes the
Linux layer."""

import os

from .scope import folders

BASE = ["include", "lib", "arch/include", "sync", "base"]
ARCH, IMPL = "arch/riscv", "arch/riscv/impl"
LAYERS_ARCH, LAYERS_IMPL = "linux/arch/riscv", "linux/arch/riscv/impl"
CORE = ["mm", "record", "drivers", "proc", "desc", "ipc", "trap"]
PROCESSES = ["linux/arch", "linux/mem", "linux/process", "linux/signal", "linux/job", "linux/ptrace", "linux/time"]
FILES = ["linux/fs", "linux/mqueue"]
SHARED = ["lib/p9", "lib/tty"]  # the wire format of 9P, and the line discipline, are for servers, too
LINUX = [*SHARED, *PROCESSES, "linux/sysv", *FILES, "linux/fs/p9", "linux/sys"]
MAY_INCLUDE = {
    **{folder: set(BASE[:number]) for number, folder in enumerate(BASE)},
    **{folder: {"include", "lib"} for folder in SHARED},
    ARCH: set(BASE),
    LAYERS_ARCH: {*BASE, ARCH, "linux/arch"},
    "mm": set(BASE),
    "record": {*BASE, "mm"},
    "drivers": {*BASE, "mm"},
    "proc": {*BASE, "mm", "record"},
    "desc": {*BASE, "mm", "record", "proc"},
    "ipc": {*BASE, "mm", "record", "proc", "desc"},
    "trap": {*BASE, *CORE},
    **{folder: {*BASE, *CORE, *PROCESSES} for folder in PROCESSES},
    "linux/sysv": {*BASE, *CORE, *PROCESSES},
    **{folder: {*BASE, "lib/tty", *CORE, *PROCESSES, "linux/sysv", *FILES} for folder in FILES},
    "linux/fs/p9": {*BASE, "lib/p9", *CORE, *PROCESSES, "linux/sysv", *FILES},
    "linux/sys": {*BASE, *CORE, *LINUX},
    "boot": {*BASE, *CORE},
    "linux": {*BASE, *CORE, *LINUX, "boot"},
    "tests/kernel": {*BASE, *CORE, "boot"},
    "tests/kernel/alone": {*BASE, *CORE, "boot", "tests/kernel"},
    "tests/kernel/linux": {*BASE, *CORE, *LINUX, "boot", "tests/kernel"},
    "user": {"include", "lib", *SHARED},
    "tools/strict": {"include", "lib"},
}
FOLDERS = folders("include-directions", *MAY_INCLUDE)
SEARCHED = ["", "include", "arch/include", IMPL, LAYERS_IMPL]
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h", "limits.h", "stdalign.h", "stdnoreturn.h"}
HOSTED = {"string.h": "lib/string.h"}  # which includes the C library's on the host


def folder_of(path):
    """Returns the folder of the table that a file belongs to, or None."""
    for folder in sorted(MAY_INCLUDE, key=len, reverse=True):
        if path.startswith(folder + "/"):
            return folder
    return None


def resolve(source, name, known):
    """Finds the file that an include names, as the compiler does."""
    beside = os.path.normpath(os.path.join(os.path.dirname(source.path), name))
    for path in [beside, *(os.path.normpath(os.path.join(folder, name)) for folder in SEARCHED)]:
        if path in known:
            return path
    return None


def judge(source, target):
    """Returns what is wrong if one file includes another, or None."""
    own, other = folder_of(source.path), folder_of(target)
    if target.startswith((IMPL + "/", LAYERS_IMPL + "/")):
        allowed = own in ((ARCH, "arch/include") if target.startswith(IMPL) else (LAYERS_ARCH, "linux/arch"))
        return None if allowed else "only arch/include/arch and linux/arch may include what each arch supplies"
    if own == other or other is None or other in MAY_INCLUDE[own]:
        return None
    if target.startswith("linux/"):
        return "the core does not include the Linux layer"
    return f"{own} may not include {other}"


def check_directions(sources):
    """Yields each include that points the wrong way."""
    known = {source.path for source in sources}
    for source in sources:
        if folder_of(source.path) is None:
            continue
        for line, name, system in source.includes():
            target = None if system else resolve(source, name, known)
            hosted = folder_of(source.path) == "user" or source.path == HOSTED.get(name)
            if system and name not in FREESTANDING and not hosted:
                yield source.path, line, f"<{name}> is no freestanding header"
            elif target and judge(source, target):
                yield source.path, line, f"{judge(source, target)} ({name})"


def check_cycles(sources):
    """Yields each header that includes itself through others."""
    known = {source.path: source for source in sources}
    edges = {path: [(line, resolve(source, name, known)) for line, name, system in source.includes() if not system]
             for path, source in known.items()}
    done = set()

    def visit(path, trail):
        for line, target in edges.get(path, ()):
            if target in trail:
                yield path, line, "a cycle: " + " -> ".join([*trail[trail.index(target) :], target])
            elif target and target not in done:
                yield from visit(target, [*trail, target])
        done.add(path)

    for path in sorted(known):
        if path not in done:
            yield from visit(path, [path])
