#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the model's program says when a test fails: which figure is below its own floor or its group's, or that no line is
for it; and a script to replay.

MODEL is the built program."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../system"))

from lib.tap import case, equal, has, lacks, main  # noqa: E402

ALL = "steps 1\nepisodes 1\npauses 0\npoints 0\nkilled 0\nno-memory 0\nrefused 0\nchecks 0\n" + \
    "waits. 0\nop. 0\npaused. 0\nkind. 0\nretry. 0\nway. 0\nswap. 0\nout. 0\n"


def model(*options, text=""):
    """Runs the program with these options and the name of a file that has the text. Gives its status and what it says."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([os.environ["MODEL"], *options, file.name], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)
    return done.returncode, done.stdout


def told(floors):
    """Runs the model shortly with these floors; gives its status and what it says."""
    return model("--seed", "1", "--steps", "2000", "--floors", text=floors)


@case
def all_is_reached():
    status, said = told("# a remark\n" + ALL + "op.load 10 with a remark\n")
    equal(0, status, f"status, which said {said}")


@case
def a_figure_below_its_floor():
    for line, name in (("op.load 999999\n", "op.load"), ("killed 999999\n", "killed")):
        status, said = told(line + ALL.replace("killed 0\n", "") if name == "killed" else ALL + line)
        equal(1, status, "status")
        has(said, f"# {name}: ", "what it says")
        has(said, ", fewer than 999999\n", "what it says")
        lacks(said, "op.store: ", "what it says")


@case
def a_figure_below_its_groups_floor():
    status, said = told(ALL.replace("op. 0", "op. 999999") + "op.load 1\n")
    equal(1, status, "status")
    has(said, "# op.store: ", "what it says")
    lacks(said, "# op.load: ", "what it says")


@case
def names_and_figures_without_each_other():
    status, said = told(ALL + "op.nothing 1\nnothing. 1\n")
    equal(1, status, "status")
    for name in ("op.nothing", "nothing."):
        has(said, f"# {name}: no such figure\n", "what it says")
    has(told(ALL.replace("way. 0\n", ""))[1], "# way.remap-move: no floor\n", "what it says")


@case
def a_sequence_that_differs_is_told_as_tap():
    """Behind "# " stands a script that fails in the same way, and that is good where no rule is forgotten."""
    status, said = model("--plant", "drop", "--steps", "3000", "--shrink", "100", "--floors")
    lines = said.splitlines()
    equal((1, "1..1", "not ok 1 - seed 1"), (status, lines[0], lines[-1]), "status, first and last line")
    equal([], [line for line in lines[1:-1] if not line.startswith("# ")], "lines that are no comments")
    start = next(i for i, line in enumerate(lines) if line.startswith("# replay this"))
    script = "\n".join(line.removeprefix("# ") for line in lines[start + 1 : -1]) + "\n"
    has(script, "drop space=", "the script")
    equal(1, model("--plant", "drop", "--replay", text=script)[0], "status of a replay")
    equal(0, model("--replay", text=script)[0], "status of a replay with the rule")


if __name__ == "__main__":
    main()
