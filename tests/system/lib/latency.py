# SPDX-License-Identifier: MIT
"""Has runs of the hardened kernel tell how long interrupts and preemption were off, and looks at the longest (R130)."""

import os
import sys
import tempfile

from .guest import BUILD, FAKE, ROOT
from .tap import Skip, equal

sys.path.insert(0, os.path.join(ROOT, "tools"))

from runner import latency  # noqa: E402

KERNEL = os.environ.get("FAULTLINE_KERNEL", "")
MEASURED = None if FAKE or "hardened" not in KERNEL else latency.Latency(os.path.join(BUILD, KERNEL))
# On several harts, the strict machine counts the instructions of each, and leaves out those for which it waits for others.
HARTS = os.environ.get("LATENCY_HARTS", "1")
SECONDS = 200 if HARTS == "1" else 1500  # for a run: there one that takes a minute on a quiet host takes far longer on a busy one
SEVERAL = ["--harts", HARTS, "--strict", "1", "--strict-opt", "count,witness"]
LOG = tempfile.NamedTemporaryFile(prefix="faultline-log-")  # pylint: disable=consider-using-with


def options():
    """Gives the runner's options: none for another kernel, which has no such measurement."""
    if not MEASURED:
        return []
    return ["--icount", "--append", latency.PLACES if HARTS != "1" else latency.WORD, "--log", LOG.name, *(SEVERAL if HARTS != "1" else [])]


def take_log():
    """Takes what a run with these options has logged, and gives the log."""
    with open(LOG.name, encoding="utf-8", errors="replace") as file:
        text = file.read()
    for line in text.splitlines() if MEASURED else ():
        MEASURED.line(line)
    return text.encode()


def check(name):
    """The last case of a test."""
    if not MEASURED:
        raise Skip("measured on the hardened kernel alone")
    print(f"# stats: latency: {name}: {MEASURED.stats()}")
    for line in MEASURED.longest_places():
        print("# " + line)
    equal([], MEASURED.wrong(), "what was off for too long")
