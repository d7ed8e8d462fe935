# SPDX-License-Identifier: MIT
"""Films of points (docs/film.md): a point is run once more, with the same seed, and the moment is found where it goes wrong.
The verdict comes from the run before, which nobody records."""

import os
import re
import signal
import tempfile
import urllib.parse

from grader import run
from recording import code, file, show

NAME = 16  # bytes of a program's name in a recording
MARK = 31  # bytes of a mark that labs/lib/lab.h makes
FIRST = ("first ", "failed ")  # with which a program says where it went wrong
ENDED_BY = 0x7F  # in the status of a process: the signal that has killed it
BOARD = "virt"


def why_not(point):
    """Returns why there is no film of a point, or ""."""
    if point.on_host:
        return "it runs mm/ on this computer, and no machine"
    if point.is_strict:
        return "the strict machine records nothing"
    if "--machine" in point.options and point.options[point.options.index("--machine") + 1] != BOARD:
        return f"only the board {BOARD} records"
    return "its kernel's command line has nothing of ours" if point.only_word else ""


def wrong_marks(outcome):
    """Yields (mark, index) of each value that is not as expected: which of the marks of this name belongs to it."""
    for name, values in outcome.expected[0].items():
        values = values if isinstance(values, list) else [values]
        came = outcome.came.get(name, [])
        at = next((number for number, pair in enumerate(zip(came, values)) if pair[0] != pair[1]), min(len(came), len(values)))
        if at < max(len(came), len(values)):
            yield f"result {name}"[:MARK], at
    for name, most in outcome.point.limits.items():
        if any(value > most for value in outcome.came.get(name, [])):
            yield f"result {name}"[:MARK], 0


def name_of(path):
    """Returns how a recording calls a program."""
    return os.fsencode(os.path.basename(path))[:NAME].decode(errors="replace")


class Fault:
    """A fault of the recording: its number, its record, the name of its process, and the number of its place in the source."""

    def __init__(self, number, record, name, place):
        self.number, self.record, self.name, self.place = number, record, name, place


class Watch:
    """Reads a recording, and knows which faults of the test's processes come before each of its marks."""

    def __init__(self, program, more=()):
        """`more` are files beside the program, which it may execute, too."""
        self.program = name_of(program)
        self.code = code.Code({name_of(path): path for path in (*more, program)}.get)
        self.names, self.watcher, self.family = {}, None, set()
        self.nfaults = 0
        self.faults = []  # of the test
        self.last = self.killed = None  # of all processes; of the test
        self.of_process = {}  # pid: its last fault
        self.marks = []  # (name, how many faults of the test come before it)
        self.places, self.texts = [], {}

    def read(self, recording):
        """Takes all records."""
        for record in recording:
            self.take(record)
        self.places, _, self.texts = self.code.resolve()

    def take(self, record):
        """Takes the next record."""
        if record.type == file.FAULT:
            self.nfaults += 1
            self.last = Fault(self.nfaults, record, self.names.get(record.pid, "?"), self.code.place(record.space, record.args[0]))
            if record.pid in self.family:
                self.faults.append(self.last)
                self.of_process[record.pid] = self.last
        elif record.type == file.EXEC:
            self.names[record.pid] = record.name
            if record.name == self.program and not self.watcher:
                self.watcher = record.pid
        elif record.type == file.BEGIN:
            self.begin(record.args[1], record.pid)
        elif record.type == file.END:
            fault = self.of_process.get(record.args[1])
            if fault and record.what and record.more & ENDED_BY and fault.record.result > 0:
                self.killed = self.killed or fault
        elif record.type == file.MARK:
            self.marks.append((record.mark, len(self.faults)))
        elif record.type == file.AREA and record.what >> 8 & 0xF == file.AREA_FILE:
            self.code.see(record.space, record.name, record.args[0], record.more)

    def begin(self, pid, parent):
        """A process begins. The first one of the program only watches the test."""
        if pid == parent:
            return
        self.names[pid] = self.names.get(parent, "?")
        if parent == self.watcher or parent in self.family:
            self.family.add(pid)

    def noticed(self, outcome):
        """Yields how many faults came before each mark of something that is wrong."""
        yield from (count for name, count in self.marks if name.startswith(FIRST))
        for mark, at in wrong_marks(outcome):
            yield from [count for name, count in self.marks if name == mark][at:at + 1]

    def telling(self, count):
        """Returns the last of so many faults that is of the test's own source, or of the kernel for it: others come from the C
        library, as it prints. If there is none, returns the last."""
        for fault in reversed(self.faults[:count]):
            if fault.record.what & file.COPY or self.place_of(fault):
                return fault
        return self.faults[count - 1] if count else None

    def moment(self, outcome):
        """Returns the fault at which the film should open, or None: the last one before the test noticed that something is
        wrong, or that which killed it, or the last of all."""
        count = min(self.noticed(outcome), default=None)
        chosen = self.killed if count is None else self.telling(count)
        return chosen or self.telling(len(self.faults)) or self.last

    def in_words(self, fault):
        """Says what a fault is."""
        record = fault.record
        became = f", {signal.Signals(record.result).name}" if record.result in set(signal.Signals) else ""
        return (f"fault {fault.number}: {show.access_of(record.what & 0xFF)} at {record.args[1]:#x} in {fault.name}[{record.pid}], "
                f"{record.kind}{became}{self.line(fault)}")

    def place_of(self, fault):
        """Returns the file and the line of a fault, if its source is here, or None."""
        place = None if fault.place == code.NONE else self.places[fault.place]
        return place[1:] if place and place[2] in self.texts.get(place[1], {}) else None

    def line(self, fault):
        """Returns the line of source of a fault, as ": TEXT at FILE:LINE", or ""."""
        path, line = self.place_of(fault) or (None, 0)
        return f": {self.texts[path][line].strip()} at {os.path.basename(path)}:{line}" if path else ""


def title_of(point):
    """Returns a point's name as the name of a file."""
    return re.sub(r"[^A-Za-z0-9]+", "-", point.name).strip("-") + ".html"


def link(path, number):
    """Returns what a browser opens at a fault."""
    return "file://" + urllib.parse.quote(os.path.abspath(path)) + (f"#fault={number}" if number else "")


def make(place, point, seed, path, seconds=run.SECONDS):
    """Runs a point with its seed, makes the film of it, and returns (Outcome, Watch). Raises OSError or file.Broken."""
    with tempfile.TemporaryDirectory(prefix="faultline-film-") as folder:
        recording = os.path.join(folder, "recording")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        outcome = run.run(place, point, seed, True, seconds, ["--env", "LAB_FILM=1", "--record", recording, "--film", path])
        watch = Watch(place.guest(point), run.made_files(place, point))
        watch.read(file.Recording(recording))
    return outcome, watch


def film(place, outcome, seed, seconds=run.SECONDS):
    """Makes the film of a point that has failed; returns the lines that say where it is."""
    point = outcome.point
    reason = why_not(point)
    if reason:
        return [f"  film      none: {reason}"]
    path = os.path.join(place.build, "film", title_of(point))
    try:
        again, watch = make(place, point, seed, path, seconds)
    except (OSError, file.Broken) as error:
        return [f"  film      none: {error}"]
    if not os.path.exists(path):
        return ["  film      none: nothing was recorded"]
    fault = watch.moment(outcome)
    where = f", opens at {watch.in_words(fault)}" if fault else ""
    lines = [f"  film      {os.path.relpath(path, place.root)}{where}", "            " + link(path, fault.number if fault else 0)]
    if again.passed or without_numbers(again.why) != without_numbers(outcome.why):
        lines.append("            (of a second run, which went otherwise: " + (again.why or "it passed") + ")")
    return lines


def without_numbers(text):
    """Returns a sentence without its numbers: counts and addresses may differ in a second run."""
    return re.sub(r"\b(0x[0-9a-f]+|\d+)\b", "N", text)
