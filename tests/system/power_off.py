#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""R92, R143: what programs have written to shared folders is on the host when the machine is off."""

import re
import struct

from lib.guest import folder, get, run_placed
from lib.tap import case, equal, has, lacks, long_case, main

PAGE = 4096


def passes(verb, *words, options, **names):
    """Runs a verb of the guest's program, which finds out itself what is wrong. Gives the run."""
    done = run_placed("power_off", verb, *words, options=["--mem", "64M", *options], **names)
    equal(0, done.status, f"status (it said {done.out} {done.err})")
    has(done.out, b"power_off: ok\n", "standard output")
    lacks(done.err, b"did not end in time", "log")
    return done


@case
def R92_R143_who_still_writes_is_killed_before_the_last_bytes_are_written():
    place = folder("goes on")
    # QEMU answers five writes a second: there is time for more numbers while the first ones are on their way.
    done = run_placed("power_off", "write-on", "/mnt/numbers", options=["--mem", "64M", "--share", place],
                      env={"FAULTLINE_QEMU": "-set fsdev.share0.throttling.iops-write=5"})
    equal((0, b""), (done.status, done.err), "status and log")
    told = [int(line) for line in done.out.split(b"\n")[:-1] if line.isdigit()]
    data = get(place + "/numbers")
    count = len(data) // 8
    equal(tuple(range(count)), struct.unpack(f"<{count}Q", data[:count * 8]), "the numbers on the host")
    equal(True, count > told[-1] > 100, f"of {told[-1] + 1} that were told, all of the {count} are there")


@case
def R92_a_mount_that_is_out_of_the_tree_is_written_too():
    place = folder("detached")
    passes("detach", "/mnt", options=["--share", place])
    equal(True, get(place + "/file") == bytes((at * 7 + at // PAGE) & 0xFF for at in range(40 * PAGE)), "the file is right")


def pages_told(log):
    """How many pages the log says are lost. It may say so twice of one: it had no answer in time, and then an error."""
    return sum(int(pages) for pages in re.findall(
        rb"9p: warning: (?:what was written to )?(\d+) pages? of files (?:is lost: error 5|could not be written in time)\n", log))


@long_case
def R92_the_machine_goes_off_although_hostfs_is_silent():
    place = folder("silent")
    done = passes("silent", "/mnt/file", options=["--share", place])
    equal(True, pages_told(done.err) >= 40, f"all pages are told (it said {done.err})")
    equal(b"", get(place + "/file"), "the file, of which the server did not hear")


@long_case
def R92_the_machine_goes_off_although_a_server_is_slow():
    place = folder("slow")
    # QEMU answers four writes a second, and each is of 32 pages: 256 of them take much longer than the 30 seconds that there are.
    done = passes("slow", "/mnt/file", options=["--mem", "512M", "--share", place],
                  env={"FAULTLINE_QEMU": "-set fsdev.share0.throttling.iops-write=4"})
    data = get(place + "/file")
    there = sum(data[at:at + PAGE] == b"\1" * PAGE for at in range(0, len(data), PAGE))
    equal(True, 0 < there < 8192 <= there + pages_told(done.err), f"the {there} pages that are there, and what it said ({done.err})")


@case
def R80_all_mounts_together_have_a_limit_of_dirty_pages():
    names = ["a", "b", "c", "d"]
    shares = [word for name in names for word in ("--share", folder("limit " + name) + ":/" + name)]
    passes("many", *[f"/{name}/file" for name in names], options=shares)


if __name__ == "__main__":
    main()
