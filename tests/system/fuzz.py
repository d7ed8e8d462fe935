#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs at random, on the hardened kernel: it goes on whatever they do, and every frame is accounted for at the end.

Shortly, and with the same seeds each time; FUZZ_SEED and FUZZ_SECONDS make it another or a longer run."""

import os

from lib.guest import PATIENCE, on_hardened, run_placed
from lib.tap import case, equal, has, lacks, main

on_hardened()

SEED = int(os.environ.get("FUZZ_SEED", "1"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "3"))


def fuzz(program, mem, seed):
    """Runs one of the fuzzers for a while and looks at what the kernel says."""
    done = run_placed(program, str(seed), str(SECONDS), patience=SECONDS + PATIENCE,
                      options=["--mem", mem, "--timeout", str(SECONDS + 600), "--verbose"])
    lacks(done.err, b"kernel panic", "log")
    lacks(done.err, b": error: ", "log")
    has(done.err, b"all accounted for", "log")
    equal(done.status, 0, f"status with seed {seed}")


@case
def random_system_calls():
    fuzz("fuzz_syscalls", "64M", SEED)


@case
def random_system_calls_with_little_memory():
    fuzz("fuzz_syscalls", "32M", SEED + 1000000)


@case
def images_with_random_headers():
    fuzz("fuzz_elf", "64M", SEED)


if __name__ == "__main__":
    main()
