# SPDX-License-Identifier: MIT
"""The runner's own ways to end: an exit status and the reason, said on the last line of standard error."""

import os

USAGE = 2  # wrong options
TIMEOUT = 124  # no end within the time-out
BROKEN = 125  # the kernel panicked, or QEMU or the set-up failed
NOT_ELF = 126  # the program is no riscv64 ELF file
NOT_FOUND = 127  # no such program, or a dynamic one


class Failure(Exception):
    """Ends the run with a status of the runner's own."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status
        self.reason = reason


def explain(error):
    """Says an OSError in words, with the file that it is about where it names one."""
    words = error.strerror or str(error)
    return f"{os.fsdecode(error.filename)}: {words}" if isinstance(error.filename, (str, bytes)) else words


class Interrupted(Exception):
    """A signal asked the runner to end."""

    def __init__(self, signum):
        super().__init__(signum)
        self.signum = signum
