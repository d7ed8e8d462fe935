#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Images with random headers, on the hardened kernel: it goes on, and every frame is accounted for at the end.

Shortly, and with the same seeds each time; FUZZ_SEED and FUZZ_SECONDS make it another or a longer run."""

import os
import re

from lib.guest import PATIENCE, on_hardened, run_placed
from lib.tap import case, equal, has, lacks, main

on_hardened()

SEED = int(os.environ.get("FUZZ_SEED", "1"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "1"))


@case
def images_with_random_headers():
    done = run_placed("fuzz_elf", str(SEED), str(SECONDS), patience=SECONDS + PATIENCE,
                      options=["--mem", "64M", "--timeout", str(SECONDS + 600), "--verbose"])
    lacks(done.err, b"kernel panic", "log")
    lacks(done.err, b": error: ", "log")
    has(done.err, b"all accounted for", "log")
    equal(0, done.status, f"status with seed {SEED}")
    images, run_well = (int(number) for number in re.fullmatch(rb".*?(\d+) images, (\d+) of them ran well\n", done.out, re.DOTALL).groups())
    equal(True, 0 < run_well < images >= 50, f"of {images} images, at least 50, {run_well} ran well: some, and not all")


if __name__ == "__main__":
    main()
