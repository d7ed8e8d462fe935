#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The core without a layer, booted with an archive of programs that need no C library, and with archives that are wrong.

usage: core.py KERNEL PROGRAMS [CASE...]

KERNEL: faultline-core.elf or its hardened twin; PROGRAMS: the folder that has core-init and the others."""

import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../system"), os.path.join(HERE, "../../tools")]

KERNEL, PROGRAMS = (sys.argv.pop(1) for _ in range(2))

from lib.tap import case, equal, has, lacks, main  # noqa: E402
from runner import qemu  # noqa: E402
from runner import swap as area  # noqa: E402
from runner.archive import Archive  # noqa: E402
from runner.failure import BROKEN  # noqa: E402
from runner.streams import Loop  # noqa: E402

MIB = 1 << 20
PATIENCE = 100  # seconds; a boot takes less than one
BOOT_LIMIT = 1200 if "hardened" in KERNEL else 670  # thousands of instructions of the kernel's


def archive(*names, **files):
    """Gives a descriptor of an archive with these programs, and with files of these contents."""
    made = Archive()
    for name in names:
        made.add_program("/" + name, os.path.join(PROGRAMS, "core-" + name))
    for name, data in files.items():
        made.add_bytes("/" + name, data)
    fd = os.memfd_create("archive")
    with open(fd, "wb", closefd=False) as file:
        made.write(file)
    return fd


def boot(machine):
    """Gives QEMU's status, and all that came over the UART."""
    running = qemu.Qemu(machine, ["uart", "monitor"])
    text, loop, deadline = bytearray(), Loop(), time.monotonic() + PATIENCE
    try:
        uart = loop.add_reader(running.channels["uart"].fileno(), text.extend)
        while not uart.ended and time.monotonic() < deadline:
            loop.turn(deadline - time.monotonic())
        return running.wait() if uart.ended else None, text.decode(errors="replace")
    finally:
        running.kill()


def started(initrd, *words, mem=32, harts=1, disk=None, icount=False):
    """Boots, and checks that the ledger of a hardened kernel closes; gives (status, all that came)."""
    machine = qemu.Machine(KERNEL, mem * MIB, harts)
    machine.words, machine.initrd, machine.disk, machine.icount = list(words), initrd, disk, icount
    machine.extra = os.environ.get("FAULTLINE_QEMU", "").split()
    status, text = boot(machine)
    if initrd is not None:
        os.close(initrd)
    lacks(text, "kernel panic", "what came")
    if status == 0 and "hardened" in KERNEL:
        has(text, "all accounted for", "what came")
    return status, text


def no_init(why, initrd, *words):
    """Checks that a boot ends with that sentence."""
    status, text = started(initrd, *words)
    equal(BROKEN, status, "status")
    has(text, "boot: error: no init: " + why, "what came")


def all_work(**how):
    """Runs process 1, which runs all programs."""
    status, text = started(archive("init", "handlers", "calls", "messages"), **how)
    lacks(text, "WRONG", "what came")
    equal(0, status, text[-1500:])
    has(text, "all four handlers work")
    has(text, "all calls work")
    has(text, "messages work")
    return text


@case
def handlers_and_calls():
    """Lazy heap, zero page, copy-on-write, demand paging; and the calls; a refused access has a report, a call of the layer a line."""
    text = all_work()
    has(text, "killed by an access to nothing: write to 0x10", "the report")
    equal(1, text.count("system call 174 is one of the Linux layer, which this kernel is without"), "lines about getuid")
    equal(1, text.count("is one of the Linux layer"), "lines about calls")


@case
def on_four_harts():
    """Process 1 and its programs on four harts."""
    has(all_work(harts=4), "4 harts run", "what came")


@case
def in_10_mib():
    """As little memory as the core starts with, and less."""
    all_work(mem=10)
    status, text = started(None, mem=9)
    equal(BROKEN, status, "status")
    has(text, "9 MiB of memory are too little: the least is 10 MiB", "what came")


@case
def swap():
    """More pages than there are frames go to a disk, and come back."""
    disk = area.create(32 * MIB)
    status, text = started(archive("swap"), "init=/swap", mem=16, disk=disk)
    os.close(disk)
    lacks(text, "WRONG", "what came")
    has(text, "swap works")
    equal(0, status, "status")


@case
def instructions_of_a_boot():
    """Up to process 1, which is not there. By --icount a microsecond is 1000 instructions, and the kernel waits for nobody to
    take earlier lines: this one is the first."""
    status, text = started(archive("calls"), "loglevel=warn", icount=True)
    equal(BROKEN, status, "status")
    took = int(re.search(r"\[ *0\.(\d{6})\] boot: error: no init", text)[1])
    equal(True, took <= BOOT_LIMIT, f"{took} thousand instructions are at most {BOOT_LIMIT}")


@case
def without_init():
    """Archives that have no program to start."""
    no_init("there is no boot archive", None)
    no_init("/init is not in the boot archive", archive("calls"))
    no_init("/other is not in the boot archive", archive("init"), "init=/other")
    no_init("/init is no static program", archive(init=b"no ELF file"))
    no_init("/init is no static program", archive(init=b""))


@case
def archive_is_cut_short():
    """Behind a program that is whole, and within it."""
    for left in (1, 2):
        whole = archive("init")
        os.ftruncate(whole, os.fstat(whole).st_size - 200 if left == 1 else os.fstat(whole).st_size // left)
        no_init("the boot archive is refused: ", whole)


@case
def init_is_larger_than_memory():
    """A program whose memory is refused, or that is killed as it uses it."""
    with open(os.path.join(PROGRAMS, "core-init"), "rb") as file:
        program = bytearray(file.read())
    at, size, count = (int.from_bytes(program[a:b], "little") for a, b in ((32, 40), (54, 56), (56, 58)))
    for i in range(count):  # the last segment to load gets a terabyte
        header = at + i * size
        if int.from_bytes(program[header:header + 4], "little") == 1:
            last = header
    program[last + 40:last + 48] = (1 << 40).to_bytes(8, "little")
    no_init("/init is no static program", archive(init=bytes(program)))


if __name__ == "__main__":
    main()
