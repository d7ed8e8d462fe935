# SPDX-License-Identifier: MIT
"""Reads the KTAP of the in-kernel tests with suspicion and says it again as flat TAP, which Meson understands."""

import re

VERSION = re.compile(r"^KTAP version 1$")
PLAN = re.compile(r"^1\.\.(\d+)(?: *# *SKIP.*)?$")
POINT = re.compile(r"^(not ok|ok) (\d+)(?: -)? ([^#]*[^# ])(?: *# *(SKIP|TODO)\b *(.*))?$", re.IGNORECASE)
KERNEL_LINE = re.compile(r"^\[ *\d+\.\d+\] ")
PANIC = re.compile(r"^\[ *\d+\.\d+\] kernel panic: (.*)$")
# OpenSBI says this without a newline, in the middle of whatever is being printed.
FIRMWARE_REMARK = re.compile(r"system_opcode_insn: .*? from [A-Z]+-mode")
BAIL = re.compile(r"^Bail out! *(.*)$")
LIKE_POINT = re.compile(r"(not )?ok \d+ ")


class Ktap:
    """Takes the UART's lines one by one; emits TAP; collects what is wrong with them."""

    def __init__(self, emit):
        self.emit = emit
        self.begun = False
        self.plan = None
        self.seen = 0
        self.failed = 0
        self.names = set()
        self.wrong = []
        self.panic = None
        self.bailed = False
        self.slowest = []
        self.last_time = 0.0

    def _complain(self, what):
        self.wrong.append(what)
        self.emit(f"# wrong KTAP: {what}")

    def line(self, text, now=0.0):
        """Takes one line that came at that time, in seconds."""
        text = FIRMWARE_REMARK.sub("", text.rstrip("\r"))
        panic = PANIC.match(text)
        if panic and self.panic is None:
            self.panic = panic.group(1)
        if not self.begun:
            self.begun = VERSION.match(text) is not None
            self.last_time = now
            if not self.begun and text:
                self.emit("# " + text)
        elif self.panic is not None or KERNEL_LINE.match(text):
            self._kernel_line(text)
        elif text.startswith("#") or not text:
            self.emit(text or "#")
        elif PLAN.match(text):
            self._take_plan(int(PLAN.match(text).group(1)))
        elif POINT.match(text):
            self._take_point(POINT.match(text), now)
        elif BAIL.match(text):
            self.bailed = True
            self.wrong.append(BAIL.match(text).group(1))
        else:
            self._complain(f"stray text: {text!r}")

    def _kernel_line(self, text):
        self.emit("# " + text)
        if self.panic is None and LIKE_POINT.search(text):
            self._complain(f"a point inside a log line: {text!r}")

    def _take_plan(self, count):
        if self.plan is not None:
            self._complain("a second plan")
        elif self.seen:
            self._complain("the plan comes after the first point")
        else:
            self.plan = count
            self.emit(f"1..{count}")

    def _take_point(self, match, now):
        verdict, number, name = match.group(1), int(match.group(2)), match.group(3).strip()
        directive = f" # {match.group(4).upper()} {match.group(5)}" if match.group(4) else ""
        if self.plan is None:
            self._complain(f"point {number} comes before the plan")
        if number != self.seen + 1:
            self._complain(f"point {number} follows point {self.seen}")
        if name in self.names:
            self._complain(f"{name}: told twice")
        self.names.add(name)
        self.seen += 1
        if verdict == "not ok" and not directive:
            self.failed += 1
        self.slowest.append((now - self.last_time, name))
        self.last_time = now
        self.emit(f"{verdict.lower()} {self.seen} - {name}{directive}")

    def finish(self, status):
        """Takes the machine's exit status, None for a time-out; gives the list of all that was wrong."""
        if self.bailed:
            return self.wrong
        if self.panic is not None:
            self._complain(f"kernel panic: {self.panic}")
        if not self.begun:
            self._complain("the kernel printed no KTAP")
        elif self.plan is None:
            self._complain("no plan")
        elif self.seen != self.plan:
            self._complain(f"{self.seen} points of {self.plan}")
        if status is None:
            self._complain("no end within the time-out")
        elif status != (1 if self.failed else 0):
            self._complain(f"exit status {status} with {self.failed} failed")
        return self.wrong
