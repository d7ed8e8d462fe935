#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs vmbench on Faultline under the instruction clock and judges each row; prints TAP, a point a row.

usage: bench.py [--update] [--program VMBENCH] [--rows FILE]

A row fails that is dearer than Linux's median (targets.tsv), or more than 2% above the committed figure for this
compiler (figures/gcc-VERSION.tsv; without that file only Linux counts); rows of less than 350 instructions, of which
one saved register is a hundredth, may be 5% above it. --update writes that file from this run.
--program is the built vmbench; --rows judges the output of an earlier run instead of running it.
"""

import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TOLERANCE, SHORT_TOLERANCE, SHORT = 1.02, 1.05, 350
MAY_SKIP = {}  # rows of what is not implemented, and why
NO_KERNEL = {"clock_read", "memset_4k"}  # rows that measure the machine only
SECONDS = "900"
PLACE = "/bin/vmbench"  # in the guest, wherever the build lies here: a longer path would cost more to walk


class Failure(Exception):
    """The benchmark did not come to an end."""


def command(program, mem, thp="never"):
    """Gives the command that runs vmbench on a machine that counts instructions: in the same environment each time,
    where it is run in the root. With thp=never a fault is one page, as it was for vmbench's figures of Linux."""
    built = os.environ.get("FAULTLINE_BUILD")
    start = [sys.executable, "-I", os.path.join(ROOT, "tools/run.py")] if built else [os.path.join(ROOT, "run.sh")]
    return [*start, "--append", "thp=" + thp, "--icount", "--mem", mem, "--timeout", SECONDS, "--env", "TERM=dumb",
            "--add", f"{os.path.abspath(program)}:{PLACE}", "--", PLACE]


def measure(program, mem, thp="never"):
    """Runs a benchmark and gives what it wrote."""
    done = subprocess.run(command(program, mem, thp), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          check=False)
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        print_notes(text)
        raise Failure(f"{os.path.basename(program)} ended with status {done.returncode}")
    return text


def parse_rows(text):
    """Gives {row: (median, mean)}, (None, None) for a row that was skipped."""
    rows = {}
    lines = text.splitlines()
    for line in lines:
        words = line.split()
        if len(words) == 2 and words[1] == "skipped":
            rows[words[0]] = (None, None)
        elif len(words) == 7:
            rows[words[0]] = (float(words[3]), float(words[6]))
    if "done" not in lines or not rows:
        print_notes(text)
        raise Failure("the benchmark did not come to its end")
    return rows


def rows_of(path, program, mem, thp="never"):
    """Gives the rows of an earlier run's output, if there is a path, or runs the program."""
    if not path:
        return parse_rows(measure(program, mem, thp))
    with open(path, encoding="utf-8") as file:
        return parse_rows(file.read())


def print_notes(text):
    """Prints lines as TAP's comments."""
    for line in text.splitlines():
        print("# " + line)


def table(path):
    """Reads a table of tab-separated columns, without its comments."""
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]


def linux_release():
    """Gives the release of the Linux that the targets were measured with."""
    with open(os.path.join(HERE, "targets.tsv"), encoding="utf-8") as file:
        return file.readline().rpartition(" ")[2].strip()


def figures_path(prefix=""):
    """Gives the file of a benchmark's committed figures for the compiler that made the kernel."""
    compiler = os.environ.get("CROSS_CC", "riscv64-linux-gnu-gcc")
    version = subprocess.run([compiler, "-dumpfullversion"], stdout=subprocess.PIPE, text=True, check=True)
    return os.path.join(HERE, "figures", f"{prefix}gcc-{version.stdout.strip()}.tsv")


def judge(name, median, linux, figure):
    """Gives why a row's median is not good enough, or "" where it is."""
    if median is None:
        return "was skipped"
    if median > linux:
        return f"{median} is dearer than Linux's {linux}"
    if figure is not None and median > figure * (SHORT_TOLERANCE if figure < SHORT else TOLERANCE):
        return f"{median} is {100 * (median / figure - 1):.1f}% above the committed {figure}"
    return ""


def report(rows, linux, figures):
    """Prints a point for each row that Linux has; gives the number of bad ones."""
    bad = 0
    print(f"1..{len(linux)}")
    for number, (name, target) in enumerate(linux.items(), 1):
        median, mean = rows.get(name, (None, None))
        if median is None and name in MAY_SKIP:
            print(f"ok {number} - {name} # SKIP {MAY_SKIP[name]}")
            continue
        why = judge(name, median, target, figures.get(name))
        if median is not None:
            print(f"# {name}: median {median}, mean {mean}, Linux {target}, committed {figures.get(name)}")
        if why:
            bad += 1
            print(f"# {name}: {why}")
        print(f"{'not ok' if why else 'ok'} {number} - {name}", flush=True)
    return bad


def write_figures(path, rows, mem="2G", by="tests/bench/bench.py --update"):
    """Writes the figures of this run as those to hold from now on."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"# row\tmedian\tmean (instructions, release build, --icount --mem {mem}; {by})\n")
        for name, (median, mean) in rows.items():
            if median is not None and name not in NO_KERNEL:
                file.write(f"{name}\t{median}\t{mean}\n")
    print(f"# wrote {os.path.relpath(path, ROOT)}")


def read_figures(path, other="Linux"):
    """Gives {row: median} as committed, nothing where there is no such file."""
    if not os.path.exists(path):
        print(f"# no {os.path.relpath(path, ROOT)}: compared with {other} only")
        return {}
    return {columns[0]: float(columns[1]) for columns in table(path)}


def main():
    """Gives 0 if every row is good enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--program", default=os.path.join(ROOT, "build/tests/bench/vmbench"))
    parser.add_argument("--rows")
    args = parser.parse_args()
    try:
        rows = rows_of(args.rows, args.program, "2G")
    except Failure as failure:
        print(f"Bail out! {failure}")
        return 1
    linux = {columns[0]: float(columns[1]) for columns in table(os.path.join(HERE, "targets.tsv"))}
    path = figures_path()
    if args.update:
        write_figures(path, rows)
    return 1 if report(rows, linux, read_figures(path)) else 0


if __name__ == "__main__":
    sys.exit(main())
