# SPDX-License-Identifier: MIT
"""What the programs of the lab elf have to answer, and the program files that they run, made from the seed: functions for each
test of guest/*.c. TEST_files() gets the bytes of the test's program, of which the files are copies with more segments."""

import struct

from grader.elf_files import PAGE, Maker, R, W, X, smallest
from grader.mixing import MASK, bytes_of, fill, mix, programs, total

MIB = 1 << 20
WORD = 8
TEXT_AT, DATA_AT, MORE_AT = 0x40000000, 0x80000000, 0xC0000000  # as in guest/made.h
ENOEXEC, EFAULT = 8, 14
KILLED = 128  # added to what ended a process
SIGKILL, REFUSED = 9, 11
FORBIDDEN, LOST = 1, 2  # reasons of a refused access, in guest/segments.c
CHOSEN, WINDOWS, SMALL = 40, 28, 50  # as in guest/elf.c


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


def two(program, seed, text, data):
    """Returns a program with pages of text and of data, filled from a seed."""
    maker = Maker(program)
    maker.segment(R | X, TEXT_AT, maker.put(bytes_of(fill(seed, text))), text * PAGE, text * PAGE)
    maker.segment(R | W, DATA_AT, maker.put(bytes_of(fill(of_data(seed), data))), data * PAGE, data * PAGE)
    return maker.file()


def add_windows(maker, flags, va, pages):
    """Adds pages to a file, and segments that show them, one behind the other."""
    size = len(pages) * PAGE
    offset = maker.put(bytes_of(pages))
    for i in range(WINDOWS):
        maker.segment(flags, va + i * size, offset, size, size)


# ---- guest/elf.c ----

def programs_files(seed, _n, program):
    """Has some text and data."""
    return {"program": two(program, seed, 20, 20)}


def frames(seed, n):
    """What the program reads."""
    return {"child": all_of(seed, n)}


def frames_files(seed, n, program):
    """Has text and data."""
    return {"program": two(program, seed, n, n)}


instances_files = cost_files = forked_files = swapped_files = frames_files


def zeros_behind(seed, n):
    """The data, and nothing behind it."""
    return {"data": total(fill(of_data(seed), n)), "bytes_that_are_not_zero": 0}


def zeros_behind_files(seed, n, program):
    """Half of the last page of data, and of what follows it, is not the segment's."""
    maker = Maker(program)
    data = maker.put(bytes_of(fill(of_data(seed), n + 1)))
    maker.segment(R | W, DATA_AT, data, n * PAGE + PAGE // 2, (2 * n + 1) * PAGE)
    return {"program": maker.file()}


def instances(seed, n):
    """All instances read the same."""
    found, one = 0, all_of(seed, n)
    for _ in range(12):
        found = (found * 3 + one) & MASK
    return {"all": found}


def total_chosen(pages, n, choice):
    """Returns the sum of chosen pages of windows: what was written to one, or else the page of the file."""
    written_to, of_file = pages
    indices = [mix(choice, i) % (n * WINDOWS) for i in range(CHOSEN)]
    values = [written_to.get(index, of_file[index % n]) for index in indices]
    return sum(value * (2 * i + 1) for i, value in enumerate(values)) & MASK


def large(seed, n):
    """Pages here and there."""
    choice, data = of_choices(seed), fill(of_data(seed), n)
    after = {mix(choice, i) % (n * WINDOWS): mix(of_writes(seed), i) for i in range(CHOSEN)}
    return {"text": total_chosen(({}, fill(seed, n)), n, choice), "data": total_chosen(({}, data), n, choice),
            "others": total_chosen(({}, data), n, choice + 1), "written": total_chosen((after, data), n, choice),
            "zeros": 0}


def large_files(seed, n, program):
    """Has 28 times as much text and data as the file has bytes, and as many zeros."""
    maker = Maker(program)
    add_windows(maker, R | X, TEXT_AT, fill(seed, n))
    add_windows(maker, R | W, DATA_AT, fill(of_data(seed), n))
    maker.segment(R | W, MORE_AT, 0, 0, n * WINDOWS * PAGE)
    return {"program": maker.file()}


def cost(seed, n):
    """What the program reads when it runs for the third time."""
    return {"child": all_of(seed, n)}


def faults(seed, n):
    """What the program reads."""
    return {"child": all_of(seed, n)}


def faults_files(seed, n, program):
    """The bytes of the data end in the middle of a page, and zeros follow."""
    maker = Maker(program)
    maker.segment(R | X, TEXT_AT, maker.put(bytes_of(fill(seed, n))), n * PAGE, n * PAGE)
    data = maker.put(bytes_of(fill(of_data(seed), n + 1)))
    maker.segment(R | W, DATA_AT, data, n * PAGE + PAGE // 2, (n + 2) * PAGE)
    return {"program": maker.file()}


def copies(seed, n):
    """One instance writes an eighth of its data; another one, and the file, keep theirs."""
    data, theirs = fill(of_data(seed), n), of_writes(seed)
    child = written(data, theirs, [i for i in range(n) if mix(theirs, i) % 8 == 0])
    before = total(data)
    return {"before": before, "child": total(child), "file": before, "second": 4 * before & MASK}


def copies_files(seed, n, program):
    """Text and data are the same bytes."""
    maker = Maker(program)
    data = maker.put(bytes_of(fill(of_data(seed), n)))
    maker.segment(R | W, DATA_AT, data, n * PAGE, n * PAGE)
    maker.segment(R | X, TEXT_AT, data, n * PAGE, n * PAGE)
    return {"program": maker.file()}


def dropped(seed, n):
    """Half of what was written is given back, and the first half written again."""
    data, mine = fill(of_data(seed), n), fill(of_writes(seed), n)
    first, last = n // 4, n // 4 + n // 2
    after = mine[:first] + data[first:last] + mine[last:]
    again = fill(seed, n // 2) + after[n // 2 :]
    return {"dropped": total(after), "written_again": total(again)}


def dropped_files(seed, n, program):
    """Has mostly data."""
    return {"program": two(program, seed, 1, n)}


def forked(seed, n):
    """Parent and child write other pages."""
    data = written(fill(of_data(seed), n), of_writes(seed), range(n // 4))
    text, choice = total(fill(seed, n)), of_choices(seed)
    return {"child": (total(written(data, choice, range(0, n, 2))) + text) & MASK,
            "parent": (total(written(data, choice + 1, range(0, n, 3))) + text) & MASK}


def out_of_memory(seed, n):
    """One program is killed, the other reads all that it has."""
    data = fill(of_data(seed), n)
    return {"found": total_chosen(({}, data), n, of_choices(seed)), "status_of_the_large": KILLED + SIGKILL,
            "other": all_of(seed, SMALL)}


def out_of_memory_files(seed, n, program):
    """Has a program with more data than memory, and a small one."""
    maker = Maker(program)
    add_windows(maker, R | W, DATA_AT, fill(of_data(seed), n))
    return {"program": maker.file(), "small": two(program, seed, SMALL, SMALL)}


def swapped(seed, n):
    """The program before and after it was in swap."""
    theirs = of_writes(seed)
    data = written(fill(of_data(seed), n), theirs, [i for i in range(n) if mix(theirs, i) % 8 == 0])
    program = (total(fill(seed, n)) + total(data)) & MASK
    return {"program": [program, program], "heap": total(fill(of_choices(seed) + 1, 4 * n))}


def leaks(seed, n):
    """Forty programs; after most of them comes a file that is none."""
    found = 0
    for i in range(40):
        found = (found * 3 + all_of(seed, n) + (ENOEXEC if i % 3 else 0)) & MASK
    return {"errors_in_the_ledger": 0, "total": found}


def leaks_files(seed, n, program):
    """One file is cut short, and one has a segment with less memory than bytes of the file."""
    good = two(program, seed, n, n)
    maker = Maker(program)
    maker.segment(R | W, DATA_AT, 0, n * PAGE, n * PAGE)
    maker.segment(R | X, TEXT_AT, 0, n * PAGE, 16)
    return {"program": good, "short": good[:100], "bad": maker.file()}


# ---- guest/segments.c ----

PIECES, PIECE_PAGES = 8, 16


def piece_of(seed, i):
    """Returns where a piece begins in its pages, how many bytes the file has of it, and how many it has in memory."""
    choice = mix(of_choices(seed), i)
    filesz = 1 + (choice >> 12) % (5 * PAGE)
    return choice % PAGE, filesz, filesz + 1 + (choice >> 32) % (16 if i % 2 else 4 * PAGE)


def zeros(seed, n):
    """The bytes of the file in each segment, and no others."""
    text, found = all_bytes(seed, PIECES * PIECE_PAGES), []
    for i in range(PIECES):
        in_page, filesz, _ = piece_of(seed, i)
        start = i * PIECE_PAGES * PAGE + in_page
        found.append(sum_bytes(text[start : start + filesz]))
    words = (int.from_bytes(text[at : at + WORD], "little") for at in range(0, len(text), WORD))
    return {"segment": found * n, "bytes_that_are_not_zero": [0] * PIECES * n, "file": total(words)}


def zeros_files(seed, _n, program):
    """The file goes on behind the bytes of each segment."""
    maker = Maker(program)
    offset = maker.put(all_bytes(seed, PIECES * PIECE_PAGES))
    for i in range(PIECES):
        in_page, filesz, memsz = piece_of(seed, i)
        maker.segment(R | W, DATA_AT + i * MIB + in_page, offset + i * PIECE_PAGES * PAGE + in_page, filesz, memsz)
    return {"program": maker.file()}


def odd_at(seed):
    """Returns where odd segments begin in a page."""
    return 1 + mix(of_choices(seed), 0) % (PAGE - 2)


def odd(seed, _n):
    """Segments of all kinds."""
    text, r = all_bytes(seed, 8), odd_at(seed)
    pieces = [text[r : r + 3 * PAGE], b"", b"", text[PAGE - 1 : PAGE], text[r:PAGE], text[:PAGE],
              text[:PAGE] + text[5 * PAGE : 6 * PAGE] + bytes(PAGE) + text[3 * PAGE : 4 * PAGE],
              text[5 * PAGE : 6 * PAGE], text[r : 4 * PAGE], text[PAGE + r : 2 * PAGE + r]]
    return {"segment": [sum_bytes(piece) for piece in pieces]}


def odd_files(seed, _n, program):
    """The file's part is none, one and all bytes; one segment lies over another; two share a page."""
    maker, r = Maker(program), odd_at(seed)
    words = maker.put(all_bytes(seed, 8))
    for va, offset, filesz, memsz in (
            (7 * MIB, 0, PAGE + r // 2, PAGE + r),  # its zeros end where the last one begins, in the same page
            (r, r, 3 * PAGE, 3 * PAGE),  # no zeros
            (MIB + r, 77, 0, 3 * PAGE),  # no bytes of the file
            (2 * MIB + r, r, 0, 0),  # nothing
            (2 * MIB + PAGE - 1, PAGE - 1, 1, 1),  # a byte
            (3 * MIB + r, r, PAGE - r, 3 * PAGE),  # zeros from a page on
            (4 * MIB, 0, PAGE, PAGE),  # a page
            (5 * MIB, 0, 4 * PAGE, 4 * PAGE),  # is covered by the next
            (5 * MIB + PAGE, 5 * PAGE, PAGE, 2 * PAGE),  # covers two pages of it
            (6 * MIB + r, r, 4 * PAGE - r, 5 * PAGE),  # pages of the first
            (7 * MIB + PAGE + r, PAGE + r, PAGE, 2 * PAGE)):
        maker.segment(R | W, DATA_AT + va, words + offset, filesz, memsz)
    return {"program": maker.file()}


EM_X86_64, ET_REL = 62, 1
SHORT, BAD_HEADERS, BAD_SEGMENTS, BAD_ENTRIES = 3, 5, 8, 3  # how many of each kind are refused


def refused(_seed, _n):
    """Errors of exec, and what becomes of a program whose first instruction faults."""
    return {"good": [0, 0], "error": [ENOEXEC] * (SHORT + BAD_HEADERS + BAD_SEGMENTS) + [KILLED + REFUSED] * BAD_ENTRIES}


def with_a_page():
    """Returns a small program with a page of data, in the making."""
    maker = Maker(smallest())
    maker.segment(R | W, DATA_AT, maker.put(bytes(PAGE)), PAGE, PAGE)
    return maker


def changed(header=(), segment=()):
    """Returns a small program with other fields in its header, or in that of its last segment."""
    maker = with_a_page()
    maker.header.update(header)
    maker.table[-1].update(segment)
    return maker.file()


def refused_files(seed, _n, _program):
    """Has a good program, and bad ones by number."""
    good, bits = with_a_page().file(), mix(seed, 1) % 4000 + 1
    bad = [good[:size] for size in (0, mix(seed, 2) % 64, 64)]  # without program headers, and perhaps less
    bad += [changed(header=one) for one in (
        {"ident": b"\x7e" + smallest()[1:16]}, {"machine": EM_X86_64}, {"type": ET_REL}, {"phnum": 0}, {"phentsize": 55})]
    bad += [changed(segment=one) for one in (
        {"memsz": PAGE - bits}, {"vaddr": DATA_AT + bits}, {"vaddr": -PAGE * bits & MASK}, {"vaddr": 1 << 38}, {"vaddr": 0},
        {"memsz": MASK}, {"memsz": 1 << 38}, {"offset": -PAGE & MASK})]
    bad += [changed(header={"entry": at}) for at in (MORE_AT + 4 * bits, 0, DATA_AT)]  # nothing, nothing, and data
    return {"good": good, **{str(i): text for i, text in enumerate(bad)}}


def bytes_left(seed):
    """Returns how many bytes the last page of the short file has."""
    return 1 + mix(of_choices(seed), 5) % (PAGE - 2)


def cut(seed, n):
    """What is in the file, and what becomes of accesses beyond it."""
    left, same = bytes_left(seed), total(fill(seed, n))
    return {"ended_with": [KILLED + REFUSED] * 3, "reason": [LOST] * 3, "error": EFAULT, "text": same, "data": same,
            "last_bytes": sum_bytes(bytes_of([mix(seed, n)])[:left]), "bytes_that_are_not_zero": 0,
            "written": total(fill(of_writes(seed), n + 1))}


def cut_files(seed, n, program):
    """The segments have four pages more than the file, of which the last page is cut."""
    maker = Maker(program)
    pages = maker.put(bytes_of(fill(seed, n + 1)))
    maker.segment(R, TEXT_AT, pages, (n + 4) * PAGE, (n + 4) * PAGE)
    maker.segment(R | W, DATA_AT, pages, (n + 4) * PAGE, (n + 4) * PAGE)
    return {"program": maker.file()[: pages + n * PAGE + bytes_left(seed)]}


ENDS = 1000  # so many bytes before the end of a page end those of the file


def permissions(seed, n):
    """Refused accesses, and what the functions in the text return before and after they were written over."""
    values = [mix(seed, i) & 0x7ff for i in range(n)]
    after = [mix(of_writes(seed), i) & 0x7ff if i % 2 == 0 else values[i] for i in range(n)]
    return {"ended_with": [KILLED + REFUSED] * 23, "reason": [FORBIDDEN] * 23, "error": [EFAULT] * 2,
            "bytes_that_are_not_zero": 0, "calls": total(values), "calls_of_new_text": total(after),
            "calls_of_the_next": total(values)}


def function(value):
    """Returns a page with a function that returns a number of 11 bits."""
    return struct.pack("<2I", 0x00000513 | (value & 0x7FF) << 20, 0x00008067).ljust(PAGE, b"\0")  # li a0, value; ret


def permissions_files(seed, n, program):
    """The bytes of each segment end before its last page does; then come pages of zeros."""
    maker = Maker(program)
    text = maker.put(b"".join(function(mix(seed, i)) for i in range(n)))
    data = maker.put(bytes_of(fill(of_data(seed), n)))
    maker.segment(R | X, TEXT_AT, text, n * PAGE - ENDS, (n + 1) * PAGE)
    maker.segment(R | W, DATA_AT, data, n * PAGE - ENDS, (n + 3) * PAGE)
    maker.segment(R, MORE_AT, data, n * PAGE - ENDS, (n + 1) * PAGE)
    return {"program": maker.file()}


PATH_AT = 1000


def kernel(seed, n):
    """What write(2) took from text, and read(2) put into data."""
    data, text = fill(of_data(seed), n), fill(seed, n)
    return {"opened": 1, "written": total(text), "read": total(data[: n // 2] + text[: n // 2])}


def kernel_files(seed, n, program):
    """The page behind the data has the name of the file."""
    maker = Maker(program)
    maker.segment(R | X, TEXT_AT, maker.put(bytes_of(fill(seed, n))), n * PAGE, n * PAGE)
    data = maker.put(bytes_of(fill(of_data(seed), n)) + bytes(PATH_AT) + b"/made/program".ljust(PAGE - PATH_AT, b"\0"))
    maker.segment(R | W, DATA_AT, data, (n + 1) * PAGE, (n + 1) * PAGE)
    return {"program": maker.file()}
