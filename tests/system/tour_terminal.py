#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guided tour on a terminal: its keys, Ctrl-C, the prompt behind it, and how the terminal is given back."""

import os
import re
import termios
import time

import pexpect

from lib.guest import FAKE, PATIENCE, RUN, run_raw
from lib.processes import children, left_alive
from lib.prompt import CTRL, Prompt
from lib.pty import hang_up, modes_of_a_new_terminal
from lib.tap import Skip, case, equal, has, lacks, long_case, main, soak_case
from lib.tour import FIGURES, STOPS, STRIPS, costs, figures, strips

# A small disk: the stop about swap shows the same with 2 MiB as with 8, in a quarter of the time. And of a small memory
# it locks the most sooner.
SMALL = ("--mem", "64M", "--swap", "9M")
FILLING = 400  # instructions, at most, if an allocation is the one that fills the cache of free frames
TINY = ("--swap", "1M")  # too small for it: it says so, and takes no time


class Terminal:
    """The tour on a terminal below a shell, which keeps it afterwards."""

    def __init__(self, *words, columns=80, **environment):
        if FAKE:
            raise Skip("needs the real kernel")
        script = '"$0" "$@"; echo "status $?."; read -r line'
        self.before = modes_of_a_new_terminal()
        self.child = pexpect.spawn("/bin/bash", ["-c", script, RUN, *words], timeout=PATIENCE, dimensions=(25, columns),
                                   env={**os.environ, "LANG": "C", **environment}, encoding="utf-8", codec_errors="replace")
        self.child.delaybeforesend = None
        self.seen = ""

    def stop(self):
        """Waits for the words that tell about keys."""
        if self.child.expect([r"q: quit|q Enter: quit", r"status \d+\."]):
            raise AssertionError("it ended: " + self.child.before)
        self.seen += self.child.before

    def end(self):
        """Gives the status, and whether the terminal is as it was."""
        self.child.expect(r"status (\d+)\.")
        self.seen += self.child.before
        status, same = int(self.child.match.group(1)), termios.tcgetattr(self.child.child_fd) == self.before
        self.child.close(force=True)
        return status, same


def keys_go_on():
    """Presses a key at each stop; gives what was printed."""
    run = Terminal(*SMALL)
    for _ in range(STOPS + 1):
        run.stop()
        run.child.send("\r")
    run.child.expect_exact("faultline> ")
    run.seen += run.child.before
    run.child.send("exit 7\r")
    equal((7, True), run.end(), "status and the same modes")
    has(run.seen, "\033[1m", "colour")
    plain = re.sub(r"\033\[[0-9;]*[mK]", "", run.seen).replace("\r", "")
    rows = figures(plain.split("\n"))
    equal(FIGURES, {name: rows.get(name) for name in FIGURES}, "figures")
    has(plain, "\nOr look around here first: help lists the commands; exit or Ctrl-D leaves.\n", "last line")
    return plain


@case
def a_key_goes_on():
    keys_go_on()


@long_case
def costs_are_the_same_on_a_terminal():
    plain = keys_go_on()
    elsewhere = costs(run_raw(SMALL).out.decode().split("\n"))
    for name, cost in costs(plain.split("\n")).items():
        equal(True, abs(cost - elsewhere[name]) <= max(0.15 * elsewhere[name], FILLING),
              f"{name}: {cost} instructions on a terminal, {elsewhere[name]} without")


def drawn(prompt):
    """Counts the rows of the stop about swap that are on the screen."""
    return len(strips(prompt.screen.text().split("\n")))


@soak_case
def a_row_about_swap_changes_while_the_program_runs():
    """It is drawn four times, over itself. On a terminal where it would take two lines it is drawn once."""
    for columns, drawings in ((80, 4), (60, 1)):
        run = Terminal(*SMALL, columns=columns, NO_COLOR="1")
        for _ in range(STOPS):
            run.stop()
            run.child.send("\r")
        run.stop()
        run.child.send("q\r")
        equal((0, True), run.end(), "status and the same modes")
        names = [row[0] for row in strips(re.split("[\r\n]", run.seen))]
        equal([name for name in STRIPS for _ in range(drawings)], names, f"rows in {columns} columns")


@long_case
def ctrl_c_ends_the_stop_about_swap():
    # The disk answers ten requests a second: the rows to come would take minutes.
    slow = {"FAULTLINE_QEMU": "-set drive.disk.throttling.iops-total=10"}
    prompt = Prompt(options=["--mem", "64M"], shell=True, tour=True, env=slow)
    prompt.until(lambda: at_stop(prompt), "the first stop")
    prompt.send("\r" * STOPS)
    prompt.until(lambda: drawn(prompt) > 1, "two rows")
    prompt.send(CTRL["C"])
    prompt.shows("")
    equal(True, drawn(prompt) < len(STRIPS), f"rows: {drawn(prompt)}")
    has(prompt.do("ps"), "sh", "processes")
    prompt.send(CTRL["D"])
    equal((0, True), prompt.left(), "status and the same modes")


@long_case
def q_ends_it():
    q_ends_it_at((0, STOPS // 2, STOPS))


@soak_case
def q_ends_it_at_each_stop():
    q_ends_it_at(range(STOPS + 1))


def q_ends_it_at(stops):
    """Leaves the tour at each of these stops."""
    for number in stops:
        run = Terminal(*(SMALL if number == STOPS else TINY), NO_COLOR="1")
        for _ in range(number):
            run.stop()
            run.child.send("\r")
        run.stop()
        run.child.send("q\r")
        equal((0, True), run.end(), f"status and the same modes at stop {number}")
        equal(number, len(re.findall(r"── \d ", run.seen)), f"titles up to stop {number}")
        lacks(run.seen, "faultline>", "a prompt")


def at_stop(prompt):
    """Tells whether the tour waits for a key."""
    return prompt.screen.row().endswith("q: quit")


def stops_seen(prompt):
    """Counts the titles on the screen."""
    return len(re.findall(r"── \d ", prompt.screen.text()))


@case
def an_arrow_is_one_key():
    prompt = Prompt(shell=True, tour=True)
    prompt.until(lambda: at_stop(prompt), "the first stop")
    for number, key in enumerate((b"\x1b[C", b"\x1bOB", b"\x1b[6~", b"\x1b[1;5C", b"\x1b"), 1):
        prompt.send(key)
        prompt.until(lambda number=number: stops_seen(prompt) >= number and at_stop(prompt), f"stop {number}")
        prompt.settle()
        equal(number, stops_seen(prompt), f"the stop after {key!r}")
    # Left and up do nothing: of these six keys one goes on, to where Ctrl-C is the seventh.
    prompt.send(b"\x1b[D\x1b[A\x1bOD\x1bOA\x1b[C" + CTRL["C"])
    prompt.shows("")
    equal(6, stops_seen(prompt), "stops in all")
    prompt.send(CTRL["D"])
    equal((0, True), prompt.left(), "status and the same modes")


def with_prompt(columns=80, options=SMALL, shell=True):
    """Goes through the tour with keys that are typed ahead; gives the prompt behind it."""
    if FAKE:
        raise Skip("needs the real kernel")
    prompt = Prompt(columns, options, shell=shell, tour=True)
    prompt.send("\r" * (STOPS + 1))
    prompt.until(lambda: prompt.screen.row() == prompt.mark, "prompt")
    return prompt


@long_case
def the_prompt_comes_after_it():
    prompt = with_prompt()
    has(prompt.do("help"), "faults  [PID]", "help")
    has(prompt.do("faults"), "cow", "faults")
    equal(["cpiofs", "demo", "faults", "madeup", "serve", "sh", "tour"], prompt.do("ls /bin").split("\n"), "the image's programs")
    has(prompt.do("log 4"), "heap", "the end of the null pointer's report")
    again = prompt.do("tour" + "\r" * (STOPS + 1))
    has(again, "\nThat is what page faults do for a program.", "the tour once more, from the prompt")
    lacks(again, "look around here", "the tour once more, from the prompt")
    prompt.send(CTRL["D"])
    equal((0, True), prompt.left(), "status and the same modes")


@case
def the_help_is_chinese_where_the_tour_is():
    if FAKE:
        raise Skip("needs the real kernel")
    prompt = Prompt(tour=True, lang="zh_CN.UTF-8")
    prompt.until(lambda: prompt.screen.row().endswith("q：退出"), "the first stop")
    has(prompt.screen.row(), "Ctrl-C：到提示符", "the keys")
    prompt.send(CTRL["C"])
    prompt.shows("")
    has(prompt.screen.text(), "\n输入 help 列出命令。\n", "greeting")
    chinese = prompt.do("help")
    equal([], [row.split()[0] for row in chinese.split("\n") if not re.search("[\u4e00-\u9fff]", row)], "lines without Chinese")
    prompt.send("tour --lang en\r")  # whoever chose a language there finds it in the prompt behind it only
    prompt.until(lambda: at_stop(prompt), "the first stop in English")
    prompt.send(CTRL["C"])
    prompt.shows("")
    equal(chinese, prompt.do("help"), "help afterwards")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")
    prompt = Prompt(options=["--env", "LC_ALL=C"], shell=False, lang="zh_CN.UTF-8")
    has(prompt.do("help"), "\nps                       list the processes\n", "help in English")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@soak_case
def the_prompt_after_it_in_20_columns_and_ctrl_a_x():
    prompt = with_prompt(20)
    equal("one", prompt.do("echo one"))
    prompt.send("echo half\x01x")
    equal((130, True), prompt.left(), "status and the same modes")


@long_case
def the_prompt_after_it_with_the_least_memory():
    prompt = with_prompt(options=[*SMALL, "--mem", "16M"])
    names = prompt.do("ls /bin").split("\n")
    equal((True, True, False), ("sh" in names, "tour" in names, "serve" in names), f"what there is room for: {names}")
    prompt.send("exit\r")
    equal((0, True), prompt.left(), "status and the same modes")


@case
def any_bytes_are_keys():
    """Typed ahead and at each stop, Ctrl-S among them: nothing hangs, and the terminal is given back."""
    noise = bytes(i * 7 % 256 for i in range(1024)).translate(None, b"qQ\x01\x03\x04\x1c") + CTRL["S"]
    prompt = Prompt(options=TINY, shell=True, tour=True)
    prompt.wait_until_raw()
    prompt.send(noise)
    prompt.until(lambda: at_stop(prompt) or prompt.screen.row() == prompt.mark, "a stop")
    prompt.send(noise + CTRL["Q"] + b"\r")  # a command that runs meanwhile may have been stopped
    prompt.until(lambda: prompt.screen.row().startswith(prompt.mark), "the prompt")
    prompt.send(noise + CTRL["C"] + b"echo still\r")
    prompt.until(lambda: "\nstill\n" in prompt.screen.text(), "still")
    prompt.shows("")
    prompt.send(CTRL["D"])
    equal((0, True), prompt.left(), "status and the same modes")


@long_case
def ctrl_c_leads_to_the_prompt_at_any_moment():
    """While it waits or works; and nothing typed then ends the prompt."""
    for number in (0, STOPS // 2, STOPS):
        prompt = Prompt(options=TINY, shell=True, tour=True)
        for at in range(number + 1):
            prompt.until(lambda at=at: stops_seen(prompt) == at and at_stop(prompt), "a stop")
            prompt.send("\r" if at < number else "")
        prompt.send("\r\x03" if 0 < number < STOPS else "\x03")
        prompt.shows("")
        has(prompt.screen.text(), "\nType help for a list of the commands.\n", "screen")
        if number == 0:  # from the prompt it is as any program
            prompt.send("tour\r")
            prompt.until(lambda: at_stop(prompt), "the tour once more")
            lacks(prompt.screen.row(), "prompt", "the keys")
            prompt.send(CTRL["C"])
            prompt.shows("")
        prompt.send("exit 3\r")
        equal((3, True), prompt.left(), f"status and the same modes at stop {number}")
    prompt = Prompt(shell=True, tour=True)
    prompt.until(lambda: at_stop(prompt), "the first stop")
    prompt.send("\r" * (STOPS + 1))
    for _ in range(150):
        prompt.send(CTRL["C"])
        time.sleep(0.01)
    prompt.send("echo alive\r")
    prompt.until(lambda: "\nalive\n" in prompt.screen.text(), "alive")
    prompt.shows("")
    prompt.send(CTRL["D"])
    equal((0, True), prompt.left(), "status and the same modes")


@case
def ctrl_c_while_it_boots():
    """It may come too early for the program; then the tour begins."""
    for delay in (0, 0.1, 0.2, 0.3):
        prompt = Prompt(shell=True, tour=True)
        prompt.wait_until_raw()
        time.sleep(delay)
        prompt.send(CTRL["C"])

        def ended(prompt=prompt):
            return re.search(r"status \d+\.", prompt.screen.text())

        prompt.until(lambda prompt=prompt, ended=ended: at_stop(prompt) or prompt.screen.row() == prompt.mark or ended(),
                     "stop, prompt or end")
        # Ctrl-D leaves the tour, and the prompt; between the two it may come to nothing.
        while not ended():
            prompt.send(CTRL["D"])
            try:
                prompt.until(ended, "end", 2)
            except AssertionError:
                pass
        status, same = prompt.left()
        equal((True, True), (status in (0, 130), same), f"status {status} and the same modes")


@case
def a_closed_terminal_ends_the_machine():
    for at_prompt in (False, True):
        prompt = Prompt(tour=True) if not at_prompt else with_prompt(options=TINY, shell=False)
        prompt.until(lambda: prompt.screen.text().strip(), "something")
        machines = children(prompt.child.pid)
        equal(1, len(machines), "machines")
        hang_up(prompt.child)
        equal([], left_alive(machines), "machines left")


@long_case
def without_a_terminal_on_both_sides_no_prompt_follows():
    if FAKE:
        raise Skip("needs the real kernel")
    for redirect in ("</dev/null", "| cat", "</dev/null | cat"):
        done = pexpect.run(f"/bin/bash -c '{RUN} {' '.join(TINY)} {redirect}; echo status $?.'", timeout=PATIENCE, withexitstatus=False,
                           env={**os.environ, "LANG": "C"})
        has(done, b"status 0.", redirect)
        lacks(done, b"quit", redirect)
        lacks(done, b"faultline>", redirect)


@case
def no_colour_where_it_is_not_wanted():
    run = Terminal(NO_COLOR="1")
    run.stop()
    run.child.send("q\r")
    equal((0, True), run.end(), "status and the same modes")
    lacks(run.seen, "\033[", "colour")


if __name__ == "__main__":
    main()
