#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What users see of swap: the figures that programs can ask for, the prompt's commands, and the log."""

import re

from lib.guest import BUILD, run_placed, run_raw
from lib.tap import case, equal, has, lacks, long_case, main

MIB = 1 << 20
PAGES = 96 * MIB // 4096  # that the program writes to
DISK = ["--mem", "64M", "--swap", "256M"]


def figures(options):
    """Runs the program; gives what it has printed, by moment and name."""
    done = run_placed("swap_seen", "96" if "--swap" in options else "8", options=options)
    equal(0, done.status, f"status of {done.out + done.err}")
    seen = {line.split(":")[0]: {name: int(value) for name, value in re.findall(r"(\w+) (\d+)", line)}
            for line in done.out.decode().splitlines()}
    equal(["before", "written", "read", "unmapped"], list(seen), "moments")
    return seen


@case
def R84_a_program_sees_what_is_in_swap():
    seen = figures(DISK)
    before, written, read, after = (seen[moment] for moment in ("before", "written", "read", "unmapped"))
    equal((256 * 256 - 1, 256 * 256 - 1), (before["swap"], before["free_swap"]), "all pages but the header are free")
    equal((0, 0, 0), (before["swapped"], before["written"], before["read"]), "nothing is in swap")
    all_pages = written["resident"] + written["swapped"]
    equal((True, True), (written["swapped"] > PAGES / 4, all_pages >= PAGES), f"in swap: {written}")
    used = written["swap"] - written["free_swap"]
    equal(True, used >= written["swapped"], f"each has a slot: {written}")
    for name in ("turns", "scanned", "aged", "unmapped", "dropped", "written"):
        equal(True, written[name] > 0, f"{name} when all was written: {written}")
    equal(True, written["written"] > written["swapped"] / 2, f"most are on the disk: {written}")
    equal(True, read["read"] >= PAGES / 4, f"they were read: {read}")
    pages, requests = read["read"] - written["read"], read["reads"] - written["reads"]
    blocks = read["blocks"] - written["blocks"]
    equal(True, 8 * pages * 3 / 4 < blocks <= 8 * pages, f"and counted as blocks that the program read: {written} {read}")
    equal(True, pages >= 4 * requests, f"they came together with their neighbours: {read}")
    equal(True, written["written"] >= 8 * written["writes"], f"and went together with them: {written}")
    equal(True, read["direct"] * 32 < read["dropped"] / 2, f"the reclaim thread freed most of the frames: {read}")
    used = after["swap"] - after["free_swap"]  # by pages of this program and of init that it has not touched since
    equal((True, True), (after["swapped"] < 50, used < 100), f"the slots are free again: {after}")


@case
def R84_without_a_disk_the_figures_are_zero():
    for moment, seen in figures(["--mem", "64M"]).items():
        equal([0] * 5, [seen[name] for name in ("swapped", "swap", "free_swap", "written", "read")], moment)


@long_case
def R84_sysinfo_has_the_swap_disk():
    for options in (DISK, ["--mem", "64M"]):
        for moment, seen in figures(options).items():
            equal((seen["swap"], seen["free_swap"]), (seen["totalswap"], seen["freeswap"]), moment)


def lines_of(line, options, words=("sh",), status=0):
    """Has the prompt run a line, in a program if there are words; gives what was written."""
    add = ["--add", f"{BUILD}/tests/system/swap_seen:/bin/swap_seen"]
    if words != ("sh",):
        add += ["--add", f"{BUILD}/user/sh:/bin/sh"]
    done = run_raw([*options, *add, "--", *words, "-c", line])
    equal(status, done.status, f"status of {done.out + done.err}")
    return (done.out + done.err).decode()


@case
def R84_R123_the_prompt_shows_swap():
    disk = "cat /sys/dev/block/254:0/dev /sys/block/vda/size /sys/block/vda/ro /sys/block/vda/stat"
    text = lines_of(f"ps; maps 2; free; faults 2; {disk}", DISK, ["/bin/swap_seen", "96", "/bin/sh"])
    print("# " + text.replace("\n", "\n# "))
    here, out = (int(kib) for kib in re.search(r"^ +2 +1 \w +(?:\d+ +)?1 +(\d+) +(\d+) +\d+ swap_seen$", text, re.MULTILINE).groups())
    equal((True, True), (out > 24 * 1024, here + out >= 90 * 1024), "in memory and in swap")
    later = int(re.search(r"in swap (\d+) KiB, page tables", text).group(1))
    equal(True, abs(later - out) <= 4096, f"maps says {later} KiB, about what ps did: reclaim may go on in between")
    pages = {name: int(n) for name, n in re.findall(r"^(\w[\w ]+?) +(\d+) pages +\d+ KiB$", text, re.MULTILINE)}
    equal(256 * 256 - 1, pages["swap"], "pages of the disk")
    equal(True, pages["swap"] - pages["swap free"] >= out / 4, f"those in use: {pages}")
    equal(True, pages["swap written"] > 0, "pages that were written")
    said = re.search(rf"^254:0\n{256 * MIB // 512}\n0\n \d+ 0 \d+ 0 (\d+) 0 (\d+) 0( 0){{9}}$", text, re.MULTILINE)
    equal(True, int(said[1]) > 0 and int(said[2]) >= 8 * pages["swap written"], "what /sys says of the disk")


@case
def the_prompt_without_a_swap_disk():
    text = lines_of("free; ps", ["--mem", "64M"])
    lacks(text, "swap free", "free")
    has(text, "SWAP KIB", "ps")


@case
def swapon_and_swapoff_say_why_not():
    line = "echo > /tmp/file; swapon; swapon /dev/vda; swapon /dev/vdb; swapon /tmp/file; swapoff; swapoff /nosuch"
    text = lines_of(line, DISK, status=1)
    for said in ("usage: swapon PATH\n", "sh: swapon: /dev/vda: Device or resource busy\n",
                 "sh: swapon: /dev/vdb: No such file or directory\n", "sh: swapon: /tmp/file: Invalid argument\n",
                 "usage: swapoff PATH\n", "sh: swapoff: /nosuch: "):
        has(text, said, "what is said")


@case
def help_describes_them_in_two_languages():
    has(lines_of("help swapon", DISK), "swapon  PATH             use a disk for swap", "in English")
    has(lines_of("help", [*DISK, "--env", "LC_ALL=zh_CN.UTF-8"]), "把磁盘用作交换区", "in Chinese")


@case
def R43_R84_the_log_says_how_much_of_a_victim_was_in_swap():
    done = run_placed("swap_seen", "96", options=["--mem", "64M", "--swap", "16M"])
    equal(137, done.status, f"status of {done.out + done.err}")
    lines = [line.split("] mm: warning: ")[1] for line in done.err.decode().splitlines() if "] mm: warning: " in line]
    print("# " + "\n# ".join(lines))
    held = int(re.fullmatch(r"out of memory: killed swap_seen\[2\], which had the most: (\d+) KiB with swap and page tables",
                            lines[0])[1])
    free, disk, written = (int(n) for n in re.fullmatch(
        r"  swap: (\d+) of (\d+) KiB are free; (\d+) pages were written, \d+ read", lines[3]).groups())
    equal((16 * 1024 - 4, True, True), (disk, free < 1024, written > 0), "the disk is full")
    here, swapped, tables = (int(n) for n in re.fullmatch(
        r"    swap_seen\[2\]: (\d+) KiB, in swap (\d+) KiB, page tables (\d+) KiB", lines[5]).groups())
    equal((True, True), (swapped > 15 * 1024, abs(held - here - swapped - tables) < 256), "its pages")


@case
def R43_R84_what_is_in_swap_counts_for_the_choice():
    """The parent has more than its child, but less in memory: it was written first, and much of it is in swap."""
    done = run_placed("swap_seen", "56", "/bin/swap_seen", "52", options=["--mem", "64M", "--swap", "32M"])
    equal(137, done.status, f"status of {done.out + done.err}")
    text = done.err.decode()
    has(text, "out of memory: killed swap_seen[2], which had the most: ", "the choice")
    here = {int(pid): int(kib) for pid, kib in re.findall(r"swap_seen\[(\d)\]: (\d+) KiB, in swap", text)}
    equal(True, here[2] < here[3], f"in memory, by pid: {here}")


if __name__ == "__main__":
    main()
