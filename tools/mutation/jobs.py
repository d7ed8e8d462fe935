# SPDX-License-Identifier: MIT
"""Spreads pieces of work over processes. Each counts the CPU of its own tests, which threads could not tell apart."""

import multiprocessing


def spread(pieces, worker_of, jobs):
    """
    Yields (piece, result) as they come, of as many processes as there are jobs. In each, worker_of(job) returns a function
    that turns a piece into its result. Exits if a process ends before its time.
    """
    context = multiprocessing.get_context("fork")
    todo, done = context.SimpleQueue(), context.SimpleQueue()

    def work_off(job):
        try:
            worker = worker_of(job)
            for number in iter(todo.get, None):
                done.put((number, worker(pieces[number])))
        finally:
            done.put((None, None))

    workers = [context.Process(target=work_off, args=(job,)) for job in range(jobs)]
    for worker in workers:
        worker.start()
    for number in [*range(len(pieces)), *[None] * jobs]:
        todo.put(number)
    left = jobs
    while left:
        number, result = done.get()
        if number is None:
            left -= 1
        else:
            yield pieces[number], result
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise SystemExit("mutants: a job has ended before its time")
