# SPDX-License-Identifier: MIT
"""What execbench, sharebench and threadbench share: their options, what the plugin has counted, and the recordings of Linux."""

import argparse
import collections
import os
import re

import bench
import swaprun
import symbols
from oracle import machine

FIGURES = ("user", "kernel", "firmware")
MOST = 0.36  # of what Linux executes


def between(log, begin, end, rounds=1):
    """Gives {figure: instructions of a round} between two marks of a log."""
    marks = {int(mark.group(1)): [int(word) for word in mark.groups()[1:]] for mark in map(swaprun.MARK.match, log) if mark}
    return {figure: (after - before) // rounds for figure, before, after in zip(FIGURES, marks[begin], marks[end])}


def functions(log, end, table):
    """Gives how many instructions each function of the kernel takes before that mark, by a log with blocks."""
    found = collections.Counter()
    for block in map(swaprun.BLOCK.match, log):
        if block and int(block.group(1)) == end:
            found[table.name(int(block.group(2), 16))] += int(block.group(3)) * int(block.group(4))
    return found


def kernel(row):
    """Gives what the kernel executes, and the firmware for it."""
    return row["kernel"] + row["firmware"]


def above_share(row, linux):
    """Says that the kernel executes more than 36% of Linux's instructions; "" where it does not."""
    if kernel(row) > MOST * kernel(linux):
        return f"{kernel(row)} instructions of the kernel are more than 36% of Linux's {kernel(linux)}"
    return ""


def table(names, rows, recorded):
    """Gives the lines of a table: the kernel of each row beside Linux."""
    yield "| row | kernel | Linux | x fewer | the program's own |"
    yield "|---|---:|---:|---:|---:|"
    for name in names:
        here, there = kernel(rows[name]), kernel(recorded[name])
        yield f"| {name} | {here:,} | {there:,} | {there / here:.1f} | {rows[name]['user']:,} |"


def emulator():
    """Gives QEMU's version."""
    return re.search(r"version (\S+)", symbols.tool_output(machine.QEMU, "--version")).group(1)


def read(path):
    """Gives (settings, rows) of Linux."""
    settings, rows = {}, {}
    for name, *words in bench.table(path):
        if len(words) == 1:
            settings[name] = words[0]
        elif name != "row":
            rows[name] = dict(zip(FIGURES, map(int, words)))
    return settings, rows


def write(path, title, settings, rows):
    """Writes what Linux takes."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# {title}\n")
        for name, value in settings.items():
            file.write(f"{name}\t{value}\n")
        file.write("\t".join(["row", *FIGURES]) + "\n")
        for name, row in rows.items():
            file.write("\t".join([name, *(str(row[figure]) for figure in FIGURES)]) + "\n")
    print(f"# wrote {os.path.relpath(path, bench.ROOT)}")


def options(text):
    """Gives a parser of what both take."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("--record", "--docs", "--profile"):
        parser.add_argument(option, action="store_true")
    return parser


def run(args, path, plugin, profile, record, measure, document, report):
    """Does what the options ask for, by functions; `path` is the recording. Gives 0 if every row is good enough."""
    lacking = swaprun.lacking(plugin)
    if lacking:
        print(f"1..0 # SKIP {lacking}")
        return 0
    try:
        if args.profile:
            profile()
            return 0
        if args.record:
            record()
        rows, (settings, recorded) = measure(), read(path)
    except bench.Failure as failure:
        print(f"Bail out! {failure}")
        return 1
    if args.docs:
        document(rows, settings, recorded)
    return 1 if report(rows, settings, recorded) else 0
