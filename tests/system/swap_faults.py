#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Swap on a disk that fails or is slow: programs that need a page that can't be read get SIGBUS, and that is all.

QEMU's drivers blkdebug and throttle make such disks. That all frames and slots are accounted for at the end is checked
by the hardened kernel itself."""

import os
import re

from lib import boot  # it finds the runner's modules
from lib.guest import folder, run_placed
from lib.tap import case, equal, has, lacks, long_case, main
from runner import swap

MIB = boot.MIB
SECTORS = 8  # of a page
MEMORY = 24  # MiB
GREEDY = 36


def disk(name, mib=256):
    """Makes a file with the header of a swap area."""
    path = os.path.join(folder(name), "disk")
    with open(path, "wb") as file:
        file.truncate(mib * MIB)
        file.write(swap.header(mib * MIB // swap.PAGE))
    return path


def failing(name, how, pages=None):
    """Gives the environment of a QEMU with a disk of which these pages fail (None: all) when they are read or written."""
    path = disk(name)
    config = path + ".failing"
    with open(config, "w", encoding="utf-8") as file:
        for page in pages or [None]:
            where = "" if page is None else f'sector = "{page * SECTORS}"\n'
            file.write(f'[inject-error]\nevent = "none"\niotype = "{how}"\nerrno = "5"\n{where}\n')
    return with_drive(f"file.driver=blkdebug,file.config={config},file.image.driver=file,file.image.filename={path}")


def with_drive(words, *more):
    """Gives the environment of a QEMU with a disk that these words describe."""
    return {"FAULTLINE_QEMU": " ".join([*more, f"-drive driver=raw,if=none,id=extra,{words}",
                                        "-device virtio-blk-device,drive=extra"])}


def swap_errors(mib, env, status=0):
    """Runs the program; gives what it has found in each pass, its other lines, and the log."""
    done = run_placed("swap_errors", str(mib), options=["--mem", f"{MEMORY}M"], env=env)
    text, log = done.out.decode(), done.err.decode()
    print("# " + "\n# ".join(text.splitlines() + log.splitlines()))
    lacks(log, "kernel panic", "log")
    equal(status, done.status, "status")
    passes = {name: {what: int(n) for what, n in re.findall(r"(\w+) (\d+)", rest)}
              for name, rest in re.findall(r"^(\w+): (unread .*)$", text, re.MULTILINE)}
    return passes, [line for line in text.splitlines() if ": unread" not in line], log


def no_harm(found):
    """No page that was read is wrong, each signal names its page, and the same pages fail each time."""
    equal([("once", 0, 0, 0), ("twice", 0, 0, 0), ("afterwards", 0, 0, 0)],
          [(name, found[name]["wrong"], found[name]["others"], found[name]["odd"]) for name in found], "harm")


@case
def R84_pages_that_cannot_be_read_are_sigbus_for_those_who_need_them():
    found, lines, log = swap_errors(GREEDY, failing("read", "read", range(1000, 1048)))
    no_harm(found)
    equal((True, 0), (0 < found["once"]["unread"] <= 48, found["afterwards"]["unread"]), "pages that can't be read")
    equal(["a copy: EFAULT", "a store: signal 7", "a child: signal 7", "let go: 0"], lines, "what is done with one")
    equal(1, len(re.findall(r"swap: error: vda: page 10\d\d can't be read; more errors are not logged", log)), "errors in the log")
    equal(1, len(re.findall(r"killed by SIGBUS: read of .*: its page could not be read from the swap disk$", log, re.MULTILINE)),
          "reports")
    has(log, " of the swap disk: V=0 refuses a read", "the walk")


@case
def R84_pages_that_cannot_be_written_stay_in_memory():
    found, lines, log = swap_errors(GREEDY, failing("write", "write", range(1000, 1048)))
    no_harm(found)
    equal(([0, 0, 0], []), ([found[name]["unread"] for name in found], lines), "pages that can't be read, and the rest")
    equal(1, len(re.findall(r"swap: error: vda: page \d+ can't be written; more errors are not logged", log)), "errors in the log")


@case
def R43_R84_no_page_can_be_written():
    found, _, log = swap_errors(GREEDY, failing("full", "write"), status=137)
    equal({}, found, "passes")
    has(log, "out of memory: killed swap_errors[2]", "log")
    has(log, "can't be written; more errors are not logged", "log")


@long_case
def R84_a_slow_disk():
    slow = with_drive(f"file.driver=throttle,file.throttle-group=slow,file.file.driver=file,file.file.filename={disk('slow')}",
                      "-object throttle-group,id=slow,x-iops-total=8000")
    found, lines, _ = swap_errors(27, slow)
    no_harm(found)
    equal(([0, 0, 0], []), ([found[name]["unread"] for name in found], lines), "pages that can't be read, and the rest")


@case
def R151_a_robust_mutex_whose_list_is_read_from_a_slow_disk():
    """Its owner is killed while the disk is busy with other pages: so slow that the read of the list cannot end at once."""
    slow = with_drive(f"file.driver=throttle,file.throttle-group=slow,file.file.driver=file,file.file.filename={disk('busy')}",
                      "-object throttle-group,id=slow,x-iops-total=20")
    done = run_placed("swapping", "robust", "24", options=["--mem", "24M"], env=slow)
    equal(0, done.status, f"status of {done.err[-300:]}")
    equal(True, re.fullmatch(rb"robust: ok, [1-9]\d* major faults\n", done.out) is not None, f"major faults: {done.out}")


if __name__ == "__main__":
    main()
