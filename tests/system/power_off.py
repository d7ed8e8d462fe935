#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""R92, R143: what programs have written to shared folders is on the host when the machine is off."""

import struct

from lib.guest import folder, get, run_placed
from lib.tap import case, equal, has, lacks, main

PAGE = 4096


def passes(verb, *words, options):
    """Runs a verb of the guest's program, which finds out itself what is wrong. Gives the run."""
    done = run_placed("power_off", verb, *words, options=["--mem", "64M", *options])
    equal(done.status, 0, f"status (it said {done.out} {done.err})")
    has(done.out, b"power_off: ok\n", "standard output")
    lacks(done.err, b"did not end in time", "log")
    return done


@case
def R92_R143_who_still_writes_is_killed_before_the_last_bytes_are_written():
    place = folder("goes on")
    # QEMU answers five writes a second: there is time for more numbers while the first ones are on their way.
    done = run_placed("power_off", "write-on", "/mnt/numbers", options=["--mem", "64M", "--share", place],
                      env={"FAULTLINE_QEMU": "-set fsdev.share0.throttling.iops-write=5"})
    equal((done.status, done.err), (0, b""), "status and log")
    told = [int(line) for line in done.out.split(b"\n")[:-1] if line.isdigit()]
    data = get(place + "/numbers")
    count = len(data) // 8
    equal(struct.unpack(f"<{count}Q", data[:count * 8]), tuple(range(count)), "the numbers on the host")
    equal(count > told[-1] > 100, True, f"of {told[-1] + 1} that were told, all of the {count} are there")


@case
def R92_a_mount_that_is_out_of_the_tree_is_written_too():
    place = folder("detached")
    passes("detach", "/mnt", options=["--share", place])
    equal(get(place + "/file") == bytes((at * 7 + at // PAGE) & 0xFF for at in range(40 * PAGE)), True, "the file is right")


@case
def R80_all_mounts_together_have_a_limit_of_dirty_pages():
    names = ["a", "b", "c", "d"]
    shares = [word for name in names for word in ("--share", folder("limit " + name) + ":/" + name)]
    passes("many", *[f"/{name}/file" for name in names], options=shares)


if __name__ == "__main__":
    main()
