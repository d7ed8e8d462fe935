#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A disk for swap: which are used, which are refused and with what words, and that no refused one is changed."""

import os
import re
import shutil
import subprocess

from lib.boot import MIB
from lib.guest import folder, run, run_placed, run_raw
from lib.tap import Skip, case, equal, has, lacks, long_case, main

MODERN = {"FAULTLINE_QEMU": "-global virtio-mmio.force-legacy=false"}


def disk(name, size, begins=b"", ends=b""):
    """Makes a file of that size, with bytes at the beginning and the end of its first page."""
    path = os.path.join(folder(name), "disk")
    with open(path, "wb") as file:
        file.truncate(size)
        file.write(begins)
        file.seek(4096 - len(ends))
        file.write(ends)
    return path


def made_by_mkswap(name, size):
    """Makes a file that mkswap has prepared."""
    tool = shutil.which("mkswap") or shutil.which("/sbin/mkswap")
    if not tool:
        raise Skip("needs mkswap")
    path = disk(name, size)
    subprocess.run([tool, path], capture_output=True, check=True)
    return path


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def extra(path, *words):
    """Gives an environment in which QEMU has this disk."""
    drive = ",".join([f"file={path},format=raw,if=none,id=extra", *words])
    return {"FAULTLINE_QEMU": f"-drive {drive} -device virtio-blk-device,drive=extra"}


def runs_without_swap(done, reason):
    """The program has run, and both the log and init have said why there is no swap."""
    equal((0, b""), (done.status, done.out), "status and output")
    has(done.err, b"swap: error: vda: " + reason, "standard error")
    has(done.err, b"init: cannot use for swap: /dev/vda: ", "standard error")


@case
def an_empty_disk_is_used():
    for size, told in (("64M", b"63 MiB"), ("3G", b"3071 MiB"), ("1T", b"of 1048576 MiB only ")):
        done = run("exit", "7", options=["--verbose", "--swap", size])
        equal(7, done.status, "status")
        has(done.err, b"vda: " + told, "log")
        lacks(done.err, b"init:", "standard error")


@case
def R82_it_is_switched_off_and_on_under_three_programs():
    done = run_placed("swap_off", "60", "9", options=["--mem", "48M", "--swap", "128M"])
    told = b"off: done\noff again: EINVAL\non: done\noff at the end: done\n"
    equal((0, told), (done.status, done.out), f"status and output of {done.err[-500:]}")


@long_case
def R82_it_stays_on_where_its_pages_do_not_fit():
    done = run_placed("swap_off", "90", "75", options=["--mem", "48M", "--swap", "128M"])
    told = (b"off: ENOMEM\noff again: ENOMEM\non: EBUSY\n"
            b"off at the end: done\n")
    equal((0, told), (done.status, done.out), f"status and output of {done.err[-500:]}")


@long_case
def R82_files_keep_what_they_have_when_they_may_have_less():
    """Half of memory and swap is less without swap. Pages come back all the same; only new ones are refused."""
    done = run_placed("swap_files", "14", options=["--mem", "24M", "--swap", "16M"])
    told = (b"full: ENOSPC\na store to a hole, full: SIGBUS\noff: done\na store to a hole, without swap: SIGBUS\n"
            b"a write to a hole: ENOSPC\nanother name: done\non: done\na store to a hole, with swap: done\n")
    equal((0, told), (done.status, done.out), f"status and output of {done.err[-500:]}")


@case
def it_leaves_no_file():
    scratch = folder("scratch")
    equal(0, run("exit", "0", options=["--swap", "64M"], env={"TMPDIR": scratch}).status, "status")
    equal([], os.listdir(scratch), "files")


@case
def modern_and_with_the_instruction_clock():
    for words, env in (([], MODERN), (["--icount"], {}), (["--icount"], MODERN)):
        done = run("exit", "0", options=["--verbose", "--swap", "16M", *words], env=env)
        equal(0, done.status, "status")
        has(done.err, b", modern, " if env else b", legacy, ", "log")
        has(done.err, b"swap: vda: 15 MiB", "log")


@case
def a_file_of_mkswap_is_used():
    """Its name is one that QEMU's options would take apart."""
    path = os.path.join(os.path.dirname(made_by_mkswap("mkswap", 2 * MIB)), "a,readonly=on,b=%s")
    os.rename(os.path.join(os.path.dirname(path), "disk"), path)
    done = run("exit", "0", options=["--verbose", "--swap", path])
    equal(0, done.status, "status")
    has(done.err, b"swap: vda: 1 MiB", "log")


@case
def a_disk_without_a_header_stays_as_it_is():
    path = disk("bare", MIB, b"precious", b"bytes")
    before = contents(path)
    runs_without_swap(run("exit", "0", options=["--swap", path]), b"no swap header (make one with mkswap)")
    equal(True, contents(path) == before, "the bytes")


@case
def a_header_of_a_larger_disk():
    path = made_by_mkswap("cut", 2 * MIB)
    os.truncate(path, MIB)
    before = contents(path)
    runs_without_swap(run("exit", "0", options=["--swap", path]), b"its swap header names more pages than it has")
    equal(True, contents(path) == before, "the bytes")


@case
def a_disk_that_is_too_small():
    path = disk("small", 40 * 1024 - 1)
    done = run("exit", "0", options=["--swap", path])
    equal((2, f"run.sh: --swap: {path}: too small, a swap area has at least 40 KiB\n"),
          (done.status, done.err.decode()), "status and error")


@case
def what_is_no_disk_is_named():
    for path, reason in (("/no such file", "No such file or directory"), ("/", "neither a regular file nor a block device"),
                         ("/dev/null", "neither a regular file nor a block device")):
        done = run_raw(["--swap", path])
        equal((2, f"run.sh: --swap: {path}: {reason}\n"), (done.status, done.err.decode()), "status and error")


@case
def sizes_are_refused_by_name():
    done = run_raw(["--swap", "64"])
    equal((2, "run.sh: --swap wants a unit behind the number: 64M, or 64G (or ./64, if that is a file)\n"),
          (done.status, done.err.decode()), "status and error")
    for size in ("0", "5X", "-1", "0M"):
        done = run_raw(["--swap", size])
        equal((2, f"run.sh: --swap wants a size such as 512M or 2G, or a file (./{size}, if it has that name), "
                  f"not '{size}'\n"),
              (done.status, done.err.decode()), "status and error")
    for size in ("39K", "17T"):
        done = run_raw(["--swap", size])
        equal((2, f"run.sh: --swap {size}: a swap area has 40K to 16T\n"),
              (done.status, done.err.decode()), "status and error")


@case
def what_a_program_may_do_with_a_disk():
    done = run_placed("swap_on", "/dev/vda", "/dev/vdb", options=["--swap", "16M"])
    equal((0, ["/dev/vda: mode 60600, device 254:0, open: ENXIO", "/dev/vda: EBUSY", "/dev/vdb: ENOENT"]),
          (done.status, done.out.decode().splitlines()),
          "status and output")


@case
def without_a_disk_there_is_none():
    done = run_placed("swap_on", "/dev/vda")
    equal((0, b"/dev/vda: ENOENT\n"), (done.status, done.out), "status and output")


@case
def a_program_switches_it_on():
    path = made_by_mkswap("ours", MIB)
    done = run_placed("swap_on", "/dev/vda", "/dev/vda", env=extra(path))
    equal((0, [b"0", b"EBUSY"]), (done.status, re.findall(rb"^/dev/vda: (\w+)$", done.out, re.M)), "status and answers")


@case
def one_area_is_all():
    done = run_placed("swap_on", "/dev/vda", "/dev/vdb", options=["--swap", "16M"],
                      env=extra(made_by_mkswap("second", MIB)))
    equal((0, [b"EBUSY", b"EPERM"]), (done.status, sorted(re.findall(rb"^/dev/vd.: (\w+)$", done.out, re.M))),
          "status and answers")


@case
def a_read_only_disk():
    path = made_by_mkswap("read-only", MIB)
    done = run_placed("swap_on", "/dev/vda", env=extra(path, "readonly=on"), options=["--verbose"])
    equal((0, [b"EROFS"]), (done.status, re.findall(rb"^/dev/vda: (\w+)$", done.out, re.M)), "status and answer")
    has(done.err, b": vda, 1 MiB, read-only", "log")
    has(done.err, b"swap: error: vda: the disk is read-only", "log")


if __name__ == "__main__":
    main()
