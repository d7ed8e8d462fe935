# SPDX-License-Identifier: MIT
"""Where mutants live: a copy of the tree and a build of it, one for each job."""

import json
import os
import shutil
import subprocess

SETUP = ["--cross-file", "cross-riscv64.ini", "-Dhost_tests=enabled", "-Dwerror=false"]


def run(words, folder, log):
    """Runs a command in a folder, its output in a file; tells whether it succeeded."""
    with open(log, "wb") as out:
        return subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                              check=False).returncode == 0


def files_of(root):
    """Names the files of the tree as they are now, committed or not."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(words, cwd=root, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    return [name for name in names if name and os.path.lexists(os.path.join(root, name))]


def same(one, other):
    """Tells whether two files hold the same bytes."""
    try:
        with open(one, "rb") as first, open(other, "rb") as second:
            return first.read() == second.read()
    except OSError:
        return False


def sync(root, tree, changed):
    """Makes a copy of the tree what the tree is, but for texts that are given; touches nothing that is so already."""
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
    """Writes a file if that changes it."""
    with open(path, encoding="utf-8") as file:
        if file.read() == text:
            return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def touch(path):
    """Makes an empty file."""
    with open(path, "w", encoding="utf-8"):
        pass


class Slot:
    """One copy with its build; what it is for keeps it apart from others."""

    def __init__(self, area, name):
        self.folder = os.path.join(area, name)
        self.tree = os.path.join(self.folder, "tree")
        self.build = os.path.join(self.folder, "build")
        self.log = os.path.join(self.folder, "build.log")

    def prepare(self, root, changed):
        """Brings the copy up to date, and sets its build up; tells whether that went well."""
        if not os.path.exists(self.tree):
            sync(root, self.tree, {})
        sync(root, self.tree, changed)
        if os.path.exists(os.path.join(self.build, "build.ninja")):
            return True
        return run(["meson", "setup", self.build, self.tree, *SETUP], self.tree, self.log)

    def copy_from(self, other):
        """Becomes a copy of a slot that is built, so that little is compiled anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        subprocess.run(["cp", "-a", other.folder, self.folder], check=True)
        for folder, _, files in os.walk(self.build):
            for name in files:
                if name.endswith((".ninja", ".json")):
                    move(os.path.join(folder, name), other.folder + "/", self.folder + "/")

    def ninja(self, jobs, targets=()):
        """Builds; tells whether that went well, else why is in the log."""
        return run(["ninja", "-j", str(jobs), "-C", self.build, *targets], self.tree, self.log)

    def said(self):
        """Gives the first error of the last build."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "")

    def tests(self):
        """Gives what Meson knows of the tests."""
        with open(os.path.join(self.build, "meson-info/intro-tests.json"), encoding="utf-8") as file:
            return json.load(file)


def move(path, old, new):
    """Names another folder in a file that Meson wrote, its time kept."""
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if old in text:
        times = os.stat(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
