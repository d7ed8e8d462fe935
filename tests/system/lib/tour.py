# SPDX-License-Identifier: MIT
"""What the guided tour shows: its stops, and every figure of its tables."""

import re

STOPS = 10
ROW = re.compile(r"^  (\S.*?) +(\d+) +(-?\d+) +(-?\d+) +(\d+|-) *(.*)$")

# A strip of the stop about swap, and what was counted meanwhile: faults, major faults, pages written, pages read.
STRIP = re.compile(r"^   (\S.*?) +│([█▒░·]{32})│ +(\d+) +(\d+) +(\d+) +(\d+)$")
STRIPS = [*(f"{verb} {part}/4" for verb in ("write", "read") for part in range(1, 5)), "read 1/16", "once more"]

# A part of the way of a fault to a server and back: what the server does, and what the part cost.
PART = re.compile(r"^   .* (receives|makes 64 lines|writes them|replies|收到|算出 64 行|写入|答复) +(\d+)$")

# A walk of the stop about superpages: what has happened, the entries but the leaf table's, that, the frame, what the last
# entry maps, and AnonHugePages.
WALK = re.compile(r"^   (\S.*?) +(root\[\d+\] +middle\[\d+\]) +(leaf\[\d+\])? +(0x[0-9a-f]+), (2 MiB|4 KiB) +(\d+) kB$")

# name: (faults, frames, page-table pages, faults by kind). The costs are differences; the program's own pages are
# there before.
FIGURES = {
    # brk notes the new end and nothing else.
    "1 GiB asked for": (0, 0, 0, ""),
    # Each write fills an empty entry with a frame of its own. The pages are 256 MiB apart and a leaf table maps
    # 2 MiB, so each needs a leaf; the table above, for 1 GiB, has been there for the program itself.
    "3 pages written": (3, 3, 3, "3 FILL"),
    # A read of an empty entry maps the one zero page: no frame. 64 MiB from a whole 2 MiB on are 32 leaf tables.
    "16384 pages read": (16384, 0, 32, "16384 FILL"),
    # A write to the zero page's entry is a copy-on-write: a fresh frame each, in tables that are there.
    "3 of them written": (3, 3, 0, "3 COW"),
    # The frame has two holders: one copy.
    "child writes": (1, 1, 0, "1 COW"),
    # The child is gone, so there is one holder: made writable where it is.
    "child gone, parent writes": (1, 0, 0, "1 REUSE"),
    # Pages 5, 37 and 40 have never been read: one fault each, whose frame is the file's page. They lie in the
    # 2 MiB of the program's other text. Page 5 is in another window of sixteen than the others; 40 is in that of 37,
    # but had not been in memory when 37 came.
    "the three calls": (3, 3, 0, "3 FILL"),
    "the same three again": (0, 0, 0, ""),
    # Each page below the stack is touched once, downwards; all are in the 2 MiB below the stack's top.
    "64 pages deeper": (64, 64, 0, "64 FILL"),
    # The frame is the page cache's. Another page of the file was touched before, so its table is there, and the server
    # has all its memory.
    "its page touched": (1, 1, 0, "1 FILL"),
    "the same page again": (0, 0, 0, ""),
    # A block of 512 frames by one entry of the middle table, which is there for the mappings around it.
    "1 page of 512 written": (1, 512, 0, "1 FILL"),
    "the other 511 written": (0, 0, 0, ""),
    # The parent has the block, too: the child's entry becomes a leaf table, and the page is copied.
    "child writes one of them": (1, 1, 1, "1 COW"),
    # The child is gone: one fault makes the large entry writable, for all pages.
    "child gone, 512 written": (1, 0, 0, "1 REUSE"),
    # The entry becomes a leaf table; the page's frame is free.
    "munmap of 1 page": (0, -1, 1, ""),
}


def figures(lines):
    """Gives the rows of the tables by their names, all but the cost of a fault."""
    rows = [match.groups() for match in map(ROW.match, lines) if match]
    return {name: (int(faults), int(frames), int(tables), kinds) for name, faults, frames, tables, _, kinds in rows}


def costs(lines):
    """Gives the cost of a fault of each row of the tables that has one, by its name."""
    rows = [match.groups() for match in map(ROW.match, lines) if match]
    return {row[0]: int(row[4]) for row in rows if row[4] != "-"}


def strips(lines):
    """Gives the rows of the stop about swap: their names, cells and figures."""
    rows = [match.groups() for match in map(STRIP.match, lines) if match]
    return [(name, cells, *map(int, counts)) for name, cells, *counts in rows]
