#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the runner finds lines of source code for reports: from whatever lines, with whatever tool there is."""

import os
import tempfile
import time

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from runner import program, source

ELF = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\xf3\0\1\0\0\0" + bytes(40)
SCRATCH = tempfile.TemporaryDirectory(prefix="faultline-source-")
HEAD = b"[    0.054300] trap: warning: "
KILLED = HEAD + b"a.out[2] killed by SIGSEGV: read of 0 at pc 0x10640 <main+0xe>: null pointer"
AREA = HEAD + b"  above it: 0x10000-0x71000 r-xp elf, of the image"
CALLER = HEAD + b"  called from: perhaps 0x106b4 <jump+0x12>"
LAST = HEAD + b"  sp 0x3ffffffc90, heap 0x7d000-0x9f000, image /tmp/a.out"


def put(name, data):
    """Writes an executable file and gives its path."""
    path = os.path.join(SCRATCH.name, name)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o755)
    return path


NOTED = os.path.join(SCRATCH.name, "noted")
PROGRAM = put("a.out", ELF)


def with_tool(script, host=PROGRAM):
    """Makes a Sources whose tool is this shell script, and that knows one file."""
    sources = source.Sources({"/tmp/a.out": host}.get)
    sources.tool = put("tool", b'#!/bin/sh\necho "$@" >> ' + os.fsencode(NOTED) + b"\n" + script)
    return sources


def said(sources, *lines):
    """Gives what is added to these lines."""
    return [more for line in lines for more in sources.after(line)]


def asked():
    """Gives what the tool was asked since the last time."""
    try:
        with open(NOTED, encoding="utf-8") as file:
            text = file.read()
        os.remove(NOTED)
    except FileNotFoundError:
        return []
    return text.splitlines()


@case
def the_place_follows_the_report():
    sources = with_tool(b"echo null.c:1")
    equal([], said(sources, KILLED, AREA), "before its last line")
    equal([b"run.sh: 0x10640 is at null.c:1"], said(sources, LAST), "then")
    equal([f"-s -e {PROGRAM} 0x10640"], asked(), "what was asked")
    equal([], said(sources, LAST), "a last line alone")


@case
def a_thread_may_be_named():
    thread = KILLED.replace(b"[2] killed", b"[2], thread 5, killed")
    equal([b"run.sh: 0x10640 is at null.c:1"], said(with_tool(b"echo null.c:1"), thread, LAST), "added")
    equal([f"-s -e {PROGRAM} 0x10640"], asked(), "what was asked")


@case
def a_caller_is_looked_up_at_its_call():
    sources = with_tool(b"echo '??:0'; echo 'dies.c:27 (discriminator 3)'")
    equal([b"run.sh: 0x106b4 is at dies.c:27"], said(sources, KILLED, CALLER, LAST), "added")
    equal([f"-s -e {PROGRAM} 0x10640 0x106b3"], asked(), "what was asked")
    nameless = KILLED.replace(b"0x10640 <main+0xe>", b"0")
    equal([b"run.sh: 0x106b4 is at dies.c:27"], said(with_tool(b"echo dies.c:27"), nameless, CALLER, LAST), "caller alone")


@case
def what_is_not_known_is_not_said():
    for script in (b"echo '??:0'", b"echo '??:?'", b"echo 'null.c:?'", b"echo null.c:0", b"exit 1", b"", b"echo",
                   b"printf '\\033[7mx.c:3\\n'", b"printf '\\377\\200'", b"kill -9 $$"):
        equal([], said(with_tool(script), KILLED, LAST), f"with {script!r}")
    asked()


@case
def a_tool_that_is_missing_or_no_program_is_no_matter():
    sources = with_tool(b"")
    for tool in (None, "/no such folder/tool", put("no program", b"\0")):
        sources.tool = tool
        equal([], said(sources, KILLED, LAST), f"with {tool}")


@case
def a_slow_tool_is_asked_once():
    before, source.PATIENCE = source.PATIENCE, 0.2
    try:
        sources = with_tool(b"exec sleep 100")
        begun = time.monotonic()
        equal([], said(sources, KILLED, LAST, KILLED, LAST, KILLED, LAST), "added")
        equal(True, time.monotonic() - begun < 60, "it was not waited for")
        equal(True, len(asked()) <= 1, "asked once")
    finally:
        source.PATIENCE = before


@case
def only_files_of_the_run_are_looked_at():
    sources = with_tool(b"echo null.c:1")
    for path in (b"/etc/passwd", b"/tmp/../tmp/a.out", b"/tmp/a.out ", b"relative", b"/\xff\xfe", b""):
        equal([], said(sources, KILLED, LAST.replace(b"/tmp/a.out", path)), f"{path!r}")
    for name, data in (("pie", ELF[:16] + b"\3" + ELF[17:]), ("text", b"#!/bin/sh\n"), ("empty", b"")):
        equal([], said(with_tool(b"echo null.c:1", put(name, data)), KILLED, LAST), f"a file that is {name}")
    equal([], said(with_tool(b"echo null.c:1", "/no such file"), KILLED, LAST), "a file that has gone")
    equal([], said(sources, KILLED, LAST.replace(b", image", b", moved by 0x10000, image")), "a fixed program that has moved")
    equal([], asked(), "what was asked")


@case
def what_was_moved_is_looked_up_where_it_was():
    sources = with_tool(b"echo null.c:1; echo null.c:2", put("pie", ELF[:16] + b"\3" + ELF[17:]))
    moved = LAST.replace(b", image", b", moved by 0x10000, image")
    equal([b"run.sh: 0x10640 is at null.c:1", b"run.sh: 0x106b4 is at null.c:2"], said(sources, KILLED, CALLER, moved), "added")
    equal(["0x640", "0x6b3"], asked()[0].split()[-2:], "what was asked")
    said(sources, KILLED, LAST.replace(b", image", b", moved by 0x10641, image"))
    equal("0x0", asked()[0].split()[-1], "an address below it")


@case
def nothing_but_addresses_is_taken_from_lines():
    sources = with_tool(b"echo null.c:1")
    for line in (KILLED.replace(b"0x10640 <", b"0x10640;reboot <"), KILLED.replace(b"0x10640", b"-x"),
                 KILLED.replace(b"0x10640", b"0x" + b"1" * 17), KILLED.replace(b"[    0.054300] ", b""),
                 b"x" + KILLED, KILLED.replace(b" <main+0xe>", b"")):
        equal([], said(sources, line, LAST), f"{line!r}")
    equal([], asked(), "what was asked")
    liar = KILLED.replace(b"a.out", b"x at pc 0x666 <y>: z")
    equal([b"run.sh: 0x10640 is at null.c:1"], said(sources, liar, LAST), "a name that looks like a report")
    asked()


@case
def reports_that_come_mixed_are_left_alone():
    sources = with_tool(b"echo null.c:1")
    equal([], said(sources, KILLED, KILLED, LAST, LAST), "both")
    equal([b"run.sh: 0x10640 is at null.c:1"], said(sources, KILLED, LAST), "the next one")
    asked()


@case
def the_host_has_the_file_of_a_path():
    chosen = program.Program(PROGRAM, "/tmp/a.out", ["./a.out"])
    image = os.path.join(SCRATCH.name, "image")
    os.makedirs(os.path.join(image, "sub"))
    sh = put("image/sh", ELF)
    added = [(SCRATCH.name, "/added")]

    def find(guest):
        return program.find_host(guest, chosen, image, added)

    equal(PROGRAM, find("/tmp/a.out"), "the program")
    equal(PROGRAM, find("/added/a.out"), "in a folder of --add")
    equal(sh, find("/bin/sh"), "of the image")
    for guest in ("/tmp/b.out", "/added/image/../a.out", "/added/../../etc/passwd", "/bin/nosuch", "/bin/sub", "/sh", "", "/"):
        equal(None, find(guest), guest)


main()
