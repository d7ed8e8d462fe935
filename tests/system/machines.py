#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Processors and machines that QEMU can make (R85): each runs a program right, or is refused with a sentence and 125.

A point is skipped where this QEMU does not know the option. docs/CAVEATS.md says what came of the rest."""

import re

from lib.boot import archive_of, boot_until
from lib.guest import FAKE, run
from lib.tap import Skip, case, equal, has, lacks, long_case, main

NO_FPU = b"boot: error: this hart has no F and D extensions"
NO_SV39 = b"boot: error: this hart has no Sv39"
NO_PLIC = b"it has none that the kernel knows (a PLIC)"

# QEMU's arguments, and the sentence that refuses it; None: it runs.
MACHINES = (
    ("-cpu rv64", None),
    ("-cpu max", None),
    ("-cpu rva22s64", None),
    ("-cpu rva23s64", None),
    ("-cpu shakti-c", None),
    ("-cpu sifive-u54", None),
    ("-cpu thead-c906", None),
    ("-cpu tt-ascalon", None),
    ("-cpu veyron-v1", None),
    ("-cpu xiangshan-nanhu", None),
    ("-cpu rv64,sstc=off", None),
    ("-cpu rv64,v=true", None),
    ("-cpu rv64,svade=on,svadu=off", None),
    ("-cpu rv64,zicntr=off", None),
    ("-cpu rv64,pmp=off", None),
    ("-cpu rv64,d=off", NO_FPU),
    ("-cpu rv64,zfa=off,zfinx=on,zdinx=on,f=off,d=off", NO_FPU),
    ("-cpu rv64,mmu=off", NO_SV39),
    ("-cpu rv64,sv39=off", NO_SV39),
    ("-machine aclint=on", None),
    ("-machine acpi=off", None),
    ("-machine iommu-sys=on", None),
    ("-machine usb=on", None),
    ("-smp 4,sockets=2", None),
    ("-device virtio-rng-device", None),
    ("-machine aia=aplic", NO_PLIC),
    ("-machine aia=aplic-imsic", NO_PLIC),
)
# Those that other tests run for each commit: without arguments, boots.py, the suite user, uio.py.
ELSEWHERE = ("-cpu rv64", "-cpu rv64,sstc=off", "-cpu rv64,pmp=off", "-device virtio-rng-device")
UNKNOWN = re.compile(rb"unable to find CPU model|Property '[^']*' not found|Invalid parameter")
INPUT = bytes(range(256)) * 200


def try_machine(arguments, sentence):
    """Runs the probe there."""
    done = run("machine", stdin=INPUT, options=["--timeout", "120"], env={"FAULTLINE_QEMU": arguments})
    if UNKNOWN.search(done.err):
        raise Skip("this QEMU does not know it")
    lacks(done.err, b"kernel panic", "standard error")
    if sentence:
        has(done.err, sentence, "standard error")
        equal((125, b""), (done.status, done.out), "status and standard output")
    else:
        equal((0, b"input %d, time 1, floats 1, child 2, parent 1\n" % len(INPUT), b""),
              (done.status, done.out, done.err), "how it ran")


def add_case(arguments, sentence):
    """Makes a case of one machine, named for its arguments."""
    def function():
        try_machine(arguments, sentence)

    function.__name__ = arguments
    (long_case if arguments in ELSEWHERE else case)(function)


for machine in MACHINES:
    add_case(*machine)


@case
def a_hart_that_sets_no_a_and_d_bits():
    """R85: the boot finds that out."""
    done = run("exit", "0", options=["--verbose"], env={"FAULTLINE_QEMU": "-cpu rv64,svade=on,svadu=off"})
    if UNKNOWN.search(done.err):
        raise Skip("this QEMU does not know it")
    has(done.err, b"mm: this hart does not set A and D bits: the kernel does", "log")
    lacks(run("exit", "0", options=["--verbose"]).err, b"does not set A and D", "log of another hart")


@case
def a_hart_that_keeps_invalid_entries():
    """R8, R180: the boot finds that out. Another one needs no fence where an entry becomes valid."""
    sentence = b"mm: this hart keeps page-table entries that are not valid: each new one is fenced"
    if not FAKE:
        has(run("exit", "0", options=["--verbose", "--strict"]).err, sentence, "log on the strict machine")
    lacks(run("exit", "0", options=["--verbose"]).err, sentence, "log on QEMU's")


@case
def a_machine_without_uart_plic_test_device_and_stimecmp():
    """QEMU's spike: its tree names Sstc, which it does not have, and the log is the firmware's to print. The firmware of
    QEMU 10 believes the tree and falls over: it is told that there is none."""
    for options in ([], ["-cpu", "rv64,sstc=off"]):
        text = boot_until(("power: off, status 0", "power: off, status 1", "sbi_trap_error"),
                          archive_of(["/exit"]), words=["init=/exit"], extra=["-machine", "spike", *options])
        if "sbi_trap_error" not in text:
            break
    lacks(text, "kernel panic", "what came")
    has(text, "power: off, status 0", "what came")


if __name__ == "__main__":
    main()
