#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is said of a run that took too long: what its threads wait for, and where its harts are."""

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from runner import harts, waits

LINE = "2\t3\tS\t{}\t{}\tname"


def said(call, file="", line=LINE):
    """Gives what is said of one thread."""
    return waits.lines(line.format(call, file).encode() + b"\n\n")


@case
def each_wait_has_its_words():
    rest = " 0x1 0x2 0x3 0x4 0x5 0x7000 0x10640"
    for number, file, words in ((98, "", "waits for the futex at 0x9"), (63, "pipe:[7]", "waits for bytes of descriptor 9, pipe:[7]"),
                                (64, "", "waits for room in descriptor 9"), (260, "", "waits for a child"), (115, "", "waits for a time"),
                                (32, "/tmp/x", "waits for a lock of descriptor 9, /tmp/x"), (73, "", "waits for one of 1 descriptors"),
                                (25, "/tmp/x", "waits in system call 25"), (9999, "", "waits in system call 9999")):
        equal([f"name[2], thread 3, {words}"], said(f"{number} 0x9{rest}", file), words)
    equal(["name[2], thread 3, waits for a lock of descriptor 9, /x"], said("25 0x9 0x7 0x2 0x3 0x4 0x5 0x7000 0x10640", "/x"), "F_SETLKW")
    equal(["name[2], thread 3, waits for the memory that it touches at pc 0x10640"], said("-1 0x7000 0x10640"), "a fault")
    equal(["name[2], thread 3, runs"], said("running"), "none")
    equal(["name[2], thread 3, is stopped"], said("73 0x1 0x1 0x1 0x1 0x1 0x1 0x1 0x1", line=LINE.replace("S", "T")), "a stop")
    equal(["name[2] waits for a child"], said(f"260 0x9{rest}", line=LINE.replace("3", "2", 1)), "the first thread")


@case
def an_answer_is_not_trusted():
    equal([], waits.lines(b"\n"), "none")
    for line in (b"", b"x", b"1\t2", b"2\t3\tS\t98 zzz 1 2 3 4 5 6 7\t\tname", b"2\t3\tS\t98x 0x1 2 3 4 5 6 7\t\tname", b"\xff\t" * 9):
        equal(["a[1] runs"], waits.lines(line + b"\n1\t1\tR\trunning\t\ta\n\n"), f"behind {line!r}")
    equal(["?[2m[1] runs"], waits.lines(b"1\t1\tR\trunning\t\t\x1b[2m\n\n"), "a name")
    many = b"1\t1\tR\trunning\t\ta\n" * 100
    equal((65, "and 36 more threads"), (len(waits.lines(many)), waits.lines(many)[-1]), "many")
    equal([True, True, False, False, True], [waits.complete(text) for text in (b"\n", b"a\n\n", b"a\n", b"", b"x" * (waits.MOST_TEXT + 1))],
          "which are complete")


class Named:
    """Symbols that have a name for some addresses."""

    def __init__(self, name, *addresses):
        self.name, self.addresses = name, addresses

    def at(self, address):
        """Gives the name."""
        return self.name if address in self.addresses else None


@case
def an_address_is_of_the_kernel_only_if_it_is():
    kernel, main_program = Named("trap", 0xFFFFFFFF80200000, 0x80200000), Named("main", 0x10640)
    for paged, address, words in ((1, 0xFFFFFFFF80200000, "in trap of the kernel"), (1, 0x10640, "in main of the program"),
                                  (1, 0x3FF7ED3B04, "in a program"), (0, 0x80200000, "in trap of the kernel"),
                                  (0, 0x80200002, "in ? of the kernel"), (1, 0x80000004, "in the firmware")):
        equal(words, harts.place(address, paged, kernel, main_program), f"{address:#x}, paged: {paged}")
    text = "\nCPU#0\n V      =   0\n pc       0000000000010640\n mepc     0000000000000001\n satp     8000000000000002\n x1/ra    0000003ff7ed3b04\n"
    equal([(0, 0x10640, 0x3FF7ED3B04, 8 << 60 | 2)], harts.parse_registers(text), "registers")


main()
