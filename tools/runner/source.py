# SPDX-License-Identifier: MIT
"""Finds the lines of source code for the kernel's reports of killed programs, by binutils' addr2line.

What a report says is not trusted: programs choose their names. It gives nothing but addresses, and a path that is
looked up among the files that the run was given."""

import os
import re
import time

from . import elf
from .lean import which

TOOL = "riscv64-linux-gnu-addr2line"
PATIENCE = 2.0  # seconds for one report; after a tool that took longer none is asked
BUDGET = 5.0  # seconds for all reports of a run

REPORT = rb"^\[ *\d+\.\d+\] trap: warning: "
KILLED = re.compile(REPORT + rb".*\[\d+\](?:, thread \d+,)? killed by \w+: .* at pc (?:0x)?([0-9a-f]{1,16})( <)?")
CALLER = re.compile(REPORT + rb"  called from: perhaps 0x([0-9a-f]{1,16}) <")
LAST = re.compile(REPORT + rb"  sp 0x[0-9a-f]+, heap \S+,(?: moved by 0x([0-9a-f]{1,16}),)? image (/.*)$")
PLACE = re.compile(r"([^:]+:[1-9]\d*)( \(discriminator \d+\))?")


class Sources:
    """Takes the kernel's lines; find gives the host's file for a path of the guest, or None."""

    def __init__(self, find):
        self.find = find
        self.tool = which(TOOL)
        self.left = BUDGET
        self.addresses = None  # of the report that is being read: (address, the one to look up)

    def after(self, line):
        """Gives the lines to write behind this one."""
        killed, caller, last = KILLED.match(line), CALLER.match(line), LAST.match(line)
        if killed:
            # Two reports that come mixed: nothing tells which program the later lines are about.
            mixed = self.addresses is not None
            pc = int(killed.group(1), 16)
            self.addresses = None if mixed else [(pc, pc)] if killed.group(2) else []
        elif caller and self.addresses is not None:
            address = int(caller.group(1), 16)
            self.addresses.append((address, address - 1))  # it is behind the call
        elif last:
            addresses, self.addresses = self.addresses, None
            moved = int(last.group(1), 16) if last.group(1) else 0
            return self._explain(os.fsdecode(last.group(2)), addresses, moved) if addresses else []
        return []

    def _explain(self, guest, addresses, moved):
        host = self.find(guest)
        if not self.tool or not host or is_movable(host) != bool(moved):
            return []
        places = self._ask(host, [max(look_up - moved, 0) for _, look_up in addresses])
        return [f"run.sh: {address:#x} is at {place}".encode(errors="replace")
                for (address, _), place in zip(addresses, places) if place]

    def _ask(self, host, addresses):
        """Gives the place of each address as "null.c:1", or None for it."""
        if self.left <= 0:
            return []
        import subprocess  # no other run needs it

        begun = time.monotonic()
        words = [self.tool, "-s", "-e", os.path.abspath(host), *(f"{address:#x}" for address in addresses)]
        try:
            done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                  timeout=min(PATIENCE, self.left), check=False)
        except (OSError, subprocess.TimeoutExpired):
            self.left = 0
            return []
        self.left -= time.monotonic() - begun
        places = [PLACE.fullmatch(line) for line in done.stdout.decode(errors="replace").split("\n")]
        return [place.group(1) if place and place.group(1).isprintable() else None for place in places]


def is_movable(path):
    """Tells whether a program is position-independent: then it runs at other addresses than its file names. None: it is
    no program."""
    try:
        with open(path, "rb") as file:
            header = elf.read_header(file.read(64))
    except OSError:
        return None
    return header["type"] == 3 if header else None
