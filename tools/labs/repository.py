# SPDX-License-Identifier: MIT
"""A student's repository: its first commit, which is the same for all students, and the teacher's releases after it."""

import os
import shutil
import tempfile

from grader.lab import Wrong
from labs import trees

RELEASE = "release"  # the branch of the teacher's releases
WHO = {"NAME": "Faultline labs", "EMAIL": "labs@faultline.invalid", "DATE": "2026-01-01T00:00:00+0000"}
IDENTITY = {f"GIT_{role}_{field}": value for role in ("AUTHOR", "COMMITTER") for field, value in WHO.items()}


def commit(repository, tree, message, parent=None):
    """Makes a commit of a folder's files without touching the work tree; returns its id, or that of an equal parent."""
    with tempfile.TemporaryDirectory(prefix="faultline-lab-") as area:
        index = {"GIT_INDEX_FILE": os.path.join(area, "index")}
        trees.git(["--work-tree", tree, "add", "--all", "--force", "."], repository,
                  GIT_DIR=os.path.join(repository, ".git"), **index)
        written = trees.git(["write-tree"], repository, **index).decode().strip()
    if parent and trees.git(["rev-parse", parent + "^{tree}"], repository).decode().strip() == written:
        return parent
    words = ["commit-tree", written, *(["-p", parent] if parent else [])]
    return trees.git(words, repository, message.encode(), **IDENTITY).decode().strip()


def refuse_folder(folder):
    """Raises Wrong if a new tree cannot be made there."""
    if os.path.lexists(folder) and not os.path.isdir(folder):
        raise Wrong(f"{folder}: there is a file of that name; name a folder that does not exist yet")
    if os.path.isdir(folder) and os.listdir(folder):
        raise Wrong(f"{folder} is not empty; name a folder that does not exist yet")
    if not os.path.isdir(os.path.dirname(os.path.abspath(folder))):
        raise Wrong(f"{os.path.dirname(os.path.abspath(folder))}: no such folder; make it first")


def start(root, lab, folder):
    """Makes a student's repository; returns its first commit. Leaves nothing behind if it fails."""
    refuse_folder(folder)
    was_there = os.path.isdir(folder)
    try:
        os.makedirs(folder, exist_ok=True)
        trees.git(["init", "-q", "-b", "main", "."], folder)
        with tempfile.TemporaryDirectory(prefix="faultline-lab-") as area:
            tree = os.path.join(area, "tree")
            os.mkdir(tree)
            trees.make_start(root, lab, tree, trees.is_repository(root))
            first = commit(folder, tree, f"Lab {lab.name}: the tree to start from")
        for branch in (RELEASE, "main"):
            trees.git(["update-ref", "refs/heads/" + branch, first], folder)
        trees.git(["reset", "-q", "--hard"], folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if was_there:
            os.mkdir(folder)
        raise
    return first


def lab_name(folder):
    """Returns the name of the lab that a folder is a student's tree of."""
    try:
        with open(os.path.join(folder, "lab/name"), encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        raise Wrong(f"{folder} is no tree of a lab; tools/lab start NAME DIR makes one") from None


def update(root, folder):
    """Merges the lab as it is here now into a student's branch; returns whether there was anything new."""
    lab = trees.lab_of(root, lab_name(folder))
    changed = trees.git(["status", "--porcelain", "--untracked-files=no"], folder).decode().splitlines()
    if changed:
        raise Wrong(f"{folder} has changes that are not committed ({', '.join(line[3:] for line in changed[:5])}): "
                    "commit them first, so that nothing is lost: git commit -a")
    before = trees.git(["rev-parse", RELEASE], folder).decode().strip()
    with tempfile.TemporaryDirectory(prefix="faultline-lab-") as area:
        tree = os.path.join(area, "tree")
        os.mkdir(tree)
        trees.make_start(root, lab, tree, trees.is_repository(root))
        after = commit(folder, tree, f"Lab {lab.name}: a newer release", before)
    trees.git(["update-ref", "refs/heads/" + RELEASE, after], folder)
    if trees.git(["merge-base", "HEAD", after], folder).decode().strip() == after:
        return False
    try:
        trees.git(["merge", "-q", "-m", f"Merge a newer release of lab {lab.name}", RELEASE], folder, **IDENTITY)
    except Wrong as wrong:
        raise Wrong(f"the release and your work change the same lines:\n{wrong}\n"
                    f"Mend these files in {folder}, then: git add FILE... && git commit\n"
                    "Or go back to your work as it was: git merge --abort") from None
    return True
