#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the runner makes backtraces of reports: from whatever lines and files, with whatever tools there are."""

import os
import struct
import tempfile
import time

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from runner import callers, program, source

SCRATCH = tempfile.TemporaryDirectory(prefix="faultline-source-")
HEAD = b"[    0.054300] trap: warning: "
KILLED = HEAD + b"a.out[2] killed by SIGSEGV: read of 0 at pc 0x10640 <main+0xe>: null pointer"
AREA = HEAD + b"  above it: 0x10000-0x71000 r-xp elf, of the image"
REGISTERS = HEAD + b"  for a backtrace: pc 0x10100, ra 0x10110, s0 0"
STACK = HEAD + b"  stack: 8:10120"
CODE = HEAD + b"  code: 0x10000-0x11000 0 /tmp/a.out"
LAST = HEAD + b"  sp 0x3000, heap 0x7d000-0x9f000, image /tmp/a.out"
REPORT = (KILLED, AREA, REGISTERS, STACK, CODE, LAST)
CALL, NOP = struct.pack("<I", 0x000000EF), struct.pack("<H", 0x0001)  # jal ra, c.nop



def elf_of(code, kind=2):
    """Makes a file whose bytes are mapped at 0x10000, with this code at 0x10100."""
    header = b"\x7fELF\2\1\1" + bytes(9) + struct.pack("<HHIQQQIHHHHHH", kind, 0xF3, 1, 0, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, 0x10000, 0x10000, 0x1000, 0x1000, 0x1000)
    return (header + segment).ljust(0x100, b"\0") + code.ljust(0xF00, b"\0")


def put(name, data):
    """Writes an executable file and gives its path."""
    path = os.path.join(SCRATCH.name, name)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o755)
    return path


NOTED = os.path.join(SCRATCH.name, "noted")
PROGRAM = put("a.out", elf_of((NOP * 6 + CALL + NOP * 6 + CALL).ljust(0x20, b"\1")))


def with_tools(lines=b"", frames=b"", host=PROGRAM):
    """Makes a Sources whose tools are these shell scripts, and that knows one file."""
    sources = source.Sources({"/tmp/a.out": host}.get)
    for name, script in ((source.LINES, lines), (source.FRAMES, frames)):
        sources.tools[name] = put(name, b'#!/bin/sh\necho "$@" >> ' + os.fsencode(NOTED) + b"\n" + script)
    return sources


def said(sources, *lines):
    """Gives what is added to these lines."""
    return [more for line in lines for more in sources.after(line)[1]]


def asked():
    """Gives what the tools were asked since the last time."""
    try:
        with open(NOTED, encoding="utf-8") as file:
            text = file.read()
        os.remove(NOTED)
    except FileNotFoundError:
        return []
    return text.splitlines()


def table(*rows):
    """Gives the script of a tool that prints a table of one function."""
    lines = "\n".join(rows)
    return f"cat << 'END'\n\n00 10 00 FDE cie=00 pc=0000000000010100..0000000000010200\n   LOC           CFA      ra    s0\n{lines}\n\nEND\n".encode()


@case
def a_backtrace_follows_the_report():
    sources = with_tools(frames=table("0000000000010100 sp+0 u u"))
    equal([], said(sources, *REPORT[:-1]), "before its last line")
    equal([b"#0 0x10100", b"#1 0x10110"], said(sources, LAST), "then: of a leaf, which has not stored its return address")
    equal([f"-wF {PROGRAM}", f"-a -f -i -C -s -e {PROGRAM} 0x10100 0x1010f"], asked(), "what was asked")
    equal([], said(sources, LAST), "a last line alone")


@case
def the_lines_for_it_are_not_shown():
    sources = with_tools()
    equal([False, False, True, True, True, False], [sources.after(line)[0] for line in REPORT], "which are hidden")
    asked()


@case
def a_return_address_is_where_the_table_says():
    sources = with_tools(frames=table("0000000000010100 sp+16 c-8 u", "0000000000010120 exp u u"))
    equal([b"#0 0x10100", b"#1 0x10120"], said(sources, *REPORT), "the word at 8")
    equal([b"#0 0x10100"], said(sources, *(line.replace(b" 8:10120", b" 0:10120") for line in REPORT)), "it is not there")
    equal([b"#0 0x10100"], said(sources, *(line.replace(b" 8:10120", b" 8:10118") for line in REPORT)), "no call is before it")
    equal([b"#0 0x10100"], said(sources, *(line.replace(b" 8:10120", b" 8~120") for line in REPORT)), "it is no code")
    sources = with_tools(frames=table("0000000000010100 s0+0 c-8 c-16"))
    equal([b"#0 0x10100", b"#1 0x10120"], said(sources, *(line.replace(b"s0 0", b"s0 0x3010") for line in REPORT)), "by s0")
    equal([b"#0 0x10100"], said(sources, *(line.replace(b"s0 0", b"s0 0x2000") for line in REPORT)), "s0 is below sp")
    asked()


@case
def a_stack_that_leads_round_comes_to_an_end():
    sources = with_tools(frames=table("0000000000010100 sp+8 c-8 u"))
    words = b" ".join(b"%x:10120" % (8 * number) for number in range(40))
    lines = said(sources, *(line.replace(b"8:10120", words) for line in REPORT))
    equal((17, b"#15 0x10120", b"..."), (len(lines), lines[15], lines[16]), "steps")
    sources = with_tools(frames=table("0000000000010100 sp+0 c-8 u"))
    equal(1, len(said(sources, *REPORT)), "a function that moves nothing")
    asked()


@case
def lines_and_functions_that_are_inside_others():
    sources = with_tools(lines=b"printf '0x010100\\ninner\\nx.c:3\\nouter\\nx.c:9 (discriminator 2)\\n0x01010f\\nmain\\nx.c:20\\n'",
                         frames=table("0000000000010100 sp+0 u u"))
    equal([b"#0 inner, x.c:3", b"#1 outer, x.c:9", b"#2 main, x.c:20"], said(sources, *REPORT), "frames")
    for what in (b"echo '0x010100'; echo f; echo '??:0'", b"echo 0x010100; echo f; echo 'x.c:?'", b"exit 1", b"", b"kill -9 $$",
                 b"printf '0x010100\\nf\\n\\033[7mx.c:3\\n'", b"printf '\\377\\200'"):
        equal(b"#0 0x10100", said(with_tools(lines=what), *REPORT)[0], f"with {what!r}")
    asked()


@case
def a_tool_that_is_missing_or_no_program_is_no_matter():
    sources = with_tools()
    for tool in (None, "/no such folder/tool", put("no program", b"\0")):
        sources.tools = dict.fromkeys(sources.tools, tool)
        equal([b"#0 0x10100", b"#1 0x10110"], said(sources, *REPORT), f"with {tool}")


@case
def a_slow_tool_is_asked_once():
    before, source.PATIENCE = source.PATIENCE, 0.2
    try:
        sources = with_tools(b"exec sleep 100", b"exec sleep 100")
        begun = time.monotonic()
        equal(6, len(said(sources, *REPORT, *REPORT, *REPORT)), "frames")
        equal(True, time.monotonic() - begun < 60, "it was not waited for")
        equal(True, len(asked()) <= 1, "asked once")
    finally:
        source.PATIENCE = before


@case
def only_files_of_the_run_are_looked_at():
    for path in (b"/etc/passwd", b"/tmp/../tmp/a.out", b"/tmp/a.out ", b"relative", b"/\xff\xfe", b""):
        equal(b"#0 0x10100", said(with_tools(), *(line.replace(b" /tmp/a.out", b" " + path) for line in REPORT[:-1]), LAST)[0].partition(b" (")[0],
              f"{path!r}")
    for name, data in (("text", b"#!/bin/sh\n"), ("empty", b""), ("short", elf_of(b"")[:70]), ("cut", elf_of(b"")[:0x100])):
        equal(b"#0 0x10100", said(with_tools(host=put(name, data)), *REPORT)[0], f"a file that is {name}")
    equal(b"#0 0x10100", said(with_tools(host="/no such file"), *REPORT)[0], "a file that has gone")
    equal([], [words for words in asked() if "/etc" in words], "what was asked")


@case
def what_was_moved_is_looked_up_where_it_was():
    sources = with_tools(host=put("pie", elf_of(NOP * 6 + CALL, 3)), frames=table("0000000000010100 sp+0 u u"))
    moved = [line.replace(b"0x1", b"0x51") for line in REPORT]
    equal([b"#0 0x510100", b"#1 0x510110"], said(sources, *moved), "frames")
    equal(["0x10100", "0x1010f"], asked()[-1].split()[-2:], "what was asked")


@case
def nothing_but_numbers_is_taken_from_lines():
    for one, other in ((b"pc 0x10100", b"pc 0x10100;reboot"), (b"pc 0x10100", b"pc -x"), (b"pc 0x10100", b"pc 0x" + b"1" * 17),
                       (b"[    0.054300] trap: warning:   for", b"for")):
        equal([], said(with_tools(), *(line.replace(one, other) for line in REPORT)), f"{other!r}")
    equal([], asked(), "what was asked")
    liar = KILLED.replace(b"a.out", b"x at pc 0x666 <y>: z")
    equal(2, len(said(with_tools(), liar, *REPORT[1:])), "a name that looks like a report")
    asked()


@case
def reports_that_come_mixed_are_left_alone():
    sources = with_tools()
    equal([], said(sources, *(line for line in REPORT for _ in range(2))), "both")
    equal(2, len(said(sources, *REPORT)), "the next one")
    asked()


def row_after(*words):
    """Gives (register, offset, ra, s0) of the code that these instructions lead to; short ones are compressed."""
    prologue = callers.Prologue()
    for word in words:
        prologue.take(*callers.decode(word))
    row = prologue.row()
    return row and (row.register, row.offset, row.ra, row.s0)


@case
def the_beginning_of_a_function_tells_its_frame():
    equal((callers.SP, 0, None, None), row_after(), "none")
    equal((callers.SP, 16, -8, -16), row_after(0x1141, 0xE406, 0xE022), "addi sp,sp,-16; sd ra,8(sp); sd s0,0(sp)")
    equal((callers.SP, 192, -8, None), row_after(0xF4010113, 0x0A113C23), "addi sp,sp,-192; sd ra,184(sp)")
    equal((callers.SP, 0, None, None), row_after(0x1141, 0xE406, 0x60A2, 0x0141), "ld ra,8(sp); addi sp,sp,16")
    equal((callers.SP, 16, -8, None), row_after(0x1141, 0xE406, 0x60A2, 0x0141, 0x8082), "ret, and what comes behind it")
    equal((callers.SP, 20016, -8, None), row_after(0x1141, 0xE406, 0x000052B7, 0xE2028293, 0x40510133),
          "lui t0,5; addi t0,t0,-480; sub sp,sp,t0")
    equal((callers.S0, 0, -8, -16), row_after(0x1141, 0xE406, 0xE022, 0x0800, 0x40F10133), "addi s0,sp,16; sub sp,sp,a5")
    equal(None, row_after(0x1141, 0x40F10133), "sub sp,sp,a5 without s0")


@case
def a_function_without_a_name_begins_where_a_call_goes():
    calls = struct.pack("<I", 0xFC1FF0EF)  # at 0x1014c: jal ra, 0x1010c
    code = b"\1\0" * 6 + struct.pack("<HHHI", 0x1141, 0xE406, 0x0001, 0x000000EF) + NOP * 27 + calls + NOP
    sources = with_tools(host=put("nameless", elf_of(code)))
    report = [line.replace(b"pc 0x10100", b"pc 0x10112").replace(b"ra 0x10110", b"ra 0x1").replace(b"8:10120", b"8:10150") for line in REPORT]
    equal([b"#0 0x10112", b"#1 0x10150"], said(sources, *report), "it has stored its return address")
    equal([b"#0 0x10112"], said(sources, *(line.replace(b"8:10150", b"10:10150") for line in report))[:1], "not there")
    leaf = [line.replace(b"pc 0x10112", b"pc 0x1010c").replace(b"ra 0x1,", b"ra 0x10150,") for line in report]
    equal([b"#0 0x1010c", b"#1 0x10150"], said(sources, *leaf)[:2], "not yet")
    asked()


@case
def the_host_has_the_file_of_a_path():
    chosen = program.Program(PROGRAM, "/tmp/a.out", ["./a.out"])
    chosen.needs = {"/lib/libc.so.6": "/usr/riscv64-linux-gnu/lib/libc.so.6"}
    image = os.path.join(SCRATCH.name, "image")
    os.makedirs(os.path.join(image, "sub"))
    sh = put("image/sh", elf_of(b""))
    added = [(SCRATCH.name, "/added")]

    def find(guest):
        return program.find_host(guest, chosen, image, added)

    equal(PROGRAM, find("/tmp/a.out"), "the program")
    equal("/usr/riscv64-linux-gnu/lib/libc.so.6", find("/lib/libc.so.6"), "a library that the run brings")
    equal(PROGRAM, find("/added/a.out"), "in a folder of --add")
    equal(sh, find("/bin/sh"), "of the image")
    for guest in ("/tmp/b.out", "/added/image/../a.out", "/added/../../etc/passwd", "/bin/nosuch", "/bin/sub", "/sh", "", "/"):
        equal(None, find(guest), guest)


main()
