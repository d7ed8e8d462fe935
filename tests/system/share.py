#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Folders of the host, by --share: read, mapped, executed; changed meanwhile; without their server."""

import hashlib
import os
import re
import shutil
import subprocess

from lib.guest import BUILD, PATIENCE, PROBE, ROOT, folder, get, in_steps, put, run_placed, runner
from lib.guest import run as run_probe
from lib.tap import Skip, case, equal, has, lacks, long_case, main, soak_case

SHARE = os.path.join(BUILD, "tests/system/share")
SMALL = ["--mem", "32M"]
PAGE = 4096


def checksum(data):
    """FNV-1a, as the guest has it."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def checksum_of(data):
    return hashlib.sha256(data).hexdigest()


def pattern(seed, size):
    """Makes bytes that are different on each page and in each file."""
    page = bytes((seed * 31 + i * 7) % 251 for i in range(PAGE - 8))
    return b"".join(i.to_bytes(8, "little") + page for i in range(-(-size // PAGE)))[:size]


def verb(name, *words, place, options=()):
    """Runs a verb of the guest's program on a shared folder; gives the run."""
    done = run_placed("share", name, *words, options=["--share", place, *(options or ["--mem", "64M"])])
    lacks(done.err, b": error: ", "log")
    lacks(done.err, b"did not end in time", "log")
    return done


def passes(name, *words, place, options=()):
    """Runs a verb that finds out itself what is wrong; gives the run."""
    done = verb(name, *words, place=place, options=options)
    equal((0, b"share: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")
    return done


def listed(place, ends=""):
    """Walks a folder here: the lines that the guest's walk prints, sorted."""
    sums = {}
    lines = []
    for where, folders, files in os.walk(os.fsencode(place)):
        here = os.path.join(b".", os.path.relpath(where, os.fsencode(place)))
        for name in folders + files:
            path = os.path.join(where, name)
            shown = os.path.normpath(os.path.join(here, name))
            shown = b"./" + shown
            if os.path.islink(path):
                lines.append(shown + b" -> " + os.readlink(path))
            elif os.path.isdir(path):
                lines.append(shown + b"/")
            elif ends and chr(name[-1]) not in ends:
                lines.append(shown)
            else:
                data = get(path)
                if data not in sums:
                    sums[data] = checksum(data)
                lines.append(b"%s %d %s" % (shown, len(data), sums[data].encode()))
    return sorted(lines)


def same_tree(place, options=(), ends=""):
    """Compares all names and kinds, and size and contents of all files, or of those whose names end in these digits."""
    done = verb("walk", "/mnt", ends, place=place, options=options)
    equal(0, done.status, f"status ({done.err})")
    here, there = listed(place, ends), sorted(done.out.splitlines())
    missing, extra = sorted(set(here) - set(there)), sorted(set(there) - set(here))
    equal(([], [], len(here)), (missing, extra, len(there)), "lines that only one side has, and their number")


@case
def R142_files_are_read_mapped_and_executed():
    place = folder("simple")
    data = pattern(1, 300 * PAGE + 17)
    put(place + "/data", data)
    put(place + "/empty", b"")
    shutil.copy(PROBE, place + "/prog")
    same_tree(place)
    equal(checksum(data).encode() + b"\n", verb("map", "/mnt/data", place=place).out, "mapped")
    done = run_probe("exit", "9", program="/mnt/prog", options=["--share", place])
    equal((9, b""), (done.status, done.err), "a program of the folder")
    done = run_probe("args", "a b", program="/opt/x/prog", options=["--share", place + ":/opt/x/"])
    equal((0, b"[/opt/x/prog]\n[args]\n[a b]\n"), (done.status, done.out), "one at another path")


@case
def a_folder_where_the_run_is():
    place = folder("here")
    put(place + "/data", b"right")
    shutil.copy(PROBE, place + "/prog")
    os.chdir(place)
    done = run_probe("show", "data", program="./prog", options=["--share", ".:" + place])
    os.chdir("/")
    equal((0, b"right", b""), (done.status, done.out, done.err), "a program and a file by relative paths")


@case
def R142_the_prompt_works_with_them():
    place = folder("prompt")
    put(place + "/hello", b"from the host\n")
    shutil.copy(PROBE, place + "/prog")
    done = run_probe(program="sh", options=["--share", place], stdin=b"cd /mnt\ncat hello\n./prog args x\n")
    equal((0, b"from the host\n[./prog]\n[args]\n[x]\n", b""), (done.status, done.out, done.err), "a prompt's status and output")


@case
def R141_names_of_all_kinds():
    place = folder("names, with a comma") + "/sub, folder: ü"
    names = ["a b", "a,b", "a,,b", "ü", "名字", "n" * 255, "-x", "*", "\\", "\n", " ", "a:b", "'\"", "..."]
    for name in names:
        put(f"{place}/{name}/{name}", name.encode())
    os.symlink("a b", place + "/link")
    os.symlink("/etc", place + "/out")
    os.symlink("../../..", place + "/up")
    os.symlink("x" * 4000, place + "/long")
    put(os.fsencode(place) + b"/\xff\xfe", b"no UTF-8")
    done = verb("walk", "/mnt", place=place + ":")  # its name has a colon
    equal(sorted(b"\n".join(listed(place)).split(b"\n") + [b""]), sorted(done.out.split(b"\n")), "all names")
    done = verb("stat", "/mnt/link/a b", "/mnt/out/passwd", "/mnt/up", "/mnt/n" + "n" * 255, place=place + ":")
    first, second, _, fourth = done.out.splitlines()
    has(first, b"100644 ", "through a link")
    equal((b"ENOENT", b"ENAMETOOLONG"), (second, fourth), "a link out of the folder, and a name that is too long")


@case
def R146_no_link_and_no_path_leads_out():
    place = folder("out")
    put(place + "/shared/inside", b"in")
    put(place + "/secret", b"out")
    os.symlink("../secret", place + "/shared/link")
    os.symlink(place + "/secret", place + "/shared/absolute")
    os.symlink("..", place + "/shared/up")
    names = ("link", "absolute", "up/secret", "../secret", "up/mnt/inside")
    done = verb("stat", *[f"/mnt/{name}" for name in names], place=place + "/shared")
    lines = done.out.splitlines()
    equal([b"ENOENT", b"ENOENT"], lines[2:4], "paths with ..")
    has(lines[4], b"100644 ", "up to the guest's root, and down again")
    done = run_probe(program="sh", options=["--share", place + "/shared"], stdin=b"cat /mnt/link\ncat /mnt/absolute\n")
    equal((b"", 2), (done.out, done.err.count(b"No such file")), "links")


@case
def R142_attributes_are_the_hosts():
    place = folder("attributes")
    put(place + "/suid", b"12345", 0o4751)
    put(place + "/none", b"", 0o000)
    os.makedirs(place + "/folder")
    os.chmod(place + "/folder", 0o1775)
    os.utime(place + "/suid", ns=(1, 1234567890123456789))
    os.mkfifo(place + "/fifo")
    os.symlink("suid", place + "/link")
    paths = [f"{place}/{name}" for name in ("suid", "none", "folder", "fifo", "link")]
    lines = []
    for path in paths:
        info = os.lstat(path)
        lines.append("%o %u %u %d %d.%09d" % (info.st_mode, info.st_uid, info.st_gid, info.st_size,
                                              info.st_mtime_ns // 10**9, info.st_mtime_ns % 10**9))
    done = verb("stat", *[path.replace(place, "/mnt") for path in paths], place=place)
    equal(lines, done.out.decode().splitlines(), "lstat")


@case
def R146_the_guest_changes_nothing():
    place = folder("read-only")
    put(place + "/file", b"unchanged")
    passes("read-only", "/mnt", "/mnt/file", place=place + ":/mnt:ro")
    passes("read-only", "/mnt", "/mnt/file", place=place + ":ro")
    equal([b"./file 9 " + checksum(b"unchanged").encode()], listed(place), "the folder")


def fsx(seed, steps, options, *kills, manner=""):
    """
    Has the guest do random things with files of a folder; gives the run, if what is here is what it says. `kills` is
    the name of a server, and the number of operations after each of which it is killed.
    """
    place = folder(f"fsx {seed} {' '.join(kills)}{manner.replace(':', ' ')}")
    done = run_placed("fsx", "/mnt", str(seed), str(steps), *kills, options=["--share", place + manner, *options])
    lines = done.out.splitlines()
    equal((0, [b"fsx: ok"]), (done.status, lines[-1:]), f"status and last line (it said {done.out} {done.err})")
    lacks(done.err, b": error: ", "log")
    equal([line for line in lines if line.startswith(b"./")], listed(place), "the folder")
    return done


@case
def R142_what_is_done_is_done_on_the_host():
    fsx(int(os.environ.get("FAULTLINE_SEED", "1")), 1500, ["--mem", "64M"])


@case
def R142_the_same_where_nobody_else_changes_anything():
    fsx(int(os.environ.get("FAULTLINE_SEED", "1")), 1500, ["--mem", "64M"], manner=":exclusive")


@long_case
def R142_with_little_memory_and_preemption():
    fsx(2, 1500, ["--mem", "24M", "--append", "preempt=300"])
    fsx(3, 1500, ["--mem", "24M", "--append", "preempt=300"], manner=":exclusive")


@long_case
def R142_the_same_on_tmpfs():
    done = run_placed("fsx", "/tmp", "3", "5000", options=["--mem", "64M"])
    equal((0, [b"fsx: ok"]), (done.status, done.out.splitlines()[-1:]), f"status and last line ({done.out})")


@soak_case
def R142_a_hundred_thousand_operations():
    for seed in range(10, 20):
        fsx(seed, 10000, ["--mem", "32M"])


@case
def R142_changes_of_all_kinds():
    place = folder("edits")
    put(place + "/kept", b"kept")
    put(place + "/script", b"#!/bin/sh\n", 0o644)
    passes("edit", "/mnt", place=place)
    equal(sorted([b"./d/", b"./d/e/", b"./d/e/file 12 " + checksum(b"second linen").encode(), b"./kept 4 " + checksum(b"kept").encode(),
                                 b"./link -> d/e/file", b"./same 12 " + checksum(b"second linen").encode(),
                                 b"./script 10 " + checksum(b"#!/bin/sh\n").encode()]), listed(place), "the folder")
    info, script = os.stat(place + "/same"), os.stat(place + "/script")
    equal((os.stat(place + "/d/e/file").st_ino, 2), (info.st_ino, info.st_nlink), "two names of one file")
    equal((0o751, 1234567890123456789), (script.st_mode & 0o7777, script.st_mtime_ns), "mode and time")
    equal(0o1700, os.stat(place + "/d").st_mode & 0o7777, "the directory's mode")


@case
def R142_a_file_is_replaced_in_one_step():
    passes("replace", "/mnt", "50", place=folder("replaced"))


@long_case
def R142_a_file_is_replaced_at_any_time():
    passes("replace", "/mnt", "150", place=folder("replaced at any time"), options=["--append", "preempt=1000"])


@long_case
def R142_renames_are_killed():
    place = folder("killed renames")
    passes("killed-renames", "/mnt", place=place, options=["--mem", "64M", "--append", "preempt=300"])
    equal(True, os.path.exists(place + "/target"), "the target is there")
    hidden = [name for name in os.listdir(place) if name.startswith(".")]
    equal(True, len(hidden) < 10, f"few hidden names of 60 renames: {hidden}")


@case
def R142_host_and_guest_agree_at_open():
    place = folder("agree")
    words = ["--share", place, "--add", SHARE + ":/bin/share", "--", "/bin/share", "agree", "/mnt/file"]
    with subprocess.Popen(**runner(words), cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        equal(b"rewrite\n", run.stdout.readline(), "the first line")
        put(place + "/file", b"host")
        # The size is the same, and the time may be: files here go by a clock with long ticks.
        now = os.stat(place + "/file").st_mtime_ns
        os.utime(place + "/file", ns=(now, now + 1_000_000))
        run.stdin.write(b"x")
        run.stdin.close()
        equal((b"share: ok\n", 0), (run.stdout.read(), run.wait(PATIENCE)), "output and status")


@long_case
def R142_a_file_larger_than_memory_is_copied():
    place = folder("copy")
    data = pattern(5, 40 << 20)
    put(place + "/from", data)
    passes("copy", "/mnt/from", "/mnt/to", place=place, options=["--mem", "24M"])
    equal(checksum_of(data), checksum_of(get(place + "/to")), "the copy")


def stored(number):
    turn = bytes(at * 7 & 0xff for at in range(256)) * (PAGE // 256)
    pages = [turn.translate(bytes((byte + page) & 0xff for byte in range(256))) for page in range(256)]
    return b"".join(pages[(page + number) % 256] for page in range(301))[:300 * PAGE + 5]


@case
def R92_R142_what_is_stored_is_on_the_host_in_the_end():
    place = folder("stores")
    passes("store", "/mnt", place=place, options=["--mem", "32M"])
    for number, name in enumerate(["unmapped", "ended", "killed", "last"]):
        equal(checksum_of(stored(number)), checksum_of(get(place + "/" + name)), name)


@case
def R142_stores_by_many_processes():
    place = folder("stores together")
    passes("together-store", "/mnt/file", place=place, options=["--mem", "64M", "--append", "preempt=300"])
    want = bytearray(64 * 4096)
    for at in range(len(want)):
        if at // 4096 % 4 != 3 or at % 512 < 8:
            want[at] = (at * 3 + 19) & 0xff
    equal(checksum_of(bytes(want)), checksum_of(get(place + "/file")), "the file")


@case
def R142_the_host_writes_too():
    place = folder("both")
    put(place + "/log", b"")
    with open(place + "/log", "ab") as file:
        file.write(b"host\n")
    done = run_probe(program="sh", options=["--share", place], stdin=b"echo guest >> /mnt/log\ncat /mnt/log\n")
    equal((0, b"host\nguest\n", b""), (done.status, done.out, done.err), "what the guest sees")
    equal(b"host\nguest\n", get(place + "/log"), "what is here")


def told_of(text):
    """What inotify has told after each step of tests/user/inotify_files, by the step's name and how many had it before."""
    told, refused, seen, now, error = {}, set(), {}, None, ""
    for line in text.decode().splitlines():
        if line.startswith("  "):
            told[now].append(line)
        elif ": " in line:
            error = line.split(": ")[0]  # the step itself has the next line
        else:
            now = (line, seen.get(line, 0))
            seen[line] = now[1] + 1
            told[now] = []
            if error == line:
                refused.add(now)
            error = ""
    return told, refused


# Where files of a server differ (docs/ABI.md): the host takes the bits without the guest, and a file without a name tells nothing.
TOLD_OTHERWISE = {("takes the set-id bit", 0), ("unlink an open file", 0), ("write to it", 2), ("chmod it", 0), ("close it", 1)}


@case
def R142_changes_are_told():
    place = folder("watched")
    program = f"{BUILD}/tests/user/inotify_files"
    done = run_probe(program="/bin/watches", options=["--share", place + ":" + place, "--add", program + ":/bin/watches"], cwd=place)
    there, refused = told_of(done.out)
    linux, wrong = told_of(get(os.path.join(ROOT, "tests/user/expected/inotify_files.out")))
    equal((0, b"", set(linux)), (done.status, done.err, set(there)), "status, errors and steps")
    differ = {step for step in linux if there[step] != linux[step]} - (refused - wrong)
    equal(TOLD_OTHERWISE, differ, "the steps of which something else is told than on Linux's own files")
    equal(True, len(linux) - len(refused) > 100, "most steps are made")


@long_case
def R142_a_deep_tree():
    place = folder("deep")
    at = place
    for level in range(40):
        at += f"/level {level}"
        put(at + "/file", b"%d" % level)
    same_tree(place)


@soak_case
def R142_a_tree_of_10000_files():
    """Each request to the host takes some 100 microseconds: so all names are compared, and every fifth file's bytes."""
    place = folder("many")
    for i in range(10000):
        data = b"%d\n" % (i % 97) * (i % 97)
        where = f"{place}/{i // 100 % 10}/{i // 1000}"
        if i % 100 == 0:
            os.makedirs(where, exist_ok=True)
        with open(f"{where}/f{i:05}", "wb") as file:
            file.write(data)
    same_tree(place, SMALL, os.environ.get("SHARE_ENDS", "05"))


def big_files(name):
    """Makes a folder with files that take many requests; gives it, and the words for "together"."""
    place, words = folder(name), []
    for i, npages in enumerate((1, 33, 170)):
        data = pattern(i + 2, npages * PAGE - i)
        put(f"{place}/file{i}", data)
        words += [f"/mnt/file{i}", str(len(data)), checksum(data)]
    return place, words


@case
def R140_R141_many_processes_at_once():
    place, words = big_files("together")
    passes("together", *words, place=place)


@case
def R140_R141_the_same_with_little_memory_and_forced_preemption():
    place, words = big_files("squeezed")
    passes("together", *words, place=place, options=["--mem", "16M", "--swap", "64M", "--append", "preempt=300"])


@long_case
def R142_text_that_was_dropped_is_read_again():
    place = folder("again")
    shutil.copy(PROBE, place + "/prog")
    done = verb("again", "/mnt/prog", place=place, options=["--mem", "32M", "--swap", "64M"])
    equal((0, b"major faults: some\n" * 3), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R142_the_host_changes_files_meanwhile():
    place = folder("changes")
    for name in ("rewritten", "shortened", "removed", "replaced"):
        put(f"{place}/{name}", b"a" * 3 * PAGE)

    def rewrite():
        put(place + "/rewritten", b"b" * 3 * PAGE)

    def replace():
        put(place + "/other", b"c" * 3 * PAGE)
        os.rename(place + "/other", place + "/replaced")

    steps = {"rewrite": rewrite, "shorten": lambda: os.truncate(place + "/shortened", PAGE + PAGE // 2),
             "remove": lambda: os.unlink(place + "/removed"), "replace": replace,
             "create": lambda: put(place + "/new", b"n")}
    in_steps("share", ["changes"], place, steps)


def most_at_once(trace):
    """Counts the reads that QEMU's server had at one time, by its trace: the most there were."""
    begun, most = set(), 0
    with open(trace, "rb") as file:
        for kind, tag in re.findall(rb"^v9fs_(read|read_return|rerror) tag (\d+) ", file.read(), re.MULTILINE):
            (begun.add if kind == b"read" else begun.discard)(tag)
            most = max(most, len(begun))
    return most


@case
def R140_several_requests_are_with_the_device_at_once():
    place, trace = folder("at-once"), folder("trace") + "/trace"
    names = "abcdefghij"  # more files than the device gets requests
    for name in names:
        put(f"{place}/{name}", name.encode() * 16 * PAGE)
    # QEMU answers five reads a second. While the first ones wait for that, the others have to come.
    done = run_placed("share", "at-once", *[f"/mnt/{name}" for name in names], options=["--mem", "64M", "--share", place],
                      env={"FAULTLINE_QEMU": f"-set fsdev.share0.throttling.iops-read=5 -trace v9fs_*,file={trace}"})
    equal((0, b"share: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")
    most = most_at_once(trace)
    equal(True, 2 <= most <= 8, f"{most} at one time are more than one read, and no more than hostfs has room for")


def says_that_it_starts(done, least):
    """What init said: at least so many times that the server was killed, and nothing else. Returns how often."""
    said = [line for line in done.err.splitlines() if b"init: " in line]
    equal({b"init: the server of /mnt (/bin/hostfs) was killed by signal 9 and is started again"}, set(said), "what init says")
    equal(True, len(said) >= least, f"{len(said)} starts are {least} at least")
    return len(said)


def kill_the_server(name, *options):
    """Five times, while its files are used."""
    place = folder(name)
    put(place + "/big", b"x")
    os.truncate(place + "/big", 16384 * PAGE)
    put(place + "/other", b"x")
    equal(5, says_that_it_starts(passes("killed", "/mnt/big", place=place, options=["--mem", "64M", *options]), 5), "starts")


@case
def R43_the_server_outlives_programs_that_spare_themselves():
    place = folder("pressed")
    put(place + "/large", pattern(5, 4 * 1024 * 1024))
    done = passes("pressed", "/mnt/large", place=place, options=SMALL)
    equal(2, done.err.count(b"out of memory: killed share["), f"how many were killed for their memory ({done.err})")
    lacks(done.err, b"killed hostfs", "log")
    says_that_it_starts(done, 1)


@case
def R143_R145_the_server_is_killed():
    kill_the_server("killed")


@long_case
def R143_R145_the_server_is_killed_with_forced_preemption():
    kill_the_server("killed at any time", "--append", "preempt=300")


@case
def R146_set_id_bits_stay_in_the_guest_unless_they_are_wanted():
    modes = {False: "created 755\ncreated 711\ndirectory 1755\nnode 711\nchanged 755\ngroup 1770\n",
             True: "created 6755\ncreated 4711\ndirectory 1755\nnode 6711\nchanged 6755\ngroup 3770\n"}
    for wanted, shown in modes.items():
        place = folder(f"setid {wanted}")
        done = verb("setid", "/mnt", place=place + (":setid" if wanted else ""))
        equal((0, shown), (done.status, done.out.decode()), f"status and modes (it said {done.err})")
        here = {name: os.stat(f"{place}/{name}").st_mode & 0o7777 for name in os.listdir(place)}
        equal({line.split()[0]: int(line.split()[1], 8) for line in shown.splitlines()}, here, "modes here")


@long_case
def R143_there_is_no_process_for_the_next_server():
    place = folder("crowded")
    put(place + "/file", b"x")
    words = ["--mem", "192M", "--share", place, "--add", SHARE + ":/bin/share", "--", "/bin/share", "crowded", "/mnt/file"]
    with subprocess.Popen(**runner(words), cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        said = []
        for line in run.stderr:
            said.append(line)
            if line.startswith(b"init: cannot start again the server of /mnt: "):
                break
        run.stdin.write(b"x")
        run.stdin.close()
        equal((b"share: ok\n", 0), (run.stdout.read(), run.wait(PATIENCE)), f"output and status (it said {said})")


@long_case
def R143_the_program_ends_while_there_is_no_server():
    """With --icount, no other load makes init late."""
    passes("left-crowded", place=folder("left"), options=["--mem", "192M", "--icount"])


@long_case
def R143_the_server_is_killed_during_a_copy():
    place = folder("copied")
    put(place + "/from", os.urandom(64 << 20))
    equal(4, says_that_it_starts(passes("copied", "/mnt/from", "/mnt/to", place=place, options=["--mem", "64M"]), 4), "starts")
    equal(True, get(place + "/from") == get(place + "/to"), "the copy")


def fsx_killed(seed, steps, options, manner=""):
    """Runs fsx while the server is killed after each 50 operations."""
    says_that_it_starts(fsx(seed, steps, options, "hostfs", "50", manner=manner), 3)


@long_case
def R143_the_server_is_killed_again_and_again():
    fsx_killed(int(os.environ.get("FAULTLINE_SEED", "1")), 600, ["--mem", "64M"])


@long_case
def R143_and_with_little_memory_and_preemption():
    fsx_killed(2, 400, ["--mem", "24M", "--append", "preempt=300"])
    fsx_killed(3, 400, ["--mem", "24M", "--append", "preempt=300"], ":exclusive")


def ticks_on(name, kills, options=()):
    """
    The server is killed with requests under way, while QEMU's main thread is slow to wake up: QEMU then tells it of the
    hart's deadline in vain, which must not be the end of the timer.
    """
    slow_poll = os.path.join(BUILD, "tests/system/slow_poll.so")
    if not os.path.exists(slow_poll):
        raise Skip("there is no native compiler")
    place = folder("ticking " + name)
    put(place + "/other", b"x")
    done = run_placed("share", "ticking", str(kills), options=["--mem", "64M", "--share", place, *options],
                      env={"LD_PRELOAD": slow_poll})
    equal((0, b"share: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")
    says_that_it_starts(done, kills)


@long_case
def R143_the_timer_goes_on_when_the_server_is_killed():
    for nth in ("first", "second"):  # init starts it again at once only in the beginning
        ticks_on(nth, 8)


@soak_case
def R143_the_timer_goes_on_at_200_kills():
    for nth in range(25):
        ticks_on(f"nr. {nth}", 8)
    ticks_on("counted", 8, ["--icount"])


@soak_case
def R143_a_hundred_thousand_operations_and_kills():
    for seed in range(20, 30):
        fsx_killed(seed, 10000, ["--mem", "32M"])


@case
def R143_a_file_is_another_one_for_the_next_server():
    place = folder("stale")
    put(place + "/file", b"a" * 80 * PAGE)

    def replace():
        put(place + "/other", b"b" * 80 * PAGE)
        os.rename(place + "/other", place + "/file")

    in_steps("share", ["stale", "/mnt/file"], place, {"replace it": replace})


@case
def R140_R142_readers_are_killed():
    place = folder("interrupted")
    put(place + "/other", b"x")
    put(place + "/big", b"")
    os.truncate(place + "/big", 16384 * PAGE)
    equal(b"", passes("interrupted", "/mnt/big", place=place).err, "log")
    passes("interrupted", "/mnt/big", place=place, options=["--mem", "32M", "--append", "preempt=300"])


@case
def a_folder_is_unmounted_and_its_server_ends():
    place = folder("unmounted")
    put(place + "/hello", b"from the host\n")
    lines = b"cat /mnt/hello\nserve -u /mnt\nls /mnt\n" + b"sleep 0.1\nps\n" * 30  # it ends when it is told
    done = run_probe(program="sh", options=["--share", place], stdin=lines)
    last = done.out.rsplit(b"PID", 1)
    equal((0, b"", 2, False), (done.status, done.err, len(last), b"hostfs" in last[-1]), "status, log, and is it there")
    has(done.out, b"from the host\n", "standard output")


@case
def R142_the_machine_goes_off_while_files_are_read():
    place = folder("leave")
    put(place + "/big", b"x")
    os.truncate(place + "/big", 16384 * PAGE)
    for options in (["--mem", "64M"], ["--mem", "32M", "--append", "preempt=300"]):
        passes("leave", "/mnt/big", place=place, options=options)


@long_case
def R142_the_machine_goes_off_with_a_swap_disk():
    place = folder("leave with swap")
    put(place + "/big", b"x")
    os.truncate(place + "/big", 16384 * PAGE)
    passes("leave", "/mnt/big", place=place, options=["--mem", "32M", "--swap", "64M"])


@case
def without_its_device_or_its_server_a_run_is_125():
    place = folder("orders")
    put(place + "/orders", b"share0\0/mnt\0rw\0")
    orders = ["--add", place + "/orders:/run/share"]
    done = run_probe("exit", "0", options=orders)
    equal((125, b"init: cannot mount a folder of the host's at /mnt: no such device\n"),
          (done.status, done.err), "no device")
    put(place + "/orders", b"shareX\0/mnt\0rw\0")
    device = f"-fsdev local,id=a,path={place},security_model=none -device virtio-9p-device,fsdev=a,mount_tag="
    done = run_probe("exit", "0", options=orders, env={"FAULTLINE_QEMU": device + "share"})
    equal((125, b"init: cannot mount a folder of the host's at /mnt: no such device\n"),
          (done.status, done.err), "a device of another tag")
    done = run_probe("exit", "0", options=orders, env={"FAULTLINE_QEMU": device + "shareX"})
    equal((125, b"init: cannot run /bin/hostfs: no such file\n"
           b"init: cannot mount a folder of the host's at /mnt: no such file\n"),
          (done.status, done.err), "no server")
    put(place + "/orders", b"share0\0")
    done = run_probe("exit", "0", options=orders)
    equal((125, b"init: cannot read /run/share: invalid argument\n"), (done.status, done.err), "no path")


@case
def R142_a_modern_device():
    place = folder("modern")
    data = pattern(3, 200 * PAGE)
    put(place + "/data", data)
    done = run_probe("show", "/mnt/data", options=["--share", place],
                     env={"FAULTLINE_QEMU": "-global virtio-mmio.force-legacy=false"})
    equal((0, True), (done.status, done.out == data), f"status, and the same bytes (it said {done.err})")


@case
def R146_a_server_has_what_it_needs_and_no_more():
    place = folder("descriptors")
    done = verb("descriptors", place=place)
    lines = done.out.decode().splitlines()
    equal(["N r /dev/null", "N w /dev/null", "N w /dev/port/stderr", "N rw session:[virtio_mmio@N]", "N rw ENDPOINT"],
          [re.sub(r"[0-9]+", "N", re.sub(r"\S+:\[[0-9]+\]$", "ENDPOINT", re.sub(r"@\w+", "@N", line))) for line in lines],
          "descriptors")


def rights_are_kept(*more):
    one, two = folder(f"mine {len(more)}"), folder(f"theirs {len(more)}")
    put(one + "/file", b"right")
    put(two + "/file", b"right")
    done = run_placed("rights", "/mnt/file", "/two/file", options=["--mem", "64M", "--share", one, "--share", two + ":/two", *more])
    equal((0, b"rights: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")
    lacks(done.err, b": error: ", "log")


@case
def R145_R146_R170_a_device_is_reached_only_by_its_server():
    rights_are_kept()


@long_case
def R145_R146_R170_the_same_with_forced_preemption():
    rights_are_kept("--append", "preempt=300")


@case
def several_folders():
    one, two = folder("one"), folder("two")
    put(one + "/a", b"one")
    put(two + "/a", b"two")
    done = run_probe(program="sh", stdin=b"cat /mnt/a /opt/x/y/a\n",
                     options=["--share", one, "--share", two + ":/opt/x/y", "--swap", "40K"])
    equal((0, b"onetwo"), (done.status, done.out), f"status and output (it said {done.err})")


@long_case
def R44_a_large_directory_with_little_memory():
    place = folder("large")
    for i in range(500):
        put(f"{place}/{'x' * 200}{i:03}", b"")
    same_tree(place, ["--mem", "16M"])


if __name__ == "__main__":
    main()
