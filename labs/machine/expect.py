# SPDX-License-Identifier: MIT
"""What the programs of the lab machine have to answer, and what they read, from the seed: functions for each test of
guest/machine.c."""

import random

from grader.mixing import MASK, mix

HASH_START, HASH_PRIME = 0xCBF29CE484222325, 0x100000001B3
LINE = 200  # bytes of a line of input, at most
BIG = 10**15  # numbers in lines of input are smaller


def hashed(data):
    """Returns the number that the program makes of what it has read."""
    value = HASH_START
    for byte in data:
        value = (value ^ byte) * HASH_PRIME & MASK
    return value


def read_whole(pieces):
    """Returns the answer of a program that has read all of these."""
    data = b"".join(pieces)
    return {"bytes": len(data), "hash": hashed(data)}


def programs(seed, n):
    """The answers of the programs, in their order."""
    return {"answer": [mix(mix(seed, i), 0) for i in range(n)]}


def answer(seed, n):
    """One of them."""
    return {"answer": mix(seed, n)}


def status(seed, n):
    """The machine ends with the program's status."""
    return {"answer": mix(seed, 0), "status": 1 + seed % 100}


def lines(seed, n):
    """All lines are there, and no others."""
    return {"line": [mix(seed, i) for i in range(n)], "stray_lines": 0}


def cost(seed, n):
    """As many lines that are no results as KiB."""
    return {"answer": mix(seed, n), "stray_lines": n}


def log_apart(seed, n):
    """The program's lines are its own, and the log's lines are in the log."""
    return {"answer": [mix(seed, i) for i in range(n)], "stray_lines": n, "kills_in_the_log": n}


def idle_input(seed, n):
    """No byte, for longer than the program sleeps, unless the machine is busy."""
    return [b""] * (4 * (n + 2))


def idle(seed, n):
    """It slept to the end."""
    return {"answer": mix(seed, n)}


def input_input(seed, n):
    """Lines of bytes of any value, n bytes in all."""
    chance = random.Random(seed)
    data = bytes(chance.choice(range(256)) for _ in range(n))
    parts = [data[at : at + LINE].replace(b"\n", b"\r") + b"\n" for at in range(0, n, LINE)]
    return [b"".join(parts)]


def input(seed, n):
    """All of them."""
    return read_whole(input_input(seed, n))


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
    return read_whole(late_input(seed, n))


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
