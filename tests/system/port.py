#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/port-check (R85): every step passes on the machines that are supported, and a kernel with a bug that is planted at
one of the steps fails there, with a sentence that says how."""

import os
import re
import shutil
import struct
import subprocess
import sys

from lib.guest import BUILD, PATIENCE, ROOT, folder
from lib.tap import Skip, case, equal, has, lacks, main, soak_case

sys.path.append(os.path.join(ROOT, "tools"))

from runner import elf  # noqa: E402

CHECK = os.path.join(ROOT, "tools/port-check")
KERNEL = os.path.join(BUILD, "faultline-test-hardened.elf")
LINE = re.compile(r"step (\d+) of (\d+): ([\w -]+): (.*)")
STEPS = ["hand-over", "entry", "paging", "start-up", "console", "interrupts", "pages", "user copies", "threads", "user mode",
         "devices", "programs"]
IMAGE_BASE = 0xFFFFFFFF80200000

# Instructions.
NOP = bytes.fromhex("13000000")
RET = bytes.fromhex("8280")
SPIN = bytes.fromhex("01a0")  # j .
SLEEP = bytes.fromhex("73005010f5bf")  # wfi, for ever
SRET = bytes.fromhex("73002010")
ZERO = bytes.fromhex("01458280")  # returns 0


class Done:
    """How a run ended: its status, its text, its steps in order as (name, verdict)."""

    def __init__(self, words, env=None):
        done = subprocess.run([CHECK, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=PATIENCE, check=False, env={**os.environ, **(env or {})})
        self.status, self.text = done.returncode, done.stdout
        lacks(self.text, "Traceback", "what port-check said")
        self.steps = [(match.group(3), match.group(4)) for match in map(LINE.fullmatch, self.text.splitlines()) if match]


def check(*words, env=None):
    """Runs port-check, if there is a gdb."""
    if shutil.which("gdb-multiarch") is None:
        raise Skip("gdb-multiarch is not installed")
    return Done(words, env)


def passes(*words):
    """Runs all steps; each has to pass."""
    done = check(*words)
    equal((0, [(name, "passed") for name in STEPS]), (done.status, done.steps), "status and steps")


class Image:
    """A copy of the kernel whose code can be changed."""

    def __init__(self):
        with open(KERNEL, "rb") as file:
            self.data = bytearray(file.read())
        self.symbols = {name: value for value, _, name in elf.Symbols(KERNEL).functions}
        header = elf.read_header(self.data)
        self.loads = [struct.unpack_from("<QQ", self.data, header["phoff"] + 56 * i + 8) for i in range(header["phnum"])]

    def place(self, name):
        """Returns the offset of a function in the file."""
        address = self.symbols[name]
        offset, start = max((load for load in self.loads if load[1] <= address), key=lambda load: load[1])
        return address - start + offset

    def replace(self, name, code):
        """Gives a function other first instructions."""
        place = self.place(name)
        self.data[place : place + len(code)] = code

    def exchange(self, name, old, new):
        """Replaces the first such instruction behind a symbol."""
        place = self.data.index(old, self.place(name), self.place(name) + 4096)
        self.data[place : place + len(old)] = new

    def write(self, where):
        """Writes it to a new file; returns its path."""
        path = os.path.join(folder(where), "kernel.elf")
        with open(path, "wb") as file:
            file.write(self.data)
        return path


# Each bug: what it is; the step where it shows; how it is planted; what is said of it; more words.
BUGS = (
    ("the firmware is left out", "hand-over", lambda image: None, "is never run: ", "-bios none"),
    ("the BSS is not cleared", "entry", lambda image: image.exchange("_start", bytes.fromhex("23b00200"), NOP),
     "the BSS is not cleared", ""),
    ("the stack stays the firmware's", "entry", lambda image: image.exchange("_start", bytes.fromhex("1301"), bytes.fromhex("9303")),
     "not at the end of the boot stack", ""),
    ("the first page tables are never done", "paging", lambda image: image.replace("early_map", SPIN), "the hart is in early_map", ""),
    ("satp is not written", "paging", lambda image: image.exchange("_start", bytes.fromhex("73100518"), NOP),
     "this hart has no Sv39", ""),
    ("no memory answers", "start-up", lambda image: image.replace("arch_memory_answers", ZERO), "there is no memory at", ""),
    ("the clock never starts", "start-up", lambda image: image.replace("clock_init", SLEEP), "the hart is in clock_init", ""),
    ("the memory map panics", "start-up", lambda image: image.replace("phys_init", bytes.fromhex("0290")), "kernel panic: ", ""),
    ("the console is silent", "console", lambda image: image.replace("vprint", RET), "the console has shown nothing of the tests", ""),
    ("the timer is not told of", "interrupts", lambda image: image.replace("trap_timer", RET), "the test arch_timer_interrupts", ""),
    ("a walk is not described", "pages", lambda image: image.replace("arch_mmu_describe", ZERO), "the test describe_", ""),
    ("memory is not cleared", "user copies", lambda image: image.replace("arch_clear_out", ZERO), "the test arch_clear_exact", ""),
    ("no symbol is found", "threads", lambda image: image.replace("arch_symbol", ZERO), "the test arch_symbol_of_code_only", ""),
    ("registers are not saved", "user mode", lambda image: image.replace("arch_sigcontext_save", ZERO), "the test arch_signal_", ""),
)
OFTEN = ("the BSS is not cleared", "satp is not written", "the clock never starts", "the console is silent",
         "the timer is not told of")


def add_bug(name, step, plant, says, qemu):
    """Makes a case of a bug: the steps before it pass, and it is told."""
    def function():
        image = Image()
        plant(image)
        words = ["--kernel", image.write(name), "--seconds", "1" if says.startswith("the hart is in") else "5"]
        done = check(*words, env={"FAULTLINE_QEMU": qemu})
        at = STEPS.index(step)
        equal((1, [(name, "passed") for name in STEPS[:at]] + [(step, "FAILED")]), (done.status, done.steps), f"in: {done.text}")
        has(done.text, says, "what was said")
        for word in ("what it means: ", "read next:     ", f"--step {at + 1}\n"):
            has(done.text, word, "what was said")

    function.__name__ = name.replace(" ", "_")
    (case if name in OFTEN else soak_case)(function)


@case
def an_interrupt_that_loses_registers():
    """Those that few functions keep anything in: with others the kernel would hardly come as far as its tests."""
    image = Image()
    for load, zero in (("4273", "0143"), ("0e7eae7e4e7f", "014e814e014f")):
        image.exchange("trap_kernel_return", bytes.fromhex(load), bytes.fromhex(zero))
    done = check("--kernel", image.write("registers"), "--step", "interrupts", "--seconds", "3")
    equal((1, [("interrupts", "FAILED")]), (done.status, done.steps), f"in: {done.text}")


def loads(image):
    """Gives {number of a register: place in the file} of what an interrupt in the kernel loads at its end (c.ldsp)."""
    start = image.place("trap_kernel_return")
    code = image.data[start : image.data.index(SRET, start)]
    words = [(start + at, int.from_bytes(code[at : at + 2], "little")) for at in range(0, len(code), 2)]
    return {word >> 7 & 31: place for place, word in words if word & 0xE003 == 0x6002}


@soak_case
def an_interrupt_that_loses_one_register():
    """Whichever it is, and whether or not the compiler keeps anything in it."""
    equal([1, 5, 6, 7, *range(10, 18), *range(28, 32)], sorted(loads(Image())), "registers")
    for number in loads(Image()):
        image = Image()
        place = loads(image)[number]
        image.data[place : place + 2] = (0x4001 | number << 7).to_bytes(2, "little")  # c.li, 0
        done = check("--kernel", image.write(f"register {number}"), "--step", "interrupts", "--seconds", "1")
        equal((1, [("interrupts", "FAILED")]), (done.status, done.steps), f"x{number} in: {done.text}")


@case
def the_core_passes_every_step_but_the_last():
    done = check("--core", "--machine", "sifive_u")
    *steps, last = done.steps
    equal((0, [(name, "passed") for name in STEPS[:-1]]), (done.status, steps), "status and steps")
    equal(("programs", "not tried: it is about the kernel with Linux"), last, "the last step")


@case
def every_step_passes_on_sifive_u():
    passes("--machine", "sifive_u")


@soak_case
def every_step_passes_on_virt():
    passes()


@soak_case
def every_step_passes_on_spike():
    passes("--machine", "spike")


@soak_case
def a_machine_that_the_runner_does_not_know():
    """Where the machine has no way to go off, that is said, too."""
    done = check("--machine", "microchip-icicle-kit", "--mem", "2G", "--step", "hand-over", "--seconds", "3")
    has(done.text, "step 1 of 12: hand-over: ", "what was said")


for bug in BUGS:
    add_bug(*bug)


@case
def wrong_usage_is_2():
    for words in (["--nonsense"], ["--step", "99"], ["--step"], ["--seconds", "soon"], ["--mem", "much"]):
        done = Done(words)
        equal(2, done.status, f"status of {words}: {done.text}")


@case
def a_kernel_that_is_not_there_is_125():
    done = Done(["--kernel", "/no such kernel"])
    equal(125, done.status, "status")
    has(done.text, "/no such kernel is missing", "what was said")


if __name__ == "__main__":
    main()
