#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What each tool answers to the name of a test that there is not: an error, and what to say instead."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from base import ROOT, TOOLS
import spelling
from lib.tap import case, equal, has, main

TESTS = {"mm-fault": ["p:host"], "mm-fork": ["p:host"], "kernel": ["p:kernel"], "kernel long": ["p:soak"],
         "fuzz long": ["p:soak"], "analysis": ["p:nightly"], "swap more": ["p:system", "p:nightly"]}


def answer(*words):
    """Gives the status, standard output and standard error of a command."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def refused(words, *parts):
    """Checks that a tool refuses its arguments, and says these things."""
    status, _out, said = answer(sys.executable, *words)
    equal(2, status, f"status of {words}, which said {said}")
    for part in parts:
        has(said, part, "what it said")


def build_folder(place):
    """Makes a folder that looks like one that Meson has set up; gives its path."""
    folder = os.path.join(place, "build-test")
    os.makedirs(os.path.join(folder, "meson-info"))
    with open(os.path.join(folder, "meson-info/intro-tests.json"), "w", encoding="utf-8") as file:
        json.dump([{"name": name, "suite": suites} for name, suites in TESTS.items()], file)
    with open(os.path.join(folder, "build.ninja"), "w", encoding="utf-8"):
        pass
    return folder


def told(*words):
    """Gives the answer of tools/test-names to these arguments of ./test.sh."""
    with tempfile.TemporaryDirectory() as place:
        return answer(sys.executable, os.path.join(TOOLS, "test-names"), build_folder(place), *words)


@case
def near_names_come_first():
    known = ["cow_tree", "cow_kinds", "pipe_full", "fs_tree"]
    equal("cow_tree", spelling.near("cow_tre", known)[0], "a letter left out")
    equal(["pipe_full"], spelling.near("pip*", known), "the beginning of a name, as a pattern")
    equal(["pipe_full"], spelling.near("full", known), "a word of a name")
    equal([], spelling.near("zzz", known), "nothing like it")
    equal("no case is called 'zzz': see the list", spelling.explain("case", "zzz", known, "see the list"), "its answer")


@case
def replay_and_record():
    for tool in ("replay", "record"):
        refused([os.path.join(TOOLS, tool), "cow_tre"], f"{tool}: no case is called 'cow_tre': say cow_tree")
        refused([os.path.join(TOOLS, tool), "cow_tree", "zzz*"], "no case is called 'zzz*': tests/user/cases.txt")


@case
def cases_of_a_file_of_tests():
    path = os.path.join(ROOT, "tests/host/tools/test_archive.py")
    refused([path, "writen"], "test_archive.py: no case is called 'writen'")
    refused([path, "the_later_one", "parrents"], "say parents_come_before_what_is_in_them")
    done = subprocess.run([sys.executable, path, "the later one"], stdout=subprocess.PIPE, text=True, check=False)
    equal((0, "1..1"), (done.returncode, done.stdout.split("\n")[0]), "a name as its point shows it")


@case
def mutants():
    tool = os.path.join(TOOLS, "mutants")
    refused([tool, "--list", "--only", "p9-*,pipes-*"], "mutants: no bug is called 'pipes-*': say pipe-")
    refused([tool, "--list", "--delete-calls", "--only", "mn/*"], "mutants: no bug is called 'mn/*'")


@case
def names_that_meson_would_pass_over():
    for words, part in ((["mm-fualt"], "no test is called 'mm-fualt': say mm-fault"),
                        (["mm-fault", "zz"], "no test is called 'zz': ./test.sh --setup all --list"),
                        (["--suite", "kernl"], "no suite is called 'kernl': say kernel"),
                        (["--suite=zz"], "no suite is called 'zz': there are host, kernel, nightly, soak, system"),
                        (["analysis"], "is in the suite nightly: say --setup all analysis"),
                        (["swap more"], "is in the suite nightly: say --setup all 'swap more'"),
                        (["kernel?long"], "is in the suite soak: say --setup all 'kernel?long'"),
                        (["-t", "3", "--suite", "host", "kernel"], "is in no suite that was asked for: say --suite kernel")):
        status, _out, said = told(*words)
        equal(2, status, f"status of {words}")
        has(said, "test.sh: ", "what was said")
        has(said, part, "what was said")


@case
def names_that_meson_takes():
    for words in ([], ["mm-fault"], ["p:mm-fault"], ["--suite", "soak", "kernel long"], ["--setup", "all", "fuzz long"],
                  ["--suite", "p:host", "-j", "1", "--repeat=3", "-v"], ["--setup", "all", "--no-suite", "kernel"]):
        equal((0, "".join(word + "\n" for word in words), ""), told(*words), f"answer to {words}")


@case
def patterns_become_names():
    equal((0, "-v\np:mm-fault\np:mm-fork\nmm-fault\nmm-fork\nkernel\n", ""),
          told("p:mm-f*", "-v", "mm-fault", "*-fork", "k*l"), "answer")


@case
def test_sh_asks_before_it_builds():
    with tempfile.TemporaryDirectory() as place:
        shutil.copy(os.path.join(ROOT, "test.sh"), place)
        os.symlink(TOOLS, os.path.join(place, "tools"))
        build_folder(place)
        status, _out, said = answer("bash", os.path.join(place, "test.sh"), "mm-fualt")
        equal((2, "test.sh: no test is called 'mm-fualt': say mm-fault"), (status, said.splitlines()[-1]), "its answer")
        with open(os.path.join(place, "meson"), "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\necho "$*"\n')
        shutil.copy(os.path.join(place, "meson"), os.path.join(place, "ninja"))
        for tool in ("meson", "ninja"):
            os.chmod(os.path.join(place, tool), 0o755)
        os.environ["PATH"] = place + ":" + os.environ["PATH"]
        status, out, _said = answer("bash", os.path.join(place, "test.sh"), "--setup", "all", "--list", "k*")
        equal((0, f"test -C {place}/build-test --no-rebuild --setup all --list kernel kernel long\n"), (status, out), "a list")


@case
def test_sh_counts_what_a_setup_has_run():
    """With a setup, meson's log has that in its name."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copy(os.path.join(ROOT, "test.sh"), place)
        os.symlink(TOOLS, os.path.join(place, "tools"))
        build_folder(place)
        log = '{"name": "p:host / x", "suite": ["host"], "result": "OK", "returncode": 0, "duration": 1.0, "stdout": ""}'
        with open(os.path.join(place, "meson"), "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n[ $1 != test ] || {{ mkdir -p $3/meson-logs; echo '{log}' > $3/meson-logs/testlog-all.json; }}\n")
        shutil.copy(os.path.join(place, "meson"), os.path.join(place, "ninja"))
        for tool in ("meson", "ninja"):
            os.chmod(os.path.join(place, tool), 0o755)
        os.environ["PATH"] = place + ":" + os.environ["PATH"]
        status, out, _said = answer("bash", os.path.join(place, "test.sh"), "--setup", "all")
        equal((0, "1 passed, 0 failed"), (status, out.splitlines()[-1]), "status and the last line")


if __name__ == "__main__":
    main()
