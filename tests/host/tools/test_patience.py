#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tests of tools/runner/patience.py: what counts as time that a command takes, on a /proc that only plays one and on the real
one."""

import os
import shutil
import subprocess
import tempfile

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, main
from runner import patience


class Clock:
    """A clock that goes on when it is told."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Proc:
    """A folder that looks like /proc, as far as Patience reads it."""

    def __init__(self, folder):
        self.folder = folder

    def put(self, pid, parent, states, seconds, of_children=0.0):
        """Writes a process with a thread in each of these states."""
        ticks = int(seconds * patience.TICKS)
        for number, state in enumerate(states):
            text = f"{pid} (a ) R b) {state} {parent} {'0 ' * 9}{ticks} 0 {int(of_children * patience.TICKS)} 0 20 0 1 0 {pid}"
            for path in [f"{pid}/task/{pid + number}"] + [str(pid)] * (not number):
                os.makedirs(os.path.join(self.folder, path), exist_ok=True)
                with open(os.path.join(self.folder, path, "stat"), "w", encoding="ascii") as file:
                    file.write(text)


def looks(watch, clock, seconds, change=lambda: None):
    """Looks for so many seconds, as long as nothing is said; returns what was."""
    end = clock.now + seconds
    while clock.now < end:
        clock.now += watch.pause
        change()
        why = watch.look()
        if why:
            return why
    return ""


@case
def a_machine_may_use_so_much_processor_time():
    with tempfile.TemporaryDirectory() as folder:
        proc, clock, used = Proc(folder), Clock(), [0.0]
        watch = patience.Patience(7, 3, 5, proc=folder, clock=clock)

        def work(share):
            used[0] += share * watch.pause
            proc.put(7, 1, "SR", used[0])

        equal("", looks(watch, clock, 30, lambda: work(0.09)), "a busy host: a tenth of a processor for 30 s")
        equal("no end within 3 s of processor time", looks(watch, clock, 30, lambda: work(1)), "a whole one")


@case
def R161_who_waits_for_a_processor_is_not_idle():
    with tempfile.TemporaryDirectory() as folder:
        proc, clock = Proc(folder), Clock()
        proc.put(7, 1, "SSR", 1)
        equal("", looks(patience.Patience(7, 3, 5, proc=folder, clock=clock), clock, 1000), "one thread waits for a processor")
        proc.put(7, 1, "SSS", 1)
        watch = patience.Patience(7, 3, 5, proc=folder, clock=clock)
        equal("", looks(watch, clock, 4), "asleep for a while")
        equal("no end: nothing ran for 5 s", looks(watch, clock, 2), "asleep for long")


@case
def little_work_now_and_then_is_no_work():
    with tempfile.TemporaryDirectory() as folder:
        proc, clock, used = Proc(folder), Clock(), [0.0]
        watch = patience.Patience(7, 30, 5, proc=folder, clock=clock)

        def work():
            used[0] += watch.pause / 20
            proc.put(7, 1, "SD", used[0])

        equal("no end: nothing ran for 5 s", looks(watch, clock, 6, work), "a thread that sleeps and one in vfork()")


@case
def children_that_have_ended_are_not_forgotten():
    with tempfile.TemporaryDirectory() as folder:
        proc, clock, pids = Proc(folder), Clock(), [100]
        proc.put(7, 1, "S", 0.1)
        watch = patience.Patience(7, 3, 5, all_below=True, proc=folder, clock=clock)

        def work():
            shutil.rmtree(os.path.join(folder, str(pids[0])), ignore_errors=True)
            pids[0] += 1
            proc.put(pids[0], 7, "R", 0.5)

        equal("no end within 3 s of processor time", looks(watch, clock, 9, work), "one child after the other, and nobody waits for them")


@case
def time_in_which_nobody_looked_is_not_counted():
    with tempfile.TemporaryDirectory() as folder:
        proc, clock = Proc(folder), Clock()
        proc.put(7, 1, "S", 1)
        watch = patience.Patience(7, 3, 5, proc=folder, clock=clock)
        for _ in range(5):
            clock.now += 100
            equal("", watch.look(), "the host was busy, and the one who looks had to wait as well")


@case
def what_a_command_has_started_counts_too():
    with tempfile.TemporaryDirectory() as folder:
        proc, clock, used = Proc(folder), Clock(), [0.0]
        proc.put(7, 1, "S", 0.5, 1.0)
        proc.put(8, 7, "S", 0.25)
        proc.put(20, 1, "R", 99)
        watch = patience.Patience(7, 3, 5, all_below=True, proc=folder, clock=clock)

        def work():
            used[0] += watch.pause / 2
            proc.put(9, 8, "S", used[0])

        equal("no end within 3 s of processor time", looks(watch, clock, 5, work), "a grandchild that works")
        equal(True, 3 < watch.used < 4.5, "what was used")
        equal("no end: nothing ran for 5 s", looks(patience.Patience(7, 9, 5, all_below=True, proc=folder, clock=clock), clock, 9), "and rests")
        equal(0, len(patience.family(99, folder)), "a process that is gone")


@case
def real_processes_are_seen():
    for words, cpu, idle, why in ((["sh", "-c", "while :; do :; done & wait"], 0.3, 60, "no end within 0.3 s of processor time"),
                                  (["sleep", "1000"], 60, 0.5, "no end: nothing ran for 0.5 s")):
        process = subprocess.Popen(words, start_new_session=True)
        try:
            watch, said = patience.Patience(process.pid, cpu, idle, all_below=True), ""
            watch.pause = 0.1
            while not said:
                said = watch.look()
            equal(why, said, words[0])
        finally:
            os.killpg(process.pid, 9)
            process.wait()


main()
