# SPDX-License-Identifier: MIT
"""Finds who called the function in which a program was killed, by what the kernel's report has of its stack.

How far a function has moved the stack pointer, and where its return address is, is in .eh_frame or .debug_frame, which
binutils' readelf prints. gcc leaves both out of programs that are compiled without -g, and so do distributions for most
functions of their C library. There the beginning of the function is read: where it moves the stack pointer, and where it
stores registers. Each step is checked, because the
stack of a program that was killed may have anything in it."""

import bisect
import re
import struct

from . import elf

MOST = 16  # steps
RA, SP, S0 = 1, 2, 8
LONGEST_SCAN = 1 << 16  # bytes of a function
SIGCONTEXT = 128 + 176  # bytes of siginfo and of ucontext before pc, ra, sp, ... in the frame of a signal's handler
FDE = re.compile(r"^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ FDE .*pc=([0-9a-f]+)\.\.([0-9a-f]+)$", re.MULTILINE)
RULE = re.compile(r"(sp|s0)([+-]\d+)")
SAVED = re.compile(r"c([+-]\d+)")


class Row:
    """How to come from a place in a function to its caller: the CFA is that many bytes above a register's value (SP, or S0),
    and ra and s0 are at those distances from it (None: not stored)."""

    def __init__(self, register, offset, ra, s0):
        self.register, self.offset, self.ra, self.s0 = register, offset, ra, s0


def bits(word, *fields):
    """Puts an immediate together: (lowest bit here, how many, lowest bit there) each."""
    return sum((word >> low & (1 << count) - 1) << to for low, count, to in fields)


def signed(value, width):
    """Gives the number that so many bits are."""
    return value - (1 << width) if value >> width - 1 else value


def expand(half):
    """Gives a compressed instruction as (kind, rd, rs1, rs2, immediate), as decode() does."""
    rd, rs2, form = half >> 7 & 31, half >> 2 & 31, half & 0xE003
    small = signed(bits(half, (2, 5, 0), (12, 1, 5)), 6)
    if form == 0x6001 and rd == SP:
        return "addi", SP, SP, 0, signed(bits(half, (2, 1, 5), (3, 2, 7), (5, 1, 6), (6, 1, 4), (12, 1, 9)), 10)
    if form == 0x0001 and rd:
        return "addi", rd, rd, 0, small
    if form == 0x4001:
        return "addi", rd, 0, 0, small
    if form == 0x6001:
        return "lui", rd, 0, 0, small << 12
    if form == 0x0000 and half:
        return "addi", 8 + (half >> 2 & 7), SP, 0, bits(half, (5, 1, 3), (6, 1, 2), (7, 4, 6), (11, 2, 4))
    if form == 0xE002:
        return "sd", 0, SP, rs2, bits(half, (7, 3, 6), (10, 3, 3))
    if form == 0xA001 or half & 0xF07F == 0x8002:
        return "jump", 0, 0, 0, 0
    if half & 0xF07F == 0x9002 and rd:
        return "call", RA, rd, 0, 0
    if half & 0xF003 == 0x9002 and rs2:
        return "add", rd, rd, rs2, 0
    return "", 0, 0, 0, 0


def decode(word):
    """Gives an instruction as (kind, rd, rs1, rs2, immediate); of no interest: the kind is ""."""
    if word & 3 != 3:
        return expand(word & 0xFFFF)
    opcode, rd, kind, rs1, rs2, high = word & 127, word >> 7 & 31, word >> 12 & 7, word >> 15 & 31, word >> 20 & 31, word >> 25
    if opcode == 0x13 and kind == 0:
        return "addi", rd, rs1, 0, signed(word >> 20, 12)
    if opcode == 0x37:
        return "lui", rd, 0, 0, signed(word & 0xFFFFF000, 32)
    if opcode == 0x23 and kind == 3:
        return "sd", 0, rs1, rs2, signed(high << 5 | rd, 12)
    if opcode == 0x33 and kind == 0 and high in (0, 0x20):
        return "sub" if high else "add", rd, rs1, rs2, 0
    if opcode in (0x6F, 0x67):
        return "call" if rd in (RA, 5) else "jump", rd, 0, 0, 0
    return "", 0, 0, 0, 0


class Prologue:
    """Follows the code of a function from its start, line by line, for the stack pointer and the registers that are stored."""

    def __init__(self):
        self.depth = 0  # bytes of the stack pointer below the CFA; None: not known
        self.base = None  # bytes of s0 below it, once that is the frame pointer
        self.at = {}  # distance from the CFA at which a register was stored
        self.constants = {0: 0}
        self.before = None  # the state before the end of a function that the code has come through

    def _move(self, change):
        if change is None or self.depth is None:
            self.depth = None
            return
        if change > 0 and self.before is None:
            self.before = self.depth, self.base, dict(self.at)
        self.depth -= change
        if self.before and self.before[0] == self.depth:
            self.before = None
        if self.depth == 0:
            self.at = {}

    def take(self, kind, rd, rs1, rs2, immediate):
        """Takes one instruction."""
        if kind == "addi" and rd == SP:
            if rs1 == SP:
                self._move(immediate)
            elif rs1 == S0 and self.base is not None and self.depth is not None:
                self._move(self.depth - (self.base - immediate))
        elif kind == "addi" and (rd, rs1) == (S0, SP) and self.depth is not None:
            self.base = self.depth - immediate
        elif kind == "sd" and rs1 == SP and rs2 in (RA, S0) and self.depth is not None:
            self.at.setdefault(rs2, immediate - self.depth)
        elif kind in ("add", "sub") and rd == SP:
            change = self.constants.get(rs2 if rs1 == SP else rs1)
            self._move(-change if kind == "sub" and change is not None else change)
        elif kind == "jump" and self.before:
            (self.depth, self.base, self.at), self.before = self.before, None
        elif kind == "lui" or kind == "addi" and rs1 in self.constants:
            self.constants[rd] = immediate + (self.constants[rs1] if kind == "addi" else 0)
        elif rd:
            self.constants.pop(rd, None)
        self.constants[0] = 0

    def row(self):
        """Gives the Row of where the code has come to, or None."""
        ra, s0 = self.at.get(RA), self.at.get(S0)
        if self.depth is not None:
            return Row(SP, self.depth, ra, s0)
        return None if self.base is None else Row(S0, self.base, ra, s0)


class File:
    """An ELF file that the program had mapped; read_frames gives what readelf prints of its tables, or ""."""

    def __init__(self, path, read_frames):
        self.path = path
        self.read_frames = read_frames
        self.tables = None
        self.symbols = elf.Symbols(path)
        self.segments = elf.loaded(self.symbols.data)

    def address(self, offset):
        """Gives the address that a place in the file is linked at, or None."""
        return next((offset - start + address for start, address, size in self.segments if start <= offset < start + size), None)

    def code(self, address, size):
        """Gives bytes of the file by their address."""
        for start, at, length in self.segments:
            if at <= address < at + length:
                return self.symbols.data[start + address - at : start + min(address - at + size, length)]
        return b""

    def follows_call(self, address):
        """Tells whether a return address is one: the instruction before it is a call."""
        before = self.code(address - 4, 4)
        long, short = int.from_bytes(before, "little"), int.from_bytes(before[2:], "little")
        return len(before) == 4 and "call" in (decode(long)[0] if long & 3 == 3 else "", decode(short)[0] if short & 3 != 3 else "")

    def tabled(self, address):
        """Finds the Row of an address in the file's tables."""
        if self.tables is None:
            self.text = self.read_frames(self.path)
            self.tables = sorted((int(found[1], 16), int(found[2], 16), found.end()) for found in FDE.finditer(self.text))
        at = bisect.bisect_right(self.tables, (address, 1 << 64, 0)) - 1
        if at < 0 or address >= self.tables[at][1]:
            return None
        head, *rows = [line.split() for line in self.text[self.tables[at][2] :].partition("\n\n")[0].split("\n")]
        head, *rows = rows or [[]]
        rows = [row for row in rows if len(row) > 1 and int(row[0], 16) <= address]
        rule = RULE.fullmatch(rows[-1][1]) if rows else None
        if not rule:
            return None
        saved = {name: SAVED.fullmatch(text) for name, text in zip(head[2:], rows[-1][2:])}
        ra, s0 = (int(saved[name][1]) if saved.get(name) else None for name in ("ra", "s0"))
        return Row(SP if rule[1] == "sp" else S0, int(rule[2]), ra, s0)

    def called(self, address):
        """Gives where the call goes that has this return address, or None if that depends on a register."""
        word = int.from_bytes(self.code(address - 4, 4), "little")
        if word & 0xFFF == RA << 7 | 0x6F:
            return address - 4 + signed(bits(word, (21, 10, 1), (20, 1, 11), (12, 8, 12), (31, 1, 20)), 21)
        upper = int.from_bytes(self.code(address - 8, 4), "little")
        if word & 0xFFFFF == RA << 15 | RA << 7 | 0x67 and upper & 0xFFF == RA << 7 | 0x17:
            return address - 8 + signed(upper & 0xFFFFF000, 32) + signed(word >> 20, 12)
        return None

    def scanned(self, address, start=None):
        """Makes the Row of an address from the code of its function, which begins at `start`, or where a symbol says."""
        start = self.symbols.start(address) if start is None else start
        if start is None or not 0 <= address - start <= LONGEST_SCAN:
            return None
        code, at, prologue = self.code(start, address - start + 4), 0, Prologue()
        while start + at < address and at + 4 <= len(code):
            word = struct.unpack_from("<I", code, at)[0]
            prologue.take(*decode(word))
            at += 4 if word & 3 == 3 else 2
        return prologue.row()


class Mapping:
    """Code that was mapped at some addresses: of a File, the kernel's code that a signal's handler returns to, or unknown."""

    def __init__(self, start, end, offset, name, file):
        self.start, self.end, self.offset, self.name, self.file = start, end, offset, name, file
        first = file.address(offset) if file else None
        self.moved = None if first is None else start - first

    def is_return(self, address):
        """Tells whether a function may return to this address."""
        return self.name == SIGRETURN or self.moved is None or self.file.follows_call(address - self.moved)


SIGRETURN = "the vDSO"


class Frame:
    """A place in the program: an address and its Mapping, or None. A caller's address is behind its call."""

    def __init__(self, pc, exact, mapping):
        self.pc, self.exact, self.mapping = pc, exact, mapping

    def looked_up(self):
        """Gives the address in the file at which its line and function are found."""
        return self.pc - (not self.exact) - self.mapping.moved


class Walk:
    """What is known of the registers and the stack."""

    def __init__(self, mappings, words, pc, ra, sp, s0):
        self.mappings, self.words = mappings, words
        self.pc, self.ra, self.sp, self.s0 = pc, ra, sp, s0
        self.exact = True  # pc is that of an instruction, and ra may still be its return address

    def find(self, address):
        """Gives the Mapping of an address, or None."""
        return next((one for one in self.mappings if one.start <= address < one.end), None)

    def frames(self):
        """Gives the frames, innermost first: MOST at most. More may be there if there are as many."""
        found = []
        while len(found) < MOST:
            mapping = self.find(self.pc if self.exact else self.pc - 1)
            if not self.exact and self.find(self.pc) and self.find(self.pc).name == SIGRETURN:
                if not self._leave_handler():
                    break
                continue
            found.append(Frame(self.pc, self.exact, mapping))
            if not (self._step(mapping) if mapping else len(found) == 1 and self._return(self.ra, self.sp, self.s0)):
                break
        return found

    def _leave_handler(self):
        at = (self.sp or 0) + SIGCONTEXT
        self.pc, self.ra, self.sp, self.s0 = (self.words.get(at + 8 * number) for number in (0, RA, SP, S0))
        self.exact = True
        return self.pc is not None

    def _return(self, to, sp, s0):
        mapping = self.find(to) if to else None
        if not mapping or not mapping.is_return(to):
            return False
        self.pc, self.ra, self.sp, self.s0, self.exact = to, None, sp, s0, False
        return True

    def _cfa(self, row):
        base = self.sp if row.register == SP else self.s0
        return None if base is None else base + row.offset

    def _guess(self, mapping, address):
        """Finds the Row of a function without a name: the calls in ra and on the stack say where it may begin. From there its
        code has to lead to where that very return address is."""
        for at, word in [(None, self.ra if self.exact else None), *sorted(self.words.items())]:
            if word is None or self.sp is None or at is not None and at < self.sp or not mapping.start < word <= mapping.end:
                continue
            start = mapping.file.called(word - mapping.moved)
            row = None if start is None else mapping.file.scanned(address, start)
            cfa = row and self._cfa(row)
            if cfa is not None and (None if row.ra is None else cfa + row.ra) == at:
                return row
        return None

    def _step(self, mapping):
        if mapping.moved is None:
            return self.exact and self._return(self.ra, self.sp, self.s0)
        address = self.pc - (not self.exact) - mapping.moved
        row = mapping.file.tabled(address)
        if row is None or row.register == S0 and self.s0 is None:
            row = mapping.file.scanned(address) or self._guess(mapping, address)
        if row is None:
            return self.exact and self._return(self.ra, self.sp, self.s0)
        cfa = self._cfa(row)
        if cfa is not None and self.sp is not None and (cfa < self.sp or cfa == self.sp and not self.exact):
            return False
        if row.ra is None:
            to = self.ra if self.exact else None
        else:
            to = None if cfa is None else self.words.get(cfa + row.ra)
        s0 = self.s0 if row.s0 is None else None if cfa is None else self.words.get(cfa + row.s0)
        return self._return(to, cfa, s0)
