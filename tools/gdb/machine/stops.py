# SPDX-License-Identifier: MIT
"""Stopping at the faults of a process: `fl break-fault`, and $fl_pid() for conditions of one's own."""

import gdb

from . import kernel, memory
from .rings import access_word
from .trouble import Trouble

ENTRY = "trap_fault"


class FaultStop(gdb.Breakpoint):
    """Stands at the first instruction of the fault's handling, where the arguments are in their registers."""

    def __init__(self, pid):
        self.pid = pid
        super().__init__(f"*{memory.symbol_address(ENTRY)}", internal=True)

    def stop(self):
        """Stops for the process that is meant, and says what the fault is."""
        try:
            process = kernel.current()
            if process is None or self.pid not in (None, process.pid):
                return False
            gdb.write(describe(process))
        except Trouble as trouble:
            gdb.write(f"fl: {trouble}\n")
        return True


class Stops:
    """The one such breakpoint that there is."""

    current = None


def describe(process):
    """Says in a line or two what a fault is about, from the arguments of its handler."""
    frame, address, access = (memory.register(name) for name in ("a0", "a1", "a2"))
    pc = int(memory.fetch("struct trap_frame", frame)["pc"])
    return (f"process {process.pid} ({process.comm}): {access_word(access)} 0x{address:x} "
            f"at pc 0x{pc:x}{place(pc)}\n")


def place(pc):
    """Names the function and line of a PC, "" where no symbols are known."""
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    line = gdb.find_pc_line(pc)
    text = f" in {block.function.name}" if block is not None else ""
    if line.symtab is not None:
        text += f", {line.symtab.filename.rsplit('/', 1)[-1]}:{line.line}"
    return text


def break_fault(words):
    """fl break-fault PID|any|off."""
    if len(words) != 1:
        raise Trouble("usage: fl break-fault PID|any|off")
    try:
        pid = None if words[0] in ("any", "off") else int(words[0], 0)
    except ValueError:
        raise Trouble(f"{words[0]} is no pid") from None
    if Stops.current is not None and Stops.current.is_valid():
        Stops.current.delete()
    Stops.current = None if words[0] == "off" else FaultStop(pid)
    whose = {"any": "any process", "off": ""}.get(words[0], f"process {pid}")
    gdb.write(f"stops at the next fault of {whose}\n" if whose else "stops at faults no more\n")


class PidFunction(gdb.Function):
    """$fl_pid(): the process that the selected hart runs, 0 for none."""

    def __init__(self):
        super().__init__("fl_pid")

    def invoke(self):
        """Gives the pid."""
        try:
            process = kernel.current()
        except Trouble:
            return 0
        return process.pid if process else 0
