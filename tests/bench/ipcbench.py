#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs ipcbench under the instruction clock and judges each row; prints TAP, a point a row.

usage: ipcbench.py [--update] [--program IPCBENCH] [--rows FILE]

A row fails that is above its limit (ipc-limits.tsv), or more than 2% above the committed figure for this compiler
(figures/ipc-gcc-VERSION.tsv). Without that file only the limits count. --update writes it from this run. --program is
the built ipcbench; --rows judges the output of an earlier run instead of running it.
"""

import argparse
import os
import sys

import bench

MEM = "256M"
LIMITS = os.path.join(bench.HERE, "ipc-limits.tsv")
PREFIX, BY = "ipc-", "tests/bench/ipcbench.py --update"


def judge(median, limit, figure):
    """Gives why a row's median is not good enough, or "" where it is."""
    if median is None:
        return "is missing"
    if median > limit:
        return f"{median} is above the limit of {limit}"
    if figure is not None and median > figure * bench.TOLERANCE:
        return f"{median} is {100 * (median / figure - 1):.1f}% above the committed {figure}"
    return ""


def report(rows, limits, figures):
    """Prints a point for each row that has a limit; gives the number of bad ones."""
    bad = 0
    print(f"1..{len(limits)}")
    for number, (name, limit, target) in enumerate(limits, 1):
        median = rows.get(name, (None, None))[0]
        why = judge(median, float(limit), figures.get(name))
        print(f"# {name}: median {median}, limit {limit}, target {target}, committed {figures.get(name)}")
        if why:
            bad += 1
            print(f"# {name}: {why}")
        print(f"{'not ok' if why else 'ok'} {number} - {name}", flush=True)
    return bad


def main():
    """Gives 0 if every row is good enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--program", default=os.path.join(bench.ROOT, "build/tests/bench/ipcbench"))
    parser.add_argument("--rows")
    args = parser.parse_args()
    try:
        rows = bench.rows_of(args.rows, args.program, MEM)
    except bench.Failure as failure:
        print(f"Bail out! {failure}")
        return 1
    path = bench.figures_path(PREFIX)
    if args.update:
        bench.write_figures(path, rows, MEM, BY)
    return 1 if report(rows, bench.table(LIMITS), bench.read_figures(path, "the limits")) else 0


if __name__ == "__main__":
    sys.exit(main())
