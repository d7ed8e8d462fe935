#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gdb sessions on a running machine (R123), scripted: symbols before and after paging, and each `fl` command."""

import os
import re
import shutil
import subprocess
import sys

from lib.guest import BUILD, PATIENCE, ROOT, RUN, folder
from lib.tap import Skip, case, equal, has, lacks, main

sys.path.insert(0, os.path.join(ROOT, "tools"))

from recording import file  # noqa: E402

FAULTY = os.path.join(BUILD, "tests/system/faulty")
MOVABLE = os.path.join(BUILD, "tests/user/nolib_pie")
TOUCHED = 0x2000000000  # where the program maps three pages and writes to the first
MARK = "=== "
SESSIONS = {}
RECORDING = os.path.join(folder("recorded"), "faults")
HARTS = int(os.environ["FAULTLINE_HARTS"])  # of which the session may find init on any


class Session:
    """One run of the program under gdb: what each command said, and how the program ended."""

    def __init__(self, commands, program=FAULTY, options=()):
        if shutil.which("gdb-multiarch") is None:
            raise Skip("gdb-multiarch is not installed")
        machine = subprocess.Popen([RUN, "--gdb", "--timeout", "600", *options, "--", program], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            line = machine.stderr.readline()
            has(line, "run.sh: waiting for: gdb-multiarch", "first line")
            self.text = self.debug(line.split("waiting for: ", 1)[1].strip(), commands)
            self.out, self.err = machine.communicate(timeout=PATIENCE)
            self.status = machine.returncode
        finally:
            machine.terminate()
            machine.wait()

    def debug(self, line, commands):
        """Pastes the printed line, with commands behind it; gives what gdb wrote."""
        words = []
        for command in commands:
            words += ["-ex", f"echo \\n{MARK}{command}\\n", "-ex", command]
        done = subprocess.run(["/bin/sh", "-c", line + ' -nx -batch "$@"', "sh", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE,
                              check=False)
        lacks(done.stdout, "Traceback", "what gdb wrote")
        lacks(done.stdout, "Python Exception", "what gdb wrote")
        return done.stdout

    def said(self, command, nth=1):
        """Gives what the n-th use of a command wrote."""
        parts = [part for part in self.text.split("\n" + MARK) if part.split("\n", 1)[0] == command]
        if len(parts) < nth:
            raise AssertionError(f"no answer {nth} to '{command}' in: {self.text[-3000:]}")
        return parts[nth - 1].split("\n", 1)[1]


EARLY = ["fl help", "fl ps", "fl log", "fl faults", "fl page 0x80200", "fl walk 1 0x1000", "fl vmas", "fl user",
         "fl nonsense", "fl walk", "tbreak early_map", "continue", "info symbol $pc", "fl ps", "tbreak boot_main",
         "continue", "info symbol $pc", "info line trap_fault", "fl ps", "kill"]

FAULTS = ["tbreak boot_main", "continue", "fl break-fault any", "continue", "fl film", "fl ps", "fl break-fault off",
          "break write_to_null if $fl_pid() == 2", "continue", "info line", "fl ps", "fl vmas", "fl vmas 1",
          "fl vmas 77",
          "fl walk touched", "fl walk 2 untouched", "fl walk 2 0", "fl walk write_to_null",
          "fl walk 0xffffffff80200000", "fl walk 0x4000000000", "fl walk 1 touched", "fl page touched",
          "fl page touched 2", "fl page write_to_null", "fl page 0x80200", "fl page 0", "fl page 0xffffffc080200000",
          "fl user", "fl break-fault 1", "fl break-fault 2", "continue", "fl faults 2", "fl faults",
          "fl log", "fl log 1", "fl harts", "fl walk $a1", "continue"]

REFUSED = ["fl break-fault 0 refused", "fl break-fault 1 refused 1 1", "fl break-fault 1 taken",
           "fl break-fault 2 refused 2", "continue", "fl walk $fl_address", "fl film", "continue", "fl break-fault 1 refused",
           "continue", "bt 1", "fl break-fault 1 refused 1", "continue"]

BROKEN = ["tbreak boot_main", "continue", "fl break-fault 2", "continue", "fl ps",
          "set var $next = process_list.next", "set var process_list.next = (struct list *)0x1234", "fl ps",
          "set var process_list.next = (struct list *)&harts", "fl ps", "set var process_list.next = $next", "fl ps",
          "set var $root = spaces.next", "set var $vmas = &((struct thread *)$tp)->process->uspace->space.vmas",
          "set var $left = $vmas->root->child[0]", "set var $vmas->root->child[0] = $vmas->root", "fl vmas",
          "set var $vmas->root->child[0] = (struct tree_node *)0x99", "fl vmas", "fl walk 0",
          "set var $vmas->root->child[0] = $left", "fl vmas",
          "set var 'base/log.c'::ring.oldest += 8", "fl log", "set var 'base/log.c'::ring.oldest = -1", "fl log",
          "set var 'base/log.c'::ring.oldest = 0", "fl log", "fl break-fault off", "continue"]


# The process of the program takes a fault as a copy of init first: for its stack.
TO_PROGRAM = ["fl break-fault 2", "continue", "tbreak sys_execve", "continue", "continue"]

MOVED = ["fl user", "tbreak boot_main", "continue", *TO_PROGRAM, "fl user", "fl break-fault off",
         "break nolib_pie.c:main", "continue", "info symbol $pc", f"fl user '{FAULTY}.none'",
         "fl user /etc/passwd", "kill"]


CLUSTERS = ["tbreak early_map", "continue", "info symbol $pc", *TO_PROGRAM, "fl ps", "fl walk 0", "kill"]


def session(name, commands, program=FAULTY, options=()):
    """Runs a session once, for all the cases that look at it."""
    if name not in SESSIONS:
        SESSIONS[name] = Session(commands, program, options)
    return SESSIONS[name]


def early():
    """The session before paging, and at its beginning."""
    return session("early", EARLY)


def faults():
    """The session round the program's faults."""
    return session("faults", FAULTS)


def recorded_session():
    """The session with refused faults, of a machine that is recorded."""
    return session("refused", REFUSED, options=["--record", RECORDING])


def broken():
    """The session with broken lists."""
    return session("broken", BROKEN)


@case
def the_printed_line_connects():
    has(early().text, "connected to localhost:", "what gdb wrote")
    for word in ("fl ps", "fl vmas", "fl walk", "fl page", "fl faults", "fl log", "fl break-fault", "fl user"):
        has(early().said("fl help"), word, "help")


@case
def before_paging_commands_say_why_not():
    equal("no process yet\n", early().said("fl ps"), "ps")
    equal("nothing is logged yet\n", early().said("fl log"), "log")
    for command in ("fl faults", "fl page 0x80200", "fl walk 1 0x1000", "fl vmas"):
        has(early().said(command), "fl: the kernel has not set itself up yet", command)
    has(early().said("fl user"), "fl: no program runs", "user")


@case
def wrong_words_are_refused():
    has(early().said("fl nonsense"), "fl: there is no 'nonsense': see fl help", "answer")
    has(early().said("fl walk"), "fl: usage: fl walk [PID] ADDRESS", "answer")


@case
def kernel_symbols_before_and_after_paging():
    has(early().said("continue", 1), "early_map ()", "stop before paging")
    has(early().said("info symbol $pc", 1), "early_map", "symbol before paging")
    has(early().said("continue", 2), "boot_main (", "stop after paging")
    has(early().said("info symbol $pc", 2), "boot_main", "symbol after paging")
    lines = re.findall(r"starts at address (0x[0-9a-f]+)", early().said("info line trap_fault"))
    equal(["0xffffffff"], [address[:10] for address in lines], "places of trap_fault after paging")


@case
def the_first_fault_of_any_process():
    has(faults().said("continue", 2), "process 1 (init): fetch 0x", "the first stop")
    rows = faults().said("fl ps", 1).splitlines()
    equal(2, len(rows), "lines of ps")
    said = rows[1].split()
    equal(True, int(said.pop(4)) < HARTS, "the hart")
    equal(["1", "0", "on", "hart", "1", "init", "/init"], said, "init's line")


@case
def a_breakpoint_in_the_program():
    stop = faults().said("continue", 3)
    has(stop, "write_to_null (nowhere=", "stop")
    has(stop, "faulty.c:", "stop")
    has(stop, "*nowhere = 42;", "source line")


@case
def ps_lists_both_processes():
    rows = faults().said("fl ps", 2).splitlines()[1:]
    equal([["1", "0", "sleeping"], ["2", "1", "on"]], [row.split()[:3] for row in rows], "pid, parent, state")
    has(rows[1], " faulty ", "name")
    equal(True, rows[1].endswith(" " + FAULTY), f"path at the end of '{rows[1]}'")


@case
def vmas_are_those_of_the_process():
    text = faults().said("fl vmas")
    has(text, "process 2 (faulty)", "head")
    row = [line for line in text.splitlines() if f"0x{TOUCHED:010x}-0x{TOUCHED + 0x3000:010x}" in line]
    equal([["3", "pages", "rw-", "anon"]], [line.split()[1:] for line in row], "the mapping")
    for part in ("stack", "heap", "text", " r-x  elf"):
        has(text, part, "vmas")
    lacks(text, "warning", "vmas")
    has(faults().said("fl vmas 1"), "process 1 (init)", "head")
    has(faults().said("fl vmas 77"), "fl: there is no process 77", "answer")


@case
def a_walk_ends_at_the_bit_that_refuses():
    touched = faults().said("fl walk touched")
    for part in ("root   [128]", "middle [  0]", "leaf   [  0]", "V R W - U - A D", "write  from user mode: allowed",
                 "fetch  from user mode: refused, X is 0 in the leaf entry",
                 "in VMA 0x2000000000-0x2000003000 rw- anon"):
        has(touched, part, "walk of a touched page")
    untouched = faults().said("fl walk 2 untouched")
    has(untouched, "empty: no page here", "walk of an untouched page")
    has(untouched, "read   from user mode: refused, V is 0 in the leaf entry", "walk of an untouched page")
    has(faults().said("fl walk 2 0"), "in no VMA: 0x", "walk of null")
    has(faults().said("fl walk write_to_null"), "write  from user mode: refused, W is 0 in the leaf entry", "text")
    has(faults().said("fl walk 1 touched"), "process 1 (init), address 0x2000000000", "another process")


@case
def a_walk_of_kernel_and_impossible_addresses():
    text = faults().said("fl walk 0xffffffff80200000")
    has(text, "fetch  from kernel mode: allowed", "kernel text")
    has(text, "write  from kernel mode: refused, W is 0", "kernel text")
    has(faults().said("fl walk 0x4000000000"), "is no Sv39 address", "answer")


@case
def pages_are_found_by_frame_and_by_address():
    frame = re.search(r"frame (0x[0-9a-f]+)", faults().said("fl walk touched")).group(1)
    for command in ("fl page touched", "fl page touched 2"):
        has(faults().said(command), f"frame {frame}, physical {frame}000,", command)
        has(faults().said(command), "kind anon, refs 1, maps 1, pins 0, order 0, flags none", command)
    has(faults().said("fl page write_to_null"), "kind object", "text page")
    has(faults().said("fl page write_to_null"), "of object 0xffff", "text page")
    has(faults().said("fl page 0x80200"), "kind reserved", "the image's page")
    has(faults().said("fl page 0xffffffc080200000"), "frame 0x80200,", "by the direct map")
    has(faults().said("fl page 0"), "fl: 0x0: empty: no page here in the leaf table", "no page")


@case
def the_next_fault_of_a_process():
    has(faults().said("fl break-fault 2"), "stops at the next fault of process 2", "answer")
    has(faults().said("continue", 4), "process 2 (faulty): write 0x0 at pc 0x", "stop")
    has(faults().said("continue", 4), "in write_to_null, faulty.c:", "stop")
    has(faults().said("fl walk $a1"), "process 2 (faulty), address 0x0", "walk of the address that faults")


@case
def a_film_has_the_instant_at_which_the_machine_stands():
    number = int(recorded_session().said("fl film").split()[0])
    last = next(record for record in file.Recording(RECORDING) if record.seq == number)
    equal((file.FAULT, 0x2000003001, -14), (last.type, last.args[1], last.result), "the fault that was refused")
    has(faults().said("fl film"), "nothing is recorded: start the machine with ./run.sh --gdb --film FILE.html", "without one")


@case
def refused_faults_from_a_number_on():
    """The program has copies from three addresses behind its mapping refused, and then a write to 0."""
    refused = recorded_session()
    has(refused.said("fl break-fault 0 refused"), "fl: 0 is no number of a refused fault", "answer")
    for command in ("fl break-fault 1 refused 1 1", "fl break-fault 1 taken"):
        has(refused.said(command), "fl: usage: fl break-fault", command)
    has(refused.said("continue", 1), "refused fault 2: refused (-14)\nprocess 2 (faulty): read copy 0x2000003001 at pc", "stop")
    has(refused.said("fl walk $fl_address"), "process 2 (faulty), address 0x2000003001\n", "walk of the address")
    has(refused.said("continue", 2), "refused fault 3: refused (-14)\nprocess 2 (faulty): read copy 0x2000003002 at pc", "stop")
    has(refused.said("continue", 3), "refused fault 1: signal 11\nprocess 2 (faulty): write 0x0 at pc", "stop")
    has(refused.said("continue", 3), "in write_to_null, faulty.c:", "stop")
    has(refused.said("bt 1"), "trap_fault (", "backtrace")
    lacks(refused.said("continue", 4), "refused fault", "behind the last one")
    equal(139, refused.status, "status")


@case
def the_trace_and_the_log():
    rows = faults().said("fl faults 2").splitlines()
    equal(3, len(rows), "lines of fl faults 2")
    everything = faults().said("fl faults")
    has(everything, "pid 2     write      0x2000000000", "the write to the mapping")
    has(everything, "16 of ", "the last line")
    log = faults().said("fl log").splitlines()
    equal(True, bool(re.match(r"\[ +\d+\.\d{6}\] \w+: ", log[0])), f"form of '{log[0]}'")
    equal(log[-1] if log[-1] else log[-2], faults().said("fl log 1").strip(), "last line")


@case
def symbols_of_a_program_that_can_be_anywhere():
    moved = session("moved", MOVED, MOVABLE)
    has(moved.said("fl user", 1), "fl: no program runs on this hart now", "before it runs")
    has(moved.said("fl user", 2), f"symbols of {MOVABLE}, loaded at 0x", "once it runs")
    has(moved.said("continue", 5), "main (argc=1, argv=", "stop")
    has(moved.said("info symbol $pc"), "main", "symbol")
    has(moved.said(f"fl user '{FAULTY}.none'"), "No such file", "answer")
    has(moved.said("fl user /etc/passwd"), "fl: /etc/passwd is no ELF file", "answer")


@case
def the_program_goes_on_to_its_end():
    equal((139, "read-only\n"), (faults().status, faults().out), "status and output")


@case
def a_machine_whose_first_cluster_is_not_the_kernels():
    """R85: gdb sees the first cluster of sifive_u only, unless it is told of the other, which has the harts with S-mode."""
    other = session("clusters", CLUSTERS, options=["--machine", "sifive_u", "--harts", "1"])
    has(other.said("info symbol $pc"), "early_map", "symbol before paging")
    has(other.said("continue", 4), "process 2 (faulty): fetch 0x", "stop")
    has(other.said("fl ps"), "on hart 0", "ps")
    has(other.said("fl walk 0"), "refused, V is 0", "walk")


@case
def a_broken_list_is_reported():
    has(broken().said("fl ps", 2), "fl: the list of processes is broken after 0: 0x1234 is no kernel address", "answer")
    has(broken().said("fl ps", 3), "fl: the list of processes is broken after 0: 0x", "answer")
    equal(3, len(broken().said("fl ps", 4).splitlines()), "lines when it is whole again")


@case
def a_broken_tree_is_reported():
    has(broken().said("fl vmas", 1), "fl: the tree of VMAs is broken: 0x", "a loop")
    has(broken().said("fl vmas", 2), "fl: the tree of VMAs is broken after 1: 0x99 is no kernel address", "answer")
    has(broken().said("fl vmas", 3), "VMAs, ", "whole again")
    equal(139, broken().status, "status")


@case
def a_broken_log_is_reported():
    has(broken().said("fl log", 1), "fl: the log's ring is broken at ", "a record that is none")
    has(broken().said("fl log", 2), "fl: the log's ring is broken: from ", "positions that can't be")
    lacks(broken().said("fl log", 3), "broken", "whole again")


@case
def harts_of_the_strict_machine():
    has(faults().said("fl harts"), "fl: this is not the strict machine: ./run.sh --strict --harts 4 --gdb starts one", "answer")
    on = Session(["tbreak boot_main", "continue", "fl harts", "kill"], options=["--strict", "--harts", "3"])
    rows = on.said("fl harts").splitlines()[1:4]
    equal([["*", "0", "started"], ["1", "stopped"], ["2", "stopped"]], [row.split()[:3 if row[0] == "*" else 2] for row in rows], "harts")
    has(rows[0], " boot_main()", "where the first one is")


if __name__ == "__main__":
    main()
