#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs that ask for all there is: one of them ends, with a reason, and the machine goes on."""

import os
import re

from lib import latency
from lib.boot import MIB, boot
from lib.guest import BUILD, FAKE, GREEDY, folder, run, run_placed
from lib.tap import Skip, case, equal, has, lacks, long_case, main

SMALL = ["--mem", "64M"]
SMALLER = ["--mem", "26M"]  # for what takes the longer the more there is


def hog_is_killed_and_named(options):
    """Once it has most of memory, and nobody else is."""
    done = run("hog", options=options)
    equal((137, b""), (done.status, done.out), f"status and output ({done.err})")
    kills = re.findall(rb"out of memory: killed (\S+), which had the most: (\d+) KiB", done.err)
    equal([b"probe[2]"], [who for who, _ in kills], f"who is killed ({done.err})")
    equal(True, int(kills[0][1]) * 1024 > int(options[1][:-1]) * MIB * 5 // 8, f"it has most of {options[1]}: {kills} KiB")


@case
def a_memory_hog_is_killed_and_named():
    hog_is_killed_and_named(SMALL)


@case
def R150_R171_a_process_has_so_many_threads_and_no_more():
    done = run_placed("thread_limit", options=["--mem", "128M"])
    equal((0, 2 * b"1023 threads, then EAGAIN\n", b""), (done.status, done.out, done.err), "status and output")


@case
def R132_hundreds_of_processes_are_killed_one_by_one():
    """Time is instructions: a kill takes at most a million, with the use of the pages that it frees. Who naps meanwhile,
    and needs no memory, is woken soon."""
    done = run_placed("storm", "200", "80", options=["--mem", "32M", "--icount"], env={"FAULTLINE_KERNEL": "faultline.elf"})
    equal(0, done.status, "status")
    naps, late = (int(number) for number in re.findall(rb"\d+", done.out))
    print(f"# one of {naps} naps of a millisecond ended {late} us late")
    equal(True, naps >= 5 and late < 25_000, f"{naps} naps are 5 at least, and {late} us late is two slices and a half at most")
    times = [float(time) for time in re.findall(rb"\[ *([0-9.]+)\] mm: warning: out of memory: killed storm", done.err)]
    equal(True, len(times) >= 80, f"{len(times)} kills are 80 at least")
    each = (times[-1] - times[0]) * 1e9 / (len(times) - 1)
    print(f"# {len(times)} kills, {each:,.0f} instructions each")
    equal(True, each <= 1e6, f"{each:,.0f} instructions are 1,000,000 at most")


@case
def the_hogs_parent_lives_on():
    done = run("survivor", options=SMALL)
    equal((0, b"child: signal 9\n"), (done.status, done.out), "status and output")


@case
def a_fork_bomb_comes_to_an_end():
    """Memory ends it, by a fork that fails or by a kill, and not before there are hundreds of processes."""
    done = run("bomb", options=["--mem", "32M"])
    equal(True, done.status in (0, 137), f"status {done.status}")
    lacks(done.err, b"kernel panic", "standard error")
    many = re.search(rb"after (\d+) children: |memory by process, the largest \d+ of (\d+):", done.out + done.err)
    equal(True, many and int(many[1] or many[2]) > 200, f"hundreds of processes (it said {done.out} and {done.err[:200]})")


@case
def a_hog_with_the_least_memory():
    hog_is_killed_and_named(["--mem", "16M"])


@case
def the_least_memory_is_enough_for_small_programs():
    done = run("survivor", options=["--mem", "16M"])
    equal((0, b"child: signal 9\n"), (done.status, done.out), "status and output")


@case
def less_than_the_least_is_refused_by_the_runner():
    done = run("exit", "0", options=["--mem", "15M"])
    equal((2, b"run.sh: --mem 15M is too little: the least is 16M\n"), (done.status, done.err), "status and error")


@case
def less_than_the_least_is_refused_by_the_kernel():
    if FAKE:
        raise Skip("needs the real kernel")
    status, text = boot(mem=15 * MIB)
    equal(False, status is None, "it hangs")  # (the device that tells a status is not found so early)
    has(text, "boot: error: 15 MiB of memory are too little: the least is 16 MiB", "the UART")
    lacks(text, "panic", "the UART")


@case
def eight_gibibytes_are_all_there():
    """The counters work as on a small machine, and all frames but some 2% for their books are there."""
    done = run(options=["--mem", "8G", "--verbose", "--append", "thp=never"], program=f"{BUILD}/tests/system/watch")
    equal(0, done.status, "status")
    free = int(re.search(rb"mm: (\d+) of \d+ frames free", done.err).group(1))
    equal(True, 8 * 1024 * 256 * 0.98 < free < 8 * 1024 * 256, f"{free} frames are free")


@case
def names_without_a_byte_are_refused_in_time():
    done = run("names", options=SMALLER, program=GREEDY)
    equal((0, b"refused: No space left on device\nanother: status 0\n"), (done.status, done.out),
          "status and output")


@long_case
def folders_that_are_removed_and_held_count():
    done = run("removed", options=SMALLER, program=GREEDY)
    equal((0, b"refused: No space left on device\nanother: status 0\nthen: Success\n"), (done.status, done.out),
          "status and output")


@case
def holes_of_a_file_are_given_back():
    """The files' share of memory ends before memory does: SIGBUS, as on Linux's tmpfs when it is full."""
    done = run("holes", options=SMALL, program=GREEDY)
    equal((0, b"reader: signal 7\nanother: status 0\n"), (done.status, done.out), "status and output")


@case
def R80_R90_memory_that_is_given_up_is_had_without_swap():
    """96 MiB are written and given up by MADV_FREE where memory has less, with A and D by the hardware and by the kernel."""
    for append in ([], ["--append", "ad=soft"], ["--append", "thp=never"]):
        done = run("freed", options=[*SMALL, *append], program=GREEDY)
        print(f"# {done.err.decode(errors='replace').strip()}")
        equal((0, b"0 wrong\n"), (done.status, done.out), f"status and output ({done.err})")


@case
def who_takes_page_tables_is_the_one_to_go():
    done = run("sparse", options=SMALL, program=GREEDY)
    equal((0, b"child: signal 9\n"), (done.status, done.out), "status and output")


# How each hog of tests/system/guest/hogs.c ends. It says more if the neighbour or memory was lost.
HOGS = {
    "links": "No space left on device",
    "pulses": "Resource temporarily unavailable",
    "dirs": "Success",
    "index": "No space left on device",
    "args": "Cannot allocate memory",
    "memfd": "signal 9",
    "memfds": "Too many open files in system",
    "unmapped": "signal 9",
    "written": "signal 9",
    "signals": "Resource temporarily unavailable",
    "endpoints": "Too many open files in system",
    "pipes": "Too many open files in system",
    "texts": "Too many open files in system",
    "blocks": "signal 9",
    "tables": "signal 9",
    "locks": "No locks available",
    "mounts": "No space left on device",
    "waiters": "Success",
    "messages": "Cannot allocate memory",
    "queues": "Cannot allocate memory",
    "sets": "Cannot allocate memory",
    "segments": "signal 7",
}
MEMORY_HOGS = ["memfds", "unmapped", "written", "blocks", "tables"]  # as "memfd", in other ways
LONG_HOGS = ["links", "dirs", "args", "waiters"]


def end_as_told(ends):
    """Runs these hogs, each beside a neighbour."""
    done = run_placed("hogs", *ends, options=SMALL)
    equal((0, sorted(f"{hog}: {end}" for hog, end in ends.items())), (done.status, sorted(done.out.decode().splitlines())),
          f"status and output ({done.err})")


@case
def R171_what_a_hog_has_the_kernel_keep_is_limited():
    end_as_told({hog: end for hog, end in HOGS.items() if hog not in [*MEMORY_HOGS, *LONG_HOGS]})


@long_case
def R171_what_a_hog_has_the_kernel_keep_for_long_is_limited():
    end_as_told({hog: HOGS[hog] for hog in LONG_HOGS})


@long_case
def R171_a_hog_of_memory_is_killed_or_refused():
    end_as_told({hog: HOGS[hog] for hog in MEMORY_HOGS})


@long_case
def a_hog_that_is_killed_leaves_nobody_who_waits_for_ever():
    """None of them has much, so the neighbour may be killed before they are; it finds nothing wrong with its memory until then."""
    done = run_placed("hogs", "waiters", options=SMALLER)
    equal(0, done.status, f"status ({done.err})")
    ends = rb"waiters: (signal 9|nothing is left for another|Cannot allocate memory|Success)(, the neighbour: signal 9)?\n"
    equal(True, re.fullmatch(ends, done.out) is not None, f"an end that may be ({done.out}, {done.err})")
    has(done.err, b"out of memory: killed hogs[", "log")


@long_case
def R171_mappings_count_as_memory_of_who_has_them():
    end_as_told({"mappings": "Success"})


@long_case
def memory_in_clean_pages_of_files_is_had():
    """R43: nobody is refused memory, or ended for it, while a file's pages hold 20 MiB that can be read again."""
    path = os.path.join(folder("cached"), "file")
    with open(path, "wb") as file:
        file.write(os.urandom(20 * MIB))
    done = run("/file", options=[*SMALL, "--add", f"{path}:/file"], program=f"{BUILD}/tests/system/cached")
    ways = ["fork", "processes", "mlock", "populate", "mprotect", "mremap", "write", "pipes"]
    equal((0, [f"{way}: 0" for way in ways]), (done.status, done.out.decode().splitlines()), "status and output")
    lacks(done.err, b"out of memory", "standard error")


@long_case
def a_mapped_file_bigger_than_memory_is_read():
    """R80: three processes read 8 MiB through a mapping, in orders of their own, while 3 MiB are free."""
    path = os.path.join(folder("squeezed"), "file")
    data = os.urandom(8 * MIB)
    with open(path, "wb") as file:
        file.write(data)
    done = run("/file", options=[*SMALL, "--add", f"{path}:/file", *latency.options()],
               program=f"{BUILD}/tests/system/squeezed")
    log = latency.take_log() + done.err
    equal((0, [str(sum(data))] * 9), (done.status, done.out.decode().split()), "status and sums")
    lacks(log, b"out of memory", "log")


@long_case
def neither_interrupts_nor_preemption_were_off_for_too_long():
    latency.check("limits")


if __name__ == "__main__":
    main()
