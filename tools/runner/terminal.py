# SPDX-License-Identifier: MIT
"""The host's terminal: found among the three streams, made raw, and always given back as it was."""

import os
import termios

IFLAG, OFLAG, CFLAG, LFLAG, CC = 0, 1, 2, 3, 6


def ensure_descriptors():
    """Opens /dev/null in place of a closed 0, 1 or 2, before anything else takes its number.

    It is opened for reading: reading ends at once, and a write fails as it would have without it."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            null = os.open(os.devnull, os.O_RDONLY)
            if null != fd:
                os.dup2(null, fd)
                os.close(null)
            os.set_inheritable(fd, True)


class Terminal:
    """The terminal that the machine's UART is joined to, where any of the streams is one."""

    def __init__(self):
        self.streams = [os.isatty(fd) for fd in (0, 1, 2)]
        self.present = any(self.streams)
        self.output = self._find_output()
        self.foreground = self.present and self._is_foreground()
        self.input = 0 if self.streams[0] and self.foreground else None
        self.saved = None
        self.raw = False

    def _find_output(self):
        for fd in (1, 2):
            if self.streams[fd]:
                return fd
        if not self.streams[0]:
            return None
        try:
            return os.open(os.ttyname(0), os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            return 0

    def _is_foreground(self):
        try:
            return os.tcgetpgrp(self.output) == os.getpgrp()
        except OSError:
            return True  # a terminal, but not the one that controls us: nobody stops us

    def unite(self, reads):
        """For a machine whose console has all streams: it is joined to the terminal if input and output are, and it reads."""
        if not (reads and self.streams[0] and self.streams[1]):
            self.present = self.foreground = False
            self.input = None

    def size(self):
        """Gives (columns, rows), or None where the terminal does not know."""
        try:
            columns, rows = os.get_terminal_size(self.output)
        except OSError:
            return None
        return (columns, rows) if columns and rows else None

    def make_raw(self):
        """Passes all bytes both ways as they are; without terminal input only those going out."""
        if not self.foreground:
            return
        try:
            mode = termios.tcgetattr(self.output)
            if self.saved is None:
                self.saved = [list(part) if isinstance(part, list) else part for part in mode]
            mode[OFLAG] &= ~termios.OPOST
            if self.input is not None:
                make_input_raw(mode)
            termios.tcsetattr(self.output, termios.TCSADRAIN, mode)
            self.raw = True
        except termios.error:
            self.saved = None

    def restore(self):
        """Gives the terminal back as it was; may be called again and again."""
        if self.saved is not None:
            try:
                termios.tcsetattr(self.output, termios.TCSADRAIN, self.saved)
            except termios.error:
                pass  # it has gone away
            self.saved = None
        self.raw = False


def make_input_raw(mode):
    """Takes all of the host's own doing out of a terminal's input mode."""
    mode[IFLAG] &= ~(termios.BRKINT | termios.ICRNL | termios.INPCK | termios.ISTRIP | termios.IXON
                     | termios.IGNCR | termios.INLCR | termios.PARMRK)
    mode[CFLAG] = mode[CFLAG] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    mode[LFLAG] &= ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.IEXTEN | termios.ISIG)
    mode[CC][termios.VMIN] = 1
    mode[CC][termios.VTIME] = 0
