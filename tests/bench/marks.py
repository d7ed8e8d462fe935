#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures what each mark for speed is worth: builds the kernel without it, and runs the row of vmbench that it names.

usage: marks.py [--area FOLDER] [--docs | NAME...]

The marks are comments such as "Not inline: bench row bss_read_fault." The kernel is built in a copy of the tree, in FOLDER,
without the attribute or with a patch of tests/bench/without; of a row "recorded", what recording takes counts. Prints TAP, a
point a mark. It fails if the row loses no more than 1% or 3 instructions without the mark, whichever is more: then the mark can
go; or less than half of what the table in docs/performance.md says. --docs writes that table.
"""

import argparse
import os
import sys
import tempfile

import bench
import figures
import recordbench

sys.path.insert(0, os.path.join(bench.ROOT, "tools"))

from mutation import area  # noqa: E402
from structure import marks, source  # noqa: E402

TARGETS = ["run", "tests/bench/vmbench"]
RECORDED = ", recorded"
DOCUMENT, SECTION = os.path.join(figures.DOCS, figures.DOCUMENT), "marks"
RULE = "|---|---|---|---|---:|---:|---:|"


def build(slot, changed):
    """Builds the kernel with these texts in place of some files."""
    if not slot.prepare(bench.ROOT, changed) or not slot.ninja(os.cpu_count(), TARGETS):
        raise bench.Failure(f"it does not build: {slot.said()}")


def medians(slot, rows):
    """Gives {row: median}; of a row that is recorded, how many instructions more that takes."""
    program, names = os.path.join(slot.build, "tests/bench/vmbench"), sorted({row.removesuffix(RECORDED) for row in rows})
    found = {name: median for name, (median, _mean) in recordbench.measure(program, names, []).items()}
    if any(row.endswith(RECORDED) for row in rows):
        with tempfile.TemporaryDirectory(prefix="marks-") as place:
            recorded = recordbench.measure(program, names, ["--record", os.path.join(place, "faults")])
        found |= {name + RECORDED: median - found[name] for name, (median, _mean) in recorded.items()}
    return found


def line(mark, before, after):
    """Gives a row of the table."""
    more = f"{100 * (after / before - 1):.1f} %"
    return f"| `{mark.name}` | `{mark.path}` | {mark.how.lower()} | {mark.row} | {before:,.0f} | {after:,.0f} | {more} |"


def judge(before, after, told):
    """Gives why a mark is worth too little, or ""."""
    lost = after - before
    if lost <= max(before / 100, 3):
        return f"{lost:.1f} instructions more without it: it can go"
    if told and lost < (told[2] - told[1]) / 2:
        return f"{lost:.1f} instructions more without it, of which the table says {told[2] - told[1]}"
    return ""


def try_all(slot, wanted, table):
    """Prints a point for each mark. Gives the table's lines and the number of bad marks."""
    build(slot, {})
    plain, lines, bad = medians(slot, [mark.row for mark in wanted]), [], 0
    print(f"1..{len(wanted)}")
    for count, mark in enumerate(wanted, 1):
        build(slot, dict([mark.without(bench.ROOT)]))
        before, after = plain[mark.row], medians(slot, [mark.row])[mark.row]
        lines.append(line(mark, before, after))
        why = judge(before, after, table.get(mark.key()))
        bad += bool(why)
        print(f"# {lines[-1]}" + (f"\n# {why}" if why else ""))
        print(f"{'not ok' if why else 'ok'} {count} - {mark.name}", flush=True)
    return lines, bad


def main():
    """Gives 0 if each mark is worth what the table says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--area", default=os.path.join(bench.ROOT, "build-marks"))
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    known = [mark for file in source.load(bench.ROOT) for mark in marks.marks_of(file)]
    wanted = [mark for mark in known if not args.names or mark.name in args.names]
    if args.docs and args.names or not wanted:
        parser.error("--docs writes all rows" if args.docs else "no mark has such a name")
    with open(DOCUMENT, encoding="utf-8") as file:
        document = file.read()
    compiler = figures.setting().rpartition(" by ")[2]
    if not args.docs and compiler not in document.partition(f"<!-- {SECTION} -->")[2].partition(marks.HEAD)[0]:
        print(f"1..0 # SKIP the table is of another compiler than {compiler}")
        return 0
    slot = area.Slot(args.area, "marks")
    os.makedirs(slot.folder, exist_ok=True)
    os.environ["FAULTLINE_BUILD"] = slot.build
    try:
        lines, bad = try_all(slot, wanted, {} if args.docs else marks.rows_of(document))
    except bench.Failure as failure:
        print(f"Bail out! {failure}")
        return 1
    if args.docs:
        figures.replace_section(DOCUMENT, SECTION, "\n".join([figures.setting().replace("2 GiB", "1 GiB") + ".\n", marks.HEAD, RULE, *lines]))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
