#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The model's floors: a figure below its own floor or its group's fails, and so does one that no line is for.

MODEL is the built program."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../system"))

from lib.tap import case, equal, has, lacks, main  # noqa: E402

ALL = "steps 1\nepisodes 1\npauses 0\npoints 0\nkilled 0\nno-memory 0\nrefused 0\nchecks 0\n" + \
    "waits. 0\nop. 0\npaused. 0\nkind. 0\nretry. 0\nway. 0\nswap. 0\nout. 0\n"


def told(floors):
    """Gives the status of a short run with these floors, and what it says."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(floors)
        file.flush()
        done = subprocess.run([os.environ["MODEL"], "--seed", "1", "--steps", "2000", "--floors", file.name],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


@case
def all_is_reached():
    status, said = told("# a remark\n" + ALL + "op.load 10 with a remark\n")
    equal(status, 0, f"status, which said {said}")


@case
def a_figure_below_its_floor():
    for line, name in (("op.load 999999\n", "op.load"), ("killed 999999\n", "killed")):
        status, said = told(line + ALL.replace("killed 0\n", "") if name == "killed" else ALL + line)
        equal(status, 1, "status")
        has(said, f"# {name}: ", "what it says")
        has(said, ", fewer than 999999\n", "what it says")
        lacks(said, "op.store: ", "what it says")


@case
def a_figure_below_its_groups_floor():
    status, said = told(ALL.replace("op. 0", "op. 999999") + "op.load 1\n")
    equal(status, 1, "status")
    has(said, "# op.store: ", "what it says")
    lacks(said, "# op.load: ", "what it says")


@case
def names_and_figures_without_each_other():
    status, said = told(ALL + "op.nothing 1\nnothing. 1\n")
    equal(status, 1, "status")
    for name in ("op.nothing", "nothing."):
        has(said, f"# {name}: no such figure\n", "what it says")
    has(told(ALL.replace("way. 0\n", ""))[1], "# way.remap-move: no floor\n", "what it says")


if __name__ == "__main__":
    main()
