# SPDX-License-Identifier: MIT
"""Boots a machine without ./run.sh, for boot archives and command lines that it would never make."""

import contextlib
import os
import re
import subprocess
import sys
import time

from .guest import BUILD, PATIENCE, PROBE, ROOT
from .tap import has

sys.path.insert(0, os.path.join(ROOT, "tools"))

from runner import qemu  # noqa: E402
from runner.archive import Archive  # noqa: E402
from runner.failure import BROKEN  # noqa: E402
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


def boot(initrd=None, words=(), mem=128 * MIB, harts=1, extra=(), icount=False, kernel=KERNEL):
    """Boots; gives (QEMU's status, all that came over the UART). None is the status where there was no end in time."""
    with booted(initrd, words, mem, harts, extra, icount, ["uart", "monitor"], kernel) as running:
        text, loop = bytearray(), Loop()
        uart = loop.add_reader(running.channels["uart"].fileno(), text.extend)
        deadline = time.monotonic() + PATIENCE
        while not uart.ended and time.monotonic() < deadline:
            loop.turn(deadline - time.monotonic())
        text = text.decode(errors="replace")
        check_ledger(text)
        return running.wait() if uart.ended else None, text


def check_ledger(text):
    """Fails for a hardened kernel that has powered off without a look at its ledger. A boot that failed has none."""
    off = re.search(r"power: off, status (\d+)", text)
    if off and int(off.group(1)) != BROKEN and qemu.closes_ledger(KERNEL):
        has(text, "all accounted for", "what came")


def boot_until(texts, initrd=None, words=(), extra=()):
    """Boots a machine that may not end by itself; gives what it wrote when one of the texts has come, or it has ended.

    The output goes to a file: QEMU drops a byte that goes to a socket which is full, if its device cannot wait."""
    with booted(initrd, words, 128 * MIB, 1, [*extra, "-serial", "stdio"], False, ["monitor"]) as running:
        deadline = time.monotonic() + PATIENCE
        while not any(text in running.said() for text in texts) and time.monotonic() < deadline:
            if os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
            time.sleep(0.05)
        text = running.said()
        check_ledger(text)
        return text


@contextlib.contextmanager
def booted(initrd, words, mem, harts, extra, icount, channels, kernel=KERNEL):
    """Starts a machine, and ends it at the end of the block."""
    machine = qemu.Machine(kernel, mem, harts)
    machine.words, machine.extra, machine.icount = list(words), list(extra), icount
    if initrd is not None:
        machine.initrd = os.memfd_create("initrd")
        os.write(machine.initrd, initrd)
    running = qemu.Qemu(machine, channels)
    try:
        yield running
    finally:
        running.kill()
        if machine.initrd is not None:
            os.close(machine.initrd)
