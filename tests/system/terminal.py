#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program on a terminal: what it sees, what typing does, and that the terminal is given back as it was."""

import os
import pty
import signal
import subprocess

from lib.guest import FAKE, PATIENCE, PROBE, RUN
from lib.processes import children, left_alive
from lib.pty import OnTerminal, ShellOnTerminal, hang_up
from lib.tap import case, equal, has, lacks, main

WARNING = ("warn", *["word"] * 30) if FAKE else ("wild",)  # has a line of the log that is wider than the window
YELLOW, PLAIN = b"\x1b[33m", b"\x1b[39m"
CTRL_A, CTRL_C, CTRL_D, ERASE, KILL = b"\x01", b"\x03", b"\x04", b"\x7f", b"\x15"


@case
def each_stream_is_a_terminal_where_it_is_one_here():
    for redirect, expected in (("", b"tty 111 101x33"), ("2>/dev/null", b"tty 110 101x33"),
                               ("</dev/null", b"tty 011 101x33"), ("</dev/null 2>/dev/null", b"tty 010 101x33")):
        run = OnTerminal("tty", redirect=redirect)
        has(run.finish()[1], expected, f"with {redirect or 'nothing'} redirected")


@case
def the_size_of_the_window_is_followed():
    for redirect in ("", "</dev/null"):
        run = OnTerminal("winch", redirect=redirect)
        run.expect("ready\r\n")
        run.child.setwinsize(12, 34)
        run.expect("winch 34x12\r\n")
        equal(0, run.finish()[0], "status")


@case
def standard_output_elsewhere():
    run = OnTerminal("tty", redirect="| sed s/tty/piped/")
    has(run.finish()[1], b"piped 101 101x33", "what came")


@case
def a_newline_is_crlf_once():
    run = OnTerminal("args", "x")
    has(run.finish()[1], b"]\r\n[args]\r\n[x]\r\n", "what came")


@case
def the_same_where_input_is_no_terminal():
    run = OnTerminal("args", "x", redirect="</dev/null")
    has(run.finish()[1], b"]\r\n[args]\r\n[x]\r\n", "what came")


def warned(redirect="", **env):
    """Gives what comes to a terminal from a run that has warnings."""
    return OnTerminal(*WARNING, redirect=redirect, env={"TERM": "xterm", "NO_COLOR": "", **env}).finish()[1]


@case
def the_log_is_wrapped_at_words_in_the_windows_width():
    rows = warned(TERM="dumb").decode().split("\r\n")
    equal([], [row for row in rows if len(row) > 101], "rows wider than the window")
    equal(True, any(row.startswith(" " * 17) for row in rows), "indented rows")
    has(" ".join(row.strip() for row in rows), "word word word" if FAKE else "empty: V=0 refuses a write", "the words")


@case
def warnings_have_a_colour_on_a_terminal():
    text = warned()
    equal(True, text.count(YELLOW) == text.count(PLAIN) > 0, f"colour that ends: {text!r}")
    equal(True, text.startswith(YELLOW + b"["), "a warning begins with it")


@case
def no_colour_where_it_is_not_wanted():
    for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}):
        lacks(warned(**env), b"\x1b", f"with {env}")


@case
def a_log_that_goes_elsewhere_is_whole_and_plain():
    text = warned(redirect="2>&1 | cat")
    lacks(text, b"\x1b", "through a pipe")
    equal(True, any(len(line) > 101 for line in text.split(b"\r\n")), "a line is longer than the window")


@case
def lines_are_edited_echoed_and_ended():
    run = OnTerminal("echo")
    run.expect("ready\r\n")
    run.send(b"helxx" + ERASE + ERASE + b"lo\r")
    run.expect("got hello\r\n")
    run.send(b"again\r")
    has(run.expect("got again\r\n"), b"again\r\n", "echo")
    run.send(CTRL_D)
    run.expect("end\r\n")
    equal(0, run.finish()[0], "status")


@case
def typing_before_it_runs_is_kept():
    run = OnTerminal("echo")
    run.send(b"early\r")
    run.expect("got early\r\n")
    run.send(CTRL_D)
    equal(0, run.finish()[0], "status")


@case
def ctrl_c_is_the_programs_sigint():
    run = OnTerminal("sleep")
    run.expect("asleep\r\n")
    run.send(CTRL_C)
    equal(130, run.finish()[0], "status")


@case
def ctrl_a_x_ends_the_machine():
    run = OnTerminal("sleep")
    run.expect("asleep\r\n")
    run.send(CTRL_A + b"x")
    status, rest = run.finish()
    equal(130, status, "status")
    has(rest, b"run.sh: ended by Ctrl-A X", "last line")


@case
def ctrl_a_x_does_not_wait_behind_a_paste_that_nobody_reads():
    run = OnTerminal("sleep")
    run.expect("asleep\r\n")
    run.send((b"x" * 99 + b"\r") * 3000 + CTRL_A + b"x")
    equal(130, run.finish()[0], "status")


@case
def ctrl_a_twice_is_one_ctrl_a():
    run = OnTerminal("echo")
    run.expect("ready\r\n")
    run.send(b"a" + CTRL_A + CTRL_A + b"b\r")
    run.expect("got a\x01b\r\n")
    run.send(CTRL_A + b"X")
    equal(130, run.finish()[0], "status")


@case
def a_terminal_has_no_time_out_but_takes_one():
    run = OnTerminal("sleep", options=["--timeout", "3"])
    status, rest = run.finish()
    equal(124, status, "status")
    has(rest, b"run.sh: no end within 3 s\r\n", "last line")


@case
def the_terminal_is_restored_at_a_normal_end():
    equal((3, True), ShellOnTerminal("exit", "3").status(), "status and same modes")


@case
def the_terminal_is_restored_after_ctrl_a_x():
    run = ShellOnTerminal("sleep")
    run.child.expect_exact("asleep")
    run.child.send(CTRL_A + b"x")
    equal((130, True), run.status(), "status and same modes")


@case
def the_terminal_is_restored_after_signals():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run = ShellOnTerminal("sleep")
        run.child.expect_exact("asleep")
        with open(f"/proc/{run.child.pid}/task/{run.child.pid}/children", encoding="ascii") as file:
            os.kill(int(file.read().split()[0]), number)
        equal((128 + number, True), run.status(), f"status and same modes after {number.name}")


@case
def the_terminal_is_restored_after_a_failure():
    equal((125, True), ShellOnTerminal("exit", "0", options=["--log", "/no such folder/x"]).status(), "both")


@case
def kill_erases_the_line():
    run = OnTerminal("echo")
    run.expect("ready\r\n")
    run.send(b"wrong" + KILL + b"right\r")
    run.expect("got right\r\n")
    run.send(CTRL_D)
    equal(0, run.finish()[0], "status")


@case
def a_run_in_the_background_leaves_the_terminal_alone():
    script = 'set -m; "$0" "$@" & wait $!; echo "status $?."'
    run = ShellOnTerminal("args", "background", script=script)
    run.child.expect_exact("[background]")
    equal((0, True), run.status(), "status and same modes")


@case
def hanging_up_ends_the_machine():
    run = OnTerminal("sleep")
    run.expect("asleep\r\n")
    machines = children(run.child.pid)
    equal(1, len(machines), "machines")
    hang_up(run.child)
    equal([], left_alive(machines), "machines left")


@case
def hanging_up_without_a_signal_ends_the_machine():
    """The terminal controls no session (a leading bash would make it its own): it is only seen to be gone."""
    master, slave = pty.openpty()
    run = subprocess.Popen(["/bin/sh", "-c", '"$@"; exit $?', "sh", RUN, "--", PROBE, "sleep"], stdin=slave, stdout=slave,
                           stderr=subprocess.DEVNULL, start_new_session=True)
    os.close(slave)
    seen = b""
    while b"asleep" not in seen:
        seen += os.read(master, 4096)
    os.close(master)
    try:
        equal(128 + signal.SIGHUP, run.wait(PATIENCE), "status")
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
