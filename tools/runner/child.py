# SPDX-License-Identifier: MIT
"""The runner in a fork of a process that has loaded it: a tenth of a short boot is the start of a Python for it."""

import gc
import os
import signal
import sys

import run


def becoming(words, env):
    """Gives what makes the child of a subprocess.Popen() the runner with these arguments and this environment: its preexec_fn."""
    return lambda: become(list(words), dict(env))


def become(words, env):
    """Runs the runner in a child that has its streams and its working directory, and ends the child."""
    status = 1
    try:
        # What the parent has left for collection may hold descriptors, whose numbers are the runner's own from here on.
        gc.freeze()
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        reset_signals()
        os.environ.clear()
        os.environ.update(env)
        if "tempfile" in sys.modules:
            sys.modules["tempfile"].tempdir = None  # which depends on the environment
        status = run.main(words)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    finally:
        os._exit(status)


def reset_signals():
    """Takes away the parent's handlers, as executing a program does, and ignores what Python ignores."""
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
