# SPDX-License-Identifier: MIT
"""Sets a variable in programs that are linked already; it selects the bug."""

import errno
import struct
import time

SHT_SYMTAB = 2
PATIENCE = 5.0  # seconds until a killed process is gone


def sections(data):
    """Returns (type, address, offset, size, link) of each section of a 64-bit ELF file."""
    shoff, = struct.unpack_from("<Q", data, 40)
    shentsize, shnum = struct.unpack_from("<HH", data, 58)
    table = (struct.unpack_from("<IIQQQQI", data, shoff + number * shentsize) for number in range(shnum))
    return [(kind, addr, offset, size, link) for _name, kind, _flags, addr, offset, size, link in table]


def offset_of(path, symbol):
    """Returns the offset of a variable in the file, or None if the program, or what else it is, does not have it."""
    with open(path, "rb") as file:
        data = file.read()
    table = sections(data) if data.startswith(b"\x7fELF") else []
    for kind, _addr, start, size, link in table:
        if kind != SHT_SYMTAB:
            continue
        names = table[link][2]
        for at in range(start, start + size - 23, 24):
            name, _info, _other, shndx, value, _length = struct.unpack_from("<IBBHQQ", data, at)
            end = data.find(b"\0", names + name)
            if data[names + name:end] == symbol.encode() and 0 < shndx < len(table):
                return table[shndx][2] + value - table[shndx][1]
    return None


def open_idle(path):
    """Opens a program for writing. Waits until no process runs it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return open(path, "r+b")
        except OSError as error:
            if error.errno != errno.ETXTBSY or time.monotonic() > deadline:
                raise
        time.sleep(0.05)


class Programs:
    """Programs that were built with numbered call sites."""

    def __init__(self, paths, symbol):
        found = ((path, offset_of(path, symbol)) for path in paths)
        self.places = [(path, offset) for path, offset in found if offset is not None]

    def set(self, number):
        """Sets the number in all of them."""
        for path, offset in self.places:
            with open_idle(path) as file:
                file.seek(offset)
                file.write(struct.pack("<I", number))
