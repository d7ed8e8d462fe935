# SPDX-License-Identifier: MIT
"""Runs ./run.sh on a terminal of its own, with pexpect."""

import os
import termios

import pexpect

from .guest import PATIENCE, PROBE, RUN

SIZE = (33, 101)  # rows, columns


def modes_of_a_new_terminal():
    """Gives what a run finds. Once it has been started it may change them before anybody looks."""
    master, slave = os.openpty()
    try:
        return termios.tcgetattr(slave)
    finally:
        os.close(master)
        os.close(slave)


def hang_up(child):
    """Closes the terminal and does no more to who is on it: close() would send signals, and wait for a moment only."""
    child.ptyproc.fileobj.close()
    child.ptyproc.fd, child.ptyproc.closed = -1, True
    child.child_fd, child.closed = -1, True


class OnTerminal:
    """One run with all three streams on a terminal, or as the shell words after it redirect them."""

    def __init__(self, *words, options=(), redirect="", timeout=PATIENCE, env=None):
        line = 'exec "$0" "$@" ' + redirect
        self.before = modes_of_a_new_terminal()
        self.child = pexpect.spawn("/bin/sh", ["-c", line, RUN, *options, "--", PROBE, *words],
                                   timeout=timeout, dimensions=SIZE, env={**os.environ, **(env or {})})
        self.child.delaybeforesend = None

    def modes(self):
        """Gives the terminal's modes."""
        return termios.tcgetattr(self.child.child_fd)

    def expect(self, text):
        """Waits for exactly this text; gives what came before it."""
        self.child.expect_exact(text)
        return self.child.before

    def send(self, data):
        """Types something."""
        self.child.send(data)

    def finish(self):
        """Waits for the end; gives the exit status and the rest of what came."""
        self.child.expect(pexpect.EOF)
        rest = self.child.before
        self.child.close()
        return self.child.exitstatus, rest


class ShellOnTerminal:
    """A run below a shell that keeps the terminal, so that its modes can be looked at afterwards."""

    SCRIPT = '"$0" "$@"; echo "status $?."; read -r line'

    def __init__(self, *words, options=(), script=SCRIPT):
        self.before = modes_of_a_new_terminal()
        self.child = pexpect.spawn("/bin/bash", ["-c", script, RUN, *options, "--", PROBE, *words],
                                   timeout=PATIENCE, dimensions=SIZE, env=dict(os.environ))
        self.child.delaybeforesend = None

    def status(self):
        """Waits for the run's end; gives its status and whether the modes are what they were."""
        self.child.expect(r"status (\d+)\.")
        status = int(self.child.match.group(1))
        same = termios.tcgetattr(self.child.child_fd) == self.before
        self.child.close(force=True)
        return status, same
