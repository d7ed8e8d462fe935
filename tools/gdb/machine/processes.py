# SPDX-License-Identifier: MIT
"""Processes and their VMAs: `fl ps`, `fl vmas`."""

import gdb

from . import kernel
from .headers import N, PAGE_SIZE, flag_words, prot_words
from .trouble import Trouble
from .words import take


def chosen(pid=None):
    """Returns the process with that pid; without a pid, the current process."""
    if pid is not None:
        return kernel.process(pid)
    kernel.require_up()
    one = kernel.current()
    if one is None:
        raise Trouble("no process runs on this hart now: name one by its pid")
    return one


def resident(process):
    """Returns the number of resident pages of a process, as text."""
    try:
        return str(int(process.space()["resident"]))
    except Trouble:
        return "-"


@take(0, 0, "ps")
def show_all():
    """Prints a line for each process."""
    found = False
    for process in kernel.processes():
        if not found:
            gdb.write("  PID  PARENT  STATE      PAGES  NAME             PROGRAM\n")
        found = True
        gdb.write(f"{process.pid:5}  {process.parent_pid():6}  {process.doing():<9}  {resident(process):>5}  "
                  f"{process.comm:<15}  {process.path()}\n")
    if not found:
        gdb.write("no process yet\n")


def backing(vma, space):
    """Returns what a VMA maps, as text, as far as that is known."""
    start, words = int(vma["start"]), []
    if int(vma["object"]):
        words.append(f"object 0x{int(vma['object']):x}+0x{int(vma['offset']):x}")
    if int(vma["flags"]) & N["VMA_HEAP"]:
        words.append(f"break 0x{int(space['brk']):x}")
    if start <= int(vma["file_end"]) < int(vma["end"]):
        words.append(f"zeros from 0x{int(vma['file_end']):x}")
    return ", ".join(words)


@take(0, 1, "vmas [PID]")
def show_vmas(pid=None):
    """Prints a line for each VMA, and the totals."""
    process = chosen(pid)
    space, count, total = process.space(), 0, 0
    gdb.write(f"process {process.pid} ({process.comm})\n")
    for vma in kernel.vmas(space):
        start, end = int(vma["start"]), int(vma["end"])
        count, total = count + 1, total + end - start
        flags = flag_words(int(vma["flags"]), "VMA_", ("VMA_COUNT_MAX",))
        line = (f"  0x{start:010x}-0x{end:010x} {(end - start) // PAGE_SIZE:8} pages  "
                f"{prot_words(int(vma['prot']))}  {kernel.backend_name(vma):<14}  {flags:<12}  {backing(vma, space)}")
        gdb.write(line.rstrip() + "\n")
    gdb.write(f"{count} VMAs, {total // PAGE_SIZE} pages promised, {int(space['resident'])} resident, "
              f"{int(space['tables'])} of tables\n")
    if count != int(space["nvmas"]):
        gdb.write(f"warning: the space counts {int(space['nvmas'])} VMAs\n")
