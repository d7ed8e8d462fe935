# SPDX-License-Identifier: MIT
"""Numbers that debug information leaves out: the plain #defines of the kernel's own headers."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
DEFINE = re.compile(r"^#\s*define\s+(\w+)\s+(?:\(\(\w+\))?(0x[0-9a-fA-F]+|\d+)(?:[uUlL]*)\)?\s*(?:/\*.*)?$",
                    re.MULTILINE)
HEADERS = ("arch/riscv/layout.h", "arch/riscv/sv39.h", "arch/riscv/impl/arch-impl/entry.h", "arch/include/arch/entry.h",
           "arch/include/arch/upcall.h", "base/trace.h", "mm/vma.h", "mm/phys/page.h")


def read_numbers(path):
    """Gives {name: number} of a header; of a name with two values (hardened or not) the larger."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        numbers = {}
        for match in DEFINE.finditer(file.read()):
            numbers[match.group(1)] = max(int(match.group(2), 0), numbers.get(match.group(1), 0))
        return numbers


def read_all():
    """Gives the numbers of all headers that these commands need."""
    numbers = {}
    for path in HEADERS:
        numbers.update(read_numbers(path))
    return numbers


N = read_all()
PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
USER_TOP = N["LAYOUT_USER_TOP"]


def flag_words(value, prefix, exclude=()):
    """Names the bits of a flags word that start with prefix: "shared stack"; unknown ones as a number."""
    words = []
    for name, bit in sorted(N.items(), key=lambda item: item[1]):
        if name.startswith(prefix) and name not in exclude and bit and bit & (bit - 1) == 0 and value & bit:
            words.append(name[len(prefix):].lower())
            value &= ~bit
    if value:
        words.append(f"0x{value:x}")
    return " ".join(words)


def prot_words(rights):
    """Shows RIGHT_* as "rwx"."""
    return "".join(letter if rights & N["VM_PROT_" + name] else "-"
                   for letter, name in (("r", "READ"), ("w", "WRITE"), ("x", "EXEC")))
