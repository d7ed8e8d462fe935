# SPDX-License-Identifier: MIT
"""Makes the films of the labs, for teachers: a program with the second solution, or beside it with another tree (docs/film.md)."""

import os
import tempfile

from grader import build, filming, limits, run
from grader.lab import Point, Wrong, lines_of
from labs import slots, trees
from recording import film, file, model

LIST = "films.txt"
FIELDS = 5  # of a line of it
SEED = 1  # films of the same sources are the same
RIGHT = "second"
TITLES = {"start": "the start", RIGHT: "a right solution"}
SHOWN = 5  # mistakes of a recording


class Film:
    """A line of films.txt: what runs, and what is shown beside the second solution."""

    def __init__(self, line, lab):
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != FIELDS or not fields[0]:
            raise Wrong(f"{lab.path(LIST)}: not {FIELDS} fields: {line}")
        self.lab = lab
        self.name, program, options, self.beside, self.says = fields
        self.point = Point(f"{self.name} | 0 keep | {program} | icount {options} | {self.says}", lab)
        if filming.why_not(self.point):
            raise Wrong(f"{lab.path(LIST)}: {self.name}: {filming.why_not(self.point)}")
        if self.beside not in ("", "start") and not os.path.exists(self.patch()):
            raise Wrong(f"{lab.path(LIST)}: {self.name}: {self.beside} is neither 'start' nor one of wrong/")

    def patch(self):
        """Returns the patch of the wrong solution."""
        return self.lab.path("wrong", self.beside + ".patch")

    def solutions(self):
        """Returns the names of the solutions in it."""
        return [RIGHT, *([self.beside] if self.beside else [])]

    def title(self, solution):
        """Returns the title of one of its sides."""
        return f"{self.lab.name}: {self.point.program} {self.point.test} {self.point.n}, " + TITLES.get(solution, "wrong: " + solution)


def films_of(lab):
    """Returns the films of a lab, which may have none."""
    return [Film(line, lab) for line in lines_of(lab.path(LIST))] if os.path.exists(lab.path(LIST)) else []


def texts_of(root, lab, solution):
    """Returns the lab's files of a solution, {name: bytes}."""
    known = {wrong.name: wrong for wrong in trees.wrongs_of(lab)}
    with tempfile.TemporaryDirectory(prefix="faultline-lab-") as folder:
        if solution in known:
            trees.solution(root, lab, known[solution].base, folder, known[solution].path)
        else:
            trees.solution(root, lab, solution, folder)
        return slots.read_folder(lab, folder)


def finder_of(place, point):
    """Returns what finds the programs of a recording by their names."""
    init = os.path.join(place.build, build.target(place.root, "init"))
    return {filming.name_of(path): path for path in (init, *run.made_files(place, point), place.guest(point))}.get


def record(place, one, path):
    """Records the program of a film; raises Wrong if there is no whole recording."""
    outcome = run.run(place, one.point, SEED, words=["--record", path])
    found = file.Recording(path)
    for _ in found:
        pass
    if found.why_short():
        raise Wrong(f"{one.lab.name}: {one.name}: {found.why_short()}\n{outcome.log}")


# ---- is a recording right? ----

SHARED = ~(3 << 5)  # of an entry: all but A and D, which the hardware sets


def differs(before, known):
    """Tells whether an entry is another one than the recording has made so far."""
    if model.has_page(before) and model.has_page(known):  # the hardware's A and D, and present or not with them
        return (before ^ known) & SHARED & ~model.STATE != 0
    return (before ^ known) & SHARED != 0


def mistakes_in(recording):
    """Yields what is wrong with a recording: a fault begins with another entry than the last change has left, or is resolved
    without a round, or that of a user copy has no end. (Rounds of the kernel's own accesses belong to no fault.)"""
    tables, rounds, nfaults = model.Tables(), {}, 0
    for record in recording:
        if record.type == file.FAULT:
            nfaults += 1
            last = rounds.pop(record.tid, None)
            if record.result == 0 and (last is None or last.args[0] != record.args[1] // model.PAGE * model.PAGE):
                yield f"record {record.seq}: the fault at {record.args[1]:#x} has no round"
        elif record.type == file.ROUND and not any(kind.startswith("DENY") for kind in record.kinds):
            known = tables.space(record.space).get(record.args[0], 0)
            if differs(record.args[1], known):
                yield f"record {record.seq}: {record.args[0]:#x} is {file.Entry(record.args[1])}, and was {file.Entry(known)}"
            last = rounds.get(record.tid)
            if last and last.more & file.COPY and last.args[0] != record.args[0]:
                yield f"record {record.seq}: the fault before it has no end"
            rounds[record.tid] = record
        tables.apply(record)
    if not nfaults:
        yield "no fault is in it"
    if recording.why_short():
        yield recording.why_short()


def check(place, one):
    """Records the program of a film; returns what is wrong with the recording, a line for each."""
    with tempfile.TemporaryDirectory(prefix="faultline-films-") as folder:
        path = os.path.join(folder, "recording")
        outcome = run.run(place, one.point, SEED, words=["--record", path])
        try:
            return [f"the recording of {one.name}: {line}" for line in mistakes_in(file.Recording(path))][:SHOWN]
        except file.Broken as error:
            return [f"the recording of {one.name}: {error}", *outcome.log.splitlines()[-SHOWN:]]


def make_lab(root, lab, films, area, folder, tell):
    """Makes the films of one lab. Builds each solution once."""
    slot = slots.Slot(root, lab, os.path.join(area, lab.name), "0")
    slot.make()
    guests = build.guests(root, lab, os.path.join(root, "labs/lib"), os.path.join(area, lab.name, "common/guest", lab.name))
    place = run.Place(slot.tree, slot.build, guests, ({}, ""), limits.Limits())
    with tempfile.TemporaryDirectory(prefix="faultline-films-") as scratch:
        def recording(one, solution):
            return os.path.join(scratch, f"{one.name}-{solution}")

        for solution in dict.fromkeys(name for one in films for name in one.solutions()):
            slot.take(texts_of(root, lab, solution))
            try:
                build.kernel(slot.build, [build.target(slot.tree, name) for name in ("kernel", "init")], sources=[slot.tree])
            except build.Broken as error:
                raise Wrong(f"{lab.name}: {TITLES.get(solution, solution)} does not compile:\n{error}") from None
            for one in films:
                if solution in one.solutions():
                    record(place, one, recording(one, solution))
        for one in films:
            path = os.path.join(folder, f"{lab.name}-{one.name}.html")
            finder = finder_of(place, one.point)
            film.write(path, [film.read(file.Recording(recording(one, solution)), finder, one.title(solution))
                              for solution in one.solutions()])
            tell(f"{path}: {one.says}")


def make(root, names, folder, area):
    """Makes the films of these labs, or of all."""
    os.makedirs(folder, exist_ok=True)
    for name in names or trees.labs_of(root):
        lab = trees.lab_of(root, name)
        films = films_of(lab)
        if films:
            make_lab(root, lab, films, area, folder, lambda line: print(line, flush=True))
        else:
            print(f"{name}: has no films")
