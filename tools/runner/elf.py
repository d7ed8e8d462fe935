# SPDX-License-Identifier: MIT
"""Reads what the runner wants to know of ELF files: is it ours, what does it need, whose code is at an address."""

import os
import struct

MACHINE_RISCV = 243
MACHINES = {3: "an x86-32", 8: "a MIPS", 21: "a ppc64", 22: "an s390x", 40: "a 32-bit ARM", 62: "an x86-64", 183: "an AArch64",
            258: "a LoongArch"}
PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NULL, DT_NEEDED, DT_STRTAB, DT_RPATH, DT_RUNPATH = 0, 1, 5, 15, 29
LONGEST = 4096  # bytes of a name or a list of folders
MOST_ENTRIES = 4096  # of a dynamic section
SHT_SYMTAB, SHT_DYNSYM = 2, 11
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


def describe(data):
    """Says in a few words what a file is that read_header() does not take, by its first bytes; "" if that is not known."""
    if len(data) < 64 or data[:4] != b"\x7fELF" or data[5] not in (1, 2):
        return ""
    kind, machine = struct.unpack_from("<HH" if data[5] == 1 else ">HH", data, 16)
    if machine != MACHINE_RISCV:
        return MACHINES.get(machine, f"an ELF (machine {machine})") + " one"
    if data[4] != 2:
        return "a riscv32 one"
    return "an object file, which is not linked" if kind == 1 else ""


def segments(file, header):
    """Lists (type, offset, address, size in the file) of each program header."""
    if header["phentsize"] != 56:
        return []
    table = read_at(file, header["phoff"], 56 * header["phnum"])
    rows = (struct.unpack_from("<IIQQQQ", table, at) for at in range(0, len(table) - 55, 56))
    return [(kind, offset, address, size) for kind, _flags, offset, address, _physical, size in rows]


def read_at(file, offset, size):
    """Reads as much of these bytes as the file has."""
    if offset > os.fstat(file.fileno()).st_size:
        return b""
    file.seek(offset)
    return file.read(size)


def string_at(file, offset, size=LONGEST):
    """Reads a string with its NUL from so many bytes, or gives "" where there is none."""
    text, nul, _ = read_at(file, offset, min(size, LONGEST)).partition(b"\0")
    return os.fsdecode(text) if nul else ""


class Needs:
    """What one file needs when it is loaded: its interpreter ("": none), libraries, and folders to look in."""

    def __init__(self, file, header):
        self.interpreter = ""
        self.libraries = []
        self.rpath = self.runpath = None
        table = segments(file, header)
        for kind, offset, _address, size in table:
            if kind == PT_INTERP and not self.interpreter:
                self.interpreter = string_at(file, offset, size)
            if kind == PT_DYNAMIC:
                self._read(file, table, read_at(file, offset, min(size, 16 * MOST_ENTRIES)))

    def _read(self, file, table, data):
        entries = [struct.unpack_from("<QQ", data, at) for at in range(0, len(data) - 15, 16)]
        tags = [tag for tag, _ in entries]
        entries = entries[: tags.index(DT_NULL)] if DT_NULL in tags else entries
        start = dict(entries).get(DT_STRTAB)
        places = [offset + start - address for kind, offset, address, size in table
                  if kind == PT_LOAD and start is not None and address <= start < address + size]
        for tag, value in entries if places else ():
            if tag == DT_NEEDED:
                self.libraries.append(string_at(file, places[0] + value))
            elif tag == DT_RPATH:
                self.rpath = string_at(file, places[0] + value)
            elif tag == DT_RUNPATH:
                self.runpath = string_at(file, places[0] + value)


def needs_of(path):
    """Says what a file needs, or gives None if it is no ELF file for RISC-V that can be read."""
    try:
        with open(path, "rb") as file:
            header = read_header(file.read(64))
            return Needs(file, header) if header else None
    except OSError:
        return None


def sections(data, header):
    """Yields (type, offset, size, link) of each section that lies in the file."""
    for i in range(header["shnum"]):
        at = header["shoff"] + i * 64
        if at + 64 > len(data):
            return
        kind, _flags, _addr, offset, size, link = struct.unpack_from("<IQQQQI", data, at + 4)
        yield kind, offset, size, link


def loaded(data):
    """Lists (offset, address, size in the file) of what a file has for memory."""
    header = read_header(data)
    if not header or header["phentsize"] != 56:
        return []
    end = min(header["phoff"] + 56 * header["phnum"], len(data))
    rows = [struct.unpack_from("<IIQQQQ", data, at) for at in range(header["phoff"], end - 55, 56)]
    return [(offset, address, size) for kind, _flags, offset, address, _physical, size in rows if kind == PT_LOAD]


class Symbols:
    """The functions of one ELF file, found by address; of a file that was stripped, those that it offers to others."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        self.functions = []
        header = read_header(self.data)
        table = list(sections(self.data, header)) if header else []
        for wanted in (SHT_SYMTAB, SHT_DYNSYM):
            for kind, offset, size, link in table:
                if kind == wanted and link < len(table) and not self.functions:
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

    def find(self, address):
        """Gives (address, name) of the function at an address, or None."""
        best = None
        for value, length, name in self.functions:
            if value > address:
                break
            if length == 0 or address < value + length:
                best = (value, name)
        return best if best and address - best[0] <= 1 << 20 else None

    def start(self, address):
        """Gives where the function at an address begins, or None."""
        found = self.find(address)
        return found and found[0]

    def at(self, address):
        """Names the code at an address as "function+0x12", or gives None."""
        found = self.find(address)
        return f"{found[1]}+{address - found[0]:#x}" if found else None
