# SPDX-License-Identifier: MIT
"""Has packages installed and the kernel built before a run, by tools/build-run."""

import os
import signal

from .failure import BROKEN, Failure, Interrupted


class Said(Exception):
    """The build did not succeed. It has said why itself; `status` is the runner's."""

    def __init__(self, status):
        super().__init__(status)
        self.status = status


def build(root, targets=()):
    """Builds what a run needs, with these targets; gives the build folder. One that FAULTLINE_BUILD names is used as it is."""
    given = os.environ.get("FAULTLINE_BUILD")
    if given:
        return given
    ours, theirs = os.pipe()
    pid = spawn([os.path.join(root, "tools/build-run"), *targets], theirs)
    os.close(theirs)
    with open(ours, "rb") as pipe:
        try:
            folder = pipe.read()
            status = wait(pid)
        except Interrupted as interrupted:
            os.kill(pid, interrupted.signum)
            if wait(pid) == 128 + interrupted.signum:
                raise Said(128 + interrupted.signum) from None
            raise
    if status or not folder:
        raise Said(status or BROKEN)
    return os.fsdecode(folder)


def spawn(words, output):
    """Starts a program with its output there. It heeds SIGINT even where the shell has it ignored."""
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.posix_spawn(words[0], words, os.environ, setsigdef=(signal.SIGINT,),
                              file_actions=[(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, output, 1)])
    except OSError as error:
        raise Failure(BROKEN, f"{words[0]}: {error.strerror}") from None
    finally:
        os.close(null)


def wait(pid):
    """Waits for its end; gives its exit status as a shell has it."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code
