#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""README's commands: each of them is run, here or by another test. (tour.py compares what README shows of the tour.)"""

import os
import re
import shlex
import subprocess
import tempfile

from lib.guest import BUILD, PATIENCE, ROOT, RUN, folder, get
from lib.tap import Skip, case, equal, has, main

BLOCK = re.compile(r"(?:^    .*\n)+", re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:\./|tools/)[\w.-]+(?: |$)|(?:meson|ninja|cp|mkdir|qemu-system-riscv64) |\(cd |riscv64-linux-gnu-gcc ")
BY_HAND = ("/faultline.elf", "/faultline-core.elf")  # what the blocks boot
NUMBER = re.compile(r"0x[0-9a-f]+|\[ *\d+\.\d+\]|\b\d+\b")
ELSEWHERE = {  # commands that are not run here: the test that runs each
    "./run.sh": "tour.py", "LANG=zh_CN.UTF-8 ./run.sh": "tour.py", "./test.sh": "CI runs it",
    "meson setup build --cross-file cross-riscv64.ini": "test.sh does", "meson test -C build": "test.sh does",
    "meson test -C build --suite kernel": "test.sh does, with a suite's name", "meson test -C build --suite core": "the same",
    "tools/draw-tour": "tour.py", "tools/check-structure": "the test of this name", "tools/book": "the test book",
    "tools/gdb": "a folder: debugger.py", "./run.sh --gdb": "debugger.py", "./run.sh --core": "tests/core", "./run.sh --share DIR": "share.py", "./run.sh --root DIR": "root.py",
}


def text_of(name):
    """Gives a document."""
    return get(os.path.join(ROOT, name)).decode()


def lines_of(block):
    """Gives a block's lines as a person types them: one that ends in a backslash goes on in the next."""
    return [line.strip() for line in re.sub(r"\\\n\s*", "", re.sub(r"^    ", "", block, flags=re.MULTILINE)).splitlines()]


def commands_of(text):
    """Gives all commands of a document, without the comments behind them, in order."""
    found = [line.removeprefix("$ ") for block in BLOCK.findall(text) for line in lines_of(block)]
    found += SPAN.findall(BLOCK.sub("", text))
    return list(dict.fromkeys(line.partition("  #")[0].strip() for line in found if COMMAND.match(line)))


def block_with(text, part):
    """Gives the lines of the one block that has this."""
    (block,) = [block for block in BLOCK.findall(text) if part in block]
    return lines_of(block)


def typed_by_hand(text):
    """Gives the lines of the blocks that boot a kernel by hand, without comments."""
    return [line.partition("  #")[0].strip() for part in BY_HAND for line in block_with(text, part)]


def place(name):
    """Makes a folder that looks like the project's, for who types commands there."""
    path = folder(name)
    os.symlink(RUN, os.path.join(path, "run.sh"))
    os.symlink(BUILD, os.path.join(path, "build"))
    return path


def typed(command, where, stdin=""):
    """Runs what is typed; gives its status, and all that it says."""
    done = subprocess.run(["bash", "-c", command], cwd=where, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=PATIENCE, check=False)
    return done.returncode, done.stdout


def null_in(where):
    """Makes README's program that reads through a null pointer."""
    lines = block_with(text_of("README.md"), "$ cat null.c")
    with open(os.path.join(where, "null.c"), "w", encoding="utf-8") as file:
        file.write(lines[1] + "\n")
    equal((0, ""), typed(next(line[2:] for line in lines if "gcc" in line), where), "it compiles")


@case
def a_program_is_killed_as_the_readme_shows():
    where = place("killed")
    null_in(where)
    lines = block_with(text_of("README.md"), "$ cat null.c")
    at = lines.index("$ ./run.sh -- ./a.out")
    expected = "\n".join(lines[at + 1 : lines.index("$ echo $?")]).replace("/tmp/demo", where)
    status, said = typed(lines[at][2:], where)
    equal(NUMBER.sub("N", expected), NUMBER.sub("N", said.strip()), "what it says")
    equal(lines[-1], str(status), "its status")


@case
def a_machine_is_started_by_hand():
    """With another program in the tour's place, as README allows: the tour and the prompt wait for keys."""
    where = place("by hand")
    lines = [line.replace("build/user/tour ", "build/user/demo ") for line in block_with(text_of("README.md"), BY_HAND[0])
             if "root/bin/sh" not in line]
    lines[-1] += " < /dev/null"
    status, said = typed("\n".join(["set -e", *lines]), where)
    has(said, f"Faultline {text_of('VERSION').strip()}", "the log's first line")
    has(said, "Lazy heap: brk()", "what the program says")
    equal(0, status, "the status, which is the program's")


@case
def the_core_is_started_by_hand():
    lines = block_with(text_of("README.md"), BY_HAND[1])
    lines[-1] += " < /dev/null"
    status, said = typed("\n".join(["set -e", *lines]), place("the core by hand"))
    has(said, "a pager of its own", "what its programs say")
    has(said, "messages work", "what its programs say")
    equal(0, status, "the status, which is that of process 1")


@case
def the_other_commands_run():
    where = place("others")
    null_in(where)
    for command, status in (("./run.sh -- ./a.out", 139), ("./run.sh --film film.html -- ./a.out", 139), ("FAULTLINE_BUILD=$PWD/build ./run.sh -- ./a.out", 139),
                            ("FAULTLINE_KERNEL=faultline-hardened.elf ./run.sh -- ./a.out", 139), ("./run.sh -- sh", 0)):
        actual, said = typed(command, where, "exit\n")
        equal(status, actual, command + ": " + said)
    has(get(os.path.join(where, "film.html")).decode(), "<script", "the film")
    for target in ("image", "core"):
        equal(0, typed("ninja -n -C build " + target, where)[0], "the target " + target)


@case
def a_lab_is_started():
    if not os.path.isdir(os.path.join(ROOT, "labs")) or not os.path.exists(os.path.join(ROOT, ".git")):
        raise Skip("it needs the labs, and a git repository")
    with tempfile.TemporaryDirectory() as where:
        equal(0, typed(shlex.join([os.path.join(ROOT, "tools/lab"), "start", "cow", "cow"]), where)[0], "status")
        status, said = typed("./grade --list", os.path.join(where, "cow"))
        equal(0, status, "./grade")
        has(said, "frames after fork (", "its tests")


RUN_HERE = ("./run.sh -- ./a.out", "./run.sh --film film.html -- ./a.out", "FAULTLINE_BUILD=$PWD/build ./run.sh -- ./a.out", "./run.sh -- sh",
            "ninja -C build image", "ninja -C build core", "tools/lab start cow DIR", "riscv64-linux-gnu-gcc -g -static null.c")


@case
def no_command_is_left_out():
    there = {line for name in ("README.md", "README.zh.md") for line in commands_of(text_of(name))}
    equal(set(), {*ELSEWHERE, *RUN_HERE} - there, "commands that README does not have any more")
    for name in ("README.md", "README.zh.md"):
        text = text_of(name)
        by_hand = typed_by_hand(text)
        left = [line for line in commands_of(text) if line not in ELSEWHERE and line not in RUN_HERE and line not in by_hand]
        equal([], left, f"commands of {name} that no test runs")
        equal(by_hand, typed_by_hand(text_of("README.md")), "both have the same by hand")


main()
