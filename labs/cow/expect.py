# SPDX-License-Identifier: MIT
"""What the programs of the lab cow have to answer, computed from the seed: a function for each test of guest/cow.c."""

from grader.mixing import MASK, fill, mix, programs, total


def written(pages, seed, indices):
    """Returns the pages after those of these indices were written from a seed."""
    pages = list(pages)
    for i in indices:
        pages[i] = mix(seed, i)
    return pages


def frames(seed, n):
    """Both processes read the same."""
    same = total(fill(seed, n))
    return {"child": same, "parent": same}


def data_and_stack(seed, n):
    """The child finds what the parent wrote to each."""
    return {"data": total(fill(seed, n)), "stack": total(fill(seed + 2, n)), "file": total(fill(seed + 1, n))}


def grandchild(seed, n):
    """It finds what the child wrote before its birth, and the parent none of that."""
    pages = fill(seed, n)
    before = written(pages, seed + 1, range(0, n, 4))
    return {"grandchild": total(before), "child": total(fill(seed + 2, n // 2) + before[n // 2 :]), "parent": total(pages)}


def copies(seed, n):
    """The child writes an eighth."""
    pages = fill(seed, n)
    chosen = [i for i in range(n) if mix(seed + 1, i) % 8 == 0]
    return {"child": total(written(pages, seed + 1, chosen)), "parent": total(pages)}


def big(seed, n):
    """The child writes a hundred pages."""
    pages = fill(seed, n)
    child = list(pages)
    for i in range(100):
        value = mix(seed + 1, i)
        child[value % n] = value
    return {"child": total(child), "parent": total(pages)}


def cost(seed, n):
    """What the second child reads."""
    return {"child": total(fill(seed, n))}


def many(seed, n):
    """Each child finds the parent's page."""
    found, one = 0, mix(seed, 0) + 1
    for _ in range(n):
        found = (found * 3 + one) & MASK
    return {"found": found, "parent": total(fill(seed, 2048))}


def grow_tree(pages, seed, depth):
    """What a process of the tree and all below it answer."""
    pages, below = list(pages), 0
    for branch in range(2 if depth else 0):
        theirs = mix(seed, 1000 + branch)
        child = written(pages, theirs, [i for i in range(len(pages)) if mix(theirs, i) % 3 == 0])
        below = (below * 5 + grow_tree(child, theirs, depth - 1)) & MASK
        if branch == 0:
            pages[0] = mix(seed, 2000)
    return (below * 7 + total(pages)) & MASK


def tree(seed, n):
    """Children of children."""
    return {"tree": grow_tree(fill(seed, n), seed, 3)}


def parent_writes(seed, n):
    """The child finds what was there before the parent wrote."""
    return {"child": total(fill(seed, n)), "parent": total(fill(seed + 2, n))}


def first_bytes(seed, n):
    """Returns what the programs of host/ write from a seed: a byte of each page."""
    return [mix(seed, i) & 255 for i in range(n)]


def weighed(values):
    """Returns the number that they tell for bytes; None is a page that does not count."""
    return sum(value * (2 * i + 1) for i, value in enumerate(values) if value is not None)


def after_fork(seed, n):
    """A child has the bytes from before the fork, on the fake machine (host/fences.c)."""
    return {"child": weighed(first_bytes(seed, n)), "parent": weighed(first_bytes(seed + 2, n))}


def during_fork(seed, n):
    """The program itself looks at what the child has of another thread's writes."""
    return {"parent": weighed(first_bytes(seed + 2, n))}


def fails_half_way(seed, n):
    """The parent writes on."""
    return {"parent": weighed(first_bytes(seed + 2, n))}


def held(values):
    """Returns only those of every third page (host/holders.c)."""
    return [value if i % 3 == 0 else None for i, value in enumerate(values)]


def readers(seed, n):
    """They find what was there before the parent wrote."""
    before = first_bytes(seed, n)
    return {"child": weighed(before), "parent": weighed(first_bytes(seed + 2, n)), "readers": weighed(held(before))}


def writers(seed, n):
    """They write to the parent's memory, and the parent to theirs."""
    before, later = first_bytes(seed, n), first_bytes(seed + 2, n)
    both = [theirs if theirs is not None else mine for theirs, mine in zip(held(first_bytes(seed + 1, n)), before)]
    return {"child": weighed(before), "parent": weighed(both), "frames_of_the_parent": weighed(held(later)),
            "parent_later": weighed(later), "child_later": weighed(before)}


def written_bytes(values, seed, step):
    """Returns the bytes after every step-th was written from a seed."""
    return [mix(seed, i) & 255 if i % step == 0 else value for i, value in enumerate(values)]


def no_faults(seed, n):
    """The parent writes every second page, then the child every third, and both see both."""
    both = weighed(written_bytes(written_bytes(first_bytes(seed, n), seed + 2, 2), seed + 1, 3))
    return {"child": both, "parent": both}


def generations(seed, n):
    """The child writes every third page, the parent every second (host/swap.c)."""
    pages = first_bytes(seed, n)
    child, parent = weighed(written_bytes(pages, seed + 1, 3)), weighed(written_bytes(pages, seed + 2, 2))
    return {"found": weighed(pages), "child": child, "grandchild": child, "parent": parent, "parent_later": parent}


def pinned(seed, n):
    """The kernel writes to every third page of the parent after fork (host/swap.c)."""
    pages = first_bytes(seed, n)
    return {"child": weighed(pages), "parent": weighed(written_bytes(pages, seed + 1, 3))}


def writes_meanwhile(seed, n):
    """What another thread writes to a page before it is shared, both see."""
    both = weighed(first_bytes(seed + 2, n))
    return {"parent": both, "child": both}


def kinds(seed, n):
    """Stack, heap, data and two mappings."""
    base = total(fill(seed, n))
    words = sum(mix(seed, i) ^ mix(seed, i) for i in range(1024))
    mine = 4 * base + (seed & 0xffff)
    return {"child": (mine + words + total(fill(seed + 1, n))) & MASK, "parent": mine & MASK}


def kept_bits(seed, n):
    """The child writes every third page, and then the parent every second."""
    pages = fill(seed, n)
    return {"child": total(written(pages, seed + 1, range(0, n, 3))),
            "parent": total(written(pages, seed + 2, range(0, n, 2)))}


def kernel_writes(seed, n):
    """What read(2) wrote, for each of the processes."""
    before, file = fill(seed, n), fill(seed + 1, n)
    return {"child": total(file[: n // 2] + before[n // 2 :]), "parent": total(before), "second_child": total(before),
            "read": total(file)}


def shared(seed, n):
    """Both see each other's writes; the file sees none."""
    both = fill(seed, n)
    both[0], both[1] = mix(seed + 1, 0), mix(seed + 2, 0)
    file = total(fill(seed, n))
    return {"child": total(both), "parent": total(both), "mine": file, "file": file}


def last(seed, n):
    """The child writes the first half, the parent one half after the other."""
    child = written(fill(seed, n), seed + 1, range(n // 2))
    return {"child": total(child), "parent": total(fill(seed + 2, n // 2) + fill(seed + 2, n - n // 2))}


def leaks(seed, n):
    """The last child of many, and the parent."""
    pages = fill(seed, n)
    for generation in range(1, 40):
        theirs = mix(seed, generation)
        child = written(pages, theirs, range(0, n, 2))
        pages[1] = mix(theirs, n)
    return {"child": total(child), "parent": total(pages)}


def zeros(seed, n):
    """Children that find zeros and write one page."""
    answer = 0
    for i in range(20):
        value = mix(seed, i)
        answer += value * (2 * (value % n) + 1)
    return {"zeros": answer & MASK, "fresh": 0}


def refused(seed, n):
    """The parent writes on after each fork that was refused."""
    return {"refused": 60, "parent": total(fill(seed + 2, n))}


def out_of_memory(seed, n):
    """Either of the two is killed, and the other finds its own pages."""
    return [{"killed": 1, "parent": total(fill(seed, n))}, {"killed": 1, "child": total(fill(seed + 1, n))}]


def swapped(seed, n):
    """Each writes some of what is in swap."""
    pages = fill(seed, n)
    return {"found": total(pages), "child": total(written(pages, seed + 1, range(0, n, 3))),
            "parent": total(written(pages, seed + 2, range(0, n, 2)))}
