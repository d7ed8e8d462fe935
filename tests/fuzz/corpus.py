# SPDX-License-Identifier: MIT
"""The text form of a fuzzer's corpus: inputs with names, a field a line, and the words that mutations may use.

    = NAME           an input begins
    from NAME        it begins with the bytes of an earlier one
    file PATH        with those of a file, seen from the corpus
    at OFFSET ITEM.. these bytes lie over those at OFFSET (decimal, 0x)
    cut SIZE         it ends there
    dts              the rest of the input is a source for dtc
    word ITEM..      (outside of inputs too) a word for mutations
    ITEM..           more bytes

An ITEM is "text" with C's escapes, pairs of hex digits, or KIND:NUMBER: le16 le32 le64 be16 be32 be64 oct8 hex8 (the
number as eight digits), zero (so many), align (zeros up to a multiple). Several: 3*ITEM. # begins a comment."""

import ast
import os
import re
import subprocess

ITEM = re.compile(r'(?:(\d+)\*)?(?:("(?:[^"\\]|\\.)*")|(\w+):(-?\w+)|((?:[0-9a-fA-F]{2})+))(?=\s|$)')
COMMENT = re.compile(r'^((?:[^"#]|"(?:[^"\\]|\\.)*")*)#.*$')


class Bad(Exception):
    """A line that is not understood."""


def kind_bytes(kind, number, size):
    """Gives the bytes of KIND:NUMBER where size bytes are there already."""
    if kind in ("le16", "le32", "le64", "be16", "be32", "be64"):
        width = int(kind[2:]) // 8
        return (number % (1 << 8 * width)).to_bytes(width, "little" if kind[0] == "l" else "big")
    if kind == "hex8":
        return b"%08x" % (number % (1 << 32))
    if kind == "oct8":
        return b"%08o" % number
    if kind == "zero":
        return bytes(number)
    if kind == "align":
        return bytes(-size % number)
    raise Bad(kind)


def read_items(text, size):
    """Gives the bytes of a line's items."""
    data, text = b"", text.strip()
    while text:
        match = ITEM.match(text)
        if not match:
            raise Bad(text)
        times, string, kind, number, pairs = match.groups()
        if string:
            one = ast.literal_eval("b" + string)
        else:
            one = bytes.fromhex(pairs) if pairs else kind_bytes(kind, int(number, 0), size + len(data))
        data += one * int(times or 1)
        text = text[match.end() :].strip()
    return data


def compile_tree(lines):
    """Gives the blob of a device tree's source."""
    return subprocess.run(["dtc", "-q", "-f", "-I", "dts", "-O", "dtb", "-"], input="\n".join(lines).encode(),
                          capture_output=True, check=True).stdout


class Reader:
    """Reads one text."""

    def __init__(self, folder):
        self.folder = folder
        self.inputs = {}
        self.words = []
        self.name = None
        self.tree = None

    def data(self):
        """Gives the input's bytes so far."""
        return self.inputs[self.name]

    def end(self):
        """Ends an input."""
        if self.tree is not None:
            self.inputs[self.name] += compile_tree(self.tree)
        self.tree = None

    def begin(self, name):
        """Begins an input."""
        self.end()
        if name in self.inputs or not re.fullmatch(r"[\w.-]+", name):
            raise Bad(name)
        self.name = name
        self.inputs[name] = b""

    def line(self, line):
        """Takes one line."""
        match = COMMENT.match(line)
        first, _blank, rest = (match.group(1) if match else line).strip().partition(" ")
        if first == "=":
            self.begin(rest.strip())
        elif self.tree is not None:
            self.tree.append(line)
        elif first == "word":
            self.words.append(read_items(rest, 0))
        elif first == "dts":
            self.tree = []
        elif first:
            self.inputs[self.name] = self.change(first, rest.strip())

    def change(self, first, rest):
        """Gives the input's bytes after a line that changes them."""
        data = self.data()
        if first == "from":
            return data + self.inputs[rest]
        if first == "file":
            with open(os.path.join(self.folder, rest), "rb") as file:
                return data + file.read()
        if first == "cut":
            return data[: int(rest, 0)]
        if first == "at":
            at, _blank, items = rest.partition(" ")
            over, at = read_items(items, 0), int(at, 0)
            return data[:at] + over + data[at + len(over) :]
        return data + read_items(f"{first} {rest}", len(data))


def read(path):
    """Gives (inputs by name, words) of a corpus."""
    reader = Reader(os.path.dirname(path))
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                reader.line(line)
            except (Bad, KeyError, TypeError, ValueError) as error:
                raise SystemExit(f"{path}:{number}: not understood: {error}") from error
    reader.end()
    return reader.inputs, reader.words


def write(path, folder):
    """Writes a corpus as files that a fuzzer reads: inputs/NAME, words/N, and words.dict for libFuzzer."""
    inputs, words = read(path)
    for below, files in ("inputs", inputs), ("words", {f"{n:03}": word for n, word in enumerate(words)}):
        os.makedirs(os.path.join(folder, below))
        for name, data in files.items():
            with open(os.path.join(folder, below, name), "wb") as file:
                file.write(data)
    with open(os.path.join(folder, "words.dict"), "w", encoding="ascii") as file:
        file.writelines('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n' for word in words)


def to_text(data):
    """Gives bytes in the corpus's form, sixteen a line, the text of each beside it."""
    rows = [data[at : at + 16] for at in range(0, len(data), 16)]
    return "".join(f"{row.hex():<32} # {''.join(chr(b) if 32 <= b < 127 else '.' for b in row)}\n" for row in rows)
