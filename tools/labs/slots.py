# SPDX-License-Identifier: MIT
"""Copies of the tree that students start from, each with a build, in which one solution after the other is graded."""

import filecmp
import hashlib
import os
import shutil
import tempfile

from grader import bugs, build, limits, report, run, seal
from grader.lab import Lab, Wrong, bugs_of
from labs import trees
from mutation import area
from structure import files

SETUP = ["--cross-file", "cross-riscv64.ini", "-Dhost_tests=disabled"]
SEALED = """[binaries]
c = ['{compiler}', 'riscv64-linux-gnu-gcc']
# {digest}
"""
CPU_BUDGET = 60  # seconds of a submission
IDLE_BUDGET = 60  # seconds in which its machines did nothing: each point of a kernel that hangs takes 20
LEAST_CPU = 2  # seconds that have to be left for a point
LARGEST = 1 << 20  # bytes of a file of a submission
SHOWN = 4  # names in a message
DEEPEST, MOST_NAMES = 6, 2000  # folders and files of a submission that are searched for the lab's


class Refused(Exception):
    """A submission with files that are not taken: the message says which, and why."""


def same(one, other):
    """Returns whether two files, or links, are equal."""
    if os.path.islink(one) or os.path.islink(other):
        return os.path.islink(one) and os.path.islink(other) and os.readlink(one) == os.readlink(other)
    return os.path.exists(other) and filecmp.cmp(one, other, shallow=False)


def mirror(fresh, tree):
    """Makes a tree equal to another; files that are equal already keep their times, so that little is compiled. A build in the
    tree stays."""
    for name in files.walked(tree):
        if not os.path.lexists(os.path.join(fresh, name)):
            os.unlink(os.path.join(tree, name))
    for folder, _, names in os.walk(fresh):
        for name in names:
            one = os.path.join(folder, name)
            other = os.path.join(tree, os.path.relpath(one, fresh))
            if not same(one, other):
                trees.copy_file(one, other)


def copy_folder(folder, to):
    """Copies a folder with the times of its files, by which ninja knows what is up to date."""
    os.makedirs(os.path.dirname(to), exist_ok=True)
    shutil.copytree(folder, to, symlinks=True)


def seen(path):
    """Returns what tells a file from a later one of its name."""
    status = os.lstat(path)
    return status.st_size, status.st_mtime_ns, status.st_mode


def renew(folder, to):
    """Makes a folder equal to another, with the times of its files. Copies only those that differ in size or time."""
    for at, folders, names in os.walk(to):
        there = os.path.join(folder, os.path.relpath(at, to))
        for name in [name for name in folders if not os.path.isdir(os.path.join(there, name))]:
            shutil.rmtree(os.path.join(at, name))
            folders.remove(name)
        for name in names:
            if not os.path.lexists(os.path.join(there, name)):
                os.unlink(os.path.join(at, name))
    for at, _, names in os.walk(folder):
        here = os.path.join(to, os.path.relpath(at, folder))
        os.makedirs(here, exist_ok=True)
        for name in names:
            one, other = os.path.join(at, name), os.path.join(here, name)
            if not os.path.lexists(other) or seen(one) != seen(other):
                part = other + ".part"  # so that nothing is there in part if this is interrupted
                shutil.copy2(one, part, follow_symlinks=False)
                os.replace(part, other)


def has_text(path, text):
    """Returns whether a file has just this text."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read() == text
    except FileNotFoundError:
        return False


class Slot(area.Slot):
    """A start tree and its build."""

    def __init__(self, root, lab, folder, name):
        super().__init__(folder, name)
        self.root, self.lab = root, lab
        self.start = os.path.join(self.folder, "start")  # the lab's files as they are at the start
        self.host = os.path.join(self.folder, "host")
        self.sealed = os.path.join(self.folder, "sealed.ini")  # names the compiler that tells what it reads
        self.kept = os.path.join(self.folder, "kept")  # the builds of the start tree
        self.made = os.path.join(self.folder, "made")  # the files that a point makes

    def make(self):
        """Makes or updates the tree and sets up its build."""
        with tempfile.TemporaryDirectory(prefix="faultline-lab-") as fresh:
            trees.make_start(self.root, self.lab, fresh, False)
            mirror(fresh, self.tree)
        for name in self.lab.files():
            path = os.path.join(self.start, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            shutil.copyfile(os.path.join(self.tree, name), path)
        self.set_up()

    def set_up(self):
        """Sets up the build with the compiler that tells what it reads; anew if the build has another one."""
        compiler = os.path.join(self.tree, seal.COMPILER)
        with open(compiler, "rb") as file:
            text = SEALED.format(compiler=compiler.replace("\\", "\\\\").replace("'", "\\'"), digest=hashlib.sha256(file.read()).hexdigest())
        if os.path.exists(os.path.join(self.build, "build.ninja")) and has_text(self.sealed, text):
            return
        for folder in (self.build, self.host):
            shutil.rmtree(folder, ignore_errors=True)
        with open(self.sealed, "w", encoding="utf-8") as file:
            file.write(text)
        if not area.run(["meson", "setup", self.build, self.tree, *SETUP, "--cross-file", self.sealed], self.tree, self.log):
            raise Wrong(f"the build could not be set up: {self.said()} (all of it: {self.log})")

    def keep(self):
        """Keeps what is built, for restore()."""
        shutil.rmtree(self.kept, ignore_errors=True)
        for folder in (self.build, self.host):
            copy_folder(folder, os.path.join(self.kept, os.path.basename(folder)))

    def restore(self):
        """Has only what was kept in the builds: nothing that another submission has left."""
        for folder in (self.build, self.host):
            shutil.rmtree(folder, ignore_errors=True)
            copy_folder(os.path.join(self.kept, os.path.basename(folder)), folder)

    def build_all(self, points, limited=limits.Limits(), jobs=None):
        """Builds what the points need; returns what host_programs() does."""
        students = Lab(os.path.join(self.tree, "lab"), self.lab.name)
        os.makedirs(self.host, exist_ok=True)
        build.kernel(self.build, build.targets_of(self.tree, points), limited, jobs, [self.tree])
        if not any(point.on_host for point in points):
            return {}, ""
        return build.host_programs(self.tree, self.build, students, students.path("lib"), self.host, limited, jobs, [self.tree])

    def take(self, texts):
        """Gives the lab's files these contents, {name: bytes}, and the others those of the start."""
        for name in self.lab.files():
            path, text = os.path.join(self.tree, name), texts.get(name)
            if text is None:
                with open(os.path.join(self.start, name), "rb") as file:
                    text = file.read()
            with open(path, "rb") as file:
                same = file.read() == text
            if not same:
                with open(path, "wb") as file:
                    file.write(text)

    def grade(self, points, common, seed, strict=False, jobs=1, on_outcome=lambda outcome: None, stop_at_failure=False):
        """Compiles what the slot has and runs the points; returns (outcomes, the compiler's errors or ""). `common` has what all
        slots share. With `strict`, what the slot has is somebody else's."""
        if strict:
            self.restore()
            limits.hand_over([self.build, self.host])
        # ninja would set up the build anew if it did not see a file that the build was set up with.
        limited = limits.Limits(strict, [self.build, self.host], [self.tree, self.sealed], addresses=limits.COMPILER_ADDRESSES)
        try:
            hosts = self.build_all(points, limited, jobs)
        except build.Broken as error:
            return [run.not_run(point, "it does not compile") for point in points], str(error)
        shown = [self.tree, self.build, self.host, self.made, *{os.path.dirname(path) for path in common.files()}]
        place = run.Place(self.tree, self.build, common.guests, hosts, limits.Limits(strict, (), shown), common.kernels,
                          self.made)
        outcomes, used = [], limits.used_here()
        for point in points:
            unfit = run.unfit(place, point, outcomes)
            left = CPU_BUDGET - (used.cpu if used else 0)
            if left <= LEAST_CPU:
                unfit = f"not run: the submission has used {CPU_BUDGET} s of CPU"
            if used and used.idle >= IDLE_BUDGET:
                unfit = f"not run: the submission's machines have hung for {IDLE_BUDGET} s"
            place.limited.cpu = min(run.CPU_SECONDS, int(left))
            outcomes.append(run.not_run(point, unfit) if unfit else run.run(place, point, seed))
            on_outcome(outcomes[-1])
            if stop_at_failure and not outcomes[-1].passed:
                break
        return outcomes, ""


class Common:
    """What all slots of a lab share: the compiled grading programs, and the kernels with bugs."""

    def __init__(self, folder):
        self.folder = folder
        self.guests, self.kernels = {}, {}

    def files(self):
        """Returns the paths of all."""
        return [*self.guests.values(), *self.kernels.values()]

    def add(self, root, lab, points, slot, jobs=None):
        """Compiles what these points of a lab need, or of what was added to it. `slot` has the tree that kernels are made of,
        with the lab's files as they are at the start."""
        folder = os.path.join(self.folder, "guest", lab.name)
        more = build.guests(root, lab, os.path.join(root, "labs/lib"), folder)
        same = sorted(set(more) & set(self.guests))
        if same:
            raise Wrong(f"{lab.folder}: {same[0]}.c has the name of a program of the lab: choose another")
        self.guests.update(more)
        patches = bugs_of(points, root)
        known = sorted(set(patches) & set(self.kernels))
        if known:
            raise Wrong(f"{lab.folder}: the lab has a point for the bug {known[0]} already")
        self.kernels.update(bugs.kernels(slot.tree, patches, os.path.join(self.folder, "bugs"), slot.build, slot.lab.files(), jobs))


def read_file(root, name):
    """Returns a file of a submission as bytes with LF only; None if there is none. Raises Refused for anything else."""
    path = os.path.join(root, name)
    if not os.path.lexists(path):
        return None
    if os.path.realpath(path) != os.path.join(os.path.realpath(root), name):
        raise Refused(f"{name} is a link, or in a folder that is one")
    if not os.path.isfile(path):
        raise Refused(f"{name} is no file")
    with open(path, "rb") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise Refused(f"{name} has more than {LARGEST >> 20} MiB")
    return text.replace(b"\r\n", b"\n")


def few(names, most=SHOWN):
    """Returns names as text, of many only the first."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def names_in(folder):
    """Returns the files below a folder, shortest paths first, as far as a submission's mistakes need them. No link is followed."""
    found = []
    for at, folders, names in os.walk(folder):
        inside = os.path.relpath(at, folder)
        depth = 0 if inside == "." else inside.count("/") + 1
        folders[:] = sorted(folders) if depth < DEEPEST else []
        found += [os.path.normpath(os.path.join(inside, name)) for name in sorted(names)]
        if len(found) >= MOST_NAMES:
            break
    return sorted(found, key=lambda name: (name.count("/"), name))


def misplaced(lab, names):
    """Returns (a name, the lab's file that it seems to be) for the first of these names that lies elsewhere: one with the same
    path in another folder, or else one that is only called the same; None if there is none."""
    for tail in (lambda name: name, os.path.basename):
        for name in names:
            for known in lab.files():
                if ("/" + name).endswith("/" + tail(known)):
                    return name, known
    return None


def refuse_without_files(lab, names, what):
    """Raises Refused for a submission that has none of the lab's files, and says what it has and what is expected."""
    wanted, printable = few(sorted(lab.files())), [ascii(name)[1:-1] for name in names]
    found = misplaced(lab, printable)
    if not found:
        raise Refused(f"it {what} none of the lab's files; expected: {wanted}; found: {few(printable) or 'nothing'}")
    name, known = found
    above = name.removesuffix(known)
    advice = f": hand in what is in the folder {above.rstrip('/')}" if above != name and what == "has" else ""
    raise Refused(f"it {what} none of the lab's files at its place; expected: {known}; found: {name}{advice}")


def read_folder(lab, folder):
    """Returns the lab's files in a folder, {name: bytes}."""
    found = {name: read_file(folder, name) for name in lab.files()}
    return {name: text for name, text in found.items() if text is not None}


def read_submission(lab, folder):
    """Returns the lab's files in a folder that was handed in, {name: bytes}; there is one at least."""
    found = read_folder(lab, folder)
    if not found:
        refuse_without_files(lab, names_in(folder), "has")
    return found


def read_patch(lab, slot, path):
    """Returns the lab's files as a patch makes them from those of the start. Other files of the patch are ignored."""
    with open(path, "rb") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise Refused(f"the patch has more than {LARGEST >> 20} MiB")
    text = text.replace(b"\r\n", b"\n")
    with tempfile.TemporaryDirectory(prefix="faultline-lab-") as folder:
        tree = os.path.join(folder, "tree")
        shutil.copytree(slot.start, tree)
        words = ["apply", "--whitespace=nowarn", *(f"--include={name}" for name in lab.files()), "-"]
        try:
            changed = changed_by(text, tree, folder)
            if not set(changed) & set(lab.files()):
                refuse_without_files(lab, changed, "changes")
            trees.git(words, tree, text, GIT_CEILING_DIRECTORIES=folder)
        except Wrong as wrong:
            raise Refused(f"the patch does not fit the start tree: {wrong}") from None
        return read_folder(lab, tree)


def changed_by(text, tree, above):
    """Returns the files that a patch changes. Raises Wrong if it is none."""
    if not text.strip():
        return []
    said = trees.git(["apply", "--numstat", "-z", "-"], tree, text, GIT_CEILING_DIRECTORIES=above)
    return [part.split(b"\t")[-1].decode(errors="replace") for part in said.split(b"\0") if part]


def describe(outcomes):
    """Returns (points earned, points there are, names of the points that failed)."""
    return *report.score(outcomes), [one.point.name for one in outcomes if not one.passed]
