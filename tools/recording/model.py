# SPDX-License-Identifier: MIT
"""The page tables and the mappings of all spaces, as the records of a recording make them."""

import bisect
from typing import NamedTuple

from . import file

PAGE = 4096
STATE, PROT, WRITE, USED, COW, ALL_PROT = 3, 2, 1 << 3, 3 << 5, 1 << 7, 7 << 2  # in an entry's word
PRESENT, RESIDENT, SWAPPED = 1, 2, 3


def has_page(word):
    """Tells whether an entry has a frame."""
    return word & STATE in (PRESENT, RESIDENT)


class Tables:
    """{number of a space: {address: entry}}, without the entries that are empty. A large entry is one of each of its pages here;
    `large` has where they begin: {number of a space: {address}}."""

    def __init__(self):
        self.spaces = {}
        self.large = {}

    def space(self, number):
        """Returns a space's entries."""
        return self.spaces.setdefault(number, {})

    @staticmethod
    def used(entries, start, end):
        """Lists the addresses of a range that have an entry."""
        if (end - start) // PAGE < len(entries):
            return [va for va in range(start, end, PAGE) if va in entries]
        return [va for va in entries if start <= va < end]

    def set(self, number, va, word):
        """An entry is another one."""
        if word:
            self.space(number)[va] = word
        else:
            self.space(number).pop(va, None)

    def set_large(self, number, va, word):
        """A large entry is another one, or there is a first time."""
        base = va // file.LARGE_BYTES * file.LARGE_BYTES
        self.large.setdefault(number, set()).add(base)
        for page in range(file.LARGE_PAGES):
            self.space(number)[base + page * PAGE] = word + (page << 16)

    def large_in(self, number, start, end):
        """Lists the large entries of a range, which has all of each."""
        return [base for base in self.large.get(number, ()) if start <= base < end]

    def split(self, number, base):
        """A large entry is one of each page."""
        self.large.get(number, set()).discard(base)

    def raise_prot(self, number, start, end, prot, is_used):
        """Entries have these permissions, and nobody shares their pages."""
        entries = self.space(number)
        for va in self.used(entries, start, end):
            word = entries[va] & ~(ALL_PROT | COW | STATE) | prot << PROT | PRESENT
            entries[va] = word | (USED if is_used else 0)

    def copy(self, child, parent, start, end, is_private):
        """fork: of private pages, both have the entry copy-on-write."""
        self.large.setdefault(child, set()).update(self.large_in(parent, start, end))
        entries = self.space(parent)
        for va in self.used(entries, start, end):
            if is_private and has_page(entries[va]):
                entries[va] = entries[va] & ~WRITE | COW
            self.space(child)[va] = entries[va]

    def downgrade(self, number, start, end, prot):
        """Entries lose permissions; without any, the hardware may not use them."""
        entries = self.space(number)
        for va in self.used(entries, start, end):
            if has_page(entries[va]):
                word = entries[va] & (~ALL_PROT | prot << PROT)
                entries[va] = word if word & ALL_PROT else word & ~STATE | RESIDENT

    def move(self, number, start, end, delta):
        """mremap: entries go elsewhere."""
        entries = self.space(number)
        moved = {va + delta & (1 << 64) - 1: entries.pop(va) for va in self.used(entries, start, end)}
        entries.update(moved)
        for base in self.large_in(number, start, end):
            self.large[number].remove(base)
            self.large[number].add(base + delta & (1 << 64) - 1)

    def clear(self, number, start, end):
        """Entries of a range are empty."""
        for base in self.large_in(number, start, end):
            self.large[number].remove(base)
        entries = self.space(number)
        for va in self.used(entries, start, end):
            del entries[va]

    def apply(self, record):
        """Does what a record tells."""
        first, second, third, fourth = record.args
        if record.type == file.ROUND:
            if not record.what & file.DENIED:
                (self.set_large if record.is_large else self.set)(record.space, first, third)
        elif record.type == file.ENTRY and record.is_large:
            self.set_large(record.space, first, third)
        elif record.type in (file.AROUND, file.ENTRY, file.RUN):
            self.set(record.space, first, third)
        elif record.type == file.SPLIT:
            self.split(record.space, first)
        elif record.type == file.RAISE:
            self.raise_prot(record.space, first, second, third, fourth)
        elif record.type == file.CLEAR:
            self.clear(record.space, first, second)
        elif record.type == file.DOWNGRADE:
            self.downgrade(record.space, first, second, third)
        elif record.type == file.COPY_OF:
            self.copy(record.space, third, first, second, fourth)
        elif record.type == file.MOVE:
            self.move(record.space, first, second, third)


class Area(NamedTuple):
    """A mapping, or a part of one."""

    start: int
    end: int
    prot: str  # as /proc/PID/maps has it: "rw-p"
    backing: int  # what is behind it: file.BACKINGS
    index: int  # of its first page in the file
    name: str

    def cut(self, start, end):
        """Gives the part of it within a range, which is not empty."""
        start, end = max(start, self.start), min(end, self.end)
        index = self.index + (start - self.start) // PAGE if self.backing else self.index
        return self._replace(start=start, end=end, index=index)

    def continues(self, below):
        """Tells whether it and the one below it are alike and touch."""
        return (below.end == self.start and below.next_index() == self.index
                and (below.prot, below.backing, below.name) == (self.prot, self.backing, self.name))

    def next_index(self):
        """Gives the index of the page behind it."""
        return self.index + (self.end - self.start) // PAGE if self.backing else self.index

    def __str__(self):
        what = " ".join([file.BACKINGS.get(self.backing, "other"), self.name]).strip()
        return f"{self.start:#x}-{self.end:#x} {self.prot} {what}" + (f" from page {self.index}" if self.backing else "")


def area_of(record):
    """Gives the Area of an AREA record."""
    prot = "".join(letter if record.what >> bit & 1 else "-" for bit, letter in enumerate("rwx"))
    shared = "s" if record.what & 8 else "p"
    return Area(*record.args[:2], prot + shared, record.what >> 8 & 0xF, record.more, record.name)


class Areas:
    """{number of a space: its Areas in order}; neighbours that are alike are one."""

    def __init__(self):
        self.spaces = {}

    def space(self, number):
        """Returns a space's areas."""
        return self.spaces.setdefault(number, [])

    def find(self, number, va):
        """Returns the area that an address is in, or None."""
        areas = self.spaces.get(number, [])
        at = bisect.bisect_left(areas, (va + 1,)) - 1
        return areas[at] if at >= 0 and va < areas[at].end else None

    def replace(self, number, start, end, fresh):
        """A range has an area, or None, instead of what was there."""
        areas = self.space(number)
        if start >= end:
            return
        first, last = bisect.bisect_left(areas, (start,)), bisect.bisect_left(areas, (end,))
        if first and areas[first - 1].end > start:
            first -= 1
        parts = [area.cut(area.start, start) for area in areas[first:last] if area.start < start]
        parts += [fresh] if fresh else []
        parts += [area.cut(end, area.end) for area in areas[first:last] if area.end > end]
        low, high = max(first - 1, 0), last + 1  # the neighbours may be alike
        merged = []
        for area in [*areas[low:first], *parts, *areas[last:high]]:
            if merged and area.continues(merged[-1]):
                merged[-1] = merged[-1]._replace(end=area.end)
            else:
                merged.append(area)
        areas[low:high] = merged

    def apply(self, record):
        """Does what a record tells."""
        if record.type == file.AREA:
            self.replace(record.space, *record.args[:2], area_of(record))
        elif record.type == file.NO_AREA:
            self.replace(record.space, *record.args[:2], None)
