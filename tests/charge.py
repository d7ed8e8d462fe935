#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a test is charged, and that it ends as it would without that. The argument is the program charge."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "system"))

from lib.tap import case, equal, main  # noqa: E402

CHARGE = sys.argv.pop(1)
SPIN = "import time\nwhile time.process_time() < 0.1: pass\n"
# The one in the middle ends at once; its child takes the time, and is gone when its parent has reaped it.
ORPHAN = f"""
import os, time
ours, theirs = os.pipe()
if os.fork() == 0:
    pid = os.fork()
    if pid:
        os.write(theirs, b"%d" % pid)
        os._exit(0)
    exec({SPIN!r})
    os._exit(0)
pid = int(os.read(ours, 20))
while os.path.exists("/proc/%d" % pid):
    time.sleep(0.01)
"""


def charged(*words):
    """Runs a command; returns its status, what it printed before the charge, and that."""
    done = subprocess.run([CHARGE, *words], stdout=subprocess.PIPE, text=True, check=False)
    out, seconds = re.fullmatch(r"(.*)# cpu: (\d+\.\d\d) s\n", done.stdout, re.DOTALL).groups()
    return done.returncode, out, float(seconds)


@case
def it_ends_as_the_test_does():
    equal((3, "ok\n"), charged("sh", "-c", "echo ok; exit 3")[:2], "status and output")
    equal(-9, charged("sh", "-c", "kill -9 $$")[0], "how one ends that is killed")
    equal(-15, charged("sh", "-c", "kill -TERM $PPID; kill -TERM $$")[0], "one that a time-out ends with its group")


@case
def all_that_it_starts_is_charged():
    equal(True, charged(sys.executable, "-c", SPIN)[2] >= 0.1, "the test itself")
    equal(True, charged("sh", "-c", f"{sys.executable} -c '{SPIN}'; true")[2] >= 0.1, "its child")
    equal(True, charged(sys.executable, "-c", ORPHAN)[2] >= 0.1, "one that its parent left behind")


if __name__ == "__main__":
    main()
