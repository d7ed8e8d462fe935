#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs one program on Faultline in QEMU: what ./run.sh does once there is a Python. It has everything built first."""

import os
import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until main() takes it: Python's own handler would print a traceback
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from runner import build, options, session, strict  # noqa: E402
from runner.failure import BROKEN, Failure, Interrupted, explain  # noqa: E402
from runner.log import write_all  # noqa: E402
from runner.terminal import Terminal, ensure_descriptors  # noqa: E402

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt(signum, _frame):
    """Ends the run at the first of these signals; the next ones wait for that."""
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(signum)


def say(text):
    """Writes one line of the runner's own."""
    try:
        os.write(2, os.fsencode(f"run.sh: {text}\n"))
    except OSError:
        pass


def ended_by(signum):
    """Says which signal ended the run; 0 is Ctrl-A X. Gives the exit status."""
    if signum == 0:
        say("ended by Ctrl-A X")
        return 128 + signal.SIGINT
    say(f"ended by {signal.Signals(signum).name}")
    return 128 + signum


def give(text):
    """Writes a text; gives the exit status."""
    error = write_all(1, text.encode())
    if error:
        raise Failure(BROKEN, f"standard output: {os.strerror(error)}")
    return 0


def targets(asked):
    """Lists what is wanted of the build folder besides: a kernel instead of the release kernel, the core, another firmware."""
    name = os.environ.get("FAULTLINE_KERNEL", "")
    return [name] * bool(name and "/" not in name) + ["core"] * asked.core + [strict.FIRMWARE] * (asked.strict is not None)


def advise(asked):
    """Tells who sits at a terminal that the host cannot run all harts at once. The strict machine runs one at a time anyway."""
    processors = options.host_processors()
    if asked.harts > processors and asked.strict is None and os.isatty(2):
        say(f"{asked.harts} harts share {processors} processor{'s' * (processors > 1)} of the host: more harts than processors are slower")


def main(words):
    """Gives the exit status of ./run.sh with these arguments."""
    ensure_descriptors()
    for signum in ENDING:
        if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:  # nohup is heeded
            signal.signal(signum, interrupt)
    try:
        asked = options.parse(words, options.usual_harts)
        if asked.help:
            return give(options.HELP)
        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        if asked.version:
            with open(os.path.join(root, "VERSION"), encoding="ascii") as file:
                return give("Faultline " + file.read())
        session.check(asked)
        advise(asked)
        return session.run(asked, build.build(root, targets(asked)), root, Terminal())
    except build.Said as said:
        return said.status
    except Failure as failure:
        say(failure.reason)
        return failure.status
    except Interrupted as interrupted:
        return ended_by(interrupted.signum)
    except OSError as error:
        say(explain(error))
        return BROKEN


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
