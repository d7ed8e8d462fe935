# SPDX-License-Identifier: MIT
"""Checks labs: does what a teacher relies on hold for the start tree, the right solutions and the wrong ones?"""

import fnmatch
import os
import queue
import re
import tempfile
import threading

import context_patch
from grader import build, report, run, seal
from grader.lab import Wrong, bugs_of
from labs import commit, films, handout, slots, trees

FEWEST_WRONG = 8
SECOND_LINES = range(60, 151)  # that the second solution adds
HINTS = 3  # at least
ANSWERS = "answers.md"
QUESTIONS = "## Questions\n"


class Tap:
    """Prints TAP points as they come; the plan comes last."""

    def __init__(self):
        self.count, self.failed, self.lock = 0, 0, threading.Lock()

    def point(self, name, wrong, *more):
        """Prints a point, which has failed if there are lines that say what is wrong."""
        with self.lock:
            self.count += 1
            self.failed += bool(wrong)
            for line in [*wrong, *more]:
                print("# " + line)
            print(f"{'not ok' if wrong else 'ok'} {self.count} - {name}", flush=True)

    def end(self):
        """Prints the plan; returns the exit status."""
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def attempt(action, *words):
    """Returns the lines that say why something cannot be done; none if it can."""
    try:
        action(*words)
    except (Wrong, OSError) as error:
        return str(error).splitlines() or ["it failed"]
    return []


def added_lines(patch):
    """Returns how many lines a patch adds."""
    with open(patch, encoding="utf-8") as file:
        return sum(line.startswith("+") and not line.startswith("+++") for line in file)


class Bases:
    """A lab's solutions that wrong ones are based on, each made once."""

    def __init__(self, root, lab, folder):
        self.root, self.lab, self.folder = root, lab, folder
        self.made = {}  # kind: why it cannot be made

    def fits(self, kind, patch=None):
        """Returns why a solution cannot be made."""
        folder = os.path.join(self.folder, kind)
        if kind not in self.made:
            os.mkdir(folder)
            self.made[kind] = attempt(trees.solution, self.root, self.lab, kind, folder)
        if self.made[kind] or not patch:
            return self.made[kind]
        return attempt(trees.apply, patch, folder, "--check")


def check_worths(points):
    """Returns what is wrong with the worths: a solution that changes little keeps too many points."""
    kept, most = (sum(point.worth for point in points if kind in ("", point.kind)) for kind in ("keep", ""))
    return [f"{kept} of {most} points are of the kind keep, which is more than a third"] if 3 * kept > most else []


def numbered(path, title="\n"):
    """Returns the numbers of the paragraphs 1., 2. and so on below a title, or in all of a file."""
    with open(path, encoding="utf-8") as file:
        return re.findall(r"^(\d+)\. ", file.read().partition(title)[2], re.MULTILINE)


def check_answers(lab):
    """Returns what is wrong with the answers: there is one for each of the handout's questions."""
    if not os.path.exists(lab.path(ANSWERS)):
        return [f"there is no {ANSWERS}, with answers to the handout's questions"]
    asked, answered = numbered(lab.path("README.md"), QUESTIONS), numbered(lab.path(ANSWERS))
    return [] if asked and asked == answered else [f"{ANSWERS} answers {len(answered)} of {len(asked)} questions"]


def check_names(root, lab, start):
    """Returns what handout and hints name, and the start tree does not have. `start` has the lab's files."""
    tree, found = handout.Tree(root, lab, start), []
    for name in ("README.md", "README.zh.md", "hints.txt"):
        with open(lab.path(name), encoding="utf-8") as file:
            found += [f"{name}: {line}" for line in handout.mistakes_in(file.read(), tree, {point.name for point in trees.points_of(lab)})]
    return found


def check_second(lab):
    """Returns what is wrong with the size of the second solution."""
    lines = added_lines(lab.path("second.patch"))
    return [] if lines in SECOND_LINES else [f"second.patch adds {lines} lines, not {SECOND_LINES[0]} to {SECOND_LINES[-1]}"]


def wrong_bug(root, path):
    """Returns why a kernel cannot be given a bug."""
    try:
        patch = context_patch.Patch(path)
        with open(os.path.join(root, patch.path), encoding="utf-8") as file:
            patch.apply(file.read())
    except (OSError, context_patch.Broken) as error:
        return [str(error)]
    return []


def taken_names(lab):
    """Returns the lines of grading programs that print a result under a name that the grader counts itself."""
    found = []
    for path in lab.programs("guest").values():
        with open(path, encoding="utf-8") as file:
            found += [f"{path} has a result named {name}, which the grader counts itself"
                      for name in re.findall(r"\bresult\w*\(\"(\w+)\"", file.read()) if name in run.COUNTED_HERE]
    return found


def check_wrong(bases, lab, wrong):
    """Returns what is wrong with a wrong solution's patch."""
    found = list(bases.fits(wrong.base, wrong.path))
    if len(wrong.says) < 2:
        found.append("no header of two lines: what goes wrong, and what a user would see")
    found += [f"it changes {name}, which is not in files.txt" for name in trees.changed_by(wrong.path)
              if name not in lab.files()]
    return [f"{wrong.name}: {line}" for line in found]


def check_patches(root, lab, tap):
    """Do all patches fit the sources as they are now? Builds nothing."""
    wrongs = trees.wrongs_of(lab)
    tap.point(f"{lab.name}: at most a third of the points is there from the start", check_worths(trees.points_of(lab)))
    tap.point(f"{lab.name}: its files are there", trees.missing_files(root, lab)
              + check_answers(lab) + taken_names(lab) + ([] if len(lab.hints()) >= HINTS else [f"fewer than {HINTS} hints"]))
    bugs = bugs_of(trees.points_of(lab), root)
    if bugs:
        tap.point(f"{lab.name}: the bugs ({len(bugs)}) fit", [line for path in bugs.values() for line in wrong_bug(root, path)])
    with tempfile.TemporaryDirectory(prefix="faultline-lab-") as folder:
        bases = Bases(root, lab, folder)
        tap.point(f"{lab.name}: the start fits the sources", bases.fits("start"))
        tap.point(f"{lab.name}: the start tree has what handout and hints name", check_names(root, lab, os.path.join(folder, "start")))
        tap.point(f"{lab.name}: the second solution fits the start, and is short", bases.fits("second") + check_second(lab))
        tap.point(f"{lab.name}: the wrong solutions ({len(wrongs)}) fit, and say what is wrong",
                  [line for wrong in wrongs for line in check_wrong(bases, lab, wrong)]
                  + ([] if len(wrongs) >= FEWEST_WRONG else [f"fewer than {FEWEST_WRONG}"]))


class Variant:
    """A solution to be graded, and what has to come of it."""

    def __init__(self, name, kind, patch=None, loses=()):
        self.name, self.kind, self.patch, self.loses = name, kind, patch, loses
        self.quick = False  # for a wrong one: a point that it loses is enough

    def make_quick(self):
        """Has only what is needed to see that a wrong solution loses points; others are graded whole."""
        self.quick, self.loses = bool(self.patch), self.loses[:1]

    def chosen(self, points):
        """Returns those of the points that are needed."""
        if not self.quick or not self.loses:
            return points
        return [point for point in points if point.name in self.loses or point.kind == "must"]

    def verdict(self, outcomes, broken):
        """Returns what is not as it has to be."""
        if broken:
            return ["it does not compile:", *broken.splitlines()] if self.kind in trees.KINDS else []
        failed = {one.point.name: one for one in outcomes if not one.passed}
        if self.patch:
            return [f"it gets the points of '{name}'" for name in self.loses if name not in failed] or \
                ([] if failed else ["it gets all points"])
        if self.kind not in trees.KINDS:
            return [f"it gets the points of '{one.point.name}'" for one in outcomes if one.passed and one.point.kind == "gain"]
        if self.kind != "start":
            return [report.line(one) for one in failed.values()]
        return commit.start_is_wrong(outcomes)

    def summary(self, outcomes):
        """Returns a line that says what came."""
        got, most, failed = slots.describe(outcomes)
        return f"{got} of {most} points" + (f"; lost: {', '.join(failed)}" if failed else "")


def variants_of(root, lab):
    """Returns all variants of a lab. What the trees of earlier labs have gets no points."""
    return [Variant("the start", "start"), Variant("the reference", "reference"), Variant("the second solution", "second"),
            *(Variant(f"the start of {one.name}", one.name) for one in trees.earlier_labs(root, lab)),
            *(Variant("wrong: " + wrong.name, wrong.base, wrong.path, wrong.loses) for wrong in trees.wrongs_of(lab))]


def grade_variant(slot, variant, points, common, seed, jobs):
    """Grades one variant; returns (outcomes, the compiler's errors)."""
    with tempfile.TemporaryDirectory(prefix="faultline-lab-") as folder:
        trees.solution(slot.root, slot.lab, variant.kind, folder, variant.patch)
        slot.take(slots.read_folder(slot.lab, folder))
    return slot.grade(variant.chosen(points), common, seed, jobs=jobs, stop_at_failure=variant.quick)


def check_films(slot, variant, common):
    """Returns what is wrong with a recording of the solution that the slot has: that of the lab's first film."""
    if variant.patch or variant.kind not in trees.KINDS:
        return []
    place = run.Place(slot.tree, slot.build, common.guests, ({}, ""))
    return [line for one in films.films_of(slot.lab)[:1] for line in films.check(place, one)]


def slots_for(root, lab, area, jobs):
    """Returns as many slots, of which the first is made and the others will be copies."""
    first = slots.Slot(root, lab, os.path.join(area, lab.name), "0")
    first.make()
    return [first, *(slots.Slot(root, lab, os.path.join(area, lab.name), str(number)) for number in range(1, jobs))]


def check_both_builds(slot, tap, jobs):
    """Does the start tree build, release and hardened?"""
    slot.take({})
    wrong = []
    try:
        build.kernel(slot.build, [build.target(slot.tree, name) for name in ("kernel", "hardened", "init")], jobs=jobs, sources=[slot.tree])
    except build.Broken as error:
        wrong = str(error).splitlines()
    tap.point(f"{slot.lab.name}: the start tree builds, release and hardened", wrong)
    return not wrong


def check_scores(lab, made, variants, points, common, seed, tap, jobs):
    """Grades the variants, each in one of the slots, and prints a point for each."""
    todo = queue.SimpleQueue()
    for variant in variants:
        todo.put(variant)

    def work(slot):
        while True:
            try:
                variant = todo.get_nowait()
            except queue.Empty:
                return
            try:
                outcomes, broken = grade_variant(slot, variant, points, common, seed, jobs)
                wrong = variant.verdict(outcomes, broken) + ([] if broken else check_films(slot, variant, common))
                tap.point(f"{lab.name}: {variant.name}", wrong, variant.summary(outcomes))
            except (Wrong, slots.Refused, seal.Outside, OSError) as error:
                tap.point(f"{lab.name}: {variant.name}", str(error).splitlines() or [repr(error)])

    threads = [threading.Thread(target=work, args=(slot,)) for slot in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def check_lab(root, lab, options, tap):
    """Checks one lab: the patches, and unless only these were asked for, the scores."""
    check_patches(root, lab, tap)
    if options.patches:
        return
    made = slots_for(root, lab, options.area, options.jobs)
    each = max(1, (os.cpu_count() or 1) // options.jobs)
    points = trees.points_of(lab)
    variants = [one for one in variants_of(root, lab) if fnmatch.fnmatchcase(one.name, options.only)]
    if not variants:
        raise Wrong(f"{lab.name} has no solution '{options.only}': " + ", ".join(one.name for one in variants_of(root, lab)))
    if options.quick:
        for variant in variants:
            variant.make_quick()
    if options.only == "*" and not check_both_builds(made[0], tap, os.cpu_count()):
        return
    made[0].take({})
    common = slots.Common(os.path.join(options.area, lab.name, "common"))
    for part in (lab, trees.hidden_of(lab)):
        if part:
            common.add(root, part, [point for point in points if point.lab.folder == part.folder], made[0])
    for slot in made[1:]:
        slot.copy_from(made[0])
    check_scores(lab, made, variants, points, common, options.seed, tap, each)


def check(root, options):
    """Checks labs; returns 0 if all is as it has to be."""
    tap = Tap()
    names = options.names or trees.labs_of(root)
    if options.commit:
        commit.check(root, names, options.area, options.seed, tap)
        return tap.end()
    for name in names:
        check_lab(root, trees.lab_of(root, name), options, tap)
    return tap.end()
