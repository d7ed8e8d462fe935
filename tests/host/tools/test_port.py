#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The parts of tools/port-check that need no machine (R85): its steps, what it makes of gdb's lines and of the tests' points,
and the harts of a device tree."""

import glob
import importlib.machinery
import importlib.util
import os
import re
import struct
import subprocess
import sys

from base import ROOT, TOOLS

sys.path.insert(0, os.path.join(TOOLS, "gdb"))
sys.dont_write_bytecode = True

from lib.tap import case, equal, has, main  # noqa: E402
from machine import devtree  # noqa: E402
from port import debugger, machine, steps  # noqa: E402


def load(name):
    """Loads a tool that has no suffix."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), os.path.join(TOOLS, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


CHECK = load("port-check")
KTEST = re.compile(r"^KTEST\w*\((\w+)\)", re.MULTILINE)
DEVICE = re.compile(r"\b(sifive|htif|(?:uart_?)?16550|goldfish|plic|spike)(?![a-z])", re.IGNORECASE)
FILE = re.compile(r"[\w./-]+/[\w.-]+\.(?:c|h|S|py|md)\b")


def read(path):
    """Returns the text of a file of the project."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def ktests(pattern):
    """Returns the paths of sources of in-kernel tests, of the core and of the layer."""
    return [path for folder in ("tests/kernel", "tests/kernel/linux") for path in glob.glob(os.path.join(ROOT, folder, pattern))]


@case
def steps_are_found_by_number_and_by_name():
    equal([0, 0, len(steps.STEPS) - 1, None, None, None, None],
          [steps.find(word) for word in ("1", "hand-over", str(len(steps.STEPS)), "0", "99", "entr", "-1")], "indices")


@case
def every_step_names_tests_and_files_that_exist():
    names = [name for path in ktests("*.c") for name in KTEST.findall(read(path))]
    for step in steps.STEPS:
        for pattern in (step.tests or "").split(",") if step.tests else []:
            found = [name for name in names if re.fullmatch(pattern.replace("*", ".*"), name)]
            equal(True, bool(found), f"{step.name}: a test for {pattern}")
        for path in FILE.findall(step.read):
            equal(True, os.path.exists(os.path.join(ROOT, path)), f"{step.name}: {path}")


@case
def every_contract_test_of_the_processor_is_in_a_step():
    patterns = [pattern.replace("*", ".*") for step in steps.STEPS for pattern in (step.tests or "").split(",")]
    for path in ktests("arch_*.c"):
        for name in KTEST.findall(read(path)):
            equal(True, any(re.fullmatch(pattern, name) for pattern in patterns), f"{name} is in a step")


@case
def the_course_has_the_same_steps():
    heads = re.findall(r"^### Step (\d+): ([\w -]+)$", read("docs/porting.md"), re.MULTILINE)
    equal([(str(number), step.name) for number, step in enumerate(steps.STEPS, 1)], heads, "headings of docs/porting.md")
    for number, step in enumerate(steps.STEPS, 1):
        has(step.read, f"docs/porting.md, step {number}", step.name)


@case
def no_device_is_named_where_nothing_depends_on_the_machine():
    for folder in ("mm", "record", "proc", "desc", "trap", "linux", "ipc", "sync", "base", "lib", "boot"):
        for path in glob.glob(os.path.join(ROOT, folder, "**/*.[chS]"), recursive=True):
            found = DEVICE.search(read(path))
            equal("", found.group() if found else "", path)


@case
def gdb_and_the_host_know_the_same_first_steps():
    table = re.search(r"^STEPS = \((.*?)\)\)$", read("tools/gdb/machine/bringup.py"), re.MULTILINE | re.DOTALL).group(1)
    equal([step.name for step in steps.STEPS if not step.tests][:-1], re.findall(r'"([\w-]+)"', table), "steps")


@case
def the_lines_of_gdb_are_told_apart():
    done = []
    told = debugger.Told(done.append)
    for line in (b"Breakpoint -1, early_map () at x.c:1", b"bringup: passed hand-over", b"bringup: failed entry",
                 b"bringup:   the BSS is not cleared", b"bringup:   sp is 0"):
        told.line(line)
    equal((["hand-over"], "entry", ["the BSS is not cleared", "sp is 0"]), (told.passed, told.failed, told.why), "what was told")
    equal((["hand-over", "entry"], ["Breakpoint -1, early_map () at x.c:1"]), (done, told.other), "calls, and the rest")


def points_of(*lines):
    """Returns the points that are made of these lines of a console."""
    points = CHECK.Points()
    for line in lines:
        points.ktap.line(line)
    return points


class Asked:
    """Options as far as the end of a run needs them."""

    seconds = 20.0


def why(points, how, status=0):
    """Returns what is said of the end of a run."""
    return "; ".join(CHECK.ended(points, how, status, Asked))


@case
def a_test_that_fails_is_named_with_its_remarks():
    points = points_of("the firmware's", "KTAP version 1", "1..3", "ok 1 a", "# x.c:1: expected 1, got 2", "not ok 2 b", "ok 3 c # SKIP no")
    equal(["the test b (tests/kernel/)", "  x.c:1: expected 1, got 2"], points.failed, "what failed")
    equal((1, 1, ""), (points.passed, points.skipped, why(points, "end", 1)), "counts, and the end")


@case
def every_bad_end_has_a_sentence():
    nothing, begun = ["firmware"], ["KTAP version 1", "1..2", "ok 1 a"]
    whole = [*begun, "ok 2 b"]
    for lines, how, status, said in (
            (nothing, "time", None, "no test began within 20 s of CPU"),
            (nothing, "end", 0, "the console has shown nothing of the tests"),
            (begun, "time", None, "no end within 20 s of CPU; 1 of 2 tests have ended"),
            (begun, "end", 0, "the machine has ended too soon: 1 of 2 tests have ended"),
            ([*begun, "[    1.000000] kernel panic: why"], "end", 125, "kernel panic: why; 1 of 2 tests have ended"),
            (whole, "stays", None, "the machine does not: power_off() has no effect"),
            (whole, "end", 3, "all tests passed, and the machine ended with status 3"),
            (["KTAP version 1", "Bail out! test=x matches no test"], "end", 1, "test=x matches no test")):
        has(why(points_of(*lines), how, status), said, f"{lines} that ends by {how}")
    equal("", why(points_of(*whole), "end"), "a good end")


@case
def the_harts_of_a_device_tree():
    source = b"""/dts-v1/; / { #address-cells = <2>; cpus { #address-cells = <1>; #size-cells = <0>;
        cpu@0 { reg = <0>; }; cpu@2 { reg = <2>; cpu@9 { reg = <9>; }; }; cpu-map { x = <1>; }; }; memory { reg = <0 1 0 2>; }; };"""
    blob = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], input=source, stdout=subprocess.PIPE, check=True).stdout
    equal((len(blob), [0, 2]), (devtree.size_of(blob), devtree.harts(blob)), "size and harts")
    for cut in range(devtree.HEADER, len(blob)):
        devtree.harts(blob[:cut])  # none of them is endless or an exception
    equal([None, None, None],
          [devtree.size_of(head) for head in (b"", bytes(40), struct.pack(">II", devtree.MAGIC, 1 << 30) + bytes(32))], "what is no tree")


@case
def a_machine_that_the_runner_does_not_know_has_a_console():
    board = machine.choose("toaster")
    equal((False, False, ["-machine", "toaster"]), (board.has_virtio, board.gives_status, board.arguments(1)[:2]), "the board")
    equal(True, machine.choose("virt").has_virtio, "virt")


if __name__ == "__main__":
    main()
