#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs widebench under the instruction clock, with memory filled ahead, and judges each row; prints TAP, a point a row.

usage: widebench.py [--program WIDEBENCH] [--rows FILE]

A row fails that is above its limit (wide-limits.tsv). --program is the built widebench; --rows judges the output of an
earlier run instead of running it.
"""

import argparse
import os
import sys

import bench

MEM = "1G"
LIMITS = os.path.join(bench.HERE, "wide-limits.tsv")


def report(rows, limits):
    """Prints a point for each row that has a limit; gives the number of bad ones."""
    bad = 0
    print(f"1..{len(limits)}")
    for number, (name, limit, goal, linux) in enumerate(limits, 1):
        median = rows.get(name, (None, None))[0]
        wrong = median is None or median > float(limit)
        bad += wrong
        print(f"# {name}: median {median}, limit {limit}, goal {goal}, Linux {linux}")
        print(f"{'not ok' if wrong else 'ok'} {number} - {name}", flush=True)
    return bad


def main():
    """Gives 0 if every row is good enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(bench.ROOT, "build/tests/bench/widebench"))
    parser.add_argument("--rows")
    args = parser.parse_args()
    try:
        rows = bench.rows_of(args.rows, args.program, MEM, "always")
    except bench.Failure as failure:
        print(f"Bail out! {failure}")
        return 1
    return 1 if report(rows, bench.table(LIMITS)) else 0


if __name__ == "__main__":
    sys.exit(main())
