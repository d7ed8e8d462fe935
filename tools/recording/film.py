# SPDX-License-Identifier: MIT
"""Makes a film of a recording: one HTML file, which shows it fault by fault. tools/film/ has the page's own parts."""

import base64
import html
import json
import os
import re
import zlib

from . import code, file
from .file import Broken

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "film")
FIRST_MODULE = "main.js"
IMPORT = re.compile(r'(from|import) "\./([a-z_]+\.js)"')
PAGE_SHIFT = 12
EXACT = 1 << 52
NONE = -1

# What the page gets of each record, besides its type, time and writer: tools/film/records.js reads it in this order.
FIELDS = {
    file.ROUND: 9,
    file.AROUND: 3,
    file.FAULT: 8,
    file.BEGIN: 3,
    file.EXEC: 1,
    file.END: 4,
    file.ENTRY: 6,
    file.CLEAR: 2,
    file.DOWNGRADE: 3,
    file.COPY_OF: 4,
    file.MOVE: 3,
    file.AREA: 5,
    file.NO_AREA: 2,
    file.OOM: 2,
    file.SUPPLY: 3,
    file.MARK: 2,
    file.WAIT: 4,
    file.RUN: 3,
    file.RAISE: 4,
    file.SPLIT: 2,
}


def signed(word):
    """Reads a word as a signed number: the kernel's addresses become small. What is still beyond JavaScript's whole numbers is
    cut: see Columns.tall."""
    number = (word ^ 1 << 63) - (1 << 63)
    return min(max(number, -EXACT), EXACT)


def split_entry(word):
    """Splits an entry: numbers above 2^53 are none in JavaScript."""
    return word & 0xFFFF, word >> 16


def pages_of(start, end):
    """Turns a range into its first page and their number."""
    return start >> PAGE_SHIFT, (end - start) >> PAGE_SHIFT


def encode(values):
    """Encodes whole numbers: the differences, with the sign in bit 0, in groups of seven bits, the lowest first."""
    out, last = bytearray(), 0
    for value in values:
        difference = value - last
        last = value
        rest = difference << 1 if difference >= 0 else ~(difference << 1)
        while rest > 127:
            out.append(rest & 127 | 128)
            rest >>= 7
        out.append(rest)
    return bytes(out)


class Index:
    """Numbers things in the order in which they are met."""

    def __init__(self):
        self.numbers = {}

    def of(self, thing):
        """Returns its number."""
        return self.numbers.setdefault(thing, len(self.numbers))

    def all(self):
        """Lists them by number."""
        return list(self.numbers)


class Columns:
    """A recording, field by field: so it becomes a tenth as long when it is compressed."""

    def __init__(self, finder):
        self.types, self.times, self.writers = bytearray(), [], []
        self.fields = {kind: [[] for _ in range(count)] for kind, count in FIELDS.items()}
        self.who, self.names = Index(), Index()
        self.code = code.Code(finder)
        self.nfaults = 0
        self.tall = {}  # {number of a fault: the address that it asked for} if that is more than a number of JavaScript's

    def add(self, record):
        """Takes the next record."""
        values = self._values(record)
        if values is None:
            return
        self.types.append(record.type)
        self.times.append(record.time)
        self.writers.append(self.who.of((record.hart, record.space, record.pid, record.tid)))
        for column, value in zip(self.fields[record.type], values):
            column.append(value)

    def _values(self, record):
        first, second, third, fourth = record.args
        if record.type == file.ROUND:
            return (record.what, record.more, first >> PAGE_SHIFT, *split_entry(second), *split_entry(third),
                    fourth & 0xFFFFFFFF, fourth >> 32)
        if record.type in (file.AROUND, file.RUN):
            return (first >> PAGE_SHIFT, *split_entry(third))
        if record.type == file.FAULT:
            if abs(signed(second)) == EXACT:
                self.tall[self.nfaults] = f"{second:#x}"
            self.nfaults += 1
            ago = record.time - third if third else NONE
            return (record.what, record.more, signed(first), signed(second), ago, record.result,
                    self.code.place(record.space, first), self.code.symbol(record.space, second))
        if record.type == file.ENTRY:
            return (first >> PAGE_SHIFT, *split_entry(second), *split_entry(third), record.what)
        if record.type == file.SPLIT:
            return record.what, first >> PAGE_SHIFT
        if record.type == file.RAISE:
            return (*pages_of(first, second), third, fourth)
        if record.type == file.MOVE:
            return (*pages_of(first, second), (first + third & (1 << 64) - 1) >> PAGE_SHIFT)
        if record.type in (file.CLEAR, file.NO_AREA):
            return pages_of(first, second)
        if record.type == file.DOWNGRADE:
            return (*pages_of(first, second), third)
        if record.type == file.COPY_OF:
            return (*pages_of(first, second), third, fourth)
        if record.type == file.AREA:
            if record.what >> 8 & 0xF == file.AREA_FILE:
                self.code.see(record.space, record.name, first, record.more)
            return (*pages_of(first, second), record.what, record.more, self.names.of(record.name))
        if record.type == file.WAIT:
            return record.what, record.more, first >> PAGE_SHIFT, record.time - second
        if record.type == file.BEGIN:
            return first, second, third
        if record.type == file.EXEC:
            return (self.names.of(record.name),)
        if record.type == file.MARK:
            return record.what, self.names.of(record.mark)
        if record.type == file.END:
            return record.what, record.more, first, second
        if record.type in (file.OOM, file.SUPPLY):
            return record.args[:FIELDS[record.type]]
        return None  # of a later kernel

    def pack(self, ticks, title):
        """Returns what describes the film, and its data, which is compressed."""
        streams = [("types", bytes(self.types)), ("times", encode(self.times)), ("writers", encode(self.writers))]
        for kind, columns in self.fields.items():
            streams += [(f"{kind}.{number}", encode(column)) for number, column in enumerate(columns) if column]
        places, symbols, sources = self.code.resolve()
        about = {"title": title, "ticks": ticks, "records": len(self.types), "faults": self.nfaults,
                 "streams": [(name, len(data)) for name, data in streams], "counts": self._counts(),
                 "who": self.who.all(), "names": self.names.all(),
                 "tall": self.tall, "places": places, "symbols": symbols, "sources": sources}
        return about, zlib.compress(b"".join(data for _, data in streams), 9)

    def _counts(self):
        return {kind: len(columns[0]) for kind, columns in self.fields.items() if columns[0]}


def read(recording, finder, title):
    """Reads a recording into what a film has of it. Raises Broken if there is no fault in it."""
    columns = Columns(finder)
    for record in recording:
        columns.add(record)
    if not columns.nfaults:
        raise Broken(f"{recording.path}: no fault is in it, so there is nothing to show")
    about, data = columns.pack(recording.ticks, title)
    about["short"], about["counted"] = recording.why_short(), recording.counted
    return about, data


def modules():
    """Yields each JavaScript module's name and text. Modules import each other by the names of the page's import map."""
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".js"):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as source:
                yield name, IMPORT.sub(r'\1 "film/\2"', source.read()) + f"//# sourceURL=film/{name}\n"


def as_json(value):
    """Writes JSON that may stand in a script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def read_part(name):
    """Returns the text of a file of the page."""
    with open(os.path.join(FOLDER, name), encoding="utf-8") as part:
        return part.read()


def page(films):
    """Makes the page of one film, or of two that are shown side by side: [(about, data)]."""
    imports = {f"film/{name}": "data:text/javascript;base64," + base64.b64encode(text.encode()).decode()
               for name, text in modules()}
    parts = []
    for about, data in films:
        parts.append(f'<script type="application/json" class="about">{as_json(about)}</script>')
        parts.append(f'<script type="text/plain" class="data">{base64.b64encode(data).decode()}</script>')
    values = {"TITLE": html.escape(" | ".join(about["title"] for about, _ in films)), "STYLE": read_part("style.css"),
              "IMPORTS": as_json({"imports": imports}), "FILMS": "\n".join(parts), "FIRST": f"film/{FIRST_MODULE}"}
    return re.sub(r"@([A-Z]+)@", lambda found: values[found.group(1)], read_part("page.html"))


def write(path, films):
    """Writes the page of films into a file. One that was there is replaced once the page is whole."""
    text = page(films).encode()
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as out:
            out.write(text)
        return
    new = f"{path}.{os.getpid()}"
    try:
        with open(new, "wb") as out:
            out.write(text)
        os.replace(new, path)
    except OSError:
        if os.path.exists(new):
            os.unlink(new)
        raise
