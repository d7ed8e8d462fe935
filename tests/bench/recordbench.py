#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs rows of vmbench with and without ./run.sh --record under the instruction clock; prints TAP, a point a row.

usage: recordbench.py [--program VMBENCH]

A row fails if its median is more instructions above the unrecorded one than record-limits.tsv allows for the compiler that
made the kernel. What it takes to copy the records out of the machine does not count: the host does that.
"""

import argparse
import os
import subprocess
import sys
import tempfile

import bench

LIMITS = os.path.join(bench.HERE, "record-limits.tsv")
WORDS = ["--mib", "16", "--settle", "100"]  # so few records that no thread waits for room


def measure(program, rows, options):
    """Gives {row: (median, mean)}."""
    words = bench.command(program, "1G")
    at = words.index("--")
    done = subprocess.run([*words[:at], *options, *words[at:], *WORDS, *rows], cwd="/", stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise bench.Failure(f"vmbench ended with status {done.returncode}")
    return bench.parse_rows(done.stdout.decode(errors="replace"))


def main():
    """Gives 0 if every row is good enough."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(bench.ROOT, "build/tests/bench/vmbench"))
    args = parser.parse_args()
    column = 2 if "gcc-14." in bench.figures_path() else 1
    limits = {columns[0]: float(columns[column]) for columns in bench.table(LIMITS)}
    try:
        plain = measure(args.program, limits, [])
        with tempfile.TemporaryDirectory(prefix="recordbench-") as place:
            recorded = measure(args.program, limits, ["--record", os.path.join(place, "faults")])
    except bench.Failure as failure:
        print(f"Bail out! {failure}")
        return 1
    print(f"1..{len(limits)}")
    bad = 0
    for number, (name, limit) in enumerate(limits.items(), 1):
        more = recorded[name][0] - plain[name][0]
        bad += more > limit
        print(f"# {name}: {plain[name][0]}, recorded {more:.1f} more, at most {limit:.0f}")
        print(f"{'not ok' if more > limit else 'ok'} {number} - {name}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
