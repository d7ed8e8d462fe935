# SPDX-License-Identifier: MIT
"""The messages of kernel and firmware: which are shown, where, and what they tell about the machine's end."""

import os
import re

from . import paint

KERNEL_LINE = re.compile(rb"^\[ *\d+\.\d+\] ")
POWER_OFF = re.compile(rb"^\[ *\d+\.\d+\] power: off, status (\d+)\s*$")
LEDGER = re.compile(rb"^\[ *\d+\.\d+\] mm: ledger: .* all accounted for\s*$")
PANIC = re.compile(rb"^\[ *\d+\.\d+\] kernel panic: (.*)$")
GRAVE = re.compile(rb"^\[ *\d+\.\d+\] [^:]*: (warning|error|panic): |kernel panic: ")
HAND_OVER = re.compile(rb"console: log (continues on (port faultline\.log|the second UART)|and streams share the console)\r?$")
LOG_STAYS = b"and streams share the console"
LOG_START = re.compile(rb"\[ *\d+\.\d{6}\] (?:[\w-]+|kernel panic): ")
MAY_BE_START = re.compile(rb"\[ *(\d+(\.(\d{0,6}(\] ?([\w-]*|kernel \w*):?)?)?)?)?$")
MOST_KEPT = 1 << 20


class Lines:
    """Cuts a stream of bytes into lines."""

    def __init__(self, on_line):
        self.on_line = on_line
        self.rest = b""

    def feed(self, data):
        """Takes more of the stream."""
        *whole, self.rest = (self.rest + data).split(b"\n")
        for line in whole:
            self.on_line(line)

    def finish(self):
        """Takes the end of the stream, and with it an unfinished line."""
        if self.rest:
            self.on_line(self.rest)
        self.rest = b""


class Log:
    """Takes every line of kernel and firmware, writes those that are wanted, remembers how the machine ended."""

    def __init__(self, options, terminal, file=None, sources=None):
        self.verbose = options.verbose
        self.terminal = terminal
        self.file = file
        self.sources = sources
        self.colour = paint.wants_colour()
        self.error = None  # errno of the first line that the log file did not take
        self.spoke = False
        self.panic = None
        self.power_off = None
        self.ledger = False  # a hardened kernel has closed its ledger
        self.withheld = []
        self.withheld_size = 0

    def write(self, line):
        """Writes one line to the log file, else to standard error."""
        if self.file is not None:
            self.error = write_all(self.file, line + b"\n") or self.error
            return
        rows = [line]
        if self.terminal.streams[2]:
            rows = paint.paint(line, paint.terminal_columns(2), self.colour)
        write_all(2, b"".join(row + (b"\r\n" if self.terminal.raw else b"\n") for row in rows))

    def kernel_line(self, line, trusted):
        """Takes a line of the kernel's; trusted: from the log port, where it sends what was asked for."""
        line = line.rstrip(b"\r")
        self.spoke = True
        off, ledger, panic = POWER_OFF.match(line), LEDGER.match(line), PANIC.match(line)
        if off:
            self.power_off = int(off.group(1))
        if ledger:
            self.ledger = True
        if panic and self.panic is None:
            self.panic = panic.group(1).decode(errors="replace")
        grave = self.panic is not None or GRAVE.search(line)
        replaced, more = self.sources.after(line) if self.sources else (False, ())
        if self.verbose or not replaced and (grave or trusted and not off and not ledger):
            self.write(line)
        for text in more:
            self.write(text)

    def uart_line(self, line):
        """Takes a line that came over the UART while that was the log's: kernel's or firmware's."""
        line = line.rstrip(b"\r")
        if KERNEL_LINE.match(line) or self.panic is not None:
            self.kernel_line(line, False)
        elif self.verbose:
            self.write(line)
        elif self.withheld_size < MOST_KEPT:
            self.withheld.append(line)
            self.withheld_size += len(line) + 1

    def stray_line(self, line):
        """Takes a line of the UART's terminal where nobody has a terminal."""
        if self.verbose:
            self.write(line)

    def show_withheld(self):
        """Writes what firmware said, for when the kernel never said anything."""
        for line in self.withheld:
            self.write(line)
        self.withheld = []


class Mixed:
    """Takes what a console sends that has log and streams: takes the lines of the log out."""

    def __init__(self, log, on_data):
        self.log = log
        self.on_data = on_data
        self.rest = b""

    def feed(self, data):
        """Takes more bytes."""
        self.rest += data
        while self.rest:
            found = LOG_START.search(self.rest)
            if not found:
                break
            end = self.rest.find(b"\n", found.start())
            self._pass(self.rest[: found.start()])
            self.rest = self.rest[found.start() :]
            if end < 0:
                return
            line, self.rest = self.rest.split(b"\n", 1)
            self.log.kernel_line(line, True)
        held = MAY_BE_START.search(self.rest)
        cut = held.start() if held else len(self.rest)
        self._pass(self.rest[:cut])
        self.rest = self.rest[cut:]

    def _pass(self, data):
        if data:
            self.on_data(data)

    def finish(self):
        """Takes the end."""
        self._pass(self.rest)
        self.rest = b""


class Uart:
    """Cuts what comes over the UART in two: log lines up to the hand-over line, then the terminal's bytes. If that line says
    that the log stays, its lines are taken out of these."""

    def __init__(self, log, on_terminal):
        self.log = log
        self.on_terminal = on_terminal
        self.mixed = None
        self.handed_over = False
        self.lines = Lines(log.uart_line)

    def feed(self, data):
        """Takes more bytes of the UART."""
        while data and not self.handed_over:
            cut = data.find(b"\n")
            if cut < 0:
                self.lines.rest += data
                return
            line, data = self.lines.rest + data[:cut], data[cut + 1 :]
            self.lines.rest = b""
            found = HAND_OVER.search(line)
            if found:
                self._hand_over(found.group(1) == LOG_STAYS)
            self.log.uart_line(line)
        if data:
            self.on_terminal(data)

    def _hand_over(self, log_stays):
        self.handed_over = True
        if log_stays:
            self.mixed = Mixed(self.log, self.on_terminal)
            self.on_terminal = self.mixed.feed

    def finish(self):
        """Takes the UART's end."""
        self.lines.finish()
        if self.mixed:
            self.mixed.finish()


def write_all(fd, data):
    """Writes all of it; gives the errno where that fails, else None."""
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError as error:
        return error.errno
    return None
