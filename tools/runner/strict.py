# SPDX-License-Identifier: MIT
"""The strict machine (tools/strict/README.md): its firmware, and what it is told to do."""

import os

from .failure import USAGE, Failure

FIRMWARE = "tools/strict/strict.elf"  # in the build folder
OPTIONS_AT, OPTIONS_SIZE = 0x8001F000, 256  # as in tools/strict/options.h


def parse_seed(text):
    """Turns the SEED of --strict into an option of the firmware's."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Failure(USAGE, f"--strict wants a number as its seed, not '{text}'")
    return "seed=" + text


def parse_options(text):
    """Checks that the options fit; the firmware knows which there are."""
    if not text or len(text) >= OPTIONS_SIZE - len(" seed=") - 18 or not text.isascii():
        raise Failure(USAGE, f"--strict-opt wants options such as negative,evict=100, not '{text}'")
    return text


def check(options):
    """Refuses what does not go together."""
    if options.strict_opt and options.strict is None:
        raise Failure(USAGE, "--strict-opt is for --strict")
    if options.strict is not None and (options.harts > 1 or options.machine.name != "virt"):
        raise Failure(USAGE, "--strict works with one hart of --machine virt only")


class Firmware:
    """A firmware for the machine; its options lie in a descriptor that QEMU inherits."""

    def __init__(self, build, seed, texts):
        self.path = os.path.join(build, FIRMWARE)
        self.options = os.memfd_create("strict")
        os.write(self.options, " ".join([*texts, seed]).encode())

    def arguments(self):
        """Gives QEMU's arguments for the options."""
        return ["-device", f"loader,file=/proc/self/fd/{self.options},addr={OPTIONS_AT:#x},force-raw=on"]
