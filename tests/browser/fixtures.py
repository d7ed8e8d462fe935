# SPDX-License-Identifier: MIT
"""The recordings that the tests look at."""

import os
import subprocess

from recording import file

from recorded import (A, D, FETCH, PAGE, R, READ, RESIDENT, RW, RX, ZERO_PAGE, Recorder, Thread, cow, entry, of_file,
                      private, slot)

SOURCE = """\
volatile int shared = 1;
char zeros[8192];

__attribute__((noinline, noclone)) void write_shared(void)
{
	shared = 2; /* </script><b>bold</b> */
}

void _start(void)
{
	write_shared();
	for (;;)
		;
}
"""
STORE_LINE = 6
COMPILER = "riscv64-linux-gnu-gcc"

# Pages of the demo.
TEXT, DATA, HEAP, RESERVED, SHARED, SERVED, STACK = 0x10, 0x12, 0x100, 0x1000000, 0x2000000, 0x3000000, 0x3FFFFFF
RESERVED_PAGES = 1 << 18  # a gigabyte
NAME = "demo"
INIT, DEMO, CHILD, TID, SERVER, BRIEF = 1, 2, 3, 4, 5, 6
AREAS = [
    ((TEXT, 2, RX, NAME, file.AREA_FILE, 1), {}),
    ((DATA, 1, RW, NAME, file.AREA_FILE, 2), {}),
    ((HEAP, 64, RW, "[heap]"), {}),
    ((RESERVED, RESERVED_PAGES, RW), {}),
    ((SHARED, 4, RW, "memfd"), {"is_shared": True}),
    ((STACK - 15, 16, RW, "[stack]"), {}),
]


def compiled(folder):
    """Compiles the demo; gives its path, the address of the store, and that of `shared`."""
    source, program = os.path.join(folder, "tiny.c"), os.path.join(folder, NAME)
    with open(source, "w", encoding="ascii") as out:
        out.write(SOURCE)
    subprocess.run([COMPILER, "-g", "-O1", "-static", "-nostdlib", "-Wl,-Ttext=0x10000,-Tdata=0x12000,--build-id=none,--no-relax",
                    "-o", program, source], check=True)
    found = {}
    for line in subprocess.run(["riscv64-linux-gnu-nm", program], capture_output=True, text=True, check=True).stdout.splitlines():
        words = line.split()
        found[words[-1]] = int(words[0], 16)
    return program, found


class Story:
    """A run in which each kind of fault happens. `faults` has the number of each by a name."""

    def __init__(self, store=0x10000):
        self.to, self.faults, self.store = Recorder(), {}, store
        self.init = Thread(self.to, INIT, 0)
        self.init.exec("init")
        self.init.area(STACK - 15, 16, RW, "[stack]")
        self.note("init", self.init.fault("FILL", STACK, 0, private(0x80100), cost=700))
        self.server = self.init.fork(SERVER, [], [])
        self.demo = self.init.fork(DEMO, [], [(STACK, 1, True)])
        self.begin()
        self.fill()
        self.swap()
        self.share()
        self.refuse()
        self.afterwards()

    def note(self, name, number):
        """Keeps the number of a fault."""
        self.faults[name] = number

    def begin(self):
        """The second process becomes the demo, which fetches its first instruction."""
        copy = self.demo.space
        self.demo.exec(NAME)
        self.to.add(file.CLEAR, self.demo, args=(0, 1 << 38), space=copy)
        for words, options in AREAS:
            self.demo.area(*words, **options)
        self.note("file_page", self.demo.fault("FILL", TEXT, 0, of_file(0x80200), FETCH, around=[(TEXT + 1, of_file(0x80201))]))

    def fill(self):
        """First uses of pages."""
        demo = self.demo
        self.note("zero_fill", demo.fault("FILL", STACK, 0, private(0x80300), offset=0xFF8))
        self.note("read_data", demo.fault("FILL", DATA, 0, of_file(0x80202, R), READ))
        self.note("file_copy", demo.fault("COW", DATA, of_file(0x80202, R), private(0x80301), pc=self.store))
        self.note("zero_page", demo.fault("FILL", HEAP, 0, ZERO_PAGE, READ))
        self.note("cow_zero", demo.fault("COW", HEAP, ZERO_PAGE, private(0x80302)))
        self.note("sparse", demo.fault("FILL", RESERVED + 1000, 0, private(0x80303)))
        self.note("shared_new", demo.fault("FILL", SHARED, 0, of_file(0x80400, R), READ))
        self.note("remap", demo.fault("REMAP", SHARED, of_file(0x80400, R), of_file(0x80400, RW, A | D)))
        demo.change(HEAP, private(0x80302), entry(RW, 2, 0x80302, D, RESIDENT))
        self.note("accessed", demo.fault("ACCESSED", HEAP, entry(RW, 2, 0x80302, D, RESIDENT), private(0x80302), cost=400, inside=100, between=0))
        self.note("spurious", demo.fault("SPURIOUS", HEAP, private(0x80302), private(0x80302), cost=300, inside=100, between=0))

    def swap(self):
        """A page goes out, and comes back while its thread waits."""
        demo = self.demo
        self.note("filled", demo.fault("FILL", HEAP + 1, 0, private(0x80304)))
        demo.change(HEAP + 1, private(0x80304), slot(7))
        came = self.to.time + 1
        self.note("meanwhile", demo.fault("FILL", HEAP + 2, 0, private(0x80305)))
        self.note("swapped", demo.fault("SWAPPED", HEAP + 1, slot(7), private(0x80306), READ, cost=90000, came=came, waits=[3]))

    def share(self):
        """A fork, and writes by the child and by its parent."""
        demo = self.demo
        copied = [(TEXT, 2, True), (DATA, 1, True), (HEAP, 64, True), (RESERVED, RESERVED_PAGES, True), (SHARED, 4, False), (STACK - 15, 16, True)]
        self.child = demo.fork(CHILD, AREAS, copied)
        self.note("cow", self.child.fault("COW", DATA, cow(0x80301), private(0x80500), pc=self.store, offset=0, cost=3500, inside=600, between=2000))
        self.note("cow_parent", demo.fault("COW", HEAP, cow(0x80302), private(0x80501)))

    def refuse(self):
        """The child does what it must not, and ends."""
        child = self.child
        self.note("accerr", child.fault("DENY_ACCERR", TEXT, of_file(0x80200), 0, result=0))
        self.note("maperr", child.fault("DENY_MAPERR", 0, 0, 0, READ, result=11))
        child.range(file.CLEAR, 0, 1 << 26)
        child.no_area(0, 1 << 26)
        child.end(11)

    def afterwards(self):
        """What is left to do with memory."""
        demo = self.demo
        self.note("reuse", demo.fault("REUSE", STACK, cow(0x80300), private(0x80300)))
        second = demo.thread(TID)
        self.note("thread", second.fault("FILL", HEAP + 3, 0, private(0x80502)))
        demo.area(HEAP + 1, 1, R, "[heap]")
        demo.range(file.DOWNGRADE, HEAP + 1, 1, R)
        demo.area(RESERVED + 2000, 1, RW, "moved")
        demo.range(file.MOVE, RESERVED + 1000, 1, 1000 * PAGE)
        demo.area(SERVED, 2, RX, "served.dat", file.AREA_FILE, 3)
        self.to.add(file.SUPPLY, self.server, args=(0x80600, 3, SERVER))
        self.note("served", demo.fault("FILL", SERVED, 0, of_file(0x80600), READ, came=self.to.time + 1, waits=[2 | file.OF_OTHER]))
        self.to.add(file.OOM, demo, args=(4, 0))
        brief = demo.fork(BRIEF, AREAS[-1:], [(STACK, 1, True)])
        self.brief_spaces = [brief.space]
        self.note("brief", brief.fault("FILL", STACK - 1, 0, private(0x80700)))
        brief.exec("brief")
        self.brief_spaces.append(brief.space)
        brief.area(STACK - 15, 16, RW, "[stack]")
        self.note("other", brief.fault("FILL", STACK, 0, private(0x80701)))
        brief.range(file.CLEAR, 0, 1 << 26)
        brief.end()
        second.end(is_last=False)
        self.note("last", demo.fault("FILL", HEAP + 4, 0, private(0x80702)))


def no_cow():
    """A recording without a copy of a page that fork has shared: the second of its three faults is the dearest."""
    to = Recorder()
    thread = Thread(to, 1, 0)
    thread.exec("</script><b>x")
    thread.area(HEAP, 4, RW, "<i>heap</i>")
    for page, cost in ((HEAP, 100), (HEAP + 1, 900), (HEAP + 2, 200)):
        thread.fault("FILL", page, 0, private(0x80000 + page), cost=cost)
    return to


def in_parts():
    """A recording of six faults: two before the first mark, two in the part <b>one, which is to be shown first, one in two, and one behind it."""
    to = Recorder()
    thread = Thread(to, 1, 0)
    thread.exec("parts")
    thread.area(HEAP, 8, RW, "[heap]")
    for number, mark in enumerate((None, None, (1, "<b>one"), None, (0, "two"), (2, ""))):
        if mark:
            thread.mark(*mark)
        thread.fault("FILL", HEAP + number, 0, private(0x80000 + number), cost=1000 - number)
    return to


def many(nfaults):
    """A recording of so many faults, by two processes that use and give back what they have."""
    to = Recorder()
    thread = Thread(to, 1, 0)
    thread.exec("many")
    npages = 20_000
    thread.area(HEAP, npages, RW, "[heap]")
    for number in range(nfaults):
        page = HEAP + number * 7919 % npages
        if number >= npages and number % npages == 0:
            thread.range(file.CLEAR, HEAP, npages)
        thread.fault("FILL", page, 0, private(0x80000 + number % 3000 * 7), cost=900 + number * 31 % 400, pc=0x10000 + number % 50 * 4)
    return to
