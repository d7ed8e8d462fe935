# SPDX-License-Identifier: MIT
"""Loads symbols into gdb: the kernel's at its physical and virtual addresses, a user program's where it was loaded."""

import os
import struct

import gdb

from . import kernel, memory
from .headers import N
from .memory import IMAGE_OFFSET
from .trouble import Trouble

ET_DYN = 3


class State:
    """The symbols that have been loaded."""

    low_kernel = None  # the ELF file whose symbols are loaded at physical addresses, until paging is on
    user = {}  # file -> where it was loaded
    program = None  # the program that the runner named


def quote(path):
    """Quotes a file name for gdb's commands."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quietly(command):
    """Runs a gdb command and discards its output."""
    try:
        gdb.execute(command, to_string=True)
    except gdb.error as error:
        raise Trouble(str(error)) from None


def kernel_file():
    """Returns the kernel's ELF file: the one that gdb was started with."""
    name = gdb.current_progspace().filename
    if not name:
        raise Trouble("gdb has no kernel: start it with the kernel's ELF file")
    return name


def elf_type(path):
    """Returns the type of an ELF file: 2 is ET_EXEC, 3 is ET_DYN."""
    try:
        with open(path, "rb") as file:
            header = file.read(18)
    except OSError as error:
        raise Trouble(f"{path}: {error.strerror}") from None
    if len(header) < 18 or header[:4] != b"\x7fELF":
        raise Trouble(f"{path} is no ELF file")
    return struct.unpack_from("<H", header, 16)[0]


def paging():
    """Returns whether the selected hart has paging on."""
    return memory.register("satp") >> 60 != 0


def add_low_kernel():
    """Loads the kernel's symbols at the physical addresses where it runs before paging is on."""
    path = kernel_file()
    quietly(f"add-symbol-file {quote(path)} -o -{IMAGE_OFFSET}")
    State.low_kernel = path


def drop_low_kernel():
    """Removes those symbols again: user programs use such addresses."""
    if State.low_kernel:
        State.low_kernel = None
        quietly(f"remove-symbol-file -a {N['IMAGE_LOAD']}")


def on_stop(_event):
    """Removes the symbols at physical addresses at the first stop with paging on."""
    try:
        if State.low_kernel and paging():
            drop_low_kernel()
    except Trouble:
        pass  # the machine is gone


def load_base(path, process):
    """Returns the load address of a program less its linked address."""
    if elf_type(path) != ET_DYN:
        return 0
    if process is None:
        raise Trouble(f"{path} can be loaded anywhere: use fl user once it runs")
    for vma in kernel.vmas(process.space()):
        if int(vma["object"]):
            return int(vma["start"]) - int(vma["offset"])
    raise Trouble(f"process {process.pid} has nothing loaded from a file")


def host_file(path):
    """Returns the file on the host for a path in the guest."""
    built = os.path.join(os.path.dirname(kernel_file()), "user", os.path.basename(path))
    if State.program and os.path.basename(State.program) == os.path.basename(path):
        return State.program
    if path.startswith("/bin/") or path == "/init":
        return built
    return path


def add_user(path, process):
    """Loads a program's symbols, once for each load address."""
    base = load_base(path, process)
    if State.user.get(path) != base:
        quietly(f"add-symbol-file {quote(path)} -o {base}")
        State.user[path] = base
    return base


def load_user(words):
    """fl user [FILE [PID]]: the symbols of the program that runs, or of FILE."""
    if len(words) > 2:
        raise Trouble("usage: fl user [FILE [PID]]")
    try:
        process = kernel.process(int(words[1], 0)) if len(words) == 2 else kernel.current()
    except ValueError:
        raise Trouble(f"{words[1]} is no pid") from None
    path = words[0] if words else None
    if path is None:
        if process is None or not process.path():
            raise Trouble("no program runs on this hart now: name a file")
        path = host_file(process.path())
    base = add_user(path, process)
    gdb.write(f"symbols of {path}" + (f", loaded at 0x{base:x}\n" if base else "\n"))


def attach_to_harts():
    """Selects the harts that the kernel can run on, where they are not the machine's first cluster: QEMU shows each
    cluster as a process. That of sifive_u has a hart without S-mode."""
    kernel_path = kernel_file()
    quietly(f"add-inferior -exec {quote(kernel_path)}")
    quietly("inferior 2")
    try:
        quietly("attach 2")
    except Trouble:
        quietly("inferior 1")
        quietly("remove-inferiors 2")
        return
    quietly("set schedule-multiple on")


def connect(words):
    """fl connect HOST:PORT [FILE]: connects to a waiting machine, with the symbols that fit its state."""
    if not words:
        raise Trouble("usage: fl connect HOST:PORT [FILE]")
    kernel_file()
    quietly("set confirm off")
    quietly("set architecture riscv:rv64")
    quietly(f"target extended-remote {words[0]}")
    attach_to_harts()
    if not paging():
        add_low_kernel()
    if len(words) > 1:
        State.program = " ".join(words[1:])
        if elf_type(State.program) != ET_DYN:
            add_user(State.program, None)
    gdb.write(f"connected to {words[0]}; fl help lists the commands\n")
