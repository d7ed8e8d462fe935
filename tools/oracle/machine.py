# SPDX-License-Identifier: MIT
"""Boots a real riscv64 Linux in QEMU for one program, and decodes what its process 1 sends back."""

import hashlib
import lzma
import os
import re
import subprocess
import tempfile

from runner.archive import Archive
from runner.failure import BROKEN, TIMEOUT, Failure

HERE = os.path.dirname(os.path.abspath(__file__))
QEMU = "qemu-system-riscv64"
WORDS = "console=ttyS0 rdinit=/init quiet loglevel=0 norandmaps no4lvl transparent_hugepage=never"
ICOUNT_WORDS = " init_on_alloc=0 mitigations=off cgroup_disable=memory"
ICOUNT = ["-seed", "1", "-rtc", "clock=vm,base=2026-01-01"]
SHARE_MODULES = ["virtio_mmio", "netfs", "9pnet", "9p", "9pnet_virtio"]
SWAP_MODULES = ["virtio_mmio", "virtio_blk"]
PIECE = re.compile(rb"\n@@([oe]) (\d+)\n|\n@@status (\d+)\n")
BEGIN = re.compile(rb"@@begin\r?\n")


class Wish:
    """The program to run, and the machine to run it on."""

    def __init__(self):
        self.mem = "1G"
        self.harts = "1"
        self.timeout = "60"
        self.icount = self.sleep = self.tty = False
        self.input = self.root = self.swap = None
        self.p9 = "cache=loose,msize=131072"  # how the root is mounted
        self.cwd = "/"  # below the root, if there is one
        self.append = ""
        self.qemu = []
        self.add = []
        self.program = []


class Linux:
    """The kernel that get-linux fetched, and the process 1 that is built for it."""

    def __init__(self):
        found = subprocess.run([os.path.join(HERE, "get-linux")], stdout=subprocess.PIPE, text=True, check=False)
        self.image = found.stdout.strip()
        if found.returncode or not self.image:
            raise Failure(BROKEN, "get-linux fetched no kernel")
        self.release = os.path.basename(self.image).partition("-")[2]
        self.folder = os.path.dirname(os.path.dirname(self.image))
        self.init = self._build_init()

    def _build_init(self):
        source = os.path.join(HERE, "init.c")
        with open(source, "rb") as file:
            mark = hashlib.sha256(file.read()).hexdigest()[:16]
        path = os.path.join(os.path.dirname(self.folder), f"init-{mark}")
        if not os.path.exists(path):
            compiler = os.environ.get("CROSS_CC", "riscv64-linux-gnu-gcc")
            fresh = f"{path}.{os.getpid()}"
            subprocess.run([compiler, "-O2", "-static", "-o", fresh, source], check=True)
            os.rename(fresh, path)
        return path

    def module(self, name):
        """Returns a module's contents, or None if it is built into the kernel."""
        for folder, _folders, files in os.walk(self.folder):
            for file in files:
                if file.split(".")[0] == name and ".ko" in file:
                    return read_module(os.path.join(folder, file))
        return None


def read_module(path):
    """Reads a module, compressed or not."""
    if path.endswith(".zst"):
        return subprocess.run(["zstd", "-dqc", path], stdout=subprocess.PIPE, check=True).stdout
    with (lzma.open if path.endswith(".xz") else open)(path, "rb") as file:
        return file.read()


def add_program(archive, wish):
    """Puts the program, its arguments, its working directory and added files into the archive."""
    words = wish.program
    if wish.root:
        path, cwd = words[0], wish.cwd
    else:
        path, cwd = os.path.realpath(words[0]), os.getcwd()
        archive.add_folder(cwd)
        archive.add_program(path, path)
    for host, place in wish.add:
        archive.add_tree(os.path.join(cwd, place), host)
    archive.add_bytes("/oracle/cwd", os.fsencode(cwd))
    archive.add_bytes("/oracle/args", b"".join(os.fsencode(word) + b"\0" for word in [path, *words]))


def write_archive(linux, wish, path):
    """Writes Linux's boot archive."""
    archive = Archive()
    archive.add_program("/init", linux.init)
    add_program(archive, wish)
    if wish.input:
        archive.add_tree("/oracle/input", wish.input)
    marks = {"tty": wish.tty or wish.icount, "swap": wish.swap}
    for name, wanted in marks.items():
        if wanted:
            archive.add_bytes("/oracle/" + name, b"")
    if wish.root:
        archive.add_bytes("/oracle/root9p", wish.p9.encode())
    modules = (SHARE_MODULES if wish.root else []) + (SWAP_MODULES if wish.swap else [])
    for number, name in enumerate(dict.fromkeys(modules), 10):
        data = linux.module(name)
        if data:
            archive.add_bytes(f"/oracle/modules/{number}-{name}.ko", data)
    with open(path, "wb") as file:
        archive.write(file)


def arguments(linux, wish, work):
    """Returns QEMU's command line."""
    words = WORDS + (ICOUNT_WORDS if wish.icount else "") + (f" {wish.append}" if wish.append else "")
    args = [QEMU, "-M", "virt", "-smp", wish.harts, "-m", wish.mem, "-display", "none", "-monitor", "none",
            "-serial", "stdio", "-no-reboot", "-kernel", linux.image,
            "-initrd", os.path.join(work, "initrd"), "-append", words]
    if wish.icount:
        args += ["-icount", f"shift=0,sleep={'on' if wish.sleep else 'off'}", *ICOUNT]
    if wish.swap:
        disk = os.path.join(work, "swap")
        subprocess.run(["truncate", "-s", wish.swap, disk], check=True)
        subprocess.run(["mkswap", "-q", disk], check=True, stderr=subprocess.DEVNULL)
        args += ["-drive", f"if=none,id=swap,format=raw,cache=unsafe,file={disk}",
                 "-device", "virtio-blk-device,drive=swap"]
    if wish.root:
        args += ["-fsdev", f"local,id=root,path={os.path.realpath(wish.root)},security_model=none",
                 "-device", "virtio-9p-device,fsdev=root,mount_tag=root"]
    return args + wish.qemu


def take_apart(data):
    """Decodes the console's output; returns (status, standard output, standard error)."""
    begin = BEGIN.search(data)
    if not begin:
        raise Failure(BROKEN, "Linux did not start the program: " + data[-2000:].decode(errors="replace"))
    at, streams = begin.end(), {b"o": b"", b"e": b""}
    if data.startswith(b"\n@@t\n", at):
        body, found, status = data[at + 5 :].rpartition(b"\n@@status ")
        if found:
            return int(status.split()[0]), body, b""
    while piece := PIECE.match(data, at):
        if piece.group(3):
            return int(piece.group(3)), streams[b"o"], streams[b"e"]
        at = piece.end() + int(piece.group(2))
        streams[piece.group(1)] += data[piece.end() : at]
    raise Failure(BROKEN, "Linux did not end: " + data[-2000:].decode(errors="replace"))


def run(linux, wish):
    """Runs the program; returns (status, standard output, standard error)."""
    with tempfile.TemporaryDirectory() as work, open(os.path.join(work, "console"), "w+b") as console:
        write_archive(linux, wish, os.path.join(work, "initrd"))
        try:
            done = subprocess.run(arguments(linux, wish, work), stdin=subprocess.DEVNULL, stdout=console,
                                  stderr=subprocess.PIPE, timeout=float(wish.timeout), check=False)
        except subprocess.TimeoutExpired:
            raise Failure(TIMEOUT, f"no end within {wish.timeout} s") from None
        console.seek(0)
        data = console.read()
        if done.returncode:
            data += done.stderr
        return take_apart(data)
