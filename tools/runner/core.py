# SPDX-License-Identifier: MIT
"""--core: the core without the Linux layer, with one static program, or on a tour of six that need no C library."""

import os

from .archive import Archive
from .failure import USAGE, Failure
from .program import Program

KERNEL = "faultline-core.elf"
PREFIX = "core-"  # of its programs in the build folder, which are of no use with the Linux layer
STOPS = ("heap", "zero", "cow", "paging", "swap", "pager")
TOUR_MEM = 16 << 20  # a stop fills all of it
LEAST_MEM = 10 << 20  # boot/alone/init.c
REFUSED = ("root", "share", "device", "user")
OF_TOUR = ("swap", "env", "add")  # which the tour brings itself


def check(options):
    """Refuses what the core does not have, and what its tour has no use for."""
    for name in REFUSED:
        if getattr(options, name) not in (None, []):
            raise Failure(USAGE, f"--core has no --{name}: that is the Linux layer's")
    for name in OF_TOUR:
        if not options.program and getattr(options, name) not in (None, []):
            raise Failure(USAGE, f"--core without PROGRAM is a tour, which has no --{name}")
    if not options.program and options.machine.name != "virt":
        raise Failure(USAGE, "the tour of --core works on the machine virt only")


def find(guest, image_bin):
    """Gives the host's file of a program of the tour."""
    return os.path.join(image_bin, PREFIX + guest[1:]) if guest[1:] in ("init", *STOPS) else None


def choose(image_bin):
    """Gives process 1, which runs the others."""
    return Program(find("/init", image_bin), "/init", ["init"]), lambda guest: find(guest, image_bin)


def build_archive(image_bin, fill=None):
    """Writes the boot archive, of process 1 and what fill(archive) adds, or else the stops, and gives its descriptor."""
    archive = Archive()
    for name in ("init", *(() if fill else STOPS)):
        archive.add_program("/" + name, os.path.join(image_bin, PREFIX + name))
    if fill:
        fill(archive)
    fd = os.memfd_create("initrd")
    with open(fd, "wb", closefd=False) as file:
        archive.write(file)
    return fd
