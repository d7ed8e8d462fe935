# SPDX-License-Identifier: MIT
"""The command that shows the virtual harts of the strict machine (tools/strict)."""

import struct

import gdb

from . import memory
from .trouble import Trouble
from .words import take

TABLE, MAGIC, WORDS = 0x8001F100, 0x7374726168, 11  # as in tools/strict/harts.h
STATES = {0: "started", 1: "stopped", 4: "suspended"}
FIRMWARE = range(0x80000000, 0x80200000)
FOR_USER = 3 << 11  # of mstatus.MPP: 0 if a program goes on


def table():
    """Returns the words of the firmware's table; None if there is none."""
    try:
        words = struct.unpack(f"<{WORDS}Q", memory.read_physical(TABLE, 8 * WORDS))
    except Trouble:
        return None
    return words if words[0] == MAGIC else None


def place(pc):
    """Names the function of an address."""
    with memory.Virtual():
        block = gdb.block_for_pc(pc)
        while block is not None and block.function is None:
            block = block.superblock
    return f" {block.function.name}()" if block is not None else ""


@take(0, 0, "harts")
def show_all():
    """Lists the harts: which one runs, and where the others will go on."""
    words = table()
    if words is None:
        raise Trouble("this is not the strict machine: ./run.sh --strict --harts 4 --gdb starts one")
    first, count_at, running_at, size, id_at, state_at, waits_at, satp_at, pc_at, status_at = words[1:]
    count = memory.read_physical_word(count_at) & 0xFFFFFFFF
    running = memory.read_physical_word(running_at)
    gdb.write("   hart  state      satp                pc\n")
    for number in range(count):
        hart = first + number * size
        state = memory.read_physical_word(hart + state_at) & 0xFFFFFFFF
        waits = memory.read_physical(hart + waits_at, 1) != b"\0"
        status = memory.read_physical_word(hart + status_at)
        pc = memory.register("pc") if hart == running else memory.read_physical_word(hart + pc_at)
        words = "waits" if waits and state == 0 else STATES.get(state, str(state))
        where = ""
        if hart == running and pc in FIRMWARE:
            where = " the firmware"
        elif state != 1:
            where = place(pc) if hart == running or status & FOR_USER else " a program"
        gdb.write(f"{'*' if hart == running else ' '}  {memory.read_physical_word(hart + id_at):<5} {words:<10} "
                  f"0x{memory.read_physical_word(hart + satp_at):016x}  {f'0x{pc:016x}' if state != 1 else '-'}{where}\n")
