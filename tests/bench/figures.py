#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Puts vmbench's figures beside those of Linux, xv6, the limit and the target: a table, JSON and an SVG chart.

usage: figures.py [--program VMBENCH] [--rows FILE] [--out FOLDER] [--docs]

`meson test --benchmark` runs it. --rows takes the output of an earlier run instead of running vmbench; --out is where
figures.json and figures.svg go (the build folder's tests/bench); --docs writes table and chart into docs/ too.
"""

import argparse
import json
import os
import re
import subprocess
import sys

import bench
import chart

DOCS = os.path.join(bench.ROOT, "docs")
DOCUMENT = "performance.md"
NUMBER = re.compile(r"\d+(?:\.\d+)?")
HEAD = ("row", "Faultline", "mean", "Linux", "x fewer", "xv6", "limit", "target", "of target")


def first_number(words):
    """Gives the first number of a column's words, None where there is none."""
    found = NUMBER.search(words)
    return float(found.group()) if found else None


def mean_target(words):
    """Gives the number behind "mean" in a target, None where there is none."""
    found = re.search(r"mean (\d+)", words)
    return float(found.group(1)) if found else None


def join(measured):
    """Gives a dict for each row of targets.tsv, with what was measured."""
    rows = []
    for name, linux, best, xv6, limit, target in bench.table(os.path.join(bench.HERE, "targets.tsv")):
        median, mean = measured.get(name, (None, None))
        rows.append({"name": name, "faultline": median, "mean": mean, "linux": float(linux),
                     "linux_best": first_number(best), "xv6": first_number(xv6), "limit": first_number(limit),
                     "limit_words": limit, "target": first_number(target), "target_mean": mean_target(target)})
    return rows


def ratio(above, below):
    """Writes how many times one number is another."""
    return "-" if not above or not below else f"{above / below:.1f}" if above < 100 * below else f"{above / below:.0f}"


def whole(number):
    """Writes a number of instructions."""
    return "-" if number is None else f"{number:,.0f}"


def cells(row):
    """Gives a row of the table."""
    return (row["name"], whole(row["faultline"]), whole(row["mean"]), whole(row["linux"]),
            ratio(row["linux"], row["faultline"]), whole(row["xv6"]), whole(row["limit"]), whole(row["target"]),
            f"{row['faultline'] / row['target']:.2f}" if row["faultline"] and row["target"] else "-")


def plain(rows):
    """Gives the table for a terminal."""
    lines = [HEAD, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                               for i, (cell, width) in enumerate(zip(line, widths))) for line in lines)


def markdown(rows):
    """Gives the table for a document."""
    lines = ["| " + " | ".join(HEAD) + " |", "|---|" + "---:|" * (len(HEAD) - 1)]
    return "\n".join(lines + ["| " + " | ".join(cells(row)) + " |" for row in rows])


def summary(rows):
    """Says in a sentence or two how it stands."""
    run = [row for row in rows if row["faultline"] is not None]
    cheaper = [row for row in run if row["faultline"] <= row["linux"]]
    reached = [row for row in run if row["target"] and row["faultline"] <= row["target"]]
    skipped = [row["name"] for row in rows if row["faultline"] is None]
    words = (f"{len(cheaper)} of {len(run)} rows take no more instructions than on Linux; {len(reached)} reach their "
             "target.")
    return words + (f" Not run: {', '.join(skipped)}." if skipped else "")


def setting():
    """Says what the figures were measured with."""
    compiler = subprocess.run(["riscv64-linux-gnu-gcc", "-dumpfullversion"], stdout=subprocess.PIPE, text=True,
                              check=True).stdout.strip()
    emulator = subprocess.run(["qemu-system-riscv64", "--version"], stdout=subprocess.PIPE, text=True,
                              check=True).stdout
    version = re.search(r"version (\S+)", emulator).group(1)
    return f"Medians on QEMU {version} counting instructions, 2 GiB, kernel by gcc {compiler}, release build"


def write(path, words):
    """Writes a file and says so."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(words)
    print(f"# wrote {os.path.relpath(path)}")


def replace_section(path, name, words):
    """Puts words between the marks of a section of a document."""
    with open(path, encoding="utf-8") as file:
        before = file.read()
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    head, found, rest = before.partition(begin)
    _old, found_end, tail = rest.partition(end)
    if not found or not found_end:
        raise bench.Failure(f"{path} has no section {name}")
    write(path, head + begin + words.rstrip("\n") + "\n" + end + tail)


def read_measured(args):
    """Gives {row: (median, mean)} of an earlier run, or of one now."""
    return bench.rows_of(args.rows, args.program, "2G")


def main():
    """Gives 0 if there are figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(bench.ROOT, "build/tests/bench/vmbench"))
    parser.add_argument("--rows")
    parser.add_argument("--out", default=os.path.join(bench.ROOT, "build/tests/bench"))
    parser.add_argument("--docs", action="store_true")
    args = parser.parse_args()
    try:
        rows = join(read_measured(args))
        words = setting()
        print(f"{words}\n\n{plain(rows)}\n\n{summary(rows)}\n")
        picture = chart.draw(rows, words, bench.linux_release())
        os.makedirs(args.out, exist_ok=True)
        write(os.path.join(args.out, "figures.json"), json.dumps({"setting": words, "rows": rows}, indent=1) + "\n")
        write(os.path.join(args.out, "figures.svg"), picture)
        if args.docs:
            write(os.path.join(DOCS, "performance.svg"), picture)
            replace_section(os.path.join(DOCS, DOCUMENT), "figures", f"{words}.\n\n{markdown(rows)}\n\n{summary(rows)}")
    except bench.Failure as failure:
        print(f"figures.py: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
