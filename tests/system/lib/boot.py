"""Boots a machine without ./run.sh, for boot archives and command lines that it would never make."""

import os
import subprocess
import sys
import time

from .guest import BUILD, PROBE, ROOT

sys.path.insert(0, os.path.join(ROOT, "tools"))

from runner import qemu  # noqa: E402
from runner.archive import Archive  # noqa: E402
from runner.streams import Loop  # noqa: E402

KERNEL = os.path.join(BUILD, os.environ.get("FAULTLINE_KERNEL") or "faultline.elf")
MIB = 1 << 20


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


def boot(initrd=None, words=(), mem=128 * MIB, harts=1, extra=(), seconds=60):
    """Boots; gives (QEMU's status, all that came over the UART). A time-out gives None as the status."""
    machine = qemu.Machine(KERNEL, mem, harts)
    machine.words, machine.extra = list(words), list(extra)
    if initrd is not None:
        machine.initrd = os.memfd_create("initrd")
        os.write(machine.initrd, initrd)
    running = qemu.Qemu(machine, ["uart", "monitor"])
    text = bytearray()
    try:
        loop = Loop()
        uart = loop.add_reader(running.channels["uart"].fileno(), text.extend)
        until = time.monotonic() + seconds
        while not uart.ended and time.monotonic() < until:
            loop.turn(until - time.monotonic())
        return running.wait() if uart.ended else None, text.decode(errors="replace")
    finally:
        running.kill()
        if machine.initrd is not None:
            os.close(machine.initrd)
