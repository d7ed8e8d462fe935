#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the test kernel answers to test= on its command line: the tests that it names, or an error."""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests/system"))

from lib.tap import case, equal, has, lacks, main  # noqa: E402

KERNEL = os.path.join(os.environ.get("FAULTLINE_BUILD") or os.path.join(ROOT, "build"), "faultline-test.elf")


def boot(word):
    """Boots with test=; gives the status of tools/ktap, its points, its last line and all lines."""
    done = subprocess.run([sys.executable, os.path.join(ROOT, "tools/ktap"), "--append", "test=" + word, KERNEL],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    points = [line.split(" - ", 1)[1] for line in lines if line.startswith("ok ")]
    return done.returncode, points, lines[-1], lines


@case
def a_pattern_names_tests():
    status, points, _last, _lines = boot("patterns_*")
    equal((0, ["patterns_choose_tests", "patterns_tell_what_is_like_them"]), (status, sorted(points)), "status, points")


@case
def a_pattern_with_a_slash_names_files():
    status, points, _last, _lines = boot("tests/kernel/glob?.c,tests/kernel/linux/cpu*")
    equal((0, ["patterns_choose_tests", "patterns_tell_what_is_like_them", "timers_of_cpu_clocks_ring_when_the_thread_looks"]),
          (status, sorted(points)), "status, points")


@case
def a_name_that_no_test_has():
    status, points, last, lines = boot("pattrens_choose_tests")
    equal((1, []), (status, points), "status and points")
    equal("Bail out! test=pattrens_choose_tests matches no test of this kernel: say test=patterns_choose_tests", last,
          "last line")
    has("\n".join(lines), "# or test=", "other names")


@case
def one_pattern_of_several():
    status, points, last, _lines = boot("patterns_*,qq*")
    equal((1, []), (status, points), "status and points")
    equal("Bail out! test=qq* matches no test of this kernel; without test= all run", last, "last line")


@case
def tests_that_end_in_a_panic_are_called_by_their_prefix():
    status, points, last, lines = boot("*es_of_a_null_pointer")
    equal((1, []), (status, points), "status and points")
    has(last, "say test=dies_of_a_null_pointer", "last line")
    lacks("\n".join(lines), "kernel panic", "log")


if __name__ == "__main__":
    main()
