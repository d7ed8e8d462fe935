# SPDX-License-Identifier: MIT
"""The disk of --swap: a file of the user's, or a new one that goes with the run."""

import os
import re
import stat
import struct

from .failure import BROKEN, USAGE, Failure

PAGE = 4096
LEAST = 10 * PAGE  # as mkswap has it
UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
TOUR = 128 << 20  # bytes, for the guided tour
MOST = PAGE << 32  # the header counts pages in 32 bits
SIZE = re.compile(r"([+-]?[0-9]+)([A-Za-z]?)")
DEVICE = "/dev/vda"


def parse(text):
    """Takes a size with a suffix, in bytes, or else the name of a file."""
    match = SIZE.fullmatch(text)
    if not match:
        if not text:
            raise Failure(USAGE, "--swap wants a size such as 512M, or a file")
        return text
    number, unit = match.groups()
    if not unit and int(number) > 0:
        raise Failure(USAGE, f"--swap wants a unit behind the number: {number}M, or {number}G (or ./{text}, if that is a file)")
    if unit.upper() not in UNITS or int(number) <= 0:
        raise Failure(USAGE, f"--swap wants a size such as 512M or 2G, or a file (./{text}, if it has that name), "
                      f"not '{text}'")
    size = int(number) * UNITS[unit.upper()]
    if not LEAST <= size <= MOST:
        raise Failure(USAGE, f"--swap {text}: a swap area has {LEAST >> 10}K to {MOST >> 40}T")
    return size


def header(npages):
    """Gives the first page of a swap area, as mkswap makes it."""
    page = bytearray(PAGE)
    struct.pack_into("<III16s", page, 1024, 1, npages - 1, 0, os.urandom(16))  # the last is its UUID
    page[-10:] = b"SWAPSPACE2"
    return bytes(page)


def create(size):
    """Makes an area of that size in a sparse file that has no name, so that it goes with the run however that ends."""
    import tempfile  # no other run needs it

    try:
        with tempfile.TemporaryFile(prefix="faultline-swap-") as file:
            file.truncate(size // PAGE * PAGE)
            file.write(header(size // PAGE))
            file.flush()
            return os.dup(file.fileno())
    except OSError as error:
        raise Failure(BROKEN, f"--swap: {tempfile.tempdir or 'a temporary file'}: {error.strerror}") from None


def open_file(path):
    """Opens a file or block device of the user's, whose bytes only the kernel changes."""
    try:
        mode = os.stat(path).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISBLK(mode)):
            raise Failure(USAGE, f"--swap: {path}: neither a regular file nor a block device")
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise Failure(USAGE, f"--swap: {path}: {error.strerror}") from None
    if os.lseek(fd, 0, os.SEEK_END) < LEAST:
        os.close(fd)
        raise Failure(USAGE, f"--swap: {path}: too small, a swap area has at least {LEAST >> 10} KiB")
    return fd


def open_disk(wanted):
    """Gives the descriptor of the disk that parse() has understood; None for none."""
    if wanted is None:
        return None
    return create(wanted) if isinstance(wanted, int) else open_file(wanted)
