# SPDX-License-Identifier: MIT
"""How long a command may take, counted so that a busy host does not matter: the processor time that it uses, and the time in
which all of its threads sleep."""

import os
import time

LOOK, LOOK_AT_ALL = 0.25, 1.0  # seconds between two looks: at one process, at all that there are
TICKS = os.sysconf("SC_CLK_TCK")
AWAKE = b"R"  # the state of threads that run, or wait for a processor


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
        self.ticks, self.seen = 0, {}  # of all processes, also those that have ended; {(pid, start): ticks}
        self.looked = clock()

    def _members(self):
        if self.all_below:
            return family(self.pid, self.proc)
        fields = stat_of(f"{self.proc}/{self.pid}/stat")
        return {self.pid: fields} if fields else {}

    def _count(self, members):
        """Adds what the processes have used. Their children that have ended and were waited for are in their own numbers; what
        another one has used since it was seen last is lost."""
        with_children = 0
        for pid, fields in members.items():
            own, of_children = (sum(map(int, fields[first : first + 2])) for first in (11, 13))
            key = pid, fields[19]
            self.ticks += own - self.seen.get(key, 0)
            self.seen[key] = own
            with_children += own + of_children
        self.ticks = max(self.ticks, with_children)

    def look(self):
        """Counts what has been used since the last look. Gives why the command has to be ended, or ""."""
        now = self.clock()
        if now - self.looked < self.pause:
            return ""
        members = self._members()
        self._count(members)
        used = self.ticks / TICKS - self.used
        if members and not any(is_awake(f"{self.proc}/{pid}") for pid in members):
            # No more than was seen: who looks may have had to wait, too.
            self.idled += max(min(now - self.looked, 2 * self.pause) - used, 0)
        self.used, self.looked = self.ticks / TICKS, now
        if self.used > self.cpu:
            return f"no end within {self.cpu:g} s of processor time"
        return f"no end: nothing ran for {self.idle:g} s" if self.idled > self.idle else ""
