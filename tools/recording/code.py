# SPDX-License-Identifier: MIT
"""Finds the lines and symbols of the programs of a recording, by binutils' addr2line and nm."""

import bisect
import os
import struct
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILT = "/usr/src/faultline/"  # what the build calls this folder in its programs
PREFIX = "riscv64-linux-gnu-"
PAGE_SHIFT = 12
PAGE = 1 << PAGE_SHIFT
NONE = -1
AROUND = 3  # lines of source before and after
LONGEST = 200  # characters of a line
HEADER, SEGMENT = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQQQ")
LOAD, MOVABLE = 1, 3


class Program:
    """An ELF file of this machine, which is a program or a library of the recorded one."""

    def __init__(self, path):
        self.path = path
        self.segments, self.movable = [], False
        try:
            with open(path, "rb") as elf:
                data = elf.read(HEADER.size)
                if len(data) < HEADER.size or data[:5] != b"\x7fELF\x02":
                    return
                header = HEADER.unpack(data)
                self.movable = header[1] == MOVABLE
                elf.seek(header[5])
                for _ in range(header[10]):
                    kind, _, offset, va, _, _, nbytes, _ = SEGMENT.unpack(elf.read(SEGMENT.size))
                    if kind == LOAD:
                        self.segments.append((offset, va, nbytes))
        except (OSError, struct.error):
            self.segments = []

    def moved_by(self, start, index):
        """Returns how far the program is from where its file says, if its page `index` is at `start`; or None."""
        if not self.movable:
            return 0 if self.segments else None
        for offset, va, nbytes in self.segments:
            place = (index << PAGE_SHIFT) + va - offset
            if va - PAGE < place < va + nbytes:
                return start - place
        return None

    def has(self, address):
        """Tells whether an address of the file belongs to the program."""
        return any(va <= address < va + nbytes for _, va, nbytes in self.segments)

    def _run(self, tool, *words, text=None):
        try:
            done = subprocess.run([PREFIX + tool, *words], input=text, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  check=False, encoding="utf-8", errors="replace")
        except OSError:
            return []
        return done.stdout.split("\n")

    def places(self, addresses):
        """Returns the function, the file and the line of each address, or None for it."""
        text = "".join(f"{address:#x}\n" for address in addresses)
        lines = self._run("addr2line", "-f", "-e", os.path.abspath(self.path), text=text)
        found = [place_of(function, place) for function, place in zip(lines[::2], lines[1::2])]
        return found if len(found) == len(addresses) else [None] * len(addresses)

    def symbols(self):
        """Returns the symbols that have a size: sorted [(address, bytes, name)]."""
        found = []
        for line in self._run("nm", "-S", "--defined-only", os.path.abspath(self.path)):
            words = line.split()
            if len(words) == 4 and int(words[1], 16):
                found.append((int(words[0], 16), int(words[1], 16), words[3]))
        return sorted(found)


def place_of(function, place):
    """Parses two lines of addr2line's."""
    path, _, line = place.partition(" ")[0].rpartition(":")
    number = int(line) if line.isdigit() else 0
    return None if function == "??" and not number else (function, path if number else "", number)


class Code:
    """What the addresses of a recording stand for. `finder` gives the file of a program's name, or None."""

    def __init__(self, finder):
        self.finder = finder
        self.programs = {}
        self.mapped = {}  # {space: {(name, how far it is moved)}}
        self.asked_places, self.asked_symbols = {}, {}

    def see(self, space, name, start, index):
        """A space has mapped a page of a file, by the file's name."""
        if name not in self.programs:
            path = self.finder(name)
            self.programs[name] = Program(path) if path else None
        program = self.programs[name]
        moved = program.moved_by(start, index) if program else None
        if moved is not None:
            self.mapped.setdefault(space, {})[name, moved] = None

    def _find(self, space, va):
        """Returns the name of the program at an address and the address in its file, or None."""
        for name, moved in self.mapped.get(space, ()):
            if self.programs[name].has(va - moved):
                return name, va - moved
        return None

    def place(self, space, pc):
        """Returns the number of a place in the source, or NONE."""
        found = self._find(space, pc)
        return NONE if found is None else self.asked_places.setdefault(found, len(self.asked_places))

    def symbol(self, space, va):
        """Returns the number of a symbol, or NONE."""
        found = self._find(space, va)
        return NONE if found is None else self.asked_symbols.setdefault(found, len(self.asked_symbols))

    def resolve(self):
        """Returns the places [function, file, line] or null, the symbols "name+0x10" or null, and {file: {line: text}}."""
        places, symbols = [None] * len(self.asked_places), [None] * len(self.asked_symbols)
        for name, program in self.programs.items():
            if not program:
                continue
            asked = [(address, number) for (where, address), number in self.asked_places.items() if where == name]
            for (_, number), place in zip(asked, program.places([address for address, _ in asked])):
                places[number] = place
            asked = [(address, number) for (where, address), number in self.asked_symbols.items() if where == name]
            table = program.symbols() if asked else []
            for address, number in asked:
                symbols[number] = symbol_at(table, address)
        return places, symbols, texts(places)


def symbol_at(table, address):
    """Returns the name of what an address is in, with the distance from its begin, or None."""
    at = bisect.bisect_right(table, (address, 1 << 64, "")) - 1
    if at < 0 or address >= table[at][0] + table[at][1]:
        return None
    distance = address - table[at][0]
    return table[at][2] + (f"+{distance:#x}" if distance else "")


def texts(places):
    """Returns the lines around each place, of the files that are there: {file: {line: text}}."""
    wanted = {}
    for _, path, line in filter(None, places):
        if line:
            wanted.setdefault(path, set()).update(range(max(line - AROUND, 1), line + AROUND + 1))
    found = {}
    for path, numbers in wanted.items():
        here = os.path.join(ROOT, path[len(BUILT):]) if path.startswith(BUILT) else path
        try:
            with open(here, encoding="utf-8", errors="replace") as source:
                lines = source.read().split("\n")
        except OSError:
            continue
        found[path] = {number: lines[number - 1].expandtabs(4)[:LONGEST] for number in sorted(numbers) if number <= len(lines)}
    return found
