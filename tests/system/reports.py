#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Why it died (R121): the report of each kind of death, word for word, addresses masked."""

import re
import shutil

from lib.guest import FAKE, run_placed
from lib.tap import Skip, case, equal, has, main

STATUS = {"SIGILL": 132, "SIGTRAP": 133, "SIGBUS": 135, "SIGSEGV": 139}
MASKS = [
    (r"^\[ *\d+\.\d+\] trap: warning: ", ""),
    (r"<(\w+)(?:\.\d+)?\+0x[0-9a-f]+>", r"<\1>"),  # a compiler may move what is in a function
    (r"frame 0x[0-9a-f]+", "frame F"),
    (r"table 0x[0-9a-f]+", "table T"),
    (r"(root|middle|leaf)\[\d+\]", r"\1"),
    (r"0x[0-9a-f]{4,}(?=-)", "A"),
    (r"(?<=-)0x[0-9a-f]{4,}", "B"),
    (r"(?<!instruction )0x[0-9a-f]{4,}", "P"),
    (r"image /.*/dies$", "image"),
    (r"^dies\[\d+\]", "dies[N]"),
    (r", thread \d+,", ", thread N,"),
]
REPORTS = {}
TEXT = "A-B r-xp elf, of the image"
HEAP = "A-B rw-p anon, the heap"
STACK = "A-B rw-p anon, the stack"
SIGRETURN = "object_private, the sigreturn page"
END = "  sp P, heap A-B, image"
NO_ENTRY = "  walk: root table T, middle table T, leaf empty: V=0 refuses a "
NO_LEAF = "  walk: root table T, middle empty: V=0 refuses a "
PAGE = "  walk: root table T, middle table T, leaf frame F "
BETWEEN = ["  below it: " + HEAP, "  above it: " + STACK]
CALLER = "  called from: perhaps P <jump>"

# The argument of dies: the signal, what it says after it, the other lines.
DEATHS = {
    "null": ("SIGSEGV", "write to 0 at pc P <store>: null pointer",
             ["  above it: " + TEXT, NO_ENTRY + "write", END]),
    "near_null": ("SIGSEGV", "read of 0x18 at pc P <load>: null pointer plus 24 bytes",
                  ["  above it: " + TEXT, NO_ENTRY + "read", END]),
    "in_thread": ("SIGSEGV", "write to 0 at pc P <store>: null pointer",
                  ["  above it: " + TEXT, NO_ENTRY + "write", END]),
    "call_null": ("SIGSEGV", "fetch from 0 at pc 0: call of a null pointer",
                  ["  above it: " + TEXT, NO_ENTRY + "fetch", CALLER, END]),
    "text": ("SIGSEGV", "write to P <at_null> at pc P <store>: write to read-only text",
             ["  it is in: " + TEXT, PAGE + "r-x user accessed copy-on-write: W=0 refuses a write", END]),
    "constant": ("SIGSEGV", "write to P <constant> at pc P <store>: write to read-only data",
                 ["  it is in: " + TEXT, PAGE + "r-x user accessed copy-on-write: W=0 refuses a write", END]),
    "mapping": ("SIGSEGV", "write to P at pc P <store>: write to memory that is mapped read-only",
                ["  it is in: A-B r--p anon", NO_LEAF + "write", END]),
    "forbidden": ("SIGSEGV", "read of P at pc P <load>: the memory there is PROT_NONE",
                  ["  it is in: A-B ---p anon", NO_LEAF + "read", END]),
    "past_heap": ("SIGSEGV", "write to P at pc P <store>: 40 bytes past the heap's end",
                  [*BETWEEN, NO_ENTRY + "write", END]),
    "heap_shrunk": ("SIGSEGV", "read of P at pc P <load>: used after brk took it back: "
                    "131072 bytes past the heap's end", [*BETWEEN, NO_ENTRY + "read", END]),
    "stack": ("SIGSEGV", "write to P at pc P <recurse>: stack overflow: more than its limit of 8192 KiB",
              [*BETWEEN, NO_LEAF + "write", END]),
    "jump_data": ("SIGSEGV", "fetch from P <data> at pc P <data>: jump to data: the memory there may not be executed",
                  ["  it is in: A-B rw-p elf, of the image", PAGE + "rw- user accessed dirty: X=0 refuses a fetch",
                   CALLER, END]),
    "jump_heap": ("SIGSEGV", "fetch from P at pc P: jump to the heap: the memory there may not be executed",
                  ["  it is in: " + HEAP, NO_ENTRY + "fetch", CALLER, END]),
    "jump_stack": ("SIGSEGV", "fetch from P at pc P: jump to the stack: the memory there may not be executed",
                   ["  it is in: " + STACK, PAGE + "rw- user accessed dirty: X=0 refuses a fetch", CALLER, END]),
    "kernel": ("SIGSEGV", "read of P at pc P <load>: kernel address: no program may touch those",
               ["  below it: " + STACK, "  walk: root empty: V=0 refuses a read", END]),
    "not_canonical": ("SIGSEGV", "read of P at pc P <load>: wild pointer: above all addresses that programs have",
                      ["  below it: " + STACK, "  walk: none: bits 63 to 39 are not all like bit 38", END]),
    "after_munmap": ("SIGSEGV", "read of P at pc P <load>: used after munmap of A-B",
                     [*BETWEEN, NO_LEAF + "read", END]),
    "wild": ("SIGSEGV", "read of P at pc P <load>: wild pointer: nothing is mapped there",
             [*BETWEEN, "  walk: root empty: V=0 refuses a read", END]),
    "past_mapping": ("SIGSEGV", "write to P at pc P <store>: 100 bytes past the end of the mapping below it",
                     ["  below it: A-B rw-p anon", "  above it: " + STACK, "  walk: root empty: V=0 refuses a write",
                      END]),
    "past_file": ("SIGBUS", "read of P at pc P <load>: 3996 bytes past the end of the mapped file, which has 100",
                  ["  it is in: A-B r--p object_private", NO_LEAF + "read", END]),
    "write_sigreturn": ("SIGSEGV", "write to P at pc P <store>: write to the sigreturn page, which is read-only",
                        ["  it is in: A-B r-xp " + SIGRETURN,
                         PAGE + "r-x user accessed copy-on-write: W=0 refuses a write", END]),
    "before_sigreturn": ("SIGSEGV", "write to P at pc P <store>: 100 bytes before the mapping above it",
                         ["  below it: " + HEAP, "  above it: A-B r-xp " + SIGRETURN, NO_LEAF + "write", END]),
    "jump_sigreturn": ("SIGSEGV", "fetch from P at pc P: jump to the sigreturn page: the memory there may not be executed",
                       ["  it is in: A-B r--p " + SIGRETURN,
                        PAGE + "r-- user accessed copy-on-write: X=0 refuses a fetch", CALLER, END]),
    "illegal": ("SIGILL", "illegal instruction 0xffffffff at pc P <illegal>", ["  pc is in: " + TEXT, END]),
    "illegal_short": ("SIGILL", "illegal instruction 0x0000 at pc P <illegal_short>", ["  pc is in: " + TEXT, END]),
    "breakpoint": ("SIGTRAP", "breakpoint instruction 0x00100073 at pc P <breakpoint>",
                   ["  pc is in: " + TEXT, END]),
    "misaligned": ("SIGBUS", "misaligned access to P at pc P <misaligned>",
                   ["  pc is in: " + TEXT, "  it is in: A-B rw-p elf, of the image", END]),
}


def masked(text):
    """Gives the report's lines without what may be another from build to build."""
    lines = [line for line in text.decode().splitlines() if "] trap: warning: " in line]
    for pattern, by in MASKS:
        lines = [re.sub(pattern, by, line) for line in lines]
    return lines


def reports():
    """Dies in all ways in one boot; gives the status and the report's lines of each."""
    if not REPORTS:
        done = run_placed("dies", *DEATHS, options=["--mem", "64M"])
        equal(0, done.status, f"status (it said {done.err})")
        lines = masked(done.err)
        starts = [i for i, line in enumerate(lines) if re.match(r"dies\[N\](, thread N,)? killed by ", line)]
        told = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)])]
        ends = [line.split() for line in done.out.decode().splitlines()]
        equal((list(DEATHS), len(DEATHS)), ([way for way, _ in ends], len(told)), "deaths and reports")
        REPORTS.update({way: (int(status), report) for (way, status), report in zip(ends, told)})
    return REPORTS


def make(way, signal, first, rest):
    """Makes the case of one death."""

    def explained():
        if FAKE:
            raise Skip("needs the real kernel")
        status, lines = reports()[way]
        equal(STATUS[signal], status, "status")
        who = "dies[N], thread N," if way == "in_thread" else "dies[N]"
        equal([f"{who} killed by {signal}: {first}", *rest], lines, "report")
        equal(True, len(lines) <= 10, "ten lines at most")

    explained.__name__ = f"R121_{way}_is_explained"
    return explained


for name, death in DEATHS.items():
    case(make(name, *death))


def source_of(way):
    """Gives what the runner says of the source code of a death: the texts of the lines that the addresses are at."""
    done = run_placed("dies", way, options=["--mem", "64M"])
    with open(__file__[: -len("reports.py")] + "guest/dies.c", encoding="utf-8") as file:
        texts = file.read().split("\n")
    lines = [line for line in done.err.decode().splitlines() if line.startswith("run.sh: ")]
    found = [re.fullmatch(r"run\.sh: 0x[0-9a-f]+ is at dies\.c:(\d+)", line) for line in lines]
    return [texts[int(match.group(1)) - 1].strip() for match in found]


@case
def R121_the_source_line_follows():
    if FAKE:
        raise Skip("needs the real kernel")
    if not shutil.which("riscv64-linux-gnu-addr2line"):
        raise Skip("riscv64-linux-gnu-addr2line is not installed")
    equal(["*p = 1;"], source_of("null"), "an access")
    equal(["((void (*)(void))p)();"], source_of("call_null"), "the call of a null pointer")


@case
def R121_out_of_memory_tells_who_uses_what():
    if FAKE:
        raise Skip("needs the real kernel")
    done = run_placed("dies", "hog", options=["--mem", "64M"])
    equal(137, done.status, "status")
    lines = [line.split("] mm: warning: ")[1] for line in done.err.decode().splitlines() if "] mm: warning: " in line]
    equal(7, len(lines), "lines")
    equal(["out of memory: killed dies[2], which had the most: n KiB with swap and page tables",
           "  dies[2] needed memory", "  n of n KiB are free; reclaim has dropped n pages in n turns"],
          [re.sub(r"(?<!\[)\b\d+\b", "n", line) for line in lines[:3]], "victim")
    del lines[1:3]
    equal("  memory by process, the largest 2 of 2:", lines[1], "the table's head")
    equal(["    dies[2]: n KiB, in swap n KiB, page tables n KiB", "    init[1]: n KiB, in swap n KiB, page tables n KiB",
           "  by kind: anonymous n KiB, files and shared n KiB, page tables n KiB, kernel n KiB (objects n KiB), "
           "reserved n KiB, free n KiB"],
          [re.sub(r"\d+ KiB", "n KiB", line) for line in lines[2:]], "the table")
    kinds = [int(number) for number in re.findall(r"(?<!objects )\b(\d+) KiB", lines[4])]
    equal(True, 60 * 1024 < sum(kinds) <= 64 * 1024, f"all kinds together: {kinds}")
    equal(True, kinds[0] > sum(kinds) * 3 // 4, f"most of it is anonymous: {kinds}")


if __name__ == "__main__":
    main()
