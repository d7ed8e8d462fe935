# SPDX-License-Identifier: MIT
"""Several user tests in one boot: what tests/user/batch.c is told, and what each case printed according to it."""

import os
import re

from . import cases as usertest

PROGRAM = "batch"
MIB = 1 << 20
HEADS = 4096  # bytes of the archive for each file beside its contents, at most
SPARE = 2 * MIB  # of the archive, for the rest
ORDER = rb"<%s (\d+) (begins|ends (\d+) (\d+|-)|left (.*))>\n"


class Part:
    """What one case did in a boot: nothing if it was not reached, and no status if it did not end."""

    def __init__(self):
        self.begun = False
        self.status, self.out, self.err = None, b"", b""
        self.ledger = None  # how many errors it has, None if the kernel has no such call
        self.left = []  # files outside of its folder

    def result(self):
        """Returns (status, output, error)."""
        return self.status, self.out, self.err

    def faults(self, hardened):
        """Returns lines about what is wrong beside the result."""
        lines = [f"left {path} behind: if it has to, it needs the word alone" for path in self.left]
        if self.ledger:
            lines.append(f"the ledger disagrees in {self.ledger} places")
        if hardened and self.ledger is None:
            lines.append("nobody looked at the ledger")
        return lines


def program():
    """Returns the path of the built program that runs the cases."""
    return os.path.join(usertest.programs_folder(), PROGRAM)


def folder(index):
    """Returns the folder of a case, as long as the name that tempfile gives to that of a case of its own boot."""
    return f"/tmp/replay-{index:08d}"


def memory(paths):
    """Returns the memory that leaves as much to the cases as to one alone, in MiB: the programs take the rest.

    QEMU has to find room for their archive behind the first half (tools/runner/qemu.py)."""
    size = -(-(sum(os.path.getsize(path) + HEADS for path in paths) + SPARE) // MIB)
    return max(64 + size, 2 * (size + 6))


def added(cases):
    """Returns the words that bring the cases' programs to their folders."""
    return [word for index, case in enumerate(cases)
            for word in ("--add", f"{case.program()}:{folder(index)}/{case.words[0]}")]


def orders(cases, token, thp):
    """Returns the arguments of tests/user/batch.c, for a run of this mode."""
    words = [token]
    for index, case in enumerate(cases):
        words += [folder(index), case.thp(thp), str(len(case.words)), "./" + case.words[0], *case.words[1:]]
    return words


def take_stream(parts, token, data, field):
    """Gives each case its bytes of one stream; returns those that are no case's."""
    stray, now = b"", None
    pieces = re.split(ORDER % token.encode(), data)
    for at in range(0, len(pieces), 6):
        if now is None:
            stray += pieces[at]
        else:
            setattr(now, field, getattr(now, field) + pieces[at])
        if at + 1 < len(pieces):
            index, what, status, ledger, left = pieces[at + 1:at + 6]
            now = parts[int(index)]
            if left is not None:
                now.left.append(left.decode(errors="replace"))
            elif what == b"begins":
                now.begun = True
            else:
                now.status, now.ledger = int(status), None if ledger == b"-" else int(ledger)
                now = None
    return stray


def take_apart(count, token, out, err):
    """Returns the Part of each case, and what is no case's on both streams.

    A case that did not end may have only a part of what it printed, and no status."""
    parts = [Part() for _ in range(count)]
    stray = take_stream(parts, token, out, "out")
    return parts, stray + take_stream(parts, token, err, "err")
