#!/usr/bin/env python3
"""The last line of ./test.sh: each point once, and nothing that went wrong left out."""

import json
import os
import subprocess
import tempfile

from base import TOOLS
from lib.tap import case, equal, has, main


def summary(tests, status=0):
    """Gives (exit status, lines) for a log of these (name, result, stdout)."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as log:
        for name, result, stdout in tests:
            log.write(json.dumps({"name": name, "result": result, "stdout": stdout, "duration": 1.0}) + "\n")
        log.flush()
        done = subprocess.run([os.path.join(TOOLS, "test-summary"), log.name, str(status)],
                              stdout=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


@case
def points_are_counted_each_once():
    status, lines = summary([("faultline:host / a", "OK", "1..3\nok 1 - x\nok 2 - y # SKIP why\nok 3 z\n"),
                             ("faultline:host / b", "OK", "")])
    equal((status, lines[-1]), (0, "3 passed, 0 failed, 1 skipped"), "end")
    has(lines, "suite host: 3 passed, 0 failed, 1 skipped, 2.0 s", "lines")


@case
def a_failed_point_fails():
    status, lines = summary([("f:user / a", "FAIL", "1..2\nok 1\nnot ok 2 - y\n")], 1)
    equal((status, lines[-1]), (1, "1 passed, 1 failed"), "end")


@case
def a_crash_after_good_points_fails():
    for result in ("ERROR", "TIMEOUT", "FAIL", "INTERRUPT", "UNEXPECTEDPASS"):
        status, lines = summary([("f:user / a", result, "1..2\nok 1\nok 2\n")], 1)
        equal((status, lines[-1]), (1, "2 passed, 1 failed"), result)


@case
def a_skipped_test_counts_once():
    equal(summary([("f:user / a", "SKIP", "1..0 # SKIP why\n"), ("f:user / b", "SKIP", ""),
                   ("f:user / c", "OK", "1..1\nok 1\n")]),
          (0, ["suite user: 1 passed, 0 failed, 2 skipped, 3.0 s", "1 passed, 0 failed, 2 skipped"]), "all")


@case
def no_tests_at_all_fail():
    equal(summary([], 0)[0], 1, "status")
    status, lines = summary([("f:user / a", "OK", "1..1\nok 1\n")], 3)
    equal((status, lines[-1]), (1, "1 passed, 1 failed"), "a failing meson")


@case
def statistics_are_shown():
    has(summary([("f:host / a", "OK", "# stats: seed 1, 500 steps\n1..1\nok 1\n")])[1],
        "  seed 1, 500 steps", "lines")


if __name__ == "__main__":
    main()
