# SPDX-License-Identifier: MIT
"""The machines of QEMU's that the kernel runs on, as far as they differ."""

import time

from .channel import PORTS
from .failure import USAGE, Failure

DATE_OF_ICOUNT = 1767225600  # 2026-01-01, as the real-time clock of virt has it


class Board:
    """One of QEMU's machines: virt has everything; what the others lack is said here."""

    has_virtio = True  # ports for the streams, disks, shared folders; where it does, there is a clock too
    has_disk = True
    most_harts = None  # QEMU says how many, if there are more
    gives_status = True  # by its test device
    log_is_apart = True  # it has a channel of its own
    pace = 0.0  # seconds between bytes of input
    bios = "default"
    uarts = ()  # channels that are UARTs which do not wait for the host

    def __init__(self, name):
        self.name = name

    def arguments(self, harts):
        """Gives QEMU's arguments for the machine and its harts."""
        return ["-machine", self.name, "-smp", str(harts)]

    def words(self, icount, channels):
        """Gives words for the kernel's command line; the channels are those that QEMU gets."""
        if self.has_virtio:
            ports = sum(name in PORTS for name in channels)
            return [f"ports={ports}"] * (ports > 0)
        clock = DATE_OF_ICOUNT if icount else int(time.time())
        return [f"clock={clock}", "log=uart1" if "log" in channels else "log=console"]


class SifiveU(Board):
    """SiFive's HiFive Unleashed: hart 0 has no S-mode, so a second one is the first. The log has the second UART."""

    has_virtio = has_disk = False
    gives_status = False
    uarts = ("uart", "log")
    most_harts = 4

    def arguments(self, harts):
        return ["-machine", self.name, "-smp", str(harts + 1)]

    def words(self, icount, channels):
        # The firmware cannot power off. A reset ends QEMU, by -no-reboot.
        return ["poweroff=reboot", *super().words(icount, channels)]


class Spike(Board):
    """The simulator of the RISC-V project, as QEMU has it: one console, polled, which has the log too."""

    has_virtio = has_disk = False
    most_harts = 8
    log_is_apart = False
    uarts = ("uart",)
    pace = 0.03  # QEMU drops a byte that nobody has asked for
    # Without symbols, the device tree has the place of the host interface, which is not the firmware's alone then.
    bios = "opensbi-riscv64-generic-fw_dynamic.bin"

    def arguments(self, harts):
        # The device tree names Sstc, which the machine does not enable: newer firmware believes it, and crashes.
        return [*super().arguments(harts), "-cpu", "rv64,sstc=off"]


class Core(Board):
    """virt as the core without the Linux layer uses it: with one console and a disk, and without ports."""

    has_virtio = False
    log_is_apart = False


CORE = Core("virt")
BOARDS = {board.name: board for board in (Board("virt"), SifiveU("sifive_u"), Spike("spike"))}


def parse(text):
    """Finds the machine of that name."""
    if text not in BOARDS:
        raise Failure(USAGE, f"--machine wants one of {', '.join(BOARDS)}, not '{text}'")
    return BOARDS[text]


def check(options):
    """Refuses what the machine does not have."""
    board = options.machine
    if board.most_harts is not None and options.harts > board.most_harts:
        raise Failure(USAGE, f"--machine {board.name} has {board.most_harts} harts at most")
    for name, wanted, has in (("--swap", options.swap is not None, board.has_disk), ("--root", options.root, board.has_virtio),
                              ("--share", options.share, board.has_virtio), ("--device", options.device, board.has_virtio)):
        if wanted and not has:
            raise Failure(USAGE, f"{name} needs a virtio device, which --machine {board.name} does not have")
