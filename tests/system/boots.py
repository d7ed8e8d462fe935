#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole boots (R85, R120): memory sizes, harts, processors, and boot archives and command lines that are wrong."""

import os
import random
import re
import struct
import subprocess
import tempfile
import time

from lib.boot import KERNEL, MIB, archive_of, boot, bytes_of, instructions, tree
from lib.guest import folder, get, put, run
from lib.tap import Skip, case, equal, has, lacks, long_case, main
from runner.archive import Archive

KERNEL_AT = 0x80200000  # where the machine has its entry


def refused(result, *words):
    """Checks that a boot ended by itself, with a failing status and a reason, and without a panic."""
    status, text = result
    if status in (None, 0):
        raise AssertionError(f"status {status}, said {text[-1500:]!r}")
    lacks(text, "kernel panic", "what came")
    if words and not any(word in text for word in words):
        raise AssertionError(f"expected one of {words} in {text[-1500:]!r}")


def few(text, most):
    """Checks that a boot with icount, which has gone off, took no more instructions than that."""
    has(text, "power: off", "what came")
    equal(True, instructions(text) <= most, f"{instructions(text):,} instructions, {most:,} at most")


@long_case
def memory_from_32_mib_to_4_gib():
    """All of it is had, but for what the firmware and the kernel are in and the frames' descriptors."""
    for mib in (32, 48, 64, 100, 256, 1024, 2048, 3072, 4096):
        done = run("bytes", "100000", options=["--mem", f"{mib}M", "--verbose"])
        equal((0, 100000), (done.status, len(done.out)), f"{mib} MiB")
        frames = int(re.search(rb"mm: \d+ of (\d+) frames free", done.err)[1])
        equal(True, mib * 256 * 0.98 - 1024 < frames <= mib * 256, f"{frames} frames of {mib} MiB")


def harts_run(harts, says, *options):
    """Boots a machine of so many harts; the log says how many of them run."""
    done = run("exit", "5", options=["--harts", harts, "--verbose", *options])
    equal(5, done.status, f"status with {harts} harts")
    has(done.err, b"boot: %s\n" % says, f"log with {harts} harts")


@case
def machines_of_many_harts():
    for harts in ("2", "8"):
        harts_run(harts, b"%s harts run" % harts.encode())
    # QEMU runs so many one after the other, so the others stay parked.
    harts_run("40", b"1 hart runs", "--append", "harts=1")


@long_case
def machines_of_more_harts():
    for harts in ("3", "4", "6"):
        harts_run(harts, b"%s harts run" % harts.encode())
    # OpenSBI 1.6 says nothing where there are some more. The firmware takes nine times as long to park 100 as 40.
    harts_run("100", b"1 hart runs", "--append", "harts=1")


@case
def without_the_sstc_extension():
    equal(0, run("sleep", "1", env={"FAULTLINE_QEMU": "-cpu rv64,sstc=off"}).status, "status")


@case
def modern_virtio():
    data = random.Random(1).randbytes(100000)
    done = run("cat", stdin=data, env={"FAULTLINE_QEMU": "-global virtio-mmio.force-legacy=false"})
    equal((0, True), (done.status, done.out == data), "status, and whether the bytes are right")


@case
def accessed_and_dirty_kept_in_software():
    """R85: when A is taken from its entries (clear_refs), a program gets it back by faults. A hart that sets it has none of these."""
    for options, some in ((["--append", "ad=soft"], True), ([], False)):
        done = run("-c", "echo 1 > /proc/2/clear_refs; faults 2", program="sh", options=options)
        equal((0, some), (done.status, b" accessed\n" in done.out), f"status, and faults of that kind, with {options}: {done.out}")


@case
def no_archive():
    refused(boot(), "initrd", "archive")


@case
def an_empty_archive():
    refused(boot(bytes_of(Archive())), "init")


@case
def an_archive_of_garbage():
    refused(boot(random.Random(1).randbytes(100000)), "archive", "initrd", "cpio")
    refused(boot(bytes(4096)), "archive", "initrd", "cpio")


@long_case
def a_truncated_archive():
    whole = archive_of(["/init", "/bin/probe"])
    for length in (1, 50, 110, 200, 100000, len(whole) // 2, len(whole) - 200):
        refused(boot(whole[:length]), "archive", "initrd", "cpio", "init")


@case
def an_archive_with_one_bad_header():
    whole = bytearray(archive_of(["/bin/probe", "/init"]))
    second = whole.index(b"070701", 200)
    for at, byte, why in ((0, b"X", "no cpio header (newc) where one should be"), (6, b"z", "a header field is not hexadecimal"),
                          (54, b"f", "truncated in a file's data"), (94, b"f", "a name is empty or longer than 4095 bytes"),
                          (second + 54, b"f", "truncated in a file's data"), (second + 101, b"0", "a name is empty or longer than 4095 bytes")):
        broken = bytearray(whole)
        broken[at : at + 1] = byte
        refused(boot(bytes(broken)), f"boot: error: the boot archive is refused: {why}\r\n")


@long_case
def an_archive_of_many_names():
    """Twenty thousand files of two names, of which one is there."""
    header = b"070701" + b"%08x" * 13
    entries = [header % (i, 0o100644, 0, 0, 2, 0, 0, 0, 0, 0, 0, 8, 0) + b"n%06d\0\0\0" % i for i in range(20000)]
    whole = b"".join(entries) + archive_of(["/exit"])
    status, text = boot(whole, words=["init=/exit"], mem=256 * MIB, icount=True)
    equal(0, status, "status")
    few(text, 1_140_000_000)
    has(text, "archive of", "what came")
    refused(boot(whole, words=["init=/exit"], mem=20 * MIB), "no memory for its names")


@case
def init_is_missing():
    refused(boot(archive_of(["/bin/probe"])), "init")
    refused(boot(archive_of(["/init"]), words=["init=/bin/nothing"]), "/bin/nothing")


@case
def init_is_no_program():
    archive = Archive()
    archive.add_bytes("/init", b"#!/bin/sh\n", 0o755)
    refused(boot(bytes_of(archive)), "init")
    archive.add_folder("/init2")
    refused(boot(bytes_of(archive), words=["init=/init2"]), "init2")


@case
def init_crashes():
    status, text = boot(archive_of(["/wild"]), words=["init=/wild"])
    equal(139, status, "status")
    has(text, "error", "what came")
    lacks(text, "kernel panic", "what came")


@case
def init_has_an_environment():
    status, text = boot(archive_of(["/init-env"]), words=["init=/init-env"])
    equal(0, status, "status")
    has(text, "power: off, status 0", "what came")


@case
def init_ends_at_once():
    status, text = boot(archive_of(["/exit"]), words=["init=/exit"])
    equal(0, status, "status")
    has(text, "power: off, status 0", "what came")


@case
def init_that_ignores_its_children():
    status, text = boot(archive_of(["/childless"]), words=["init=/childless"], mem=64 * MIB)
    equal(0, status, "status")
    lacks(text, "error", "what came")


@case
def the_file_of_init_goes_like_any_other():
    """It is written over, so that its pages count; the two that are left are the vDSO."""
    status, text = boot(archive_of(["/gone", "/probe"]), words=["init=/gone"])
    equal(0, status, "status")
    if "hardened" in KERNEL:
        has(text, " 2 in files, all accounted for", "what came")


@long_case
def odd_command_lines():
    for word in ("loglevel=", "loglevel=loud", "winsize=x", "winsize=99999999999x1", "=", "seed=", "test=*",
                 "x" * 5000, "init="):
        done = run("exit", "5", options=["--append", word])
        equal(True, done.status in (5, 125) or word.startswith("init"), f"status {done.status} with {word[:30]}")
        lacks(done.err, b"kernel panic", word[:30])


@long_case
def trees_that_lie():
    """The archive outside memory, on the firmware, the kernel, the tree; memory without kernel or tree."""
    start, end, size = b"\x84\x20\x00\x00", b"\x84\x20\x10\x00", b"\x80\0\0\0\0\0\0\0\x08\0\0\0"
    with tempfile.TemporaryDirectory() as scratch:
        good = tree(128 * MIB, scratch)
        equal((1, 1, 1), (good.count(start), good.count(end), good.count(size)), "places in the tree")
        path = os.path.join(scratch, "patched")
        for changes in (((start, b"\x10\0\0\0"), (end, b"\x10\0\x10\0")), ((end, b"\x94\0\0\0"),),
                        ((start, b"\x80\0\0\0"),), ((start, b"\x80\x20\0\0"),), ((end, b"\x84\0\0\0"),),
                        ((start, b"\xf0\0\0\0"), (end, b"\xff\xff\xff\xff")),
                        ((size, b"\x80\0\0\0\0\0\0\0\x10\0\0\0"),), ((size, b"\x80\0\0\0\0\0\0\x02\0\0\0\0"),),
                        ((size, b"\x80\0\0\0\0\0\0\0\0\x40\0\0"),), ((size, b"\x84\0\0\0\0\0\0\0\x04\0\0\0"),)):
            patched = good
            for before, after in changes:
                patched = patched.replace(before, after)
            with open(path, "wb") as file:
                file.write(patched)
            status, text = boot(extra=["-dtb", path])
            lacks(text, "kernel panic", str(changes))
            has(text, "boot: error: the device tree can't be used", str(changes))
            has(text, "power: off, status 125", str(changes))
            equal(125, status, str(changes))


@case
def too_little_memory():
    status, text = boot(mem=12 * MIB)
    has(text, "12 MiB of memory are too little", "what came")
    equal(125, status, "status")


@case
def a_command_line_of_sixty_thousand_characters():
    status, text = boot(archive_of(["/exit"]), words=["seed=1"] * 8000 + ["init=/exit"], icount=True)
    equal(0, status, "status")
    few(text, 100_000_000)
    lacks(text, "kernel panic", "what came")


@case
def of_ten_thousand_unknown_words_some_are_named():
    text = boot(archive_of(["/exit"]), words=["x"] * 10000 + ["init=/exit"], icount=True)[1]
    few(text, 100_000_000)
    equal(6, text.count("boot: warning: command line: "), "warnings")
    has(text, 'boot: warning: command line: "x" is not known', "what came")
    has(text, "boot: warning: command line: 9995 more words are not understood", "what came")
    has(text, "power: off, status 0", "what came")


@case
def icount_counts_instructions():
    """A loop costs what it cost before, to the tick (of 100 instructions), however busy this machine is."""
    reader, writer = os.pipe()  # no end of the input, of which QEMU would tell in the middle of the loop
    costs = [int(run("ticks", options=["--icount"], stdin=reader).out.split()[1]) for _ in range(3)]
    os.close(reader)
    os.close(writer)
    equal(True, max(costs) - min(costs) <= 1, f"costs {costs} are the same")


@case
def the_time_of_day_is_the_machines():
    before, told = time.time(), float(run("clock").out)
    equal(True, before - 5 <= told <= time.time() + 5, f"{told} is between {before} and now")


@case
def under_icount_the_time_of_day_begins_anew():
    """2026-01-01 and what the boot took, whatever day it is here."""
    for _ in range(2):
        told = float(run("clock", options=["--icount"]).out) - 1767225600
        equal(True, 0 <= told < 5, f"{told} is in the first seconds of 2026")


@case
def the_lowest_address_of_the_kernel_is_its_entry():
    done = subprocess.run(["riscv64-linux-gnu-readelf", "-lW", KERNEL], capture_output=True, text=True, check=True)
    loads = [line.split() for line in done.stdout.splitlines() if line.split()[:1] == ["LOAD"]]
    names = subprocess.run(["riscv64-linux-gnu-nm", KERNEL], capture_output=True, text=True, check=True)
    start = [int(line.split()[0], 16) for line in names.stdout.splitlines() if line.split()[2:] == ["_start"]]
    if not start:
        raise Skip("no _start")
    lowest = min(loads, key=lambda words: int(words[3], 16))
    equal(0, start[0] - int(lowest[2], 16), "_start above the lowest segment")


def with_instruction(function, code):
    """Gives a copy of the kernel whose function begins with another instruction."""
    names = subprocess.run(["riscv64-linux-gnu-nm", KERNEL], capture_output=True, text=True, check=True)
    at = next(int(line.split()[0], 16) for line in names.stdout.splitlines() if line.endswith(" " + function))
    image = bytearray(get(KERNEL))
    entry, headers = struct.unpack_from("<QQ", image, 24)
    offset = at - entry + struct.unpack_from("<Q", image, headers + 8)[0]
    image[offset : offset + len(code)] = code
    return at - entry + KERNEL_AT, put(os.path.join(folder(function), "kernel"), image)


@case
def a_trap_before_the_kernel_is_up_is_told():
    """By the firmware's console, with the MMU off; then the machine goes off."""
    at, kernel = with_instruction("early_map", b"\xff\xff\xff\xff")
    status, text = boot(kernel=kernel)
    equal(0, status, "status")
    equal([f"kernel panic: trap before the kernel was up: scause {2:016x} sepc {at:016x} stval {0xffffffff:016x}"],
          [line for line in text.splitlines() if "kernel" in line], "what the kernel says")


@case
def an_archive_that_just_fits():
    room = 40 * MIB
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"faultline-fits-{os.getpid()}")
    try:
        with open(path, "wb") as file:
            file.truncate(room)
        equal(5, run("exit", "5", options=["--mem", "128M", "--add", path]).status, "status")
    finally:
        os.remove(path)


if __name__ == "__main__":
    main()
