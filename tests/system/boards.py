#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Other machines of QEMU's (R85): --machine sifive_u and spike, which have one console for all streams."""

import time

from lib.guest import run, run_raw
from lib.pty import OnTerminal
from lib.tap import case, equal, has, lacks, long_case, main, soak_case

SIFIVE, SPIKE = ("--machine", "sifive_u"), ("--machine", "spike")
HZ = {SIFIVE: 1000000, SPIKE: 10000000}  # of their clocks
CTRL_C = b"\x03"
LINES = b"".join(bytes(range(256)) + b"%d\n" % number for number in range(100))


def both(function, of_sifive=case, of_spike=soak_case):
    """Makes a case for each of the machines; that of spike runs in the suite soak."""
    for options, kind in ((SIFIVE, of_sifive), (SPIKE, of_spike)):
        def one(options=options):
            function(options)

        one.__name__ = f"{function.__name__}_on_{options[1]}"
        kind(one)


def both_always(function):
    """Makes a case for each board; that of spike always runs."""
    both(function, of_spike=case)


def both_at_night(function):
    """Makes a case for each board, where both take long."""
    both(function, of_sifive=long_case, of_spike=long_case)


@both_always
def a_program_runs(options):
    done = run("machine", str(HZ[options]), options=options)
    equal((0, b"input 0, time 1, floats 1, child 2, parent 1\n", b""), (done.status, done.out, done.err), "how it ran")


@long_case
def input_and_output_are_exact_on_sifive_u():
    """Keys and ends of lines are bytes as others, as long as a line has fewer than 4096 of them."""
    done = run("cat", stdin=LINES, options=SIFIVE)
    equal((0, LINES, b""), (done.status, done.out, done.err), "how it ran")


@both_at_night
def output_is_exact(options):
    """More than a socket would take before somebody reads."""
    done = run("bytes", "300000", options=options)
    expected = run("bytes", "300000")
    equal((0, True, 300000), (done.status, done.out == expected.out, len(done.out)), "how it ran")


@both
def the_streams_are_no_terminal(options):
    equal(b"tty 000 0x0\n", run("tty", options=options).out, "standard output")


@both
def the_status_is_that_of_the_program(options):
    equal(42, run("exit", "42", options=options).status, "status")
    equal(137, run("kill", "9", options=options).status, "status of one that was killed")


@both_always
def warnings_are_not_in_the_output(options):
    done = run("wild", options=options)
    equal(139, done.status, "status")
    lacks(done.out, b"SIGSEGV", "standard output")
    has(done.err, b"killed by SIGSEGV", "standard error")


@both_always
def a_machine_without_init(options):
    done = run("exit", "0", options=[*options, "--append", "init=/none"])
    equal(125, done.status, "status")
    has(done.err, b"boot: error: /none: not in the boot archive", "standard error")


@both
def the_time_of_day_is_the_hosts(options):
    """To a minute or so, if the machine is busy: there is no clock but the word on the command line."""
    before = time.time() - 1
    told = float(run("clock", options=options).out)
    equal(True, before <= told <= time.time() + 60, f"{told} is between {before} and now")


@both_always
def what_the_machine_lacks_is_refused(options):
    for more, why in ((["--swap", "64M"], b"--swap needs a virtio device, which --machine"),
                      (["--share", "."], b"--share needs a virtio device, which --machine"),
                      (["--device", "virtio-rng"], b"--device needs a virtio device, which --machine"),
                      (["--harts", "9"], b" harts at most")):
        done = run("exit", "0", options=[*options, *more])
        equal(2, done.status, "status")
        has(done.err, why, "standard error")


@soak_case
def a_machine_that_does_not_go_off():
    """The firmware of sifive_u cannot power off, and a kernel that is not told so does not reset instead."""
    done = run("exit", "42", options=SIFIVE, env={"FAULTLINE_QEMU": "-append console=plain"})
    equal(125, done.status, "status")
    equal(b"run.sh: the kernel has ended with status 42, but the machine did not go off", done.last_line(), "the last line")


@case
def one_console_for_log_and_streams():
    """Of the second UART the kernel need not make use."""
    done = run("wild", options=[*SIFIVE, "--append", "log=console"])
    equal(139, done.status, "status")
    lacks(done.out, b"SIGSEGV", "standard output")
    has(done.err, b"killed by SIGSEGV", "standard error")


@case
def a_machine_that_is_not_known():
    done = run("exit", "0", options=["--machine", "toaster"])
    equal((2, b"run.sh: --machine wants one of virt, sifive_u, spike, not 'toaster'\n"), (done.status, done.err), "how it ended")


@both_at_night
def a_run_that_takes_too_long(options):
    equal(124, run("sleep", "1000", options=[*options, "--timeout", "2"]).status, "status")


@both
def a_program_on_a_terminal(options):
    program = OnTerminal("echo", options=options)
    program.expect("ready")
    program.send(b"typed\r")
    program.expect("typed")
    program.send(CTRL_C)
    equal(130, program.finish()[0], "status after Ctrl-C")


@both_at_night
def the_tour(options):
    done = run_raw([*options, "--timeout", "300"])
    equal(0, done.status, "status")
    for number in range(1, 9):
        has(done.out, b"\xe2\x94\x80\xe2\x94\x80 %d " % number, "what came")
    has(done.out, b"This machine has no swap disk", "what came")


if __name__ == "__main__":
    main()
