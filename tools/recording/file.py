# SPDX-License-Identifier: MIT
"""Reads a recording: docs/journal.md describes the format."""

import os
import struct
from typing import NamedTuple

MAGIC = b"Faultline recording\n"
VERSION = 5
HEADER = struct.Struct("<20sIIIQ")  # magic, version, bytes of a record, COUNTED, ticks a second
COUNTED = 1  # the clock counts instructions: --icount
LINE = struct.Struct("<IBBHiiIIQ4Q")
NEIGHBOURS = struct.Struct("<IBBHQ12I")  # an AROUND: instead, the address with bits of the entries, and frames
RUN_LINE = struct.Struct("<IBBHiiIIQQ6I")  # a RUN: the address with bits of the entries, and frames
MOST_AT_ONCE = 4096  # records

ROUND, AROUND, FAULT, BEGIN, EXEC, END, ENTRY, CLEAR, DOWNGRADE, COPY_OF, MOVE, AREA, NO_AREA, OOM, SUPPLY, MARK, WAIT, RUN, RAISE, SPLIT = \
    range(1, 21)
AREA_FILE = 1
OPEN, CLOSED = 254, 255  # the recorder's: a fault that was not over at the machine's end; the last record

# The kinds of faults, in the kernel's order (mm/fault/fault_kind.h).
KINDS = ["DENY_MAPERR", "DENY_ACCERR", "ACCESSED", "SPURIOUS", "SWAPPED", "FILL", "REUSE", "COW", "REMAP", "USER_WP"]
DENIED = 1 << KINDS.index("DENY_MAPERR") | 1 << KINDS.index("DENY_ACCERR")  # of what a ROUND counts as
BACKINGS = {0: "anonymous", 1: "file", 2: "memory", 3: "device", 4: "pager", 5: "kernel"}  # what is behind a mapping
PAGES = ["", "zero page", "private", "file", "other"]
# What a fault waits for, by its number (enum vm_wait_why).
WAITS = ["", "a page of a file", "a page of a server's file", "a page from swap", "a page on its way to swap", "the end of a read of swap",
         "a system call at work there", "dirty pages to be written", "memory", "room in the journal",
         "the program that resolves it"]
OF_OTHER = 16  # of a WAIT: another thread has asked for the page
NO_KIND = 127  # of a fault that a signal has ended while it waited for room in the journal
COPY, POPULATE, INSIDE = 16, 64, 128  # beside the access
WAITED = 0x8000  # of a FAULT
ENDS = 0x8000  # of a ROUND: its FAULT comes next, after the AROUNDs
LARGE = 0x4000  # of a ROUND and an ENTRY: the entries are large ones
ALIKE = 1  # of a RUN: all of its pages have one frame
PAGE, WINDOW, LARGE_PAGES = 4096, 16, 512
LARGE_BYTES = PAGE * LARGE_PAGES
# Why a large entry becomes entries of pages (enum large_split_why).
SPLITS = ["a write to a page that others have", "a change of a part", "fork of a pinned page", "mremap", "reclaim"]


class Broken(Exception):
    """A file that is no recording; says why."""


def _entry(bits):
    """Gives the word of an entry, as Entry and the model take it, by its low bits in the file."""
    state = 1 if bits & 1 else 2 if bits & 16 else 3 if bits & 32 else 0
    soft = bits >> 8 & 2 if not bits & 256 else 0  # with COW it is the mark of a page that its program has protected
    prot, kind = bits >> 1 & 7 | soft, (bits >> 10) + 1 if bits & 16 else 0
    return state | prot << 2 | (bits >> 6 & 7) << 5 | kind << 8


ENTRIES = [_entry(bits) for bits in range(PAGE)]


def entry_of(word):
    """Gives the word of an entry, as Entry and the model take it, by its whole word in the file."""
    return ENTRIES[word & PAGE - 1] | word >> 16 << 16


def _bits_of(word):
    """The low bits that an entry has in the file, by its word."""
    state = (0, 17, 16, 32)[word & 3]
    return state | (word >> 2 & 7) << 1 | (word >> 5 & 7) << 6 | max((word >> 8 & 0xF) - 1, 0) << 10


def pack(number, kind, hart, what, space, pid, tid, more, time, *args):
    """Gives the bytes of a record, an AROUND or a RUN for one page: for the recorder, and for recordings that are made up."""
    number &= 0xFFFFFFFF
    if kind == AROUND:
        return NEIGHBOURS.pack(number, kind, hart, 1, args[0] | _bits_of(args[2]), args[2] >> 16, *[0] * 11)
    if kind == RUN:  # of one page
        return RUN_LINE.pack(number, kind, hart, 0, pid, tid, space, 1, time, args[0] | _bits_of(args[2]), args[2] >> 16, *[0] * 5)
    if kind in (ROUND, ENTRY):
        args = (args[0], *(_bits_of(word) | word >> 16 << 16 for word in args[1:3]), args[3])
    return LINE.pack(number, kind, hart, what, pid, tid, space, more, time, *args)


class Record(NamedTuple):
    """One record; what its fields mean depends on `type`."""

    seq: int
    type: int
    hart: int
    what: int
    pid: int
    tid: int
    space: int
    more: int
    time: int
    args: tuple

    @property
    def kinds(self):
        """Of a ROUND: the names of the kinds that it counts as."""
        return [name for number, name in enumerate(KINDS) if self.what >> number & 1]

    @property
    def kind(self):
        """Of a FAULT: the name of its last kind, or "none"."""
        number = self.what >> 8 & 0x7F
        if number == NO_KIND:
            return "none"
        return KINDS[number] if number < len(KINDS) else f"kind {number}"

    @property
    def result(self):
        """Of a FAULT: 0, the signal that it became, or the negative errno of a user copy."""
        return ((self.args[3] & 0xFFFF) ^ 0x8000) - 0x8000

    @property
    def name(self):
        """Of an EXEC: the program's name. Of an AREA: what the mapping is called, or ""."""
        words = self.args[2:] if self.type == AREA else self.args[:2]
        return struct.pack("<2Q", *words).split(b"\0")[0].decode(errors="replace")

    @property
    def wait(self):
        """Of a WAIT: what it was for."""
        number = self.what & OF_OTHER - 1
        return WAITS[number] if 0 < number < len(WAITS) else f"{number}"

    @property
    def split(self):
        """Of a SPLIT: why."""
        return SPLITS[self.what] if self.what < len(SPLITS) else f"{self.what}"

    @property
    def is_large(self):
        """Of a ROUND or an ENTRY: does its entry map 2 MiB?"""
        return bool(self.what & LARGE)

    @property
    def mark(self):
        """Of a MARK: its name."""
        return struct.pack("<4Q", *self.args)[:self.more].decode(errors="replace")


def neighbours(data, record):
    """Yields a record for each page that an AROUND is about. `record` is that of its round."""
    seq, _, hart, pages, entry, *frames = NEIGHBOURS.unpack(data)
    at = [number for number in range(WINDOW) if pages >> number & 1]
    for number, frame in zip(at, frames):
        va = (entry & -PAGE) + number * PAGE
        yield record._replace(seq=seq, type=AROUND, hart=hart, what=0, more=0, args=(va, 0, ENTRIES[entry & PAGE - 1] | frame << 16, 0))


def run_pages(data, record):
    """Yields a record for each page that a RUN, which is `record`, is about."""
    *_, entry, first, second, third, fourth, fifth, sixth = RUN_LINE.unpack(data)
    count = min(record.more, LARGE_PAGES)
    frames = [first] * count if record.what & ALIKE else [first, second, third, fourth, fifth, sixth][:count]
    for number, frame in enumerate(frames):
        va = (entry & -PAGE) + number * PAGE
        yield record._replace(what=0, more=0, args=(va, 0, ENTRIES[entry & PAGE - 1] | frame << 16, 0))


class Entry:
    """A page-table entry as a record has it."""

    def __init__(self, word):
        self.empty = word == 0
        self.swapped = word & 3 == 3
        self.prot = "".join(letter if word >> bit & 1 else "-" for bit, letter in ((2, "r"), (3, "w"), (4, "x")))
        self.flags = [name for bit, name in ((5, "A"), (6, "D"), (7, "COW")) if word >> bit & 1]
        kind = word >> 8 & 0xF
        self.page = PAGES[kind] if kind < len(PAGES) else "other"
        self.number = word >> 16  # of the frame, or of the slot

    def __str__(self):
        if self.empty:
            return "empty"
        if self.swapped:
            return f"swap slot {self.number}"
        return " ".join([self.prot, *self.flags, self.page, f"frame {self.number:#x}"])


class Recording:
    """A recording on disk. Raises Broken where it is none. It is read as far as it goes: see why_short()."""

    def __init__(self, path):
        self.path = path
        self.closed = None  # the recorder's last record, once all has been read
        self.damage = None  # where reading has ended before
        try:
            with open(path, "rb") as file:
                head = file.read(HEADER.size)
        except OSError as error:
            raise Broken(f"{path}: {error.strerror}") from None
        if len(head) < HEADER.size or not head.startswith(MAGIC):
            raise Broken(f"{path}: not a recording of run.sh --record")
        _, version, size, counted, self.ticks = HEADER.unpack(head)
        self.counted = counted == COUNTED
        if version != VERSION:
            raise Broken(f"{path}: a recording of version {version}; this tool reads version {VERSION}")
        if size != LINE.size or not self.ticks:
            raise Broken(f"{path}: its header is damaged")

    def __iter__(self):
        self.closed = self.damage = None
        with open(self.path, "rb") as file:
            file.seek(HEADER.size)
            number, last = 0, Record(*[0] * 9, (0, 0, 0, 0))
            while True:
                data = file.read(MOST_AT_ONCE * LINE.size)
                whole = len(data) - len(data) % LINE.size
                for at, fields in zip(range(0, whole, LINE.size), LINE.iter_unpack(data[:whole])):
                    number += 1
                    seq, kind, hart, what, pid, tid, space, more, time, *args = fields
                    is_wrong = kind == CLOSED and args[0] != number - 1
                    if seq != number & 0xFFFFFFFF or is_wrong or self.closed:
                        self.damage = f"{self.path}: record {number} is damaged: what comes before it is whole"
                        return
                    if kind == AROUND:
                        yield from neighbours(data[at:at + LINE.size], last)
                        continue
                    if kind in (ROUND, ENTRY):
                        args[1:3] = entry_of(args[1]), entry_of(args[2])
                    elif kind == FAULT and last.type == ROUND and last.what & ENDS:
                        hart, pid, tid, space = last.hart, last.pid, last.tid, last.space
                    record = Record(seq, kind, hart, what, pid, tid, space, more, time, tuple(args))
                    if kind == CLOSED:
                        self.closed = record
                        continue
                    last = record
                    if kind == RUN:
                        yield from run_pages(data[at:at + LINE.size], record)
                        continue
                    yield record
                if len(data) < MOST_AT_ONCE * LINE.size:
                    return

    def why_short(self):
        """Once all has been read: why the recording ends before the machine did, or None."""
        if self.damage or self.closed:
            return self.damage
        size = os.path.getsize(self.path) - HEADER.size
        return f"{self.path}: the recording was cut: it ends after {size // LINE.size} records"

    def seconds(self, ticks):
        """Turns ticks into seconds."""
        return ticks / self.ticks
