# SPDX-License-Identifier: MIT
"""How long a command may take. A limit by the clock ends what is right on a busy host; these limits do not: the processor
time that the command uses, and the time in which it could run and does nothing."""

import os
import time

LOOK, LOOK_AT_ALL = 0.25, 1.0  # seconds between two looks: at one process, at all that there are
TICKS = os.sysconf("SC_CLK_TCK")
AWAKE = b"RD"  # states of threads that run, that wait for a processor, and that wait for a disk


def stat_of(path):
    """Gives the fields of a file /proc/PID/stat from the state on, None if there is no such process any more."""
    try:
        with open(path, "rb") as file:
            return file.read().rpartition(b")")[2].split()
    except OSError:
        return None


def numbers_in(folder):
    """Lists the numbers among a folder's names."""
    try:
        return [name for name in os.listdir(folder) if name.isdigit()]
    except OSError:
        return []


def is_awake(folder):
    """Tells whether one of a process's threads runs, or would if it got a processor."""
    fields = (stat_of(f"{folder}/task/{name}/stat") for name in numbers_in(folder + "/task"))
    return any(one and one[0] in AWAKE for one in fields)


def family(pid, proc):
    """Gives the fields of a process and of all that it and these have started, {pid: fields}."""
    found = {int(name): stat_of(f"{proc}/{name}/stat") for name in numbers_in(proc)}
    children = {}
    for one, fields in found.items():
        if fields:
            children.setdefault(int(fields[1]), []).append(one)
    members, left = {}, [pid]
    while left:
        one = left.pop()
        if found.get(one):
            members[one] = found[one]
            left += children.get(one, [])
    return members


class Patience:
    """Watches a process. With `all_below`, what it has started counts, too."""

    def __init__(self, pid, cpu, idle, all_below=False, proc="/proc", clock=time.monotonic):
        self.pid, self.cpu, self.idle = pid, cpu, idle
        self.all_below, self.proc, self.clock = all_below, proc, clock
        self.pause = LOOK_AT_ALL if all_below else LOOK
        self.used = self.idled = 0.0  # seconds so far
        self.ticks, self.looked = 0, clock()

    def _members(self):
        if self.all_below:
            return family(self.pid, self.proc)
        fields = stat_of(f"{self.proc}/{self.pid}/stat")
        return {self.pid: fields} if fields else {}

    def look(self):
        """Counts what has been used since the last look. Gives why the command has to be ended, or ""."""
        now = self.clock()
        if now - self.looked < self.pause:
            return ""
        members = self._members()
        # User and system time, its own and that of its children that have ended.
        ticks = sum(int(number) for fields in members.values() for number in fields[11:15])
        if members and ticks <= self.ticks and not any(is_awake(f"{self.proc}/{pid}") for pid in members):
            self.idled += min(now - self.looked, 2 * self.pause)  # no more than was seen: who looks may have had to wait, too
        self.ticks, self.looked = max(ticks, self.ticks), now
        self.used = self.ticks / TICKS
        if self.used > self.cpu:
            return f"no end within {self.cpu:g} s of processor time"
        return f"no end: nothing ran for {self.idle:g} s" if self.idled > self.idle else ""
