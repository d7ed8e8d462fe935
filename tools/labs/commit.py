# SPDX-License-Identifier: MIT
"""What each commit shows of the labs: of every lab the start tree builds and has the points that it should have, and the second
solution has all points that run mm/ on this computer, and one more that changes from commit to commit.

The labs are built in two folders: those of the whole kernel and those of the core alone. What the labs of a folder have in common is
compiled once and kept, or taken from a build of this tree; each lab begins with a copy of that, to which its patches are applied,
so that only the files that they change are compiled."""

import json
import os
import shutil
import subprocess
import tempfile

import turn
from grader import build, report, run
from grader.lab import Lab, Wrong
from labs import slots, trees
from mutation import area
from structure import files

PARTS = ("tree", "host")
OPTIONS = ("werror", "debug", "optimization", "all_checks")  # of a build, which the commands that compile the kernel depend on
COMPILED = (".o", ".a")
NINJAS = (".ninja_log", ".ninja_deps")  # what ninja knows of what it has made: commands, times, headers
FAILS_AFTER = 4  # seconds of processor time that a point gets which is expected to fail; one that passes takes less than three
OTHER_BOARDS = 4  # a commit runs one in four of the gains on other boards than virt: start trees are slow there


class Base:
    """The tree without what students do not get, its build, and what was compiled of mm/ for this computer."""

    def __init__(self, root, folder, built, is_core):
        """`built` is a build folder of the tree `root` that may be used, or ""."""
        self.root, self.folder, self.built, self.is_core = root, folder, built, is_core
        self.tree, self.host = (os.path.join(folder, part) for part in PARTS)
        self.build = os.path.join(self.tree, "build")  # where ./test.sh has it, so that commands are the same
        self.kept = os.path.join(folder, "kept")
        self.log = os.path.join(folder, "build.log")

    def make(self, labs):
        """Makes or updates the tree, compiles it and keeps it. Raises Broken with the compiler's errors."""
        for part in PARTS:
            os.makedirs(os.path.join(self.kept, part), exist_ok=True)
            slots.renew(os.path.join(self.kept, part), os.path.join(self.folder, part))
        with tempfile.TemporaryDirectory(prefix="faultline-lab-") as fresh:
            trees.copy_working(self.root, fresh)
            trees.remove_left_out(fresh, self.is_core)
            trees.copy_libraries(self.root, fresh)  # where a lab has them, for the same commands compile mm/
            slots.mirror(fresh, self.tree)
        self.set_up()
        programs = {name for lab in labs for name in build.programs_of_students(trees.points_of(lab))}
        build.kernel(self.build, [*self.needed(), build.HOST_SOURCES, *sorted(programs)])
        broken = ""
        for lab in labs:
            broken = broken or build.host_programs(self.tree, self.build, lab, os.path.join(self.tree, "lab/lib"), self.host)[1]
        for part in PARTS:
            slots.renew(os.path.join(self.folder, part), os.path.join(self.kept, part))
        return broken

    def needed(self):
        """Returns what all labs need of a build."""
        return [build.target(self.tree, "kernel"), build.target(self.tree, "init"), build.STRICT]

    def set_up(self):
        """Sets up the build, if that has not been done, with all that another build has compiled by the same commands from the
        same sources."""
        if os.path.exists(os.path.join(self.build, "build.ninja")):
            return
        options = ["-Ddebug=false"]  # nobody debugs these kernels
        if self.built:
            with open(os.path.join(self.built, "meson-info/intro-buildoptions.json"), encoding="utf-8") as file:
                options = [f"-D{one['name']}={str(one['value']).lower()}" for one in json.load(file) if one["name"] in OPTIONS]
        if not area.run(["meson", "setup", self.build, self.tree, *slots.SETUP, *options], self.tree, self.log):
            raise Wrong(f"the build could not be set up: see {self.log}")
        if not self.built:
            return
        for name in files.walked(self.tree):  # else ninja would take them for newer than what was made from them
            if os.path.exists(os.path.join(self.root, name)):
                shutil.copystat(os.path.join(self.root, name), os.path.join(self.tree, name), follow_symlinks=False)
        said = subprocess.run(["ninja", "-C", self.build, "-t", "targets", "all"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        made = [line.partition(": ")[0] for line in said.stdout.splitlines()]
        for name in [*NINJAS, *(name for name in made if name.endswith(COMPILED))]:
            there, here = os.path.join(self.built, name), os.path.join(self.build, name)
            if os.path.exists(there):
                os.makedirs(os.path.dirname(here), exist_ok=True)
                shutil.copy2(there, here)

    def become(self, lab):
        """Has the tree that a lab's students start from."""
        for part in PARTS:
            slots.renew(os.path.join(self.kept, part), os.path.join(self.folder, part))
        trees.take_away(self.root, lab, self.tree)
        trees.apply_start(lab, self.tree)
        trees.add_lab(self.root, lab, self.tree)

    def place(self, lab, guests, points):
        """Compiles what the tree has now, and what the points need; returns where they run."""
        students = Lab(os.path.join(self.tree, "lab"), lab.name)
        build.kernel(self.build, sorted({*self.needed(), *build.targets_of(self.tree, points)}))
        hosts = build.host_programs(self.tree, self.build, students, students.path("lib"), self.host) \
            if any(point.on_host for point in points) else ({}, "")
        return run.Place(self.tree, self.build, guests, hosts)


def is_cheap(point):
    """Returns whether a point needs no kernel of its own."""
    return not point.kernel and not point.bug


def grade(place, points, seed, kind):
    """Runs points in a tree of a kind; returns their Outcomes."""
    outcomes = []
    for point in points:
        unfit = run.unfit(place, point, outcomes)
        seconds = FAILS_AFTER if kind == "start" and point.kind == "gain" else run.SECONDS
        outcomes.append(run.not_run(point, unfit) if unfit else run.run(place, point, seed, seconds=seconds))
    return outcomes


def start_is_wrong(outcomes):
    """Returns lines about the points of a start tree that are not as they should be: a gain passes, another one fails."""
    return [f"{one.point.name} ({one.point.kind}): {one.why or 'passes'}" for one in outcomes if one.passed != (one.point.kind != "gain")]


def chosen_of_start(points, number):
    """Returns the points that a commit of this number runs in a start tree."""
    elsewhere = [point for point in points if point.kind == "gain" and point.board != "virt"]
    left_out = [point for place, point in enumerate(elsewhere) if (place - number) % OTHER_BOARDS]
    return [point for point in points if is_cheap(point) and point not in left_out]


def chosen_of_second(points, number):
    """Returns the points that a commit of this number runs with the second solution."""
    guests = [point for point in points if is_cheap(point) and not point.on_host]
    return [point for point in points if point.on_host] + [guests[number % len(guests)]]


def check_lab(base, lab, number, seed, tap):
    """Checks a lab; a point for each of its two trees."""
    points = trees.points_of(lab)
    guests = {}
    for part in (lab, trees.hidden_of(lab)):
        if part:
            guests.update(build.guests(base.root, part, os.path.join(base.root, "labs/lib"), os.path.join(base.folder, "guest", lab.name)))

    def attempt(kind, name, patch, chosen, mistakes):
        wrong, said = [], []
        try:
            patch()
            outcomes = grade(base.place(lab, guests, chosen), chosen, seed, kind)
            wrong, said = mistakes(outcomes), [f"{sum(one.passed for one in outcomes)} of {len(outcomes)} pass"]
        except (Wrong, build.Broken, OSError) as error:
            wrong = str(error).splitlines() or ["it failed"]
        tap.point(f"{lab.name}: {name}", wrong, *said)

    attempt("start", "the start tree builds and has its points", lambda: base.become(lab), chosen_of_start(points, number), start_is_wrong)
    chosen = chosen_of_second(points, number)
    attempt("second", f"the second solution has what runs on this computer, and '{chosen[-1].name}'",
            lambda: trees.apply(lab.path("second.patch"), base.tree), chosen,
            lambda outcomes: [report.line(one) for one in outcomes if not one.passed])


def check(root, names, folder, seed, tap):
    """Checks labs."""
    labs, number = [trees.lab_of(root, name) for name in names], turn.number_of_commit(root)
    for is_core, kernel in ((False, "the whole kernel"), (True, "the core alone")):
        chosen = [lab for lab in labs if trees.Made(lab).is_core == is_core]
        if not chosen:
            continue
        base = Base(root, os.path.join(folder, "commit-core" if is_core else "commit"), os.environ.get("FAULTLINE_BUILD", ""), is_core)
        try:
            wrong = base.make(chosen).splitlines()
        except (Wrong, build.Broken) as error:
            wrong = str(error).splitlines()
        tap.point(f"what the labs of {kernel} have in common builds, for the machine and for this computer", wrong,
                  f"commit number {number}, seed {seed}")
        for lab in () if wrong else chosen:
            check_lab(base, lab, number, seed, tap)
