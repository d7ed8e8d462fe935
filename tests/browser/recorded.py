# SPDX-License-Identifier: MIT
"""Writes recordings record by record, as a kernel would, without a machine."""

import struct

from recording import file

PAGE = 4096
TICKS = 10_000_000  # in a second
R, W, X = 1, 2, 4
RW, RX = R | W, R | X
PRESENT, RESIDENT, SWAPPED = 1, 2, 3
A, D, COW = 1 << 5, 1 << 6, 1 << 7
ZERO, PRIVATE, OBJECT = 1, 2, 3
KIND = {name: number for number, name in enumerate(file.KINDS)}
REFUSED = ("DENY_MAPERR", "DENY_ACCERR")
READ, WRITE, FETCH = 1, 2, 4
CLONE_THREAD = 0x10F00
START = 0x10014  # where a fault is if nothing else is said


def entry(prot, kind, frame, flags=A, state=PRESENT):
    """Makes an entry's word."""
    return state | prot << 2 | flags | kind << 8 | frame << 16


def private(frame, prot=RW, flags=A | D):
    """An entry of a private page."""
    return entry(prot, PRIVATE, frame, flags)


def cow(frame):
    """An entry of a private page that fork shares."""
    return private(frame, R, A | D | COW)


def of_file(frame, prot=RX, flags=A):
    """An entry of a page that a file has."""
    return entry(prot, OBJECT, frame, flags)


def slot(number):
    """An entry whose page is swapped out."""
    return SWAPPED | number << 16


ZERO_PAGE = entry(R, ZERO, 0x80001, A | COW)


def words_of(text):
    """The two words of a name."""
    return struct.unpack("<2Q", text.encode()[:16].ljust(16, b"\0"))


class Recorder:
    """The records so far."""

    def __init__(self):
        self.records, self.time, self.retired, self.nspaces, self.nfaults = [], 10_000, 1000, 0, 0

    def add(self, kind, thread, what=0, more=0, args=(), space=None):
        """Adds a record of a thread."""
        args = (*args, *[0] * (4 - len(args)))
        self.time += 10
        where = thread.space if space is None else space
        self.records.append((kind, 0, what, where, thread.pid, thread.tid, more, self.time, *args))

    def new_space(self):
        """Returns the number of another space."""
        self.nspaces += 1
        return self.nspaces

    def write(self, path, is_closed=True, keep=None, is_counted=True):
        """Writes the file, or its first `keep` records; of a machine whose clock counts instructions, or the host's."""
        records = self.records[:keep]
        if is_closed:
            records = [*records, (file.CLOSED, 0, 0, 0, 0, 0, 0, self.time, len(records), 0, 0, 0)]
        with open(path, "wb") as out:
            out.write(file.HEADER.pack(file.MAGIC, file.VERSION, file.LINE.size, int(is_counted), TICKS))
            out.writelines(file.pack(number, *record) for number, record in enumerate(records, 1))
        return path


class Thread:
    """A thread, which writes records. The first one of a process is the process."""

    def __init__(self, to, pid, space, tid=None):
        self.to, self.pid, self.tid, self.space = to, pid, tid or pid, space

    def exec(self, name):
        """Begins a program in a new space."""
        self.space = self.to.new_space()
        self.to.add(file.EXEC, self, args=words_of(name))

    def area(self, page, count, prot, name="", kind=0, index=0, is_shared=False):
        """Maps pages."""
        self.to.add(file.AREA, self, what=prot | is_shared << 3 | kind << 8, more=index,
                    args=(page * PAGE, (page + count) * PAGE, *words_of(name)))

    def no_area(self, page, count):
        """Unmaps pages."""
        self.to.add(file.NO_AREA, self, args=(page * PAGE, (page + count) * PAGE))

    def range(self, kind, page, count, *rest):
        """Adds a record of a range: CLEAR, DOWNGRADE, MOVE."""
        self.to.add(kind, self, args=(page * PAGE, (page + count) * PAGE, *rest))

    def change(self, page, before, after):
        """An entry changes otherwise than by a fault."""
        self.to.add(file.ENTRY, self, args=(page * PAGE, before, after))

    def begin_round(self, kind, page, before, after, access, inside=0, between=0):
        """Adds one round of a fault."""
        self.to.add(file.ROUND, self, what=1 << KIND[kind], more=access, args=(page * PAGE, before, after, inside | between << 32))

    def large_fault(self, kind, page, before, after, split=None):
        """A fault that a large entry resolves, or for which one is split at first: `split` is why. Returns its number."""
        if split is not None:
            self.split(page, split)
        self.to.add(file.ROUND, self, what=1 << KIND[kind] | (file.LARGE if split is None else 0), more=WRITE,
                    args=(page * PAGE, before, after, 300 | 5000 << 32))
        return self.end_fault(kind, page * PAGE, WRITE, 6000)

    def split(self, page, why):
        """The large entry that a page is in becomes entries of pages."""
        base = page // file.LARGE_PAGES * file.LARGE_BYTES
        self.to.add(file.SPLIT, self, what=why, args=(base, base + file.LARGE_BYTES))

    def end_fault(self, kind, address, access, cost, pc=START, came=None, result=0):
        """Adds the end of a fault. `came` is the tick at which it came, if it has waited. Returns its number, from 1 on."""
        self.to.retired += cost
        self.to.nfaults += 1
        waited = file.WAITED if came else 0
        self.to.add(file.FAULT, self, what=access | KIND[kind] << 8 | waited, more=cost,
                    args=(pc, address, came or self.to.time - 10, self.to.retired << 16 | result & 0xFFFF))
        return self.to.nfaults

    def wait(self, what, page, came, access=WRITE):
        """The fault at hand has waited from the tick `came` on."""
        self.to.add(file.WAIT, self, what=what, more=access, args=(page * PAGE, came))

    def fault(self, kind, page, before, after, access=WRITE, cost=1000, inside=300, between=500, offset=0, around=(), pc=START, came=None, result=0,
              waits=()):
        """A fault of one round, with pages that were mapped beside: [(page, entry)], and what it has waited for. Returns its number."""
        for what in waits:
            self.wait(what, page, came, access)
        self.begin_round(kind, page, before, 0 if kind in REFUSED else after, access, inside, between)
        for beside, its_entry in around:
            self.to.add(file.AROUND, self, args=(beside * PAGE, 0, its_entry))
        return self.end_fault(kind, page * PAGE + offset, access, cost, pc, came, result)

    def fork(self, pid, areas, copied):
        """Begins a process with a copy of ranges: areas are calls of area(), copied is [(page, count, is it private)]."""
        child = Thread(self.to, pid, self.to.new_space())
        writer = Thread(self.to, self.pid, child.space, self.tid)
        for words, options in areas:
            writer.area(*words, **options)
        for page, count, is_private in copied:
            self.to.add(file.COPY_OF, writer, args=(page * PAGE, (page + count) * PAGE, self.space, int(is_private)))
        self.to.add(file.BEGIN, writer, args=(pid, pid, 17))
        return child

    def mark(self, what, name=""):
        """Marks a part of the film: 0 here, 1 on, 2 off."""
        text = name.encode()
        self.to.add(file.MARK, self, what=what, more=len(text), args=struct.unpack("<4Q", text.ljust(32, b"\0")))

    def thread(self, tid):
        """Begins another thread of the process."""
        self.to.add(file.BEGIN, self, args=(tid, self.pid, CLONE_THREAD))
        return Thread(self.to, self.pid, self.space, tid)

    def end(self, status=0, is_last=True):
        """The thread ends."""
        self.to.add(file.END, self, what=int(is_last), more=status, args=(self.tid, self.pid))
