#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the programs of exact costs (R125) and passes their points on as one list of TAP.

usage: budgets.py NAME...
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(os.path.dirname(os.path.dirname(HERE)), "run.sh")
BUILD = os.environ.get("FAULTLINE_BUILD") or os.path.join(os.path.dirname(os.path.dirname(HERE)), "build")
PATIENCE = 600
PLACE = "/bin/budget"  # in the guest, wherever the build lies here


def points(name):
    """Runs a program; yields (whether it is right, its name, what was said of it)."""
    program = os.path.join(BUILD, "tests/budgets", "budget-" + name)
    words = ["--mem", "128M", "--harts", "1", "--append", "thp=never", "--env", "TERM=dumb", "--add", f"{program}:{PLACE}", "--", PLACE]
    done = subprocess.run([RUN, *words], cwd="/", capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE,
                          check=False)
    notes, said = [], 0
    for line in done.stdout.decode(errors="replace").splitlines():
        if line.startswith(("ok ", "not ok ")):
            said += 1
            yield line.startswith("ok "), f"{name}: {line.partition(' - ')[2]}", notes
            notes = []
        else:
            notes.append(line)
    whole = said > 0 and any(note.startswith("1..") for note in notes)
    errors = done.stderr.decode(errors="replace").splitlines()
    yield done.returncode == 0 and whole, f"{name}: ends", [f"# status {done.returncode}", *errors]


def main(names):
    """Gives 0 if all costs are exact."""
    number = failed = 0
    for name in names:
        for right, what, notes in points(name):
            number += 1
            failed += not right
            for note in notes if not right else ():
                print(note if note.startswith("#") else "# " + note)
            print(f"{'ok' if right else 'not ok'} {number} - R125 {what}", flush=True)
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    sys.exit(main(sys.argv[1:]))
