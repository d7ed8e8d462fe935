# SPDX-License-Identifier: MIT
"""Disks of this machine for a test: small ones, in a mount namespace of its own."""

import contextlib
import os
import subprocess
import sys

from .guest import folder
from .tap import Skip

MARK = "FAULTLINE_OWN_MOUNTS"


def with_own_mounts(main):
    """Runs a test's main() again in a process that may mount, if there are such here; or else without."""
    enter = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        may = MARK not in os.environ and subprocess.run([*enter, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        may = False
    if may:
        sys.exit(subprocess.run([*enter, sys.executable, *sys.argv], env={**os.environ, MARK: "1"}, check=False).returncode)
    main()


def mount(*words):
    """Calls mount."""
    subprocess.run(["mount", *words], check=True)


@contextlib.contextmanager
def disk(name, size, **options):
    """Gives a folder on a disk of that size: an empty one that is there until the end of the block."""
    if MARK not in os.environ:
        raise Skip("nothing can be mounted here: unshare --user --map-root-user --mount fails")
    place = folder(name)
    mount("-t", "tmpfs", "-o", ",".join([f"size={size}", *[f"{key}={value}" for key, value in options.items()]]), "none", place)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)
