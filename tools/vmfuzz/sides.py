# SPDX-License-Identifier: MIT
"""The two kernels that are compared. Each gets input lines for vm_fuzz, one for each run, and returns their outputs."""

import os
import re
import subprocess
import sys
import tempfile

from oracle import machine
from runner.failure import Failure
from usertest import cases

RUN = os.path.join(cases.ROOT, "tools/run.py")
BEGIN = re.compile(r"^run \d+\n", re.MULTILINE)
SECONDS = "300"


def program():
    """Returns the path of the built program."""
    return os.path.join(cases.programs_folder(), "vm_fuzz")


def take_apart(text, count):
    """Returns each run's lines. A run that did not end has the lines so far."""
    runs = [part.removesuffix("all\n").splitlines() for part in BEGIN.split(text)[1:]]
    return runs + [["nothing: the kernel did not come so far"]] * (count - len(runs))


class OnLinux:
    """The reference: a real Linux."""

    name = "Linux"

    def __init__(self):
        self.linux = machine.Linux()

    def run(self, lines):
        """Runs these lines in one boot."""
        with tempfile.NamedTemporaryFile("w", prefix="vm_fuzz-") as file:
            file.writelines(line + "\n" for line in lines)
            file.flush()
            wish = machine.Wish()
            wish.program = [program(), "-"]
            wish.input = file.name
            wish.timeout = SECONDS
            try:
                _status, out, err = machine.run(self.linux, wish)
            except Failure as failure:
                raise Failure(failure.status, f"Linux: {failure.reason}") from None
        return take_apart((out + err).decode(errors="replace"), len(lines))


class OnFaultline:
    """A kernel of $FAULTLINE_BUILD that fills memory ahead as `thp` says. `words` are added to the end of each line."""

    def __init__(self, kernel, words="", thp="never"):
        self.name, self.words, self.thp = kernel, words, thp

    def run(self, lines):
        """Runs these lines in one boot, and those after a panic in further boots."""
        text = "".join(f"{line} {self.words}\n" for line in lines)
        with tempfile.NamedTemporaryFile(prefix="faultline-log-") as log:
            done = subprocess.run([sys.executable, "-I", RUN, "--log", log.name, "--mem", "64M", "--append", "thp=" + self.thp,
                                   "--harts", os.environ.get("FAULTLINE_HARTS", "1"), "--timeout", SECONDS, "--", program(), "-"], input=text.encode(), capture_output=True, check=False,
                                  env={**os.environ, "FAULTLINE_KERNEL": self.name})
            kernel = log.read().decode(errors="replace").splitlines()
        out = done.stdout.decode(errors="replace")
        runs = take_apart(out, len(lines))
        reached = len(BEGIN.findall(out))
        if out.endswith("all\n") or reached == 0:
            return runs
        runs[reached - 1] += ["kernel: " + line for line in kernel[-20:]]
        return runs[:reached] + (self.run(lines[reached:]) if reached < len(lines) else [])
