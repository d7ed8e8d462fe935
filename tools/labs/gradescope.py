# SPDX-License-Identifier: MIT
"""Makes the zip of an autograder for Gradescope: this tree, and the two scripts that Gradescope runs."""

import io
import os
import shlex
import tarfile
import tempfile
import zipfile

from grader.lab import Lab, Wrong
from labs import trees

DATE = (2026, 1, 1, 0, 0, 0)
SETUP = """#!/usr/bin/env bash
# Gradescope runs this as root when it makes the image of the machine.
set -eu
top=${AUTOGRADER:-/autograder}
source=$top/source
command -v python3 > /dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
	echo 'Python 3.11 or newer is needed: choose a newer base image, such as Ubuntu 24.04 or Debian 12' >&2
	exit 1
fi
# Submissions are compiled and run by another user, who may not see the solutions.
chmod 700 "$source"
mkdir -p "$source/faultline"
tar -xf "$source/faultline.tar" -C "$source/faultline"
# Builds the start tree, which submissions begin with. A right solution has to get all points, or this machine grades nobody.
check=$(mktemp -d)
trap 'rm -rf "$check"' EXIT
mkdir "$check/in"
cp "$source/faultline/labs/@LAB@/second.patch" "$check/in/second.patch"
"$source/faultline/tools/lab" grade-all "$check/in" --area "$top/area" --out "$check/out" @OPTIONS@
cat "$check/out/second.txt"
! grep -q 'FAIL' "$check/out/second.txt"
"""
RUN = """#!/usr/bin/env bash
# Gradescope runs this for each submission.
set -eu
shopt -s nullglob
top=${AUTOGRADER:-/autograder}
source=$top/source
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/in"
# Programs of submissions may not read the results, which tell of hidden points.
mkdir -p "$top/results"
chmod 700 "$top/results"
# By this name the results are $top/results/results.json, which grows with each point.
patches=("$top"/submission/*.patch "$top"/submission/*.diff)
if [ ${#patches[@]} = 1 ]; then
	cp "${patches[0]}" "$work/in/results.patch"
else
	cp -r "$top/submission" "$work/in/results"
fi
"$source/faultline/tools/lab" grade-all "$work/in" --area "$top/area" --out "$top/results" @OPTIONS@ || true
test -s "$top/results/results.json"
"""


def archive(root, hidden):
    """Returns a tar of the tree's last commit, or of its files if there is no repository, with the hidden points."""
    with tempfile.TemporaryDirectory(prefix="faultline-lab-") as folder:
        tree = os.path.join(folder, "tree")
        os.mkdir(tree)
        (trees.copy_committed if trees.is_repository(root) else trees.copy_working)(root, tree)
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as tar:
            for name, path in (("", tree), *((("hidden-points", hidden),) if hidden else ())):
                for inside in sorted(os.listdir(path)):
                    tar.add(os.path.join(path, inside), os.path.join(name, inside), filter=anonymous)
        return made.getvalue()


def anonymous(entry):
    """Returns an entry of a tar without owner and time, so that the same tree makes the same file."""
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return None if os.path.basename(entry.name) == "__pycache__" else entry


def make(root, lab, path, hidden=None, seed=None):
    """Writes the zip. Raises Wrong if there is a file of that name."""
    if os.path.lexists(path):
        raise Wrong(f"{path}: there is a file of that name")
    words = ["--lab", shlex.quote(lab.name)]
    if hidden:
        Lab(hidden)  # it says if no points are there
        words += ["--hidden", '"$source/faultline/hidden-points"']
    if seed is not None:
        words += ["--seed", str(seed)]
    parts = [(name, text.replace("@LAB@", lab.name).replace("@OPTIONS@", " ".join(words)).encode(), 0o755)
             for name, text in (("setup.sh", SETUP), ("run_autograder", RUN))]
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as file:
        for name, data, mode in [*parts, ("faultline.tar", archive(root, hidden), 0o644)]:
            entry = zipfile.ZipInfo(name, DATE)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, data)
