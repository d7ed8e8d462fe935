#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command, and tells what it has used: bwrap does not, because it does not wait for all that it has started.

usage: counted DESCRIPTOR COMMAND...

Writes seconds of CPU and the most KiB of one process to the descriptor. Ends as the command does, and kills what that has left
behind: the programs of later points belong to the same user.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36


def children():
    """Returns the processes that have this one for a parent."""
    found, me = [], str(os.getpid())
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="ascii", errors="replace") as file:
            if file.read().rpartition(")")[2].split()[1] == me:
                found.append(int(name))
    return found


def kill_left():
    """Kills what is left, and what becomes a child of this process by that, until nothing is."""
    while left := children():
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def main(words):
    """Runs the command; returns its status."""
    told = int(words[0])
    os.set_inheritable(told, False)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    pid = os.posix_spawnp(words[1], words[1:], os.environ)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    kill_left()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    os.write(told, f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}".encode())
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
