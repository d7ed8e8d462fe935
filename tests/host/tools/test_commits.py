#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/check-commits, in a small repository."""

import os
import shutil
import subprocess
import sys
import tempfile

from base import TOOLS
from lib.tap import case, equal, has, main

if shutil.which("git") is None:
    print("1..0 # SKIP no git")
    sys.exit(0)

ENV = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "LC_ALL": "C",
       **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "a"), ("EMAIL", "a@b"))}}
LONGEST = "x" * 72


def git(root, *words):
    """Runs git; returns its output."""
    return subprocess.run(["git", *words], cwd=root, env=ENV, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def checked(*messages, clone=()):
    """Makes a repository with an old commit and these; returns the status and the lines of the check."""
    with tempfile.TemporaryDirectory() as area:
        root = os.path.join(area, "first")
        os.mkdir(root)
        git(root, "init", "-q")
        git(root, "commit", "-q", "--allow-empty", "-m", LONGEST + " before the rule")
        before = git(root, "rev-parse", "HEAD")
        for message in messages:
            git(root, "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message)
        if clone:
            git(area, "clone", "-q", *clone, "file://" + root, "second")
            root = os.path.join(area, "second")
        done = subprocess.run([sys.executable, os.path.join(TOOLS, "check-commits"), root, before], env=ENV, stdout=subprocess.PIPE,
                              text=True, check=False)
    return done.returncode, done.stdout.splitlines()


@case
def good_messages():
    equal((0, ["1..1", "ok 1 - the messages of 2 commits"]), checked(LONGEST, "mm: Do this\n\nSince " + LONGEST), "status and lines")
    equal((0, ["1..1", "ok 1 - the messages of 0 commits"]), checked(), "those of no commit")


@case
def bad_messages():
    for message, why in ((LONGEST + "x", "the first line has 73 characters"), ("mm: Do this\nand that", "the second line is not empty")):
        status, lines = checked("mm: Good", message, "mm: Good, too")
        equal((1, "not ok 1 - the messages of 3 commits"), (status, lines[-1]), "status and last line")
        has(lines[1], why, "the complaint")


@case
def a_shallow_clone_has_nothing_to_check():
    status, lines = checked("mm: Good", LONGEST + "x", clone=("--depth", "1"))
    equal((0, 1, ["1..0", "#", "SKIP"]), (status, len(lines), lines[0].split()[:3]), "status and lines")


if __name__ == "__main__":
    main()
