# SPDX-License-Identifier: MIT
"""What execbench and sharebench share: counting with the plugin, and the recordings of Linux."""

import collections
import os
import re

import bench
import swaprun
import symbols
from oracle import machine

FIGURES = ("user", "kernel", "firmware")


def tracing(plugin, folder, blocks):
    """Gives QEMU's arguments, without blanks in them, and the path of its log."""
    here, log = os.path.join(folder, "count.so"), os.path.join(folder, "log")
    os.symlink(os.path.abspath(plugin), here)
    return ["-plugin", here + (",blocks=on" if blocks else ""), "-D", log, "-d", "plugin"], log


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
