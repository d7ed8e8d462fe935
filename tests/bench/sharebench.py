#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts what files of a 9P server take, on Faultline with --share beside the recording of Linux; prints TAP.

usage: sharebench.py [--record] [--docs | --profile] [ROW...]

The rows are those of sharebench.c, and a machine of its own does each. Counted is all that the machine executes:
the program, the kernel, the firmware, and on Faultline the server hostfs, whose work is the kernel's on Linux. It may be
0.6 of what Linux takes, with the same server on the host, msize and memory; some rows have a limit for program and
server, too. --record runs the rows on Linux and writes
figures/share-linux.tsv. --docs writes the figures into docs/performance.md. --profile prints where the kernel's
instructions go. Program and plugin are those of $FAULTLINE_BUILD (./build).
"""

import os
import subprocess
import sys
import tempfile

import bench
import figures
import recording
import sharefolder
import swaprun
import symbols
from oracle import machine

RECORDING = os.path.join(bench.HERE, "figures", "share-linux.tsv")
NUMBERS = {name: number for number, name in enumerate(sharefolder.ROWS)}  # as in sharebench.c
BEGIN, END = 256, 512
MEM = "256M"
MOST = 0.6  # of Linux's instructions
MOST_EACH = {"stat": 2000, "open": 3000}  # instructions of a call: Linux keeps names and attributes, too
MOST_OUTSIDE = {"find": 2000}  # instructions of program and server a file: hostfs passes on messages that are short
PLACE = "/bin/" + sharefolder.PROGRAM


class Programs:
    """The files of a build folder."""

    def __init__(self, build):
        self.bench, self.plugin = (os.path.join(build, "tests/bench", name) for name in (sharefolder.PROGRAM, "count.so"))


def on_faultline(row, place, words):
    """Does a row on Faultline, from the archive; gives the status and the output."""
    command = [sys.executable, "-I", os.path.join(bench.ROOT, "tools/run.py"), "--append", "thp=never", "--icount", "--mem", MEM, "--share", place + sharefolder.manner(row),
               "--add", f"{place}/{sharefolder.PROGRAM}:{PLACE}", "--", PLACE, row, "/mnt/" + sharefolder.ROWS[row]]
    done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, "FAULTLINE_QEMU": " ".join(words)})
    return done.returncode, done.stdout


def on_linux(linux):
    """Gives what does a row on Linux, whose root the folder is."""
    def run(row, place, words):
        wish = machine.Wish()
        wish.icount = wish.sleep = True
        wish.mem, wish.timeout, wish.root = MEM, "300", place
        wish.p9 = sharefolder.linux_options(row)
        wish.qemu = [*words, "-global", "virtio-mmio.ioeventfd=off"]  # as on Faultline
        wish.program = ["/" + sharefolder.PROGRAM, "--settle", row, "/" + sharefolder.ROWS[row]]
        status, output, _ = machine.run(linux, wish)
        return status, output.decode()
    return run


def log_of(run, programs, row, blocks=False):
    """Gives the lines of the log of a row."""
    with tempfile.TemporaryDirectory(prefix="sharebench-") as folder:
        words, log = swaprun.tracing(programs.plugin, folder, blocks)
        place = os.path.join(folder, "shared")
        os.mkdir(place)
        sharefolder.make(place, programs.bench, [row])
        status, output = run(row, place, words)
        if status or "done" not in output:
            bench.print_notes(output)
            raise bench.Failure(f"{row} ended with status {status}")
        return swaprun.read(log)


def measured(run, programs, row):
    """Gives {figure: instructions} of a row."""
    return recording.between(log_of(run, programs, row), BEGIN + NUMBERS[row], END + NUMBERS[row])


def units(row):
    """Gives how many pages or files a row has, and what it has."""
    if row in sharefolder.NCALLS:
        return sharefolder.NCALLS[row], "call"
    return (sharefolder.NFILES[row], "file") if row in sharefolder.NFILES else (sharefolder.NPAGES, "page")


def each(name, row):
    """Gives the instructions of a page or a file."""
    return sum(row.values()) / units(name)[0]


def record(programs):
    """Writes what Linux takes."""
    linux = machine.Linux()
    settings = {"kernel": linux.release, "words": machine.WORDS + machine.ICOUNT_WORDS, "mem": MEM, "msize": sharefolder.MSIZE}
    recording.write(RECORDING, "What sharebench takes on Linux, instructions of a row, by tests/bench/sharebench.py --record.",
                    settings, {name: measured(on_linux(linux), programs, name) for name in NUMBERS})


def report(rows, recorded):
    """Prints a point for each row; gives the number of bad ones."""
    bad = 0
    print(f"1..{len(rows)}")
    for number, (name, row) in enumerate(rows.items(), 1):
        here, there = each(name, row), each(name, recorded[name])
        outside = row["user"] / units(name)[0]
        good = here <= MOST_EACH.get(name, MOST * there) and outside <= MOST_OUTSIDE.get(name, outside)
        bad += not good
        print(f"# {name}: {here:,.0f} instructions a {units(name)[1]}, {there:,.0f} on Linux; {row}")
        print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
    return bad


def document(rows, settings, recorded):
    """Writes the table."""
    lines = [f"Instructions of the whole machine, on QEMU {recording.emulator()}, beside Linux {settings['kernel']}.", "",
             "| row | for each | Faultline | Linux | x fewer | kernel | program and server | Linux's kernel |",
             "|---|---|---:|---:|---:|---:|---:|---:|"]
    for name, row in rows.items():
        count, unit = units(name)
        linux = recorded[name]
        here, there = each(name, row), each(name, linux)
        apart = [f"{number / count:,.0f}" for number in (row["kernel"] + row["firmware"], row["user"],
                                                         linux["kernel"] + linux["firmware"])]
        lines.append(f"| {name} | {unit} | {here:,.0f} | {there:,.0f} | {there / here:.1f} | {' | '.join(apart)} |")
    figures.replace_section(os.path.join(figures.DOCS, figures.DOCUMENT), "share", "\n".join(lines))


def print_profile(programs, build, names):
    """Prints the kernel's functions, for each row."""
    table = symbols.Symbols(os.path.join(build, os.environ.get("FAULTLINE_KERNEL") or "faultline.elf"))
    for name in names:
        found = recording.functions(log_of(on_faultline, programs, name, blocks=True), END + NUMBERS[name], table)
        count, unit = units(name)
        print(f"{name}: {sum(found.values()) / count:,.0f} instructions of the kernel a {unit}")
        for function, insns in found.most_common(40):
            print(f"  {insns / count:10,.1f} {function}")


def main():
    """Gives 0 if every row is good enough."""
    parser = recording.options(__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(NUMBERS))
    args = parser.parse_args()
    names = args.rows or list(NUMBERS)
    build = os.environ.setdefault("FAULTLINE_BUILD", os.path.join(bench.ROOT, "build"))
    programs = Programs(build)
    return recording.run(args, RECORDING, programs.plugin, lambda: print_profile(programs, build, names), lambda: record(programs),
                         lambda: {name: measured(on_faultline, programs, name) for name in names}, document,
                         lambda rows, _, recorded: report(rows, recorded))


if __name__ == "__main__":
    sys.exit(main())
