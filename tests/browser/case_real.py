# SPDX-License-Identifier: MIT
"""The film of a real machine (R191)."""

import os
import subprocess

from lib.tap import Skip, case, equal, has

import page
from base import ROOT
from page import Keys
from shown import facts, here, path_of

BUILD = os.environ.get("FAULTLINE_BUILD", os.path.join(ROOT, "build"))
PROGRAM = os.path.join(BUILD, "tests/browser/filmed")


@case
def R191_a_machine_is_filmed():
    if not os.path.exists(PROGRAM):
        raise Skip(f"{PROGRAM} is not built")
    path = path_of("real.html")
    done = subprocess.run([os.path.join(ROOT, "run.sh"), "--icount", "--mem", "64M", "--film", path, "--", PROGRAM], capture_output=True,
                          env={**os.environ, "FAULTLINE_BUILD": BUILD}, timeout=page.PATIENCE, check=False)
    equal((0, b""), (done.returncode, done.stdout), f"status and output, with {done.stderr}")
    page.load(path)
    equal(PROGRAM, page.text(".film .title"), "the title")
    equal("Copy on write", page.text(".details h2"), "where it opens")
    has(page.text(".story"), "The child filmed[", "the story")
    has(page.text(".source .line.here"), "shared = 3; /* here it is copied */", "the line")
    has(facts()["Address"], "  shared", "the address")
    has(facts()["Instruction"], "  main", "the instruction")
    names = [text.partition(":")[0].partition("[")[0] for text in page.texts(".space h3")]
    equal(["filmed", "filmed"], names, "the maps")
    number = here()
    page.press(Keys.END, Keys.HOME)
    equal(True, here() < number, "the first fault")
