#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/lab and the grader, on a small tree with a lab of its own: nothing is compiled, no machine is booted (R160, R161)."""

import argparse
import csv
import io
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from xml.etree import ElementTree

from base import ROOT, TOOLS
from grader import bugs, build, commands, elf_files, filming, limits, report, run, seal
from grader.lab import Lab, Point, Wrong, bugs_of, choose, with_musts
from grader.mixing import bytes_of, mix
from labs import check, commit, films, grading, gradescope, handout, repository, slots, trees
from mutation import area
from lib.tap import case, equal, has, lacks, main
from recording import file

START = "--- a/mm/a.c\n+++ b/mm/a.c\n@@ -1,3 +1,3 @@\n int a;\n-int shares;\n+int copies;\n int z;\n"
SECOND = START.replace("-int shares", "-int copies").replace("+int copies", "+int also_shares")
WRONG = "It shares nothing at all here.\nA user has too little memory.\n\n" + \
    START.replace("-int shares", "-int shares").replace("+int copies", "+int shares_badly")
POINTS = """# name | worth | program | options | says
frames taken | 10 gain | t frames 5 | mem=64M taken<=3 | it shares
values | 5 keep | t values 5 | icount | it is right
"""
EXPECT = """from grader.mixing import mix


def frames(seed, n):
    return {"sum": mix(seed, n)}


def values(seed, n):
    return [{"parent": 1}, {"child": [2, 3]}]
"""
FILES = {
    "mm/a.c": "int a;\nint shares;\nint z;\n", "mm/b.c": "int b;\n", "run.sh": "#!/bin/sh\n",
    "tests/mutants/x.patch": "secret\n", "tools/lab": "secret\n", "docs/labs.md": "secret\n", "docs/run.md": "run\n",
    "labs/small/points.txt": POINTS, "labs/small/expect.py": EXPECT, "labs/small/files.txt": "# these\nmm/a.c\n",
    "labs/small/hints.txt": "# no hint\nfirst\n\nsecond\n\nthird\n", "labs/small/README.md": "# A small lab\n\n1. A step.\n\n## Questions\n\n1. Why?\n2. How?\n",
    "labs/small/answers.md": "# Answers\n\n1. So it is.\n",
    "labs/small/README.zh.md": "# 小实验\n",
    "labs/small/start.patch": START, "labs/small/second.patch": SECOND, "labs/small/wrong/bad.patch": WRONG,
    "labs/small/guest/t.c": "int main(void) { return 0; }\n", "labs/lib/lab.h": "\n", "labs/lib/programs.h": "\n",
    "labs/lib/host/cmocka.h": "\n",
}
IDENTITY = ["-c", "user.name=A", "-c", "user.email=a@b.c"]


def write(folder, name, text):
    """Writes a file of a tree."""
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def read(*names):
    """Reads a file."""
    with open(os.path.join(*names), encoding="utf-8", newline="") as file:
        return file.read()


def git(folder, *words):
    """Runs git; returns its output."""
    return subprocess.run(["git", *IDENTITY, *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def tree(place, name="teacher's tree", repository_too=True):
    """Makes a teacher's tree; returns its folder."""
    folder = os.path.join(place, name)
    for path, text in FILES.items():
        write(folder, path, text)
    for script in trees.SCRIPTS:
        shutil.copy(os.path.join(ROOT, "labs/lib", script), os.path.join(folder, "labs/lib", script))
    os.chmod(os.path.join(folder, "run.sh"), 0o755)
    os.symlink("nowhere", os.path.join(folder, "mm/dangling"))
    if repository_too:
        git(folder, "init", "-q", "-b", "main")
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "all")
    return folder


def refused(action, *words):
    """Returns what is said when something is refused."""
    try:
        action(*words)
    except (Wrong, slots.Refused, build.Broken) as error:
        return str(error)
    raise AssertionError("it was not refused")


def start(root, folder):
    """Makes a student's tree; returns its first commit."""
    return repository.start(root, trees.lab_of(root, "small"), folder)


@case
def a_start_tree_has_no_solution():
    with tempfile.TemporaryDirectory() as place:
        student = os.path.join(place, "my lab")
        start(tree(place), student)
        names = git(student, "ls-files").split("\n")
        for name in ("LAB.md", "LAB.zh.md", "grade", "hint", "pack", "lab/points.txt", "lab/guest/t.c", "docs/run.md", ".gitattributes"):
            equal(True, name in names, name)
        for name in names:
            lacks("/" + name, "/labs/", "a file")
            lacks(name, "mutants", "a file")
            lacks(name, ".patch", "a file")
            lacks(name, "answers", "a file")
        equal("int a;\nint copies;\nint z;\n", read(student, "mm/a.c"), "the patched file")
        equal("* text=auto eol=lf\n", read(student, ".gitattributes"), "attributes")
        equal("Faultline labs labs@faultline.invalid 2026-01-01 00:00:00 +0000 Lab small: the tree to start from\n",
              git(student, "log", "--format=%an %ae %ad %s", "--date=iso"), "the commit")
        equal("", git(student, "status", "--porcelain"), "what has changed")
        equal([True, True, False],
              [os.access(os.path.join(student, name), os.X_OK) for name in ("grade", "run.sh", "mm/b.c")], "modes")


def with_later(root, made):
    """Adds a lab `later`, whose start changes mm/b.c, and says how small's tree is made."""
    for name, text in FILES.items():
        if name.startswith("labs/small/"):
            write(root, name.replace("small", "later"), text)
    write(root, "labs/later/files.txt", "mm/b.c\n")
    write(root, "labs/later/start.patch", "--- a/mm/b.c\n+++ b/mm/b.c\n@@ -1 +1 @@\n-int b;\n+int less;\n")
    write(root, "labs/small/tree.txt", made)
    write(root, "linux/sys.c", "int call;\n")


@case
def R160_a_start_tree_has_no_later_solution():
    """The solution of a lab is the start tree of the next; and a lab of the core has no layer."""
    with tempfile.TemporaryDirectory() as place:
        root, made = tree(place, repository_too=False), os.path.join(place, "made")
        with_later(root, "# both\nkernel core\nsolution later\n")
        small, later = trees.lab_of(root, "small"), trees.lab_of(root, "later")
        for kind, text in (("start", "int copies"), ("reference", "int shares"), ("second", "int also_shares")):
            trees.solution(root, small, kind, os.path.join(place, kind))
            has(read(place, kind, "mm/a.c"), text, kind)
        trees.solution(root, later, "small", os.path.join(place, "small"))
        equal(["int less;\n", ["small"]], [read(place, "small/mm/b.c"), [one.name for one in trees.earlier_labs(root, later)]], "of later's files")
        trees.make_start(root, small, made, False)
        equal(["int a;\nint copies;\nint z;\n", "int less;\n"], [read(made, "mm/a.c"), read(made, "mm/b.c")], "small's tree")
        equal([False, False], [os.path.exists(os.path.join(made, name)) for name in ("linux", "lab/tree.txt")], "the layer, and how it was made")
        trees.make_start(root, later, os.path.join(place, "other"), False)
        equal(["int a;\nint shares;\nint z;\n", True],
              [read(place, "other/mm/a.c"), os.path.exists(os.path.join(place, "other/linux/sys.c"))], "later's tree")
        equal([["later"], []], [[one.name for one in trees.later_labs(root, lab)] for lab in (small, later)], "what comes later")
        equal(["faultline-core.elf", "faultline.elf"], [build.target(folder, "kernel") for folder in (made, root)], "kernels")
        write(root, "labs/later/tree.txt", "solution small\n")
        has(refused(trees.later_labs, root, small), "go in a circle", "a circle")
        write(root, "labs/later/tree.txt", "kernel other\n")
        has(refused(trees.later_labs, root, small), "neither 'kernel core' nor 'solution LAB': kernel other", "another word")
        write(root, "labs/later/tree.txt", "solution none\n")
        has(refused(trees.later_labs, root, small), "no lab is called 'none'", "no such lab")


@case
def all_students_have_the_same_first_commit():
    """Whatever is in the teacher's work tree, in the user's configuration, and wherever the tree comes from."""
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        write(place, "config", "[core]\n\tautocrlf = true\n[commit]\n\tgpgsign = true\n[i18n]\n\tcommitEncoding = latin1\n")
        ids = [start(root, os.path.join(place, "one"))]
        os.environ["GIT_CONFIG_GLOBAL"] = os.path.join(place, "config")
        try:
            ids.append(start(root, os.path.join(place, "two ö")))
        finally:
            del os.environ["GIT_CONFIG_GLOBAL"]
        write(root, "mm/b.c", "int not_committed;\n")
        write(root, "mm/untracked.c", "int untracked;\n")
        equal(["mm/b.c"], trees.uncommitted(root), "what is left out")
        ids.append(start(root, os.path.join(place, "three")))
        ids.append(start(tree(place, "unpacked", False), os.path.join(place, "four")))
        equal([ids[0]] * 4, ids, "first commits")


@case
def trees_are_mirrored():
    with tempfile.TemporaryDirectory() as place:
        root, copy = tree(place), os.path.join(place, "copy")
        os.mkdir(copy)
        slots.mirror(root, copy)
        before = os.stat(os.path.join(copy, "mm/a.c")).st_mtime_ns
        write(copy, "mm/b.c", "other\n")
        write(copy, "mm/more.c", "more\n")
        os.unlink(os.path.join(copy, "mm/dangling"))
        slots.mirror(root, copy)
        equal(["int b;\n", False], [read(copy, "mm/b.c"), os.path.exists(os.path.join(copy, "mm/more.c"))], "what differed")
        equal("nowhere", os.readlink(os.path.join(copy, "mm/dangling")), "a link")
        equal(before, os.stat(os.path.join(copy, "mm/a.c")).st_mtime_ns, "what did not differ keeps its time")


@case
def start_spoils_nothing():
    with tempfile.TemporaryDirectory() as place:
        root, full = tree(place), os.path.join(place, "full")
        write(full, "thesis.txt", "years of work\n")
        has(refused(start, root, full), "is not empty; name a folder that does not exist yet", "a full folder")
        equal(["thesis.txt"], os.listdir(full), "what is in it")
        has(refused(start, root, os.path.join(full, "thesis.txt")), "there is a file of that name", "a file")
        has(refused(start, root, os.path.join(place, "no/such")), "no such folder; make it first", "no parent")
        has(refused(trees.lab_of, root, "nosuch"), "no lab is called 'nosuch'; there are: small", "an unknown lab")
        write(root, "labs/small/start.patch", START.replace("int a;", "int b;"))
        new = os.path.join(place, "new")
        has(refused(start, root, new), "start.patch does not fit the sources", "a patch that does not fit")
        equal(False, os.path.exists(new), "anything left of it")


@case
def releases_are_merged():
    with tempfile.TemporaryDirectory() as place:
        root, student = tree(place), os.path.join(place, "student")
        first = start(root, student)
        equal(False, repository.update(root, student), "nothing is new")
        write(student, "mm/a.c", "int a;\nint mine;\nint z;\n")
        write(root, "docs/run.md", "run faster\n")
        git(root, "commit", "-qam", "newer")
        has(refused(repository.update, root, student), "not committed (mm/a.c): commit them first", "changes")
        git(student, "commit", "-qam", "mine")
        equal(True, repository.update(root, student), "it is new")
        equal(["int a;\nint mine;\nint z;\n", "run faster\n"], [read(student, "mm/a.c"), read(student, "docs/run.md")], "both")
        equal(first, git(student, "rev-list", "--max-parents=0", "HEAD").strip(), "the first commit")
        equal(False, repository.update(root, student), "nothing is new any more")
        other = os.path.join(place, "other")
        start(root, other)
        has(refused(repository.update, root, place), "is no tree of a lab", "another folder")
        write(root, "labs/small/start.patch", START.replace("+int copies", "+int copies_too"))
        git(root, "commit", "-qam", "newest")
        said = refused(repository.update, root, student)
        has(said, "change the same lines", "a conflict")
        has(said, "git merge --abort", "a conflict")


@case
def git_may_be_missing():
    with tempfile.TemporaryDirectory() as place:
        root, path = tree(place, repository_too=False), os.environ["PATH"]
        os.environ["PATH"] = place
        try:
            has(refused(start, root, os.path.join(place, "new")), "git is missing: sudo apt-get install git", "what it says")
        finally:
            os.environ["PATH"] = path


@case
def packages_may_be_missing():
    with tempfile.TemporaryDirectory() as place:
        for name in ("bash", "flock", "readlink"):
            os.symlink(shutil.which(name), os.path.join(place, name))
        done = subprocess.run([sys.executable, "-B", os.path.join(TOOLS, "lab"), "check"], env={"PATH": place},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        equal(2, done.returncode, "status")
        has(done.stderr, "lab: these are missing", "what it says")
        has(done.stderr, "gcc-riscv64-linux-gnu", "what it says")
        lacks(done.stderr, "Traceback", "what it says")


def slot_of(root, place):
    """Makes a slot, but for its build."""
    slot = slots.Slot(root, trees.lab_of(root, "small"), os.path.join(place, "area"), "0")
    trees.solution(root, slot.lab, "start", slot.start)
    shutil.copytree(slot.start, slot.tree)
    return slot


@case
def only_the_lab_s_files_are_taken():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        slot, one = slot_of(root, place), os.path.join(place, "one")
        write(one, "mm/a.c", "int a;\r\nint mine;\r\nint z;\r\n")
        write(one, "mm/b.c", "int cheating;\n")
        write(one, "meson.build", "cheating()\n")
        texts = slots.read_folder(slot.lab, one)
        equal({"mm/a.c": b"int a;\nint mine;\nint z;\n"}, texts, "a folder, with LF")
        slot.take(texts)
        equal(["int a;\nint mine;\nint z;\n", False],
              [read(slot.tree, "mm/a.c"), os.path.exists(os.path.join(slot.tree, "meson.build"))], "the tree")
        slot.take({})
        equal("int a;\nint copies;\nint z;\n", read(slot.tree, "mm/a.c"), "the next one's tree")


@case
def links_are_refused():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        lab, one = trees.lab_of(root, "small"), os.path.join(place, "one")
        os.makedirs(os.path.join(one, "mm"))
        os.symlink("/etc/passwd", os.path.join(one, "mm/a.c"))
        has(refused(slots.read_folder, lab, one), "mm/a.c is a link", "a file")
        two = os.path.join(place, "two")
        os.makedirs(two)
        os.symlink(os.path.join(root, "mm"), os.path.join(two, "mm"))
        has(refused(slots.read_folder, lab, two), "is a link, or in a folder that is one", "a folder")
        three = os.path.join(place, "three")
        os.makedirs(os.path.join(three, "mm/a.c"))
        has(refused(slots.read_folder, lab, three), "is no file", "a folder of that name")


@case
def patches_are_taken():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        slot = slot_of(root, place)
        other = "--- a/mm/b.c\n+++ b/mm/b.c\n@@ -1 +1 @@\n-int b;\n+int cheating;\n"
        write(place, "ann.patch", "Lab: small\n\n" + SECOND + other)
        write(place, "bob.patch", ("Lab: small\n\n" + SECOND).replace("\n", "\r\n"))
        for name in ("ann", "bob"):
            equal({"mm/a.c": b"int a;\nint also_shares;\nint z;\n"},
                  slots.read_patch(slot.lab, slot, os.path.join(place, name + ".patch")), name)
        equal("small", grading.Submission(os.path.join(place, "bob.patch")).lab_name(), "the lab that it names")
        write(place, "out.patch", SECOND.replace("int a;", "int q;"))
        has(refused(slots.read_patch, slot.lab, slot, os.path.join(place, "out.patch")), "does not fit", "another patch")
        write(place, "link.patch", "diff --git a/mm/a.c b/mm/a.c\ndeleted file mode 100644\n--- a/mm/a.c\n+++ /dev/null\n"
              "@@ -1,3 +0,0 @@\n-int a;\n-int copies;\n-int z;\ndiff --git a/mm/a.c b/mm/a.c\nnew file mode 120000\n"
              "--- /dev/null\n+++ b/mm/a.c\n@@ -0,0 +1 @@\n+/etc/passwd\n\\ No newline at end of file\n")
        has(refused(slots.read_patch, slot.lab, slot, os.path.join(place, "link.patch")), "", "a link")


def refusal(lab, place, *names):
    """Returns what is said of a submission that has these files."""
    one = tempfile.mkdtemp(dir=place)
    for name in names:
        write(one, name, "")
    return refused(slots.read_submission, lab, one)


@case
def what_has_none_of_the_lab_s_files_is_told():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        slot, lab = slot_of(root, place), trees.lab_of(root, "small")
        equal("it has none of the lab's files; expected: mm/a.c; found: notes.txt, x/y", refusal(lab, place, "notes.txt", "x/y"), "others")
        equal("it has none of the lab's files; expected: mm/a.c; found: nothing", refusal(lab, place), "an empty folder")
        equal("it has none of the lab's files at its place; expected: mm/a.c; "
              "found: my lab/mm/a.c: hand in what is in the folder my lab", refusal(lab, place, "my lab/mm/a.c", "readme"), "a folder too deep")
        equal("it has none of the lab's files at its place; expected: mm/a.c; found: a.c", refusal(lab, place, "a.c"), "without folders")
        has(refusal(lab, place, *(f"{n}.txt" for n in range(9))), "found: 0.txt, 1.txt, 2.txt, 3.txt and 5 more", "many")
        has(refusal(lab, place, "a\n\x1b.txt"), "found: a\\n\\x1b.txt", "a name that a terminal would obey")
        for text, says in ((SECOND.replace("/mm", "/my/mm"), "expected: mm/a.c; found: my/mm/a.c"),
                           (SECOND.replace("a.c", "c.c"), "it changes none of the lab's files; expected: mm/a.c; found: mm/c.c"),
                           ("", "found: nothing"), ("Lab: small\n\n", "does not fit the start tree: git apply: ")):
            write(place, "one.patch", text)
            has(refused(slots.read_patch, lab, slot, os.path.join(place, "one.patch")), says, text)
        write(place, "other.patch", SECOND.replace("--- a/", "--- old/").replace("+++ b/", "+++ new/"))
        equal(["mm/a.c"], list(slots.read_patch(lab, slot, os.path.join(place, "other.patch"))), "names of another diff")


class FakeSlot:
    """Grades without a compiler: the point `frames taken` passes if the lab's file has the word `share`."""

    def __init__(self, slot):
        self.lab, self.start, self.tree, self.build = slot.lab, slot.start, slot.tree, slot.tree
        self.text, self.graded, self.seeds, self.interrupted = b"", [], set(), False

    def take(self, texts):
        self.text = texts.get("mm/a.c", b"")

    def grade(self, points, _common, seed, _strict, _jobs, on_outcome):
        self.graded.append(self.text)
        if b"broken" in self.text:
            return [run.not_run(point, "it does not compile") for point in points], "a.c:1: error: broken"
        if b"interrupt" in self.text and not self.interrupted:
            self.interrupted = True
            os.kill(os.getpid(), signal.SIGINT)
            while "interrupted" not in sys.stdout.getvalue():  # the main thread says so
                time.sleep(0.01)
        self.seeds.add(seed)
        if b"outside" in self.text:
            raise seal.Outside("/secret/file")
        outcomes = [run.Outcome(point, seed) for point in points]
        for outcome in outcomes:
            outcome.passed = outcome.point.kind == "keep" or b"share" in self.text
            on_outcome(outcome)
        return outcomes, ""


def grade_all(root, place, slot, **more):
    """Grades the submissions of place/in with a FakeSlot; returns (status, what it printed)."""
    options = argparse.Namespace(**{"folder": os.path.join(place, "in"), "out": os.path.join(place, "out"), "lab": "small",
                                    "area": os.path.join(place, "area"), "jobs": 1, "hidden": None, "seed": None, "again": False, **more})
    kept, said = (grading.make_slots, slots.Common.add), io.StringIO()
    try:
        grading.make_slots, slots.Common.add = lambda *_: [slot], lambda *_: None
        with redirect_stdout(said):
            status = grading.grade_all(root, options)
    finally:
        grading.make_slots, slots.Common.add = kept
    return status, said.getvalue()


def table(place):
    """Returns the rows of the table, {name: row}."""
    with open(os.path.join(place, "out/grades.csv"), encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


@case
def a_submission_that_is_not_graded_is_told_why_everywhere():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        slot = FakeSlot(slot_of(root, place))
        write(place, "in/ann/lab/mm/a.c", "int shares;\n")
        write(place, "in/bob/mm/a.c", "int shares;\n")
        write(place, "in/carl/mm/a.c", "broken\n")
        write(place, "in/dora.zip", "")
        status, said = grade_all(root, place, slot, seed=7)
        why = "it has none of the lab's files at its place; expected: mm/a.c; found: lab/mm/a.c: hand in what is in the folder lab"
        equal(1, status, "status")
        has(said, f"ann: 0/15 ({why})", "the output")
        has(said, "bob: 15/15 [", "another's")
        has(said, "neither folders nor patches: dora.zip", "what is left out")
        equal([("0", "15", why), ("15", "15", ""), ("0", "15", "it does not compile")],
              [(row["score"], row["of"], row["error"]) for row in table(place).values()], "the table")
        equal(f"not graded: {why}\n", read(place, "out/ann.txt"), "the student's lines")
        result = json.loads(read(place, "out/ann.json"))
        equal((f"not graded: {why}", 0, 15), (result["output"], result["score"], result["max_score"]), "the student's JSON")
        equal([("failed", "not graded")] * 2, [(one["status"], one["output"]) for one in result["tests"]], "its points")
        equal("it does not compile:\na.c:1: error: broken", json.loads(read(place, "out/carl.json"))["output"], "the compiler's errors")
        has(read(place, "out/bob.txt"), "== frames taken (10): OK", "another's lines")


@case
def grading_goes_on_where_it_was_interrupted():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        slot = FakeSlot(slot_of(root, place))
        for name, text in {"ann": "int shares;", "bob": "broken", "carl": "interrupt share", "dora": "int shares_too;"}.items():
            write(place, f"in/{name}/mm/a.c", text + "\n")
        write(place, "in/emil/none", "")

        def again(**more):
            slot.graded.clear()
            slot.seeds.clear()
            status, said = grade_all(root, place, slot, **more)
            equal(1, status, "status")
            return [text.decode().strip() for text in slot.graded], said

        try:
            again()
            raise AssertionError("it was not interrupted")
        except KeyboardInterrupt:
            pass
        equal(([b"int shares;\n", b"broken\n"], False), (slot.graded[:2], b"int shares_too;\n" in slot.graded), "what began")
        seed = set(slot.seeds)
        os.unlink(os.path.join(place, "out/carl.json"))  # as if the machine had gone off
        write(place, "out/carl.txt", "half of a li")
        graded, said = again()
        equal((["interrupt share", "int shares_too;"], seed), (graded, slot.seeds), "what was left, with the seed of before")
        has(said, "ann: 15/15 [0 s of CPU, 0 MiB] as before\n", "what was kept")
        lacks(said.replace("emil: 0/15 (", "").partition("bob")[0], "dora: 15/15 [0 s of CPU, 0 MiB] as before", "what was not")
        equal([("15", ""), ("0", "it does not"), ("15", ""), ("15", ""), ("0", "it has none")],
              [(row["score"], row["error"][:11]) for row in table(place).values()], "the table")
        lacks(read(place, "out/carl.txt"), "half", "lines of before")
        equal([], again()[0], "all is known")
        write(place, "in/ann/mm/a.c", "int shares_more;\n")
        equal(["int shares_more;"], again()[0], "another version")
        write(slot.tree, "mm/b.c", "int newer;\n")
        equal(4, len(again()[0]), "another tree")
        equal(["int shares_more;"], again(seed=min(seed) + 1)[0][:1], "another seed")
        equal(4, len(again(again=True)[0]), "all, as was asked for")
        write(place, "out/ann.json", "{")
        equal(["int shares_more;"], again()[0], "a file that is no result")
        write(place, "in/ann/mm/a.c", "outside\n")
        for _ in range(2):
            graded, said = again()
            equal(["outside"], graded, "what reads other files")
            has(said, "(it reads '/secret/file')", "what the teacher is told")
            lacks(read(place, "out/ann.json") + read(place, "out/ann.txt"), "/secret", "what the student is told")


@case
def results_are_there_as_they_come():
    """For Gradescope, which may end an autograder at any time."""
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        slot, seen = FakeSlot(slot_of(root, place)), []
        real = slot.grade

        def grade(*words):
            def told(outcome):
                words[-1](outcome)
                seen.append(json.loads(read(place, "out/ann.json")))

            return real(*words[:-1], told)

        slot.grade = grade
        write(place, "in/ann/mm/a.c", "int shares;\n")
        grade_all(root, place, slot)
        seen.append(json.loads(read(place, "out/ann.json")))
        equal([(10, "not graded to the end yet", False), (15, "not graded to the end yet", False), (15, None, True)],
              [(one["score"], one.get("output"), bool(one["extra_data"]["digest"])) for one in seen], "score, what is said, whether it is whole")
        equal(["not run yet", "OK"], [seen[0]["tests"][1]["output"], "OK" if seen[1]["tests"][1]["status"] == "passed" else ""], "the second point")


@case
def a_teacher_sees_what_a_class_has_done():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        write(root, "labs/small/second.patch", SECOND.replace("+int also_shares;", "".join(f"+int also_shares_{n};\n" for n in range(9))
                                                              .rstrip()).replace("@@ -1,3 +1,3 @@", "@@ -1,3 +1,11 @@"))
        slot = FakeSlot(slot_of(root, place))
        copied = "".join(f"int  also_shares_{n}; /* mine {n} */\n" for n in range(9))
        friends = "".join(f"int together_{n}();\n" for n in range(10))
        for name, text in {"ann": copied + "// share\n", "bob": "broken\n" + friends, "carl": "int share;\n" + friends[:-40],
                           "dora": "int copies;\n", "emil": "int alone_alone;\nint share;\n"}.items():
            write(place, f"in/{name}/mm/a.c", text)
        write(place, "in/fritz/none", "")
        said = grade_all(root, place, slot)[1]
        has(said, "1 pairs of submissions share half of their lines or more, and 1 submissions share so many with a published", "a line")
        rows = [line.split(",") for line in read(place, "out/similar.csv").splitlines()[1:]]
        equal([["ann", "9", "second.patch", "9", "9", "100"], ["bob", "10", "carl", "9", "7", "77"]], rows, "lines that are shared")
        text = read(place, "out/statistics.txt")
        for part in ("6 submissions, 15 points; 2 of them did not compile or were not graded", "mean 7.5, median 7.5, least 0, most 15",
                     "0 points     3  ###\n", "15 points     3  ###\n",
                     "of the 4 that ran:\n    1   25%  frames taken (10, gain)\n    0    0%  values (5, keep)\n"):
            has(text, part, "statistics")


@case
def an_autograder_is_made():
    """The scripts run here with a tools/lab that only notes its words; tests/labs runs them with the real one."""
    with tempfile.TemporaryDirectory() as place:
        root, fake = tree(place), '#!/bin/sh\nshift 1\necho "$@" >> "$AUTOGRADER/words"\nls "$1" >> "$AUTOGRADER/words"\n' \
            'while [ "$1" != --out ]; do shift; done\nmkdir -p "$2"\necho "{}" > "$2/results.json"\necho "== a: $SAYS" > "$2/second.txt"\n'
        write(root, "tools/lab", fake)
        os.chmod(os.path.join(root, "tools/lab"), 0o755)
        git(root, "commit", "-qam", "a tool")
        write(place, "secret/points.txt", POINTS)
        path, other = os.path.join(place, "a.zip"), os.path.join(place, "b.zip")
        for one in (path, other):
            gradescope.make(root, trees.lab_of(root, "small"), one, os.path.join(place, "secret"), 7)
        with open(path, "rb") as file, open(other, "rb") as more:
            equal(True, file.read() == more.read(), "the same tree makes the same file")
        has(refused(gradescope.make, root, trees.lab_of(root, "small"), path), "there is a file of that name", "twice")
        has(refused(gradescope.make, root, trees.lab_of(root, "small"), path + "2", place), "no points.txt", "no hidden points")
        top = os.path.join(place, "autograder")
        for name in ("source", "submission", "results"):
            os.makedirs(os.path.join(top, name))
        with zipfile.ZipFile(path) as file:
            equal(["faultline.tar", "run_autograder", "setup.sh"], sorted(file.namelist()), "what is in it")
            equal([0o755] * 2, [file.getinfo(name).external_attr >> 16 & 0o777 for name in ("run_autograder", "setup.sh")], "modes")
            file.extractall(os.path.join(top, "source"))

        def script(name, says="OK"):
            if os.path.exists(os.path.join(top, "words")):
                os.unlink(os.path.join(top, "words"))
            done = subprocess.run(["bash", os.path.join(top, "source", name)], capture_output=True, text=True, check=False,
                                  env={**os.environ, "AUTOGRADER": top, "SAYS": says})
            return done.returncode, read(top, "words").splitlines()

        status, (words, listed) = script("setup.sh")
        equal((0, "second.patch"), (status, listed), "a machine that grades right solutions")
        equal(["--area", f"{top}/area", "--lab", "small", "--hidden",
                                                       f"{top}/source/faultline/hidden-points", "--seed", "7"], words.split()[1:3] + words.split()[5:], "its words")
        equal(True, script("setup.sh", "FAIL: no")[0] != 0, "a machine that does not")
        equal("0o700", oct(os.stat(os.path.join(top, "source")).st_mode & 0o777), "who sees the solutions")
        equal(True, os.path.exists(os.path.join(top, "source/faultline/hidden-points/points.txt")), "the hidden points")
        write(top, "submission/my work.patch", SECOND)
        equal("results.patch", script("run_autograder")[1][1], "a patch")
        equal("{}\n", read(top, "results/results.json"), "results")
        write(top, "submission/mm/a.c", "")
        os.unlink(os.path.join(top, "submission/my work.patch"))
        equal("results", script("run_autograder")[1][1], "files")


@case
def submissions_are_found():
    with tempfile.TemporaryDirectory() as place:
        has(refused(grading.submissions_in, place), "has no submissions", "an empty folder")
        has(refused(grading.submissions_in, place + "/no"), "no such folder", "no folder")
        write(place, "ann müller/mm/a.c", "")
        write(place, "bob.patch", "Lab: small\n")
        write(place, "readme.txt", "")
        os.symlink("/", os.path.join(place, "carl"))
        found = grading.submissions_in(place)
        equal(["ann müller", "bob"], [one.name for one in found], "names")
        equal("small", grading.choose_lab(tree(place + "/x"), found, None).name, "the lab")
        write(place, "bob/mm/a.c", "")
        has(refused(grading.submissions_in, place), "the same name: bob", "the same name")


@case
def a_program_is_as_old_as_its_headers():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        write(root, "labs/small/guest/own.h", "\n")
        lab, program = trees.lab_of(root, "small"), os.path.join(place, "t")
        write(place, "t", "")
        sources = build.made_from(lab, lab.path("guest", "t.c"), os.path.join(root, "labs/lib"))
        equal(["lab.h", "own.h", "programs.h", "t.c"], sorted(os.path.basename(name) for name in sources), "sources")
        for source in sources:
            os.utime(source, (1, 1))
        equal(True, build.is_newer(program, sources), "older sources")
        os.utime(lab.path("guest", "own.h"), None)
        os.utime(program, (2, 2))
        equal(False, build.is_newer(program, sources), "a newer header")


def point_of(place, name="frames taken"):
    """Returns a point of the small lab."""
    return choose(Lab(os.path.join(tree(place), "labs/small")).points, [name])[0]


def environment_of(lab, options):
    """Returns QEMU's arguments for a point with these options."""
    return run.environment(run.Place("", "", {}, ({}, "")), Point(f"a | 1 gain | t a | {options} | b", lab))["FAULTLINE_QEMU"]


def judged(point, out, err="", status=0, stopped=""):
    """Returns the Outcome of what a point's program printed."""
    outcome = run.Outcome(point, 1)
    outcome.expected = point.expected(1)
    done = limits.Done(status, out.encode(), err.encode(), stopped)
    run.take(outcome, done)
    run.judge(outcome, done)
    return outcome


@case
def R161_only_right_answers_pass():
    with tempfile.TemporaryDirectory() as place:
        point = point_of(place)
        right = f"result sum {mix(1, 5)}\nresult taken 3\n"
        for text, why, more in (
                (right, "", {}), ("", "taken: no answer", {}), ("all tests passed\nok\n", "taken: no answer", {}),
                (right.replace("taken 3", "taken 4") + "first parent 0x10000\n", "4 taken, 3 allowed; first: parent 0x10000", {}),
                (right.replace(str(mix(1, 5)), "7"), f"sum: 7 came, {mix(1, 5)} expected", {}),
                (right.replace(str(mix(1, 5)), "7") + "first page 3\nfirst page 4\n",
                 "sum: wrong; first: page 3", {}),
                (right + right, "taken: no answer", {}), (right, "no end within 9 s", {"status": None, "stopped": "no end within 9 s"}),
                (right, "kernel panic: cow", {"status": 125, "err": "run.sh: kernel panic: cow\n"}),
                (right, "the program was killed by SIGSEGV", {"status": 139}),
                (right, "the program ended with status 3", {"status": 3}),
                (right + "failed fork: Out of memory\n", "fork: Out of memory", {}),
                ("x" + right, "sum: no answer", {}),
                (right, "no end: it has used up its time on the CPU",
                 {"status": 125, "err": "run.sh: the machine went off with status -24 but the kernel did not say so\n"})):
            outcome = judged(point, text, **more)
            equal((not why, why), (outcome.passed, outcome.why), text[:20])
        values = point_of(place + "/2", "values")
        equal([True, True, False, False],
              [judged(values, text).passed for text in ("result parent 1\n", "result child 2\nresult child 3\n",
                                                        "result child 3\nresult child 2\n", "result child 2\n")], "one of several answers")


@case
def what_the_grader_counts_itself():
    """Lines that are not the program's, kills in the log, and the status; no result of a program stands for these."""
    with tempfile.TemporaryDirectory() as place:
        point = point_of(place)
        point.take_option("stray_lines<=1")
        point.lab.expect.frames = lambda seed, n: {"sum": 1, "kills_in_the_log": 1, "status": 7}
        right, log = "result sum 1\nresult taken 3\n", "[    1.000000] trap: warning: x killed by y\n[    2.000000] y\nrun.sh: z\n"
        for text, err, status, why in (
                (right, log, 7, ""), (right + "stray\n", log, 7, ""), (right + "a\nb\n", log, 7, "2 stray lines, 1 allowed"),
                (right + "result stray_lines 0\na\nb\n", log, 7, "2 stray lines, 1 allowed"),
                (right.replace("\n", "\r\n"), log, 7, "2 stray lines, 1 allowed"),
                (right, "", 7, "kills in the log: 0 came, 1 expected"), (right, log, 0, "status: 0 came, 7 expected"),
                (right + "result status 7\n", log, 0, "status: 0 came, 7 expected")):
            equal(why, judged(point, text, err, status).why, text + err)
        has(report.why(run.Place("", "", {"t": "t"}, ({}, "")), judged(point, right, log, 7)), "stray lines = 0", "what --why shows")


@case
def a_machine_can_have_to_stay_on():
    with tempfile.TemporaryDirectory() as place:
        point, right = point_of(place), "result taken 3\n"
        on = "run.sh: the kernel has ended with status 7, but the machine did not go off"
        equal(on[8:], judged(point, right, on, 125).why, "where that is not expected")
        point.lab.expect.frames = lambda seed, n: {"status": 125, "left_on": 7}
        for err, status, why in ((on + "\n", 125, ""), ("", 7, "status: 7 came, 125 expected"), (on.replace("7", "8"), 125, "left on: 8 came, 7 expected"),
                                 ("run.sh: QEMU ended with status 1 before the kernel said anything", 125, "QEMU ended with status 1 before the kernel said anything"),
                                 (on + "\nrun.sh: no end within 9 s", 124, "no end within 9 s")):
            equal(why, judged(point, right, err, status).why, err)


@case
def a_point_can_have_an_input():
    with tempfile.TemporaryDirectory() as place:
        point = point_of(place)
        equal([], point.input(1), "without the option")
        point.take_option("input")
        point.lab.expect.frames_input = lambda seed, n: [b"%d\n" % seed, b"%d\n" % n]
        equal([b"3\n", b"5\n"], point.input(3), "with it")
        has(report.why(run.Place("", "", {"t": "t"}, ({}, "")), judged(point, "")), "frames_input(1, 5) of ", "what --why shows")
        equal(b"3\n5\n", limits.run(["cat"], 60, pieces=point.input(3)).out, "what a command reads")
        equal(0, limits.run(["true"], 60, pieces=[b"x" * 100000] * 3).status, "a command that does not read")
        equal(["--mem", "64M"], choose([point], [])[0].options, "options")
        point.take_option("machine=sifive_u")
        equal(["--machine", "sifive_u"], point.options[-2:], "the machine")


@case
def a_point_can_have_files():
    with tempfile.TemporaryDirectory() as folder:
        point, program = point_of(folder), os.path.join(folder, "t")
        write(folder, "t", "program")
        place = run.Place("", os.path.join(folder, "build"), {"t": program}, ({}, ""))
        run.make_files(place, point, 3)
        equal((False, False), (os.path.exists(place.made), "/made" in " ".join(run.command(place, point, 3))), "without the option")
        point.take_option("files")
        point.lab.expect.frames_files = lambda seed, n, program: {f"of-{seed}": program * n}
        for seed in (3, 4):
            run.make_files(place, point, seed)
        equal(["of-4"], os.listdir(place.made), "those of the last run only")
        equal("program" * 5, read(place.made, "of-4"), "what is in it")
        has(" ".join(run.command(place, point, 4)), f"--add {place.made}:/made -- /bin/t frames 4 5", "the command")


@case
def a_program_gets_more_segments():
    maker = elf_files.Maker(elf_files.smallest())
    at = maker.put(bytes_of([1, 2]))
    maker.segment(elf_files.R | elf_files.W, 0x40000000, at, 8192, 12288)
    text = maker.file()
    again = elf_files.Maker(text)
    equal([(0, 0x10000), (4096, 0x11000), (at, 0x40000000)], [(one["offset"], one["vaddr"]) for one in again.loaded()[:3]], "segments")
    equal((1).to_bytes(8, "little") + (3).to_bytes(8, "little"), text[at : at + 16], "a page as page_write() makes it")
    equal((2 * 1023).to_bytes(8, "little"), text[-8:], "the last word of one")


@case
def one_of_several_harts_can_be_the_one_that_boots():
    with tempfile.TemporaryDirectory() as place:
        lab = point_of(place).lab
        usual = environment_of(lab, "harts=4")
        equal(environment_of(lab, "mem=64M"), usual, "QEMU's arguments where the firmware chooses")
        equal(["--harts", "4", "--mem", "64M"], Point("a | 1 gain | t a | harts=4 mem=64M | b", lab).options, "options")
        sleeping = environment_of(lab, "machine=sifive_u harts=3 hart=2").removeprefix(usual)
        equal(["loader,addr=0x8000000,cpu-num=1", "loader,addr=0x8000000,cpu-num=3"],
              [word for word in sleeping.split() if "cpu-num" in word], "those that sleep")
        point = Point("a | 1 gain | t a | machine=sifive_u harts=3 hart=2 | b", lab)
        outcome = run.Outcome(point, 1)
        outcome.expected = [{}]
        has(report.why(run.Place("", "", {"t": "t"}, ({}, "")), outcome), f"FAULTLINE_QEMU='{sleeping.strip()}' ./run.sh", "with gdb")
        equal(usual, environment_of(lab, "machine=sifive_u hart=1"), "the only one")
        for options in ("hart=1", "machine=virt hart=1", "machine=sifive_u hart=2", "machine=sifive_u harts=2 hart=3", "harts=two",
                        "machine=sifive_u hart=x", "machine=sifive_u hart=-1"):
            try:
                Point(f"a | 1 gain | t a | {options} | b", lab)
                raise AssertionError(f"'{options}' is taken")
            except Wrong as wrong:
                has(str(wrong), "points.txt: a: ", options)


@case
def keep_counts_once_a_gain_passes():
    with tempfile.TemporaryDirectory() as place:
        gain, keep = (run.Outcome(point, 1) for point in Lab(os.path.join(tree(place), "labs/small")).points)
        keep.passed, gain.why = True, 'a <wrong> "answer"\0'
        equal((0, 15), report.score([gain, keep]), "without a gain")
        has(report.summary([gain, keep]), "it counts once a gain passes", "the summary")
        root = ElementTree.fromstring(report.as_junit("small", [gain, keep]))
        equal(["1", 'a <wrong> "answer"'], [root.get("failures"), root.find("testcase/failure").get("message")], "JUnit")
        has(report.as_json("small", 1, [gain, keep]), '"max_score": 15', "JSON")
        gain.passed = True
        equal((15, 15), report.score([gain, keep]), "with one")
        equal("== frames taken (10): OK", report.line(gain), "a line")


@case
def the_command_that_explains_a_failure_can_be_pasted():
    with tempfile.TemporaryDirectory() as place:
        lab = Lab(os.path.join(tree(place), "labs/small"))
        for name in ("one", "frames taken", "the file's bytes", 'a "name" of $HOME'):
            lab.points[0].name = name
            said = io.StringIO()
            with redirect_stdout(said):
                commands.conclude(lab, lab.points, [run.not_run(point, "") for point in lab.points], "", 7)
            line = said.getvalue().split("\n")[0]
            equal(["./grade", "--why", name, "--seed", "7"], shlex.split(line.rpartition(": ")[2].rstrip(")")), line)


BUGS = """right | 2 must | tests/mine/mine | mem=64M | no bug
bug one | 3 gain | tests/mine/mine | mem=64M bug=x | a bug
"""
BUG = "It is wrong in this very place.\nA user sees something else there.\n\n" + START.replace("copies", "is_wrong")


def lab_of_bugs(place):
    """Makes a lab in which tests have to find bugs, of which students know one; returns (the tree, the lab)."""
    root = tree(place)
    write(root, "tests/mutants/x.patch", BUG)
    write(root, "labs/small/points.txt", BUGS)
    write(root, "labs/small/hidden/points.txt", BUGS.splitlines()[1].replace("one", "two").replace("=x", "=y") + "\n")
    write(root, "labs/small/hidden/bugs/y.patch", BUG.replace("is_wrong", "also_wrong"))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "bugs")
    return root, trees.lab_of(root, "small")


@case
def students_tests_have_to_find_bugs():
    with tempfile.TemporaryDirectory() as place:
        root, lab = lab_of_bugs(place)
        right, one, two = trees.points_of(lab)
        good, bad = "1..2\nok 1 - a\nok 2 - b\n", "1..2\nok 1 - a\n# line 7\nnot ok 2 - b\n"
        panic = b"run.sh: kernel panic: it is wrong\n"
        for text, status, stopped, err, says, found in (
                (good, 0, "", b"", "", False), (bad, 1, "", b"", "'b' fails", True),
                (good, 3, "", b"", "ended with status 3", False), ("", 0, "", b"", "0 tests of no plan ran", False),
                ("1..0\n", 0, "", b"", "0 tests of 0 ran", False), ("1..3\n" + good[5:], 0, "", b"", "2 tests of 3 ran", False),
                (good, 139, "", b"", "killed by SIGSEGV", False), (good, None, "no end within 3 s", b"", "no end", True),
                (good[:10], 124, "", b"run.sh: no end within 3 s\n", "no end", True), (good, 125, "", panic, "kernel panic", True)):
            outcomes = [run.Outcome(point, 0) for point in (right, one)]
            for outcome in outcomes:
                run.judge_tests(outcome, limits.Done(status, text.encode(), err, stopped))
            equal([not says, found], [outcome.passed for outcome in outcomes], "passes without the bug, with it: " + says)
            has(outcomes[0].why, says, "why not")
            has(report.line(outcomes[1]), f"OK ({outcomes[1].found})" if found else "FAIL: no test fails", "the line")
        outcomes[0].passed = False
        place_without_hosts = run.Place("", "", {}, ({}, ""))
        equal([False, True, True], [run.unfit(place_without_hosts, point, outcomes[:1]) != "" for point in (right, one, two)], "what is not run")
        outcomes[1].passed = True
        equal((0, 5), report.score(outcomes), "a test that fails on the right kernel")
        outcomes[0].passed = True
        equal((5, 5), report.score(outcomes), "tests that find a bug")
        student = os.path.join(place, "student")
        start(root, student)
        names = git(student, "ls-files").split("\n")
        equal([True, False, []],
              ["lab/bugs/x.patch" in names, "lab/bugs/y.patch" in names, [name for name in names if "hidden" in name]], "what students get")
        points = Lab(os.path.join(student, "lab"), "small").points
        equal(["right", "bug one"], [point.name for point in with_musts(points, choose(points, ["bug"]))], "what one bug needs")


@case
def what_does_not_compile_for_the_host_costs_those_points_only():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        write(root, "labs/small/points.txt", POINTS.replace("icount", "host"))
        points = Lab(os.path.join(root, "labs/small")).points
        where = run.Place("", "", {}, ({}, "x.c:1: error: y"))
        equal(["", "mm/ does not compile for this computer: x.c:1: error: y"], [run.unfit(where, point, []) for point in points],
              "what is not run")
        host = next(point for point in points if point.on_host)
        equal(f"mm/ does not compile for this computer (see '{host.name}')", run.unfit(where, host, [run.not_run(host, "x")]),
              "the errors are shown once")


@case
def a_person_sees_how_far_a_build_is():
    for terminal, expected in ((True, "\rgrade: building, step 1 of 300\33[K\rgrade: building, step 300 of 300\33[K\r\33[K"),
                               (False, "grade: building in 300 steps\n")):
        said = io.StringIO()
        said.isatty = lambda: terminal
        with redirect_stderr(said):
            progress = build.Progress("grade")
            for text in (b"ninja: Entering\n[1/300] a\n", b"more\n", b"[299/300] b\n[300/300] c\n"):
                progress.take(text)
            progress.end()
            progress.take(b"[3/3] little to do\n")
            progress.end()
        equal(expected, said.getvalue(), "what is shown")


@case
def a_submission_has_so_much_time():
    """Of processors, and in machines that hang."""
    with tempfile.TemporaryDirectory() as place:
        slot, real = slot_of(tree(place), place), run.run
        slot.build_all = lambda *_: ({}, "")
        points = [point_of(place + "/2")] * 9

        def graded(cpu, idle):
            def fake(_place, point, _seed):
                used.cpu, used.idle = used.cpu + cpu, used.idle + idle
                return run.not_run(point, "ran")

            used, run.run = limits.Used(), fake
            try:
                with limits.counting(used):
                    return [one.why for one in slot.grade(points, slots.Common(place), 1)[0]]
            finally:
                run.run = real

        equal(["ran"] * 9, graded(1, 1), "little")
        equal(["ran"] * 3 + ["not run: the submission's machines have hung for 60 s"] * 6, graded(1, 20), "a kernel that hangs")
        equal(["ran"] * 6 + ["not run: the submission has used 60 s of CPU"] * 3, graded(10, 0), "one that loops")


@case
def kernels_with_bugs_are_built_once():
    with tempfile.TemporaryDirectory() as place:
        root, lab = lab_of_bugs(place)
        seen = []

        def fake(made, targets, **_):
            seen.append(read(root, "mm/a.c"))
            write(made, targets[0], seen[-1])

        patches, real, made = bugs_of(trees.points_of(lab), root), build.kernel, os.path.join(place, "made")
        try:
            build.kernel = fake
            for _ in range(2):
                found = bugs.kernels(root, patches, os.path.join(place, "kernels"), made, ["mm/b.c"])
                write(root, "mm/b.c", "int of_student;\n")
            equal(["int a;\nint is_wrong;\nint z;\n", "int a;\nint also_wrong;\nint z;\n"], [read(path) for path in found.values()],
                  "kernels")
            equal([read(path) for path in found.values()], seen, "what was built")
            equal("int a;\nint shares;\nint z;\n", read(root, "mm/a.c"), "the source afterwards")
            write(root, "mm/a.c", "int a;\nint shares;\nint zz;\n")
            has(refused(bugs.kernels, root, patches, os.path.join(place, "kernels"), made), "the bug x cannot be put", "no fit")
        finally:
            build.kernel = real


@case
def R161_nothing_but_files_is_read_of_submissions():
    with tempfile.TemporaryDirectory() as place:
        for name in ("tree", "linked", "waits/lab"):
            os.makedirs(os.path.join(place, name))
        write(place, "tree/lab/name", "small\n")
        os.symlink("../tree/lab", os.path.join(place, "linked/lab"))
        for name in ("waits/lab/name", "waits.patch"):
            os.mkfifo(os.path.join(place, name))
        equal([("linked", None), ("tree", "small"), ("waits", None)],
              [(one.name, one.lab_name()) for one in grading.submissions_in(place)], "submissions, and the labs that they name")


@case
def commands_are_limited():
    with tempfile.TemporaryDirectory() as place:
        def limited(script, seconds=30, strict=True):
            used = limits.Used()
            with limits.counting(used):
                done = limits.run(["sh", "-c", script], seconds, limits.Limits(strict, [place]), cwd="/")
            return done, used

        done, used = limited("echo out; echo err >&2; exit 3")
        equal((3, b"out\n", b"err\n", ""), (done.status, done.out, done.err, done.stopped), "a command")
        equal(True, used.memory > 0, "what it used is known")
        has(limited("yes")[0].stopped, "KiB of output", "a flood")
        equal(limits.OUTPUT_BYTES, len(limited("yes")[0].out), "what is kept of it")
        has(limited("while :; do :; done & sleep 1000", 1)[0].stopped, "no end within 1 s of processor time", "a loop")
        kept, limits.IDLE = limits.IDLE, 1
        done, used = limited("sleep 1000 & sleep 1000")
        limits.IDLE = kept
        equal(("no end: nothing ran for 1 s", True), (done.stopped, 1 < used.idle < 5), "a hang")
        equal(True, limited("kill -SEGV $$")[0].status in (-11, 139), "a signal")  # bwrap says it as a shell does
        has(limited("ulimit -t; ulimit -c", strict=True)[0].out.decode(), f"{limits.CPU_SECONDS}\n0\n", "limits")
        shown = limits.Limits(True, [place], [os.path.join(place, "a lab without host programs")])
        equal(0, limits.run(["true"], 30, shown, cwd="/").status, "a folder to show that is not there")
        equal("/no/such did not start: No such file or directory", limits.run(["/no/such"], 5).stopped, "no command")


@case
def only_the_compiler_s_lines_are_shown():
    text = ("ninja: Entering directory `x'\n[1/3] Compiling\nFAILED: a.o\nriscv64-linux-gnu-gcc -c a.c\n../mm/a.c:3: warning: x\n"
            "../mm/a.c:4:2: error: no\n    4 | x\n[2/3] more\nninja: build stopped\n")
    equal("mm/a.c:4:2: error: no\n    4 | x", build.errors_of(text), "what is shown")
    has(build.errors_of("a: error: b\n" * 99), "\n...", "much of it")


@case
def R160_what_a_start_tree_passes_and_fails():
    """Each tree is judged by the points that it gets: a start, a right solution, and a wrong one."""
    with tempfile.TemporaryDirectory() as place:
        points = [point_of(place, "frames taken"), point_of(place + "/2", "values")]
        equal(["gain", "keep"], [point.kind for point in points], "kinds")

        def said(kind, *passed, patch=None):
            outcomes = [run.Outcome(point, 1) for point in points]
            for outcome, good in zip(outcomes, passed):
                outcome.passed, outcome.why = good, "" if good else "no"
            return check.Variant("a", kind, patch, ["frames taken"] if patch else ()).verdict(outcomes, "")

        equal([], said("start", False, True), "a start")
        equal(["frames taken (gain): passes"], said("start", True, True), "a start that has a solution")
        equal(["values (keep): no"], said("start", False, False), "a start that breaks something")
        equal([], said("reference", True, True), "a solution")
        equal(1, len(said("reference", False, True)), "a solution without a point")
        equal([], said("earlier", False, True), "the start of an earlier lab")
        equal(["it gets the points of 'frames taken'"], said("earlier", True, False), "one that has the solution")
        equal([], said("second", False, True, patch="bad.patch"), "a wrong solution")
        equal(["it gets the points of 'frames taken'"], said("second", True, True, patch="bad.patch"), "one that gets all points")


@case
def a_lab_s_mistakes_are_found():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)

        def found():
            said = io.StringIO()
            with redirect_stdout(said):
                status = check.check(root, argparse.Namespace(names=[], patches=True, commit=False, seed=1))
            return status, said.getvalue()

        status, text = found()
        equal(1, status, "status")
        has(text, "second.patch adds 1 lines, not 60 to 150", "a short solution")
        has(text, "# fewer than 8\nnot ok 6", "few wrong solutions")
        lacks(text, "bad: ", "the one that fits")
        has(text, "answers.md answers 1 of 2 questions", "answers")
        os.unlink(os.path.join(root, "labs/small/answers.md"))
        has(found()[1], "there is no answers.md", "no answers")
        has(text, "ok 1 - small: at most a third of the points is there from the start", "a third")
        write(root, "labs/small/points.txt", POINTS.replace("5 keep", "6 keep"))
        has(found()[1], "# 6 of 16 points are of the kind keep, which is more than a third\nnot ok 1", "more than a third")
        write(root, "labs/small/points.txt", POINTS)
        write(root, "labs/small/guest/t.c", 'int main(void) { result("status", 1); }\n')
        has(found()[1], "t.c has a result named status, which the grader counts itself", "a name that is taken")
        write(root, "labs/small/wrong/silent.patch", SECOND)
        write(root, "labs/small/wrong/gone.patch", WRONG.replace("int a;", "int q;"))
        write(root, "labs/small/files.txt", "mm/b.c\nmm/none.c\n")
        text = found()[1]
        for part in ("silent: no header of two lines", "gone: git apply: ", "bad: it changes mm/a.c, which is not in files.txt",
                     "files.txt: mm/none.c: no such file", "files.txt lacks mm/a.c, which start.patch changes"):
            has(text, part, "what is wrong")
        write(root, "labs/small/points.txt", POINTS.replace("10 gain", "10 win"))
        has(refused(trees.lab_of, root, "small"), "'10 win' is not a number and one of gain, keep, must", "a point")
        write(root, "labs/small/points.txt", POINTS.replace("icount", "icount=3"))
        has(refused(trees.lab_of, root, "small"), "'icount=3' is neither an option nor a limit", "an option")
        write(root, "labs/small/points.txt", POINTS.replace("icount", "swap_reads=0"))
        has(refused(trees.lab_of, root, "small"), "'swap_reads=0' is neither an option nor a limit", "a disk that never reads")


@case
def R160_what_a_handout_names_is_there():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        lab, at_start = trees.lab_of(root, "small"), os.path.join(place, "start")
        trees.solution(root, lab, "start", at_start)
        write(root, "mm/b.c", "int b_look(void) { return fault->prepared; }\n")
        write(root, "tools/lab", "int left_out;\n")
        there = handout.Tree(root, lab, at_start)
        for text, mistakes in (
                ("`copies`, `mm/a.c`, `b_look()`, `fault->prepared`, `also_shares`, `make -j`, `copyout()`, `build/x`, `other/y`", []),
                ("`b_looks()` and `b_gone`", ["b_gone is nowhere", "b_looks() is nowhere"]), ("`fault->source`", ["fault->source is nowhere"]),
                ("`left_out`", ["left_out is nowhere"]), ("`mm/c.c`", ["mm/c.c: no such file"]),
                ("1. Do. *Tests:* `frames taken`,\n   `values`. If `none` is done.\n2. *测试：*`frames taken`。`nil`\n", []),
                ("1. Do. *Test:* `frames are\n   taken`.\n2. Go on.", ["no test is called 'frames are taken'"])):
            equal(mistakes, handout.mistakes_in(text, there, {"frames taken", "values"}), text)


@case
def R160_what_each_commit_shows_of_a_lab():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        write(root, "labs/small/points.txt", "a | 1 keep | t frames | host | x\nb | 1 gain | t frames | host | x\nc | 1 gain | t frames | | x\n"
              "d | 1 gain | t frames | kernel=hardened | x\ne | 1 keep | t frames | | x\n"
              + "".join(f"f{n} | 1 gain | t frames | machine=spike | x\n" for n in range(6)))
        lab = trees.lab_of(root, "small")
        names = [[point.name for point in commit.chosen_of_start(lab.points, number)] for number in range(4)]
        equal([["a", "b", "c", "e", "f0", "f4"], ["a", "b", "c", "e", "f1", "f5"], ["a", "b", "c", "e", "f2"], ["a", "b", "c", "e", "f3"]], names,
              "of a start tree")
        seen = {tuple(point.name for point in commit.chosen_of_second(lab.points, number)) for number in range(8)}
        equal({("a", "b", name) for name in ("c", "e", *(f"f{n}" for n in range(6)))}, seen, "of the second solution, one after the other")
        outcomes = [run.not_run(point, "no") for point in lab.points[:3]]
        equal(["a (keep): no"], commit.start_is_wrong(outcomes), "a start tree that does not link what runs on this computer")
        for outcome in outcomes[:2]:
            outcome.passed, outcome.why = True, ""
        equal(["b (gain): passes"], commit.start_is_wrong(outcomes), "one that has a solution")


@case
def R160_a_lab_that_is_broken_fails_with_the_commit():
    """A patch that does not fit, a kernel that does not compile, and programs for this computer that do not link."""
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        git(root, "commit", "-q", "--allow-empty", "-m", "another")
        real = build.kernel, build.host_programs, build.guests, run.run, area.run
        os.environ.pop("FAULTLINE_BUILD", None)  # the build of another tree
        reasons = {}

        def kernel(_build, targets=(), **_more):
            if "kernel" in reasons and "copies" in read(place, "area/commit/tree/mm/a.c"):
                raise build.Broken(reasons["kernel"])

        def ran(_place, point, _seed, seconds):
            outcome = run.not_run(point, "no")
            text = read(place, "area/commit/tree/mm/a.c")
            outcome.passed = point.kind == "keep" or "share" in text
            return outcome

        def found(**why):
            reasons.clear()
            reasons.update(why)
            tap, said = check.Tap(), io.StringIO()
            with redirect_stdout(said):
                commit.check(root, ["small"], os.path.join(place, "area"), 1, tap)
            return tap.failed, said.getvalue()

        try:
            build.kernel, build.guests, run.run, area.run = kernel, lambda *_: {}, ran, lambda *_: True
            build.host_programs = lambda *_: ({}, reasons.get("hosts", ""))
            failed, text = found()
            equal((0, 3), (failed, text.count("\nok ")), "a good lab: " + text)
            has(text, "# commit number 2, seed 1", "its number")
            equal(0, found()[0], "once more")
            has(found(kernel="a.c:1: error: x")[1], "# a.c:1: error: x\nnot ok 2 - small: the start tree", "a kernel that does not compile")
            has(found(hosts="undefined reference")[1], "# undefined reference\n", "what the labs have in common")
            write(root, "labs/small/second.patch", SECOND.replace("-int copies", "-int copied"))
            has(found()[1], "# git apply: error", "a patch that does not fit")
        finally:
            build.kernel, build.host_programs, build.guests, run.run, area.run = real


@case
def a_folder_is_renewed():
    with tempfile.TemporaryDirectory() as place:
        kept, here = os.path.join(place, "kept"), os.path.join(place, "here")
        for name in ("a", "b/c", "b/d/e"):
            write(kept, name, name)
        slots.renew(kept, here)
        inode = os.stat(os.path.join(here, "a")).st_ino
        write(here, "b/c", "longer than before")
        write(here, "new/file", "x")
        write(here, "b/more", "x")
        shutil.rmtree(os.path.join(here, "b/d"))
        slots.renew(kept, here)
        equal((["a", "b"], ["c", "d"], "b/c", "b/d/e"), (sorted(os.listdir(here)), sorted(os.listdir(here + "/b")), read(here, "b/c"), read(here, "b/d/e")),
              "what is there")
        equal((inode, os.stat(kept + "/b/c").st_mtime_ns), (os.stat(here + "/a").st_ino, os.stat(here + "/b/c").st_mtime_ns), "what stays, and times")


@case
def a_swap_disk_is_as_slow_as_a_point_wants():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        write(root, "labs/small/points.txt", POINTS.replace("icount", "swap=64M swap_reads=3"))
        usual, slow = trees.lab_of(root, "small").points
        here = run.Place(root, os.path.join(place, "build"), {"t": "/t"}, ({}, ""))
        slowly = "-set drive.disk.throttling.iops-read=3"
        has(run.environment(here, slow)["FAULTLINE_QEMU"], slowly, "what QEMU gets")
        lacks(run.environment(here, usual)["FAULTLINE_QEMU"], "throttling", "what it gets for another point")
        equal({"FAULTLINE_QEMU": slowly}, run.variables(here, slow), "what a person sets")
        equal({}, run.variables(here, usual), "what a person sets for another point")
        has("\n".join(report.with_gdb(here, run.not_run(slow, ""))), f"FAULTLINE_QEMU='{slowly}' ./run.sh --gdb", "with gdb")
        slow.take_option("only_word=poweroff=reboot")
        has(run.environment(here, slow)["FAULTLINE_QEMU"], slowly + " -append poweroff=reboot", "a command line of one word")


STRICT_REPORT = """strict: finding 1: an old translation is left at the return to user mode
strict:   address 0x3ffffff000, ASID 0
strict:   the tables have: frame 0x822bc000, R for user mode, dirty
strict:   changed at pc 0xffffffff8021ac6e, in entry_cas() at entry.h:168 < cow_protect() at fork_space.c:44
strict:   hart 0, seed 7, found at pc 0xffffffff80200248, in user_leave() at entry.S:159
strict: finding 2: a page table was unlinked without a fence for all addresses
"""


@case
def a_point_runs_on_the_strict_machine():
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        write(root, "labs/small/points.txt", POINTS.replace("icount", "icount strict"))
        usual, strict = trees.lab_of(root, "small").points
        equal([False, True], ["tools/strict/strict.elf" in build.targets_of(ROOT, [point]) for point in (usual, strict)], "what is built")
        here = run.Place(root, os.path.join(place, "build"), {"t": "/t"}, ({}, ""))
        lacks(" ".join(run.command(here, usual, 7)), "--strict", "another point")
        has(" ".join(run.command(here, strict, 7)), "--icount --strict 7 --add", "the point")
        has(" ".join(run.command(here, strict, (1 << 63) - 1)), f"--strict {((1 << 63) - 1) % 10**9} ", "a seed that is not too long")
        answers = "result parent 1\n"

        def judged(point, log, status=0):
            outcome = run.Outcome(point, 7)
            outcome.expected = point.expected(7)
            done = limits.Done(status, answers.encode(), log.encode())
            run.take(outcome, done)
            run.judge(outcome, done)
            return outcome

        equal((True, ""), (judged(strict, "").passed, judged(strict, "").why), "no report")
        found = judged(strict, STRICT_REPORT, 86)
        equal((False, "a fence is missing: an old translation is left at the return to user mode; the entry was changed in "
               "entry_cas() at entry.h:168 < cow_protect() at fork_space.c:44"), (found.passed, found.why), "a report")
        for line in STRICT_REPORT.splitlines():
            has(report.why(here, found), "    " + line, "all of it")
        unknown = judged(strict, STRICT_REPORT.replace(", in entry_cas() at entry.h:168 < cow_protect() at fork_space.c:44", ""))
        equal("a fence is missing: an old translation is left at the return to user mode", unknown.why, "no place, and another status")
        equal("the program ended with status 86", judged(usual_like(strict), STRICT_REPORT, 86).why, "a point that is not strict")


def usual_like(point):
    """Returns the same point on the usual machine."""
    return Point("values | 5 keep | t values 5 | icount | it is right", point.lab)


# ---- films ----

PRIVATE = 1 | 3 << 2 | 3 << 5 | 2 << 8 | 0x80123 << 16  # present, rw, A and D
FILL, COW = 5, 7
SIGSEGV = 11


def of_name(text):
    """Returns the words of a name in a record."""
    return tuple(int.from_bytes(text.encode().ljust(32, b"\0")[at:at + 8], "little") for at in range(0, 32, 8))


def fault(pid, va, kind=FILL, result=0):
    """Returns the record of a fault that is over: a write."""
    return file.FAULT, 0, 2 | kind << 8, 1, pid, pid, 900, 0, 0x10400, va, 0, result & 0xFFFF


def mark(pid, text):
    """Returns the record of a mark that a grading program makes."""
    return file.MARK, 0, 0, 1, pid, pid, len(text), 0, *of_name(text)


RUNS = [(file.EXEC, 0, 0, 1, 2, 2, 0, 0, *of_name("t")), fault(2, 0x1000), (file.BEGIN, 0, 0, 2, 2, 2, 0, 0, 3, 3, 0, 0), fault(3, 0x2000),
        fault(3, 0x3000, COW)]
KILLED = (file.END, 0, 1, 1, 3, 3, SIGSEGV, 0, 3, 3, 0, 0)


def put_recording(path, records):
    """Writes a recording of these records."""
    with open(path, "wb") as out:
        out.write(file.HEADER.pack(file.MAGIC, file.VERSION, file.LINE.size, file.COUNTED, 1000000))
        for number, record in enumerate([*records, (file.CLOSED, 0, 0, 0, 0, 0, 0, 0, len(records), 0, 0, 0)], 1):
            out.write(file.pack(number, *record))


def moment(place, point, records, out):
    """Returns the number of the fault at which the film of such a run opens."""
    path = os.path.join(place, "recording")
    put_recording(path, records)
    watch = filming.Watch("/nowhere/t")
    watch.read(file.Recording(path))
    found = watch.moment(judged(point, out))
    return found.number if found else None


@case
def R160_a_film_opens_where_the_test_noticed_it():
    with tempfile.TemporaryDirectory() as place:
        point = point_of(place)
        right, wrong = f"result sum {mix(1, 5)}\n", "result sum 7\n"
        later = fault(3, 0x4000)
        for name, records, out, number in (
                ("the first value that is wrong", [*RUNS, mark(3, "result sum"), later], wrong + "result taken 3\n", 3),
                ("a value that is too large", [*RUNS[:4], mark(3, "result sum"), RUNS[4], mark(3, "result taken"), later],
                 right + "result taken 9\n", 3),
                ("where the program says so", [*RUNS[:4], mark(3, "first page 3 of 4"), RUNS[4], mark(3, "result sum")], wrong, 2),
                ("what has killed it", [*RUNS, fault(3, 0, 0, SIGSEGV), KILLED, fault(2, 0x9000)], right, 4),
                ("the last one before the end", [*RUNS, fault(2, 0x9000)], right, 3),
                ("of a machine that ended early", RUNS[:2], "", 1), ("without a fault", RUNS[:1], "", None)):
            equal(number, moment(place, point, records, out), name)


@case
def R160_a_point_is_judged_before_it_is_filmed():
    """The run that counts has no recorder, and the other one has the same seed and the same program."""
    ran = []

    def runs(words, *_more, **_others):
        ran.append(words)
        if "--record" in words:
            put_recording(words[words.index("--record") + 1], RUNS)
            write("/", words[words.index("--film") + 1], "a film")
        return limits.Done(0, b"result sum 7\nresult taken 3\n", b"")

    with tempfile.TemporaryDirectory() as place:
        point = point_of(place)
        where = run.Place(place, os.path.join(place, "build"), {"t": "/nowhere/t"}, ({}, ""))
        usual, limits.run = limits.run, runs
        try:
            outcome = run.run(where, point, 7, True)
            said = commands.explain(where, outcome, 7, run.SECONDS)
        finally:
            limits.run = usual
        equal([False, True], ["--record" in words for words in ran], "what is recorded")
        equal(ran[0][ran[0].index("--"):], ran[1][ran[1].index("--"):], "the program and its seed")
        has(said, "film      build/film/frames-taken.html, opens at fault 3: write at 0x3000 in t[3], COW", "the film")
        has(said, "/build/film/frames-taken.html#fault=3", "a link")
        outcome.passed = True
        lacks(commands.explain(where, outcome, 7, run.SECONDS), "film", "a point that passes")


@case
def why_there_is_no_film_is_said():
    with tempfile.TemporaryDirectory() as place:
        lab = Lab(os.path.join(tree(place), "labs/small"))
        for options, why in (("mem=64M", ""), ("machine=virt", ""), ("host", "this computer"), ("icount strict", "strict machine"),
                             ("machine=sifive_u", "board virt"), ("only_word=a=b", "command line")):
            said = filming.why_not(Point(f"a | 1 gain | t a | {options} | b", lab))
            equal(not why, not said, options)
            has(said, why, options)


@case
def the_films_of_labs_are_right():
    """Those of this tree, and mistakes in such a list."""
    found = {lab.name: films.films_of(lab) for lab in (trees.lab_of(ROOT, name) for name in trees.labs_of(ROOT))}
    equal(True, {"cow", "lazy", "elf", "first-fault"} <= {name for name, those in found.items() if those}, "labs with films")
    for those in found.values():
        for one in those:
            equal(True, one.point.program in one.lab.programs("guest") and "--icount" in one.point.options, one.name)
    with tempfile.TemporaryDirectory() as place:
        root = tree(place)
        for line, says in (("a | t frames 5 | mem=64M | bad | b", ""), ("a | t frames 5 | mem=64M | none | b", "neither 'start' nor"),
                           ("a | t frames 5 | b", "not 5 fields"), ("a | t frames 5 | machine=sifive_u | | b", "only the board virt")):
            write(root, "labs/small/films.txt", line + "\n")
            lab = trees.lab_of(root, "small")
            if says:
                has(refused(films.films_of, lab), says, line)
            else:
                equal(["second", "bad"], films.films_of(lab)[0].solutions(), "a film of two")


@case
def R160_a_recording_that_misses_a_change_is_found():
    def entry_of(frame):
        return PRIVATE & 0xFFFF | frame << 16

    def change(before, after, access=2):
        return file.ROUND, 0, 1 << COW, 1, 3, 3, access, 0, 0x2000, before, after, 0

    with tempfile.TemporaryDirectory() as place:
        path = os.path.join(place, "recording")
        for records, says in (([change(0, entry_of(1)), fault(3, 0x2000), change(entry_of(1) & ~(3 << 5), entry_of(2)), fault(3, 0x2000)], ""),
                              ([change(0, entry_of(1)), fault(3, 0x2000), change(entry_of(3), entry_of(2)), fault(3, 0x2000)], "record 3: 0x2000 is "),
                              ([change(0, entry_of(1), 2 | file.COPY), (*change(0, entry_of(2))[:8], 0x3000, 0, entry_of(2), 0),
                                fault(3, 0x3000)], "has no end"),
                              ([change(0, entry_of(1)), fault(3, 0x2000), fault(3, 0x3000)], "0x3000 has no round"),
                              ([change(0, entry_of(1))], "no fault is in it")):
            put_recording(path, records)
            said = "\n".join(films.mistakes_in(file.Recording(path)))
            equal(not says, not said, said)
            has(said, says, says)


@case
def paths_are_of_the_folder_where_they_were_typed():
    with tempfile.TemporaryDirectory() as place:
        for name in ("lab", "grader", "labs", "mutation", "recording", "runner", "structure", "turn.py"):
            (shutil.copytree if os.path.isdir(os.path.join(TOOLS, name)) else shutil.copy)(os.path.join(TOOLS, name), os.path.join(place, name))
        root = tree(place, "teacher")
        for name in os.listdir(place):
            if name != "teacher":
                os.makedirs(os.path.join(root, "tools"), exist_ok=True)
                shutil.move(os.path.join(place, name), os.path.join(root, "tools", name))
        shutil.copy(os.path.join(TOOLS, "context_patch.py"), os.path.join(root, "tools"))
        done = subprocess.run([sys.executable, os.path.join(root, "tools/lab"), "start", "small", "mine"], cwd=place, capture_output=True, text=True, check=False)
        equal((0, ""), (done.returncode, done.stderr.replace("lab: changes that are not committed are left out: tools/lab\n", "")), "a start")
        equal("small\n", read(place, "mine/lab/name"), "where it is")


@case
def a_student_packs_and_gets_hints():
    with tempfile.TemporaryDirectory() as place:
        student = os.path.join(place, "student")
        start(tree(place), student)
        for name in ("grader", "recording", "runner", "structure"):
            shutil.copytree(os.path.join(TOOLS, name), os.path.join(student, "tools", name), dirs_exist_ok=True)
        shutil.copy(os.path.join(TOOLS, "context_patch.py"), os.path.join(student, "tools"))

        def runs(*words):
            done = subprocess.run(words, cwd=student, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr

        equal((0, "There are 3 hints: ./hint 1 shows the first.\n"), runs("./hint"), "no number")
        equal((0, "second\n"), runs("./hint", "2"), "a hint")
        equal((2, "hint: there are 3 hints, from 1 to 3\n"), runs("./hint", "9"), "no such hint")
        has(runs("./pack")[1], "pack: there is nothing to hand in", "no change")
        write(student, "mm/a.c", "int a;\nint mine;\nint z;\n")
        write(student, "mm/b.c", "int other;\n")
        status, said = runs("./pack")
        equal(0, status, said)
        has(said, "It does not have mm/b.c", "what is left out")
        text = read(student, "small.patch")
        has(text, "Lab: small\n", "the patch")
        has(text, "+int mine;", "the patch")
        lacks(text, "other", "the patch")
        equal("frames taken (10, gain): it shares", runs("./grade", "--list")[1].split("\n")[0], "a list")
        has(runs("./grade", "nothing like it")[1], "grade: no test is named 'nothing like it'", "an unknown test")


@case
def help_says_what_there_is():
    done = subprocess.run([os.path.join(TOOLS, "lab"), "--help"], capture_output=True, text=True, check=False)
    equal(0, done.returncode, "status")
    for word in ("start NAME DIR", "update", "check", "grade-all DIR", "--hidden", "--again", "gradescope NAME FILE.zip", "films DIR"):
        has(done.stdout, word, "the help")


main()
