#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The three streams of a program that has no terminal: every byte, in order, both ways, to their ends."""

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

from lib.guest import PATIENCE, PROBE, RUN, run, start
from lib.tap import case, equal, has, lacks, long_case, main, soak_case

PATTERN = bytes((i + i // 256 * 7) & 255 for i in range(1 << 20))


@case
def output_is_exact_byte_for_byte():
    done = run("bytes", str(len(PATTERN)))
    equal(0, done.status, "status")
    equal(len(PATTERN), len(done.out), "length")
    equal(True, done.out == PATTERN, "same bytes")
    equal(b"", done.err, "standard error")


@case
def output_and_error_stay_apart_with_nul_and_cr():
    done = run("both")
    equal(b"out\0\r\n\377", done.out, "standard output")
    equal(b"err\0\r\n\376", done.err, "standard error")
    equal(0, done.status, "status")


@case
def input_is_exact_byte_for_byte():
    done = run("cat", stdin=PATTERN)
    equal(len(PATTERN), len(done.out), "length")
    equal(True, done.out == PATTERN, "same bytes")
    equal(0, done.status, "status")


@case
def first_byte_of_input_is_not_lost():
    equal(b"a", run("cat", stdin=b"a").out, "standard output")


@case
def empty_input_is_empty():
    done = run("cat")
    equal((0, b"", b""), (done.status, done.out, done.err), "all")


@case
def input_from_a_file():
    with open(__file__, "rb") as file:
        text = file.read()
    with open(__file__, "rb") as file:
        equal(text, run("cat", stdin=file.fileno()).out, "standard output")


@case
def closed_input_is_empty():
    done = subprocess.run(["sh", "-c", 'exec "$0" -- "$1" cat <&-', RUN, PROBE], capture_output=True,
                          timeout=PATIENCE, check=False)
    equal((0, b"", b""), (done.returncode, done.stdout, done.stderr), "all")


@case
def all_descriptors_closed():
    done = subprocess.run(["sh", "-c", 'exec "$0" -- "$1" exit 5 <&- >&- 2>&-', RUN, PROBE],
                          timeout=PATIENCE, check=False)
    equal(5, done.returncode, "status")


@case
def endless_input_ends_with_the_program():
    done = subprocess.run(["bash", "-c", 'yes | "$0" -- "$1" head1; exit ${PIPESTATUS[1]}', RUN, PROBE],
                          capture_output=True, timeout=PATIENCE, check=False)
    equal((0, b"y\n"), (done.returncode, done.stdout), "status and output")


@case
def input_that_comes_late():
    """The program waits for it by then."""
    process = start("late", "cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal(b"asleep\n", process.stderr.readline(), "standard error")
    process.stdin.write(b"a\n")
    process.stdin.close()
    equal(b"a\n", process.stdout.read(), "standard output")
    equal(0, process.wait(PATIENCE), "status")


@case
def input_is_streamed_not_collected():
    """Each line is answered before the next one is sent."""
    process = start("echo", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    equal(b"ready\n", process.stdout.readline(), "first line")
    for word in (b"one\n", b"two\n"):
        process.stdin.write(word)
        process.stdin.flush()
        equal(b"got " + word, process.stdout.readline(), "answer")
    process.stdin.close()
    equal(b"end\n", process.stdout.read(), "rest")
    equal(0, process.wait(PATIENCE), "status")


def read_slowly(*options):
    """The first byte is read when the pipe has long been full, and the machine waits for room."""
    process = start("bytes", str(len(PATTERN)), options=options, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    read_end = process.stdout.fileno()
    threading.Event().wait(1)
    data = b""
    while more := os.read(read_end, 30000):
        data += more
        threading.Event().wait(0.01)
    equal(True, data == PATTERN, "same bytes")
    equal(0, process.wait(PATIENCE), "status")


@case
def a_slow_reader_loses_nothing():
    read_slowly()


@long_case
def a_slow_reader_loses_nothing_where_instructions_are_counted():
    """The clock goes on to the next timer while the machine waits: without one, to its end."""
    read_slowly("--icount", "--timeout", "60")


@case
def ports_are_polled():
    done = run("polls", stdin=PATTERN)
    equal(0, done.status, "status")
    equal(True, done.out == PATTERN, "same bytes")


@case
def input_that_comes_late_is_polled():
    process = start("late", "polls", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for part in (b"one ", b"two ", b"three"):
        equal(b"asleep\n", process.stderr.readline(), "standard error")
        process.stdin.write(part)
        process.stdin.flush()
        equal(part, process.stdout.read(len(part)), "standard output")
    process.stdin.close()
    equal(b"", process.stdout.read(), "the rest of it")
    equal(0, process.wait(PATIENCE), "status")


@case
def a_reader_that_leaves_is_polled():
    process = start("polls", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"x")
    process.stdin.flush()
    equal(b"x", process.stdout.read(1), "the first byte")
    process.stdout.close()
    process.stdin.write(b"y")
    process.stdin.flush()
    equal(83, process.wait(PATIENCE), "status")


@case
def a_reader_that_leaves_ends_the_writer():
    """As on Linux: the program gets SIGPIPE, or EPIPE."""
    process = start("yes", stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal(b"yes\n", process.stdout.readline(), "first line")
    process.stdout.close()
    err = process.stderr.read()
    equal(141, process.wait(PATIENCE), "status")
    lacks(err, b"Traceback", "standard error")


@case
def a_program_without_terminal_sees_none():
    equal(b"tty 000 0x0\n", run("tty").out, "standard output")


@case
def both_outputs_into_one_pipe():
    done = subprocess.run([RUN, "--", PROBE, "both"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE, check=False)
    has(done.stdout, b"out\0\r\n\377", "what came")
    has(done.stdout, b"err\0\r\n\376", "what came")


def redirected(words, *program):
    """Runs a program with these redirections of the shell; gives (status, standard output, standard error)."""
    done = subprocess.run(["sh", "-c", f'exec "$0" "$@" {words}', RUN, *program], capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


@long_case
def output_that_cannot_be_written_is_125():
    """Not the program's own status: nobody has seen what it wrote."""
    for words, reason in ((">/dev/full", b"No space left on device"), (">&-", b"Bad file descriptor"),
                          ("3</dev/null >&3", b"Bad file descriptor")):
        status, _, err = redirected(words, "--", PROBE, "bytes", "100")
        equal((125, b"run.sh: standard output: " + reason + b"\n"), (status, err), words)
        status, _, err = redirected(words, "--help")
        equal((125, b"run.sh: standard output: " + reason + b"\n"), (status, err), "--help " + words)
    status, out, _ = redirected("2>/dev/full", "--", PROBE, "both")
    equal((125, b"out\0\r\n\377"), (status, out), "status and standard output where the other can't be written")


@case
def closed_output_is_no_matter_where_nothing_is_written():
    equal(7, redirected(">&- 2>&-", "--", PROBE, "exit", "7")[0], "status")


@case
def a_directory_as_input_is_refused():
    """As 2, before anything runs."""
    equal((2, b"", b"run.sh: standard input is a directory\n"), redirected("</", "--", PROBE, "cat"), "all")


@case
def input_that_may_not_be_read_is_empty():
    """nohup gives such a one."""
    equal((0, b"", b""), redirected("0>/dev/null", "--", PROBE, "cat"), "all")


@case
def a_log_that_cannot_be_written_is_125():
    status, out, err = redirected("", "--verbose", "--log", "/dev/full", "--", PROBE, "bytes", "3")
    equal((125, PATTERN[:3]), (status, out), "status and standard output")
    equal(b"run.sh: --log: /dev/full: No space left on device", err.splitlines()[-1], "last line")


@soak_case
def twenty_runs_of_which_eight_at_a_time():
    """Ports that come up late, input that waits or has ended, and the last words: each time all of it."""
    def one(number):
        return run("through", str(number), stdin=PATTERN[: number * 1994], options=("--timeout", "60")), number

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(one, range(20)))
    wrong = [f"run {number}: status {result.status}, {len(result.out)} bytes, {result.err!r}" for result, number in done
             if (result.status, result.out, result.err) != (number, PATTERN[: number * 1994], b"done")]
    equal([], wrong, "runs that went wrong")


if __name__ == "__main__":
    main()
