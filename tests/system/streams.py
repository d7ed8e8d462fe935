#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The three streams of a program that has no terminal: every byte, in order, both ways, to their ends."""

import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

from lib.guest import PATIENCE, PROBE, RUN, run, start
from lib.tap import case, equal, has, lacks, main, soak_case

PATTERN = bytes((i + i // 256 * 7) & 255 for i in range(1 << 20))


@case
def output_is_exact_byte_for_byte():
    done = run("bytes", str(len(PATTERN)))
    equal(done.status, 0, "status")
    equal(len(done.out), len(PATTERN), "length")
    equal(done.out == PATTERN, True, "same bytes")
    equal(done.err, b"", "standard error")


@case
def output_and_error_stay_apart_with_nul_and_cr():
    done = run("both")
    equal(done.out, b"out\0\r\n\377", "standard output")
    equal(done.err, b"err\0\r\n\376", "standard error")
    equal(done.status, 0, "status")


@case
def input_is_exact_byte_for_byte():
    done = run("cat", stdin=PATTERN)
    equal(len(done.out), len(PATTERN), "length")
    equal(done.out == PATTERN, True, "same bytes")
    equal(done.status, 0, "status")


@case
def first_byte_of_input_is_not_lost():
    equal(run("cat", stdin=b"a").out, b"a", "standard output")


@case
def empty_input_is_empty():
    done = run("cat")
    equal((done.status, done.out, done.err), (0, b"", b""), "all")


@case
def input_from_a_file():
    with open(__file__, "rb") as file:
        text = file.read()
    with open(__file__, "rb") as file:
        equal(run("cat", stdin=file.fileno()).out, text, "standard output")


@case
def closed_input_is_empty():
    done = subprocess.run(["sh", "-c", 'exec "$0" -- "$1" cat <&-', RUN, PROBE], capture_output=True,
                          timeout=PATIENCE, check=False)
    equal((done.returncode, done.stdout, done.stderr), (0, b"", b""), "all")


@case
def all_descriptors_closed():
    done = subprocess.run(["sh", "-c", 'exec "$0" -- "$1" exit 5 <&- >&- 2>&-', RUN, PROBE],
                          timeout=PATIENCE, check=False)
    equal(done.returncode, 5, "status")


@case
def endless_input_ends_with_the_program():
    done = subprocess.run(["bash", "-c", 'yes | "$0" -- "$1" head1; exit ${PIPESTATUS[1]}', RUN, PROBE],
                          capture_output=True, timeout=PATIENCE, check=False)
    equal((done.returncode, done.stdout), (0, b"y\n"), "status and output")


@case
def input_that_comes_late():
    done = subprocess.run(["sh", "-c", '(sleep 2; echo a) | "$0" -- "$1" cat', RUN, PROBE],
                          capture_output=True, timeout=PATIENCE, check=False)
    equal((done.returncode, done.stdout), (0, b"a\n"), "status and output")


@case
def input_is_streamed_not_collected():
    """Each line is answered before the next one is sent."""
    process = start("echo", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    equal(process.stdout.readline(), b"ready\n", "first line")
    for word in (b"one\n", b"two\n"):
        process.stdin.write(word)
        process.stdin.flush()
        equal(process.stdout.readline(), b"got " + word, "answer")
    process.stdin.close()
    equal(process.stdout.read(), b"end\n", "rest")
    equal(process.wait(PATIENCE), 0, "status")


@case
def a_slow_reader_loses_nothing():
    process = start("bytes", str(len(PATTERN)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    read_end = process.stdout.fileno()
    data = b""
    while more := os.read(read_end, 30000):
        data += more
        threading.Event().wait(0.01)
    equal(data == PATTERN, True, "same bytes")
    equal(process.wait(PATIENCE), 0, "status")


@case
def ports_are_polled():
    done = run("polls", stdin=PATTERN)
    equal(done.status, 0, "status")
    equal(done.out == PATTERN, True, "same bytes")


@case
def input_that_comes_late_is_polled():
    process = start("polls", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for part in (b"one ", b"two ", b"three"):
        threading.Event().wait(0.3)
        process.stdin.write(part)
        process.stdin.flush()
    process.stdin.close()
    equal(process.stdout.read(), b"one two three", "standard output")
    equal(process.wait(PATIENCE), 0, "status")


@case
def a_reader_that_leaves_is_polled():
    process = start("polls", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(b"x")
    process.stdin.flush()
    equal(process.stdout.read(1), b"x", "the first byte")
    process.stdout.close()
    process.stdin.write(b"y")
    process.stdin.flush()
    equal(process.wait(PATIENCE), 83, "status")


@case
def a_reader_that_leaves_ends_the_writer():
    """As on Linux: the program gets SIGPIPE, or EPIPE."""
    process = start("yes", stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal(process.stdout.readline(), b"yes\n", "first line")
    process.stdout.close()
    err = process.stderr.read()
    equal(process.wait(PATIENCE), 141, "status")
    lacks(err, b"Traceback", "standard error")


@case
def a_program_without_terminal_sees_none():
    equal(run("tty").out, b"tty 000 0x0\n", "standard output")


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


@case
def output_that_cannot_be_written_is_125():
    """Not the program's own status: nobody has seen what it wrote."""
    for words, reason in ((">/dev/full", b"No space left on device"), (">&-", b"Bad file descriptor"),
                          ("3</dev/null >&3", b"Bad file descriptor")):
        status, _, err = redirected(words, "--", PROBE, "bytes", "100")
        equal((status, err), (125, b"run.sh: standard output: " + reason + b"\n"), words)
        status, _, err = redirected(words, "--help")
        equal((status, err), (125, b"run.sh: standard output: " + reason + b"\n"), "--help " + words)
    status, out, _ = redirected("2>/dev/full", "--", PROBE, "both")
    equal((status, out), (125, b"out\0\r\n\377"), "status and standard output where the other can't be written")


@case
def closed_output_is_no_matter_where_nothing_is_written():
    equal(redirected(">&- 2>&-", "--", PROBE, "exit", "7")[0], 7, "status")


@case
def a_directory_as_input_is_refused():
    """As 2, before anything runs."""
    equal(redirected("</", "--", PROBE, "cat"), (2, b"", b"run.sh: standard input is a directory\n"), "all")


@case
def input_that_may_not_be_read_is_empty():
    """nohup gives such a one."""
    equal(redirected("0>/dev/null", "--", PROBE, "cat"), (0, b"", b""), "all")


@case
def a_log_that_cannot_be_written_is_125():
    status, out, err = redirected("", "--verbose", "--log", "/dev/full", "--", PROBE, "bytes", "3")
    equal((status, out), (125, PATTERN[:3]), "status and standard output")
    equal(err.splitlines()[-1], b"run.sh: --log: /dev/full: No space left on device", "last line")


@soak_case
def twenty_runs_of_which_eight_at_a_time():
    """Ports that come up late, input that waits or has ended, and the last words: each time all of it."""
    def one(number):
        return run("through", str(number), stdin=PATTERN[: number * 1994], options=("--timeout", "60")), number

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(one, range(20)))
    wrong = [f"run {number}: status {result.status}, {len(result.out)} bytes, {result.err!r}" for result, number in done
             if (result.status, result.out, result.err) != (number, PATTERN[: number * 1994], b"done")]
    equal(wrong, [], "runs that went wrong")


if __name__ == "__main__":
    main()
