#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several harts: which start, and, on the strict machine, that threads on four of them leave no stale translation."""

import os

from lib.guest import BUILD, ROOT, get, run
from lib.tap import case, equal, has, long_case, main

STRICT = ["--mem", "64M", "--icount", "--harts", "4", "--strict"]


def started(*options):
    """Runs a program that ends at once; gives the log."""
    done = run("exit", "7", options=["--mem", "64M", "--verbose", *options])
    equal((7, b""), (done.status, done.out), "status and output")
    return done.err


def races(seed, program, *words):
    """Runs a program of the user suite on four harts; it judges itself, and the machine looks for missing fences."""
    done = run(*words, program=f"{BUILD}/tests/user/{program}", options=[*STRICT, str(seed)])
    equal((0, b""), (done.status, done.err), "status and error")
    return done.out


def recorded(name):
    """Gives what the program says on Linux."""
    return get(os.path.join(ROOT, f"tests/user/expected/{name}.out"))


@long_case
def R8_R93_superpages_are_cut_and_shared_while_another_hart_reads_them():
    equal(recorded("vm_wide_4"), races(3, "vm_fuzz", "4", "100", "wide", "watched"), "output")


@case
def each_hart_of_the_machine_runs():
    has(started("--harts", "3"), b"boot: 3 harts run\n", "log")


@long_case
def the_host_says_how_many_run_where_nobody_does():
    usual = min(4, len(os.sched_getaffinity(0)))
    for options, harts in (([], usual), (["--icount"], 1), (["--machine", "spike"], 1), (["--strict"], 1)):
        done = run("exit", "7", options=["--mem", "64M", "--verbose", *options], env={"FAULTLINE_HARTS": ""})
        equal(7, done.status, f"status with {options}")
        has(done.out + done.err, b"boot: 1 hart runs\n" if harts == 1 else b"boot: %d harts run\n" % harts, f"log with {options}")


@case
def the_command_line_limits_how_many_run():
    log = started("--harts", "3", "--append", "harts=2")
    has(log, b"boot: 2 harts run\n", "log")
    has(log, b"is left out: enough run without it\n", "log")
    log = started("--harts", "3", "--append", "harts=1")
    has(log, b"boot: 1 hart runs\n", "log")


@case
def harts_may_have_any_numbers():
    log = started("--harts", "3", "--strict", "--icount", "--strict-opt", "ids=40,boot=0")
    has(log, b"boot: 3 harts run\n", "log")


def says_of_each_other_hart(option, text):
    """Boots three harts of the strict machine with that option; gives the log, which says that of two of them."""
    log = started("--harts", "3", "--strict", "--icount", "--strict-opt", option)
    for number in (b"1", b"2"):
        has(log, b"boot: hart " + number + text, "log")
    return log


@case
def a_hart_that_the_firmware_lets_begin_elsewhere_is_started_again():
    """As OpenSBI 1.1 does, if the host is busy: the hart began in a kernel that had begun, and cleared its .bss."""
    has(says_of_each_other_hart("astray", b" had gone astray, and is started again\n"), b"boot: 3 harts run\n", "log")


@case
def a_hart_that_is_started_and_does_not_come_is_left_out():
    has(says_of_each_other_hart("silent", b" is left out: it was started and has not come\n"), b"boot: 1 hart runs\n", "log")


@case
def a_tree_that_says_odd_things_of_harts_has_the_others_run():
    log = started("--harts", "7", "--strict", "--icount", "--strict-opt", "odd")
    for what in (b"hart 1 is left out: the device tree names it twice", b"hart 3 is left out: it is disabled",
                 b"hart 4 is left out: it has no MMU", b"warning: cpu@5 is left out: it has no number", b"3 harts run"):
        has(log, b"boot: " + what + b"\n", "log")


def one_runs_without(extension, says):
    log = started("--harts", "3", "--strict", "--icount", "--strict-opt", "lacks=" + extension)
    has(log, b"boot: warning: one hart runs: the firmware " + says + b" (no SBI extension " + extension.upper().encode() + b")\n", "log")
    has(log, b"boot: 1 hart runs\n", "log")


@case
def firmware_that_starts_no_hart_has_one():
    one_runs_without("hsm", b"starts no hart")


@long_case
def firmware_that_interrupts_or_fences_no_other_hart_has_one():
    one_runs_without("ipi", b"interrupts no other hart")
    one_runs_without("rfence", b"fences no other hart")


@long_case
def sixteen_harts_run_and_those_beyond_are_left_out():
    log = started("--harts", "17")
    has(log, b"is left out: there is no room for it\n", "log")
    has(log, b"boot: 16 harts run\n", "log")


@case
def R8_R64_R65_processes_that_share_pages_run_on_four_harts():
    has(races(1, "cow_tree"), b"processes that saw what they should: 31\n", "output")


@case
def R8_R16_R65_threads_fault_and_unmap_at_once_on_four_harts():
    has(races(2, "thread_vm", "1", "4", "3", "100"), b"seed 1: 4 threads, 0 wrong\n", "output")


@case
def threads_run_where_they_may_on_four_harts():
    has(races(5, "thread_harts"), b"children inherit the mask\n", "output")


@case
def threads_are_killed_and_stopped_on_other_harts():
    equal(recorded("thread_signal"), races(3, "thread_signal"), "output")


@case
def the_prompt_says_which_hart_a_process_is_on():
    for harts, there in (("1", False), ("2", True)):
        done = run("-c", "ps; trace 2", program="sh", options=["--harts", harts])
        equal((0, there), (done.status, b" HART " in done.out), f"status and column, with {harts}")
        has(done.out, b"COST KIND\n", "trace")


@long_case
def R16_R64_a_thread_faults_while_another_changes_the_map():
    equal(recorded("thread_faults"), races(4, "thread_faults"), "output")


if __name__ == "__main__":
    main()
