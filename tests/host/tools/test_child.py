#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The runner in a fork of a process: what of the process it does not see, and how it ends."""

import json
import os
import signal
import subprocess

import base  # noqa: F401
from lib.tap import case, equal, has, main

import run
from runner import child


def ran(runner, words=(), env=None, **names):
    """Has a function be the runner in a fork; gives its status, output and errors."""
    before, run.main = run.main, runner
    try:
        done = subprocess.run(["run.sh"], preexec_fn=child.becoming(words, env or {}), capture_output=True, check=False, **names)
    finally:
        run.main = before
    return done.returncode, done.stdout, done.stderr


def say(value):
    """Writes a value as JSON."""
    os.write(1, json.dumps(value).encode())
    return 0


@case
def words_environment_directory_and_status():
    def runner(words):
        say([words, dict(os.environ), os.getcwd()])
        return 42

    os.environ["OURS"] = "1"
    status, out, err = ran(runner, ["--", "a b"], {"THEIRS": "2"}, cwd="/")
    equal((42, [["--", "a b"], {"THEIRS": "2"}, "/"], b""), (status, json.loads(out), err), "status, what it sees, errors")


@case
def descriptors_are_closed():
    ours, theirs = os.pipe()
    os.set_inheritable(theirs, True)
    status, out, _ = ran(lambda words: say(sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1]))
    equal((0, [0, 1, 2]), (status, json.loads(out)), "status and descriptors, but for that of the folder")
    os.close(ours)
    os.close(theirs)


@case
def signals_are_those_of_a_new_python():
    numbers = (signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGPIPE)
    before = [signal.signal(number, lambda *_: None) for number in numbers[:2]]
    hangup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        out = ran(lambda words: say([int(signal.getsignal(number)) for number in numbers]))[1]
    finally:
        for number, action in zip(numbers, [*before, hangup]):
            signal.signal(number, action)
    equal([signal.SIG_DFL, signal.SIG_DFL, signal.SIG_IGN, signal.SIG_IGN], json.loads(out), "actions")


@case
def an_exception_is_shown():
    def runner(_):
        raise RuntimeError("oh")

    status, out, err = ran(runner)
    equal((1, b""), (status, out), "status and output")
    has(err, b"RuntimeError: oh", "standard error")


@case
def nothing_of_the_parent_is_done_at_its_end():
    """Neither is its output written twice, nor its cleaning up."""
    print("# said once", end="\n")
    equal((3, b"", b""), ran(lambda words: 3), "status, output, errors")


if __name__ == "__main__":
    main()
