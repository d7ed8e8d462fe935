#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a command, and tells what it has used: bwrap does not, because it does not wait for all that it has started.

usage: counted DESCRIPTOR COMMAND...

Writes seconds of CPU and the most KiB of one process to the descriptor. Ends as the command does.
"""

import os
import resource
import signal
import sys


def main(words):
    """Runs the command; returns its status."""
    told = int(words[0])
    os.set_inheritable(told, False)
    pid = os.posix_spawnp(words[1], words[1:], os.environ)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    os.write(told, f"{used.ru_utime + used.ru_stime} {used.ru_maxrss}".encode())
    if status < 0:
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
