#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Devices that programs drive: a virtio-rng, of which the kernel knows nothing."""

import re

from lib.guest import BUILD, run, run_placed
from lib.tap import case, equal, has, lacks, long_case, main

RNG = "-device virtio-rng-device"
MODERN = "-global virtio-mmio.force-legacy=false "
# It gives 64 bytes a second: what is asked for after these stays in flight for a while.
SLOW = RNG + ",max-bytes=64,period=1000"


def drive(group, devices=RNG, options=()):
    """Runs a group of the guest's tests; gives the run."""
    given = ["--device", "virtio-rng"] * devices.count("virtio-rng-device")
    done = run_placed("uio", group, options=["--mem", "64M", *given, *options], env={"FAULTLINE_QEMU": devices})
    equal((0, [b"uio: ok"]), (done.status, done.out.splitlines()[-1:]), f"status and output ({done.out + done.err})")
    lacks(done.err, b": error: ", "log")
    return done


@case
def R146_registers_and_interrupts():
    drive("registers")


@case
def R146_registers_and_interrupts_of_a_modern_device():
    drive("registers", MODERN + RNG)


@case
def R146_memory_for_dma():
    drive("memory")


@case
def R145_the_drivers_end():
    has(drive("end").err, b"the device's driver has ended", "log")


@case
def R145_the_drivers_end_with_forced_preemption():
    drive("end", options=["--append", "preempt=300"])


@case
def R145_no_write_comes_after_the_drivers_end():
    drive("late", SLOW)


@case
def R145_the_same_of_a_modern_device():
    drive("late", MODERN + SLOW)


@long_case
def R145_pages_stay_while_all_else_is_swapped():
    drive("swap", options=["--swap", "256M"])


@case
def R44_with_little_memory():
    drive("little", options=["--mem", "16M"])


@case
def R146_the_kernels_own_devices_are_not_offered():
    done = drive("only", "", ["--swap", "64M", "--verbose"])
    has(done.out, b"devices: 0", "standard output")
    lacks(done.err, b"left to programs", "log")


@case
def R146_a_device_that_is_not_given():
    done = run_placed("uio", "only", options=["--mem", "64M", "--verbose"], env={"FAULTLINE_QEMU": RNG})
    has(done.err, b"left to programs", "log")
    has(done.out, b"devices: 0", "standard output")
    equal(0, done.status, "status")


@case
def a_device_by_the_name_of_its_node():
    done = run_placed("uio", "only", options=["--mem", "64M", "--verbose"], env={"FAULTLINE_QEMU": RNG})
    address = re.search(rb"virtio device 4 at 0x([0-9a-f]+)", done.err).group(1).decode()
    done = run_placed("uio", "only", options=["--mem", "64M", "--device", "virtio_mmio@" + address], env={"FAULTLINE_QEMU": RNG})
    has(done.out, b"devices: 1", "standard output")


@case
def a_device_that_there_is_not():
    for names, missing, devices in ((["virtio-net"], b"virtio-net", RNG), (["virtio-rng", "virtio-rng"], b"virtio-rng", RNG),
                                    (["virtio-rng"], b"virtio-rng", ""), (["virtio"], b"virtio", RNG)):
        words = [word for name in names for word in ("--device", name)]
        done = run_placed("uio", "only", options=["--mem", "64M", *words], env={"FAULTLINE_QEMU": devices})
        equal((125, b"", b"init: cannot give the program " + missing + b": no such device\n"), (done.status, done.out, done.err), names)


@case
def the_prompt_passes_a_device_on():
    place = ["--add", f"{BUILD}/tests/system/uio:/bin/uio"]
    done = run(program="sh", options=["--mem", "64M", "--device", "virtio-rng", *place], stdin=b"uio only\n", env={"FAULTLINE_QEMU": RNG})
    equal((0, b"devices: 1\nuio: ok\n"), (done.status, done.out), f"status and output ({done.err})")


@case
def R146_each_device_that_is_left():
    has(drive("only", RNG + " " + RNG, ["--swap", "64M"]).out, b"devices: 2", "standard output")


if __name__ == "__main__":
    main()
