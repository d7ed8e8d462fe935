#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts what it takes to start a program, on Faultline beside the recording of Linux; prints TAP.

usage: execbench.py [--record] [--docs | --profile]

A row is fork, execve and wait4 of one program, a static or a dynamic one, with what the program's own loader asks for. The
kernel may take 36% of Linux's instructions. --record runs it on Linux and writes figures/exec-linux.tsv. --docs
writes the figures into docs/performance.md. --profile prints where the kernel's instructions go. Programs and plugin
are those of $FAULTLINE_BUILD (./build).
"""

import os
import re
import subprocess
import sys
import tempfile

import bench
import figures
import recording
import swaprun
import symbols
from oracle import machine
from runner import libraries

RECORDING = os.path.join(bench.HERE, "figures", "exec-linux.tsv")
ROWS = ("exec_static", "exec_dynamic")
ROUNDS = 32  # as in execbench.c
BEGIN, END = 256, 512
SAME = 0.01  # the loader's own instructions: they depend on the kernel by no more
MEM = "256M"
PLACE = "/bin/execbench", "/bin/exec_dynamic"


class Programs:
    """The files of a build folder."""

    def __init__(self, build):
        self.bench, self.dynamic, self.plugin = (os.path.join(build, "tests/bench", name)
                                                 for name in ("execbench", "exec_dynamic", "count.so"))


def on_faultline(programs, blocks=False):
    """Gives the log of a run on Faultline."""
    with tempfile.TemporaryDirectory(prefix="execbench-") as folder:
        words, log = swaprun.tracing(programs.plugin, folder, blocks)
        adds = [word for host, guest in zip((programs.bench, programs.dynamic), PLACE)
                for word in ("--add", f"{os.path.abspath(host)}:{guest}")]
        command = [sys.executable, "-I", os.path.join(bench.ROOT, "tools/run.py"), "--append", "thp=never",
                   "--icount", "--mem", MEM, *adds, "--", *PLACE]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
                              env={**os.environ, "FAULTLINE_QEMU": " ".join(words)})
        swaprun.checked("execbench", done.returncode, done.stdout)
        return swaprun.read(log)


def libraries_of(programs):
    """Gives {path in the guest: path here} of what the dynamic program needs."""
    finder = libraries.Finder({PLACE[1]: programs.dynamic}.get, "/")
    missing = finder.find_all(programs.dynamic, PLACE[1])
    if missing:
        raise bench.Failure(f"{missing[0]} was not found")
    return finder.given


def libc_version(programs):
    """Gives the version of the C library, as the library itself says it."""
    for path in libraries_of(programs).values():
        with open(path, "rb") as file:
            found = re.search(rb"GNU C Library .* release version ([0-9.]*[0-9])", file.read())
        if found:
            return found.group(1).decode()
    return "unknown"


def on_linux(linux, programs):
    """Gives the log of a run on Linux."""
    with tempfile.TemporaryDirectory(prefix="execbench-") as folder:
        words, log = swaprun.tracing(programs.plugin, folder)
        wish = machine.Wish()
        wish.icount, wish.mem, wish.timeout, wish.qemu = True, MEM, "300", words
        wish.add = [(programs.dynamic, PLACE[1]), *((host, guest) for guest, host in libraries_of(programs).items())]
        wish.program = [programs.bench, PLACE[1]]
        status, output, _ = machine.run(linux, wish)
        swaprun.checked("execbench", status, output.decode())
        return swaprun.read(log)


def measured(log):
    """Gives {row: {figure: instructions of a round}} of a log."""
    return {name: recording.between(log, BEGIN + number, END + number, ROUNDS) for number, name in enumerate(ROWS)}


def judge_count(rows, linux):
    """Gives why the plugin's counts cannot be trusted, or "". Beside Linux's vDSO, which both programs look at, the loader
    does the same on both kernels."""
    ours, theirs = (of["exec_dynamic"]["user"] - of["exec_static"]["user"] for of in (rows, linux))
    return f"the loader takes {ours} instructions, and {theirs} on Linux" if abs(ours / theirs - 1) > SAME else ""


def record(programs):
    """Writes what Linux takes."""
    linux = machine.Linux()
    settings = {"kernel": linux.release, "words": machine.WORDS + machine.ICOUNT_WORDS, "mem": MEM, "libc": libc_version(programs)}
    recording.write(RECORDING, "What execbench takes on Linux, instructions of a round, by tests/bench/execbench.py --record.",
                    settings, measured(on_linux(linux, programs)))


def report(rows, recorded, same_libc):
    """
    Prints a point for each row, and one for the counts, which are compared where the C library is the one that was
    recorded; gives the number of bad ones.
    """
    bad = 0
    print(f"1..{len(ROWS) + same_libc}")
    points = [(name, recording.above_share(rows[name], recorded[name])) for name in ROWS]
    points += [("the counts", judge_count(rows, recorded))] if same_libc else []
    for name in ROWS:
        row, linux = rows[name], recorded[name]
        print(f"# {name}: kernel {recording.kernel(row)}, Linux {recording.kernel(linux)}, {recording.kernel(linux) / recording.kernel(row):.1f} times fewer; "
              f"program {row['user']}, on Linux {linux['user']}")
    for number, (name, why) in enumerate(points, 1):
        if why:
            bad += 1
            print(f"# {name}: {why}")
        print(f"{'not ok' if why else 'ok'} {number} - {name}", flush=True)
    return bad


def document(rows, settings, recorded):
    """Writes the table."""
    lines = [f"Instructions of a round, on QEMU {recording.emulator()}, beside Linux {settings['kernel']}.", "",
             *recording.table(ROWS, rows, recorded)]
    figures.replace_section(os.path.join(figures.DOCS, figures.DOCUMENT), "exec", "\n".join(lines))


def print_profile(programs, build):
    """Prints the kernel's functions, for each row."""
    log = on_faultline(programs, True)
    table = symbols.Symbols(os.path.join(build, os.environ.get("FAULTLINE_KERNEL") or "faultline.elf"))
    for number, name in enumerate(ROWS):
        found = recording.functions(log, END + number, table)
        print(f"{name}: {sum(found.values()) // ROUNDS}")
        for function, insns in found.most_common(40):
            print(f"  {insns // ROUNDS:8} {function}")


def main():
    """Gives 0 if every row is good enough."""
    args = recording.options(__doc__).parse_args()
    build = os.environ.setdefault("FAULTLINE_BUILD", os.path.join(bench.ROOT, "build"))
    programs = Programs(build)
    return recording.run(args, RECORDING, programs.plugin, lambda: print_profile(programs, build), lambda: record(programs),
                         lambda: measured(on_faultline(programs)), document,
                         lambda rows, settings, recorded: report(rows, recorded, libc_version(programs) == settings["libc"]))


if __name__ == "__main__":
    sys.exit(main())
