# SPDX-License-Identifier: MIT
"""The working copies for mutants: a copy of the tree with its own build, one for each job."""

import json
import os
import shutil
import subprocess

SETUP = ["--cross-file", "cross-riscv64.ini", "-Dhost_tests=enabled", "-Dwerror=false"]


def run(words, folder, log):
    """Runs a command in a folder, with its output in a file; returns whether it succeeded."""
    with open(log, "wb") as out:
        return subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                              check=False).returncode == 0


def files_of(root):
    """Returns the names of the tree's files as they are now, committed or not."""
    words = ["git", "-c", "safe.directory=" + os.path.realpath(root),  # another user may own the checkout
             "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=root, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    return [name for name in names if name and os.path.lexists(os.path.join(root, name))]


def same(one, other):
    """Returns whether two files hold the same bytes."""
    try:
        with open(one, "rb") as first, open(other, "rb") as second:
            return first.read() == second.read()
    except OSError:
        return False


def sync(root, tree, changed):
    """Makes the copy equal to the tree, except for the given texts. Does not touch files that are equal already."""
    wanted = set(files_of(root))
    for folder, _, files in os.walk(tree):
        for name in files:
            path = os.path.join(folder, name)
            if os.path.relpath(path, tree) not in wanted and "__pycache__" not in folder:
                os.unlink(path)
    for name in wanted:
        there, here = os.path.join(root, name), os.path.join(tree, name)
        if name in changed and os.path.exists(here):
            put(here, changed[name])
        elif os.path.islink(there):
            if not os.path.lexists(here):
                os.makedirs(os.path.dirname(here), exist_ok=True)
                os.symlink(os.readlink(there), here)
        elif not same(there, here):
            os.makedirs(os.path.dirname(here), exist_ok=True)
            shutil.copyfile(there, here)
            shutil.copymode(there, here)


def put(path, text):
    """Writes a file unless it has that text already."""
    with open(path, encoding="utf-8") as file:
        if file.read() == text:
            return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def touch(path):
    """Makes an empty file."""
    with open(path, "w", encoding="utf-8"):
        pass


RUN = ("executable", "shared library", "shared module", "custom")  # types of Meson's targets: programs, and what they load


class Build:
    """A build folder."""

    def __init__(self, build):
        self.build = build

    def tests(self):
        """Returns Meson's description of the tests; "needs" are the programs and their libraries that are built for each."""
        found, names = self.introspect("tests"), {}
        for target in self.introspect("targets"):
            if target["type"] in RUN:
                names[target["id"]] = [os.path.relpath(path, self.build) for path in target["filename"]]
        for test in found:
            test["needs"] = [name for target in test["depends"] for name in names.get(target, ())]
        return found

    def introspect(self, what):
        """Returns what Meson wrote about the build."""
        with open(os.path.join(self.build, f"meson-info/intro-{what}.json"), encoding="utf-8") as file:
            return json.load(file)


class Slot(Build):
    """A copy with its build. Its name tells it from others."""

    def __init__(self, area, name):
        self.folder = os.path.join(area, name)
        super().__init__(os.path.join(self.folder, "build"))
        self.tree = os.path.join(self.folder, "tree")
        self.log = os.path.join(self.folder, "build.log")

    def prepare(self, root, changed, options=()):
        """Updates the copy and sets up its build, with these options; returns whether that succeeded."""
        if not os.path.exists(self.tree):
            sync(root, self.tree, {})
        sync(root, self.tree, changed)
        if os.path.exists(os.path.join(self.build, "build.ninja")):
            return True
        return run(["meson", "setup", self.build, self.tree, *SETUP, *options], self.tree, self.log)

    def copy_from(self, other):
        """Copies a slot that is built, so that little has to be compiled."""
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run(["cp", "-a", other.folder, self.folder], check=True)
        for folder, _, files in os.walk(self.build):
            for name in files:
                if name.endswith((".ninja", ".json", ".d", "prefix-maps")):
                    move(os.path.join(folder, name), other.folder + "/", self.folder + "/")

    def ninja(self, jobs, targets=()):
        """Builds; returns whether that succeeded. If not, the log has the errors."""
        return run(["ninja", "-j", str(jobs), "-C", self.build, *targets], self.tree, self.log)

    def output(self):
        """Returns what the last build printed."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def said(self):
        """Returns the first error of the last build."""
        lines = self.output().splitlines()
        return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")


def move(path, old, new):
    """Replaces a folder's path in a file that Meson wrote; keeps the file's time."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if old in text:
        times = os.stat(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
