#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the runner does for machines whose console has all streams, and for gdb."""

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from runner import log, qemu, session
from runner.streams import MOST_HELD

OUTPUT = (b"one\n[ 3.1] is no line of the log\ntwo[    1.234567] trap: warning: it is\r\nthree [", b"x\n", b"[   12.000001] power: off, ",
          b"status 3\n", b"four[   12.000002] kernel panic: over\n", b"left [  ")


class Kept:
    """Keeps the log's lines."""

    def __init__(self):
        self.lines = []

    def kernel_line(self, line, _trusted):
        """Takes one."""
        self.lines.append(line)


def separate(pieces):
    """Gives the streams' bytes and the log's lines."""
    kept, data = Kept(), bytearray()
    mixed = log.Mixed(kept, data.extend)
    for piece in pieces:
        mixed.feed(piece)
    mixed.finish()
    return bytes(data), kept.lines


@case
def the_log_is_taken_out_wherever_the_bytes_are_cut():
    whole = b"".join(OUTPUT)
    expected = (b"one\n[ 3.1] is no line of the log\ntwothree [x\nfourleft [  ",
                [b"[    1.234567] trap: warning: it is\r", b"[   12.000001] power: off, status 3",
                 b"[   12.000002] kernel panic: over"])
    equal(expected, separate(OUTPUT), "in pieces")
    equal(expected, separate([whole]), "at once")
    equal(expected, separate([bytes([byte]) for byte in whole]), "byte by byte")
    for cut in range(len(whole)):
        equal(expected, separate([whole[:cut], whole[cut:]]), f"cut at {cut}")


@case
def what_is_no_log_is_not_held_back():
    data = bytearray()
    mixed = log.Mixed(Kept(), data.extend)
    mixed.feed(b"$ [1] a prompt> ")
    equal(b"$ [1] a prompt> ", bytes(data), "what has come so far")


class Sink:
    """Takes all that it is given, or nothing."""

    def __init__(self, is_full=False):
        self.is_full = is_full

    def full(self):
        """Tells whether it does."""
        return self.is_full


def typed(*pieces):
    """Gives what goes to the console for an input of these pieces, with its end."""
    text = session.Text(Sink())
    for piece in pieces:
        text.feed(piece)
    text.end()
    return bytes(text.take(MOST_HELD))


@case
def an_input_is_lines_and_an_end():
    equal(b"a\nb\n\4", typed(b"a\n", b"b\n"), "whole lines")
    equal(b"a\nb\4\4", typed(b"a\nb"), "a line that does not end")
    equal(b"\4", typed(), "no input")
    equal(b"\3\26\4\26\26\26\177\n\4", typed(b"\3\4\26\177\n"), "bytes that would be keys")


@case
def an_input_waits_for_the_console():
    text = session.Text(Sink())
    equal(False, text.full(), "full")
    text.feed(bytes(MOST_HELD))
    equal(True, text.full(), "full before anything was taken")
    text.take(MOST_HELD)
    equal(False, text.full(), "full afterwards")
    equal(True, session.Text(Sink(is_full=True)).full(), "full where the console is")


@case
def more_harts_than_run_have_one_thread():
    machine = qemu.Machine("kernel", 1 << 28, 17)
    equal(["-accel", "tcg,thread=single"], machine.arguments()[-2:], "the arguments for seventeen harts end")
    for machine.harts in (1, 16):
        equal(False, "-accel" in machine.arguments(), f"{machine.harts} harts need that")


@case
def two_runs_with_gdb_get_two_ports():
    (one, lock), (other, other_lock) = qemu.reserve_gdb_port(), qemu.reserve_gdb_port()
    equal(True, one != other, f"ports {one} and {other} are two")
    lock.close()
    again, last_lock = qemu.reserve_gdb_port()
    equal(one, again, "the port of a run that has ended")
    other_lock.close()
    last_lock.close()


if __name__ == "__main__":
    main()
