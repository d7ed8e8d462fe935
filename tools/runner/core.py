# SPDX-License-Identifier: MIT
"""--core: the core without the Linux layer, on a tour of six programs that need no C library."""

import os

from .archive import Archive
from .failure import USAGE, Failure
from .program import Program

KERNEL = "faultline-core.elf"
STOPS = ("heap", "zero", "cow", "paging", "swap", "pager")
MEM = 16 << 20  # a stop fills all of it
REFUSED = ("program", "swap", "env", "add", "root", "share", "device", "user", "record", "film", "strict")


def check(options):
    """Refuses what the core, or its tour, does not have."""
    for name in REFUSED:
        if getattr(options, name) not in (None, []):
            raise Failure(USAGE, f"--core has a tour of its own, and no {'PROGRAM' if name == 'program' else '--' + name}")
    if options.machine.name != "virt":
        raise Failure(USAGE, "--core works on the machine virt only")


def find(guest, image_bin):
    """Gives the host's file of a program of the tour."""
    return os.path.join(image_bin, "core-" + guest[1:]) if guest[1:] in ("init", *STOPS) else None


def choose(image_bin):
    """Gives process 1, which runs the others."""
    return Program(find("/init", image_bin), "/init", ["init"]), lambda guest: find(guest, image_bin)


def build_archive(image_bin):
    """Writes the boot archive, of process 1 and the stops, and gives its descriptor."""
    archive = Archive()
    for name in ("init", *STOPS):
        archive.add_program("/" + name, os.path.join(image_bin, "core-" + name))
    fd = os.memfd_create("initrd")
    with open(fd, "wb", closefd=False) as file:
        archive.write(file)
    return fd
