#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The strict machine (tools/strict) with a kernel that lacks a fence: it says which, and the runner says where (R8, R180)."""

import json
import os
import shutil
import subprocess

from lib.guest import BUILD, FAKE, SCRATCH, folder, run
from lib.tap import Skip, case, equal, has, main

PROGRAM = f"{BUILD}/tests/system/fences"
KERNEL = os.path.join(BUILD, "faultline.elf")
NOP = (0x13).to_bytes(4, "little")


def functions(path):
    """Gives (name, address, size) of each function of a kernel."""
    text = subprocess.run(["riscv64-linux-gnu-nm", "-S", path], capture_output=True, check=True, text=True).stdout
    for row in (line.split() for line in text.splitlines()):
        if len(row) == 4 and row[2] in "tT":
            yield row[3], int(row[0], 16), int(row[1], 16)


def text_at(path):
    """Gives the address at which the kernel's text is linked, and its place in the file."""
    out = subprocess.run(["riscv64-linux-gnu-readelf", "-lW", path], capture_output=True, check=True, text=True).stdout
    row = next(line.split() for line in out.splitlines() if line.split()[:1] == ["LOAD"])
    return int(row[2], 16), int(row[1], 16)


def is_sfence(word):
    """Is it an SFENCE.VMA?"""
    return word & 0xFE007FFF == 0x12000073


def is_fence_i(word):
    """Is it a FENCE.I?"""
    return word == 0x100F


def without(is_fence, wanted):
    """Makes a kernel in which the fences of some functions do nothing. Gives its path."""
    if FAKE or not shutil.which("riscv64-linux-gnu-nm"):
        raise Skip("needs the real kernel, and binutils")
    with open(KERNEL, "rb") as file:
        data = bytearray(file.read())
    address, offset = text_at(KERNEL)
    left_out = 0
    for name, start, size in functions(KERNEL):
        for at in range(start - address + offset, start - address + offset + size - 3, 2) if wanted(name) else ():
            if is_fence(int.from_bytes(data[at:at + 4], "little")):
                data[at:at + 4] = NOP
                left_out += 1
    equal(True, left_out > 0, "there are such fences")
    path = os.path.join(SCRATCH.name, f"without-{is_fence.__name__}.elf")
    with open(path, "wb") as file:
        file.write(data)
    return path


def strict(kernel, word, *options):
    """Runs the program on the strict machine, with this kernel."""
    return run(word, program=PROGRAM, options=["--mem", "64M", "--strict", *options], env={"FAULTLINE_KERNEL": kernel})


@case
def R180_a_kernel_that_lacks_no_fence_is_not_reported():
    for word, options in (("unmap", []), ("text", []), ("copy", []), ("swap", ["--swap", "64M"])):
        done = strict(KERNEL, word, *options)
        equal((0, b"done\n", b""), (done.status, done.out, done.err), f"status and streams of {word}")


@case
def R180_the_device_that_ends_the_machine_is_fenced():
    few = {"program": PROGRAM, "options": ["--mem", "16M", "--strict", "--timeout", "20"]}
    done = run("unmap", env={"FAULTLINE_KERNEL": KERNEL}, **few)
    equal(125, done.status, "status")
    has(done.err, b"14 MiB of memory are too little: the least is 16 MiB", "why")
    equal(1, len(done.err.splitlines()), "nothing else is said")
    done = run("unmap", env={"FAULTLINE_KERNEL": without(is_sfence, lambda name: name == "arch_mmu_sync_kernel")}, **few)
    equal(True, done.err.count(b"\n") > 1, f"without the fence, the kernel does not come to that end: {done.err}")


@case
def R180_a_fence_that_munmap_lacks_is_named():
    kernel = without(is_sfence, lambda name: name.startswith(("arch_mmu_flush", "mark_and_flush", "flush_")))
    path = os.path.join(folder("json"), "reports")
    done = strict(kernel, "unmap", "--strict-json", path)
    equal((86, b"done\n"), (done.status, done.out), f"status and output, with {done.err}")
    # Fork lacks its fences, too: if the child's page of the stack is copied soon, that is found first.
    for text in (b": an old translation is left at the return to user mode", b"a TLB may have: frame 0x",
                 b"the tables have: nothing valid", b"SFENCE.VMA", b", in ", b".c:"):
        has(done.err, text, "the report")
    with open(path, encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    equal(done.err.count(b"strict: finding "), len(found), "reports in the file")
    equal({"finding": "1", "hart": "0", "seed": "1"}, {name: found[0][name] for name in ("finding", "hart", "seed")}, "the first one")
    has(str([report.get("changed_at_in") for report in found]), " < gather_entry_zap() at tlb_gather.c:", "where entries were changed")


@case
def R180_text_without_fence_i_is_named():
    done = strict(without(is_fence_i, lambda name: True), "text")
    equal((86, b"done\n"), (done.status, done.out), f"status and output, with {done.err}")
    has(done.err, b"without FENCE.I", "the report")
    has(done.err, b"Zifencei", "the rule")


@case
def R180_a_copy_of_text_without_fence_i_is_named():
    done = strict(without(is_fence_i, lambda name: name in ("install_copy", "install_fill", "install_frame")), "copy")
    equal((86, b"done\n"), (done.status, done.out), f"status and output, with {done.err}")
    has(done.err, b"a page to be executed was entered without FENCE.I", "the report")


@case
def R180_text_from_swap_without_fence_i_is_named():
    done = strict(without(is_fence_i, lambda name: name == "install_swapped_page"), "swap", "--swap", "64M")
    equal((86, b"done\n"), (done.status, done.out), f"status and output, with {done.err}")
    has(done.err, b"a page to be executed was entered without FENCE.I", "the report")


if __name__ == "__main__":
    main()
