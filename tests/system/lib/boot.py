# SPDX-License-Identifier: MIT
"""Boots a machine without ./run.sh, for boot archives and command lines that it would never make."""

import os
import re
import subprocess
import sys
import time

from .guest import BUILD, PATIENCE, PROBE, ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

from runner import qemu  # noqa: E402
from runner.archive import Archive  # noqa: E402
from runner.streams import Loop  # noqa: E402

KERNEL = os.path.join(BUILD, os.environ.get("FAULTLINE_KERNEL") or "faultline.elf")
MIB = 1 << 20
STAMP = re.compile(r"^\[ *(\d+\.\d+)\] ", re.MULTILINE)


def archive_of(programs):
    """Gives the bytes of an archive with the probe under these paths."""
    archive = Archive()
    for path in programs:
        archive.add_program(path, PROBE)
    return bytes_of(archive)


def bytes_of(archive):
    """Gives the bytes of an archive."""
    fd = os.memfd_create("archive")
    with open(fd, "w+b") as file:
        archive.write(file)
        file.seek(0)
        return file.read()


def tree(mem, folder):
    """Gives QEMU's own device tree for a machine with an archive of one page at 0x84200000 (128 MiB of memory)."""
    path, page = os.path.join(folder, "dtb"), os.path.join(folder, "page")
    with open(page, "wb") as file:
        file.truncate(4096)
    subprocess.run([qemu.QEMU, "-machine", f"virt,dumpdtb={path}", "-m", f"{mem // MIB}M", "-display", "none",
                    "-bios", "default", "-kernel", KERNEL, "-initrd", page], capture_output=True, check=True)
    with open(path, "rb") as file:
        return file.read()


def instructions(text):
    """Says how many instructions a machine had executed, with icount, when it wrote the last line of its log."""
    return round(float(STAMP.findall(text)[-1]) * 1e9)


def boot(initrd=None, words=(), mem=128 * MIB, harts=1, extra=(), icount=False, until=()):
    """Boots; gives (QEMU's status, all that came over the UART). None is the status where there was no end in time, and
    where one of the texts `until` came before the end."""
    machine = qemu.Machine(KERNEL, mem, harts)
    machine.words, machine.extra, machine.icount = list(words), list(extra), icount
    if initrd is not None:
        machine.initrd = os.memfd_create("initrd")
        os.write(machine.initrd, initrd)
    running = qemu.Qemu(machine, ["uart", "monitor"])
    text, words_of_end = bytearray(), [word.encode() for word in until]
    try:
        loop = Loop()
        uart = loop.add_reader(running.channels["uart"].fileno(), text.extend)
        deadline = time.monotonic() + PATIENCE
        while not uart.ended and time.monotonic() < deadline and not any(word in text for word in words_of_end):
            loop.turn(deadline - time.monotonic())
        return running.wait() if uart.ended else None, text.decode(errors="replace")
    finally:
        running.kill()
        if machine.initrd is not None:
            os.close(machine.initrd)
