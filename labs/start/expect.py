# SPDX-License-Identifier: MIT
"""What the programs of the lab start have to answer, computed from the seed: a function for each test of guest/calls.c."""

import errno

from grader.mixing import MASK, fill, mix, programs, total


def others(seed, n):
    """All of the numbers have no call."""
    return {"not_there": n, "pid": mix(seed, 0), "page": mix(seed, 1)}


def parent(seed, n):
    """Each generation tells its number."""
    return {"parent": [mix(seed, i) for i in range(n)]}


def orphans(seed, n):
    """The parent of all is process 1."""
    return {"orphans": sum(mix(seed, i) for i in range(n)) & MASK}


def first_process(seed, n):
    """Process 1 has none, and its child has process 1."""
    return {"process_1": mix(seed, n), "its_child": mix(seed, n + 1)}


def memory(seed, n):
    """What was written is there, and the size of memory is right."""
    return {"sum": total(fill(seed, n)), "all_of_memory": mix(seed, n)}


def swap(seed, n):
    """The size of the disk is right."""
    return {"all_of_swap": mix(seed, n)}


def processes(seed, n):
    """As many as were made."""
    children = 1 + seed % n
    return {"that_run": children, "that_have_ended": children, "all": mix(seed, n), "that_are_left": 0}


def other_fields(seed, n):
    """Nothing is wrong."""
    return {"wrong_times": 0, "wrong_load_averages": 0, "bytes_that_are_not_0": 0, "memory": mix(seed, n)}


def attempts(seed, n, errors):
    """The errors of attempts, each of them at least once, in the order that the seed gives."""
    drawn = [seed + i if i < len(errors) else mix(seed, i) for i in range(n)]
    return {"error": [errors[which % len(errors)] for which in drawn], "alive": mix(seed, n)}


def sysinfo_addresses(seed, n):
    """Ten bad addresses and five good ones."""
    return attempts(seed, n, [errno.EFAULT] * 10 + [0] * 5)


def mincore_arguments(seed, n):
    """Ranges that are refused, a vector that is, and good ones."""
    return attempts(seed, n, [errno.EINVAL] * 5 + [errno.ENOMEM] * 13 + [errno.EFAULT] + [0] * 8)


def mincore_vectors(seed, n):
    """Ten vectors that cannot be written, and six that can."""
    return attempts(seed, n, [errno.EFAULT] * 10 + [0] * 6)


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


def parts(seed, n):
    """Those that were written; of the file, all."""
    pages = [mix(seed, i) % 3 == 0 for i in range(n)]
    return {"variables": looked(seed, pages), "heap": looked(seed, pages), "file": looked(seed, [True] * n)}


def looks_only(seed, n):
    """What is looked at twice."""
    same = looked(seed, touch_some(seed, n))
    return {"once": same, "again": same}


def before_a_hole(seed, n):
    """ENOMEM, and what is before the hole."""
    hole = 1 + seed % (n - 2)
    return {"error": errno.ENOMEM, "before_the_hole": looked(seed, touch_some(seed, n)[:hole]), "after_it": 0}


def files(seed, n):
    """Pages that were written through the descriptor, then through a mapping."""
    pages = [mix(seed, i) % 3 == 0 for i in range(n)]
    more = [there or mix(seed, i) % 5 == 0 for i, there in enumerate(pages)]
    return {"shared": looked(seed, pages), "private": looked(seed, pages, n // 2), "with_PROT_NONE": looked(seed, pages),
            "after_writes": looked(seed, more), "after_writes_elsewhere": looked(seed, more, n // 2)}


def chosen(seed, n):
    """The pages that are read from swap, as look_at_chosen() counts them."""
    return sum(mix(seed, i) for i in range(n) if mix(seed, i) % 16 == 0) & MASK


def swapped(seed, n):
    """All are resident at first; at last those that were read."""
    return {"before": looked(seed, [True] * n), "brought_back": chosen(seed, n)}


def swapped_for_others(seed, n):
    """Those that were read."""
    return {"that_a_child_has_read": chosen(seed, n), "that_were_read_from_the_file": chosen(seed, n)}


def cost(seed, n):
    """Sixty-four pages, or fewer if an index comes twice."""
    chosen = {mix(seed, i) % n for i in range(64)}
    return {"found": looked(seed, [i in chosen for i in range(n)])}


def odd(seed, n):
    """Each call answers."""
    return {"answers": n, "sum": mix(seed, n)}
