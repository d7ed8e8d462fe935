#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The parts of the gdb script that need no gdb (R123): the kernel's numbers, and the walk of a page table in words."""

import os
import sys

from base import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools/gdb"))

from lib.tap import case, equal, has, main  # noqa: E402
from machine import headers, sv39  # noqa: E402
from machine.trouble import Trouble  # noqa: E402

ROOT_TABLE, MIDDLE, LEAF = 0x90000000, 0x90001000, 0x90002000
READABLE = 0x53  # V R U A


def table(address):
    """Makes an entry that points to a table."""
    return address >> 12 << 10 | 1


def page(frame, bits):
    """Makes an entry that holds a frame."""
    return frame << 10 | bits


def walk(va, leaf, more=None):
    """Walks three tables that hold one leaf entry for va."""
    words = {ROOT_TABLE + 8 * (va >> 30 & 511): table(MIDDLE), MIDDLE + 8 * (va >> 21 & 511): table(LEAF),
             LEAF + 8 * (va >> 12 & 511): leaf, **(more or {})}
    return sv39.walk(lambda address: words.get(address, 0), ROOT_TABLE, va)


def text(va, leaf, more=None):
    """Gives the walk in words."""
    return "\n".join(sv39.lines(walk(va, leaf, more), va))


@case
def the_kernels_numbers_are_read():
    for name, number in (("IMAGE_BASE", 0xFFFFFFFF80200000), ("PTE_D", 0x80), ("VMA_STACK", 2), ("TRACE_RECORDS", 128),
                         ("VM_PROT_EXEC", 4), ("ENTRY_WORD_COW", 0x100), ("PAGE_DIRTY", 512), ("TRAP_COPY", 16)):
        equal(number, headers.N[name], name)


@case
def flags_in_words():
    equal("shared stack", headers.flag_words(3, "VMA_"), "two flags")
    equal("", headers.flag_words(0, "VMA_"), "none")
    equal("shared 0x40000000", headers.flag_words(1 << 30 | 1, "VMA_"), "an unknown one")
    equal("r-x", headers.prot_words(5), "rights")


@case
def a_page_that_may_be_read_only():
    said = text(0x12345678, page(0x88123, READABLE))
    has(said, "frame 0x88123, V R - - U - A -", "entry")
    has(said, "read   from user mode: allowed", "read")
    has(said, "write  from user mode: refused, W is 0 in the leaf entry", "write")
    has(said, "fetch  from user mode: refused, X is 0 in the leaf entry", "fetch")
    has(said, "physical address 0x88123678", "address")


@case
def each_bit_that_refuses():
    for bits, bit, why in ((0, "R", "V is 0 in the leaf entry"), (0x43, "R", "U is 0 in the leaf entry: the kernel's"),
                           (0x153, "W", "W is 0 in the leaf entry: copy on write"),
                           (0x13, "R", "A is 0 in the leaf entry (unless the hardware sets it)"),
                           (0x57, "W", "D is 0 in the leaf entry (unless the hardware sets it)"),
                           (0x01, "R", "R, W and X are 0 in the leaf entry")):
        equal(why, sv39.refusal(walk(0x1000, page(5, bits) if bits else 0), bit, True), f"bits {bits:x}")
    equal("", sv39.refusal(walk(0x1000, page(5, 0xD7)), "W", True), "nothing refuses")


@case
def a_walk_ends_where_a_table_is_missing():
    steps = sv39.walk(lambda address: 0, ROOT_TABLE, 0x1000)
    equal((1, "empty: no table here"), (len(steps), sv39.describe(steps[0])), "root")
    has("\n".join(sv39.lines(steps, 0x1000)), "refused, V is 0 in the root entry", "text")


@case
def large_pages():
    va = 0x40212345
    steps = sv39.walk(lambda address: {ROOT_TABLE + 8: page(0x80000, 0xD7)}.get(address, 0), ROOT_TABLE, va)
    equal((1, 0x80212345), (len(steps), sv39.translate(steps, va)), "a page of the root table")
    has(sv39.describe(steps[0]), "1 GiB page 0x80000", "words")


@case
def resident_entries_are_told_from_empty_ones():
    has(text(0x1000, page(0x99, 0x10)), "frame 0x99, - - - - U - - - (resident: kept from the hardware)", "entry")


@case
def a_page_in_swap():
    said = text(0x1000, 1 << 53 | 1047 << 10)
    has(said, "  slot 1047 of the swap disk\n", "entry")
    has(said, "read   from user mode: refused, V is 0 in the leaf entry", "read")


@case
def kernel_addresses_and_impossible_ones():
    va = 0xFFFFFFFF80200000
    has(text(va, page(0x80200, 0x6B)), "fetch  from kernel mode: allowed", "kernel text")
    try:
        walk(1 << 40, 0)
    except Trouble as trouble:
        has(str(trouble), "is no Sv39 address", "trouble")
    else:
        raise AssertionError("an impossible address was walked")


if __name__ == "__main__":
    main()
