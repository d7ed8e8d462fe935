# SPDX-License-Identifier: MIT
"""Page tables and frames: `fl walk`, `fl page`."""

import gdb

from . import kernel, memory, sv39
from .headers import N, PAGE_SIZE, USER_TOP, flag_words, prot_words
from .processes import chosen
from .trouble import Trouble
from .words import take

NOT_FLAGS = ("PAGE_SHIFT", "PAGE_SIZE", "PAGE_SEGMENTS_MAX", "PAGE_ONE_REF", "PAGE_ONE_MAP",
             "PAGE_ORDER_SHIFT", "PAGE_PINS_SHIFT")
FLAGS = 0xffffff00  # of page->state


def root_of(process):
    """Returns the physical address of a process's root table."""
    return int(process.space()["mmu"]["root"])


def kernel_root():
    """Returns the physical address of the kernel's own root table."""
    return memory.to_physical(memory.symbol_address("kernel_root"))


def say_vma(process, va):
    """Prints the VMA that contains an address, or those below and above it."""
    space, below, above = process.space(), None, None
    for vma in kernel.vmas(space):
        if int(vma["start"]) <= va < int(vma["end"]):
            gdb.write(f"in VMA 0x{int(vma['start']):x}-0x{int(vma['end']):x} {prot_words(int(vma['prot']))} "
                      f"{kernel.backend_name(vma)}\n")
            return
        if int(vma["end"]) <= va:
            below = vma
        else:
            above = above or vma
    around = [f"0x{va - int(below['end']):x} above the end of the one below" if below else "",
              f"0x{int(above['start']) - va:x} below the start of the next" if above else ""]
    gdb.write("in no VMA: " + (", ".join(filter(None, around)) or "there are none") + "\n")


@take(1, 2, "walk [PID] ADDRESS")
def show_walk(*numbers):
    """Prints a walk: each level's entry, the outcome of each kind of access, and the VMA."""
    va, user = numbers[-1], numbers[-1] < USER_TOP
    process = chosen(*numbers[:-1]) if user or len(numbers) == 2 else None
    if process:
        gdb.write(f"process {process.pid} ({process.comm}), address 0x{va:x}\n")
        root = root_of(process)
    else:
        gdb.write(f"kernel address 0x{va:x}\n")
        root = kernel_root()
    for line in sv39.lines(sv39.walk(memory.read_physical_word, root, va), va):
        gdb.write(f"  {line}\n")
    if process and user:
        gdb.write("  ")
        say_vma(process, va)


class Segments:
    """The ranges of frames that have a struct page."""

    def __init__(self):
        count = int(memory.variable("page_segment_count"))
        table = memory.variable("page_segments")
        self.each = [(int(table[i]["first"]), int(table[i]["count"]), int(table[i]["pages"]))
                     for i in range(min(count, N["PAGE_SEGMENTS_MAX"]))]
        self.size = gdb.lookup_type("struct page").sizeof

    def has(self, pfn):
        """Returns whether a frame has a struct page."""
        return any(first <= pfn < first + count for first, count, _pages in self.each)

    def page(self, pfn):
        """Returns the address of a frame's struct page."""
        for first, count, pages in self.each:
            if first <= pfn < first + count:
                return pages + (pfn - first) * self.size
        raise Trouble(f"frame 0x{pfn:x} is none of the kernel's")

    def frame_of(self, address):
        """Returns the frame whose struct page contains an address, or None."""
        for first, count, pages in self.each:
            if 0 <= address - pages < count * self.size:
                return first + (address - pages) // self.size
        return None


def frame_in_space(va, root):
    """Returns the frame that a virtual address is mapped to."""
    last = sv39.walk(memory.read_physical_word, root, va)[-1]
    if last.entry == 0 or last.is_table():
        raise Trouble(f"0x{va:x}: {sv39.describe(last)} in the {last.name} table")
    span = 1 << sv39.LEVELS[last.level][1]  # of a resident entry too
    return (last.target() & ~(span - 1) | va & span - 1) // PAGE_SIZE


def frame(segments, number, pid):
    """Returns the frame that a number means: a frame number, an address, or a struct page's address."""
    if pid is not None:
        return frame_in_space(number, root_of(chosen(pid)))
    if number >= N["DIRECT_MAP_BASE"]:
        own = segments.frame_of(number)
        return memory.to_physical(number) // PAGE_SIZE if own is None else own
    if segments.has(number):
        return number
    if segments.has(number // PAGE_SIZE):
        return number // PAGE_SIZE
    return frame_in_space(number, root_of(chosen()))


@take(1, 2, "page NUMBER [PID]")
def show_page(number, pid=None):
    """Prints the struct page of the frame that a number means."""
    kernel.require_up()
    segments = Segments()
    if not segments.each:
        raise Trouble("there are no struct pages yet: try again after boot_main")
    pfn = frame(segments, number, pid)
    address = segments.page(pfn)
    page = memory.fetch("struct page", address)
    state = int(page["state"])
    kind = kernel.enum_word(gdb.Value(bytes([state & N["PAGE_KIND_MASK"], 0, 0, 0]), gdb.lookup_type("enum page_kind")), "PAGE_")
    gdb.write(f"frame 0x{pfn:x}, physical 0x{pfn * PAGE_SIZE:x}, struct page 0x{address:x}\n")
    gdb.write(f"  kind {kind}, refs {int(page['refs'])}, maps {int(page['maps'])}, pins {state >> N['PAGE_PINS_SHIFT']}, "
              f"order {state >> N['PAGE_ORDER_SHIFT'] & N['PAGE_ORDER_MASK']}, "
              f"flags {flag_words(state & FLAGS, 'PAGE_', NOT_FLAGS) or 'none'}\n")
    if kind == "object":
        gdb.write(f"  page {int(page['index'])} of object 0x{int(page['owner']):x}\n")
