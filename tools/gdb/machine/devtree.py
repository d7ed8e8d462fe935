# SPDX-License-Identifier: MIT
"""Finds the harts in a flattened device tree. Independent of gdb."""

import struct

MAGIC = 0xD00DFEED
HEADER = 40
MOST = 1 << 20
BEGIN, END, PROPERTY, NOP, LAST = 1, 2, 3, 4, 9


def size_of(header):
    """Returns the size of the tree whose first bytes these are, or None if they are no device tree's."""
    if len(header) < HEADER:
        return None
    magic, size = struct.unpack_from(">II", header)
    return size if magic == MAGIC and HEADER <= size <= MOST else None


def tokens(blob):
    """Yields (depth, name, properties) of each node, parents first; ends where the tree is broken."""
    structs, strings = struct.unpack_from(">II", blob, 8)
    at, path = structs, []
    while at + 4 <= len(blob):
        token = struct.unpack_from(">I", blob, at)[0]
        at += 4
        if token == BEGIN:
            end = blob.find(b"\0", at)
            if end < 0:
                return
            path.append((len(path), blob[at:end].decode(errors="replace"), {}))
            at = end + 4 & ~3
        elif token == PROPERTY and path and at + 8 <= len(blob):
            length, name = struct.unpack_from(">II", blob, at)
            end = blob.find(b"\0", strings + name)
            path[-1][2][blob[strings + name : end].decode(errors="replace")] = blob[at + 8 : at + 8 + length]
            at += 8 + length + 3 & ~3
        elif token == END and path:
            yield path.pop()
        elif token != NOP:
            return


def harts(blob):
    """Returns the ids of the harts that the tree names, sorted."""
    return sorted(int.from_bytes(properties["reg"], "big") for depth, name, properties in tokens(blob)
                  if depth == 2 and name.startswith("cpu@") and properties.get("reg"))
