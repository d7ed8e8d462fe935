#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What kernel and firmware say: where it goes, how much of it, and that the program's own streams are free of it."""

import os
import re
import subprocess

from lib.guest import FAKE, GREEDY, PATIENCE, folder, run, start
from lib.tap import Skip, case, equal, has, lacks, main

STAMP = re.compile(rb"^\[ *\d+\.\d+\] ", re.MULTILINE)


@case
def a_quiet_run_says_nothing():
    done = run("exit", "0")
    equal((b"", b""), (done.out, done.err), "both streams")


@case
def verbose_says_all_on_standard_error():
    done = run("args", options=["--verbose"])
    has(done.err, b"OpenSBI", "standard error")
    has(done.err, b"power: off, status 0", "standard error")
    equal(None, STAMP.search(done.out), "kernel lines on standard output")


@case
def log_takes_the_messages():
    path = os.path.join(folder("log"), "the log")
    done = run("both", options=["--verbose", "--log", path])
    equal((b"out\0\r\n\377", b"err\0\r\n\376"), (done.out, done.err), "the program's streams")
    with open(path, "rb") as file:
        text = file.read()
    has(text, b"OpenSBI", "log")
    has(text, b"power: off, status 0", "log")


@case
def a_log_without_verbose_holds_notices_and_warnings_only():
    path = os.path.join(folder("quiet log"), "log")
    run("exit", "0", options=["--log", path])
    with open(path, "rb") as file:
        equal(b"", file.read(), "log")


@case
def warnings_are_shown():
    if FAKE:
        done = run("warn")
        has(done.err, b"test: warning: take care", "standard error")
    else:
        done = run("exit", "0", options=["--append", "no_such_word=1"])
        has(done.err, b"warning", "standard error")
        has(done.err, b"no_such_word", "standard error")
    equal(b"", done.out, "standard output")
    lacks(done.err, b"power: off", "standard error")


def lines_on_missing_calls(text):
    """The lines that name a missing call, without what differs from run to run."""
    found = re.findall(rb"trap: (?:warning: )?(\w+)\[\d+\]: (\w+) \(system call", text)
    return sorted(b" ".join(words) for words in found)


@case
def a_missing_call_is_named_once_for_each_program():
    if FAKE:
        raise Skip("needs the real kernel")
    done = run("missing", program=GREEDY)
    equal((0, b""), (done.status, done.out), "status and standard output")
    equal([b"greedy fanotify_init", b"other fanotify_init"], lines_on_missing_calls(done.err), "standard error")


@case
def the_log_also_names_missing_calls_that_programs_do_without():
    if FAKE:
        raise Skip("needs the real kernel")
    path = os.path.join(folder("missing"), "log")
    done = run("missing", program=GREEDY, options=["--log", path])
    equal((0, b"", b""), (done.status, done.out, done.err), "status and streams")
    with open(path, "rb") as file:
        found = lines_on_missing_calls(file.read())
    equal([b"greedy fanotify_init", b"greedy mbind", b"other fanotify_init", b"other mbind"], found, "log")


@case
def append_reaches_the_kernel():
    if FAKE:
        raise Skip("needs the real kernel")
    done = run("exit", "0", options=["--verbose", "--append", "seed=4711"])
    has(done.err, b"seed=4711", "standard error")


@case
def a_killed_program_is_explained():
    """R121: who, what access, where, why."""
    if FAKE:
        raise Skip("needs the real kernel")
    done = run("wild")
    equal((139, b""), (done.status, done.out), "status and standard output")
    for part in (b"probe", b"0x10", b"null pointer"):
        has(done.err, part, "report")


@case
def a_programs_name_makes_no_lines_of_the_log():
    if FAKE:
        raise Skip("needs the real kernel")
    done = run("liar", program=GREEDY)
    equal((139, b""), (done.status, done.out), "status and standard output")
    has(done.err, b"x?[    1.000000] kernel panic: a lie?[7m", "report")


@case
def the_runners_reason_is_not_in_the_log_but_its_report_is():
    path = os.path.join(folder("own"), "log")
    done = run("sleep", options=["--timeout", "2", "--log", path])
    equal((124, 1), (done.status, done.err.count(b"\n")), f"status, and lines of standard error ({done.err})")
    has(done.err, b"run.sh: no end within 2 s", "standard error")
    with open(path, "rb") as file:
        text = file.read()
    has(text, b"run.sh: hart 0: pc 0x", "log")
    lacks(text, b"no end", "log")


@case
def gdb_is_waited_for():
    """R123: gdb stops where it was told to."""
    if FAKE:
        raise Skip("needs the real QEMU")
    process = start("exit", "3", options=["--gdb"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    line = process.stderr.readline().decode()
    has(line, "gdb-multiarch", "first line")
    target = re.search(r"connect (\S+)", line).group(1)
    done = subprocess.run(["gdb-multiarch", "-nx", "-batch", "-ex", "set architecture riscv:rv64",
                           "-ex", f"target remote {target}", "-ex", "hbreak *0x80200000", "-ex", "continue",
                           "-ex", "info registers pc", "-ex", "delete", "-ex", "detach"],
                          capture_output=True, text=True, timeout=PATIENCE, check=False)
    has(done.stdout, "0x80200000", "what gdb shows")
    equal(3, process.wait(PATIENCE), "status")


if __name__ == "__main__":
    main()
