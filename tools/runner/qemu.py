# SPDX-License-Identifier: MIT
"""The QEMU that a run needs: its command line, its channels, its process."""

import os
import re
import signal
import socket

from . import share
from .board import BOARDS
from .channel import PORTS, Pipes, Sockets
from .failure import BROKEN, Failure
from .lean import Folder, which

QEMU = "qemu-system-riscv64"
GDB_PORTS = range(1234, 1334)
MIB = 1 << 20


def closes_ledger(kernel):
    """Tells whether the kernel looks at its ledger before it powers off."""
    return "hardened" in os.path.basename(kernel)


KERNEL_HARTS = 16  # HART_MAX in base/hart.h


class Machine:
    """What is to be booted: the kernel, its memory, harts and command line, the descriptors of boot archive and disk."""

    def __init__(self, kernel, mem, harts=1):
        self.kernel = kernel
        self.mem = mem
        self.harts = harts
        self.board = BOARDS["virt"]
        self.firmware = None  # a strict.Firmware in place of the board's own
        self.words = []  # of the kernel's command line
        self.icount = False
        self.awake = False  # with icount: time goes on while all sleep, as a terminal wants
        self.gdb_port = self.gdb_lock = None
        self.window = None  # (columns, rows) of the terminal, as far as the guest was told
        self.initrd = None
        self.disk = None  # a descriptor of a disk's bytes
        self.shares = []  # share.Share
        self.recorder = None  # record.Recorder
        self.extra = []  # more arguments for QEMU

    def arguments(self, channels=()):
        """Gives QEMU's arguments but for the channels, which have these names."""
        memory = f"{self.mem // MIB}M" if self.mem % MIB == 0 else f"{self.mem // 1024}k"
        words = self.board.words(self.icount, channels) + self.words
        bios = self.firmware.path if self.firmware else self.board.bios
        args = [*self.board.arguments(self.harts), "-m", memory, "-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-bios", bios, "-kernel", self.kernel, "-append", " ".join(words)]
        if self.firmware:
            args += self.firmware.arguments()
        if self.initrd is not None:
            args += ["-initrd", f"/proc/self/fd/{self.initrd}"]
        if self.disk is not None:
            args += ["-drive", f"file=/proc/self/fd/{self.disk},format=raw,if=none,id=disk,cache=unsafe,"
                     "werror=report,rerror=report", "-device", "virtio-blk-device,drive=disk"]
        args += share.arguments(self.shares)
        if self.icount:
            # Without sleep, time jumps to the next timer while the host still works on a device's requests.
            awake = self.awake or self.disk is not None or bool(self.shares)
            args += ["-icount", "shift=0,sleep=" + ("on" if awake else "off"), "-seed", "1",
                     "-rtc", "clock=vm,base=2026-01-01"]
            # Devices act when they are told, not a while later in a thread of QEMU's: two runs stay alike.
            args += ["-global", "virtio-mmio.ioeventfd=off"]
        if self.gdb_port:
            args += ["-gdb", f"tcp:127.0.0.1:{self.gdb_port}", "-S"]
        if self.recorder:
            args += self.recorder.arguments()
        args += self.extra
        if self.harts > KERNEL_HARTS and not self.icount:
            # So many run, and each has a thread of QEMU's. If the others have one too, the host is busy while the firmware
            # starts them: 64 take 25 times as long. Last, because of several QEMU takes the first that works.
            args += ["-accel", "tcg,thread=single"]
        return args


def initrd_room(mem, version):
    """Says how large an archive QEMU takes with that much memory.

    It goes behind the first half of RAM (128 MiB at most, 512 from QEMU 8 on) and the 2 MiB of
    firmware, and ends below the device tree, in the last 4 MiB of RAM (of its first GiB)."""
    skipped = min(mem // 2, (512 if version >= 8 else 128) * MIB)
    return min(mem, 1024 * MIB) - skipped - 6 * MIB


def check_fits(size, mem):
    """Refuses an archive that QEMU would not place."""
    if size <= initrd_room(mem, 8):
        return
    with os.popen(f"{QEMU} --version") as pipe:
        found = re.search(r"version (\d+)", pipe.read())
    room = max(initrd_room(mem, int(found.group(1)) if found else 7), 0)
    if size > room:
        raise Failure(BROKEN, f"the program and its files take {-(-size // MIB)} MiB, but with "
                      f"{mem // MIB} MiB of memory there is room for {room // MIB} MiB: give more with --mem")


def reserve_gdb_port():
    """
    Finds a port for gdb to connect to, the usual one if it is free. Gives it, and what keeps it from other runs: two
    that begin at the same time would both find it free, until QEMU has it.
    """
    for port in GDB_PORTS:
        lock = socket.socket(socket.AF_UNIX)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                lock.bind(f"\0faultline gdb port {port}")
                probe.bind(("127.0.0.1", port))
                return port, lock
            except OSError:
                lock.close()
    raise Failure(BROKEN, "no free port for gdb")


class Qemu:
    """A running QEMU: our ends of its channels, by name, and its process."""

    def __init__(self, machine, channels):
        path = which(QEMU)
        if path is None:
            raise Failure(BROKEN, f"{QEMU} is not installed")
        self.status = None
        self.folder = None
        self.messages = os.memfd_create("qemu-messages")
        pairs = {name: self._make_channel(machine.board, name) for name in channels}
        self.channels = {name: pair.ours for name, pair in pairs.items()}
        self.inputs = {name: pair.input_fd for name, pair in pairs.items()}  # what goes to the machine is written there
        args = [path, *machine.arguments(channels)]
        if machine.board.has_virtio and any(name in PORTS for name in channels):
            args += ["-device", "virtio-serial-device,id=ports,max_ports=8"]
        inherited = []
        for pair in pairs.values():
            args += pair.arguments()
            inherited += pair.theirs
        inherited += [fd for fd in (machine.initrd, machine.disk) if fd is not None]
        inherited += [machine.firmware.options] if machine.firmware else []
        inherited += [machine.recorder.fd] if machine.recorder else []
        self.pid = self._spawn(args, inherited)
        for pair in pairs.values():
            pair.close_theirs()

    def _make_channel(self, board, name):
        if name not in board.uarts:
            return Sockets(name)
        if self.folder is None:
            self.folder = Folder("faultline-")
        return Pipes(name, self.folder.name)

    def _spawn(self, args, inherited):
        for fd in inherited:
            os.set_inheritable(fd, True)
        setpriv = which("setpriv")
        if setpriv:  # so that it ends with us even when we are killed
            args = [setpriv, "--pdeathsig", "KILL", *args]
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        actions = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, self.messages, 1),
                   (os.POSIX_SPAWN_DUP2, self.messages, 2)]
        try:
            return os.posix_spawn(args[0], args, os.environ, file_actions=actions, setsid=True,
                                  setsigmask=(), setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGHUP))
        except OSError as error:
            raise Failure(BROKEN, f"{QEMU} did not start: {error.strerror}") from None
        finally:
            os.close(null)

    def wait(self):
        """Waits for its end and gives its exit status, negative for a signal."""
        if self.status is None:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            if self.folder is not None:
                self.folder.cleanup()
        return self.status

    def cpu_seconds(self):
        """Gives the CPU time that it has used."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self):
        """Ends it at once."""
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def said(self):
        """Gives what QEMU itself wrote, for when it failed."""
        size = os.fstat(self.messages).st_size
        return os.pread(self.messages, size, 0).decode(errors="replace")
