# SPDX-License-Identifier: MIT
"""Reads the #defines of the kernel's headers, which debug information does not contain."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
DEFINE = re.compile(r"^#\s*define\s+(\w+)\s+(?:\(\(\w+\))?(0x[0-9a-fA-F]+|\d+)(?:[uUlL]*)\)?\s*(?:/\*.*)?$",
                    re.MULTILINE)
HEADERS = ("arch/riscv/layout.h", "arch/riscv/sv39.h", "arch/riscv/impl/arch-impl/entry.h", "arch/include/arch/entry.h",
           "arch/include/arch/upcall.h", "record/trace.h", "mm/space/vma.h", "mm/phys/page.h")


def read_numbers(path):
    """Returns {name: number} of a header. For a name with two values (hardened or not) returns the larger."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        numbers = {}
        for match in DEFINE.finditer(file.read()):
            numbers[match.group(1)] = max(int(match.group(2), 0), numbers.get(match.group(1), 0))
        return numbers


def read_all():
    """Returns the numbers of all headers that these commands need."""
    numbers = {}
    for path in HEADERS:
        numbers.update(read_numbers(path))
    return numbers


N = read_all()
PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
USER_TOP = N["LAYOUT_USER_TOP"]


def flag_words(value, prefix, exclude=()):
    """Returns the names, without the prefix, of the bits in a flags word: "shared stack". Unknown bits: a number."""
    words = []
    for name, bit in sorted(N.items(), key=lambda item: item[1]):
        if name.startswith(prefix) and name not in exclude and bit and bit & (bit - 1) == 0 and value & bit:
            words.append(name[len(prefix):].lower())
            value &= ~bit
    if value:
        words.append(f"0x{value:x}")
    return " ".join(words)


def prot_words(rights):
    """Returns VM_PROT_* as "rwx"."""
    return "".join(letter if rights & N["VM_PROT_" + name] else "-"
                   for letter, name in (("r", "READ"), ("w", "WRITE"), ("x", "EXEC")))
