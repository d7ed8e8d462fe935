# SPDX-License-Identifier: MIT
"""What the programs of the lab machine have to answer, and what they read, from the seed: functions for each test of
guest/machine.c."""

from grader.mixing import mix, programs

BIG = 10**15  # numbers in lines of input are smaller


def read_whole(seed, n, pieces):
    """Returns the answer of a program that has read all of these."""
    return {"bytes": sum(map(len, pieces)), "wrong_bytes": 0, "answer": mix(seed, n)}


def answer(seed, n):
    """One of them."""
    return {"answer": mix(seed, n)}


def status(seed, n):
    """The machine ends with the program's status."""
    return {"answer": mix(seed, 0), "status": 1 + seed % 100}


def stays_on(seed, _):
    """The kernel ends with the program's status, and the machine stays on, of which ./run.sh makes a status of its own."""
    return {"status": 125, "left_on": 1 + seed % 100}


def lines(seed, n):
    """All lines are there, and no others."""
    return {"line": [mix(seed, i) for i in range(n)], "stray_lines": 0}


def cost(seed, n):
    """As many lines that are no results as KiB."""
    return {"answer": mix(seed, n), "stray_lines": n}


def kills(seed, n):
    """The log's lines are in the log."""
    return {"answer": [mix(seed, i) for i in range(n)], "stray_lines": 0, "kills_in_the_log": n}


def log_apart(seed, n):
    """The program's lines are its own, though they look like the log's."""
    return {**kills(seed, n), "stray_lines": 2 * n}  # not n, for the firmware's console makes a stray line of each result


def unasked(seed, _):
    """The log and the program share the UART, so that ./run.sh takes all lines for the log's; the status it finds there."""
    return {"status": 1 + seed % 100, "stray_lines": 0}


def idle_input(seed, n):
    """No byte for longer than the program sleeps, unless the machine is busy; then a line."""
    return [b""] * (4 * (n + 2)) + blocked_input(seed, 1)


def idle(seed, n):
    """It has come."""
    return {"line": numbers(seed, 1)}


def input_input(seed, n):
    """Bytes of any value."""
    return [bytes(mix(seed, i) & 0xFF for i in range(n))]


def input(seed, n):
    """All of them."""
    return read_whole(seed, n, input_input(seed, n))


def late_input(seed, n):
    """Lines of digits, n bytes and more."""
    data = b""
    i = 0
    while len(data) < n:
        data += b"%d\n" % mix(seed, i)
        i += 1
    return [data]


def late(seed, n):
    """All of them."""
    return read_whole(seed, n, late_input(seed, n))


def numbers(seed, n):
    """Returns the numbers that are in lines of input."""
    return [mix(seed, i) % BIG for i in range(n)]


def blocked_input(seed, n):
    """A line at a time."""
    return [b"%d\n" % number for number in numbers(seed, n)]


def blocked(seed, n):
    """Each of them."""
    return {"line": numbers(seed, n)}


polled_input, polled = blocked_input, blocked


def echo_input(seed, n):
    """Many lines at a time."""
    return [b"".join(blocked_input(seed, n))]


def echo(seed, n):
    """Each of them, and a number that is the same for all."""
    return {"line": [number + (seed & 0xFFFF) for number in numbers(seed, n)]}
