# SPDX-License-Identifier: MIT
"""How much code each room of the kernel has, and the table of docs/ARCHITECTURE.md that says so."""

import re

from .words import LAYERS

DOCUMENT = "docs/ARCHITECTURE.md"
HEAD = "| room | files | lines of code |"
ROW = re.compile(r"^\| (`[\w/]+`|\*\*[\w ]+\*\*) \| ([\d,]+) \| ([\d,]+) \|$", re.MULTILINE)
CORE = ("include", "lib", "arch", "sync", "base", "mm", "record", "proc", "desc", "ipc", "drivers", "trap", "boot")
LAYER = "linux"
SUM_OF_CORE = "**the core**"
ABI, SHARED = "include/abi", ("lib/p9", "lib/tty")  # what the first marks as the layer's is counted with it; the core includes nothing of the others
PARTED = ("mm", LAYER, f"{LAYER}/fs")  # whose folders are rooms of their own
FAR, PART = 100, 20  # a figure may differ by so many lines, or by this part
CODE = (".c", ".h", ".S")


def room_of(path):
    """Returns the room of a file, or None if it is not the kernel's."""
    top, *rest = path.split("/")
    if not path.endswith(CODE) or not rest or top not in (*CORE, LAYER):
        return None
    for shared in SHARED:
        if path.startswith(shared + "/"):
            return shared
    room = top
    while room in PARTED and len(rest) > 1:
        room += "/" + rest.pop(0)
    return room


def lines_of(code):
    """Returns how many lines are not empty, in text without comments."""
    return sum(1 for line in code.split("\n") if line.strip())


def parts_of(source):
    """Yields (room, code) of a file: two of a header of the ABI, if a part of it is the layer's."""
    room, marked = room_of(source.path), source.text.find(LAYERS) if source.within(ABI) else -1
    if room:
        yield room, source.code[:marked] if marked >= 0 else source.code
    if marked >= 0:
        yield ABI, source.code[marked:]


def measure(sources):
    """Returns {room: (files, lines that are neither empty nor comments)}, and the two sums."""
    found = {}
    for source in sources:
        for room, code in parts_of(source):
            files, lines = found.get(room, (0, 0))
            more = lines_of(code)
            found[room] = (files + bool(more), lines + more)
    tops = dict.fromkeys((ABI, *SHARED), LAYER)
    order = sorted(found, key=lambda room: ((*CORE, LAYER).index(tops.get(room, room.split("/")[0])), room))
    rows = {f"`{room}/`": found[room] for room in order}
    for name, part in ((SUM_OF_CORE, CORE), ("**the Linux layer**", (LAYER,))):
        rows[name] = tuple(map(sum, zip(*(found[room] for room in order if tops.get(room, room.split("/")[0]) in part))))
    return rows


def table(sources):
    """Returns the table's rows."""
    return "".join(f"| {room} | {files:,} | {lines:,} |\n" for room, (files, lines) in measure(sources).items())


def written(text, sources):
    """Returns the document with the table as it is now."""
    head = text.index(HEAD)
    begin = text.index("\n", text.index("\n", head) + 1) + 1
    return text[:begin] + table(sources) + text[text.index("\n\n", begin) + 1 :]


def judge(text, sources):
    """Yields (position, what is wrong) of each row that is missing, too many, or no longer about right."""
    head = text.find(HEAD)
    if head < 0:
        return
    rows = {match.group(1): match for match in ROW.finditer(text, head, text.find("\n\n", head) + 1)}
    actual = measure(sources)
    for room in (room for room in actual if room not in rows):
        yield head, f"{room} has no row: tools/rooms --write"
    for room, match in rows.items():
        told, lines = int(match.group(3).replace(",", "")), actual.get(room, (0, 0))[1]
        if abs(told - lines) > max(FAR, told // PART):
            yield match.start(), f"{room} has {lines:,} lines, not {told:,}: tools/rooms --write"
