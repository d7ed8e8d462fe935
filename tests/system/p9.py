#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files of a server, whatever the server does."""

import os
import shutil
import subprocess
import tempfile

from lib.guest import BUILD, run_placed
from lib.tap import case, equal, has, long_case, main


# Parts of guest/p9.c that wait for time-outs: with --icount and without a disk, time in which all wait passes at once.
WAITING = ["silence", "writes", "stores", "attach", "mounts", "steady", "clunks"]


def passes(*parts, options):
    """Runs these parts of the program, or all."""
    done = run_placed("p9", *parts, options=["--mem", "32M", *options])
    equal((0, b"p9: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R142_R144_servers_that_lie_are_silent_or_die():
    passes(*WAITING, options=["--icount"])
    passes("reads", options=["--swap", "64M"])


@case
def R142_a_slow_server_that_answers_everything_on_four_harts():
    passes("steady", options=["--icount", "--strict", "--harts", "4"])


@long_case
def R142_R144_servers_by_the_clock_of_this_machine():
    passes(options=["--swap", "64M"])


@long_case
def R142_R144_the_same_with_forced_preemption():
    passes(options=["--swap", "64M", "--append", "preempt=300"])


def archive(folder):
    """Makes a cpio archive with this test's program, a link, and a thousand files."""
    tree = os.path.join(folder, "tree")
    os.makedirs(os.path.join(tree, "many"))
    os.makedirs(os.path.join(tree, "bin"))
    for i in range(1000):
        path = os.path.join(tree, "many", f"n{i:04}")
        with open(path, "w", encoding="ascii") as file:
            file.write(f"{i:04}")
        os.chmod(path, 0o640)
    os.symlink("many/n0777", os.path.join(tree, "link"))
    shutil.copy(os.path.join(BUILD, "tests/system/served"), os.path.join(tree, "bin"))
    names = sorted(os.path.relpath(os.path.join(where, name), tree)
                   for where, folders, files in os.walk(tree) for name in [*folders, *files])
    path = os.path.join(folder, "files.cpio")
    with open(path, "wb") as file:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=tree, stdout=file, check=True,
                       input="".join(name + "\n" for name in names).encode())
    return path


@case
def R92_the_machine_goes_off_although_a_server_is_silent():
    done = run_placed("p9", "leaves", options=["--mem", "32M", "--icount"])
    equal((0, b"p9: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")
    has(done.err, b"[   30.0", "log")
    has(done.err, b"9p: warning: 40 pages of files could not be written in time", "log")


@case
def R142_our_servers_by_mounts():
    with tempfile.TemporaryDirectory(prefix="p9-") as folder:
        done = run_placed("served", "/files.cpio", options=[
            "--icount", "--mem", "20M", "--add", f"{BUILD}/user/madeup:/bin/madeup", "--add", f"{BUILD}/user/cpiofs:/bin/cpiofs",
            "--add", f"{archive(folder)}:/files.cpio"])
    equal((0, b"served: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


if __name__ == "__main__":
    main()
