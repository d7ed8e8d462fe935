# SPDX-License-Identifier: MIT
"""Reads the kernel's ring buffers: the trace of faults, the log, and the journal."""

import struct

import gdb

from . import kernel, memory
from .headers import N
from .trouble import Trouble
from .words import take

LOG_FILE = "base/log.c"
LOG_MOST = 20000
LEVELS = {"LOG_ERROR": "error: ", "LOG_WARN": "warning: "}
FAULTS_SHOWN = 16


def enumerator(type_name, number):
    """Returns the name of an enumerator's number."""
    for field in gdb.lookup_type(type_name).fields():
        if field.enumval == number:
            return field.name
    return str(number)


def access_word(access):
    """Returns the kind of access, such as "write" or "read copy"."""
    for bit, word in ((N["VM_PROT_EXEC"], "fetch"), (N["VM_PROT_WRITE"], "write"), (N["VM_PROT_READ"], "read")):
        if access & bit:
            return word + (" copy" if access & N["TRAP_COPY"] else "")
    return f"access {access}"


def outcome(record):
    """Returns how a fault ended, as text. The record does not have that yet while the fault is being resolved."""
    result, kind = int(record["result"]), int(record["kind"])
    name = enumerator("enum fault_kind", kind)[len("FAULT_"):] if kind else ""
    words = [name] if name else []
    if result:
        words.append(f"signal {result}" if result > 0 else f"refused ({result})")
    if name and int(record["cost"]):
        words.append(f"cost {int(record['cost'])}")
    return ", ".join(words) or "-"


def ring_of(hart):
    """Returns a hart's ring of records."""
    return memory.fetch("struct trace_ring", int(hart["faults"]))


def hart_records(hart):
    """Returns the records of a hart's ring with their numbers, oldest first."""
    ring, size = ring_of(hart), N["TRACE_RECORDS"]
    count = int(ring["count"])
    for number in range(max(0, count - size), count):
        yield number, ring["records"][number % size]


def last_of_running():
    """Returns the newest record of the thread that the selected hart runs, or None if the ring has lost it."""
    hart = kernel.selected_hart()
    records = [record for _number, record in hart_records(hart) if int(record["thread"]) == int(hart["current"])]
    return records[-1] if records else None


@take(0, 1, "faults [N]")
def show_faults(most=FAULTS_SHOWN):
    """Prints the last faults of all harts, newest last."""
    records, total = [], 0
    for hart in kernel.harts():
        total += int(ring_of(hart)["count"])
        records += [(int(record["time"]), int(hart["index"]), number, record) for number, record in hart_records(hart)]
    records.sort(key=lambda one: one[:3])
    shown = records[max(0, len(records) - most):]
    for time, hart, _number, record in shown:
        gdb.write(f"{time:12} hart {hart} pid {int(record['pid']):<5} {access_word(int(record['access'])):<10} "
                  f"0x{int(record['addr']):<12x} pc 0x{int(record['pc']):<18x} {outcome(record)}\n")
    gdb.write(f"{len(shown)} of {total} faults" + (" (time in ticks)\n" if shown else "\n"))


class LogRing:
    """The log's ring: the address of its bytes, and the positions that it holds."""

    def __init__(self):
        address = memory.symbol_address("ring", LOG_FILE)
        kind = gdb.lookup_type("struct log_ring")
        at = {field.name: address + field.bitpos // 8 for field in kind.fields()}
        self.oldest, self.newest = (struct.unpack("<Q", memory.read(at[name], 8))[0] for name in ("oldest", "newest"))
        self.capacity = next(field.type.sizeof for field in kind.fields() if field.name == "bytes")
        self.bytes = memory.read(at["bytes"], self.capacity)
        if not 0 <= self.newest - self.oldest <= self.capacity:
            raise Trouble(f"the log's ring is broken: from {self.oldest} to {self.newest}")

    def get(self, at, size):
        """Returns bytes from a position on."""
        at %= self.capacity
        return (self.bytes + self.bytes)[at : at + size]

    def lines(self):
        """Yields the records as lines, oldest first."""
        header = gdb.lookup_type("struct log_record").sizeof
        at = self.oldest
        for _ in range(LOG_MOST):
            if at >= self.newest:
                return
            nanoseconds, length, level = struct.unpack_from("<QHB", self.get(at, header))
            name = enumerator("enum log_level", level)
            if not name.startswith("LOG_") or at + header + length > self.newest:
                raise Trouble(f"the log's ring is broken at {at}")
            text, word = memory.clean(self.get(at + header, length)), LEVELS.get(name, "")
            tag, colon, rest = text.partition(": ")
            line = f"{tag}{colon}{word}{rest}" if word else text
            yield f"[{nanoseconds // 1000 / 1e6:12.6f}] {line}"
            at += header + length + 7 & ~7


@take(0, 1, "log [N]")
def show_log(most=LOG_MOST):
    """Prints the log with all levels, including messages that the console did not show."""
    lines, trouble = [], None
    try:
        for line in LogRing().lines() if kernel.is_up() else ():
            lines.append(line)
    except Trouble as one:  # raised again after the lines that can be read
        trouble = one
    for line in lines[max(0, len(lines) - most):]:
        gdb.write(line + "\n")
    if trouble:
        raise trouble
    if not lines:
        gdb.write("nothing is logged yet\n")


@take(0, 0, "film")
def show_film():
    """Says where the machine stands in the film that is made of it."""
    address = int(memory.variable("journal")) if kernel.is_up() else 0
    if not address:
        gdb.write("nothing is recorded: start the machine with ./run.sh --gdb --film FILE.html\n")
        return
    kind = gdb.lookup_type("struct journal_header")
    at = {field.name: address + field.bitpos // 8 for field in kind.fields()}
    head, ended = (struct.unpack("<Q", memory.read(at[name], 8))[0] for name in ("head", "ended"))
    gdb.write(f"{head} records: the film shows this instant at FILE.html#record={head}\n")
    if ended:
        gdb.write("nothing more is recorded: too much had changed at once for the ring\n")
