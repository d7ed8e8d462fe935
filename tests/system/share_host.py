#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a host does to a shared folder: its disk is full or read-only, files shrink, grow and vanish."""

import functools
import os
import shutil

from lib.disk import disk, mount, with_own_mounts
from lib.guest import folder, get, in_steps, put, run_placed
from lib.tap import case, equal, has, lacks, long_case, main

PAGE = 4096
MIB = 1 << 20
NKEPT, NALL = 32, 544  # pages, as in the guest's program


@functools.lru_cache(maxsize=None)
def page_for(number):
    """What the guest writes to a page of this number, modulo 256."""
    return bytes((at * 7 + number) & 0xFF | 1 for at in range(PAGE))


def bytes_for(size):
    """What the guest writes."""
    return b"".join(page_for(number % 256) for number in range(-(-size // PAGE)))[:size]


def holes_only(actual, what):
    """Expects what the guest has written, in which there may be holes."""
    want, wrong = bytes_for(len(actual)), []
    for at in range(0, len(actual), PAGE):
        if actual[at:at + PAGE] not in (want[at:at + PAGE], bytes(PAGE)):
            wrong += [at + i for i, byte in enumerate(actual[at:at + PAGE]) if byte not in (0, want[at + i])]
    equal([], wrong[:10], f"{what}: the first bytes of {len(wrong)} that are neither right nor missing")


def steps(verb, *words, place, does, options=("--mem", "64M")):
    """Runs a verb of the guest's program."""
    done = in_steps("share_host", [verb, *words], place, does, options)
    lacks(done.err, b": error: ", "log")
    return done


def passes(verb, *words, place, options=("--mem", "64M")):
    """Runs a verb that waits for nothing; gives the run."""
    done = run_placed("share_host", verb, *words, options=["--share", place, *options])
    lacks(done.err, b": error: ", "log")
    equal((0, b"share_host: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")
    return done


def writes_on_a_full_disk(name, *words, options=("--mem", "64M")):
    with disk(name, 3 * MIB) as place:
        filler = put(place + "/filler", bytes(2 * MIB))

        def look():
            there = get(place + "/file")
            equal(True, there[:NKEPT * PAGE] == bytes_for(NKEPT * PAGE), "what was there before")
            holes_only(there, "the file")

        steps("full", "/mnt/file", *words, place=place, options=options,
              does={"look": look, "make room": lambda: os.unlink(filler)})
        equal(True, get(place + "/file") == bytes_for(NALL * PAGE), "the file in the end")


@case
def R142_R143_a_full_disk_is_told_at_fsync_and_close():
    writes_on_a_full_disk("full")


@long_case
def R142_R143_the_same_with_preemption_and_a_killed_server():
    writes_on_a_full_disk("full and killed", "kill", options=["--mem", "32M", "--append", "preempt=300"])


@case
def R142_R143_appends_on_a_full_disk():
    with disk("appends", MIB) as place:
        put(place + "/file", b"k" * PAGE)
        filler = put(place + "/filler", bytes(MIB - PAGE))
        steps("append", "/mnt/file", place=place, does={"make room": lambda: os.unlink(filler)})
        equal(b"k" * PAGE + b"after", get(place + "/file"), "the file")


@case
def R142_R143_mapped_pages_on_a_full_disk():
    with disk("mapped", 3 * MIB) as place:
        filler = put(place + "/filler", bytes(2 * MIB))
        steps("mapped", "/mnt/file", place=place, does={"make room": lambda: os.unlink(filler)})
        equal(True, get(place + "/file") == bytes_for(NALL * PAGE), "the file in the end")


def squeezed(*options):
    """Maps a file that is larger than memory and the disk, with these options."""
    with disk("squeezed", 4 * MIB) as place:
        passes("squeezed", "/mnt/file", place=place, options=list(options))
        holes_only(get(place + "/file")[:8 * MIB], "the file")
    os.rmdir(place)


@case
def R142_R143_more_mapped_pages_than_memory():
    squeezed("--mem", "24M")


@long_case
def R142_R143_the_same_with_swap_and_forced_preemption():
    squeezed("--mem", "24M", "--swap", "64M", "--append", "preempt=300")


@case
def R92_R143_the_machine_goes_off_with_a_full_disk():
    with disk("off", MIB) as place:
        done = passes("leave", "/mnt/file", place=place)
        has(done.err, b"9p: warning: what was written to ", "log")
        has(done.err, b"is lost: error 28\n", "log: ENOSPC, not EIO, which is the error of who waited in vain")
        holes_only(get(place + "/file"), "the file")


@case
def R142_a_disk_with_no_room_for_names():
    with disk("names", MIB, nr_inodes=2) as place:
        put(place + "/file", b"x")
        passes("names", "/mnt", place=place)
        equal((["new"], b"x"), (os.listdir(place), get(place + "/new")), "the folder")


@case
def R146_a_disk_that_is_read_only():
    with disk("read-only", MIB) as place:
        put(place + "/file", b"unchanged")
        mount("-o", "remount,ro", place)
        done = run_placed("share", "read-only", "/mnt", "/mnt/file", options=["--share", place])
        equal((0, b"share: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")
        equal((["file"], b"unchanged"), (os.listdir(place), get(place + "/file")), "the folder")


@case
def R142_a_file_shrinks():
    place = folder("shrinks")
    files = [put(place + "/" + name, b"a" * 64 * PAGE) for name in ("file", "other")]

    def shrink():
        for file in files:
            os.truncate(file, PAGE + PAGE // 2)

    steps("shrink", "/mnt/file", "/mnt/other", place=place, does={"shrink": shrink})
    left = b"a" * (PAGE + PAGE // 2)
    equal((True, True), (get(files[0]) == left, get(files[1]).replace(b"\0", b"") == left + b"wxy"), "the files")
    equal([*b"wxy"], [get(files[1])[at] for at in (30 * PAGE - 1, 30 * PAGE, 50 * PAGE + 5)], "what was written")


@long_case
def R142_a_file_shrinks_whose_pages_are_reclaimed():
    place = folder("shrinks and is reclaimed")
    file = put(place + "/file", b"a" * 64 * PAGE)
    os.truncate(put(place + "/big", b""), 48 * MIB)
    steps("shrink-reclaimed", "/mnt/file", "/mnt/big", place=place, options=["--mem", "24M"],
          does={"shrink": lambda: os.truncate(file, PAGE + PAGE // 2)})


@case
def R142_a_file_grows():
    for name in ("", "mapped"):
        place = folder("grows " + name)
        put(place + "/file", b"a" * 100)

        def grow():
            with open(place + "/file", "ab") as file:
                file.write(b"b" * 2 * PAGE)

        steps("grow", "/mnt/file", *name.split(), place=place, does={"grow": grow})


@case
def R142_a_file_is_another_one_while_it_is_open():
    place = folder("another")
    put(place + "/file", b"a" * 80 * PAGE)

    def replace():
        os.utime(put(place + "/other", b"b" * 80 * PAGE), ns=(5, 6))
        os.rename(place + "/other", place + "/file")

    steps("replace", "/mnt/file", place=place, does={"replace": replace})
    info = os.stat(place + "/file")
    equal((True, 0o644, 6), (get(place + "/file") == b"b" * 80 * PAGE, info.st_mode & 0o7777, info.st_mtime_ns), "the new file")


@case
def R142_a_directory_gets_another_name():
    place = folder("moves")
    put(place + "/dir/sub/file", b"a")
    steps("move", place=place, does={"move": lambda: os.rename(place + "/dir", place + "/moved")})
    equal(b"new", get(place + "/moved/sub/new"), "the new file")


@case
def R142_a_file_vanishes_while_it_is_open():
    place = folder("vanishes")
    file = put(place + "/file", b"a" * 80 * PAGE)
    steps("vanish", "/mnt/file", place=place,
          does={"remove": lambda: os.unlink(file), "put a directory there": lambda: os.mkdir(file)})
    equal(["file"], os.listdir(place), "the folder")


def leads_out(name, *words):
    place, outside = folder(name) + "/shared", folder(name + " outside")
    put(place + "/own", b"own")
    put(place + "/dir/sub/file", b"a" * 80 * PAGE)
    put(outside + "/secret", b"secret")
    put(outside + "/sub/file", b"s" * 80 * PAGE)
    put(outside + "/sub/secret", b"secret")

    def lead_out():
        shutil.move(place + "/dir", os.path.dirname(place) + "/moved")
        os.symlink(outside, place + "/dir")

    steps("link-out", *words, place=place, does={"lead out": lead_out})
    found = sorted((os.path.relpath(where, outside), sorted(files)) for where, _, files in os.walk(outside))
    equal([(".", ["secret"]), ("sub", ["file", "secret"])], found, "what is outside")
    equal(True, get(outside + "/sub/file") == b"s" * 80 * PAGE, "the file outside")
    equal((0o644, ["dir", "own"]), (os.stat(outside + "/sub/file").st_mode & 0o7777, sorted(os.listdir(place))), "its mode, and the folder")


@case
def R142_R146_a_directory_becomes_a_link_that_leads_out():
    leads_out("leads out")


@case
def R142_R143_R146_and_the_server_is_another_one():
    leads_out("leads out again", "kill")


@case
def R142_the_whole_folder_vanishes():
    place = folder("gone") + "/shared"
    put(place + "/file", b"a" * 80 * PAGE)
    put(place + "/dir/file", b"x")
    steps("all-gone", place=place, does={"remove all": lambda: shutil.rmtree(place)})
    equal(False, os.path.exists(place), "it is there again")


if __name__ == "__main__":
    with_own_mounts(main)
