# SPDX-License-Identifier: MIT
"""What the programs of the lab start have to answer, computed from the seed: a function for each test of guest/calls.c."""

import errno

from grader.mixing import MASK, fill, mix, total


def programs(seed, n):
    """The answers of the programs, in their order."""
    return {"answer": [mix(mix(seed, i), 0) for i in range(n)]}


def others(seed, n):
    """All of the numbers have no call."""
    return {"not_there": n, "pid": mix(seed, 0), "page": mix(seed, 1)}


def parent(seed, n):
    """Each generation tells its number."""
    return {"parent": [mix(seed, i) for i in range(n)]}


def orphans(seed, n):
    """The parent of all is process 1."""
    return {"orphans": sum(mix(seed, i) + 1 for i in range(n)) & MASK}


def memory(seed, n):
    """What was written is there, and the size of memory is right."""
    return {"sum": total(fill(seed, n)), "all_of_memory": mix(seed, n)}


def processes(seed, n):
    """As many as were made."""
    children = 1 + seed % n
    return {"that_run": children, "that_have_ended": children, "that_are_left": 0}


def other_fields(seed, n):
    """Nothing is wrong."""
    return {"wrong_times": 0, "bytes_that_are_not_0": 0, "memory": mix(seed, n)}


def attempts(seed, n, errors):
    """The errors of attempts, in the order that the seed gives."""
    return {"error": [errors[mix(seed, i) % len(errors)] for i in range(n)], "alive": mix(seed, n)}


def sysinfo_addresses(seed, n):
    """Nine bad addresses and four good ones."""
    return attempts(seed, n, [errno.EFAULT] * 9 + [0] * 4)


def mincore_arguments(seed, n):
    """Twelve ranges that are refused, and seven good ones."""
    return attempts(seed, n, [errno.EINVAL] * 3 + [errno.ENOMEM] * 9 + [0] * 7)


def mincore_vectors(seed, n):
    """Eight vectors that cannot be written, and four that can."""
    return attempts(seed, n, [errno.EFAULT] * 8 + [0] * 4)


def looked(seed, resident, start=0):
    """What look() makes of the pages from one on."""
    return sum(mix(seed, i) * (2 * i + 1) for i, there in enumerate(resident[start:]) if there) & MASK


def touch_some(seed, n):
    """Which pages are written or read."""
    return [mix(seed, i) % 3 == 0 or mix(seed, i) % 7 == 0 for i in range(n)]


def touched(seed, n):
    """All, a part, and all again after a fifth was dropped."""
    pages = touch_some(seed, n)
    return {"all": looked(seed, pages), "a_part": looked(seed, pages[: n - 13], 7),
            "after_some_were_dropped": looked(seed, [False] * (n // 5) + pages[n // 5 :])}


def looks_only(seed, n):
    """The same twice."""
    same = looked(seed, touch_some(seed, n))
    return {"first": same, "again": same}


def before_a_hole(seed, n):
    """ENOMEM, and what is before the hole."""
    hole = 1 + seed % (n - 2)
    return {"error": errno.ENOMEM, "before_the_hole": looked(seed, touch_some(seed, n)[:hole]), "after_it": 0}


def files(seed, n):
    """Pages that were written through the descriptor, then through a mapping."""
    pages = [mix(seed, i) % 3 == 0 for i in range(n)]
    more = [there or mix(seed, i) % 5 == 0 for i, there in enumerate(pages)]
    return {"shared": looked(seed, pages), "private": looked(seed, pages[: n // 2 * 2], n // 2), "after_writes": looked(seed, more)}


def swapped(seed, n):
    """All are resident at first; at last those that were read."""
    back = sum(mix(seed, i) for i in range(n) if mix(seed, i) % 16 == 0) & MASK
    return {"before": looked(seed, [True] * n), "brought_back": back}


def cost(seed, n):
    """Sixty-four pages, or fewer if an index comes twice."""
    chosen = {mix(seed, i) % n for i in range(64)}
    return {"found": looked(seed, [i in chosen for i in range(n)])}


def odd(seed, n):
    """Each call answers."""
    return {"answers": n, "sum": mix(seed, n)}
