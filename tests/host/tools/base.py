# SPDX-License-Identifier: MIT
"""Brings the tools and the system tests' few lines of TAP to the tools' own tests."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
TOOLS = os.path.join(ROOT, "tools")
sys.path[:0] = [TOOLS, os.path.join(ROOT, "tests/system")]

from lib.tap import equal  # noqa: E402


def write(root, files):
    """Writes the files of a tree."""
    for path, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def rules_of(tool, root):
    """Gives the names of the rules that are broken in a tree, with what the tool said."""
    done = subprocess.run([sys.executable, os.path.join(TOOLS, tool), root], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    found = [line.split(" - ")[1] for line in lines if line.startswith("not ok")]
    equal(1 if found else 0, done.returncode, "status " + done.stderr)
    return found, [line for line in lines if line.startswith("#")]
