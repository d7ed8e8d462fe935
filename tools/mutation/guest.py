# SPDX-License-Identifier: MIT
"""Which lines of the kernel a test executes in QEMU, and how many instructions; a test that executes too many is ended.

The counting plugin (tests/bench/count.c) is given to each QEMU that a test starts: the first folder in the test's PATH
has a script of QEMU's name. A set of lines is an integer whose bit N stands for line N.
"""

import os
import re
import shutil
import subprocess

QEMU = "qemu-system-riscv64"
PLUGIN = "tests/bench/count.so"
TOOLS = "riscv64-linux-gnu-"
INSTRUCTION = re.compile(r"^\s*([0-9a-f]{16}):", re.MULTILINE)
SHIM = """#!/bin/sh
# Starts QEMU with a plugin, and keeps the name of the kernel that it boots.
for word; do
	[ "$last" != -kernel ] || echo "$word" > '{folder}'/kernel.$$
	last=$word
done
exec {qemu} -plugin '{plugin}' "$@"
"""


class Shim:
    """A folder with the script that takes QEMU's name."""

    def __init__(self, folder, plugin):
        self.folder, self.plugin = os.path.abspath(folder), os.path.abspath(plugin)
        self.reached = os.path.join(self.folder, "reached")
        self.ended = os.path.join(self.folder, "ended")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.reached)
        self.path = self.folder + os.pathsep + os.environ["PATH"]
        self.qemu = shutil.which(QEMU)

    def set(self, *arguments):
        """Writes the script anew, with these arguments for the plugin, and forgets what there was of earlier runs."""
        shutil.rmtree(self.reached)
        os.makedirs(self.reached)
        if os.path.exists(self.ended):
            os.unlink(self.ended)
        path = os.path.join(self.folder, QEMU)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(SHIM.format(folder=self.reached, qemu=self.qemu, plugin=",".join([self.plugin, *arguments])))
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)

    def record(self):
        """Has the next runs leave what they execute."""
        self.set("reached=" + self.reached)

    def limit(self, instructions):
        """Has the next runs end after so many instructions."""
        self.set(f"limit={instructions}", "ended=" + self.ended)

    def why_ended(self):
        """Returns why the plugin has ended a QEMU ("steps" or "idle"), or ""."""
        if not os.path.exists(self.ended):
            return ""
        with open(self.ended, encoding="utf-8") as file:
            return file.read().strip()

    def runs(self):
        """Yields (kernel's file name, instructions, [(address, bytes)]) of each QEMU that has ended by itself."""
        for name in sorted(os.listdir(self.reached)):
            booted = os.path.join(self.reached, "kernel." + name)
            if name.startswith("kernel.") or not os.path.exists(booted):
                continue
            with open(booted, encoding="utf-8") as file:
                kernel = os.path.basename(file.read().strip())
            with open(os.path.join(self.reached, name), encoding="ascii") as file:
                words = file.read().split()
            blocks = [(int(address, 16), int(size)) for address, size in zip(words[2::2], words[3::2])]
            yield kernel, int(words[1]), blocks


def below(root, path, known):
    """
    Returns the path of a source from the root, or None. Debugging information may name another folder (ccache), or a copy
    in a build folder.
    """
    if path not in known:
        words = os.path.normpath(path.partition(" (")[0]).lstrip(os.sep).split(os.sep)
        found = (os.sep.join(words[at:]) for at in range(len(words)))
        known[path] = next((name for name in found if name and not name.startswith("build")
                            and os.path.exists(os.path.join(root, name))), None)
    return known[path]


class Lines:
    """The source lines of each instruction of a kernel, with those of inlined functions and of what they are inlined into."""

    def __init__(self, root, elf):
        code = subprocess.run([TOOLS + "objdump", "-d", "--no-show-raw-insn", elf], stdout=subprocess.PIPE, text=True, check=True)
        addresses = INSTRUCTION.findall(code.stdout)
        told = subprocess.run([TOOLS + "addr2line", "-a", "-i", "-e", elf], input="\n".join(addresses), stdout=subprocess.PIPE,
                              text=True, check=True)
        self.at, known, places, here = {}, {}, {}, []
        for line in told.stdout.splitlines():
            if line.startswith("0x"):
                here = self.at[int(line, 16)] = []
                continue
            if line not in places:
                path, _, number = line.partition(" (")[0].rpartition(":")
                places[line] = (below(root, path, known), int(number) if number.isdigit() else 0)
            if places[line][0] and places[line][1]:
                here.append(places[line])
        self.all = self.of((address, 1) for address in self.at)

    def of(self, blocks):
        """Returns {path: lines} of blocks."""
        found = {}
        for address, size in set(blocks):
            for at in range(address, address + size, 2):
                for path, number in self.at.get(at, ()):
                    found.setdefault(path, set()).add(number)
        return {path: bits(numbers) for path, numbers in found.items()}


def bits(numbers):
    """Returns a set of lines as an integer."""
    data = bytearray(max(numbers, default=0) // 8 + 1)
    for number in numbers:
        data[number // 8] |= 1 << number % 8
    return int.from_bytes(data, "little")


def merge(total, more):
    """Adds {path: lines} to another."""
    for path, lines in more.items():
        total[path] = total.get(path, 0) | lines


class Kernels:
    """The lines of a build's kernels, each read once."""

    def __init__(self, root, build):
        self.root, self.build, self.known = root, build, {}

    def lines(self, name):
        """Returns the Lines of a kernel by its file name, or None if the build has no such file."""
        path = os.path.join(self.build, name)
        if name not in self.known:
            self.known[name] = Lines(self.root, path) if os.path.exists(path) else None
        return self.known[name]

    def read(self, names):
        """Reads those of some files that are kernels."""
        for name in sorted(names):
            if os.path.basename(name) == name and name.endswith(".elf"):
                self.lines(name)

    def executed(self, runs):
        """Returns ({path: lines}, the most instructions of a run)."""
        total, most = {}, 0
        for name, instructions, blocks in runs:
            most = max(most, instructions)
            if self.lines(name):
                merge(total, self.lines(name).of(blocks))
        return total, most
