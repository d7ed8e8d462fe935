#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/journal on files that are made up: what it prints, and what it says of files that it cannot read."""

import contextlib
import importlib.machinery
import importlib.util
import io
import os
import random
import re
import tempfile

from base import ROOT
from lib.tap import case, equal, has, long_case, main
from recording import file, model, show

TICKS = 1000000
PRIVATE = 1 | 3 << 2 | 3 << 5 | 2 << 8 | 0x80123 << 16  # present, rw, A and D
COSTS = 600 | 40 << 32  # of a round
SCRATCH = tempfile.TemporaryDirectory(prefix="journal-")


def load():
    """Loads tools/journal, whose name is no module's."""
    loader = importlib.machinery.SourceFileLoader("journal", os.path.join(ROOT, "tools/journal"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("journal", loader))
    loader.exec_module(module)
    return module


JOURNAL = load()


def journal(*words):
    """Runs the tool. Gives status, output and standard error."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = JOURNAL.main(list(words))
    return status, out.getvalue(), err.getvalue()


def line(kind, what=0, space=1, pid=2, tid=2, more=0, args=(), time=0):
    """A record without its number."""
    return kind, 0, what, space, pid, tid, more, time, *args, *[0] * (4 - len(args))


def name_of(text):
    """The two words of a program's name."""
    return tuple(int.from_bytes(text.encode().ljust(16, b"\0")[at:at + 8], "little") for at in (0, 8))


EXAMPLE = [
    line(file.AREA, what=3, args=(0x10000, 0x14000, *name_of("[heap]")), time=9),
    line(file.EXEC, args=name_of("a.out"), time=10),
    line(file.ROUND, what=1 << 5, more=2, args=(0x11000, 0, PRIVATE, COSTS), time=20),
    line(file.AROUND, args=(0x12000, 0, PRIVATE), time=20),
    line(file.FAULT, what=2 | 5 << 8 | file.WAITED, more=900, args=(0x10400, 0x11008, 15, 77 << 16), time=21),
    line(file.BEGIN, space=2, args=(3, 3, 17), time=30),
    line(file.ROUND, what=1, pid=3, tid=3, space=2, more=1, args=(0,), time=40),
    line(file.FAULT, what=1, pid=3, tid=3, space=2, more=500, args=(0x10404, 0, 39, 99 << 16 | 11), time=41),
    line(file.END, pid=3, tid=3, space=2, more=11, args=(3, 3), time=50),
]


def written(records=tuple(EXAMPLE), closed=True, version=file.VERSION, magic=file.MAGIC, size=64, name="file", counted=file.COUNTED):
    """Writes a recording; gives its path."""
    records = list(records) + ([line(file.CLOSED, args=(len(records),))] if closed else [])
    path = os.path.join(SCRATCH.name, name)
    with open(path, "wb") as out:
        out.write(file.HEADER.pack(magic, version, size, counted, TICKS))
        for number, record in enumerate(records, 1):
            out.write(file.pack(number, *record))
    return path


@case
def each_record_is_a_line():
    status, out, err = journal("print", written())
    equal((0, ""), (status, err), "status and standard error")
    equal([
        "   0.000009 [2]              area    0x10000-0x14000 rw-p anonymous [heap]",
        "   0.000010 a.out[2]         exec    a.out, space 1",
        "   0.000020 a.out[2]         round   0x11000 FILL: empty -> rw- A D private frame 0x80123, in 0x10000-0x14000 rw-p anonymous [heap]; 600+40 instructions",
        "   0.000020 a.out[2]         around  0x12000: rw- A D private frame 0x80123",
        "   0.000021 a.out[2]         fault   0x11008 write at pc 0x10400: FILL, 900 instructions, waited",
        "   0.000030 a.out[2]         begin   thread 3 of process 3, space 2",
        "   0.000040 a.out[3]         round   0x0 DENY_MAPERR: read refused",
        "   0.000041 a.out[3]         fault   0x0 read at pc 0x10404: DENY_MAPERR, 500 instructions, signal 11",
        "   0.000050 a.out[3]         end     thread 3 of process 3, status 0xb",
    ], out.splitlines(), "output")


@case
def a_fault_that_was_not_looked_at_has_no_kind():
    out = journal("print", written([line(file.FAULT, what=2 | file.NO_KIND << 8, more=300, args=(0x10400, 0x11008))], name="none"))[1]
    has(out, "fault   0x11008 write at pc 0x10400: none, 300 instructions", "output")


@case
def kills_for_memory_are_shown():
    out = journal("print", written([line(file.OOM, space=3, args=(7, 12345))], name="oom"))[1]
    has(out, "oom     process 7, which has 12345 pages, is killed for them", "output")


@case
def waits_are_shown():
    lines = [line(file.WAIT, what=what, args=(0x11000, 20), time=time) for what, time in ((8, 25), (8, 30), (2 | file.OF_OTHER, 23), (12, 21))]
    path = written(lines, name="waits")
    out = [text.partition("wait    ")[2] for text in journal("print", path, "--address", "0x11000")[1].splitlines()]
    equal(["0x11000: 0.000005 s for memory", "0x11000: 0.000010 s for memory",
           "0x11000: 0.000003 s for a page of a server's file, which another thread had asked for", "0x11000: 0.000001 s for 12"], out, "lines")
    sums = journal("sum", path)[1]
    for text in ("  waited 2 times for memory, 0.000015 s", "  waited 1 times for a page of a server's file, 0.000003 s"):
        has(sums.splitlines(), text, "sums")
    later = written([(*record[:7], record[7] + 9, record[8], record[9] + 4, *record[10:]) for record in lines], name="later waits")
    equal((0, "4 records are the same\n", ""), journal("compare", path, later), "times do not count")


@case
def the_kernel_waits_for_the_same():
    with open(os.path.join(ROOT, "mm/vm_wait.h"), encoding="utf-8") as header:
        names = re.findall(r"^\tWAITS_FOR_(\w+)(?: = (\d+))?,", header.read(), re.MULTILINE)
    equal(len(file.WAITS), len(names), "what there is, with the bit OTHER")
    equal([("FILE", "1"), ("OTHER", str(file.OF_OTHER))], [names[0], names[-1]], "the first and the last")
    with open(os.path.join(ROOT, "docs/journal.md"), encoding="utf-8") as text:
        row = re.search(r"^\| 17 wait \| (.*) \|$", text.read(), re.MULTILINE).group(1)
    for number, name in enumerate(file.WAITS[1:], 1):
        has(row, f"{number} {name}", "document")


@case
def supplies_are_shown():
    out = journal("print", written([line(file.SUPPLY, args=(0x80123, 5, 7)), line(file.SUPPLY, args=(0x80124, 6, 0))], name="supply"))[1]
    has(out, "supply  frame 0x80123 has page 5, by process 7", "of a server")
    has(out, "supply  frame 0x80124 has page 6, by the kernel", "of the kernel")


@case
def what_is_printed_can_be_chosen():
    path = written()
    for words, count in ((["--pid", "3"], 3), (["--kind", "fill"], 2), (["--address", "0x11000"], 3), (["--address", "0x11000-0x13000"], 4),
                         (["--from", "0.00003"], 4), (["--to", "0.00002"], 4), (["--pid", "3", "--kind", "deny_maperr"], 2)):
        equal((0, count), (journal("print", path, *words)[0], len(journal("print", path, *words)[1].splitlines())), " ".join(words))


@case
def an_address_is_found_in_ranges():
    path = written([line(file.CLEAR, args=(0x10000, 0x20000)), line(file.MOVE, args=(0x30000, 0x31000, 0x5000)),
                    line(file.ENTRY, args=(0x20000, 0, PRIVATE))], name="ranges")
    for address, count in (("0x1f008", 1), ("0x20000", 1), ("0x30010", 1), ("0x35010", 1), ("0x31000", 0), ("0-0x40000", 3)):
        equal(count, len(journal("print", path, "--address", address)[1].splitlines()), address)


@case
def sums_are_by_process():
    status, out, _ = journal("sum", written())
    equal(0, status, "status")
    equal([
        "a.out[2]: 1 faults, 0 refused, 1 waited; 1 pages mapped beside; 900 instructions",
        "  FILL         1, 900 instructions each",
        "a.out[3]: 1 faults, 1 refused, 0 waited; 0 pages mapped beside; 500 instructions",
        "  DENY_MAPERR  1, 500 instructions each",
        "all: 2 faults, 1 refused, 1 waited; 1 pages mapped beside; 1400 instructions",
        "  DENY_MAPERR  1, 500 instructions each",
        "  FILL         1, 900 instructions each",
    ], out.splitlines(), "output")


@case
def ticks_of_the_host_are_no_instructions():
    out = journal("sum", written(name="host", counted=0))[1]
    equal("without --icount, instructions are ticks of the host's clock", out.splitlines()[-1], "output")


@case
def page_tables_are_made_of_records():
    """Each kind of record once; the times are those of the lines."""
    shared = 1 | 1 << 2 | 1 << 5 | 3 << 8 | 7 << 16
    path = written([
        line(file.EXEC, args=name_of("a.out"), time=0),
        line(file.ROUND, what=1 << 5, args=(0x11000, 0, PRIVATE, COSTS), time=1),
        line(file.AROUND, args=(0x12000, 0, shared), time=2),
        line(file.ENTRY, args=(0x13000, 0, PRIVATE), time=3),
        line(file.COPY_OF, space=2, args=(0x11000, 0x12000, 1, 1), time=4),
        line(file.COPY_OF, space=2, args=(0x12000, 0x13000, 1, 0), time=5),
        line(file.DOWNGRADE, args=(0x10000, 0x14000, 1), time=6),
        line(file.DOWNGRADE, args=(0x13000, 0x14000, 0), time=7),
        line(file.MOVE, args=(0x11000, 0x12000, 0x5000), time=8),
        line(file.MOVE, args=(0x16000, 0x17000, (1 << 64) - 0x6000), time=9),
        line(file.CLEAR, space=2, args=(0, 1 << 38), time=10),
        line(file.ROUND, what=1, args=(0x99000, 0, 0, 0), time=11),
    ], name="tables")
    expected = {
        0: [], 1: ["  0x11000: rw- A D private frame 0x80123"], 2: ["  0x12000: r-- A file frame 0x7"],
        4: ["  0x11000: r-- A D COW private frame 0x80123", "space 2: 1 entries"],
        5: ["space 2: 2 entries"], 6: ["  0x13000: r-- A D private frame 0x80123"], 7: ["  0x13000: --- A D private frame 0x80123"],
        8: ["  0x16000: r-- A D COW private frame 0x80123"], 9: ["  0x10000: r-- A D COW private frame 0x80123"],
        10: ["space 2: 0 entries", "  in no area"], 11: ["space 1 (a.out, process 2): 3 entries"],
    }
    for time, lines in expected.items():
        status, out, err = journal("pages", path, "--to", str(time / TICKS))
        equal((0, ""), (status, err), "status and standard error")
        for text in lines:
            has(out.splitlines(), text, f"at {time}")
    equal((0, out, ""), journal("pages", path), "at the end")


def area(start, end, name="", index=0, what=3, time=0):
    """An AREA record of space 1; `what` as docs/journal.md has it."""
    return line(file.AREA, what=what, more=index, args=(start, end, *name_of(name)), time=time)


@case
def areas_are_made_of_records():
    """Split, merged, replaced and gone; the times are those of the lines."""
    text = 5 | 1 << 8
    path = written([
        line(file.EXEC, args=name_of("a.out"), time=0),
        area(0x10000, 0x14000, "a.out", 2, text, time=1),
        area(0x12000, 0x13000, time=2),
        area(0x12000, 0x13000, "a.out", 4, text, time=3),
        area(0x14000, 0x15000, "a.out", 7, text, time=4),
        line(file.NO_AREA, args=(0x11000, 0x14000), time=5),
        area(0x20000, 0x21000, "[vdso]", 0, 5 | 5 << 8, time=6),
        area(0x8000, 0x40000, "name of 16 bytes", 1, 1 | 8 | 9 << 8, time=7),
        line(file.NO_AREA, args=(0, 1 << 38), time=8),
    ], name="areas")
    expected = {
        0: [], 1: ["  0x10000-0x14000 r-xp file a.out from page 2"],
        2: ["  0x10000-0x12000 r-xp file a.out from page 2", "  0x12000-0x13000 rw-p anonymous", "  0x13000-0x14000 r-xp file a.out from page 5"],
        3: ["  0x10000-0x14000 r-xp file a.out from page 2"],
        4: ["  0x10000-0x14000 r-xp file a.out from page 2", "  0x14000-0x15000 r-xp file a.out from page 7"],
        5: ["  0x10000-0x11000 r-xp file a.out from page 2", "  0x14000-0x15000 r-xp file a.out from page 7"],
        6: ["  0x20000-0x21000 r-xp kernel [vdso] from page 0"],
        7: ["  0x8000-0x40000 r--s other name of 16 bytes from page 1"], 8: [],
    }
    for time, lines in expected.items():
        status, out, err = journal("areas", path, "--to", str(time / TICKS))
        equal((0, ""), (status, err), "status and standard error")
        equal(lines, out.splitlines()[-len(lines):] if lines else [], f"at {time}")
    equal((0, "space 1 (a.out, process 2): 0 areas\n", ""), journal("areas", path), "at the end")
    has(journal("pages", written([area(0x10000, 0x12000), line(file.ENTRY, args=(0x11000, 0, PRIVATE))], name="in"))[1].splitlines(),
        "  in 0x10000-0x12000 rw-p anonymous", "pages are shown with their areas")


@case
def areas_agree_with_a_list_of_pages():
    """Changes at random; neighbours that are alike are always one, so that there is one way to have the same pages."""
    chance, areas, pages = random.Random(190), model.Areas(), {}
    for _ in range(3000):
        start = chance.randrange(60)
        end, kind = chance.randrange(start, 61), chance.randrange(5)
        fresh = model.Area(start << 12, end << 12, "rw-p", kind % 2, start + kind // 3 if kind % 2 else 0, "") if kind else None
        areas.replace(1, start << 12, end << 12, fresh)
        for page in range(start, end):
            pages[page] = fresh and (fresh.backing, fresh.index + page - start if fresh.backing else 0)
        found = areas.space(1)
        mine = {page: (one.backing, one.index + page - (one.start >> 12) if one.backing else 0)
                for one in found for page in range(one.start >> 12, one.end >> 12)}
        equal({page: what for page, what in pages.items() if what}, mine, "pages")
        equal([], [one for below, one in zip(found, found[1:]) if one.continues(below) or one.start < below.end], "not merged")
        va = chance.randrange(61 << 12)
        equal(pages.get(va >> 12) is not None, areas.find(1, va) is not None, f"something at {va:#x}")


@case
def two_are_compared_but_for_times():
    later = [(*record[:7], record[7] + 5, *record[8:]) for record in EXAMPLE]
    equal((0, "9 records are the same\n", ""), journal("compare", written(), written(later, name="later")), "times")
    for number, record in enumerate(EXAMPLE):
        at = 8 if record[0] == file.AROUND else 6  # its address, or `more`
        other = [*EXAMPLE[:number], (*record[:at], record[at] + 4096, *record[at + 1:]), *EXAMPLE[number + 1:]]
        status, out, _ = journal("compare", written(), written(other, name="other"))
        equal((1, f"record {number + 1} differs:"), (status, out.splitlines()[0]), f"record {number + 1}")
    status, out, _ = journal("compare", written(), written(EXAMPLE[:5], name="short"))
    equal((1, True), (status, out.endswith("short: it ends\n")), "a shorter one")


@case
def files_that_are_no_recordings_are_refused():
    path = written()
    with open(os.path.join(SCRATCH.name, "text"), "w", encoding="ascii") as text:
        text.write("hello")
    for name, why in ((text.name, ": not a recording of run.sh --record"), (path + "x", ": No such file or directory"),
                      (SCRATCH.name, ": Is a directory"),
                      (written(magic=b"Faultline recorder\n\0", name="magic"), ": not a recording of run.sh --record"),
                      (written(version=2, name="past"), ": a recording of version 2; this tool reads version 5"),
                      (written(version=6, name="future"), ": a recording of version 6; this tool reads version 5"),
                      (written(size=72, name="wide"), ": its header is damaged")):
        for command in (["print"], ["sum"], ["compare", path], ["perfetto", os.devnull]):
            equal((2, "", f"journal: {name}{why}\n"), journal(command[0], name, *command[1:]), f"{command[0]} of {name}")


@case
def what_was_cut_is_read_as_far_as_it_goes():
    path = written(closed=False, name="cut")
    with open(path, "ab") as out:
        out.write(b"x" * 63)
    status, out, err = journal("print", path)
    equal((2, len(EXAMPLE)), (status, len(out.splitlines())), "status and lines")
    equal(f"journal: {path}: the recording was cut: it ends after 9 records\n", err, "standard error")


@case
def what_is_damaged_is_read_up_to_that():
    path = written(name="damaged")
    with open(path, "r+b") as out:
        out.seek(file.HEADER.size + 3 * 64)
        out.write(b"\0\0\0\0")
    status, out, err = journal("print", path)
    equal((2, 3), (status, len(out.splitlines())), "status and lines")
    equal(f"journal: {path}: record 4 is damaged: what comes before it is whole\n", err, "standard error")
    for command in ("sum", "pages", "areas"):
        status, out, err = journal(command, path)
        equal((2, True, True), (status, "record 4 is damaged" in err, out != ""), command)
    equal(2, journal("pages", path, "--to", "5")[0], "status at an instant that it does not have")


def answers(count):
    """Damages a recording of each kind of record so many times, and looks at what is said."""
    chance = random.Random(190)
    with open(written(), "rb") as good:
        data = good.read()
    path, said = os.path.join(SCRATCH.name, "random"), set()
    for _ in range(count):
        bad = bytearray(data[:chance.randrange(len(data)) if chance.random() < 0.2 else len(data)])
        for _ in range(chance.randrange(1, 9)):
            if bad:
                bad[chance.randrange(len(bad))] = chance.randrange(256)
        with open(path, "wb") as out:
            out.write(bad)
        for command in (["print"], ["sum"], ["pages"], ["areas"], ["compare", path], ["perfetto", os.devnull]):
            status, _, err = journal(command[0], path, *command[1:])
            equal(True, status in (0, 2) and (status == 0) == (err == ""), f"status {status}, {err}")
            said.add(re.sub(r"\d+", "N", err.removeprefix(f"journal: {path}: ")))
    equal(True, len(said) >= 5, f"some of each: {said}")


@case
def whatever_is_in_a_file_has_an_answer():
    answers(80)


@long_case
def whatever_is_in_many_files_has_an_answer():
    answers(400)


@case
def the_kernel_has_the_same_numbers():
    with open(os.path.join(ROOT, "record/journal.h"), encoding="utf-8") as header:
        text = header.read()
    types = re.search(r"enum journal_type \{(.*?)\};", text, re.DOTALL).group(1)
    names = re.findall(r"^\tJOURNAL_(\w+)(?: = 1)?,", types, re.MULTILINE)
    equal([(name, getattr(file, name)) for name in names], list(zip(names, range(1, len(names) + 1))), "types")
    equal(str(file.VERSION), re.search(r"JOURNAL_VERSION (\d+)", text).group(1), "version")
    with open(os.path.join(ROOT, "mm/fault/fault_kind.h"), encoding="utf-8") as header:
        equal(file.KINDS, re.findall(r"^\tFAULT_(\w+),", header.read(), re.MULTILINE), "kinds of faults")
    with open(os.path.join(ROOT, "docs/journal.md"), encoding="utf-8") as text:
        rows = re.findall(r"^\| (\d+) (\w+) \|", text.read(), re.MULTILINE)
    equal([(str(number), name.lower()) for name, number in [*zip(names, range(1, len(names) + 1)), ("OPEN", file.OPEN), ("CLOSED", file.CLOSED)]], rows, "document")


@case
def pages_around_are_one_record():
    """Of the holes between them, the reader knows by the mask."""
    frames = [0x80000 + number for number in range(12)]
    path = written([line(file.ROUND, what=1 << 5 | file.ENDS, more=1, space=4, pid=7, tid=8, args=(0x11000, 0, PRIVATE, COSTS), time=20)], closed=False, name="around")
    with open(path, "ab") as out:
        out.write(file.NEIGHBOURS.pack(2, file.AROUND, 0, 0b101000000101, 0x10000 | 1 << 0 | 1 << 1 | 1 << 4 | 1 << 8 | 2 << 10, *frames))
        out.write(file.pack(3, file.FAULT, 0, 1 | 5 << 8, 0, 0, 0, 900, 21, 0x10400, 0x11000, 15, 0))
    first, *around, end = file.Recording(path)
    equal([0x10000, 0x12000, 0x19000, 0x1B000], [record.args[0] for record in around], "addresses")
    equal([f"r-- COW file frame {frame:#x}" for frame in frames[:4]], [str(file.Entry(record.args[2])) for record in around], "entries")
    equal({(7, 8, 4)}, {(record.pid, record.tid, record.space) for record in (first, *around, end)}, "whose they are")


@case
def a_run_is_some_pages():
    """Six frames at most, or one that all have."""
    bits, frames = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 4 | 1 << 10, [0x80000 + 3 * number for number in range(6)]
    path = written([], closed=False, name="run")
    with open(path, "ab") as out:
        out.write(file.RUN_LINE.pack(1, file.RUN, 0, 0, 7, 8, 4, 5, 20, 0x11000 | bits, *frames))
        out.write(file.RUN_LINE.pack(2, file.RUN, 0, file.ALIKE, 7, 8, 4, 300, 21, 0x20000 | 1 << 0 | 1 << 1 | 1 << 4, 0x80, *[0] * 5))
        out.write(file.RUN_LINE.pack(3, file.RUN, 0, file.ALIKE, 7, 8, 4, 0xFFFFFFFF, 22, 0x20000, 0x80, *[0] * 5))
    records = list(file.Recording(path))
    equal([5, 300, 512], [sum(record.seq == seq for record in records) for seq in (1, 2, 3)], "pages, of a damaged one 512 at most")
    equal([(0x11000 + 4096 * number, f"rw- private frame {0x80000 + 3 * number:#x}") for number in range(5)],
          [(record.args[0], str(file.Entry(record.args[2]))) for record in records[:5]], "of frames")
    equal((0x20000 + 299 * 4096, "r-- zero page frame 0x80"), (records[304].args[0], str(file.Entry(records[304].args[2]))), "of one frame")
    equal({(7, 8, 4)}, {(record.pid, record.tid, record.space) for record in records}, "whose they are")


LARGE_AT = 0x400000
LARGE_LINES = [
    line(file.ROUND, what=1 << 5 | file.LARGE, more=2, args=(LARGE_AT + 0x3000, 0, PRIVATE, COSTS), time=20),
    line(file.COPY_OF, space=2, args=(LARGE_AT, LARGE_AT + 0x200000, 1, 1), time=30),
    line(file.SPLIT, space=2, what=0, args=(LARGE_AT, LARGE_AT + 0x200000), time=40),
    line(file.ENTRY, what=file.LARGE, args=(LARGE_AT, PRIVATE & ~8 | 128, PRIVATE), time=50),
    line(file.MOVE, args=(LARGE_AT, LARGE_AT + 0x200000, 0x200000), time=60),
    line(file.SPLIT, what=1, args=(LARGE_AT + 0x200000, LARGE_AT + 0x400000), time=70),
    line(file.DOWNGRADE, args=(LARGE_AT + 0x200000, LARGE_AT + 0x203000, 1), time=80),
    line(file.RAISE, args=(LARGE_AT + 0x201000, LARGE_AT + 0x202000, 3), time=90),
    line(file.RUN, args=(0x10000, 0, PRIVATE), time=95),
]


@case
def a_large_entry_is_one_of_each_page():
    tables, states = model.Tables(), []
    for record in file.Recording(written(LARGE_LINES, name="large")):
        tables.apply(record)
        states.append((len(tables.space(1)), len(tables.space(2)), {number: set(large) for number, large in tables.large.items() if large}))
    equal([(512, 0, {1: {LARGE_AT}}), (512, 512, {1: {LARGE_AT}, 2: {LARGE_AT}}), (512, 512, {1: {LARGE_AT}}), (512, 512, {1: {LARGE_AT}}),
           (512, 512, {1: {LARGE_AT + 0x200000}}), (512, 512, {}), (512, 512, {}), (512, 512, {}), (513, 512, {})], states, "entries, and large ones")
    at = LARGE_AT + 0x200000
    entries = [str(file.Entry(tables.space(1)[va])) for va in (at, at + 0x1000, at + 0x2000, at + 0x3000)]
    equal(["r-- A D private frame 0x80123", "rw- A D private frame 0x80124", "r-- A D private frame 0x80125", "rw- A D private frame 0x80126"], entries, "entries")
    equal("r-- A D COW private frame 0x80322", str(file.Entry(tables.space(2)[LARGE_AT + 0x1FF000])), "the child's last one")


@case
def superpages_and_runs_are_printed_and_summed():
    path = written(LARGE_LINES, name="large")
    equal((0, [
        "round   0x403000 FILL: large empty -> large rw- A D private frame 0x80123; 600+40 instructions",
        "copy    0x400000-0x600000 of space 1 to space 2, private",
        "split   0x400000-0x600000: a write to a page that others have",
        "entry   0x400000: large r-- A D COW private frame 0x80123 -> large rw- A D private frame 0x80123",
        "move    0x400000-0x600000 to 0x600000",
        "split   0x600000-0x800000: a change of a part",
        "less    0x600000-0x603000: no more than r--",
        "more    0x601000-0x602000: rw-, not shared",
        "run     0x10000: rw- A D private frame 0x80123"], ""),
        (lambda found: (found[0], [text[29:].strip() for text in found[1].splitlines()], found[2]))(journal("print", path)), "lines")
    status, out, _ = journal("sum", path)
    equal(0, status, "status")
    has(out, "  ahead of faults: 1 pages filled, 1 made writable\n", "sum")
    has(out, "  superpages: 1 made, 2 split, 1 by a change of a part, 1 by a write to a page that others have\n", "sum")
    equal(5, len(journal("print", path, "--address", "0x5ff000")[1].splitlines()), "lines about the last page")


@case
def entries_are_the_same_in_the_file():
    for word in (0, PRIVATE, 3 | 99 << 16, 1 | 5 << 2 | 1 << 8 | 0x80001 << 16, 2 | 3 << 8 | 7 << 16, 1 | 1 << 2 | 5 << 5 | 4 << 8 | 2 << 16):
        path = written([line(file.ENTRY, args=(0x1000, word, word ^ 8 << 16))], name="same")
        (record,) = file.Recording(path)
        equal((0x1000, word, word ^ 8 << 16, 0), record.args, hex(word))


@case
def a_fault_that_is_open_is_shown():
    has(journal("print", written([line(file.OPEN)], name="open"))[1], "open    the fault was not over when the machine ended", "output")


@case
def entries_in_words():
    for word, words in ((0, "empty"), (3 | 99 << 16, "swap slot 99"), (1 | 5 << 2 | 1 << 8 | 0x80001 << 16, "r-x zero page frame 0x80001"),
                        (1 | 1 << 2 | 5 << 5 | 3 << 8 | 2 << 16, "r-- A COW file frame 0x2")):
        equal(words, str(file.Entry(word)), hex(word))
    has(show.access_of(2 | file.COPY), "write by the kernel")


if __name__ == "__main__":
    main()
