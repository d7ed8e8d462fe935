#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The last line of ./test.sh: each point once, and nothing that went wrong left out."""

import json
import os
import subprocess
import sys
import tempfile

from base import TOOLS
from lib.tap import case, equal, has, main


def summary(tests, status=0, times="", aim=0):
    """Gives (exit status, lines) for a log of these (name, result, stdout[, stderr])."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
        for name, result, *streams in tests:
            log.write(json.dumps({"name": name, "result": result, "duration": 1.0,
                                  **dict(zip(("stdout", "stderr"), streams))}) + "\n")
        log.flush()
        done = subprocess.run([sys.executable, os.path.join(TOOLS, "test-summary"), log.name, str(status), times, str(aim)],
                              stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


@case
def points_are_counted_each_once():
    status, lines = summary([("faultline:host / a", "OK", "1..3\nok 1 - x\nok 2 - y # SKIP why\nok 3 z\n"),
                             ("faultline:host / b", "OK", "")])
    equal((0, "3 passed, 0 failed, 1 skipped"), (status, lines[-1]), "end")
    has(lines, "suite host: 3 passed, 0 failed, 1 skipped, 2.0 s", "lines")


@case
def a_failed_point_fails():
    status, lines = summary([("f:user / a", "FAIL", "1..2\nok 1\nnot ok 2 - y\n")], 1)
    equal((1, "1 passed, 1 failed"), (status, lines[-1]), "end")


@case
def a_crash_after_good_points_fails():
    for result in ("ERROR", "TIMEOUT", "FAIL", "INTERRUPT", "UNEXPECTEDPASS"):
        status, lines = summary([("f:user / a", result, "1..2\nok 1\nok 2\n")], 1)
        equal((1, "2 passed, 1 failed"), (status, lines[-1]), result)


@case
def a_skipped_test_counts_once():
    equal((0, ["suite user: 1 passed, 0 failed, 2 skipped, 3.0 s", "1 passed, 0 failed, 2 skipped"]),
          summary([("f:user / a", "SKIP", "1..0 # SKIP why\n"), ("f:user / b", "SKIP", ""),
                   ("f:user / c", "OK", "1..1\nok 1\n")]), "all")


@case
def the_longest_latencies_are_told():
    text = "1..1\nok 1\n# stats: latency: {}interrupts off for {} instructions at most (from a to b), preemption off for {} x\n"
    _status, lines = summary([("f:user / a", "OK", text.format("", "7,000", "500")),
                              ("f:user / b", "OK", text.format("crowds: ", "900", "64,000"))])
    has(lines, "latency, in 2 tests: interrupts off for 7,000 instructions at most, preemption for 64,000", "lines")


@case
def no_tests_at_all_fail():
    equal(1, summary([], 0)[0], "status")
    status, lines = summary([("f:user / a", "OK", "1..1\nok 1\n")], 3)
    equal((1, "1 passed, 1 failed"), (status, lines[-1]), "a failing meson")


@case
def statistics_are_shown():
    has(summary([("f:host / a", "OK", "# stats: seed 1, 500 steps\n1..1\nok 1\n")])[1],
        "  seed 1, 500 steps", "lines")


@case
def processor_time_is_added_up():
    tests = [("f:host / a", "OK", "1..1\nok 1\n# cpu: 1.50 s\n"), ("f:host / b", "OK", "# cpu: 2.25 s\n"), ("f:user / c", "OK", "")]
    with tempfile.NamedTemporaryFile("w") as file:
        file.write("0m0.500s 0m0.250s\n1m30.000s 0m9.250s\n0m0.500s 0m0.250s\n1m34.500s 0m10.000s\n")
        file.flush()
        lines = summary(tests, times=file.name)[1]
        aims = [[line for line in summary(tests, times=file.name, aim=aim)[1] if "aim" in line] for aim in (0, 106, 100)]
    for line in ("suite host: 2 passed, 0 failed, 2.0 s, CPU 3.8 s", "suite user: 1 passed, 0 failed, 1.0 s",
                 "most CPU: 2.2 s b, 1.5 s a", "CPU: 100.0 s to build, 5.2 s to test, 105.2 s in all"):
        has(lines, line, "lines")
    equal([[], [], ["CPU: that is 5.2 s more than the aim of 100 s"]], aims, "a line where there is an aim, and it is missed")


def told(stdout, result="FAIL", stderr=""):
    """Gives the lines that are said of one test that failed."""
    _status, lines = summary([("f:user / a", result, stdout, stderr)], 1)
    equal(f"failed: f:user / a ({result})", lines[0], "first line")
    return [line[2:] for line in lines[1:] if line.startswith("  ")]


@case
def of_a_failed_point_its_comments_are_said():
    equal(["# of 2", "# more", "not ok 2 - y"],
          told("1..3\n# of 1\nok 1 - x\n# of 2\n# more\nnot ok 2 - y\n# of 3\nok 3 - z\n"), "comments before")
    equal(["not ok 2 - x", "# of 2", "not ok 3 - y", "# of 3"],
          told("1..4\nok 1 - w\nnot ok 2 - x\n# of 2\nnot ok 3 - y\n# of 3\nok 4 - z\n"), "comments behind")
    equal(["# of 2", "not ok 2 - y", "Bail out! lost"],
          told("1..2\nnot ok 1 - x # TODO later\n# of 2\nnot ok 2 - y\nBail out! lost\n"), "with a point to do, and an end")


@case
def of_a_test_that_fails_without_points_its_end_is_said():
    equal(["1..2", "ok 1 - x", "# here"], told("1..2\nok 1 - x\n# here\n", "TIMEOUT"), "of standard output")
    equal(["Traceback", "Error: why"], told("", "ERROR", "Traceback\nError: why\n"), "of standard error")
    many = told("1..9000\n" + "# line\n" * 5000 + "not ok 1 - x\n")
    equal((True, "not ok 1 - x"), (len(many) < 100, many[-1]), "few lines of many")


@case
def of_very_many_failures_the_first_are_said():
    _status, lines = summary([(f"f:user / {i}", "FAIL", "1..1\n" + "# why\n" * 30 + "not ok 1\n") for i in range(200)], 1)
    equal((True, "0 passed, 200 failed"), (len(lines) < 1000, lines[-1]), "how many lines, and the last")


if __name__ == "__main__":
    main()
