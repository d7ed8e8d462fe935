#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""commit=strict: memory that could not be backed is refused when it is asked for, and not without it (R14 R43 R90)."""

from lib.guest import BUILD, FAKE, run
from lib.prompt import Prompt
from lib.tap import Skip, case, equal, has, lacks, main

PROGRAM = f"{BUILD}/tests/system/promises"
SMALL = ["--mem", "64M"]
STRICT = [*SMALL, "--append", "commit=strict"]


def said(word, options):
    """Gives the lines of the program, which ends well, and nobody is killed."""
    done = run(word, program=PROGRAM, options=options)
    equal(0, done.status, f"status, with {done.err!r}")
    lacks(done.err, b"out of memory", "log")
    return done.out.decode().splitlines()


def answers(lines):
    """Gives what comes behind the colon of each line."""
    return [line.split(": ")[-1] for line in lines]


@case
def what_is_too_large_is_refused():
    """R90: mmap, MAP_NORESERVE or not, shared anonymous memory, brk, mremap and mprotect."""
    want = ["done", "ENOMEM", "ENOMEM", "done", "done", "ENOMEM", "done", "ENOMEM", "ENOMEM", "done", "ENOMEM", "done"]
    equal(want, answers(said("requests", STRICT)), "answers")


@case
def nothing_is_refused_by_default():
    """R14: an untouched reservation costs nothing."""
    equal(["done"] * 12, answers(said("requests", SMALL)), "answers")


@case
def fork_of_more_than_half_of_memory():
    """R20: ENOMEM, and the parent goes on; what ended children had can be had again."""
    end = "20 children had 25 MiB each, in turn"
    equal(["done", "ENOMEM", "done", end], answers(said("forks", STRICT)), "answers")
    equal(["done", "done", "done", end], answers(said("forks", SMALL)), "answers by default")


@case
def a_hog_is_refused_and_not_killed():
    """R43: nobody is killed."""
    equal(["hog: 0"] * 2, said("hog", STRICT), "ends")


@case
def exec_of_an_image_for_which_there_is_no_room():
    """The old image goes on, with ENOMEM; it says 7, and the new one 5."""
    equal(["5", "7"], answers(said("exec", STRICT)), "ends")
    equal(["5", "5"], answers(said("exec", SMALL)), "ends by default")


@case
def a_stack_that_cannot_grow():
    """R31: SIGSEGV, as at any limit of a stack."""
    done = run("stack", program=PROGRAM, options=STRICT)
    equal((0, b"stack: 0\nstack: -11\n"), (done.status, done.out), "status and ends")
    has(done.err, b"stack overflow: the guard gap, or the limit of address space, or of what may be committed", "log")
    equal(["0", "0"], answers(said("stack", SMALL)), "ends by default")


@case
def limits_refuse_when_memory_is_asked_for():
    """R90: RLIMIT_DATA and RLIMIT_AS do, with the option and without."""
    want = ["ENOMEM", "done", "ENOMEM", "done", "ENOMEM"]
    for options in (SMALL, STRICT):
        equal(want, answers(said("limits", options)), f"answers with {options}")


@case
def ordinary_programs_and_the_prompt_work():
    equal(0, run("bytes", "100000", options=STRICT).status, "status")
    if FAKE:
        raise Skip("needs the real kernel")
    prompt = Prompt(options=STRICT)
    equal("strict", prompt.do("echo strict"), "output")
    prompt.send("exit 3\r")
    equal(3, prompt.end(), "status of the prompt")


@case
def the_option_is_named_in_the_log():
    done = run("exit", "0", options=[*STRICT, "--verbose"])
    has(done.err, b"mm: strict commit accounting", "log")
    done = run("exit", "0", options=[*SMALL, "--append", "commit=foo"])
    equal(0, done.status, "status")
    has(done.err, b"boot: warning: command line: commit: invalid value", "log")


if __name__ == "__main__":
    main()
