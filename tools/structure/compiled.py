# SPDX-License-Identifier: MIT
"""Rules about the build: each header compiles alone, and each source file and system test is in a meson.build."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from . import files
from .scope import Scope, folders

COMPILER = "riscv64-linux-gnu-gcc"
KERNEL_FLAGS = ["-std=gnu11", "-ffreestanding", "-fno-builtin", "-march=rv64imac_zicsr_zifencei", "-mabi=lp64",
                "-mcmodel=medany"]
FLAGS = ["-fsyntax-only", "-Wall", "-Werror", "-Wno-unused-function", "-Wno-pragma-once-outside-header",
         "-I.", "-Iinclude", "-Iarch/include", "-Iarch/riscv/impl", "-Ilinux/arch/riscv/impl"]
KERNEL = folders("headers-compile-alone", "include", "lib", "arch", "sync", "base", "mm", "record", "drivers", "proc", "desc", "ipc", "trap",
                 "linux", "boot", "tests/kernel")
IMPL = folders("headers-compile-alone", "arch/riscv/impl", "linux/arch/riscv/impl")
ABI = folders("headers-compile-alone", "include/abi")
ONCE = re.compile(r"^#pragma once$", re.MULTILINE)
QUOTED = re.compile(r"'([^'\n]*)'")
USER = folders("headers-compile-alone", "user")
TESTS = folders("listed", "tests")
SYSTEM_TESTS = Scope("listed", "tests/system/*.py")  # but for those in lib/


def compile_alone(root, source):
    """Compiles a header by itself; returns the compiler's first message, or None."""
    flags = KERNEL_FLAGS if KERNEL.has(source) else ["-std=gnu11", "-Iuser"]
    if ABI.has(source):
        flags = [*flags, "-Wpadded"]  # what is copied out whole would show the kernel's stack in a hole
    done = subprocess.run([COMPILER, *flags, *FLAGS, "-x", "c", "-"], cwd=root, text=True, check=False,
                          input=f'#include "{source.path}"\n#include "{source.path}"\n', capture_output=True)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    return (errors or done.stderr.splitlines() or ["?"])[0]


def come_first(sources):
    """Returns the paths of the headers that a source of the kernel begins with: the build compiles those alone."""
    names = set()
    for source in sources:
        line, name, _angle = next(source.includes(), (0, "", False))
        if line and source.path.endswith(".c") and KERNEL.has(source) and not "".join(source.code.split("\n")[:line - 1]).strip():
            names.add(name)
    return {folder + name for name in names for folder in ("", "include/", "arch/include/")}


def check_headers(root, sources):
    """Yields headers that do not compile alone, or not if included twice."""
    first = come_first(sources)
    headers = [source for source in sources if source.path.endswith(".h") and (KERNEL.has(source) or USER.has(source))
               and (source.path not in first or ABI.has(source) or not ONCE.search(source.text))
               and not IMPL.has(source)]  # those are bodies: their contracts include them
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda source: compile_alone(root, source), headers)
        for source, complaint in zip(headers, found):
            if complaint:
                yield source.path, 1, f"does not compile alone: {complaint}"


def listed_files(root):
    """Returns the paths that the meson.build files can name: each quoted string, in the folder of its file."""
    listed = set()
    for path in files.load(root):
        here, name = os.path.split(path)
        if name in ("meson.build", "cases.txt"):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                text = file.read()
            words = QUOTED.findall(text) if name == "meson.build" else re.split(r"[|\s]+", text)
            listed |= {os.path.normpath(os.path.join(here, word)) for word in words}
    return listed


def is_listed_by_name(source):
    """Returns whether a file does nothing if no meson.build names it."""
    if SYSTEM_TESTS.has(source):
        return not source.path.startswith("tests/system/lib/")
    return source.path.endswith((".c", ".S")) and any(scope.has(source) for scope in (KERNEL, USER, TESTS))


def check_listed(root, sources):
    """Yields C and assembly files and system tests that are in no meson.build."""
    listed = listed_files(root)
    for source in sources:
        if is_listed_by_name(source) and not {source.path, os.path.splitext(source.path)[0]} & listed:
            yield source.path, 1, "is in no meson.build"
