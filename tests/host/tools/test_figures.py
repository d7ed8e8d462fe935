#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmark's table, chart and profile, from figures that are made up."""

import importlib.machinery
import importlib.util
import os
import re
import sys
import tempfile
import xml.etree.ElementTree

from base import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests/bench"))
sys.dont_write_bytecode = True

import bench  # noqa: E402
import chart  # noqa: E402
import curves  # noqa: E402
import figures  # noqa: E402
from lib.tap import case, equal, has, main  # noqa: E402

OUTPUT = "clock rdinstret\nnull_syscall insn/op 113.1 113.4 117.1 400 113.9\nsegv_unprotect skipped\ndone\n"
SVG = "{http://www.w3.org/2000/svg}"


def load(name):
    """Loads a tool that has no suffix."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), os.path.join(ROOT, "tools", name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


PROFILE = load("profile-row")


def rows():
    """Gives the rows with two figures in them."""
    return figures.join(bench.parse_rows(OUTPUT))


def by_name(name):
    """Gives one row."""
    return next(row for row in rows() if row["name"] == name)


@case
def figures_stand_beside_those_of_others():
    row = by_name("null_syscall")
    equal((113.4, 113.9, 430.0, 1130.0), (row["faultline"], row["mean"], row["linux"], row["xv6"]), "figures")
    equal((30.0, 140.0, None), (row["limit"], row["target"], row["target_mean"]), "limit and target")
    equal(800.0, by_name("anon_write_fault")["target_mean"], "the mean that is aimed at")
    equal(None, by_name("fork_exit_wait_64m")["limit"], "a limit in words")


@case
def the_table_lines_up():
    lines = figures.plain(rows()).splitlines()
    equal(1, len({len(line) for line in lines}), "lengths of its lines")
    equal(["null_syscall", "113", "114", "430", "3.8", "1,130", "30", "140", "0.81"], lines[1].split(), "first row")
    has(figures.markdown(rows()), "| null_syscall | 113 | 114 | 430 | 3.8 |", "table of the document")


@case
def what_was_not_run_is_said():
    has(figures.summary(rows()), "1 of 1 rows take no more instructions than on Linux; 1 reach", "summary")
    has(figures.summary(rows()), "segv_unprotect", "summary")


@case
def the_chart_is_an_svg_with_all_rows():
    picture = xml.etree.ElementTree.fromstring(chart.draw(rows(), "a < b & c", "1.2.3-riscv64"))
    words = [one.text for one in picture.iter(SVG + "text")]
    for row in rows():
        equal(1, words.count(row["name"]), row["name"])
    equal(True, "Linux 1.2.3-riscv64" in words, "Linux's release in the legend")
    equal(True, bool(re.fullmatch(r"\d+\.\d+\.\d+\S*-riscv64", bench.linux_release())), "the release that targets.tsv names")
    equal(True, "a < b & c" in words and "113" in words and "not run" in words, "words")
    width = float(picture.get("width"))
    for one in picture.iter(SVG + "rect"):
        equal(True, float(one.get("x", 0)) + float(one.get("width")) <= width, "a bar within the picture")


@case
def the_scale_is_logarithmic():
    scale = chart.Scale([10, 1000])
    equal(round(scale.x(1000) - scale.x(100), 6), round(scale.x(100) - scale.x(10), 6), "steps")
    equal([10, 100, 1000], scale.powers(), "powers")
    equal(["79", "1,056", "132k", "7.96M"], [chart.short(n) for n in (79.3, 1056.4, 132133, 7956162)], "numbers")


@case
def curves_are_an_svg_with_a_point_for_each_number_of_harts():
    ours = {("fault", harts): {"kernel": 900.0 + harts, "shared": 0.01 * harts} for harts in (1, 2, 4)}
    ours["call", 2] = ours["call", 4] = {"kernel": 1400.0, "shared": 30.0}
    linux = {("fault", harts): {"kernel": 4000.0, "shared": 0.0} for harts in (1, 2, 4)}
    picture = xml.etree.ElementTree.fromstring(curves.draw(ours, linux, "1.2.3-riscv64"))
    words = [one.text for one in picture.iter(SVG + "text")]
    for word in ("fault", "call", "901", "904", "0.04", "4,000", "1,400", "Linux 1.2.3-riscv64"):
        equal(True, word in words, word)
    equal([3, 3, 3, 3, 2, 2], [len(one.get("points").split()) for one in picture.iter(SVG + "polyline")], "points of the curves")


@case
def numbers_beside_curves_do_not_cover_one_another():
    panel = curves.Panel(0, 0, 8)
    places = [(0, 50, "a", "#000000"), (0, 49, "b", "#000000"), (0, 10, "c", "#000000")]
    found = [xml.etree.ElementTree.fromstring(piece) for piece in panel.numbers(places, "end")]
    levels = [float(one.get("y")) for one in found]
    equal((["a", "b", "c"], [54, 44, 14]), ([one.text for one in found], levels), "numbers and where they are")


@case
def a_section_of_a_document_is_replaced():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "page.md")
        with open(path, "w", encoding="utf-8") as file:
            file.write("before\n<!-- figures -->\nold\n<!-- end of figures -->\nafter\n")
        for words in ("new", "newer\n"):
            figures.replace_section(path, "figures", words)
        with open(path, encoding="utf-8") as file:
            equal("before\n<!-- figures -->\nnewer\n<!-- end of figures -->\nafter\n", file.read(), "document")
        try:
            figures.replace_section(path, "others", "x")
        except bench.Failure as failure:
            has(str(failure), "has no section others", "failure")
        else:
            raise AssertionError("a section that is not there was replaced")


def log(*addresses):
    """Makes QEMU's log of these instructions."""
    return b"".join(b"Trace 0: 0x7f00 [0000000000000000/%016x/00004000/ff000000] f\n" % one for one in addresses)


KERNEL = 0xFFFFFFFF80200000
START, READ = KERNEL + 0x100, 0x10500
BEGUN = [START, READ, 1, START, KERNEL]  # init reads at the same address: that is no reading of ours
SAMPLES = [READ, 2, READ, 3, READ, 4, READ, 5]  # two that do not count


def windows_of(text, size):
    """Feeds a log in pieces of so many lines."""
    windows = PROFILE.Windows([READ], START)
    lines = text.splitlines(keepends=True)
    for at in range(0, len(lines), size):
        windows.feed(b"".join(lines[at : at + size]))
    return windows


@case
def instructions_within_samples_are_counted():
    text = log(*BEGUN, *SAMPLES, READ, KERNEL, KERNEL + 4, 7, READ, KERNEL, READ, KERNEL + 8, 8, 9, READ, 7)
    for size in (1, 2, 3, 100):
        windows = windows_of(text, size)
        equal([3, 3], windows.sizes, f"sizes with pieces of {size}")
        equal(6, sum(windows.counts.values()), "all of them")
        equal(1, windows.counts[b"%016x" % 7], "what is behind a sample is not in it")


@case
def they_are_attributed_to_functions():
    symbols = PROFILE.Symbols.__new__(PROFILE.Symbols)
    symbols.addresses, symbols.names = (KERNEL, KERNEL + 8), ("first", "second")
    equal(["first", "second", "(the program itself)"],
          [symbols.name(one) for one in (KERNEL + 4, KERNEL + 8, 0x1000)], "names")
    windows = windows_of(log(*BEGUN, *SAMPLES, READ, KERNEL, KERNEL + 8, READ, READ, KERNEL, KERNEL + 4, READ), 5)
    total, functions = PROFILE.attribute(windows, symbols, 1.0)
    equal((1.0, {"first": 0.75, "second": 0.25}), (total, functions), "instructions per operation")
    has(PROFILE.table("row", 1.0, total, functions, 1), "75.0%  first", "table")
    has(PROFILE.table("row", 1.0, total, functions, 1), "25.0%  (others)", "table")
    equal("`first` 90, (others) 10", PROFILE.sentence(100, {"first": 90, "(others)": 9.5}), "sentence")


if __name__ == "__main__":
    main()
