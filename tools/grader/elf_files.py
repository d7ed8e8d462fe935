# SPDX-License-Identifier: MIT
"""Makes the program files that a point's program executes: a copy of a static program, with more segments (expect.py)."""

import struct

PAGE = 4096
R, W, X = 4, 2, 1
PT_LOAD = 1
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
HEADER_FIELDS = ("ident", "type", "machine", "version", "entry", "phoff", "shoff", "flags", "ehsize", "phentsize", "phnum",
                 "shentsize", "shnum", "shstrndx")
SEGMENT = struct.Struct("<IIQQQQQQ")
SEGMENT_FIELDS = ("type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align")
# ---- the smallest program ----
IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)
ET_EXEC, EM_RISCV = 2, 243
EXIT = struct.pack("<3I", 0x00000513, 0x05D00893, 0x00000073)  # li a0, 0; li a7, 93; ecall
SMALL_AT = 0x10000


def aligned(number):
    """Returns the number of bytes of as many whole pages."""
    return -number % PAGE + number


def smallest():
    """Returns a program that does nothing but end well."""
    header = HEADER.pack(IDENT, ET_EXEC, EM_RISCV, 1, SMALL_AT + HEADER.size + SEGMENT.size, HEADER.size, 0, 0, HEADER.size,
                         SEGMENT.size, 1, 0, 0, 0)
    size = HEADER.size + SEGMENT.size + len(EXIT)
    return header + SEGMENT.pack(PT_LOAD, R | X, 0, SMALL_AT, SMALL_AT, size, size, PAGE) + EXIT


class Maker:
    """A program file in the making. Its header, and each program header of its table, is a dictionary."""

    def __init__(self, program):
        self.header = dict(zip(HEADER_FIELDS, HEADER.unpack_from(program)))
        at, count = self.header["phoff"], self.header["phnum"]
        self.table = [dict(zip(SEGMENT_FIELDS, SEGMENT.unpack_from(program, at + i * SEGMENT.size))) for i in range(count)]
        self.bytes = bytearray(program)
        self.add_table()

    def loaded(self):
        """Returns the segments that exec maps."""
        return [one for one in self.table if one["type"] == PT_LOAD]

    def add_table(self):
        """Makes room for more program headers, in a segment behind all others. Its address is as far from that of the ELF
        header as it is in the file: the C library relies on that."""
        first = next(one["vaddr"] for one in self.loaded() if one["offset"] == 0)
        self.header["phoff"] = aligned(max(len(self.bytes), *(one["vaddr"] + one["memsz"] - first for one in self.loaded())))
        self.bytes.extend(bytes(self.header["phoff"] + PAGE - len(self.bytes)))
        self.segment(R, first + self.header["phoff"], self.header["phoff"], PAGE, PAGE)

    def put(self, data):
        """Adds bytes, which begin a page of the file. Returns their offset."""
        offset = len(self.bytes)
        self.bytes.extend(data + bytes(-len(data) % PAGE))
        return offset

    def segment(self, flags, va, offset, filesz, memsz):
        """Adds a segment."""
        self.table.append(dict(zip(SEGMENT_FIELDS, (PT_LOAD, flags, offset, va, va, filesz, memsz, PAGE))))
        self.header["phnum"] = len(self.table)

    def file(self):
        """Returns the file."""
        HEADER.pack_into(self.bytes, 0, *self.header.values())
        for i, one in enumerate(self.table):
            SEGMENT.pack_into(self.bytes, self.header["phoff"] + i * SEGMENT.size, *one.values())
        return bytes(self.bytes)
