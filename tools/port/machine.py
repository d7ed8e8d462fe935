# SPDX-License-Identifier: MIT
"""The machine that is tried: boots a kernel, collects what it says, and ends it when it has had its time."""

import os
import signal
import tempfile
import time

from runner import board, harts, qemu
from runner.log import POWER_OFF, Lines
from runner.streams import Loop

IDLE = 10  # times as long may a machine take that hardly uses the CPU
LAST_WORDS = 1.0  # seconds of CPU from the kernel's last line to the end of the machine
PATIENCE = 60.0  # seconds for an answer of QEMU, which may not even have started on a busy host
TICK = 0.2  # seconds between two looks at the clock


def choose(name):
    """Returns the board of a name. QEMU may have more machines than the runner knows: these have one console."""
    if name in board.BOARDS:
        return board.BOARDS[name]
    other = board.Board(name)
    other.has_virtio = other.gives_status = False
    return other


class Clock:
    """Says when a machine has had its time: so many seconds of CPU, or ten times as many on the wall."""

    def __init__(self, running, seconds):
        self.running, self.seconds = running, seconds
        self.restart()

    def restart(self):
        """Begins anew."""
        self.wall, self.cpu = time.monotonic(), self.running.cpu_seconds()

    def is_over(self):
        """Has it had its time?"""
        return self.running.cpu_seconds() - self.cpu >= self.seconds or time.monotonic() - self.wall >= IDLE * self.seconds


class Machine:
    """A running QEMU with the kernel; stands at its first instruction if `waits` is set, until a gdb lets it go."""

    def __init__(self, options, words, waits=False):
        machine = qemu.Machine(options.kernel, options.mem)
        machine.board = options.board
        machine.words = [*words, *options.append]
        self.folder = tempfile.TemporaryDirectory(prefix="faultline-port-")
        self.gdb = os.path.join(self.folder.name, "gdb")
        machine.extra = (["-S"] if waits else []) + options.qemu
        self.qemu = qemu.Qemu(machine, ["uart", "monitor"])
        self.loop = Loop()
        self.lines = []  # that came on the console
        self.told = None  # the status in the kernel's last line
        self.on_line = lambda line: None
        uart = Lines(self.take)
        self.uart = self.loop.add_reader(self.qemu.channels["uart"].fileno(), uart.feed, uart.finish)
        self.clock = Clock(self.qemu, options.seconds)
        self.monitor = None

    def take(self, line):
        """Takes a line of the console."""
        off = POWER_OFF.match(line)
        self.told = int(off.group(1)) if off else self.told
        text = line.decode(errors="replace").rstrip("\r")
        self.lines.append(text)
        self.on_line(text)

    def turn(self):
        """Waits for something to come; ends the machine a while after its last words, if it does not end itself. Returns
        whether it still runs."""
        self.loop.turn(TICK)
        return not self.uart.ended

    def run(self):
        """Runs to the end; returns how it ended: "end", "stays" (its last line came, and it runs on), or "time"."""
        last = None
        while self.turn():
            if self.told is not None and last is None:
                last = Clock(self.qemu, LAST_WORDS)
            if last and last.is_over():
                return "stays"
            if self.clock.is_over():
                return "time"
        return "end"

    def drain(self):
        """Takes what the console still has after gdb has ended the machine."""
        self.clock.seconds = LAST_WORDS
        self.clock.restart()
        while self.turn() and not self.clock.is_over():
            pass

    def ask(self, command, **arguments):
        """Has QEMU's monitor do something; returns its answer, or None."""
        try:
            if self.monitor is None:
                self.qemu.channels["monitor"].setblocking(True)
                self.monitor = harts.Monitor(self.qemu.channels["monitor"], PATIENCE)
            self.monitor.deadline = time.monotonic() + PATIENCE
            return self.monitor.ask(command, **arguments)
        except (OSError, ValueError):
            return None

    def stop(self):
        """Stops the harts, as gdb sees too."""
        return self.ask("stop")

    def serve_gdb(self):
        """Lets gdb connect. QEMU's answer says that it listens: a gdb that is started earlier may find nothing there."""
        line = f"gdbserver unix:{self.gdb},server=on,wait=off"
        self.ask("human-monitor-command", **{"command-line": line})

    def said(self):
        """Returns what QEMU said of itself, without warnings."""
        return [line for line in self.qemu.said().splitlines() if "warning:" not in line and "erminat" not in line]

    def status(self):
        """Returns the status that the machine ended with, where that means something; None: it was killed."""
        status = self.qemu.wait()
        return None if status == -signal.SIGKILL else status

    def end(self):
        """Ends it."""
        self.qemu.kill()
        self.folder.cleanup()
