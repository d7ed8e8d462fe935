# SPDX-License-Identifier: MIT
"""Stops at the faults of a process: `fl break-fault`, and $fl_pid() for the conditions of other breakpoints."""

import gdb

from . import kernel, memory, rings
from .rings import access_word
from .trouble import Trouble

ENTRY = "trap_fault"
USAGE = "usage: fl break-fault PID|any|off, or fl break-fault N refused [PID]"


class FaultStop(gdb.Breakpoint):
    """A breakpoint at the fault handler's first instruction, where the arguments are still in their registers."""

    def __init__(self, pid):
        self.pid = pid
        super().__init__(f"*{memory.symbol_address(ENTRY)}", internal=True)

    def stop(self):
        """Stops for the chosen process, and prints the fault."""
        try:
            process = kernel.current()
            if process is None or self.pid not in (None, process.pid):
                return False
            gdb.write(describe(process))
        except Trouble as trouble:
            gdb.write(f"fl: {trouble}\n")
        return True


class Refusals:
    """Counts the refused faults of a process, or of all, to stop from some number on."""

    def __init__(self, least, pid):
        self.least = least
        self.pid = pid
        self.count = 0

    def stop(self):
        """Counts a fault that has ended. If it was refused and its number is reached, prints it and stops."""
        try:
            process = kernel.current()
            if process is None or self.pid not in (None, process.pid):
                return False
            record = rings.last_of_running()
            if record is None or not int(record["result"]):
                return False
            self.count += 1
            if self.count < self.least:
                return False
            address = int(record["addr"])
            gdb.set_convenience_variable("fl_address", address)
            gdb.write(f"refused fault {self.count}: {rings.outcome(record)}\n")
            gdb.write(words(process, int(record["access"]), address, int(record["pc"])))
        except Trouble as trouble:
            gdb.write(f"fl: {trouble}\n")
        return True


class RefusedStop(gdb.Breakpoint):
    """A breakpoint at a return of the fault handler: the result is recorded, and the process has not continued."""

    def __init__(self, address, refusals):
        self.refusals = refusals
        super().__init__(f"*{address}", internal=True)

    def stop(self):
        """Asks the counter, which the breakpoints at all returns share."""
        return self.refusals.stop()


class Stops:
    """The breakpoints that are set."""

    current = []

    @classmethod
    def set(cls, stops):
        """Replaces the breakpoints by these."""
        for stop in cls.current:
            if stop.is_valid():
                stop.delete()
        cls.current = stops


def returns(name):
    """Returns the addresses of a kernel function's return instructions."""
    start = memory.symbol_address(name)
    block = gdb.block_for_pc(start)
    while block is not None and block.superblock is not None and not block.superblock.is_static:
        block = block.superblock  # skip blocks of functions inlined at the start
    if block is None:
        raise Trouble(f"the kernel's symbols do not say where {name} ends")
    here, size = memory.to_physical(start), block.end - block.start
    with memory.Physical():
        code = gdb.selected_inferior().architecture().disassemble(here, here + size - 1)
    return [start + line["addr"] - here for line in code if line["asm"].split()[:1] == ["ret"]]


def describe(process):
    """Returns a line that describes a fault, from the arguments of its handler."""
    frame, address, access = (memory.register(name) for name in ("a0", "a1", "a2"))
    return words(process, access, address, int(memory.fetch("struct trap_frame", frame)["pc"]))


def words(process, access, address, pc):
    """Returns a line that describes a fault."""
    return (f"process {process.pid} ({process.comm}): {access_word(access)} 0x{address:x} "
            f"at pc 0x{pc:x}{place(pc)}\n")


def place(pc):
    """Returns the function and line of a PC, or "" without symbols."""
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    line = gdb.find_pc_line(pc)
    text = f" in {block.function.name}" if block is not None else ""
    if line.symtab is not None:
        text += f", {line.symtab.filename.rsplit('/', 1)[-1]}:{line.line}"
    return text


def positive(word, what):
    """Parses a number from 1 on."""
    try:
        value = int(word, 0)
    except ValueError:
        value = 0
    if value < 1:
        raise Trouble(f"{word} is no {what}: {USAGE}")
    return value


def break_fault(arguments):
    """fl break-fault PID|any|off, fl break-fault N refused [PID]."""
    if arguments[1:2] == ["refused"] and len(arguments) <= 3:
        break_refused(positive(arguments[0], "number of a refused fault"),
                      positive(arguments[2], "pid") if len(arguments) == 3 else None)
    elif len(arguments) != 1:
        raise Trouble(USAGE)
    elif arguments[0] == "off":
        Stops.set([])
        gdb.write("no longer stops at faults\n")
    else:
        pid = None if arguments[0] == "any" else positive(arguments[0], "pid")
        Stops.set([FaultStop(pid)])
        gdb.write(f"stops at the next fault of {whose(pid)}\n")


def break_refused(least, pid):
    """Stops at refused faults from the N-th on, counted from now."""
    refusals = Refusals(least, pid)
    Stops.set([RefusedStop(address, refusals) for address in returns(ENTRY)])
    gdb.write(f"stops at refused faults of {whose(pid)}, from number {least} on\n")


def whose(pid):
    """Returns the name of a process, or of all."""
    return "any process" if pid is None else f"process {pid}"


class PidFunction(gdb.Function):
    """$fl_pid(): the pid of the process that the selected hart runs; 0 for none."""

    def __init__(self):
        super().__init__("fl_pid")

    def invoke(self):
        """Returns the pid."""
        try:
            process = kernel.current()
        except Trouble:
            return 0
        return process.pid if process else 0
