# SPDX-License-Identifier: MIT
"""The touches of swapbench's rows zipf_begin and zipf, and which pages exact LRU and Belady's algorithm would read."""

import bisect
import collections
import heapq
import itertools

MASK = (1 << 64) - 1
SEED = 20260101


def mix(x):
    """Turns a number into another that looks random."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return x ^ x >> 31


class Random:
    """The random numbers of swapbench."""

    def __init__(self, seed):
        self.state = seed

    def draw(self):
        """Returns the next number of 64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        return mix(self.state)

    def below(self, n):
        """Returns a number below n."""
        return (self.draw() >> 32) * n >> 32


def zipf(npages, ntouches):
    """Returns the pages that are touched, in order."""
    random = Random(SEED)
    order = list(range(npages))
    for i in range(npages - 1, 0, -1):
        other = random.below(i + 1)
        order[i], order[other] = order[other], order[i]
    sums = list(itertools.accumulate((1 << 32) // (rank + 1) for rank in range(npages)))
    return [order[bisect.bisect_right(sums, random.draw() * sums[-1] >> 64, 0, npages - 1)] for _ in range(ntouches)]


def checksum(trace):
    """Returns the checksum that swapbench prints for a trace."""
    total = 0
    for page in trace:
        total = mix(total ^ page)
    return f"{total:016x}"


def lru(trace, memory, resident):
    """Returns which touches are misses with exact LRU and so many frames. Resident are pages before, oldest first."""
    pages, misses = collections.OrderedDict.fromkeys(resident), []
    for at, page in enumerate(trace):
        if page in pages:
            pages.move_to_end(page)
            continue
        misses.append(at)
        pages[page] = None
        if len(pages) > memory:
            pages.popitem(last=False)
    return misses


def optimum(trace, memory, resident):
    """Returns the same for Belady's algorithm, which replaces the page whose next touch is farthest away."""
    never = len(trace)
    following, last = [never] * never, {}
    for at in range(never - 1, -1, -1):
        following[at] = last.get(trace[at], never)
        last[trace[at]] = at
    pages = {page: last.get(page, never) for page in resident}
    heap = [(-at, page) for page, at in pages.items()]
    heapq.heapify(heap)
    misses = []
    for at, page in enumerate(trace):
        if page not in pages:
            misses.append(at)
            while len(pages) >= memory:
                farthest, victim = heapq.heappop(heap)
                if pages.get(victim) == -farthest:
                    del pages[victim]
        pages[page] = following[at]
        heapq.heappush(heap, (-following[at], page))
    return misses
