#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/lab grade-all with submissions that are right, wrong, and mean harm: nothing but right answers gives points (R161)."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests/system")]

from labs import trees  # noqa: E402
from lib.tap import case, equal, has, main  # noqa: E402

FORK = "mm/verbs/fork_space.c"
HEAD = "int vm_fork(struct space *parent, struct space *child)\n"
RESULTS = {}  # of all submissions: they are graded together, once
HIDDEN = "a hidden one | 5 gain | hidden answer 3 | mem=64M | nobody sees it\n"
MOST = 105  # with the hidden one, which any kernel that boots passes


def put(folder, name, text):
    """Writes a file of a submission."""
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text)


def with_body(body, before=""):
    """Returns fork_space.c of the start, in which vm_fork() has another body."""
    with tempfile.TemporaryDirectory() as folder:
        trees.solution(ROOT, trees.lab_of(ROOT, "cow"), "start", folder)
        with open(os.path.join(folder, FORK), encoding="utf-8") as file:
            text = file.read()
    return (before + text.replace(HEAD, HEAD + "{\n" + body + "\treturn 0;\n}\n\n" + HEAD.replace("int vm", "int other"))
            + "\nint other_fork(struct space *parent, struct space *child);\n").encode()


def submissions(folder):
    """Makes the submissions."""
    right = os.path.join(folder, "right")
    trees.solution(ROOT, trees.lab_of(ROOT, "cow"), "second", right)
    for name in trees.lab_of(ROOT, "cow").files():
        with open(os.path.join(right, name), "rb") as file:
            put(os.path.join(folder, "crlf"), name, file.read().replace(b"\n", b"\r\n"))
    put(os.path.join(folder, "nothing"), "notes.txt", b"I was ill\n")
    for name, files in {"hangs": with_body("\tfor (;;)\n\t\t;\n"), "panics": with_body("\tpanic(\"cow\");\n"),
                        "floods": with_body("\tfor (;;)\n\t\tlog_warn(\"x\", \"result child 1\");\n", '#include "base/log.h"\n'),
                        "refuses": with_body("\treturn -ENOMEM;\n"), "broken": b"int vm_fork(\n"}.items():
        put(os.path.join(folder, name), FORK, files)
    put(os.path.join(folder, "meson"), "meson.build", b"project('mine', 'c')\n")
    put(os.path.join(folder, "meson"), "lab/points.txt", b"all of it | 100 gain | cow answer 1 | mem=64M | nothing\n")
    os.makedirs(os.path.join(folder, "link/mm"))
    os.symlink("/etc/passwd", os.path.join(folder, "link/mm/cow.c"))
    shutil.copytree(os.path.join(folder, "right"), os.path.join(folder, "aside"))
    shutil.move(os.path.join(folder, "aside/mm"), os.path.join(folder, "aside/other"))
    os.symlink("../right/mm", os.path.join(folder, "aside/mm"))


def hidden(folder):
    """Makes a folder with a point that students do not have."""
    put(folder, "points.txt", HIDDEN.encode())
    put(folder, "expect.py", b"from grader.mixing import mix\n\n\ndef answer(seed, n):\n    return {'answer': mix(seed, n)}\n")
    os.makedirs(os.path.join(folder, "guest"))
    shutil.copyfile(os.path.join(ROOT, "labs/cow/guest/cow.c"), os.path.join(folder, "guest/hidden.c"))
    return folder


def results():
    """Grades all, the first time; returns {name: row of the table}."""
    if RESULTS:
        return RESULTS
    with tempfile.TemporaryDirectory(prefix="faultline-grading-") as place:
        folder = os.path.join(place, "handed in")
        submissions(folder)
        area = os.path.join(os.environ.get("FAULTLINE_BUILD", place), "labs-grading")
        done = subprocess.run([os.path.join(ROOT, "tools/lab"), "grade-all", folder, "--lab", "cow", "--area", area, "--jobs",
                               "2", "--hidden", hidden(os.path.join(place, "secret"))], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        has(done.stdout, "grades.csv: ", done.stderr)
        for line in done.stdout.splitlines():
            print("# " + line)
        out = folder + "-results"
        with open(os.path.join(out, "grades.csv"), encoding="utf-8", newline="") as file:
            RESULTS.update({row["name"]: row for row in csv.DictReader(file)})
        for name, row in RESULTS.items():
            with open(os.path.join(out, name + ".json"), encoding="utf-8") as file:
                row["json"] = json.load(file)
    return RESULTS


def score(name):
    """Returns the points of a submission."""
    return int(results()[name]["score"])


@case
def right_solutions_get_all_points():
    equal([score("right"), score("crlf")], [MOST, MOST], "scores")


@case
def R161_what_is_no_solution_gets_none():
    for name in ("hangs", "panics", "floods", "refuses", "broken"):
        equal(score(name), 0, name)


@case
def files_that_are_not_of_the_lab_change_nothing():
    """The hidden point and those that the start tree keeps."""
    equal(score("meson"), score("nothing"), "scores")
    equal([float(results()["nothing"][name]) for name in ("a hidden one", "frames after fork", "shared mappings")], [5, 0, 3],
          "points")


@case
def a_student_is_told_why():
    tests = {name: row["json"].get("tests", [])[:2] for name, row in results().items()}
    has(tests["panics"][0]["output"], "kernel panic: cow", "a panic")
    has(results()["broken"]["json"]["output"], "error: ", "a compiler's error")
    equal(results()["broken"]["error"], "it does not compile", "in the table")


@case
def links_are_refused():
    for name in ("link", "aside"):
        equal(score(name), 0, name)
        has(results()[name]["error"], "is a link", name)


@case
def what_a_submission_uses_is_bounded():
    for name, row in results().items():
        if float(row["cpu_seconds"]) > 120 or int(row["mib"]) > 700:
            raise AssertionError(f"{name}: {row['cpu_seconds']} s of CPU, {row['mib']} MiB")


main()
