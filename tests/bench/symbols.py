# SPDX-License-Identifier: MIT
"""The functions of the kernel's symbol table by address."""

import bisect
import subprocess

import bench

KERNEL = 1 << 63
PROGRAM = "(the program itself)"


def tool_output(*words):
    """Runs a tool of the toolchain."""
    return subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True).stdout


class Symbols:
    """The kernel's functions by address, or what else has symbols of these kinds of nm's."""

    def __init__(self, elf, kinds="tTwW"):
        lines = [line.split() for line in tool_output("riscv64-linux-gnu-nm", "-n", elf).splitlines()]
        table = [(int(words[0], 16), words[2].split(".")[0]) for words in lines if len(words) == 3 and words[1] in kinds
                 and not words[2].startswith(("$", ".L"))]
        self.addresses, self.names = zip(*table)

    def address(self, name):
        """Returns the address of a function."""
        if name not in self.names:
            raise bench.Failure(f"the kernel has no function {name}")
        return self.addresses[self.names.index(name)]

    def name(self, address):
        """Returns the function of an instruction."""
        if address < KERNEL:
            return PROGRAM
        return self.names[max(bisect.bisect_right(self.addresses, address) - 1, 0)]
