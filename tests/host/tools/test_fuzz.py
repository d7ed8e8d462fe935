#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The corpus's text form, and what a fuzzer's run says where it falls below its floors or finds something."""

import contextlib
import io
import os
import subprocess
import sys
import tempfile

from base import ROOT
from lib.tap import case, equal, has, main

FUZZ = os.path.join(ROOT, "tests/fuzz")
sys.path.insert(0, FUZZ)

import corpus  # noqa: E402
import fuzz  # noqa: E402

TEXT = r"""
# a comment
word "a#b" 00           # another
= one
"text\n" 00ff 2*be16:1 le32:0x10 align:4 hex8:255 oct8:8
= two.changed
from one
at 1 "EX"
cut 6
zero:2
"""


def read(text):
    """Reads a corpus that consists of this text."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        return corpus.read(file.name)


@case
def inputs_and_words():
    inputs, words = read(TEXT)
    equal([b"a#b\0"], words)
    equal(b"text\n\0\xff\0\1\0\1\x10\0\0\0" + bytes(1) + b"000000ff" + b"00000010", inputs["one"])
    equal(b"tEXt\n\0\0\0", inputs["two.changed"])


@case
def bytes_as_text_and_back():
    data = bytes(range(256)) + b"rest"
    equal(data, read("= x\n" + corpus.to_text(data))[0]["x"])


@case
def what_is_not_understood():
    for text in ("= a\nnonsense", "= a\n= a", "= a\nfrom b", "= a\nle17:1", "= a\n123", '= a\n"x'):
        try:
            read(text)
        except SystemExit as error:
            has(str(error), "not understood")
        else:
            raise AssertionError(f"{text!r} was taken")


def run(program):
    """Runs the fuzzer "cpio" with a program in the place of the true one; gives what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fuzz")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + program)
        os.chmod(path, 0o755)
        os.mkdir(path + ".p")
        done = subprocess.run([sys.executable, os.path.join(FUZZ, "fuzz.py"), "cpio", path, path], text=True,
                              capture_output=True, check=False, env={**os.environ, "FUZZ_EXECUTIONS": "9"})
    equal(1, done.returncode, "status")
    return done.stdout


@case
def what_falls_below_a_floor():
    equal((40.0, True), (fuzz.floors("sh")["accepted"], fuzz.floors("new") == fuzz.floors("*")), "floors")
    inputs = len(corpus.read(os.path.join(FUZZ, "corpus/cpio.txt"))[0])
    os.environ.pop("FUZZ_EXECUTIONS", None)
    said, before = io.StringIO(), (fuzz.run, fuzz.cover)
    fuzz.run = lambda *_: {"inputs": inputs - 1, "executions": 200000, "accepted": 100}
    fuzz.cover = lambda *_: [100, 94, 100, 100]
    with contextlib.redirect_stdout(said):
        equal(1, fuzz.main(["cpio", "", ""]), "status")
        fuzz.main(["cpio", ""])
    fuzz.run, fuzz.cover = before
    has(said.getvalue(), "1..4\n", "the plan without coverage")
    for point in (f"not ok 2 - cpio: inputs: {inputs - 1}, at least {inputs}\n", "\nok 3 - cpio: executions: 200000",
                  "not ok 4 - cpio: accepted: 0.05, at least 2\n", "not ok 5 - cpio: lines: 94, at least 95\n",
                  "\nok 6 - cpio: branches: 100"):
        has(said.getvalue(), point)


@case
def a_find_is_shown():
    said = run("printf '\\003\\0\\0\\0abc' > $4; echo it broke; kill -ABRT $$\n")
    has(said, "not ok 1 - cpio: nothing found")
    has(said, "# it broke")
    has(said, "# 616263                           # abc")


if __name__ == "__main__":
    main()
