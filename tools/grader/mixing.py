# SPDX-License-Identifier: MIT
"""The numbers of labs/lib/lab.h, computed on the host: what a seed puts into pages, and what that adds up to."""

MASK = (1 << 64) - 1
WORDS = 512  # of a page
ODD = sum((2 * i + 1) << 128 * i for i in range(WORDS))  # what page_write() multiplies by, with room for each product


def mix(seed, index):
    """Returns a different number for each index (splitmix64)."""
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def fill(seed, npages):
    """Returns the values of pages that are filled from a seed."""
    return [mix(seed, i) for i in range(npages)]


def bytes_of(pages):
    """Returns the bytes of pages with these values, as page_write() makes them."""
    return b"".join(memoryview((value * ODD).to_bytes(16 * WORDS, "little")).cast("Q")[::2].tobytes() for value in pages)


def total(pages):
    """Returns the sum that tells pages apart by value and place."""
    return sum(value * (2 * i + 1) for i, value in enumerate(pages)) & MASK


def programs(seed, n):
    """Returns what the programs of labs/lib/programs.h answer, in their order: the expectation of that test."""
    return {"answer": [mix(mix(seed, i), i) for i in range(n)]}
