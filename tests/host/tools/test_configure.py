#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A build folder that is set up where there is no native compiler, and what becomes of it when there is one."""

import os
import shutil
import subprocess
import tempfile

from base import ROOT
from lib.tap import Skip, case, equal, main

PACKAGES = "/var/lib/dpkg/status"
NEEDED = ("env", "sh", "bash", "python3", "meson", "ninja", "pkg-config", "uname")


def place_tools(folder):
    """Fills a folder with all that the set-up needs but for a native compiler."""
    cross = [name for name in os.listdir("/usr/bin") if name.startswith("riscv64-linux-gnu-")]
    for name in (*NEEDED, *cross):
        if os.path.exists("/usr/bin/" + name):
            os.symlink("/usr/bin/" + name, os.path.join(folder, name))


def run(*words, path):
    """Runs a command that must succeed, with this PATH; gives its output."""
    environment = {name: value for name, value in os.environ.items() if name not in ("CC", "CC_FOR_BUILD")}
    done = subprocess.run(words, env={**environment, "PATH": path}, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)
    equal(0, done.returncode, f"status of {words}, {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


def rules(build):
    """Gives ninja's rules of a build folder."""
    with open(os.path.join(build, "build.ninja"), encoding="utf-8") as file:
        return file.read()


@case
def the_host_tests_come_with_the_compiler():
    if not os.path.exists(PACKAGES):
        raise Skip("no dpkg")
    with tempfile.TemporaryDirectory() as place:
        tools, build = os.path.join(place, "bin"), os.path.join(place, "build")
        os.mkdir(tools)
        place_tools(tools)
        said = run("meson", "setup", build, ROOT, "--cross-file", os.path.join(ROOT, "cross-riscv64.ini"), path=tools)
        equal(False, "Compiler for language" in said, "a compiler is missed that nothing needs")
        equal((False, True), ("tests/host/mm/test-" in rules(build), PACKAGES in rules(build)),
              "host tests, and the list of packages, in the rules")
        os.utime(os.path.join(build, "build.ninja"), (0, 0))  # as if packages had been installed since
        run("ninja", "-C", build, "build.ninja", path=tools)
        equal(False, "tests/host/mm/test-" in rules(build), "host tests where there is still no compiler")
        if shutil.which("cc") is None or not os.path.exists("/usr/include/cmocka.h"):
            raise Skip("no native compiler, or no cmocka")
        os.utime(os.path.join(build, "build.ninja"), (0, 0))
        run("ninja", "-C", build, "build.ninja", path=os.environ["PATH"])
        equal((True, False), ("tests/host/mm/test-" in rules(build), PACKAGES in rules(build)),
              "host tests, and the list of packages, in the rules with a compiler")


if __name__ == "__main__":
    main()
