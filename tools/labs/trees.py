# SPDX-License-Identifier: MIT
"""Makes source trees: copies of this one, the tree that a lab's students start from, and variants of it.

The solution of a lab is this tree, or the start tree of a later lab (tree.txt), so that no start tree has what a later lab asks
for. Some labs have the core alone."""

import fnmatch
import glob
import io
import os
import re
import shutil
import subprocess
import tarfile

from grader.lab import Lab, Wrong, bugs_of, lines_of
from structure import files

# What students do not get: the labs with their solutions, the bugs that the tests know, and the tools for these.
LEFT_OUT = ("labs/*", "tests/mutants/*", "tools/mutants", "tools/mutation/*", "tools/lab", "tools/labs/*",
            "tests/host/tools/test_mutants.py", "tests/host/tools/test_generate.py", "tests/host/tools/test_lab.py",
            "tests/host/tools/test_seal.py", "tests/labs/*", ".ci/*", ".github/*")
# Nor where the kernel is the core alone: the Linux layer, its programs and their tests, and what only developers of the whole need.
OF_THE_LAYER = ("linux/*", "lib/p9/*", "tests/kernel/linux/*", "user/demo.c", "user/init*", "user/libc_static.S", "user/faults/*", "user/servers/*",
                "user/sh/*", "user/tour/*", "tests/bench/*", "tests/browser/*", "tests/budgets/*", "tests/fuzz/*", "tests/models/*",
                "tests/paging/*", "tests/strict/*", "tests/user/*", "tests/host/arch/*", "tests/host/boot/*", "tests/host/drivers/*",
                "tests/host/fs/*", "tests/host/model/*", "tests/host/proc/*", "tests/host/servers/*", "tests/host/terminal/*",
                "tests/host/tools/*", "tests/host/*/test_*", "tests/system/[!l]*", "tests/system/limits.py",
                "tests/system/locks.py", "tools/count-9p", "tools/debian-root", "tools/draw-tour", "tools/fuzz*", "tools/oracle/*",
                "tools/record", "tools/record-*", "tools/replay", "tools/turn.py", "tools/usertest*", "tools/vmfuzz/*")
SCRIPTS = ("grade", "hint", "pack")
HANDOUTS = (".md", ".zh.md")
OF_LAB = ("points.txt", "files.txt", "hints.txt", "expect.py")
KINDS = ("start", "reference", "second")
ATTRIBUTES = "* text=auto eol=lf\n"
BASE = re.compile(rf"^Base: ({'|'.join(KINDS)})$", re.MULTILINE)
LOSES = re.compile(r"^Loses: (.+)$", re.MULTILINE)


class Made:
    """How the tree of a lab is made: whether its kernel is the core alone, and whose start tree its solution is, or ""."""

    def __init__(self, lab):
        self.is_core, self.next = False, ""
        path = lab.path("tree.txt")
        for line in lines_of(path) if os.path.exists(path) else ():
            word, _, value = line.partition(" ")
            if line == "kernel core":
                self.is_core = True
            elif word == "solution" and value:
                self.next = value
            else:
                raise Wrong(f"{path}: neither 'kernel core' nor 'solution LAB': {line}")


def labs_of(root):
    """Returns the names of the labs."""
    return sorted(os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(root, "labs/*/points.txt")))


def lab_of(root, name):
    """Returns a Lab by its name."""
    known = labs_of(root)
    if name not in known:
        raise Wrong(f"no lab is called '{name}'; there are: {', '.join(known)}")
    return Lab(os.path.join(root, "labs", name))


def hidden_of(lab):
    """Returns the points of a lab that students do not get, as a Lab of its own; None if it has none."""
    return Lab(lab.path("hidden"), lab.name + "-hidden") if os.path.exists(lab.path("hidden/points.txt")) else None


def points_of(lab):
    """Returns all points of a lab, with those that students do not get."""
    hidden = hidden_of(lab)
    return [*lab.points, *(hidden.points if hidden else [])]


def git(words, folder, data=None, **more):
    """Runs git in a folder, as if the user had configured nothing; returns its output. Raises Wrong if it fails."""
    if not shutil.which("git"):
        raise Wrong("git is missing: sudo apt-get install git")
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "LC_ALL": "C", **more}
    done = subprocess.run(["git", "-c", "safe.directory=*", *words], cwd=folder, input=data, capture_output=True, check=False, env=env)
    if done.returncode:
        raise Wrong(f"git {words[0]}: {(done.stderr or done.stdout).decode(errors='replace').strip()}")
    return done.stdout


def apply(patch, folder, *options):
    """Applies a patch to a folder, whatever repository that lies in. Raises Wrong if it does not fit."""
    above = os.path.dirname(os.path.abspath(folder))
    git(["apply", "--whitespace=nowarn", *options, os.path.abspath(patch)], folder, GIT_CEILING_DIRECTORIES=above)


def changed_by(patch):
    """Returns the files that a patch changes."""
    with open(patch, encoding="utf-8", errors="replace") as file:
        found = re.findall(r"^(?:---|\+\+\+) [ab]/(\S+)", file.read(), re.MULTILINE)
    return sorted(set(found))


def is_repository(root):
    """Returns whether the tree is a git work tree, not an unpacked archive."""
    return files.tracked(root) is not None


def uncommitted(root):
    """Returns the tracked files that differ from the last commit."""
    said = git(["status", "--porcelain", "--untracked-files=no"], root).decode()
    return [line[3:] for line in said.splitlines()]


def copy_committed(root, to):
    """Copies the files of the last commit."""
    with tarfile.open(fileobj=io.BytesIO(git(["archive", "HEAD"], root))) as archive:
        archive.extractall(to, filter="fully_trusted") if hasattr(tarfile, "fully_trusted_filter") else archive.extractall(to)


def copy_file(there, here):
    """Copies a file with its mode, and a link as a link."""
    os.makedirs(os.path.dirname(here), exist_ok=True)
    if os.path.lexists(here):
        os.unlink(here)
    shutil.copy(there, here, follow_symlinks=False)


def copy_working(root, to, only=None):
    """Copies the tree's files as they are now, or those of them that are named."""
    names = files.tracked(root)
    for name in files.walked(root) if names is None else names:
        if (only is None or name in only) and os.path.lexists(os.path.join(root, name)):
            copy_file(os.path.join(root, name), os.path.join(to, name))


def is_left_out(name, is_core=False):
    """Returns whether students do not get a file. `is_core`: their kernel is the core alone."""
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in LEFT_OUT + (OF_THE_LAYER if is_core else ()))


def remove_left_out(tree, is_core=False):
    """Removes what students do not get, and folders that are empty then."""
    for folder, _, names in os.walk(tree, topdown=False):
        for name in names:
            path = os.path.join(folder, name)
            if is_left_out(os.path.relpath(path, tree), is_core):
                os.unlink(path)
        if not os.listdir(folder):
            os.rmdir(folder)


def put(path, text, mode=0o644):
    """Writes a file."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)


def copy_libraries(root, tree):
    """Adds the headers that grading programs of all labs share. Those that are there already stay as old as they are."""
    for name in ("lab.h", "programs.h", "host/cmocka.h"):
        there, here = os.path.join(root, "labs/lib", name), os.path.join(tree, "lab/lib", name)
        os.makedirs(os.path.dirname(here), exist_ok=True)
        if not os.path.exists(here):
            shutil.copyfile(there, here)


def add_lab(root, lab, tree):
    """Adds what students need of a lab: the handout, the points, the grading programs, the three commands."""
    for name in HANDOUTS:
        shutil.copyfile(lab.path("README" + name), os.path.join(tree, "LAB" + name))
    os.makedirs(os.path.join(tree, "lab"), exist_ok=True)
    for name in OF_LAB:
        if os.path.exists(lab.path(name)):
            shutil.copyfile(lab.path(name), os.path.join(tree, "lab", name))
    for name in ("guest", "host"):
        if os.path.isdir(lab.path(name)):
            shutil.copytree(lab.path(name), os.path.join(tree, "lab", name))
    for name, path in bugs_of(lab.points, root).items():
        os.makedirs(os.path.join(tree, "lab/bugs"), exist_ok=True)
        shutil.copyfile(path, os.path.join(tree, "lab/bugs", name + ".patch"))
    copy_libraries(root, tree)
    put(os.path.join(tree, "lab/name"), lab.name + "\n")
    put(os.path.join(tree, ".gitattributes"), ATTRIBUTES)
    for name in SCRIPTS:
        path = os.path.join(tree, name)
        shutil.copyfile(os.path.join(root, "labs/lib", name), path)
        os.chmod(path, 0o755)


def later_labs(root, lab):
    """Returns the labs whose solutions the trees of a lab have not, the last one first."""
    found = []
    while Made(lab).next:
        lab = lab_of(root, Made(lab).next)
        if lab.name in [one.name for one in found]:
            raise Wrong(f"{lab.path('tree.txt')}: the labs go in a circle")
        found.insert(0, lab)
    return found


def earlier_labs(root, lab):
    """Returns the labs whose trees have not this lab's solution."""
    found = [lab_of(root, name) for name in labs_of(root)]
    return [one for one in found if lab.name in [later.name for later in later_labs(root, one)]]


def take_away(root, lab, tree, only=()):
    """Takes the solutions of later labs out of a tree, which may have only some files. Now it has the lab's own solution."""
    for later in later_labs(root, lab):
        apply_start(later, tree, only)


def apply_start(lab, tree, only=()):
    """Takes the solution of a lab out of a tree, which may have only some files."""
    if only and not set(only) & set(changed_by(lab.path("start.patch"))):
        return
    try:
        apply(lab.path("start.patch"), tree, *(f"--include={name}" for name in only))
    except Wrong as wrong:
        raise Wrong(f"{lab.path('start.patch')} does not fit the sources: adapt it ({wrong})") from None


def make_start(root, lab, tree, committed):
    """Makes the tree that students start from, in an empty folder, from the last commit or from the files as they are."""
    (copy_committed if committed else copy_working)(root, tree)
    remove_left_out(tree, Made(lab).is_core)
    take_away(root, lab, tree)
    apply_start(lab, tree)
    add_lab(root, lab, tree)


class Wrongs:
    """A wrong solution: a patch with a header of two lines that say what it does wrong, what that is based on, and perhaps
    points that it loses for certain."""

    def __init__(self, path):
        self.path = path
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as file:
            head = file.read().partition("--- a/")[0]
        base = BASE.search(head)
        self.base = base.group(1) if base else "reference"
        self.loses = LOSES.findall(head)
        self.says = [line for line in head.splitlines() if line.strip() and not line.startswith(("Base: ", "Loses: ", "diff "))]


def wrongs_of(lab):
    """Returns the wrong solutions of a lab, sorted by name."""
    return [Wrongs(path) for path in sorted(glob.glob(lab.path("wrong/*.patch")))]


def solution(root, lab, kind, to, patch=None):
    """Puts a solution's files into a folder: those of the start, the reference or the second, with a patch on top; or those that
    the start tree of another lab has, whose name is the kind then."""
    names, of = sorted(set(lab.files())), lab if kind in KINDS else lab_of(root, kind)
    copy_working(root, to, names)
    take_away(root, of, to, names)
    if kind != "reference":
        apply_start(of, to, names)
    if kind == "second":
        apply(lab.path("second.patch"), to)
    if patch:
        apply(patch, to)


def missing_files(root, lab):
    """Returns mistakes in files.txt: names of no file, and files that start.patch changes and students may not."""
    names, found = lab.files(), []
    found += [f"files.txt: {name}: no such file" for name in names if not os.path.isfile(os.path.join(root, name))]
    found += [f"there is no README{name}" for name in HANDOUTS if not os.path.exists(lab.path("README" + name))]
    found += [f"files.txt lacks {name}, which start.patch changes" for name in changed_by(lab.path("start.patch"))
              if name not in names]
    return found
