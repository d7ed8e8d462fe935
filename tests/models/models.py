#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the models of protocols with spin: all orders of their steps, of the right ones and of wrong ones.

usage: models.py [--long]

Each wrong variant has to be rejected, so that a model which says nothing is noticed. --long checks the large forms too.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../system"))

from lib.tap import Skip, case, equal, main  # noqa: E402

LONG = "--long" in sys.argv[1:2]
FEW_STATES = 50000


def check(model, *defines, optimize):
    """Gives (errors, states) of a model with these definitions."""
    if not shutil.which("spin"):
        raise Skip("spin is not installed")
    with tempfile.TemporaryDirectory(prefix="models-") as folder:
        options = [f"-D{define}" for define in defines]
        subprocess.run(["spin", *options, "-a", os.path.join(HERE, model)], cwd=folder, check=True, stdout=subprocess.PIPE)
        subprocess.run(["cc", optimize, "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c"], cwd=folder, check=True)
        done = subprocess.run(["./pan", "-m100000"], cwd=folder, check=False, stdout=subprocess.PIPE, text=True)
    errors = re.search(r"errors: (\d+)", done.stdout)
    equal("max search depth too small" in done.stdout, False, "the whole depth is searched")
    return int(errors[1]), int(float(re.search(r"([\d.e+]+) states, stored", done.stdout)[1]))


def right(model, least, *defines):
    """The model has no error, and not so few states that it would say nothing. To optimize pays only for many states."""
    errors, states = check(model, *defines, optimize="-O1" if least > FEW_STATES else "-O0")
    print(f"# stats: {model} {' '.join(defines)}: {states} states")
    equal((errors, states >= least), (0, True), f"errors, at least {least} of {states} states")


def wrong(model, *defines):
    """The model is rejected, which takes less time than to optimize the program would."""
    equal(check(model, *defines, optimize="-O0")[0] > 0, True, f"{model} with {defines} has an error")


@case
def R140_calls_have_one_end():
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1")
    right("endpoint.pml", 200000, "CALLS=2", "SERVERS=1")
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1", "HOLDS")
    right("endpoint.pml", 50000, "CALLS=1", "SERVERS=1", "SWITCH_OVER")
    if LONG:
        right("endpoint.pml", 2000000, "CALLS=1", "SERVERS=2")


@case
def a_pulse_that_outlives_its_call_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "KEEP_PULSE")


@case
def a_caller_that_does_not_wait_for_copies_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "HOLDS", "IGNORE_HOLDERS")


@case
def a_sleep_without_a_look_for_a_kill_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "SWITCH_OVER", "SLEEP_BLINDLY")


@case
def a_wake_up_outside_the_lock_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "WAKE_OUTSIDE")


@case
def a_look_without_the_lock_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "LOOK_UNLOCKED")


@case
def a_look_before_the_mark_is_rejected():
    wrong("endpoint.pml", "CALLS=1", "SERVERS=1", "LOOK_THEN_SLEEP")


if __name__ == "__main__":
    if LONG:
        del sys.argv[1]
    main()
