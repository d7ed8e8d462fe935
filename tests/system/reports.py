#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Why it died (R121): the report of each kind of death, word for word, addresses masked."""

import re
import shutil

from lib.guest import BUILD, FAKE, run_placed, run_raw
from lib.tap import Skip, case, equal, has, lacks, main

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
VDSO = "object_private, the vDSO"
END = "  sp P, heap A-B, image"
NO_ENTRY = "  walk: root table T, middle table T, leaf empty: V=0 refuses a "
NO_LEAF = "  walk: root table T, middle empty: V=0 refuses a "
PAGE = "  walk: root table T, middle table T, leaf frame F "
BETWEEN = ["  below it: " + HEAP, "  above it: A-B r--p " + VDSO]
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
                ["  it is in: A-B r--p anon", NO_ENTRY + "write", END]),
    "forbidden": ("SIGSEGV", "read of P at pc P <load>: the memory there is PROT_NONE",
                  ["  it is in: A-B ---p anon", NO_ENTRY + "read", END]),
    "past_heap": ("SIGSEGV", "write to P at pc P <store>: 40 bytes past the heap's end",
                  [*BETWEEN, NO_ENTRY + "write", END]),
    "heap_shrunk": ("SIGSEGV", "read of P at pc P <load>: used after brk took it back: "
                    "131072 bytes past the heap's end", [*BETWEEN, NO_ENTRY + "read", END]),
    "stack": ("SIGSEGV", "write to P at pc P <recurse>: stack overflow: more than its limit of 8192 KiB",
              ["  below it: A-B r-xp " + VDSO, "  above it: " + STACK, NO_LEAF + "write", END]),
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
                     [*BETWEEN, NO_ENTRY + "read", END]),
    "wild": ("SIGSEGV", "read of P at pc P <load>: wild pointer: nothing is mapped there",
             [*BETWEEN, "  walk: root empty: V=0 refuses a read", END]),
    "past_mapping": ("SIGSEGV", "write to P at pc P <store>: 100 bytes past the end of the mapping below it",
                     ["  below it: A-B rw-p anon", "  above it: A-B r--p " + VDSO, "  walk: root empty: V=0 refuses a write",
                      END]),
    "past_file": ("SIGBUS", "read of P at pc P <load>: 3996 bytes past the end of the mapped file, which has 100",
                  ["  it is in: A-B r--p object_private", NO_ENTRY + "read", END]),
    "write_vdso": ("SIGSEGV", "write to P at pc P <store>: write to the vDSO, which is read-only",
                        ["  it is in: A-B r-xp " + VDSO,
                         PAGE + "r-x user accessed copy-on-write: W=0 refuses a write", END]),
    "before_vdso": ("SIGSEGV", "write to P at pc P <store>: 100 bytes before the mapping above it",
                         ["  below it: " + HEAP, "  above it: A-B r--p " + VDSO, NO_ENTRY + "write", END]),
    "jump_vdso": ("SIGSEGV", "fetch from P at pc P: jump to the vDSO: the memory there may not be executed",
                       ["  it is in: A-B r--p " + VDSO,
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


CALLERS = {
    # The ways to die of guest/callers.c, and the functions of the backtrace as far as they are that program's.
    "strlen": ["strlen", "measure", "in_strlen", "choose", "main"],
    "memcpy": ["copy", "in_memcpy", "choose", "main"],
    "printf": ["strlen", "printf", "in_printf", "choose", "main"],
    "array": ["strlen", "measure_copy", "in_array", "choose", "main"],
    "large": ["strlen", "measure", "measure_large", "in_large_frame", "choose", "main"],
    "handler": ["strlen", "measure", "handle", "raise", "interrupted", "in_handler", "choose", "main"],
    "fault_handler": ["strlen", "measure", "handle_fault", "in_fault_handler", "choose", "main"],
    "thread": ["strlen", "measure", "run_thread"],
    "smashed": ["0x4141414141414140"],
    "loop": ["strlen", "measure", "in_loop", "choose"],
    "recursion": ["recurse"],
    "null_call": ["0x0", "in_null_call", "choose", "main"],
}
# Of the C library: newer ones have other names here, or none.
INNER = ("memcpy", "__memcpy_generic", "__memcpy_noalignment", "_wordcopy_fwd_aligned", "__vfprintf_internal", "__printf_buffer", "__pthread_kill_implementation",
         "start_thread", "__thread_start", "__thread_start_clone3")
BACKTRACES = {}


def backtraces():
    """Dies in all these ways in one boot, of a static program with lines and of a dynamic one without; gives the lines of
    each backtrace, and all that was written."""
    if not BACKTRACES:
        words = " ".join(CALLERS)
        added = [f"{BUILD}/tests/system/{name}:/bin/" for name in ("callers", "callers_dynamic")]
        done = run_raw(["--mem", "64M", *(word for path in added for word in ("--add", path)), "--", "sh", "-c",
                        f"/bin/callers {words} && /bin/callers_dynamic {words} && callers many"], cwd="/")
        equal(0, done.status, f"status (it said {done.err})")
        text = done.err.decode()
        told = [part.splitlines()[1:] for part in re.split(r"^.* killed by .*$", text, flags=re.MULTILINE)[1:]]
        lines = [[line for line in part if line.startswith("#") or line == "..."] for part in told]
        BACKTRACES.update({"static": dict(zip(CALLERS, lines)), "dynamic": dict(zip(CALLERS, lines[len(CALLERS) :])), "text": text})
        equal(2 * len(CALLERS) + 9, len(lines), "backtraces, and deaths that have a line")
    return BACKTRACES


def functions(lines):
    """Gives the functions of a backtrace, those that follow each other once, but for those inside the C library that may have
    another name there, or none."""
    names = [re.fullmatch(r"#\d+ ([^ ,+]+).*", line)[1].partition(".")[0] for line in lines
             if line != "..." and not re.match(r"#\d+ 0x[0-9a-f]+ \(in ", line)]
    return [name for name, before in zip(names, [None, *names]) if name != before and name not in INNER]


def make_backtrace(way, expected):
    """Makes the case of one way to die."""

    def followed():
        if FAKE:
            raise Skip("needs the real kernel")
        for kind in ("static", "dynamic"):
            lines = backtraces()[kind][way]
            found = functions(lines)
            equal(expected, found[:4] if way == "loop" else found, f"functions of the {kind} program: {lines}")
            more = lines[16:]
            equal([f"#{number}" for number in range(16)][: len(lines)], [line.split()[0] for line in lines[:16]], "numbers")
            equal(["..."] if way == "recursion" or more else [], more, "the end")

    followed.__name__ = f"R121_a_backtrace_of_{way}"
    return followed


for name, names in CALLERS.items():
    case(make_backtrace(name, names))


@case
def R121_a_backtrace_has_lines_where_the_program_has():
    if FAKE:
        raise Skip("needs the real kernel")
    if not shutil.which("riscv64-linux-gnu-addr2line"):
        raise Skip("riscv64-linux-gnu-addr2line is not installed")
    with open(__file__[: -len("reports.py")] + "guest/callers.c", encoding="utf-8") as file:
        texts = file.read().split("\n")
    found = [re.fullmatch(r"#\d+ (\w+), callers\.c:(\d+)", line) for line in backtraces()["static"]["strlen"]]
    equal([("measure", "size_t len = strlen(text);"), ("in_strlen", "kept = measure(low);"), ("choose", "ways[i].run();"),
           ("main", "choose(argv[1]);")],
          [(match[1], texts[int(match[2]) - 1].strip()) for match in found if match], "of the static program")
    lines = backtraces()["dynamic"]["strlen"]
    has(lines[0].encode(), b"(in libc.so.6)", "a function of a library")
    equal(True, re.fullmatch(r"#1 measure\+0x[0-9a-f]+", lines[1]) is not None, f"a function of a program without lines: {lines[1]}")


@case
def R121_deaths_of_one_program_are_counted():
    """Of 60 processes that die there are one report and eight lines."""
    if FAKE:
        raise Skip("needs the real kernel")
    lines = [line.partition("warning: ")[2] for line in backtraces()["text"].splitlines() if "more process" in line]
    equal(["51 more processes of /bin/callers killed for faults"], lines, "lines")


@case
def R121_a_report_has_nothing_of_the_stack_but_addresses():
    if FAKE:
        raise Skip("needs the real kernel")
    done = run_placed("callers", "strlen", options=["--mem", "64M", "--verbose"])
    lines = [line for line in done.err.decode().splitlines() if re.search("trap: warning:   (stack|code|for a backtrace): ?", line)]
    equal(True, 3 <= len(lines) <= 11, f"lines for a backtrace: {lines}")
    lacks("\n".join(lines).encode(), b"5ec2e7", "a local variable")
    lacks("\n".join(lines).encode(), b"bd85ce", "another one")


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
