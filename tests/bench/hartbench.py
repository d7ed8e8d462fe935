#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts instructions, and lines of the cache that harts write in turn, where several harts do the same; prints TAP.

usage: hartbench.py [--harts N] [--row ROW]... [--record | --docs | --profile]

The rows are those of hartbench.c, each on 1, 2, 4, ... harts. A row fails that takes so many times more instructions of the
kernel than on the fewest harts, or writes so many lines, as hart-limits.tsv does not allow. What harts execute while they wait
for one another, and in ticks, is left out: how much that is depends on the machine that QEMU runs on. --row leaves out all rows but those that
are named. --record runs it on Linux and writes figures/hart-linux.tsv, with all rows. --docs writes all figures into
docs/performance.md, and draws them in docs/harts.svg. --profile prints the functions that write to lines of other harts. Program and plugin are those of
$FAULTLINE_BUILD (./build).

The harts of QEMU run at the same time, so two runs differ a little: what is compared is the median of three samples. A busy
host may stop one hart while others go on, which then do what they seldom do else. So a row that fails is run up to RETRIES
times more: what the kernel does too much of, it does in all of them.
"""

import collections
import os
import re
import statistics
import subprocess
import sys
import tempfile

import bench
import curves
import figures
import recording
import swaprun
import symbols
from oracle import machine

RETRIES = 3
MOST = 24  # lines of each part of a profile
RECORDING = os.path.join(bench.HERE, "figures", "hart-linux.tsv")
LIMITS = os.path.join(bench.HERE, "hart-limits.tsv")
MEM, SECONDS = "512M", "1500"
PLACE = "/bin/hartbench"
FIGURES = ("kernel", "ticks", "firmware", "waits", "calls", "flushes", "shared")
RECORDED = tuple(figure for figure in FIGURES if figure != "ticks")  # on Linux they are among the kernel's
# What hart-limits.tsv limits, in this order.
ALLOWED = {"times": "times the instructions on the fewest harts", "shared": "lines are written by harts in turn",
           "calls": "calls of the firmware", "flushes": "flushes of a TLB", "kernel": "instructions of the kernel"}
COUNTS = ("user", "kernel", "firmware", "waits", "ticks", "calls", "flushes")
HART = re.compile(r"hart \d+ " + " ".join(rf"{name} (\d+)" for name in COUNTS))
SHARED = re.compile(r"shared (0x[0-9a-f]+) (0x[0-9a-f]+) (\d+)")
RUN = re.compile(r"run (0x[0-9a-f]+) (\d+) (\d+)")
MARK = re.compile(r"mark ([12])\n")


def kernel_elf():
    """Returns the path of the kernel that tools/run.py starts."""
    return os.path.join(os.environ["FAULTLINE_BUILD"], os.environ.get("FAULTLINE_KERNEL") or "faultline.elf")


def on_faultline(program, plugin, harts, wanted=(), runs=False):
    """Returns (output, log) of a run on Faultline, of all rows or of those that are wanted."""
    functions = symbols.Symbols(kernel_elf())
    arguments = [f"{name}={functions.address(function):x}" for name, function in (("entry", "trap_entry"), ("tick", "trap_timer"))]
    if runs:
        arguments.append("runs=on")
    with tempfile.TemporaryDirectory(prefix="hartbench-") as folder:
        words, log = swaprun.tracing(plugin, folder, arguments=arguments)
        command = [sys.executable, "-I", os.path.join(bench.ROOT, "tools/run.py"), "--append", "thp=never", "--harts", harts, "--mem", MEM,
                   "--timeout", SECONDS, "--add", f"{os.path.abspath(program)}:{PLACE}", "--", PLACE, harts, *wanted]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
                              env={**os.environ, "FAULTLINE_QEMU": " ".join(words)})
        return swaprun.checked("hartbench", done.returncode, done.stdout), swaprun.read(log)


def on_linux(linux, program, plugin, harts):
    """Returns (output, log) of a run on Linux."""
    with tempfile.TemporaryDirectory(prefix="hartbench-") as folder:
        words, log = swaprun.tracing(plugin, folder)
        wish = machine.Wish()
        wish.harts, wish.mem, wish.timeout, wish.qemu = harts, MEM, SECONDS, words
        wish.append = "init_on_alloc=0 mitigations=off cgroup_disable=memory"
        wish.program = [program, harts]
        status, output, _ = machine.run(linux, wish)
        return swaprun.checked("hartbench", status, output.decode().replace("\r\n", "\n")), swaprun.read(log)


def intervals(log):
    """Gives (what the harts have executed, [(instruction, line, times)], [(block, instructions)]) between the marks of each
    sample of a log."""
    now, before, shared, runs = collections.Counter(), None, [], []
    for line in log:
        hart, store, run, mark = HART.match(line), SHARED.match(line), RUN.match(line), MARK.match(line)
        if hart:
            now.update(dict(zip(COUNTS, map(int, hart.groups()))))
        elif store:
            shared.append((int(store.group(1), 16), int(store.group(2), 16), int(store.group(3))))
        elif run:
            runs.append((int(run.group(1), 16), int(run.group(2)) * int(run.group(3))))
        elif mark:
            if mark.group(1) == "2":
                yield {name: now[name] - before[name] for name in now}, shared, runs
            now, before, shared, runs = collections.Counter(), now, [], []


def samples(output, log):
    """Gives (row, harts, operations, counts, stores, blocks) of each sample."""
    lines = [line.split() for line in output.splitlines() if line != "done"]
    found = list(intervals(log))
    if len(found) != len(lines):
        raise bench.Failure(f"the log has {len(found)} samples of {len(lines)}")
    for (row, harts, operations), rest in zip(lines, found):
        yield row, int(harts), int(operations), *rest


def measured(output, log):
    """Returns {(row, harts): {figure: number for an operation}}: the medians of the samples."""
    taken = collections.defaultdict(lambda: collections.defaultdict(list))
    for row, harts, operations, counts, stores, _ in samples(output, log):
        counts["kernel"] -= counts["waits"] + counts["ticks"]
        counts["shared"] = sum(times for _, _, times in stores)
        for figure in FIGURES:
            taken[row, harts][figure].append(counts[figure] / operations)
    return {key: {figure: statistics.median(numbers) for figure, numbers in found.items()} for key, found in taken.items()}


def print_most(title, found, operations):
    """Prints the most frequent of what was counted, for an operation."""
    print(f"{title}: {sum(found.values()) / operations:.2f}")
    for name, times in found.most_common(MOST):
        print(f"  {times / operations:8.3f} {name}")


def print_profile(output, log, elf):
    """Prints the functions of the kernel by their instructions, waits and ticks included, and those that write to lines of
    other harts, how often for an operation, and one of these lines."""
    table, data = symbols.Symbols(elf), symbols.Symbols(elf, "bBdDrR")
    lines, functions = collections.defaultdict(collections.Counter), collections.defaultdict(collections.Counter)
    operations = collections.Counter()
    for row, harts, done, _, stores, runs in samples(output, log):
        operations[row, harts] += done
        for address, line, times in stores:
            place = data.name(line) if line >= data.addresses[0] else "(memory)"
            lines[row, harts][f"{table.name(address)}, {place}"] += times
        for address, instructions in runs:
            functions[row, harts][table.name(address)] += instructions
    for (row, harts), done in operations.items():
        print_most(f"{row}, {harts} harts, instructions", functions[row, harts], done)
        print_most(f"{row}, {harts} harts, shared lines", lines[row, harts], done)


def limits():
    """Returns {row: the most that each of ALLOWED may be, None: no limit}."""
    return {row: [None if most == "-" else float(most) for most in limit] for row, *limit in bench.table(LIMITS) if row != "row"}


def judge(found, fewest, limit):
    """Says what is above a limit; "" where nothing is."""
    found = {**found, "times": found["kernel"] / fewest["kernel"]}
    for (figure, words), most in zip(ALLOWED.items(), limit, strict=True):
        if most is not None and found[figure] > most:
            return f"{found[figure]:.2f} {words}: at most {most} are allowed"
    return ""


def judged(rows):
    """Gives (row, harts, figures, what is above a limit or "") of all."""
    most, fewest = limits(), {}
    for (row, harts), found in rows.items():
        yield row, harts, found, judge(found, fewest.setdefault(row, found), most[row])


def report(rows):
    """Prints a point for each row; returns the number of bad ones."""
    bad = 0
    print(f"1..{len(rows)}")
    for number, (row, harts, found, why) in enumerate(judged(rows), 1):
        bad += bool(why)
        print("# " + ", ".join(f"{figure} {found[figure]:.2f}" for figure in FIGURES))
        if why:
            print(f"# {why}")
        print(f"{'not ok' if why else 'ok'} {number} - {row} on {harts}", flush=True)
    return bad


def read_recording():
    """Returns (Linux's release, its rows)."""
    settings, rows, names = {}, {}, []
    for name, *words in bench.table(RECORDING):
        if len(words) == 1:
            settings[name] = words[0]
        elif name == "row":
            names = words[1:]
        else:
            rows[name, int(words[0])] = dict(zip(names, map(float, words[1:]), strict=True))
    return settings["kernel"], rows


def record(program, plugin, harts):
    """Writes what Linux takes."""
    linux = machine.Linux()
    rows = measured(*on_linux(linux, program, plugin, harts))
    with open(RECORDING, "w", encoding="utf-8") as file:
        file.write("# What hartbench takes on Linux, for an operation, by tests/bench/hartbench.py --record.\n")
        file.write(f"kernel\t{linux.release}\nmem\t{MEM}\n")
        file.write("\t".join(["row", "harts", *RECORDED]) + "\n")
        for (row, number), found in rows.items():
            file.write("\t".join([row, str(number), *(f"{found[figure]:.3f}" for figure in RECORDED)]) + "\n")
    print(f"# wrote {os.path.relpath(RECORDING, bench.ROOT)}")


def cell(found, figure, form):
    """Writes a figure; "-" where there is none."""
    return f"{found[figure]:{form}}" if figure in found else "-"


def document(rows):
    """Writes the table, a line for each row and number of harts, and draws it."""
    release, there = read_recording()
    lines = [f"For an operation, on QEMU {recording.emulator()}, beside Linux {release}.", "",
             "| row | harts | kernel | Linux | shared lines | Linux | firmware calls |", "|---|---:|---:|---:|---:|---:|---:|"]
    for key, found in rows.items():
        linux = there.get(key, {})
        lines.append(f"| {key[0]} | {key[1]} | {found['kernel']:,.0f} | {cell(linux, 'kernel', ',.0f')} "
                     f"| {found['shared']:.2f} | {cell(linux, 'shared', '.2f')} | {found['calls']:.2f} |")
    figures.replace_section(os.path.join(figures.DOCS, figures.DOCUMENT), "harts", "\n".join(lines))
    figures.write(os.path.join(figures.DOCS, "harts.svg"), curves.draw(rows, there, release))


def main():
    """Returns 0 if every row is within its limits."""
    parser = recording.options(__doc__)
    parser.add_argument("--harts", default="4")
    parser.add_argument("--row", action="append", default=[])
    args = parser.parse_args()
    if args.row and (args.record or args.docs):
        parser.error("--record and --docs are for all rows")
    build = os.environ.setdefault("FAULTLINE_BUILD", os.path.join(bench.ROOT, "build"))
    program, plugin = (os.path.join(build, "tests/bench", name) for name in ("hartbench", "lines.so"))
    lacking = swaprun.lacking(plugin)
    if lacking:
        print(f"1..0 # SKIP {lacking}")
        return 0
    try:
        if args.record:
            record(program, plugin, args.harts)
            return 0
        output, log = on_faultline(program, plugin, args.harts, args.row, runs=args.profile)
        if args.profile:
            print_profile(output, log, kernel_elf())
            return 0
        rows = measured(output, log)
        if args.docs:
            document(rows)
            return 0
        for _ in range(RETRIES):
            above = {row: why for row, _, _, why in judged(rows) if why}
            for row, why in above.items():
                print(f"# again: {row}, {why}")
            if above:
                rows.update(measured(*on_faultline(program, plugin, args.harts, list(above))))
        return 1 if report(rows) else 0
    except bench.Failure as failure:
        print(f"Bail out! {failure}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
