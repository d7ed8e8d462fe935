# SPDX-License-Identifier: MIT
"""The list of user tests, tests/user/cases.txt, and the files with their recordings from Linux."""

import os
import shlex

import spelling

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(ROOT, "tests/user")
EXPECTED = os.path.join(FOLDER, "expected")
WORDS = "fork exec map unmap fault frame entry table walk trap fence break stack heap page zero".split()
LIST = os.path.join(FOLDER, "cases.txt")
NOT_RECORDED = range(90, 100)  # statuses of tests that are wrong themselves (tests/user/t.h)
USUAL = {"mem": "64M"}
OPTIONS = {"stdin-lines", "mem", "linux-mem", "timeout", "append", "soak", "nightly", "thp", "linux"}


class Case:
    """One line of the list: name | program argument... | option=value...

    stdin-lines=N: its standard input is stdin_lines(N); without the option it has none. mem=SIZE is Faultline's memory,
    linux-mem=SIZE that of the Linux machine of the recording. add=FILE[:PATH], in the folder of the built programs, may
    be given several times. tree=FOLDER of tests/user is in the guest at /FOLDER. soak=release: the release kernel runs
    it in the suite soak only. nightly=hardened: the hardened kernel runs it in the suite nightly only. alone: it never
    shares a boot with others. linux=here: Linux for riscv64 lacks what it tests, so it was recorded from the Linux
    of another machine, for which the program was built from its one file. thp=never: what it prints is so only where faults fill one page, as when it was recorded."""

    def __init__(self, line, number):
        parts = [part.strip() for part in line.split("|")]
        if not 2 <= len(parts) <= 3 or not parts[0] or not parts[1]:
            raise ValueError(f"{LIST}:{number}: not 'name | program arguments | options'")
        self.name = parts[0]
        self.words = shlex.split(parts[1])
        self.options, self.add, self.alone = {}, [], False
        for option in shlex.split(parts[2]) if len(parts) == 3 else []:
            name, equals, value = option.partition("=")
            if option == "alone":
                self.alone = True
            elif name == "add":
                self.add.append(value)
            elif name == "tree":
                self.add.append(f"{os.path.join(FOLDER, value)}:/{value}")
            elif name in OPTIONS and equals:
                self.options[name] = value
            else:
                raise ValueError(f"{LIST}:{number}: unknown option {option}")

    def program(self):
        """Returns the path of the built program."""
        return os.path.join(programs_folder(), self.words[0])

    def may_share(self):
        """Returns whether it may run in one boot with others: it has no options but the usual memory."""
        return {**self.options, "thp": "", "linux": ""} == {**USUAL, "thp": "", "linux": ""} and not self.add and not self.alone

    def thp(self, mode):
        """Returns how memory is filled ahead while it runs, in a run of this mode."""
        return self.options.get("thp", mode)

    def stdin(self):
        """Returns its standard input."""
        return stdin_lines(int(self.options.get("stdin-lines", "0")))

    def file(self, kind):
        """Returns the path of a recording: out, err (if not empty) or status (if not 0)."""
        return os.path.join(EXPECTED, f"{self.name}.{kind}")

    def expected(self):
        """Returns (status, output, error) as recorded, or None."""
        if not os.path.exists(self.file("out")):
            return None
        return int(read(self.file("status")) or 0), read(self.file("out")), read(self.file("err"))

    def record(self, status, out, err):
        """Writes the recording. The output is always written; errors only if not empty, the status only if not 0."""
        write(self.file("out"), out, True)
        write(self.file("err"), err, err)
        write(self.file("status"), b"%d\n" % status, status)


def read(path):
    """Reads a whole file; returns empty bytes if it does not exist."""
    if not os.path.exists(path):
        return b""
    with open(path, "rb") as file:
        return file.read()


def write(path, data, wanted):
    """Writes a file, or removes it if it is not wanted."""
    if wanted:
        with open(path, "wb") as file:
            file.write(data)
    elif os.path.exists(path):
        os.remove(path)


def stdin_lines(count):
    """Returns N lines of words, always the same. The last line has no newline."""
    lines, state = [], 1
    for number in range(count):
        words = [str(number)]
        while len(words) < 3 or state % 7:
            state = (state * 1103515245 + 12345) % (1 << 31)
            words.append(WORDS[state >> 16 & 15])
        lines.append(" ".join(words))
        state += 1
    return "\n".join(lines).encode()


class Unknown(Exception):
    """No case has the name that was asked for."""


def load(names=()):
    """Returns all cases of the list, or those whose names are in `names` or match a pattern in it."""
    with open(LIST, encoding="utf-8") as file:
        lines = [(number, line.strip()) for number, line in enumerate(file, 1)]
    cases = [Case(line, number) for number, line in lines if line and not line.startswith("#")]
    known = {case.name: case for case in cases}
    if len(known) != len(cases):
        raise ValueError(f"{LIST}: a name is listed twice")
    wanted = {}
    for name in names:
        found = spelling.matching(name, known)
        if not found:
            raise Unknown(spelling.explain("case", name, known, f"{os.path.relpath(LIST, ROOT)} has their names"))
        wanted.update((one, known[one]) for one in found)
    return list(wanted.values()) if names else cases


def build_folder():
    """Returns the build folder."""
    return os.environ.get("FAULTLINE_BUILD") or os.path.join(ROOT, "build")


def programs_folder():
    """Returns the folder of the built test programs."""
    return os.path.join(build_folder(), "tests/user")
