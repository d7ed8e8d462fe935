# SPDX-License-Identifier: MIT
"""Grades many submissions: takes the lab's files of each, compiles the kernel, runs the points, writes a table. What a run
that was interrupted has graded is kept."""

import contextlib
import csv
import json
import os
import queue
import re
import secrets
import threading
import time

from grader import bugs, build, limits, report, run, seal
from grader.lab import Lab, Wrong
from labs import overview, similar, slots, trees

LAB_LINE = re.compile(rb"^Lab: (\w+)\r?$", re.MULTILINE)
HEAD = 4096  # bytes of a patch in which the lab is named
SEEDS = 1 << 32
RUN = ".run.json"  # among the results: the seed of a run that may go on; no submission has such a name


class Submission:
    """A folder or a patch that somebody has handed in."""

    def __init__(self, path):
        self.path = path
        name = os.path.basename(path)
        self.is_patch = not os.path.isdir(path)
        self.name = os.path.splitext(name)[0] if self.is_patch else name
        self.result, self.error, self.outside = None, "", ""
        self.so_far = []  # outcomes of points that have run
        self.used = limits.Used()
        self.digest = ""  # of all that the result depends on; none if that may be another one next time
        self.lines = frozenset()  # that the start has not

    def lab_name(self):
        """Returns the lab that the submission says it is for, or None."""
        if self.is_patch:
            with open(self.path, "rb") as file:
                match = LAB_LINE.search(file.read(HEAD))
            return match.group(1).decode() if match else None
        try:
            text = slots.read_file(self.path, "lab/name")
            return text and text.decode().strip()
        except (slots.Refused, UnicodeDecodeError):
            return None

    def texts(self, lab, slot):
        """Returns its files, {name: bytes}."""
        return slots.read_patch(lab, slot, self.path) if self.is_patch else slots.read_submission(lab, self.path)


def is_submission(folder, name):
    """Returns whether a name in a folder is that of a submission."""
    path = os.path.join(folder, name)
    if os.path.islink(path) or name.startswith("."):
        return False
    return os.path.isdir(path) or (os.path.isfile(path) and name.endswith((".patch", ".diff")))


def submissions_in(folder):
    """Returns the submissions of a folder, sorted: its folders and its patches. Links are not followed."""
    if not os.path.isdir(folder):
        raise Wrong(f"{folder}: no such folder; it should have a folder or a patch (of ./pack) for each student")
    found = [Submission(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if is_submission(folder, name)]
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Wrong(f"two submissions have the same name: {', '.join(twice)}")
    if not found:
        raise Wrong(f"{folder} has no submissions: a folder or a patch (of ./pack) for each student")
    return found


def choose_lab(root, found, asked):
    """Returns the lab that the submissions are for."""
    names = {one.lab_name() for one in found} - {None}
    if asked:
        return trees.lab_of(root, asked)
    if len(names) != 1:
        raise Wrong("say which lab they are for, with --lab NAME: " +
                    (f"they name {', '.join(sorted(names))}" if names else "they do not name one"))
    return trees.lab_of(root, names.pop())


class Grading:
    """What is the same for all submissions."""

    def __init__(self, root, lab, options, slot):
        self.root, self.lab, self.options = root, lab, options
        self.points = []
        self.start = similar.read(slot.start, lab.files())
        self.made_of = bugs.digest_of(slot.tree, lab.files())
        self.made_of.update(repr((options.seed, sorted(self.start.items()))).encode())
        self.common = slots.Common(os.path.join(options.area, lab.name, "common"))
        # What a compilation may not see: the solution, the tests, and what others have handed in.
        self.secret = [root, os.path.abspath(options.folder), os.path.abspath(options.out)]
        hidden = trees.hidden_of(lab)
        for part in [lab, *([hidden] if hidden else []), *([Lab(options.hidden, lab.name + "-more")] if options.hidden else [])]:
            self.add(part, slot)
        self.lock = threading.Lock()

    def add(self, part, slot):
        """Adds the points of a folder, whose programs must have names of their own."""
        self.common.add(self.root, part, part.points, slot)
        self.points += part.points
        self.secret.append(part.folder)
        if part is not self.lab:  # of the lab the tree has all that counts
            self.made_of.update(bugs.digest_of(part.folder, ()).digest())

    def digest(self, texts):
        """Returns a digest of files {name: bytes}, or of the reason that there are none, and of all else that decides a result."""
        digest = self.made_of.copy()
        digest.update(repr(sorted(texts.items()) if isinstance(texts, dict) else texts).encode())
        return digest.hexdigest()

    def keep(self, one):
        """Takes the result of a submission from a run before, if it is of the same files; returns whether it did."""
        try:
            with open(self.path(one, "json"), encoding="utf-8") as file:
                result = json.load(file)
            more = result["extra_data"]
            if more["digest"] != one.digest or not os.path.exists(self.path(one, "txt")):
                return False
            outcomes = [run.not_run(point, told["output"]) for point, told in zip(self.points, result["tests"], strict=True)]
            for outcome, told in zip(outcomes, result["tests"]):
                outcome.passed = told["status"] == "passed"
            one.used.cpu, one.used.memory = float(more["cpu_seconds"]), int(more["memory"])
            one.error, one.result = str(more["error"]), outcomes
            return True
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def run(self, slot, one, texts, jobs):
        """Compiles and runs a submission; returns (outcomes, what is said of all of them)."""
        with limits.counting(one.used):
            try:
                slot.take(texts)
                outcomes, broken = slot.grade(self.points, self.common, self.options.seed, True, jobs,
                                              lambda outcome: self.write_outcome(one, outcome))
            except (Wrong, OSError) as error:
                one.error, one.digest = str(error), ""
            except seal.Outside as error:
                # The student's JSON does not name the file, so that the next run has to find it again.
                one.error, one.outside, one.digest = str(error), error.path, ""
        if one.error:
            return self.refused(one)
        if broken:
            one.error = "it does not compile"
            return outcomes, "it does not compile:\n" + broken
        return outcomes, ""

    def refused(self, one):
        """Returns what run() does for a submission that is not graded."""
        return [run.not_run(point, "not graded") for point in self.points], "not graded: " + one.error

    def grade(self, slot, one, jobs):
        """Grades one submission and writes its results, unless a run before has done so."""
        texts = {}
        try:
            texts = one.texts(self.lab, slot)
            one.digest, one.lines = self.digest(texts), similar.own_lines(texts, self.start)
        except slots.Refused as error:
            one.error, one.digest = str(error), self.digest(str(error))
        except (Wrong, OSError) as error:
            one.error = str(error)
        error = one.error
        kept = bool(one.digest) and self.keep(one)
        if not kept:
            self.remove(one)
            one.result, said = self.refused(one) if error else self.run(slot, one, texts, jobs)
            if said:
                self.write_line(one, said)
            self.write_json(one, one.result, said, one.digest)
        got, most = self.score(one)
        with self.lock:
            print(f"{one.name}: {got}/{most}" + (f" ({one.error})" if one.error else "")
                  + (f" (it reads {one.outside!r})" if one.outside else "")
                  + f" [{one.used.cpu:.0f} s of CPU, {one.used.memory >> 20} MiB]" + " as before" * kept, flush=True)

    def write_outcome(self, one, outcome):
        """Adds a point to a submission's results as soon as it is known. As long as points are missing, the JSON has no digest:
        a run that was interrupted grades the submission again."""
        one.so_far.append(outcome)
        self.write_line(one, report.line(outcome))
        self.write_json(one, [*one.so_far, *run.not_run_yet(self.points[len(one.so_far):])], "not graded to the end yet", "")

    def write_json(self, one, outcomes, said, digest):
        """Writes a submission's results for Gradescope."""
        self.write(one, "json", report.as_json(self.lab.name, self.options.seed, outcomes, said, {
            "digest": digest, "error": one.error, "cpu_seconds": one.used.cpu, "memory": one.used.memory}))

    def remove(self, one):
        """Removes the results of a submission."""
        for ending in ("json", "txt"):
            if os.path.lexists(self.path(one, ending)):
                os.unlink(self.path(one, ending))

    def score(self, one):
        """Returns the points of a submission and of all."""
        return report.score(one.result)[0], sum(point.worth for point in self.points)

    def path(self, one, ending):
        """Returns the file of a submission's results."""
        return os.path.join(self.options.out, f"{one.name}.{ending}")

    def write(self, one, ending, text):
        """Writes a file of results, all of it or nothing."""
        write_whole(self.path(one, ending), text)

    def write_line(self, one, text):
        """Adds a line to a submission's results as soon as it is known."""
        with open(self.path(one, "txt"), "a", encoding="utf-8") as file:
            file.write(text + "\n")

    def write_table(self, found):
        """Writes the table of all submissions; returns its path."""
        path = os.path.join(self.options.out, "grades.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["name", "score", "of", "error", "cpu_seconds", "mib", *(point.name for point in self.points)])
            for one in found:
                counting = report.counts(one.result)
                earned = [report.earned(outcome, counting) for outcome in one.result]
                table.writerow([one.name, *self.score(one), one.error, f"{one.used.cpu:.1f}", one.used.memory >> 20, *earned])
        return path


    def write_overview(self, found):
        """Writes the statistics, and the lines that submissions share; returns the paths and a line about each."""
        path, same = (os.path.join(self.options.out, name) for name in ("statistics.txt", "similar.csv"))
        write_whole(path, overview.text(self.lab, self.points, found))
        rows = similar.rows({one.name: one.lines for one in found}, similar.published(self.root, self.lab, self.start))
        with open(same, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([similar.HEAD, *rows])
        return [f"{path}: the points' distribution, and how often each was lost", f"{same}: {similar.summary(rows)}"]


def write_whole(path, text):
    """Writes a file, which is never there in part."""
    part = path + ".part"
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(part, path)


def choose_seed(options, lab):
    """Returns the seed: the one that was asked for, or that of the run that has left results there, or another one."""
    path = os.path.join(options.out, RUN)
    seed = options.seed
    if seed is None and not options.again:
        try:
            with open(path, encoding="utf-8") as file:
                before = json.load(file)
            seed = int(before["seed"]) if before["lab"] == lab.name else None
        except (OSError, ValueError, KeyError, TypeError):
            pass
    seed = secrets.randbelow(SEEDS) if seed is None else seed
    write_whole(path, json.dumps({"lab": lab.name, "seed": seed}) + "\n")
    return seed


def make_slots(root, lab, options):
    """Returns the slots, built from the start tree, so that a submission compiles little."""
    jobs = max(1, options.jobs)
    first = slots.Slot(root, lab, os.path.join(options.area, lab.name), "0")
    first.make()
    first.take({})
    if limits.out_of_reach(first.build):
        raise Wrong(f"user {limits.NOBODY}, who compiles and runs the submissions, cannot reach {first.build}: "
                    "name another folder with --area DIR")
    missing = limits.out_of_sight()
    if missing:
        raise Wrong(f"{missing[0]} is installed where submissions in bwrap do not see it: install its package")
    try:
        first.build_all(trees.points_of(lab))
    except build.Broken as error:
        raise Wrong(f"the start tree does not compile:\n{error}") from None
    others = [slots.Slot(root, lab, os.path.join(options.area, lab.name), str(number)) for number in range(1, jobs)]
    for slot in others:
        slot.copy_from(first)
    for slot in (first, *others):
        slot.keep()
    return [first, *others]


def how_isolated():
    """Says what submissions can reach."""
    kind, words = limits.isolation()
    network = "without network" if words[:1] == limits.NO_NETWORK[:1] else "with the network"
    return {"bwrap": "each is compiled and run in bwrap: without network, and with few files to see",
            "user": f"bwrap does not work here; each is compiled and run by user {limits.NOBODY}, {network}",
            "unshare": "each runs without network; without bwrap their programs can read your files",
            "none": "neither bwrap nor unshare works here: their programs can use the network and read your files"}[kind]


def grade_each(grading, made, found):
    """Grades the submissions in the slots. If somebody interrupts that, those that have begun are graded to their end."""
    todo, ended = queue.SimpleQueue(), queue.SimpleQueue()
    for one in found:
        todo.put(one)

    def work(slot):
        with contextlib.suppress(queue.Empty):
            while True:
                grading.grade(slot, todo.get_nowait(), max(1, (os.cpu_count() or 1) // len(made)))

    def work_and_tell(slot):
        try:
            work(slot)
        finally:
            ended.put(slot)

    threads = [threading.Thread(target=work_and_tell, args=(slot,)) for slot in made]
    try:
        for thread in threads:
            thread.start()
        for _ in threads:  # join() of Python 3.11 takes a thread for ended once it was interrupted
            ended.get()
    except KeyboardInterrupt:
        with contextlib.suppress(queue.Empty):
            while True:
                todo.get_nowait()
        print("interrupted: ends when what has begun is graded; the same command goes on from there", flush=True)
        for thread in threads:
            while thread.is_alive():
                thread.join(1)
        raise


def grade_all(root, options):
    """Grades all submissions of a folder; returns 0 if each of them could be graded."""
    found = submissions_in(options.folder)
    lab = choose_lab(root, found, options.lab)
    os.makedirs(options.out, 0o700, exist_ok=True)
    options.seed = choose_seed(options, lab)
    print(f"lab {lab.name}, {len(found)} submissions, seed {options.seed}; {how_isolated()}", flush=True)
    others = [ascii(name)[1:-1] for name in sorted(os.listdir(options.folder)) if not is_submission(options.folder, name)]
    if others:
        print(f"not taken, because they are neither folders nor patches: {', '.join(others)}", flush=True)
    made = make_slots(root, lab, options)
    grading = Grading(root, lab, options, made[0])
    if options.again:
        for one in found:
            grading.remove(one)
    seen = limits.in_sight(grading.secret)
    for path in (path for path in seen if not any(path.startswith(other + "/") for other in seen)):
        print(f"{path} can be read by programs of submissions: chmod go-rwx it", flush=True)
    started = time.monotonic()
    grade_each(grading, made, found)
    print(f"{grading.write_table(found)}: {len(found)} submissions in {time.monotonic() - started:.0f} s")
    print("\n".join(grading.write_overview(found)), flush=True)
    return 1 if any(one.error for one in found) else 0
