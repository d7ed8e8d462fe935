#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the runner moves bytes, when a signal comes in between."""

import errno
import os
import signal

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from runner import streams


class Ended(Exception):
    """What the runner's signal handlers raise."""


def end(*_):
    """Ends the run."""
    raise Ended


def write_and_be_told(loop):
    """Turns the loop until the signal that comes with each write has ended it."""
    real_write = os.write

    def write(fd, data):
        done = real_write(fd, data)
        os.kill(os.getpid(), signal.SIGTERM)
        return done

    before = signal.signal(signal.SIGTERM, end)
    os.write = write
    try:
        for _ in range(10):
            loop.turn(1)
        raise AssertionError("the signal never came")
    except Ended:
        pass
    finally:
        os.write = real_write
        signal.pthread_sigmask(signal.SIG_UNBLOCK, streams.ENDING)
        signal.signal(signal.SIGTERM, before)


@case
def a_signal_during_a_write_has_nothing_written_twice():
    reading, writing = os.pipe()
    loop = streams.Loop()
    writer = loop.add_writer(writing)
    writer.put(b"asleep\n")
    write_and_be_told(loop)
    equal(b"", bytes(writer.held), "bytes still held")
    equal(b"asleep\n", os.read(reading, 100), "bytes written")


@case
def a_read_that_fails_is_no_end_of_the_stream():
    folder = os.open("/", os.O_RDONLY)
    ended = []
    loop = streams.Loop()
    reader = loop.add_reader(folder, ended.append, lambda: ended.append("end"))
    loop.turn(10)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, streams.ENDING)
    equal((["end"], errno.EISDIR), (ended, reader.error), "what it was told, and the error")


main()
