#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Jobs at the prompt: &, Ctrl-Z, jobs, fg, bg and kill, in a window of 80 columns and without a terminal."""

import re
import subprocess

from lib.guest import PATIENCE, PROBE, folder, put, runner
from lib.prompt import CTRL, Prompt
from lib.tap import case, equal, has, lacks, main

ADD = ["--add", PROBE + ":/bin/probe"]
CAT = "cat /tmp/r /dev/tty"  # says when it runs
TRIES = 100  # until all sleep that are to


def begin(*options):
    """Gives a prompt, and CAT its file."""
    prompt = Prompt(options=[*ADD, *options])
    equal("", prompt.do("echo ready > /tmp/r"))
    return prompt


def after(prompt, keys, word):
    """Types that and waits until this comes at a row's beginning."""
    seen = prompt.screen.text().count("\n" + word)
    prompt.send(keys)
    prompt.until(lambda: prompt.screen.text().count("\n" + word) > seen, word)


def start(prompt, line, word):
    """Runs a line in the foreground, or types it for what runs there."""
    after(prompt, line + "\r", word)


def stop(prompt, told):
    """Types Ctrl-Z and waits until that is told, and for the prompt."""
    after(prompt, CTRL["Z"], told)
    prompt.shows("")


def in_background(prompt, line):
    """Runs a line with & behind it; gives the job's number and the process id that are told."""
    return map(int, re.match(r"\[(\d+)\] (\d+)", prompt.do(line)).groups())


def told(prompt, text):
    """Waits until this is told, of what ends or stops at a time of its own, and for the prompt."""
    prompt.until(lambda: text in prompt.screen.text(), text)
    prompt.shows("")


def leave(prompt, status=0):
    """Ctrl-D, and the end."""
    prompt.send(CTRL["D"])
    equal(status, prompt.end(), "status")


@case
def a_program_runs_in_the_background():
    prompt = begin()
    number, pid = in_background(prompt, "probe spin > /tmp/out &  # on and on")
    equal(1, number)
    equal("[1] Running  probe spin > /tmp/out", prompt.do("jobs"))
    has(prompt.do("trace 1000"), f"\n{pid:5} ", "trace")
    equal("[1] Running  probe spin > /tmp/out", prompt.do("jobs | cat"))
    number, _ = in_background(prompt, "probe exit 3 &")
    equal(2, number)
    told(prompt, "[2] Exit 3   probe exit 3\n")
    in_background(prompt, "echo one | cat > /tmp/one&")
    told(prompt, "[2] Done     echo one | cat > /tmp/one\n")
    equal("one", prompt.do("cat /tmp/one"))
    has(prompt.do(f"maps {pid}"), "stack", "maps")
    equal(prompt.do(f"maps {pid}"), prompt.do("maps %1"))
    equal(f"probe[{pid}]", prompt.do(f"faults {pid}").split("\n")[0], "faults")
    has(prompt.do(f"walk {pid} 10000"), "leaf", "walk")
    has(prompt.do("ps"), f"{pid:5}       2 R", "ps")
    in_background(prompt, "probe sleep | cat > /tmp/cat &")

    def states():
        head, *rows = prompt.do("ps | cat").split("\n")
        words = [row.split(None, len(head.split()) - 2) for row in rows]  # SWAP KIB is one column, and HART is there with several
        return {(row[2], row[-1]) for row in words}

    # On its way to sleep one is ready to run, or runs on another hart.
    wanted = {("S", "init"), ("S", "sh"), ("R", "sh: ps"), ("S", "probe"), ("S", "sh: cat"), ("R", "probe")}
    seen = states()
    for _ in range(TRIES):
        seen = seen if seen >= wanted else states()
    equal(set(), wanted - seen, f"states that are missing in {seen}")
    equal(True, seen - wanted <= {("R", "sh: cat"), ("R", "sh")}, f"and no others: {seen}")
    prompt.do("kill %2")
    told(prompt, "[2] SIGTERM  probe sleep | cat > /tmp/cat\n")
    prompt.do("kill %1")
    told(prompt, "[1] SIGTERM  probe spin > /tmp/out\n")
    equal(["beside", "[1] Running  probe spin > /tmp/two"],
          prompt.do("probe spin > /tmp/two & echo beside; jobs").split("\n")[1:], "what follows &")
    prompt.do("kill %1")
    told(prompt, "[1] SIGTERM  probe spin > /tmp/two\n")
    equal("", prompt.do("jobs"))
    equal("sh: maps: no such process", prompt.do(f"maps {pid}"))
    equal("sh: maps: %1: no such job", prompt.do("maps %1"))
    leave(prompt)


@case
def ctrl_z_stops_what_runs_and_fg_brings_it_back():
    prompt = begin()
    start(prompt, CAT, "ready\n")
    stop(prompt, f"[1] Stopped  {CAT}\n")
    equal(f"[1] Stopped  {CAT}", prompt.do("jobs"))
    has(prompt.do("ps"), " T ", "ps")
    start(prompt, "fg", CAT + "\n")
    start(prompt, "second", "second\nsecond")
    stop(prompt, f"[1] Stopped  {CAT}\n")
    start(prompt, "probe sleep | cat | cat", "asleep")
    stop(prompt, "[2] Stopped  probe sleep | cat | cat\n")
    equal(f"[1] Stopped  {CAT}\n[2] Stopped  probe sleep | cat | cat", prompt.do("jobs"))
    equal("[2] probe sleep | cat | cat &", prompt.do("bg"))
    equal("sh: bg: job 2 is already running", prompt.do("bg %2"))
    equal(f"[1] Stopped  {CAT}\n[2] Running  probe sleep | cat | cat", prompt.do("jobs"))
    start(prompt, "fg %2", "probe sleep | cat | cat\n")
    prompt.send(CTRL["C"])
    prompt.shows("")
    start(prompt, "fg %1", CAT + "\n")
    start(prompt, "third", "third\nthird")
    prompt.send(CTRL["D"])
    prompt.shows("")
    equal("", prompt.do("jobs"))
    leave(prompt)


@case
def who_reads_in_the_background_stops():
    prompt = begin()
    in_background(prompt, "cat &")
    told(prompt, "[1] Stopped  cat (wants to read)\n")
    start(prompt, "fg", "cat\n")
    start(prompt, "now", "now\nnow")
    prompt.send(CTRL["D"])
    prompt.shows("")
    in_background(prompt, "probe modes &")
    told(prompt, "[1] Stopped  probe modes (wants the terminal)\n")
    prompt.do("kill %1")
    told(prompt, "[1] SIGTERM  probe modes\n")
    in_background(prompt, "sh -q &")
    told(prompt, "[1] Stopped  sh -q (wants to read)\n")
    equal("sh -q", prompt.do("fg"))
    equal("", prompt.do("jobs"), "jobs of the prompt behind the prompt")
    equal("", prompt.do("exit"))
    equal("", prompt.do("jobs"))
    leave(prompt)


@case
def a_job_finds_the_terminal_as_it_left_it():
    prompt = begin()
    equal("[1] Stopped  probe modes", prompt.do("probe modes"))
    start(prompt, CAT, "ready\n")
    start(prompt, "seen", "seen\nseen")
    prompt.send(CTRL["D"])
    prompt.shows("")
    equal("probe modes\nechoes not", prompt.do("fg"))
    equal("[1] Stopped  probe modes > /tmp/o", prompt.do("probe modes > /tmp/o"))
    after(prompt, "bg\r", "[1] probe modes > /tmp/o &\n")
    told(prompt, "[1] Done     probe modes > /tmp/o\n")
    leave(prompt)


@case
def who_writes_in_the_background_stops_where_that_was_asked_for():
    prompt = begin()
    equal("", prompt.do("probe tostop"))
    in_background(prompt, "echo behind &")
    told(prompt, "[1] Stopped  echo behind (wants the terminal)\n")
    lacks(prompt.screen.text(), "\nbehind", "screen")
    equal("echo behind\nbehind", prompt.do("fg"))
    equal("", prompt.do("probe tostop -"))
    prompt.send("echo through &\r")
    prompt.until(lambda: prompt.screen.text().count("through\n") > 0, "what it writes, in whose row ever")
    told(prompt, "[1] Done     echo through\n")
    leave(prompt)


@case
def what_is_typed_is_shown_again_when_something_else_was():
    place = folder("told")
    prompt = begin("--share", place)
    in_background(prompt, "sh -c 'probe await /mnt/a; echo from behind' &")
    prompt.type(b"half", "half")
    put(place + "/a", b"")
    prompt.until(lambda: "\n[1] Done     sh -c 'probe await /mnt/a; echo from behind'\nfaultline> half" in prompt.screen.text(), "end")
    has(prompt.screen.text(), "from behind\n", "screen")
    prompt.type(CTRL["U"], "")
    in_background(prompt, "sh -c 'probe await /mnt/b; echo once more; sleep 1000' &")
    prompt.type(b"half", "half")
    put(place + "/b", b"")
    prompt.until(lambda: prompt.screen.text().endswith("once more\nfaultline> half"), "the row behind what a job writes")
    prompt.type(b"-way", "half-way")
    prompt.type(CTRL["U"], "")
    prompt.do("kill %1")
    told(prompt, "[1] SIGTERM  sh -c 'probe await /mnt/b; echo once more; sleep 1000'\n")
    in_background(prompt, "sh -c 'probe await /mnt/c; stty columns 30; probe sleep > /tmp/o' &")
    prompt.type(b"echo " + b"0123456789" * 4, "echo " + "0123456789" * 4)
    put(place + "/c", b"")
    prompt.until(lambda: re.fullmatch(r"> \d{9,26}789", prompt.screen.row()), "the line in 30 columns")
    prompt.mark = ">"
    prompt.cancel()
    prompt.mark = "faultline>"
    prompt.send("kill %1; stty columns 80\r")
    prompt.until(lambda: "\n[1] SIGTERM" in prompt.screen.text(), "its end")
    prompt.shows("")
    leave(prompt)


@case
def what_can_go_wrong():
    prompt = begin()
    for line, answer in (("fg", "sh: fg: there is no job"), ("bg", "sh: bg: there is no job"),
                         ("fg %99", "sh: fg: %99: no such job"), ("fg %1", "sh: fg: %1: no such job"),
                         ("fg %", "sh: fg: %: no such job"), ("bg -1", "sh: bg: -1: no such job"),
                         ("fg 1 2", "usage: fg [%N]"), ("kill", "usage: kill [-SIGNAL] %N|PID..."),
                         ("kill -9", "usage: kill [-SIGNAL] %N|PID..."), ("kill %1", "sh: kill: %1: no such job"),
                         ("kill -NOSUCH 1", "sh: kill: NOSUCH: no such signal"),
                         ("kill -65 1", "sh: kill: 65: no such signal"), ("kill x", "sh: kill: x is not a process id"),
                         ("kill 0", "sh: kill: 0 is not a process id"), ("kill 4000", "sh: kill: 4000: no such process"),
                         ("kill 99999999999999999999", "sh: kill: 99999999999999999999 is not a process id"),
                         ("& &", "sh: a program is missing before &"),
                         ("echo & &", "sh: a program is missing before &"),
                         ("echo |&", "sh: a program is missing before &"), ("jobs", "")):
        equal(answer, prompt.do(line), line)
    equal("sh: fg: not in a pipeline or in the background", prompt.do("fg | cat"))
    # It ends while it is brought forward: a signal has waited for that.
    start(prompt, CAT, "ready\n")
    stop(prompt, f"[1] Stopped  {CAT}\n")
    pid = re.search(r"^ *(\d+) .* T ", prompt.do("ps"), re.MULTILINE).group(1)
    equal("", prompt.do(f"kill -HUP {pid}"))
    equal(f"{CAT}\nsh: cat: killed by SIGHUP (Hangup)", prompt.do("fg"))
    # It has ended before that, and nobody was told yet.
    has(prompt.do("probe sleep 0 > /tmp/out & probe ended; fg"), "probe sleep 0 > /tmp/out", "too late")
    equal("", prompt.do("jobs"))
    leave(prompt)


@case
def leaving_with_stopped_jobs_warns_once():
    for word in (CTRL["D"], b"exit 4\r"):
        prompt = Prompt(options=ADD)
        start(prompt, "probe sleep", "asleep")
        stop(prompt, "[1] Stopped  probe sleep\n")
        after(prompt, word, "sh: there are stopped jobs\n")
        equal("[1] Stopped  probe sleep", prompt.do("jobs"))
        after(prompt, word, "sh: there are stopped jobs\n")
        prompt.shows("")
        prompt.send(word)
        equal(4 if word.endswith(b"\r") else 0, prompt.end(), "status")


def without_terminal(text):
    """Runs the prompt with a text on standard input; gives (status, output, errors)."""
    done = subprocess.run(**runner([*ADD, "--", "sh"]), input=text.encode(), capture_output=True, timeout=PATIENCE,
                          check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@case
def without_a_terminal_jobs_run_and_nobody_is_told():
    status, out, err = without_terminal("probe sleep &\ncat &\njobs\nkill %1\nfg\nfg\njobs\necho over\nexit 2\n")
    equal(2, status)
    lacks(out, "Stopped", "cat has nothing to read")
    equal(1, out.count("[1] Running  probe sleep\n"), "jobs before and after")
    equal(True, out.endswith("over\n"), "the end of " + out)
    lacks(err, "[1]", "errors")


@case
def there_are_as_many_jobs_as_there_is_room():
    status, out, err = without_terminal("probe sleep > /tmp/out &\n" * 33 + "jobs\nkill %2\n")
    equal((0, "sh: cannot start it: there are too many jobs\n" * 2), (status, err))
    equal("".join(f"[{n}] Running  probe sleep > /tmp/out\n" for n in range(1, 32)), out)


if __name__ == "__main__":
    main()
