# SPDX-License-Identifier: MIT
"""Reads what the runner wants to know of ELF files: is it ours, is it static, whose code is at an address."""

import os
import struct

MACHINE_RISCV = 243
PT_INTERP = 3
SHT_SYMTAB = 2
STT_FUNC = 2


def read_header(data):
    """Unpacks the fields of a 64-bit little-endian header, or gives None if it is none for RISC-V."""
    if len(data) < 64 or data[:4] != b"\x7fELF" or data[4] != 2 or data[5] != 1:
        return None
    names = ("type", "machine", "version", "entry", "phoff", "shoff", "flags",
             "ehsize", "phentsize", "phnum", "shentsize", "shnum", "shstrndx")
    header = dict(zip(names, struct.unpack_from("<HHIQQQIHHHHHH", data, 16)))
    if header["machine"] != MACHINE_RISCV or header["type"] not in (2, 3):
        return None
    return header


def has_interpreter(file, header):
    """Tells whether a program header asks for a dynamic linker."""
    if header["phentsize"] != 56 or header["phoff"] > os.fstat(file.fileno()).st_size:
        return False
    file.seek(header["phoff"])
    table = file.read(56 * header["phnum"])
    kinds = (struct.unpack_from("<I", table, at)[0] for at in range(0, len(table) - 55, 56))
    return PT_INTERP in kinds


def sections(data, header):
    """Yields (type, offset, size, link) of each section that lies in the file."""
    for i in range(header["shnum"]):
        at = header["shoff"] + i * 64
        if at + 64 > len(data):
            return
        kind, _flags, _addr, offset, size, link = struct.unpack_from("<IQQQQI", data, at + 4)
        yield kind, offset, size, link


class Symbols:
    """The functions of one ELF file, found by address."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.functions = []
        header = read_header(self.data)
        table = list(sections(self.data, header)) if header else []
        for kind, offset, size, link in table:
            if kind == SHT_SYMTAB and link < len(table):
                self._read(offset, size, table[link][1])
        self.functions.sort()

    def _read(self, offset, size, names):
        for at in range(offset, min(offset + size, len(self.data)) - 23, 24):
            name, info, _other, shndx, value, length = struct.unpack_from("<IBBHQQ", self.data, at)
            if shndx != 0 and (info & 15 == STT_FUNC or info & 15 == 0):
                start = names + name
                end = self.data.find(b"\0", start)
                text = self.data[start:end].decode(errors="replace")
                if text and not text.startswith((".L", "$")):
                    self.functions.append((value, length, text))

    def at(self, address):
        """Names the code at an address as "function+0x12", or gives None."""
        best = None
        for value, length, name in self.functions:
            if value > address:
                break
            if length == 0 or address < value + length:
                best = (value, name)
        if best is None or address - best[0] > 1 << 20:
            return None
        return f"{best[1]}+{address - best[0]:#x}"
