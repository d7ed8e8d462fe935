# SPDX-License-Identifier: MIT
"""The page tables of all spaces, as the records of a recording make them."""

from . import file

PAGE = 4096
STATE, PROT, WRITE, COW, ALL_PROT = 3, 2, 1 << 3, 1 << 7, 7 << 2  # in an entry's word
PRESENT, RESIDENT, SWAPPED = 1, 2, 3


def has_page(word):
    """Tells whether an entry has a frame."""
    return word & STATE in (PRESENT, RESIDENT)


class Tables:
    """{number of a space: {address: entry}}, without the entries that are empty."""

    def __init__(self):
        self.spaces = {}

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

    def copy(self, child, parent, start, end, is_private):
        """fork: of private pages, both have the entry copy-on-write."""
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

    def clear(self, number, start, end):
        """Entries of a range are empty."""
        entries = self.space(number)
        for va in self.used(entries, start, end):
            del entries[va]

    def apply(self, record):
        """Does what a record tells."""
        first, second, third, fourth = record.args
        if record.type == file.ROUND:
            if not any(name.startswith("DENY") for name in record.kinds):
                self.set(record.space, first, third)
        elif record.type in (file.AROUND, file.ENTRY):
            self.set(record.space, first, third)
        elif record.type == file.CLEAR:
            self.clear(record.space, first, second)
        elif record.type == file.DOWNGRADE:
            self.downgrade(record.space, first, second, third)
        elif record.type == file.COPY_OF:
            self.copy(record.space, third, first, second, fourth)
        elif record.type == file.MOVE:
            self.move(record.space, first, second, third)
