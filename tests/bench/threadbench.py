#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the kernel's instructions for threads and events, on Faultline beside the recording of Linux; prints TAP.

usage: threadbench.py [--record] [--update] [--docs | --profile]

The rows are those of threadbench.c. A row fails that takes more than 36% of Linux's instructions, or more than the
committed figure for this compiler (figures/thread-gcc-VERSION.tsv) by 2% (5% if that is below 350). --record runs it on
Linux and writes figures/thread-linux.tsv. --update writes the committed figures from this run. --docs writes the figures
into docs/performance.md. --profile prints where the kernel's instructions go. Program and plugin are those of
$FAULTLINE_BUILD (./build).
"""

import os
import statistics
import subprocess
import sys
import tempfile

import bench
import figures
import recording
import swaprun
import symbols
from oracle import machine

RECORDING = os.path.join(bench.HERE, "figures", "thread-linux.tsv")
ROWS = ("thread_create_join", "futex_round_trip", "futex_wake_none", "barrier_8", "yield_round_trip", "epoll_event", "epoll_ready",
        "eventfd_round_trip", "timerfd_set_read", "signal_round_trip", "uffd_fault", "segv_fault")
SAMPLES, ROUNDS = 9, 32  # as in threadbench.c
BEGIN, END = 256, 512
MEM = "256M"
PLACE = "/bin/threadbench"
PREFIX, BY = "thread-", "tests/bench/threadbench.py --update"


def on_faultline(program, plugin, blocks=False):
    """Returns the log of a run on Faultline."""
    with tempfile.TemporaryDirectory(prefix="threadbench-") as folder:
        words, log = swaprun.tracing(plugin, folder, blocks)
        command = [sys.executable, "-I", os.path.join(bench.ROOT, "tools/run.py"), "--append", "thp=never", "--icount", "--mem", MEM,
                   "--add", f"{os.path.abspath(program)}:{PLACE}", "--", PLACE]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
                              env={**os.environ, "FAULTLINE_QEMU": " ".join(words)})
        swaprun.checked("threadbench", done.returncode, done.stdout)
        return swaprun.read(log)


def on_linux(linux, program, plugin):
    """Returns the log of a run on Linux."""
    with tempfile.TemporaryDirectory(prefix="threadbench-") as folder:
        words, log = swaprun.tracing(plugin, folder)
        wish = machine.Wish()
        wish.icount, wish.mem, wish.timeout, wish.qemu = True, MEM, "300", words
        wish.program = [program]
        status, output, _ = machine.run(linux, wish)
        swaprun.checked("threadbench", status, output.decode())
        return swaprun.read(log)


def samples(log):
    """Returns {number of a row: [(user, kernel, firmware) of each sample]} of a log."""
    found, before = {}, None
    for mark in filter(None, map(swaprun.MARK.match, log)):
        number, counts = int(mark.group(1)), [int(word) for word in mark.groups()[1:]]
        if number >= END:
            found.setdefault(number - END, []).append([after - then for after, then in zip(counts, before)])
        before = counts
    return found


def measured(log):
    """Returns {row: {figure: instructions of an operation}} of a log: the medians of the samples."""
    rows = {}
    for number, taken in samples(log).items():
        if len(taken) != SAMPLES:
            raise bench.Failure(f"{len(taken)} samples of {ROWS[number]} were seen")
        rows[ROWS[number]] = {figure: round(statistics.median(values) / ROUNDS)
                              for figure, values in zip(recording.FIGURES, zip(*taken))}
    if set(rows) != set(ROWS):
        raise bench.Failure(f"only {', '.join(rows) or 'no row'} was measured")
    return rows


def judge(row, linux, committed):
    """Returns why a row is not good enough, or "" where it is."""
    return recording.above_share(row, linux) or bench.judge("", recording.kernel(row), recording.kernel(linux), committed)


def record(program, plugin):
    """Writes what Linux takes."""
    linux = machine.Linux()
    settings = {"kernel": linux.release, "words": machine.WORDS + machine.ICOUNT_WORDS, "mem": MEM}
    recording.write(RECORDING, "What threadbench takes on Linux, instructions of an operation, by tests/bench/threadbench.py --record.",
                    settings, measured(on_linux(linux, program, plugin)))


def report(rows, recorded, committed):
    """Prints a point for each row; returns the number of bad ones."""
    bad = 0
    print(f"1..{len(ROWS)}")
    for number, name in enumerate(ROWS, 1):
        here, there = recording.kernel(rows[name]), recording.kernel(recorded[name])
        why = judge(rows[name], recorded[name], committed.get(name))
        print(f"# {name}: kernel {here}, Linux {there}, {there / here:.1f} times fewer; committed {committed.get(name)}")
        if why:
            bad += 1
            print(f"# {name}: {why}")
        print(f"{'not ok' if why else 'ok'} {number} - {name}", flush=True)
    return bad


def document(rows, settings, recorded):
    """Writes the table."""
    lines = [f"Instructions of the kernel for an operation, on QEMU {recording.emulator()}, beside Linux {settings['kernel']}.", "",
             *recording.table(ROWS, rows, recorded)]
    figures.replace_section(os.path.join(figures.DOCS, figures.DOCUMENT), "threads", "\n".join(lines))


def print_profile(program, plugin, build):
    """Prints the kernel's functions, for each row."""
    log = on_faultline(program, plugin, True)
    table = symbols.Symbols(os.path.join(build, os.environ.get("FAULTLINE_KERNEL") or "faultline.elf"))
    operations = SAMPLES * ROUNDS
    for number, name in enumerate(ROWS):
        found = recording.functions(log, END + number, table)
        print(f"{name}: {sum(found.values()) // operations}")
        for function, insns in found.most_common(60):
            print(f"  {insns / operations:10.1f} {function}")


def main():
    """Returns 0 if every row is good enough."""
    parser = recording.options(__doc__)
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    build = os.environ.setdefault("FAULTLINE_BUILD", os.path.join(bench.ROOT, "build"))
    program, plugin = (os.path.join(build, "tests/bench", name) for name in ("threadbench", "count.so"))
    path = bench.figures_path(PREFIX)

    def measure():
        rows = measured(on_faultline(program, plugin))
        if args.update:
            bench.write_figures(path, {name: (recording.kernel(row), recording.kernel(row)) for name, row in rows.items()}, MEM, BY)
        return rows

    return recording.run(args, RECORDING, plugin, lambda: print_profile(program, plugin, build), lambda: record(program, plugin),
                         measure, document, lambda rows, _, recorded: report(rows, recorded, bench.read_figures(path)))


if __name__ == "__main__":
    sys.exit(main())
