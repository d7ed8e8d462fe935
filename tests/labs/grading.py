#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/lab grade-all with submissions that are right, wrong and hostile: nothing but right answers gives points (R161)."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tools"), os.path.join(ROOT, "tests/system")]

from grader import build  # noqa: E402
from labs import trees  # noqa: E402
from lib.tap import Skip, case, equal, has, lacks, main  # noqa: E402

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


def off(status):
    """Returns a body that ends the machine as if all were well."""
    return f'\tlog_info("init", "result child 1");\n\tlog_info("init", "exit status {status}");\n\tpower_off({status});\n'


def bombs():
    """Returns sources that ask much of a compiler: memory, a large file, an endless inclusion."""
    macros = "".join(f"#define A{n + 1} " + f"A{n} " * 16 + "\n" for n in range(9))
    return {"macros": "#define A0 1,\n" + macros + "int many[] = {A9};\n",
            "large": "char large[1ul << 36] = { 1 };\n",
            "assembler": '__asm__(".data\\n.rept 1000000000\\n.quad 1\\n.endr\\n");\n',
            "includes": '#include "/dev/zero"\n'}


def submissions(folder, area):
    """Makes the submissions, which are compiled below `area`."""
    there = os.path.join(area, "cow/0/tree", os.path.dirname(FORK))
    right = os.path.join(folder, "right")
    trees.solution(ROOT, trees.lab_of(ROOT, "cow"), "second", right)
    for name in trees.lab_of(ROOT, "cow").files():
        with open(os.path.join(right, name), "rb") as file:
            put(os.path.join(folder, "crlf"), name, file.read().replace(b"\n", b"\r\n"))
    put(os.path.join(folder, "nothing"), "notes.txt", b"I was ill\n")
    with open(os.path.join(ROOT, "mm/fault/cow.h"), "rb") as file:  # the lab's start has the same
        for name in ("untouched/mm/cow.h", "meson/mm/cow.h", "deep/lab/mm/cow.h"):
            put(folder, name, file.read())
            file.seek(0)
    for name, files in {"hangs": with_body("\tfor (;;)\n\t\t;\n"), "panics": with_body("\tpanic(\"cow\");\n"),
                        "floods": with_body("\tfor (;;)\n\t\tlog_warn(\"x\", \"result child 1\");\n", '#include "base/log.h"\n'),
                        "refuses": with_body("\treturn -ENOMEM;\n"), "broken": b"int vm_fork(\n",
                        "goes-off": with_body(off(0), '#include "base/log.h"\n#include "base/power.h"\n'),
                        "solution": f'#include "{ROOT}/{FORK}"\n'.encode(),
                        "near-solution": f'#include "{os.path.relpath(os.path.join(ROOT, FORK), there)}"\n'.encode(),
                        "tests": f'#include "{ROOT}/labs/cow/expect.py"\n'.encode(),
                        **{name: text.encode() for name, text in bombs().items()}}.items():
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
        area = os.path.join(os.environ.get("FAULTLINE_BUILD", place), "labs-grading")
        submissions(folder, area)
        done = subprocess.run([os.path.join(ROOT, "tools/lab"), "grade-all", folder, "--lab", "cow", "--area", area, "--jobs",
                               "2", "--hidden", hidden(os.path.join(place, "secret"))], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        has(done.stdout, "grades.csv: ", done.stderr)
        for line in done.stdout.splitlines():
            print("# " + line)
        out = folder + "-results"
        with open(os.path.join(out, "similar.csv"), encoding="utf-8") as file:
            has(file.read(), "right,", "the table of lines in common")
        with open(os.path.join(out, "statistics.txt"), encoding="utf-8") as file:
            has(file.read(), f"submissions, {MOST} points; ", "statistics")
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
    equal([MOST, MOST], [score("right"), score("crlf")], "scores")


@case
def R161_what_is_no_solution_gets_none():
    for name in ("hangs", "panics", "floods", "refuses", "broken", "goes-off", *bombs()):
        equal(0, score(name), name)


@case
def R161_neither_the_solution_nor_the_tests_can_be_seen():
    for name in ("solution", "near-solution", "tests"):
        equal((0, "it does not compile"), (score(name), results()[name]["error"]), name)
        has(results()[name]["json"]["output"], "No such file or directory", name)
        lacks(results()[name]["json"]["output"], "return", name)


@case
def files_that_are_not_of_the_lab_change_nothing():
    """The hidden point and those that the start tree keeps."""
    equal(score("untouched"), score("meson"), "scores")
    equal([5, 0, 2], [float(results()["untouched"][name]) for name in ("a hidden one", "frames after fork", "shared mappings")],
          "points")


@case
def a_student_is_told_why():
    for name, found in {"nothing": "found: notes.txt", "deep": "found: lab/mm/cow.h: hand in what is in the folder lab"}.items():
        equal(0, score(name), name)
        has(results()[name]["error"], found, "in the table")
        has(results()[name]["json"]["output"], found, "for the student")
    tests = {name: row["json"].get("tests", [])[:2] for name, row in results().items()}
    has(tests["panics"][0]["output"], "kernel panic: cow", "a panic")
    has(results()["broken"]["json"]["output"], "error: ", "a compiler's error")
    equal("it does not compile", results()["broken"]["error"], "in the table")


@case
def links_are_refused():
    for name in ("link", "aside"):
        equal(0, score(name), name)
        has(results()[name]["error"], "is a link", name)


# What shows /etc/passwd, which every user can read, in what a student gets.
LEAKS = {"included": '#include "/etc/passwd"\n', "from-afar": '#include "/proc/self/root/etc/passwd"\n',
         "as-bytes": '__asm__(".pushsection .rodata\\nleak: .incbin \\"/etc/passwd\\"\\n.byte 0\\n.popsection\\n");\n',
         "as-assembly": '__asm__(".include \\"/etc/passwd\\"\\n");\n', "as-a-line": '#line 1 "/etc/passwd"\nint a = b;\n',
         "ends-early": '#include "/etc/passwd"\n#include "none.h"\n'}
OTHER_USER = """import runpy, sys
sys.path.insert(0, sys.argv[1] + "/tools")
from grader import limits
limits.bwrap = lambda: ["false"]
sys.argv[:2] = [sys.argv[1] + "/tools/lab"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@case
def R161_where_bwrap_does_not_work_another_user_compiles():
    if os.geteuid() != 0:
        raise Skip("only root can be another user")
    with tempfile.TemporaryDirectory(prefix="faultline-grading-") as place:
        os.chmod(place, 0o711)
        folder, area = os.path.join(place, "handed in"), os.path.join(place, "area")
        os.mkdir(folder, 0o700)
        trees.solution(ROOT, trees.lab_of(ROOT, "cow"), "second", os.path.join(folder, "right"))
        put(os.path.join(folder, "tests"), FORK, f'#include "{folder}/secret"\n'.encode())
        put(folder, "secret", b"nobody reads this\n")
        for name, text in LEAKS.items():
            put(os.path.join(folder, name), FORK, with_body('\tpanic("%.60s", leak);\n', text + "extern const char leak[];\n"))
        done = subprocess.run([sys.executable, "-c", OTHER_USER, ROOT, "grade-all", folder, "--lab", "cow", "--area", area],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        has(done.stdout, "each is compiled and run by user 65534", done.stderr)
        has(done.stdout, "right: 100/100", done.stdout)
        has(done.stdout, "tests: 0/100 (it does not compile)", done.stdout)
        lacks(done.stdout, f"{folder} can be read", "what is in sight")
        with open(folder + "-results/tests.txt", encoding="utf-8") as file:
            has(file.read(), build.NOT_LISTED, "an inclusion that the other user cannot read")
        for name in LEAKS:
            has(done.stdout, f"{name}: 0/100", "the score")
            with open(f"{folder}-results/{name}.txt", encoding="utf-8") as file, open(f"{folder}-results/{name}.json", encoding="utf-8") as more:
                lacks(file.read() + more.read(), "root:", name)
        for name in ("included", "from-afar", "as-bytes"):
            has(done.stdout, f"{name}: 0/100 (its sources name files that are neither", "why")


@case
def an_autograder_for_gradescope_grades():
    """Its scripts, in a folder of their own: setup.sh grades a right solution, and then a wrong one is handed in."""
    if os.geteuid() != 0:
        raise Skip("Gradescope runs the scripts as root")
    with tempfile.TemporaryDirectory(prefix="faultline-grading-") as top:
        os.chmod(top, 0o711)
        path = os.path.join(top, "cow.zip")
        subprocess.run([os.path.join(ROOT, "tools/lab"), "gradescope", "cow", path], stdout=subprocess.DEVNULL, check=True)
        with zipfile.ZipFile(path) as file:
            file.extractall(os.path.join(top, "source"))
        os.makedirs(os.path.join(top, "results"))
        put(os.path.join(top, "submission"), FORK, with_body("\treturn -ENOMEM;\n"))
        for name in ("setup.sh", "run_autograder"):
            done = subprocess.run(["bash", os.path.join(top, "source", name)], env={**os.environ, "AUTOGRADER": top},
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            equal(0, done.returncode, name + ": " + done.stdout + done.stderr)
        with open(os.path.join(top, "results/results.json"), encoding="utf-8") as file:
            result = json.load(file)
        equal((0, 100, True), (result["score"], result["max_score"], len(result["tests"]) > 10), "what Gradescope reads")
        lacks(done.stdout, "can be read by programs of submissions", "what is in sight")


@case
def what_a_submission_uses_is_bounded():
    for name, row in results().items():
        if float(row["cpu_seconds"]) > 75 or int(row["mib"]) > 700:
            raise AssertionError(f"{name}: {row['cpu_seconds']} s of CPU, {row['mib']} MiB")


main()
