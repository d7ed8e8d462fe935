#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The core without a layer, booted with an archive of programs that need no C library, and with archives that are wrong.

usage: core.py KERNEL PROGRAMS [CASE...]

KERNEL: faultline-core.elf or its hardened twin; PROGRAMS: the folder that has core-init and the others."""

import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../system"), os.path.join(HERE, "../../tools")]

KERNEL, PROGRAMS = (sys.argv.pop(1) for _ in range(2))

from lib.tap import Skip, case, equal, has, lacks, main  # noqa: E402
from runner import qemu  # noqa: E402
from runner import swap as area  # noqa: E402
from runner.archive import Archive  # noqa: E402
from runner.failure import BROKEN  # noqa: E402
from runner.streams import Loop  # noqa: E402

MIB = 1 << 20
LAST_ALLOCATIONS = 60  # from process 1 on, about
PATIENCE = 100  # seconds; a boot takes less than one
BOOT_LIMIT = 1200 if "hardened" in KERNEL else 670  # thousands of instructions of the kernel's

STOPS = {
    "lazy heap": {
        "frames of the 64 pages that were asked for": "0",
        "frames when each was touched, tables too": range(64, 68),
        "FILL faults": "64",
    },
    "zero page": {
        "FILL faults": range(1, 65),
        "frames of the 64 pages, with tables": range(4),
        "frames of a page that is written to": "1",
        "its neighbour is still zero": "yes",
    },
    "copy-on-write": {"COW faults of the child": "1", "the parent has its own byte": "yes", "REUSE faults of the parent": "1"},
    "demand paging": {"FILL faults in the 64 pages": "1", "frames that it took, tables too": range(1, 32)},
    "memory under pressure": {
        "pages written to": range(4000, 4097 * 5 // 4),
        "pages in swap": range(500, 4000),
        "pages that have come back as others": "0",
        "pages written to the disk": range(700, 20000),
        "pages read from it": range(700, 20000),
    },
    "a pager of its own": {
        "the square of 99": "9801",
        "the square of 3000000000": "9000000000000000000",
        "FILL faults": "2",
        "pages that the server has supplied": "2",
    },
}


def archive(*names, **files):
    """Gives a descriptor of an archive with these programs, and with files of these contents."""
    made = Archive()
    for name in names:
        made.add_program("/" + name, os.path.join(PROGRAMS, "core-" + name))
    for name, data in files.items():
        made.add_bytes("/" + name, data)
    fd = os.memfd_create("archive")
    with open(fd, "wb", closefd=False) as file:
        made.write(file)
    return fd


def boot(machine):
    """Gives QEMU's status, and all that came over the UART."""
    running = qemu.Qemu(machine, ["uart", "monitor"])
    text, loop, deadline = bytearray(), Loop(), time.monotonic() + PATIENCE
    try:
        uart = loop.add_reader(running.channels["uart"].fileno(), text.extend)
        while not uart.ended and time.monotonic() < deadline:
            loop.turn(deadline - time.monotonic())
        return running.wait() if uart.ended else None, text.decode(errors="replace")
    finally:
        running.kill()


def started(initrd, *words, mem=32, harts=1, disk=None, icount=False):
    """Boots, and checks that the ledger of a hardened kernel closes; gives (status, all that came)."""
    machine = qemu.Machine(KERNEL, mem * MIB, harts)
    machine.words, machine.initrd, machine.disk, machine.icount = list(words), initrd, disk, icount
    machine.extra = os.environ.get("FAULTLINE_QEMU", "").split()
    status, text = boot(machine)
    if initrd is not None:
        os.close(initrd)
    lacks(text, "kernel panic", "what came")
    if status == 0 and "hardened" in KERNEL:
        has(text, "all accounted for", "what came")
    return status, text


def no_init(why, initrd, *words):
    """Checks that a boot ends with that sentence."""
    status, text = started(initrd, *words)
    equal(BROKEN, status, "status")
    has(text, "boot: error: no init: " + why, "what came")


def all_work(**how):
    """Runs process 1, which runs all programs."""
    status, text = started(archive("init", "heap", "zero", "cow", "paging", "pager", "calls", "messages"), **how)
    lacks(text, "WRONG", "what came")
    equal(0, status, text[-1500:])
    for name in set(STOPS) - {"memory under pressure"}:
        stop(text, name)
    has(text, "all calls work")
    has(text, "messages work")
    return text


def stop(text, name):
    """Checks what a stop of the tour has printed: its counters are in these limits, and all else is as it is here."""
    lines = dict(line.rsplit(": ", 1) for line in text.replace("\r", "").split("\n" + name + "\n")[1].split("\n\n")[0].splitlines()[1:]
                 if ": " in line)
    for what, right in STOPS[name].items():
        shown = lines.get(what, "nothing")
        equal(True, shown == right if isinstance(right, str) else shown.isdigit() and int(shown) in right, f"{name}: {what}: {shown}")


@case
def handlers_and_calls():
    """Lazy heap, zero page, copy-on-write, demand paging; and the calls; a refused access has a report, a call of the layer a line."""
    text = all_work()
    has(text, "killed by an access to nothing: write to 0x10", "the report")
    equal(1, text.count("system call 174 is one of the Linux layer, which this kernel is without"), "lines about getuid")
    equal(1, text.count("is one of the Linux layer"), "lines about calls")


@case
def on_four_harts():
    """Process 1 and its programs on four harts."""
    has(all_work(harts=4), "4 harts run", "what came")


@case
def in_10_mib():
    """As little memory as the core starts with, and less."""
    all_work(mem=10)
    status, text = started(None, mem=9)
    equal(BROKEN, status, "status")
    has(text, "9 MiB of memory are too little: the least is 10 MiB", "what came")


@case
def swap():
    """More pages than there are frames go to a disk, and come back."""
    disk = area.create(32 * MIB)
    status, text = started(archive("swap"), "init=/swap", mem=16, disk=disk)
    os.close(disk)
    equal(0, status, text[-1500:])
    stop(text, "memory under pressure")


def run(*words, data=""):
    """Gives what ./run.sh --core does."""
    return subprocess.run([sys.executable, os.path.join(HERE, "../../tools/run.py"), "--core", *words], input=data,
                          capture_output=True, text=True, check=False,
                          env={**os.environ, "FAULTLINE_BUILD": os.path.dirname(KERNEL), "FAULTLINE_KERNEL": os.path.basename(KERNEL)})


@case
def one_program():
    """./run.sh --core -- PROGRAM: its words, its input, its status; a disk; a film."""
    calls = os.path.join(PROGRAMS, "core-calls")
    done = run("--mem", "10M", "--", calls, "read", data="what is typed\n")
    equal((5, "what is typed\n", ""), (done.returncode, done.stdout, done.stderr), "status, output, errors")
    done = run("--swap", "16M", "--env", "A=B", "--add", calls + ":/calls", "--", "/calls")
    equal(0, done.returncode, done.stdout + done.stderr)
    has(done.stdout, "all calls work")
    has(done.stderr, "killed by an access to nothing: write to 0x10", "the log, which is apart")
    done = run("--", calls, "one", "too", "many")
    equal(139, done.returncode, done.stdout + done.stderr)
    with tempfile.TemporaryDirectory() as folder:
        film = os.path.join(folder, "film.html")
        done = run("--film", film, "--", os.path.join(PROGRAMS, "core-zero"))
        equal(0, done.returncode, done.stdout + done.stderr)
        equal(True, os.path.getsize(film) > 100000, "the film")


@case
def R45_a_program_whose_allocations_fail():
    """Hardened: process 1 cannot make its child, or that cannot begin. It says so and ends, and so does the machine."""
    words = "--mem", "10M", "--verbose", "--timeout", "50"
    calls = os.path.join(PROGRAMS, "core-calls")
    if "hardened" not in KERNEL:
        raise Skip("only the hardened kernel counts allocations")
    last = int(re.search(r"mm: (\d+) allocations since boot", run(*words, "--", calls, "again").stderr).group(1))
    for number in range(last - LAST_ALLOCATIONS, last + 1, 6):
        done = run(*words, "--append", f"failnth={number}", "--", calls, "again")
        has(done.stderr, "is refused, as failnth= asks", f"log of {number}")
        lacks(done.stderr, "kernel panic", f"log of {number}")
        equal(True, done.returncode in (5, 125, 127, 137, 255), f"status {done.returncode} of {number}")


@case
def the_tour():
    """./run.sh --core: all six stops, with a disk; what is not the core's is refused."""
    done = run()
    equal((0, ""), (done.returncode, done.stderr), f"status, errors of {done.stdout[-1500:]}")
    for name in STOPS:
        stop(done.stdout, name)
    for words, why in ((("--swap", "32M"), "no --swap"), (("--machine", "spike"), "virt only"), (("--mem", "9M"), "the least is 10M"),
                       (("--user", "1", "--", "x"), "the Linux layer's")):
        refused = run(*words)
        equal((2, ""), (refused.returncode, refused.stdout), f"status of {words}")
        has(refused.stderr, why, "the sentence")


@case
def instructions_of_a_boot():
    """Up to process 1, which is not there. By --icount a microsecond is 1000 instructions, and the kernel waits for nobody to
    take earlier lines: this one is the first."""
    status, text = started(archive("calls"), "loglevel=warn", icount=True)
    equal(BROKEN, status, "status")
    took = int(re.search(r"\[ *0\.(\d{6})\] boot: error: no init", text)[1])
    equal(True, took <= BOOT_LIMIT, f"{took} thousand instructions are at most {BOOT_LIMIT}")


@case
def without_init():
    """Archives that have no program to start."""
    no_init("there is no boot archive", None)
    no_init("/init is not in the boot archive", archive("calls"))
    no_init("/other is not in the boot archive", archive("init"), "init=/other")
    no_init("/init is no static program", archive(init=b"no ELF file"))
    no_init("/init is no static program", archive(init=b""))


@case
def archive_is_cut_short():
    """Behind a program that is whole, and within it."""
    for left in (1, 2):
        whole = archive("init")
        os.ftruncate(whole, os.fstat(whole).st_size - 200 if left == 1 else os.fstat(whole).st_size // left)
        no_init("the boot archive is refused: ", whole)


@case
def init_is_larger_than_memory():
    """A program whose memory is refused, or that is killed as it uses it."""
    with open(os.path.join(PROGRAMS, "core-init"), "rb") as file:
        program = bytearray(file.read())
    at, size, count = (int.from_bytes(program[a:b], "little") for a, b in ((32, 40), (54, 56), (56, 58)))
    for i in range(count):  # the last segment to load gets a terabyte
        header = at + i * size
        if int.from_bytes(program[header:header + 4], "little") == 1:
            last = header
    program[last + 40:last + 48] = (1 << 40).to_bytes(8, "little")
    no_init("/init is no static program", archive(init=bytes(program)))


if __name__ == "__main__":
    main()
