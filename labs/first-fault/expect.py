# SPDX-License-Identifier: MIT
"""What the programs of the lab first-fault have to answer, computed from the seed: a function for each test of
guest/fault.c and guest/waits.c."""

import errno
import signal

from grader.mixing import MASK, fill, mix, programs, total

ILL, TRAP, BUS, SEGV = (int(number) for number in (signal.SIGILL, signal.SIGTRAP, signal.SIGBUS, signal.SIGSEGV))
KILL, USR1 = int(signal.SIGKILL), int(signal.SIGUSR1)
MAPERR, ACCERR, ADRERR = 1, 2, 2  # si_code of SIGSEGV and SIGBUS
KILLED = 128
PIECES = 32  # of guest/waits.c, as the others
FROM_DISK, SLEPT, OF_A_SIGNAL = 1, 2, 100


def refusals(seed, n, number, code, **more):
    """Each attempt has this signal and code, and its own address."""
    return {"signal": [number] * n, "code": [code] * n, "address": [mix(seed, i) for i in range(n)], "faults": n, **more}


def not_mapped(seed, n):
    """Nothing is there."""
    return refusals(seed, n, SEGV, MAPERR)


def not_allowed(seed, n):
    """The mapping forbids it."""
    return refusals(seed, n, SEGV, ACCERR, nothing_has_changed=mix(seed, n))


def file_end(seed, n):
    """The file has no such page."""
    return refusals(seed, n, BUS, ADRERR, more_faults=0)


def protects(seed, n):
    """One fault for each page that is touched."""
    pages, found = fill(seed, n), 0
    for i in range(n):
        value = mix(seed, i)
        word = value % 511 + 1
        found += (pages[value % n] * (2 * word + 1) + i) * (i + 1)
    return {"found": found & MASK, "faults": len({mix(seed, i) % n for i in range(n)}), "sum": total(pages)}


def maps(seed, n):
    """One fault for each page, and none for a later write."""
    return {"sum": total(fill(seed, n)), "faults": n, "faults_then": n}


def code(seed, n):
    """The functions' values. One that begins on a page and ends on another faults on both."""
    called = [mix(seed + 2, i) % n for i in range(n)]
    values = [mix(seed + 1, page) & 0x7FFFF for page in called]
    return {"total": sum(((value >> 11 << 12) + (value & 0x7FF)) * (i + 1) for i, value in enumerate(values)) & MASK,
            "faults": sum(1 + which % 2 for which in set(called))}


def files(seed, n):
    """One fault for each page that the file lacked."""
    return {"total": sum(mix(seed, i) * (i + 1) for i in range(n)) & MASK, "faults": n}


def registers(_, n):
    """All are as before."""
    return {"registers_changed": 0, "pcs": n, "faults": n}


def dropped(seed, n):
    """Zeros, or what is in the file."""
    file = total(fill(seed, n))
    return {"zeros": n, "shared": file, "private": file, "written": total(fill(seed + 2, n)),
            "in_the_file": total(fill(seed + 3, n // 2) + fill(seed, n)[n // 2 :])}


def only_read(seed, n):
    """What is in the file."""
    file = total(fill(seed, 64))
    return {"right": n, "copied": file, "frozen": file}


def swapped(seed, n):
    """What was written last."""
    return {"sum": [total(fill(seed, n)), total(fill(seed + 1, n // 2) + fill(seed, n)[n // 2 :])]}


def copies_swapped(seed, n):
    """What was written."""
    return {"sum": total(fill(seed, n))}


def pieces(seed, n):
    """The pages are written from the first ones of a file, again and again."""
    return total([mix(seed, i % PIECES) for i in range(n)])


def larger_than_memory(seed, n):
    """What the program wrote, and what the kernel did."""
    return {"sum": [pieces(seed, n)] * 2}


def slow_disk(_, __):
    """Signals and kills end a wait; a page comes from the disk to a process that sleeps."""
    came = FROM_DISK | SLEPT
    return {"handler_ran_in_time": 1, "killed_in_time": 1, "killed_in_a_copy_in_time": 1, "signal_told": OF_A_SIGNAL,
            "page": came, "page_of_a_copy": came, "page_after_a_signal": came, "killed": KILLED + KILL}


def moved(_, __):
    """A fault waits until the other thread's system call has ended."""
    return {"end": [0] * 6, "forbidden": 0, "refused_copies": 0, "gone": 0, "other_values": 0}


def cost(seed, n):
    """What was written after the pages were dropped."""
    return {"sum": sum(mix(seed, i) * (i + 1) for i in range(n)) & MASK}


def stack(seed, n):
    """An overflow is a SIGSEGV; what recurses less deep returns."""
    seeds = [seed]
    for _ in range(n):
        seeds.append((seeds[-1] * 3 + 1) & MASK)
    value = None
    for one in reversed(seeds):
        first = one + one % 128 if value is None else value
        value = (first + one + (one + 1) % 128) & MASK
    return {"overflow": [SEGV, MAPERR, 1], "without_a_handler": KILLED + SEGV, "copied_to_the_stack": seed, "deep": value}


def out_pointers(seed, n):
    """Thirteen bad pointers, and two good ones."""
    return {"error": [errno.EFAULT if mix(seed, 2 * i) % 15 < 13 else 0 for i in range(n)], "alive": mix(seed, n)}


def in_pointers(seed, n):
    """Ten bad pointers, and two good ones."""
    return {"error": [errno.EFAULT if mix(seed, 2 * i) % 12 < 10 else 0 for i in range(n)], "alive": mix(seed, n)}


def strings(seed, n):
    """A name without an end is no name; a vector's first part is written."""
    return {"error": [errno.EFAULT, errno.ENOENT, errno.EFAULT] * n,
            "written": [1 + mix(seed, i) % 200 for i in range(n)]}


def partial(seed, n):
    """As many bytes as there are before the bad address."""
    before = [1 + mix(seed, i) % 8192 for i in range(n)]
    return {"written": before, "read": before, "of_them_right": [count for count in before for _ in range(2)]}


def killed(seed, n):
    """SIGBUS beyond the end of a file, else SIGSEGV; ignored or blocked makes no difference."""
    return {"end": [KILLED + (BUS if mix(seed, i) // 4 % 2 else SEGV) for i in range(n)]}


def in_handler(seed, n):
    """A blocked signal kills, one that is not blocked is handled; a handler without a stack cannot run."""
    ends = [KILLED + SEGV, 5, 7, KILLED + SEGV]
    return {"end": [ends[mix(seed, i) % 4] for i in range(n)]}


def report(_, n):
    """Each process that was killed, and no other."""
    return {"named": n, "others": 0}


def out_of_memory(seed, n):
    """The larger one is killed, and the other has all its memory; one alone is killed itself."""
    return {"larger_process": KILLED + KILL, "sum": pieces(seed, n), "one_alone": KILLED + KILL}


def copies_out_of_memory(seed, n):
    """As out_of_memory(), in copies."""
    return out_of_memory(seed, n)


def memory(seed, n):
    """What parent and child have written."""
    own = total(fill(seed, n))
    return {"child": own, "own": own, "more": total(fill(seed + 4, n)), "heap": total(fill(seed + 1, n)),
            "both": total(fill(seed + 2, n))}


def other_signals(seed, n):
    """Illegal instruction, breakpoint, and two signals of kill(2)."""
    kinds = [(ILL, 1), (TRAP, 1), (USR1, 0), (SEGV, 0)]
    came = [kinds[mix(seed, i) % 4] for i in range(n)]
    return {"signal": [number for number, _ in came], "code": [code for _, code in came]}


def many(_, n):
    """All are killed."""
    return {"killed": n}
