# SPDX-License-Identifier: MIT
"""Moves bytes between descriptors: nothing lost, nothing added, no faster than the slower side reads."""

import os
import select
import signal
import stat

MOST_HELD = 1 << 16  # bytes that a writer holds before its readers pause
READ_SIZE = 1 << 16
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST_WAIT = 1e6  # seconds: poll() takes no more than 2^31 ms


class Writer:
    """Writes to one descriptor what it is given, as that can take it."""

    def __init__(self, fd, on_broken=None):
        self.fd = fd
        self.held = bytearray()
        self.broken = False
        self.error = None  # errno of what broke it
        self.ending = None
        self.on_broken = on_broken
        # A pipe that polls as writable takes this much without blocking; so do terminals, nearly.
        self.piece = MOST_HELD if stat.S_ISREG(os.fstat(fd).st_mode) else select.PIPE_BUF

    def put(self, data):
        """Takes bytes to write; those for a broken descriptor are dropped."""
        if not self.broken:
            self.held += data

    def full(self):
        """Tells whether readers should pause."""
        return len(self.held) >= MOST_HELD

    def end(self, action):
        """Has an action done once all is written."""
        self.ending = action
        self._end_if_empty()

    def _end_if_empty(self):
        if self.ending and not self.held:
            action, self.ending = self.ending, None
            action()

    def flush(self):
        """Writes one piece, when the descriptor can take it."""
        try:
            done = os.write(self.fd, self.held[: self.piece])
            del self.held[:done]
        except BlockingIOError:
            return
        except OSError as error:
            self.broken, self.error = True, error.errno
            self.held.clear()
            if self.on_broken:
                self.on_broken()
        self._end_if_empty()


class Reader:
    """Reads one descriptor, hands on what came, and says when it has ended."""

    def __init__(self, fd, on_data, on_end=None, writer=None):
        self.fd = fd
        self.on_data = on_data
        self.on_end = on_end
        self.writer = writer  # where the bytes go: while it is full, nothing is read
        self.ended = False
        self.error = None  # errno of what ended it, where it was no end of the stream

    def ready(self):
        """Tells whether more may be read now."""
        return not self.ended and not (self.writer and self.writer.full())

    def read(self):
        """Reads once."""
        try:
            data = os.read(self.fd, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:  # a terminal that hung up, a connection that was reset
            self.error, data = error.errno, b""
        if data:
            self.on_data(data)
        else:
            self.stop()

    def stop(self):
        """Ends the reading, as the end of the stream does."""
        if not self.ended:
            self.ended = True
            if self.on_end:
                self.on_end()


def poll_interruptibly(poll, milliseconds):
    """Polls, and lets the signals that end a run in only here: never between a write and the note of it."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    events = poll.poll(milliseconds)
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    return events


class Loop:
    """Readers and writers, served as their descriptors become ready."""

    def __init__(self):
        self.readers = []
        self.writers = []

    def add_reader(self, *args, **names):
        """Adds a reader and gives it back."""
        self.readers.append(Reader(*args, **names))
        return self.readers[-1]

    def add_writer(self, *args, **names):
        """Adds a writer and gives it back."""
        self.writers.append(Writer(*args, **names))
        return self.writers[-1]

    def turn(self, seconds):
        """Waits that long at most (None: for ever) for something to do, and does it once."""
        reading = {reader.fd: reader for reader in self.readers if reader.ready()}
        writing = {writer.fd: writer for writer in self.writers if writer.held}
        poll = select.poll()
        for fd in reading.keys() | writing.keys():
            events = select.POLLIN if fd in reading else 0
            poll.register(fd, events | (select.POLLOUT if fd in writing else 0))
        for fd, events in poll_interruptibly(poll, None if seconds is None else min(max(seconds, 0), LONGEST_WAIT) * 1000):
            failed = events & (select.POLLHUP | select.POLLERR | select.POLLNVAL)
            if fd in writing and (failed or events & select.POLLOUT):
                writing[fd].flush()
            if fd in reading and (failed or events & select.POLLIN):
                reading[fd].read()

    def busy(self):
        """Tells whether anything is left to write."""
        return any(writer.held for writer in self.writers)
