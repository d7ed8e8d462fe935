# SPDX-License-Identifier: MIT
"""Lists the project's files: those that git tracks, without other files in the same folders."""

import os
import subprocess

NOT_OURS = ("build", "__pycache__", ".git")


def git(root, *words):
    """Returns the command line for git. It runs also where another user owns the files: a container, a shared checkout."""
    return ["git", "-c", "safe.directory=" + os.path.realpath(root), *words]


def tracked(root):
    """Returns the files that git tracks, or None if the folder is not the top of a git work tree."""
    try:
        top = subprocess.run(git(root, "rev-parse", "--show-cdup"), cwd=root, capture_output=True, check=False)
        if top.returncode != 0 or top.stdout.strip():
            return None
        names = subprocess.run(git(root, "ls-files", "-z"), cwd=root, stdout=subprocess.PIPE, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return [os.fsdecode(name) for name in names.split(b"\0") if name]


def walked(root):
    """Returns all files, without those of builds."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(NOT_OURS)
                      and not os.path.exists(os.path.join(folder, name, "build.ninja"))]
        found += [os.path.normpath(os.path.relpath(os.path.join(folder, name), root)) for name in names]
    return found


def load(root):
    """Returns the project's files, sorted, as paths below its top: those that git tracks or, without git, all files.

    A new file counts after "git add"."""
    names = tracked(root)
    if names is None:
        names = walked(root)
    return sorted(name for name in set(names) if os.path.isfile(os.path.join(root, name)))
