# SPDX-License-Identifier: MIT
"""Turns what the kernel's report of a killed program has of its stack into a backtrace, with lines of source code.

What a report says is not trusted: programs choose their names. It gives nothing but numbers, and paths that are looked
up among the files that the run was given."""

import os
import re
import time

from .lean import which

LINES, FRAMES = "riscv64-linux-gnu-addr2line", "riscv64-linux-gnu-readelf"
PATIENCE = 2.0  # seconds for one question; after a tool that took longer none is asked
BUDGET = 5.0  # seconds for all reports of a run
MOST_STACK = 1 << 12  # characters of a report's words
LONGEST_NAME = 200

REPORT = rb"^\[ *\d+\.\d+\] trap: warning: "
KILLED = re.compile(REPORT + rb".*\[\d+\](?:, thread \d+,)? killed by \w+: ")
REGISTERS = re.compile(REPORT + rb"  for a backtrace: pc 0?x?([0-9a-f]{1,16}), ra 0?x?([0-9a-f]{1,16}), s0 0?x?([0-9a-f]{1,16})$")
STACK = re.compile(REPORT + rb"  stack:((?: [0-9a-f]{1,16}[:~][0-9a-f]{1,16})+)$")
CODE = re.compile(REPORT + rb"  code: 0?x?([0-9a-f]{1,16})-0?x?([0-9a-f]{1,16}) 0?x?([0-9a-f]{1,16}) (.*)$")
LAST = re.compile(REPORT + rb"  sp 0?x?([0-9a-f]{1,16}), heap \S+,(?: moved by \S+,)? image (/.*)$")
PLACE = re.compile(r"([^:]+:[1-9]\d*)( \(discriminator \d+\))?")


class Report:
    """What the lines of one report have said so far."""

    def __init__(self):
        self.registers = None  # pc, ra, s0
        self.stack = ""
        self.codes = []  # (start, end, offset, path)


class Sources:
    """Takes the kernel's lines; find gives the host's file for a path of the guest, or None."""

    def __init__(self, find):
        self.find = find
        self.tools = {name: which(name) for name in (LINES, FRAMES)}
        self.left = BUDGET
        self.report = None  # the one that is being read; None: none, or two that come mixed

    def after(self, line):
        """Tells whether a line is only for a backtrace, and gives the lines to write behind it."""
        registers, stack, code, last = (form.match(line) for form in (REGISTERS, STACK, CODE, LAST))
        if KILLED.match(line):
            # Where two come mixed, nothing tells which program the later lines are about.
            self.report = Report() if self.report is None else None
        elif last:
            report, self.report = self.report, None
            if report and report.registers:
                return False, self._explain(report, int(last[1], 16), os.fsdecode(last[2]))
        elif registers or stack or code:
            if self.report:
                self._take(registers, stack, code)
            return True, []
        return False, []

    def _take(self, registers, stack, code):
        if registers:
            self.report.registers = [int(text, 16) for text in registers.groups()]
        elif stack and len(self.report.stack) < MOST_STACK:
            self.report.stack += stack[1].decode()
        elif code and len(self.report.codes) < 16:
            self.report.codes.append((*(int(text, 16) for text in code.groups()[:3]), os.fsdecode(code[4])))

    def _explain(self, report, sp, image):
        try:
            return self._backtrace(report, sp, image)
        except Exception:  # whatever the files have in them, the run goes on
            return []

    def _backtrace(self, report, sp, image):
        from . import callers  # no other run needs it

        words = {}
        for word in report.stack.split():
            at, mark, value = re.fullmatch("([0-9a-f]+)([:~])([0-9a-f]+)", word).groups()
            words[sp + int(at, 16)] = int(value, 16) + (sp if mark == "~" else 0)
        mappings = []
        for start, end, offset, path in report.codes:
            mappings.append(callers.Mapping(start, end, offset, path, self._open(callers, path)))
        pc, ra, s0 = report.registers
        frames = callers.Walk(mappings, words, pc, ra, sp, s0).frames()
        lines = self._describe(frames, image)
        if len(frames) == callers.MOST:
            lines.append("...")
        return [text.encode(errors="replace") for text in lines]

    def _open(self, callers, path):
        host = self.find(path)
        try:
            return callers.File(host, lambda path: self._ask(FRAMES, "-wF", path)) if host else None
        except (OSError, ValueError, IndexError):
            return None

    def _describe(self, frames, image):
        """Says where each frame is, a line each; what the compiler has put into another function has one, too."""
        places = {}
        for file in {frame.mapping.file for frame in frames if frame.mapping and frame.mapping.moved is not None}:
            addresses = [frame.looked_up() for frame in frames if frame.mapping and frame.mapping.file is file]
            places.update({(file, address): found for address, found in self._lines(file.path, addresses).items()})
        lines = []
        for frame in frames:
            lines += [f"#{len(lines) + number} {text}" for number, text in enumerate(self._texts(frame, places, image))]
            if lines[-1].split()[1].partition("+")[0].rstrip(",") == "main" and frame.mapping and frame.mapping.name == image:
                break  # what has called that is the C library's
        return lines

    @staticmethod
    def _texts(frame, places, image):
        if frame.mapping is None:
            return [f"{frame.pc:#x}, where no code is"]
        where = "" if frame.mapping.name == image else f" (in {clean(os.path.basename(frame.mapping.name))})"
        if frame.mapping.moved is None:
            return [f"{frame.pc:#x}{where}"]
        address = frame.looked_up()
        found = frame.mapping.file.symbols.find(address)
        name = f"{clean(found[1])}+{address + (not frame.exact) - found[0]:#x}" if found else f"{frame.pc:#x}"
        lines = places.get((frame.mapping.file, address))
        return [f"{function}, {place}{where}" for function, place in lines] if lines else [name + where]

    def _lines(self, path, addresses):
        """Gives by address the functions and lines that are there, as the compiler has put them into each other."""
        said = self._ask(LINES, "-a", "-f", "-i", "-C", "-s", "-e", path, *(f"{address:#x}" for address in addresses))
        found = {}
        for part in re.split(r"^0x", said, flags=re.MULTILINE)[1:]:
            address, *rest = part.split("\n")
            pairs = [(clean(name), PLACE.fullmatch(place)) for name, place in zip(rest[::2], rest[1::2])]
            if pairs and all(place and place[1].isprintable() for _, place in pairs):
                found[int(address, 16)] = [(name, place[1]) for name, place in pairs]
        return found

    def _ask(self, name, *words):
        """Gives what a tool prints, "" if it is not there or has no time."""
        if self.left <= 0 or not self.tools[name]:
            return ""
        import subprocess  # no other run needs it

        begun = time.monotonic()
        words = [os.path.abspath(word) if os.path.exists(word) else word for word in words]
        try:
            done = subprocess.run([self.tools[name], *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, timeout=min(PATIENCE, self.left), check=False)
        except (OSError, subprocess.TimeoutExpired):
            self.left = 0
            return ""
        self.left -= time.monotonic() - begun
        return done.stdout.decode(errors="replace")


def clean(text):
    """Makes a name that a file has fit for a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:LONGEST_NAME])
