#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""R150. Debian's python3 and xz, with threads, in the folder that FAULTLINE_DEBIAN_ROOT names.

tools/debian-root DIR python3 xz-utils makes it."""

import os

from lib.guest import run_raw
from lib.tap import Skip, case, equal, main

VARIABLE = "FAULTLINE_DEBIAN_ROOT"
OPTIONS = ["--mem", "256M", "--timeout", "600", "--root"]

SCRIPT = r"""
import concurrent.futures, os, queue, selectors, signal, sys, threading

def worker(numbers, sums):
    total = 0
    while (number := numbers.get()) is not None:
        total += number
    sums.put(total)

def queues():
    numbers, sums = queue.Queue(maxsize=4), queue.Queue()
    threads = [threading.Thread(target=worker, args=(numbers, sums)) for _ in range(8)]
    for thread in threads: thread.start()
    for number in range(1000): numbers.put(number)
    for thread in threads: numbers.put(None)
    for thread in threads: thread.join()
    print("sum", sum(sums.get() for _ in threads))

def locks():
    count, lock, barrier = [0], threading.RLock(), threading.Barrier(4)
    def add():
        barrier.wait()
        for _ in range(500):
            with lock: count[0] += 1
    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print("count", count[0], "left", threading.active_count())

def futures():
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        print("squares", sum(pool.map(lambda n: n * n, range(100))))
        fails = pool.submit(lambda: 1 // 0)
        print("raised", type(fails.exception()).__name__)

def waits():
    selector, ends = selectors.DefaultSelector(), [os.pipe() for _ in range(8)]
    for number, (end, _) in enumerate(ends): selector.register(end, selectors.EVENT_READ, number)
    def write(number): os.write(ends[number][1], b"%d" % number)
    threads = [threading.Timer(0.001 * (number % 3), write, [number]) for number in range(8)]
    for thread in threads: thread.start()
    seen = set()
    while len(seen) < 8:
        for key, _ in selector.select():
            seen.add(key.data)
            assert os.read(key.fd, 10) == b"%d" % key.data
    print(type(selector).__name__, sorted(seen))

def children():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        def child(number):
            pid = os.fork()
            if pid == 0: os._exit(number)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print("children", list(pool.map(child, range(12))))

def signals():
    came = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: came.set())
    threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
    print("signal", came.wait(60))

for part in queues, locks, futures, waits, children, signals: part()
"""

OUTPUT = b"""sum 499500
count 2000 left 1
squares 328350
raised ZeroDivisionError
EpollSelector [0, 1, 2, 3, 4, 5, 6, 7]
children [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
signal True
"""


def root_with(program):
    root = os.environ.get(VARIABLE)
    if not root:
        raise Skip(f"{VARIABLE} names no folder of tools/debian-root")
    if not os.path.exists(os.path.join(root, program)):
        raise Skip(f"{root} has no {program}")
    return root


@case
def R150_python_threads_futures_selectors_and_children():
    done = run_raw([*OPTIONS, root_with("usr/bin/python3"), "--", "/usr/bin/python3", "-c", SCRIPT])
    equal((OUTPUT, 0), (done.out, done.status), "output and status")


@case
def R150_xz_with_threads_gives_back_what_it_was_given():
    root = root_with("usr/bin/xz")
    given = b"".join(b"%d squared is %d\n" % (n, n * n) for n in range(200000))
    packed = run_raw([*OPTIONS, root, "--", "/usr/bin/xz", "-1", "-T4", "--block-size=1MiB", "-c"], stdin=given)
    equal(0, packed.status, "status of xz")
    done = run_raw([*OPTIONS, root, "--", "/usr/bin/xz", "-d", "-T4", "-c"], stdin=packed.out)
    equal((given, 0), (done.out, done.status), "output and status")


if __name__ == "__main__":
    main()
