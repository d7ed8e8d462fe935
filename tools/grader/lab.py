# SPDX-License-Identifier: MIT
"""Reads the folder of a lab: its points, the files that a student may change, its hints, what its programs answer."""

import fnmatch
import importlib.util
import os
import re

FIELDS = 5  # of a line of points.txt
LIMIT = re.compile(r"(\w+)<=(\d+)")
MACHINE = ("mem", "swap", "append", "machine", "harts")  # options of ./run.sh, with their values
ONE_HART = "machine=sifive_u"  # what hart=N needs
KINDS = ("gain", "keep", "must")
HARDENED = "hardened"


class Wrong(Exception):
    """A mistake of whoever runs the tool or wrote the lab: the message says what to do."""


class Point:
    """One test: what it runs, what it measures at most, and what it is worth."""

    def __init__(self, line, lab):
        fields = [field.strip() for field in line.split("|")]
        if len(fields) != FIELDS:
            raise Wrong(f"{lab.path('points.txt')}: not {FIELDS} fields: {line}")
        self.lab = lab
        self.name, worth, program, options, self.says = fields
        number, _, self.kind = worth.partition(" ")
        if not number.isdigit() or self.kind not in KINDS:
            raise Wrong(f"{lab.path('points.txt')}: {self.name}: '{worth}' is not a number and one of {', '.join(KINDS)}")
        self.worth = int(number)
        self.program, *words = program.split()
        self.of_student = "/" in self.program  # tests that the student writes: a program of the tree, which prints TAP
        self.test, *words = words or [""]
        self.n = int(words[0]) if words else 0
        self.options, self.limits, self.on_host, self.bug, self.kernel = [], {}, False, "", ""
        self.has_input = self.has_files = self.is_strict = False
        self.board = "virt"
        self.harts, self.hart = 1, 0  # how many there are, and the only one that may boot; 0: the firmware chooses
        self.only_word = ""  # what the kernel's command line has in place of all else
        self.swap_reads = self.swap_writes = 0  # how many requests a second the swap disk takes; 0: as many as it can
        for word in options.split():
            self.take_option(word)
        if self.hart > self.harts or (self.hart and ONE_HART not in options.split()):
            raise Wrong(f"{lab.path('points.txt')}: {self.name}: hart={self.hart} needs {ONE_HART}, and as many harts")

    def take_option(self, word):
        """Takes an option: mem=64M, icount, kernel=hardened, host (it runs here, on the fake machine of the host tests),
        strict (on the strict machine), bug=NAME (the kernel has this bug, which a test has to find), hart=N, input, files,
        swap_reads=N, swap_writes=N, only_word=WORD, or a limit."""
        name, _, value = word.partition("=")
        limit = LIMIT.fullmatch(word)
        if limit:
            self.limits[limit.group(1)] = int(limit.group(2))
        elif word == "host":
            self.on_host = True
        elif word == "input":
            self.has_input = True
        elif word == "files":
            self.has_files = True
        elif word == "strict":
            self.is_strict = True
        elif word == "icount":
            self.options.append("--icount")
        elif name == "hart" and value.isdigit():
            self.hart = int(value)
        elif name in MACHINE and value and (name != "harts" or value.isdigit()):
            self.options += ["--" + name, value]
            self.harts = int(value) if name == "harts" else self.harts
            self.board = value if name == "machine" else self.board
        elif name in ("swap_reads", "swap_writes") and value.isdigit() and int(value):
            setattr(self, name, int(value))
        elif name == "only_word" and value:
            self.only_word = value
        elif name == "bug" and value and self.of_student:
            self.bug = value
        elif word == "kernel=" + HARDENED:
            self.kernel = HARDENED
        else:
            raise Wrong(f"{self.lab.path('points.txt')}: {self.name}: '{word}' is neither an option nor a limit")

    def input(self, seed):
        """Returns the pieces of bytes that the program's standard input has; they come one after the other."""
        return getattr(self.lab.expect, self.test + "_input")(seed, self.n) if self.has_input else []

    def files(self, seed, program):
        """Returns {name: bytes} of the files that the point's program, whose bytes are given, finds beside itself."""
        return getattr(self.lab.expect, self.test + "_files")(seed, self.n, program) if self.has_files else {}

    def expected(self, seed):
        """Returns the possible answers, each as {name: value or list of values}."""
        if self.of_student:
            return [{}]
        answers = getattr(self.lab.expect, self.test)(seed, self.n)
        return answers if isinstance(answers, list) else [answers]


def lines_of(path):
    """Returns the lines of a file that are neither empty nor comments."""
    try:
        with open(path, encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip() and not line.startswith("#")]
    except OSError as error:
        raise Wrong(f"{path}: {error.strerror}") from None


def load_module(path):
    """Loads a Python file by its path."""
    spec = importlib.util.spec_from_file_location("lab_expect", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Lab:
    """A folder with points.txt, mostly expect.py and guest/; files.txt and hints.txt, unless it only adds hidden points."""

    def __init__(self, folder, name=None):
        self.folder = os.path.abspath(folder)
        self.name = name or os.path.basename(self.folder)
        if not os.path.exists(self.path("points.txt")):
            raise Wrong(f"{folder}: no lab is there (it has no points.txt)")
        self.expect = load_module(self.path("expect.py")) if os.path.exists(self.path("expect.py")) else None
        self.points = [Point(line, self) for line in lines_of(self.path("points.txt"))]
        names = [point.name for point in self.points]
        for name in names:
            if names.count(name) > 1:
                raise Wrong(f"{self.path('points.txt')}: two points are named '{name}'")

    def path(self, *names):
        """Returns the path of a file of the lab."""
        return os.path.join(self.folder, *names)

    def files(self):
        """Returns the files that are taken from a student."""
        return lines_of(self.path("files.txt"))

    def bug(self, name, root):
        """Returns the patch of a bug: the lab's, or one of those that the tree's own tests have to find."""
        own = self.path("bugs", name + ".patch")
        return own if os.path.exists(own) else os.path.join(root, "tests/mutants", name + ".patch")

    def hints(self):
        """Returns the hints, in order: paragraphs of hints.txt."""
        with open(self.path("hints.txt"), encoding="utf-8") as file:
            text = "".join(line for line in file if not line.startswith("#"))
        return [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]

    def programs(self, folder):
        """Returns {name: source} of the grading programs in guest/, or of those in host/."""
        folder = self.path(folder)
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        return {os.path.splitext(name)[0]: os.path.join(folder, name) for name in names if name.endswith(".c")}


def with_musts(points, asked):
    """Returns the points that were asked for, and if tests have to find a bug, those that run them where there is none."""
    finding = any(point.bug for point in asked)
    return [point for point in points if point in asked or (finding and point.kind == "must")]


def bugs_of(points, root):
    """Returns {bug: patch} of the points that have to find one."""
    return {point.bug: point.lab.bug(point.bug, root) for point in points if point.bug}


def programs_of_students(points):
    """Returns the programs of the tree, as its build calls them, that points run."""
    return sorted({point.program for point in points if point.of_student})


def choose(points, patterns):
    """Returns the points whose names match one of the patterns, or contain it; all, if there is no pattern."""
    if not patterns:
        return points
    chosen = []
    for pattern in patterns:
        found = [point for point in points if fnmatch.fnmatchcase(point.name, pattern) or pattern in point.name]
        exact = [point for point in found if point.name == pattern]
        if not found:
            raise Wrong(f"no test is named '{pattern}': --list shows their names")
        chosen += [point for point in exact or found if point not in chosen]
    return chosen
