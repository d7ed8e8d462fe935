# SPDX-License-Identifier: MIT
"""The prompt on a terminal, alone or behind the tour: typing at it, and what its screen shows."""

import os
import re
import termios
import time

import pexpect

from .guest import PATIENCE, RUN, runner
from .pty import modes_of_a_new_terminal
from .screen import Screen

LEFT, RIGHT, UP, DOWN = b"\x1b[D", b"\x1b[C", b"\x1b[A", b"\x1b[B"
HOME, END, DELETE = b"\x1b[H", b"\x1b[F", b"\x1b[3~"
CTRL = {letter: bytes([ord(letter) & 31]) for letter in "ABCDEFKLNPQRSUWXZ\\"}
ERASE = b"\x7f"
SOON = 200  # seconds, for what is there in an instant on a machine that is not busy
STATUS = re.compile(r"status (\d+)\.")


class Prompt:
    """The prompt on a terminal of its own, and what its screen shows."""

    def __init__(self, columns=80, options=(), term="xterm", shell=False, tour=False, lang="C", env=None):
        self.mark = "faultline>" if columns >= 40 else ">"
        words = [*options] + ([] if tour else ["--", "sh"])
        self.before = modes_of_a_new_terminal()
        env = dict(os.environ, TERM=term, LANG=lang, LC_ALL="", LC_MESSAGES="", **(env or {}))
        if shell:
            told = {"args": ["/bin/bash", "-c", '"$@"; echo "status $?."; read -r line', "bash", RUN, *words], "env": env}
        else:
            told = runner(words, env)
        command, *words = told.pop("args")
        self.child = pexpect.spawn(command, words, timeout=PATIENCE, dimensions=(24, columns), **told)
        self.child.delaybeforesend = None
        self.screen = Screen(columns)
        if not tour:
            self.until(lambda: self.screen.row() == self.mark, "the first prompt")

    def wait_until_raw(self):
        """Waits until what is typed is for the machine: before, Ctrl-C and Ctrl-S are the terminal's here."""
        while termios.tcgetattr(self.child.child_fd) == self.before:
            if not self.child.isalive():
                raise AssertionError("the prompt has ended before it was there")
            time.sleep(0.01)

    def until(self, done, what, seconds=SOON):
        """Reads until the screen is as wished."""
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() > end:
                raise AssertionError(f"no {what} on the screen: {self.screen.text()[-1500:]!r}")
            try:
                self.screen.feed(self.child.read_nonblocking(4096, 0.5))
            except pexpect.TIMEOUT:
                pass

    def shows(self, text):
        """Waits until this is what is typed, behind the prompt."""
        self.until(lambda: self.screen.row() == (self.mark + " " + text).rstrip(), text)

    def send(self, data):
        """Types something."""
        self.child.send(data)

    def settle(self):
        """Reads until nothing comes any more."""
        while True:
            try:
                self.screen.feed(self.child.read_nonblocking(4096, 0.3))
            except pexpect.TIMEOUT:
                return

    def type(self, data, then):
        """Types something and waits until the row is this."""
        self.send(data)
        self.shows(then)

    def interrupt(self):
        """Types Ctrl-C until the prompt is there again: one may come before the program that it is for."""
        while True:
            self.send(CTRL["C"])
            try:
                self.until(lambda: self.screen.row() == self.mark, "prompt", 2)
                return
            except AssertionError:
                pass

    def do(self, line):
        """Types a line that fits the window; gives what comes until the next prompt."""
        self.shows("")
        return self.enter(line)

    def enter(self, line):
        """Types a line where something else may stand in the prompt's row; gives what comes until the next prompt."""
        rows = len(self.screen.rows)
        self.send(line + "\r")
        self.until(lambda: len(self.screen.rows) > rows and self.screen.row() == self.mark, "next prompt")
        return "\n".join("".join(row).rstrip() for row in self.screen.rows[rows:-1])

    def cancel(self):
        """Discards the line by Ctrl-C, and waits for the next prompt: a row that is being redrawn can look like one."""
        rows = len(self.screen.rows)
        self.send(CTRL["C"])
        self.until(lambda: len(self.screen.rows) > rows and self.screen.row() == self.mark, "next prompt")

    def left(self):
        """Waits for the shell's word of the end; gives the status, and whether the terminal is as it was."""
        self.until(lambda: STATUS.search(self.screen.text()), "status")
        status = int(STATUS.search(self.screen.text()).group(1))
        same = termios.tcgetattr(self.child.child_fd) == self.before
        self.child.close(force=True)
        return status, same

    def end(self):
        """Waits for the end; gives the exit status."""
        while True:
            try:
                self.screen.feed(self.child.read_nonblocking(4096, PATIENCE))
            except pexpect.EOF:
                break
        self.child.close()
        return self.child.exitstatus
