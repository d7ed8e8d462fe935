#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The benchmarks of swap and of threads: how their logs are read, what is judged, and the algorithms that swap's compares with."""

import contextlib
import io
import os
import sys

from base import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests/bench"))
sys.dont_write_bytecode = True

import bench  # noqa: E402
import recording  # noqa: E402
import swapbench  # noqa: E402
import swaprun  # noqa: E402
import swaptrace  # noqa: E402
import threadbench  # noqa: E402
from lib.tap import case, equal, has, main  # noqa: E402

KNOWN = ["mark 1 user 10 kernel 0 firmware 9\n", f"mark 2 user {10 + swaprun.KNOWN_LOOP} kernel 0 firmware 9\n",
         f"mark 3 user {10 + swaprun.KNOWN_LOOP + swaprun.KNOWN_CALLS} kernel 100000 firmware 9\n"]
WRITE = "virtio_blk_handle_write vdev 0x1 req 0x2 sector 8 nsectors 64\n"
READ = "virtio_blk_handle_read vdev 0x1 req 0x2 sector 8 nsectors 8\n"
LOG = [*KNOWN, READ, "mark 256 user 20000 kernel 100000 firmware 9\n", WRITE, READ, READ,
       "block 512 0xffffffff80200000 4 10\n", "mark 512 user 20007 kernel 100040 firmware 10\n", WRITE]
OUTPUT = "kernel Some 1\nstart 99\nrow 0 fill touched 5 majflt 2\ndone\n"
RECORDING = swapbench.read_recordings()


def judged(rows):
    """Returns (number of bad points, what was printed)."""
    with contextlib.redirect_stdout(io.StringIO()) as text:
        bad = swapbench.judge(*RECORDING, rows)
    return bad, text.getvalue()


def changed(row, **figures):
    """Returns rows of half of Linux's instructions and of its requests, but for these figures of one row."""
    rows = {name: {**theirs, "kernel": theirs["kernel"] // 2, "firmware": 0} for name, theirs in RECORDING[1].items()}
    rows["scan"]["pages_in"] = rows["scan"]["reads"] = 0
    rows[row].update(figures)
    return rows


@case
def what_lies_between_two_marks_is_a_row():
    row = swaprun.rows_of(OUTPUT, LOG)["fill"]
    equal({"touched": 5, "majflt": 2, "user": 7, "kernel": 40, "firmware": 1, "writes": 1, "pages_out": 8, "reads": 2,
                "pages_in": 2}, row, "figures")
    equal({"fill": [(0xFFFFFFFF80200000, 40)]}, swaprun.blocks_of(OUTPUT, LOG), "blocks")
    equal({"kernel": "Some 1", "start": "99"}, swaprun.facts(OUTPUT), "facts")


@case
def a_plugin_that_counts_wrongly_is_found():
    for wrong in ([KNOWN[0].replace("10", "11"), *KNOWN[1:]], [*KNOWN[:2], KNOWN[2].replace("100000", "3")]):
        try:
            swaprun.measured(wrong)
        except bench.Failure as failure:
            has(str(failure), "the plugin", "reason")
        else:
            raise AssertionError("not found")


@case
def half_of_linux_is_good_enough():
    equal(0, judged(changed("fill"))[0], "bad points")


@case
def each_limit_is_held():
    linux = RECORDING[1]
    for point, row, figures in (
        ("out_seq instructions", "out_seq", {"kernel": linux["out_seq"]["kernel"]}),
        ("out_seq requests per page out", "out_seq", {"writes": 2 * linux["out_seq"]["writes"]}),
        ("in_sparse pages in", "in_sparse", {"pages_in": 2 * linux["in_sparse"]["pages_in"]}),
        ("scan pages of the set read again", "scan", {"pages_in": swaprun.FREE}),
        ("in_five reads", "in_five", {"reads": linux["in_five"]["reads"] * 4 // 3}),
        ("write_random pages_in", "write_random", {"pages_in": linux["write_random"]["pages_in"] * 4 // 3}),
        ("zipf pages in, beside Linux", "zipf", {"pages_in": linux["zipf"]["pages_in"] + 1}),
        ("zipf pages in, beside exact LRU", "zipf", {"pages_in": int(RECORDING[0]["zipf_lru"]) * 6 // 5}),
    ):
        bad, text = judged(changed(row, **figures))
        equal(True, bad >= 1, f"{point}: there are bad points")
        has([line.split(" - ")[1] for line in text.splitlines() if line.startswith("not ok")], point, "bad points")


@case
def the_document_has_a_line_for_each_row():
    text = swapbench.document(*RECORDING, changed("fill"))
    for name in RECORDING[1]:
        has(text, f"\n| {name} | ", "table")
    has(text, "| 2.0 |", "table, for half of the instructions")


@case
def lru_and_the_optimum_of_a_short_trace():
    trace = [1, 2, 3, 1, 4, 2, 5, 1]
    equal([0, 1, 2, 4, 5, 6, 7], swaptrace.lru(trace, 3, []), "misses of LRU")
    equal([0, 1, 2, 4, 6], swaptrace.optimum(trace, 3, []), "misses of the optimum")
    equal([2], swaptrace.lru([1, 2, 3], 2, [1, 2]), "misses of LRU with two pages there")
    equal([2], swaptrace.optimum([1, 2, 3, 1], 2, [1, 2]), "misses of the optimum with two pages there")


@case
def the_optimum_is_the_least_of_all_choices():
    """Compared with a search through all choices."""
    random = swaptrace.Random(5)

    def least(trace, pages):
        if not trace:
            return 0
        if trace[0] in pages:
            return least(trace[1:], pages)
        victims = pages if len(pages) == 3 else [None]
        return 1 + min(least(trace[1:], (pages - {victim}) | {trace[0]}) for victim in victims)

    for _ in range(20):
        trace = [random.below(6) for _ in range(14)]
        equal(least(trace, frozenset()), len(swaptrace.optimum(trace, 3, [])), f"misses for {trace}")


@case
def zipf_touches_few_pages_often():
    trace = swaptrace.zipf(1000, 20000)
    shares = sorted((trace.count(page) for page in set(trace)), reverse=True)
    equal(True, 0.12 < shares[0] / len(trace) < 0.15, f"share of the first of 1000 pages, about 1 / 7.5: {shares[0]}")
    equal(True, 0.9 < shares[0] / shares[1] / 2 < 1.1, "the second has about half of that")


def log_of_threads(nsamples):
    """Returns a log of all rows: a sample takes 64 instructions an operation, and the last one a hundred times as many."""
    log, kernel = [], 0
    for number in range(len(threadbench.ROWS)):
        for sample in range(nsamples):
            log.append(f"mark {256 + number} user 5 kernel {kernel} firmware 7\n")
            kernel += 64 * threadbench.ROUNDS * (100 if sample == nsamples - 1 else 1)
            log.append(f"mark {512 + number} user 5 kernel {kernel} firmware {7 + threadbench.ROUNDS}\n")
            kernel += 1000  # between samples: of no row
    return log


@case
def a_row_of_threads_is_the_median_of_its_samples():
    rows = threadbench.measured(log_of_threads(threadbench.SAMPLES))
    equal(dict.fromkeys(threadbench.ROWS), dict.fromkeys(rows), "rows")
    for row in rows.values():
        equal((64, 0, 65), (row["kernel"], row["user"], recording.kernel(row)), "instructions of an operation")
    try:
        threadbench.measured(log_of_threads(threadbench.SAMPLES - 1))
    except bench.Failure as failure:
        has(str(failure), "samples", "reason")
    else:
        raise AssertionError("a missing sample is not found")


@case
def a_row_of_threads_has_two_limits():
    linux = {"user": 0, "kernel": 1200, "firmware": 0}
    for here, committed, good in ((432, None, True), (433, None, False), (390, 383, True), (392, 383, False), (350, 300, False)):
        why = threadbench.judge({"user": 9999, "kernel": here - 1, "firmware": 1}, linux, committed)
        equal(good, why == "", f"{here} of {linux['kernel']}, committed {committed}: {why}")


if __name__ == "__main__":
    main()
