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
    equal(done.status, 0, f"status, with {done.err!r}")
    lacks(done.err, b"out of memory", "log")
    return done.out.decode().splitlines()


def answers(lines):
    """Gives what comes behind the colon of each line."""
    return [line.split(": ")[-1] for line in lines]


@case
def what_is_too_large_is_refused():
    """R90: mmap, MAP_NORESERVE or not, shared anonymous memory, brk, mremap and mprotect."""
    want = ["done", "ENOMEM", "ENOMEM", "done", "done", "ENOMEM", "done", "ENOMEM", "ENOMEM", "done", "ENOMEM", "done"]
    equal(answers(said("requests", STRICT)), want, "answers")


@case
def nothing_is_refused_by_default():
    """R14: an untouched reservation costs nothing."""
    equal(answers(said("requests", SMALL)), ["done"] * 12, "answers")


@case
def fork_of_more_than_half_of_memory():
    """R20: ENOMEM, and the parent goes on; what ended children had can be had again."""
    end = "20 children had 25 MiB each, in turn"
    equal(answers(said("forks", STRICT)), ["done", "ENOMEM", "done", end], "answers")
    equal(answers(said("forks", SMALL)), ["done", "done", "done", end], "answers by default")


@case
def a_hog_is_refused_and_not_killed():
    """R43: nobody is killed."""
    equal(said("hog", STRICT), ["hog: 0"] * 2, "ends")


@case
def exec_of_an_image_for_which_there_is_no_room():
    """The old image goes on, with ENOMEM; it says 7, and the new one 5."""
    equal(answers(said("exec", STRICT)), ["5", "7"], "ends")
    equal(answers(said("exec", SMALL)), ["5", "5"], "ends by default")


@case
def a_stack_that_cannot_grow():
    """R31: SIGSEGV, as at any limit of a stack."""
    done = run("stack", program=PROGRAM, options=STRICT)
    equal((done.status, done.out), (0, b"stack: 0\nstack: -11\n"), "status and ends")
    has(done.err, b"stack overflow: the guard gap, or the limit of address space, or of what may be committed", "log")
    equal(answers(said("stack", SMALL)), ["0", "0"], "ends by default")


@case
def limits_refuse_when_memory_is_asked_for():
    """R90: RLIMIT_DATA and RLIMIT_AS do, with the option and without."""
    want = ["ENOMEM", "done", "ENOMEM", "done", "ENOMEM"]
    for options in (SMALL, STRICT):
        equal(answers(said("limits", options)), want, f"answers with {options}")


@case
def ordinary_programs_and_the_prompt_work():
    equal(run("bytes", "100000", options=STRICT).status, 0, "status")
    if FAKE:
        raise Skip("needs the real kernel")
    prompt = Prompt(options=STRICT)
    equal(prompt.do("echo strict"), "strict", "output")
    prompt.send("exit 3\r")
    equal(prompt.end(), 3, "status of the prompt")


@case
def the_option_is_named_in_the_log():
    done = run("exit", "0", options=[*STRICT, "--verbose"])
    has(done.err, b"mm: strict commit accounting", "log")
    done = run("exit", "0", options=[*SMALL, "--append", "commit=foo"])
    equal(done.status, 0, "status")
    has(done.err, b"boot: warning: command line: commit: invalid value", "log")


if __name__ == "__main__":
    main()
