#!/usr/bin/env python3
"""Programs that ask for all there is: one of them ends, with a reason, and the machine goes on."""

from lib.guest import GREEDY, run
from lib.tap import case, equal, has, lacks, main

SMALL = ["--mem", "64M", "--timeout", "100"]


@case
def a_memory_hog_is_killed_and_named():
    done = run("hog", options=SMALL)
    equal(done.status, 137, "status")
    has(done.err.lower(), b"out of memory", "standard error")
    has(done.err, b"probe", "standard error")
    lacks(done.err, b"kernel panic", "standard error")


@case
def the_hogs_parent_lives_on():
    done = run("survivor", options=SMALL)
    equal((done.status, done.out), (0, b"child: signal 9\n"), "status and output")


@case
def a_fork_bomb_comes_to_an_end():
    done = run("bomb", options=SMALL)
    equal(done.status in (0, 137), True, f"status {done.status}")
    lacks(done.err, b"kernel panic", "standard error")


@case
def a_hog_with_the_least_memory():
    done = run("hog", options=["--mem", "32M", "--timeout", "100"])
    equal(done.status, 137, "status")


@case
def names_without_a_byte_are_refused_in_time():
    done = run("names", options=SMALL, program=GREEDY)
    equal((done.status, done.out), (0, b"refused: No space left on device\nanother: status 0\n"),
          "status and output")


@case
def holes_of_a_file_are_given_back():
    done = run("holes", options=SMALL, program=GREEDY)
    equal((done.status, done.out), (0, b"reader: signal 9\nanother: status 0\n"), "status and output")


@case
def who_takes_page_tables_is_the_one_to_go():
    done = run("sparse", options=SMALL, program=GREEDY)
    equal((done.status, done.out), (0, b"child: signal 9\n"), "status and output")


if __name__ == "__main__":
    main()
