# SPDX-License-Identifier: MIT
"""Runs swapbench on Faultline or on Linux with the plugin that counts, and reads its rows from output and log."""

import os
import re
import subprocess
import sys
import tempfile

import bench

sys.path.insert(0, os.path.join(bench.ROOT, "tools"))

from oracle import machine  # noqa: E402

FREE = 24576  # pages that are free at the start: 96 MiB
SWAP = "1G"
FAULTLINE_MEM, LINUX_MEM = "106M", "192M"  # each has a little more than FREE free then; swapbench locks the rest
SECONDS = "900"
PLACE = "/bin/swapbench"
SECTORS = 8  # in a page
LOOP_BEGIN, LOOP_END, CALLS_END, BEGIN, END = 1, 2, 3, 256, 512  # see swapbench.c
KNOWN_LOOP, KNOWN_CALLS = 2 + 1000 * 2, 2 + 1000 * 4  # the program's own instructions
MARK = re.compile(r"mark (\d+) user (\d+) kernel (\d+) firmware (\d+)")
BLOCK = re.compile(r"block (\d+) (0x[0-9a-f]+) (\d+) (\d+)")
REQUEST = re.compile(r"virtio_blk_handle_(read|write) .*nsectors (\d+)")
ROW = re.compile(r"row (\d+) (\w+) touched (\d+) majflt (\d+)")
FIGURES = ("touched", "majflt", "user", "kernel", "firmware", "writes", "pages_out", "reads", "pages_in")
EVENTS = "virtio_blk_handle_read", "virtio_blk_handle_write"


def lacking(plugin):
    """Returns what is lacking to count, or ""."""
    if not os.path.exists(plugin):
        return "there is no plugin: no native compiler"
    helped = subprocess.run([machine.QEMU, "-d", "help"], stdout=subprocess.PIPE, text=True, check=False).stdout
    if "output from TCG plugins" not in helped:
        return "this QEMU takes no plugins"
    return "" if "trace:PATTERN" in helped else "this QEMU does not write its trace events to the log"


def tracing(plugin, folder, blocks=False, events=(), arguments=()):
    """Returns QEMU's arguments, without blanks in them, for one log of counts and of those events; and the log's path.
    Those arguments are the plugin's."""
    here, log = os.path.join(folder, "count.so"), os.path.join(folder, "log")
    os.symlink(os.path.abspath(plugin), here)
    return ["-plugin", ",".join([here, *(["blocks=on"] if blocks else []), *arguments]), "-D", log,
            "-d", ",".join(["plugin", *("trace:" + event for event in events)])], log


def on_faultline(program, plugin, rows=(), blocks=False):
    """Returns (output, log) of a run on Faultline."""
    with tempfile.TemporaryDirectory(prefix="swapbench-") as folder:
        words, log = tracing(plugin, folder, blocks, EVENTS)
        command = [sys.executable, "-I", os.path.join(bench.ROOT, "tools/run.py"), "--append", "thp=never", "--icount", "--mem", FAULTLINE_MEM,
                   "--swap", SWAP, "--timeout", SECONDS, "--env", "TERM=dumb",
                   "--add", f"{os.path.abspath(program)}:{PLACE}", "--", PLACE, str(FREE), *rows]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False,
                              env={**os.environ, "FAULTLINE_QEMU": " ".join(words)})
        return checked("swapbench", done.returncode, done.stdout), read(log)


def on_linux(linux, program, plugin, rows=()):
    """Returns (output, log) of a run on Linux."""
    with tempfile.TemporaryDirectory(prefix="swapbench-") as folder:
        words, log = tracing(plugin, folder, events=EVENTS)
        wish = machine.Wish()
        wish.icount = wish.sleep = True
        wish.mem, wish.swap, wish.timeout = LINUX_MEM, SWAP, SECONDS
        wish.program = [program, str(FREE), *rows]
        wish.qemu = [*words, "-global", "virtio-mmio.ioeventfd=off"]  # as on Faultline
        status, output, _ = machine.run(linux, wish)
        return checked("swapbench", status, output.decode().replace("\r\n", "\n")), read(log)


def checked(name, status, output):
    """Returns the output of a run that has come to its end, which it says in its last line."""
    if status or output.splitlines()[-1:] != ["done"]:
        bench.print_notes(output)
        raise bench.Failure(f"{name} ended with status {status}")
    return output


def read(path):
    """Returns the lines of a log."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.readlines()


def facts(output):
    """Returns {name: words} of the lines that are about the whole run."""
    pairs = [line.partition(" ")[::2] for line in output.splitlines()]
    return {name: words for name, words in pairs if name not in ("row", "left", "done")}


def check_count(marks):
    """Fails if the plugin has not counted the known loops exactly, or has confused program and kernel."""
    user = {number: counts[0] for number, counts in marks.items()}
    kernel = {number: counts[1] for number, counts in marks.items()}
    found = (user[LOOP_END] - user[LOOP_BEGIN], user[CALLS_END] - user[LOOP_END])
    if found != (KNOWN_LOOP, KNOWN_CALLS):
        raise bench.Failure(f"the plugin counts {found} instructions of {KNOWN_LOOP} and {KNOWN_CALLS}")
    if kernel[CALLS_END] - kernel[LOOP_END] < KNOWN_CALLS:
        raise bench.Failure("the plugin does not count the kernel's instructions")


def measured(log):
    """Returns {number of a row: its figures} of a log."""
    rows, row, before, marks = {}, None, (), {}
    for line in log:
        mark, request = MARK.match(line), REQUEST.search(line)
        if mark:
            number, counts = int(mark.group(1)), [int(word) for word in mark.groups()[1:]]
            if number < BEGIN:
                marks[number] = counts
            elif number >= END:
                row.update(zip(("user", "kernel", "firmware"), (now - then for now, then in zip(counts, before))))
                rows[number - END], row = row, None
            else:
                row, before = dict.fromkeys(FIGURES, 0), counts
        elif request and row is not None:
            kinds = ("reads", "pages_in") if request.group(1) == "read" else ("writes", "pages_out")
            row[kinds[0]] += 1
            row[kinds[1]] += int(request.group(2)) // SECTORS
    check_count(marks)
    return rows


def rows_of(output, log):
    """Returns {row: {figure: number}}, in the order of the rows."""
    by_number, rows = measured(log), {}
    for number, name, touched, majflt in ROW.findall(output):
        rows[name] = {**by_number[int(number)], "touched": int(touched), "majflt": int(majflt)}
    return rows


def blocks_of(output, log):
    """Returns {row: [(address, instructions)]} of the kernel, where the plugin has logged them."""
    names = {int(number) + END: name for number, name, *_ in ROW.findall(output)}
    found = {name: [] for name in names.values()}
    for block in map(BLOCK.match, log):
        if block and int(block.group(1)) in names:
            _, address, insns, times = block.groups()
            found[names[int(block.group(1))]].append((int(address, 16), int(insns) * int(times)))
    return found
