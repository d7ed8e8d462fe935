# SPDX-License-Identifier: MIT
"""What the programs of the lab elf have to answer, computed from the seed: a function for each test of guest/*.c."""

from grader.mixing import MASK, fill, mix, programs, total

PAGE = 4096
MIB = 1 << 20
WORD = 8
ENOEXEC, EFAULT, ETXTBSY = 8, 14, 26
SIGBUS, SIGKILL, SIGSEGV = 7, 9, 11
KILLED = 128  # added to the signal
SI_CODE = 2  # of both SEGV_ACCERR and BUS_ADRERR
CHOSEN = 40


def of_data(seed):
    """Returns the seed of the data."""
    return seed + 1


def of_writes(seed):
    """Returns the seed of what programs write."""
    return seed + 2


def of_choices(seed):
    """Returns the seed of what is chosen."""
    return seed + 3


def written(pages, seed, indices):
    """Returns the pages after those of these indices were written from a seed."""
    pages = list(pages)
    for i in indices:
        pages[i] = mix(seed, i)
    return pages


def all_of(seed, n):
    """Returns what a program answers that reads all of its text and data."""
    return (total(fill(seed, n)) + 3 * total(fill(of_data(seed), n))) & MASK


def all_bytes(seed, npages):
    """Returns the bytes of pages, of which none is zero."""
    words = (mix(seed, i) | 0x0101010101010101 for i in range(npages * PAGE // WORD))
    return b"".join(word.to_bytes(WORD, "little") for word in words)


def sum_bytes(text):
    """Returns the sum that tells bytes apart by value and place."""
    return sum(byte * (2 * i + 1) for i, byte in enumerate(text)) & MASK


# ---- guest/elf.c ----

def frames(seed, n):
    """What the program reads."""
    return {"child": all_of(seed, n)}


def zeros_behind(seed, n):
    """The data, and nothing behind it."""
    return {"data": total(fill(of_data(seed), n)), "bytes_that_are_not_zero": 0}


def instances(seed, n):
    """All instances read the same."""
    found, one = 0, all_of(seed, n)
    for _ in range(12):
        found = (found * 3 + one) & MASK
    return {"all": found}


def total_chosen(pages, n, choice):
    """Returns the sum of chosen pages of a dictionary. Others are zero."""
    return sum(pages.get(mix(choice, i) % n, 0) * (2 * i + 1) for i in range(CHOSEN)) & MASK


def large(seed, n):
    """Pages here and there."""
    choice = of_choices(seed)
    indices = [mix(choice, i) % n for i in range(CHOSEN)]
    text = {i: mix(seed, i) for i in indices}
    data = {i: mix(of_data(seed), i) for i in indices}
    after = {**data, **{index: mix(of_writes(seed), i) for i, index in enumerate(indices)}}
    return {"text": total_chosen(text, n, choice), "data": total_chosen(data, n, choice),
            "others": total_chosen(data, n, choice + 1), "written": total_chosen(after, n, choice),
            "zeros": 0}


def cost(seed, n):
    """What the program reads when it runs for the third time."""
    return {"child": all_of(seed, n)}


def faults(seed, n):
    """What the program reads."""
    return {"child": total(fill(seed, n))}


def copies(seed, n):
    """One instance writes an eighth of its data; another one, and the file, keep theirs."""
    data, theirs = fill(of_data(seed), n), of_writes(seed)
    child = written(data, theirs, [i for i in range(n) if mix(theirs, i) % 8 == 0])
    before = total(data)
    return {"before": before, "child": total(child), "file": before, "second": 4 * before & MASK}


def dropped(seed, n):
    """Half of what was written is given back, and the first half written again."""
    data, mine = fill(of_data(seed), n), fill(of_writes(seed), n)
    first, last = n // 4, n // 4 + n // 2
    after = mine[:first] + data[first:last] + mine[last:]
    again = fill(seed, n // 2) + after[n // 2 :]
    return {"dropped": total(after), "written_again": total(again)}


def forked(seed, n):
    """Parent and child write other pages."""
    data = written(fill(of_data(seed), n), of_writes(seed), range(n // 4))
    text, choice = total(fill(seed, n)), of_choices(seed)
    return {"child": (total(written(data, choice, range(0, n, 2))) + text) & MASK,
            "parent": (total(written(data, choice + 1, range(0, n, 3))) + text) & MASK}


def out_of_memory(seed, n):
    """One program is killed, the other reads all that it has."""
    choice = of_choices(seed)
    data = {index: mix(seed, index) for index in (mix(choice, i) % n for i in range(CHOSEN))}
    return {"found": total_chosen(data, n, choice), "status_of_the_large": KILLED + SIGKILL, "other": all_of(seed, 50)}


def swapped(seed, n):
    """The program before and after it was in swap."""
    theirs = of_writes(seed)
    data = written(fill(of_data(seed), n), theirs, [i for i in range(n) if mix(theirs, i) % 8 == 0])
    program = (total(fill(seed, n)) + total(data)) & MASK
    return {"program": [program, program], "heap": total(fill(of_choices(seed) + 1, 4 * n))}


def leaks(seed, n):
    """Forty programs; after some of them comes a file that is none."""
    found = 0
    for i in range(40):
        found = (found * 3 + all_of(mix(seed, i), n) + (ENOEXEC if i % 3 == 1 else 0)) & MASK
    return {"total": found}


# ---- guest/segments.c ----

def zeros(seed, n):
    """The bytes of the file in each segment, and no others."""
    text, found = all_bytes(seed, 8 * 16), []
    for i in range(8):
        choice = mix(of_choices(seed), i)
        start = i * 16 * PAGE + choice % PAGE
        found.append(sum_bytes(text[start : start + 1 + (choice >> 12) % (5 * PAGE)]))
    words = (int.from_bytes(text[at : at + WORD], "little") for at in range(0, len(text), WORD))
    return {"segment": found * n, "bytes_that_are_not_zero": [0] * 8 * n, "pages_not_in_memory": [0] * 8 * n,
            "file": total(words)}


def odd(seed, _n):
    """Segments of all kinds."""
    text = all_bytes(seed, 8)
    r = 1 + mix(of_choices(seed), 0) % (PAGE - 2)
    pieces = [text[r : r + 3 * PAGE], b"", b"", text[PAGE - 1 : PAGE], text[r:PAGE], text[:PAGE],
              text[:PAGE] + text[5 * PAGE : 6 * PAGE] + bytes(PAGE) + text[3 * PAGE : 4 * PAGE],
              text[5 * PAGE : 6 * PAGE], text[r : 4 * PAGE], text[PAGE + r : 2 * PAGE + r]]
    return {"segment": [sum_bytes(piece) for piece in pieces]}


def refused(_seed, _n):
    """Errors of exec, what does not run, and faults of the first instruction."""
    return {"good": [0, 0], "error": [ENOEXEC] * 8, "runs": [0] * 8, "entry": [KILLED + SIGSEGV] * 3}


def signal(number):
    """Returns how a program tells a signal at the address that it touched."""
    return number + 100 * SI_CODE


def cut(seed, n):
    """What is in the file, and signals beyond it."""
    left = 1 + mix(of_choices(seed), 5) % (PAGE - 2)
    page = b"".join((mix(seed, n) * (2 * i + 1) & MASK).to_bytes(WORD, "little") for i in range(PAGE // WORD))
    same = total(fill(seed, n))
    return {"signal": [signal(SIGBUS)] * 3, "error": EFAULT, "text": same, "data": same,
            "last_bytes": sum_bytes(page[:left]), "bytes_that_are_not_zero": 0,
            "written": total(fill(of_writes(seed), n + 1))}


def permissions(seed, n):
    """Signals, and what the functions in the text return before and after they were written over."""
    values = [mix(seed, i) & 0x7ff for i in range(n)]
    after = [mix(of_writes(seed), i) & 0x7ff if i % 2 == 0 else values[i] for i in range(n)]
    return {"signal": [signal(SIGSEGV)] * 22, "error": [EFAULT] * 2, "allowed": 0,
            "bytes_that_are_not_zero": 0, "calls": total(values),
            "signal_after_mprotect": signal(SIGSEGV), "calls_of_new_text": total(after),
            "calls_of_the_next": total(values)}


def kernel(seed, n):
    """What write(2) took from text, and read(2) put into data."""
    data, text = fill(of_data(seed), n), fill(seed, n)
    return {"opened": 1, "written": total(text), "read": total(data[: n // 2] + text[: n // 2])}


def busy(seed, n):
    """The file cannot be written while it runs, nor be run while it is open for writing."""
    return {"error": [ETXTBSY] * 3, "child": all_of(seed, n), "opened": 1, "run_while_written": ETXTBSY,
            "run_afterwards": 0}
