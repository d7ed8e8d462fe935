# SPDX-License-Identifier: MIT
"""What the programs of the lab lazy have to answer, computed from the seed: a function for each test."""

import errno

from grader.mixing import MASK, fill, mix, programs, total

REFUSED, KILLED = 128 + 11, 128 + 9  # how children end


def heap(seed, n):
    """A page of each of 256 parts."""
    return {"written": total(fill(seed + 1, 256)), "words_not_zero": 0}


def frames(seed, n):
    """An eighth of both."""
    return {"heap": total(fill(seed, n // 8)), "mapped": total(fill(seed + 1, n // 8)), "words_not_zero": 0}


def cost(seed, n):
    """New memory has zeros, where other memory was before, too."""
    return {"words_not_zero": 0}


def reads(seed, n):
    """A hundred pages are written."""
    return {"words_not_zero": 0, "written": total(fill(seed, 100)), "words_changed": 0}


def bss(seed, n):
    """Pages of BSS are written."""
    return {"written": total(fill(seed, n)), "words_not_zero": 0}


def sharers(seed, n):
    """A word of each page for each thread."""
    return {"written": sum(mix(seed + k, i) * (2 * k + 1) for i in range(n) for k in range(16)) & MASK}


def deep(seed, n):
    """What the calls return, from the deepest on."""
    answer = 0
    for depth in range(n + 1):
        answer = (answer * 3 + mix(seed, depth)) & MASK
    return {"dive": answer}


def limit(seed, n):
    """How the stack ends."""
    return {"with_no_memory_left": errno.EFAULT, "in_another_stack": 0, "below_another_stack": REFUSED, "in_the_lowest_page": 0,
            "at_address_0": REFUSED, "below_the_stack": REFUSED, "kernel_below_the_stack": errno.EFAULT, "far": seed}


def neighbour(seed, n):
    """How a stack ends above a mapping, and what is in that."""
    return {"below_the_stack": REFUSED, "mapped": total(fill(seed, 16)), "pages_to_an_inaccessible_page": 1,
            "pages_to_another_stack": 0}


def stack_reads(seed, n):
    """The file's contents, before and after zeros were written to its first half."""
    file = fill(seed, n)
    return {"read": total(file), "words_written": 0, "second_half": total(file[n // 2 :])}


def out_of_memory(seed, n):
    """The child is killed, and a later one has memory."""
    return {"child_ended_with": KILLED, "parent": total(fill(seed, 500)), "words_not_zero": 0,
            "child": total(fill(seed + 2, 6000))}


def kernel(seed, n):
    """The file before and after zeros were written to its first half."""
    file = fill(seed + 3, n)
    return {"read": total(file), "words_written": 0, "second_half": total(file[n // 2 :]), "words_in_the_pipe": 0,
            "child_ended_with": seed & 63, "no_time": 0}


def forks(seed, n):
    """Parent and child."""
    third = n // 3
    mine, theirs = fill(seed, third), fill(seed + 2, n - third // 2)
    later = total(fill(seed + 1, third))
    return {"words_not_zero": 0, "found": total(mine), "words_of_the_child": [0, 0], "words_of_the_parent": 0,
            "child": (total(mine[: third // 2] + theirs) + 3 * total(fill(seed + 2, third))) & MASK,
            "parent": (total(mine) + 8 * later) & MASK}


def shrink(seed, n):
    """The lower half stays."""
    return {"read_beyond": REFUSED, "write_beyond": REFUSED, "write_far_beyond": REFUSED, "kernel_beyond": errno.EFAULT,
            "below": total(fill(seed, n // 2 - 1)), "words_not_zero": 0, "last_bytes": 0, "too_much": errno.ENOMEM,
            "too_little": errno.ENOMEM, "again": total(fill(seed + 1, n))}


def calls(seed, n):
    """Which accesses were refused, and what was written."""
    part = n // 8
    both = fill(seed, 2 * part)
    return {"tries": [REFUSED, REFUSED, 0, REFUSED, REFUSED, REFUSED, REFUSED, 0, 0], "words_not_zero": [0] * 6,
            "written": total(both), "moved": total(fill(seed, 8 * part)), "in_the_hole": [REFUSED] * 5,
            "kernel_in_the_hole": [errno.EFAULT] * 3, "at_address_0": REFUSED,
            "kept": (total(fill(seed + 1, part // 2)) + total(both[3 * part // 2 :])) & MASK}


def zeros(seed, n):
    """Each child finds zeros, and its own page."""
    answer = 0
    for i in range(10):
        answer = (answer * 3 + mix(seed + 2, i)) & MASK
    return {"children": answer, "written": (mix(seed, 0) + 3 * mix(seed + 3, 0)) & MASK, "words_not_zero": 0}


def at_once(seed, n):
    """Zeros, and what is written."""
    return {"words_not_zero": 0, "mapped": total(fill(seed, n))}


def leaks(seed, n):
    """Memory that was there all the time."""
    return {"words_not_zero": 0, "written": total(fill(seed, n))}


def swapped(seed, n):
    """The child writes each third page."""
    half = n // 2
    first = fill(seed, half)
    child = [mix(seed + 2, i) if i % 3 == 0 else first[i] for i in range(half)]
    return {"words_not_zero": [0, 0], "child": total(child), "first_half": total(first)}


def stale(seed, n):
    """Bytes instead of pages, on the fake machine (host/fences.c)."""
    written = sum((mix(seed, i) & 255) * (2 * i + 1) for i in range(n)) & MASK
    stored = sum((mix(seed + 1, i) & 255) * (2 * i + 1) for i in range(n)) & MASK
    return {"before": 0, "written_by_another": written, "stored": stored, "after_munmap": 0, "refused": n}


def grow(seed, n):
    """The sizes are the limits, on the fake machine (host/limits.c)."""
    npages = n + seed % n
    return {"pages_by_the_limit_of_the_stack": npages, "pages_by_the_limit_of_mappings": npages + 1, "heap_within_the_limit": 1,
            "heap_beyond_the_limit": 0, "pages_beside_the_limit_of_data": 2 * (npages + 2)}
