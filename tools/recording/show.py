# SPDX-License-Identifier: MIT
"""What a recording holds, in words and sums."""

from . import file
from .file import Entry
from .model import area_of

ACCESSES = {1: "read", 2: "write", 4: "exec"}


class Names:
    """The programs' names by process, as they are at the record that was seen last."""

    def __init__(self):
        self.names = {}

    def see(self, record):
        """Learns from a record. Returns what its process is called."""
        if record.type == file.EXEC:
            self.names[record.pid] = record.name
        elif record.type == file.BEGIN and record.args[1] != record.pid:
            self.names[record.args[1]] = self.names.get(record.pid, "")
        return f"{self.names.get(record.pid, '')}[{record.pid}]"


def access_of(word):
    """Says what kind of access it was."""
    words = [name for bit, name in ACCESSES.items() if word & bit] or ["access"]
    if word & file.POPULATE:
        words.insert(0, "populate:")
    return " ".join(words) + (" by the kernel" if word & file.COPY else "")


def outcome(result):
    """Says what became of a fault that was not resolved."""
    if result > 0:
        return f", signal {result}"
    return f", error {-result}" if result < 0 else ""


def in_words(record, areas=None, ticks=None):
    """Says what a record tells, without who and when; of a round also its mapping, if model.Areas are there; of a wait how long
    it was, if the ticks of a second are there."""
    first, second, third, fourth = record.args
    if record.type == file.ROUND:
        kinds = "+".join(record.kinds)
        if any(name.startswith("DENY") for name in record.kinds):
            return f"round   {first:#x} {kinds}: {access_of(record.more)} refused"
        large = "large " if record.is_large else ""
        area = areas.find(record.space, first) if areas else None
        where = f", in {area}" if area else ""
        return f"round   {first:#x} {kinds}: {large}{Entry(second)} -> {large}{Entry(third)}{where}; {fourth & 0xFFFFFFFF}+{fourth >> 32} instructions"
    if record.type == file.AROUND:
        return f"around  {first:#x}: {Entry(third)}"
    if record.type == file.RUN:
        return f"run     {first:#x}: {Entry(third)}"
    if record.type == file.RAISE:
        return f"more    {first:#x}-{second:#x}: {Entry(1 | third << 2).prot}, not shared"
    if record.type == file.SPLIT:
        return f"split   {first:#x}-{second:#x}: {record.split}"
    if record.type == file.OPEN:
        return "open    the fault was not over when the machine ended"
    if record.type == file.FAULT:
        waited = ", waited" if record.what & file.WAITED else ""
        return (f"fault   {second:#x} {access_of(record.what & 0xFF)} at pc {first:#x}: {record.kind}, "
                f"{record.more} instructions{waited}{outcome(record.result)}")
    if record.type == file.BEGIN:
        return f"begin   thread {first} of process {second}, space {record.space}"
    if record.type == file.EXEC:
        return f"exec    {record.name}, space {record.space}"
    if record.type == file.END:
        return f"end     thread {first} of process {second}, status {record.more:#x}"
    if record.type == file.ENTRY:
        large = "large " if record.is_large else ""
        return f"entry   {first:#x}: {large}{Entry(second)} -> {large}{Entry(third)}"
    if record.type == file.CLEAR:
        return f"clear   {first:#x}-{second:#x}"
    if record.type == file.DOWNGRADE:
        return f"less    {first:#x}-{second:#x}: no more than {Entry(1 | third << 2).prot}"
    if record.type == file.COPY_OF:
        return f"copy    {first:#x}-{second:#x} of space {third} to space {record.space}, {'private' if fourth else 'shared'}"
    if record.type == file.MOVE:
        return f"move    {first:#x}-{second:#x} to {first + third & (1 << 64) - 1:#x}"
    if record.type == file.AREA:
        return f"area    {area_of(record)}"
    if record.type == file.NO_AREA:
        return f"no area {first:#x}-{second:#x}"
    if record.type == file.SUPPLY:
        return f"supply  frame {first:#x} has page {second}, by {f'process {third}' if third else 'the kernel'}"
    if record.type == file.OOM:
        return f"oom     process {first}, which has {second} pages, is killed for them"
    if record.type == file.WAIT:
        long = f" {(record.time - second) / ticks:.6f} s" if ticks else ""
        return f"wait    {first:#x}:{long} for {record.wait}" + (", which another thread had asked for" if record.what & file.OF_OTHER else "")
    if record.type == file.MARK:
        return f"mark    {('here', 'on', 'off', '?')[min(record.what, 3)]}: {record.mark}"
    return f"a record of the unknown type {record.type}"


class Sums:
    """Counts by process, or of a whole recording."""

    def __init__(self):
        self.kinds = dict.fromkeys(file.KINDS, 0)  # as the kernel counts them
        self.costs = {}  # kind: [faults, instructions] of those that are over
        self.waits = {}  # what for: [times, ticks]
        self.splits = {}  # why: how often
        self.faults = self.refused = self.waited = self.around = self.instructions = 0
        self.ahead = self.raised = self.large = 0

    def add(self, record):
        """Counts one record."""
        if record.type == file.ROUND:
            for name in record.kinds:
                self.kinds[name] += 1
            self.large += record.is_large and "FILL" in record.kinds
        elif record.type == file.RUN:
            self.ahead += 1
        elif record.type == file.RAISE:
            self.raised += (record.args[1] - record.args[0]) // file.PAGE
        elif record.type == file.SPLIT:
            self.splits[record.split] = self.splits.get(record.split, 0) + 1
        elif record.type == file.AROUND:
            self.around += 1
        elif record.type == file.FAULT:
            self.faults += 1
            self.refused += record.result != 0
            self.waited += bool(record.what & file.WAITED)
            self.instructions += record.more
            cost = self.costs.setdefault(record.kind, [0, 0])
            cost[0] += 1
            cost[1] += record.more
        elif record.type == file.WAIT:
            wait = self.waits.setdefault(record.wait, [0, 0])
            wait[0] += 1
            wait[1] += record.time - record.args[1]

    def lines(self, ticks):
        """Says them, the most frequent kind first. `ticks` are those of a second."""
        yield (f"{self.faults} faults, {self.refused} refused, {self.waited} waited; {self.around} pages mapped beside; "
               f"{self.instructions} instructions")
        if self.ahead or self.raised:
            yield f"  ahead of faults: {self.ahead} pages filled, {self.raised} made writable"
        if self.large or self.splits:
            why = "".join(f", {count} by {name}" for name, count in sorted(self.splits.items()))
            yield f"  superpages: {self.large} made, {sum(self.splits.values())} split{why}"
        for name, count in sorted(self.kinds.items(), key=lambda item: -item[1]):
            if count:
                faults, instructions = self.costs.get(name, (0, 0))
                mean = f", {instructions / faults:.0f} instructions each" if faults else ""
                yield f"  {name:12} {count}{mean}"
        for name, (count, waited) in sorted(self.waits.items()):
            yield f"  waited {count} times for {name}, {waited / ticks:.6f} s"


def sums_of(records):
    """Returns ({process: Sums}, Sums of all)."""
    names, found, total = Names(), {}, Sums()
    for record in records:
        who = names.see(record)
        total.add(record)
        if record.type in (file.ROUND, file.AROUND, file.FAULT, file.WAIT, file.RUN, file.RAISE, file.SPLIT):
            found.setdefault(who, Sums()).add(record)
    return found, total


def timeless(record):
    """What two runs of a machine whose time is instructions have in common: all but the times."""
    args = record.args
    if record.type == file.FAULT:
        args = (*args[:2], 0, record.result)
    elif record.type == file.WAIT:
        args = (args[0], 0, *args[2:])
    return record._replace(time=0, args=args)


def perfetto(recording):
    """Yields the events of Chrome's trace format, which Perfetto opens."""
    names = Names()
    for record in recording:
        who = names.see(record)
        where = {"pid": record.pid, "tid": record.tid}
        at = record.time * 1e6 / recording.ticks
        if record.type == file.FAULT:
            begun = (record.args[2] or record.time) * 1e6 / recording.ticks
            yield {"ph": "X", "name": record.kind, "cat": "fault", "ts": begun, "dur": at - begun, **where,
                   "args": {"address": hex(record.args[1]), "pc": hex(record.args[0]),
                            "instructions": record.more, "result": record.result}}
        elif record.type == file.WAIT:
            begun = record.args[1] * 1e6 / recording.ticks
            yield {"ph": "X", "name": f"wait for {record.wait}", "cat": "wait", "ts": begun, "dur": at - begun, **where,
                   "args": {"address": hex(record.args[0])}}
        elif record.type == file.EXEC:
            yield {"ph": "M", "name": "process_name", **where, "args": {"name": who}}
            yield {"ph": "i", "name": in_words(record), "ts": at, "s": "p", **where}
        elif record.type in (file.BEGIN, file.END, file.OOM):
            yield {"ph": "i", "name": in_words(record), "ts": at, "s": "t", **where}
