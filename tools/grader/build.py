# SPDX-License-Identifier: MIT
"""Builds what the points need: the kernel and process 1, the grading programs, and those that run mm/ on the host."""

import fcntl
import glob
import os
import re
import subprocess
import sys

from grader import limits, seal
from grader.lab import Wrong, programs_of_students

OF_THE_WHOLE = {"kernel": "faultline.elf", "hardened": "faultline-hardened.elf", "init": "user/init"}
OF_THE_CORE = {"kernel": "faultline-core.elf", "hardened": "faultline-core-hardened.elf", "init": "user/core-init"}
STRICT = "tools/strict/strict.elf"  # the strict machine's firmware
HOST_SOURCES = "tests/host/mm-sources.txt"  # the list of what the host tests of mm/ are made from, as Meson has it
COMPILER = ["riscv64-linux-gnu-gcc", "-O2", "-g1", "-gdwarf-4", "-static", "-fno-pic", "-no-pie"]
BUILD_SECONDS = 900  # for what never ends: an idle machine takes ten
ERROR = re.compile(r"(^|\s)(fatal )?error: |undefined reference|multiple definition|No such file")
SHOWN = 40  # lines of a compiler's output
NOT_LISTED = "the errors are not shown: the compiler ended before it listed the files that it has read; ./grade shows them"
# The lock and the set-up of the build folder are those of ./run.sh.
PACKAGES = """root=$1 me=$2
. "$root/tools/setup.sh"
lock
have_packages "${lab_needs[@]}"
"""
TEACHERS_PACKAGES = PACKAGES.replace("lab_needs", "teacher_needs")
SETUP = PACKAGES + """folder=$(build_folder build)
configure "$folder"
printf '%s' "$folder"
"""


class Broken(Exception):
    """The kernel does not compile: the message has the compiler's lines."""


def shell(script, root, who):
    """Runs a script on top of tools/setup.sh; returns its output. It has said itself why it fails."""
    done = subprocess.run(["bash", "-c", script, "bash", root, who], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          check=False)
    if done.returncode:
        raise Wrong("")
    return done.stdout.decode()


def have_packages(root, who):
    """Installs the packages that a teacher needs (tools/setup.sh), or says which are missing."""
    shell(TEACHERS_PACKAGES, root, who)


def set_up(root, who):
    """Has the packages and the build folder that ./run.sh would have; returns the folder."""
    return os.environ.get("FAULTLINE_BUILD") or shell(SETUP, root, who)


def errors_of(text):
    """Returns the compiler's lines from the first error on, without what ninja says of itself: its progress, and for a command
    that has failed its target, and in the next line the command."""
    said = text.splitlines()
    lines = [line for before, line in zip(["", *said], said) if not line.startswith(("ninja: ", "[", "FAILED: "))
             and not before.startswith("FAILED: ")]
    first = next((number for number, line in enumerate(lines) if ERROR.search(line)), 0)
    shown = [line.replace("../", "", 1) if line.startswith("../") else line for line in lines[first:]]
    return "\n".join(shown[:SHOWN] + ["..."] * (len(shown) > SHOWN))


def target(root, name):
    """Returns what the build of a tree calls its "kernel", "hardened" kernel or "init"."""
    return (OF_THE_WHOLE if os.path.isdir(os.path.join(root, "linux")) else OF_THE_CORE)[name]


def targets_of(root, points):
    """Returns what has to be built of a tree to run these points."""
    names = ["kernel", "init", *(["hardened"] if any(point.kernel for point in points) else [])]
    return [*(target(root, name) for name in names), *([HOST_SOURCES] if any(point.on_host for point in points) else []), *([STRICT] if any(point.is_strict for point in points) else []), *programs_of_students(points)]


class Progress:
    """Shows on standard error how far ninja is: on a terminal with each step, elsewhere in one line. Says nothing of a build
    that has hardly anything to do."""

    STEP = re.compile(rb"^\[(\d+)/(\d+)\]", re.MULTILINE)
    FEW = 8  # steps

    def __init__(self, who):
        self.who, self.terminal, self.steps = who, sys.stderr.isatty(), 0

    def take(self, text):
        """Takes more of what ninja has written."""
        found = self.STEP.findall(text)
        if not found or int(found[-1][1]) <= self.FEW:
            return
        if self.terminal:
            print(f"\r{self.who}: building, step {found[-1][0].decode()} of {found[-1][1].decode()}\33[K", end="", file=sys.stderr, flush=True)
        elif not self.steps:
            print(f"{self.who}: building in {found[-1][1].decode()} steps", file=sys.stderr, flush=True)
        self.steps = int(found[-1][1])

    def end(self):
        """Removes the line from the terminal."""
        if self.terminal and self.steps:
            print("\r\33[K", end="", file=sys.stderr, flush=True)
        self.steps = 0


def kernel(build, targets, limited=limits.Limits(), jobs=None, sources=(), progress=None):
    """Builds the kernel, or other targets of a build folder; raises Broken with the compiler's errors. With `sources`, the
    folders that a submission may read, raises seal.Outside if it has read other files. A Progress is told of each step."""
    words = ["ninja", "-C", build, *(["-d", "keepdepfile"] if sources else []), *([f"-j{jobs}"] if jobs else []), *targets]
    lock = os.open(build, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = limits.run(words, BUILD_SECONDS, limited, on_output=progress.take if progress else None)
    finally:
        os.close(lock)
        if progress:
            progress.end()
    told = not sources or seal.check(build, [*sources, *limits.system_folders()], done.status == 0)
    if done.status == 0 and not told:
        raise Wrong(f"{build} lacks files that say what was read: remove it")
    if not told and not limited.walled():
        raise Broken(NOT_LISTED)
    if done.stopped:
        raise Broken("the compilation was stopped: " + done.stopped)
    if done.status:
        raise Broken(errors_of(done.out.decode(errors="replace")) or done.err.decode(errors="replace").strip()
                     or f"ninja ended with status {done.status}, and no compiler has said why")


def is_newer(path, sources):
    """Returns whether a file is newer than all of these."""
    return os.path.exists(path) and all(os.path.getmtime(path) > os.path.getmtime(source) for source in sources)


def made_from(lab, source, common):
    """Returns the files that a grading program is made from: its source, and the headers in `common` and of its own lab."""
    return [source, *(path for folder in (common, lab.path("guest")) for path in glob.glob(os.path.join(glob.escape(folder), "*.h")))]


def guests(root, lab, common, folder):
    """Compiles the grading programs of a lab into a folder; returns {name: path}. `common` has lab.h and programs.h."""
    os.makedirs(folder, exist_ok=True)
    found = {}
    for name, source in lab.programs("guest").items():
        found[name] = os.path.join(folder, name)
        if is_newer(found[name], made_from(lab, source, common)):
            continue
        part = f"{found[name]}.{os.getpid()}"
        words = [*COMPILER, "-I", common, "-I", os.path.join(root, "include"), "-o", part, source]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise Wrong(f"{source} does not compile:\n" + done.stdout.decode(errors="replace"))
        os.replace(part, found[name])
    return found


# ---- programs that run mm/ here, on the fake machine of the host tests ----

HOST_INCLUDES = ("tests/host/mm", ".", "include", "arch/include", "tests/host/fake")
HOST_RULES = """rule cc
  command = {compiler} -MD -MF $out.d -c -O1 -g1 -std=gnu11 -DFAULTLINE_HARDENED=1 -w {includes} -o $out $in
  depfile = $out.d
rule link
  command = {compiler} -o $out $in
"""


def escaped(path):
    """Returns a path as ninja files and shells take it."""
    return re.sub(r"([$ :])", r"$\1", path)


def quoted(path):
    """Returns a path for a command in a ninja file."""
    return "'" + path.replace("$", "$$") + "'"


def host_ninja(root, made, lab, common, compiler):
    """Returns the ninja file of the programs in host/, of a tree and a build of it."""
    with open(os.path.join(made, HOST_SOURCES), encoding="utf-8") as file:
        names = file.read().splitlines()
    includes = [os.path.join(common, "host"), *(os.path.join(root, name) for name in HOST_INCLUDES)]
    lines = [HOST_RULES.format(compiler=" ".join(map(quoted, compiler)), includes=" ".join("-I " + quoted(path) for path in includes))]
    objects = []
    for name in names:
        objects.append("tree/" + name.replace("/", "_") + ".o")
        lines.append(f"build {objects[-1]}: cc {escaped(os.path.join(root, name))}")
    for name, path in lab.programs("host").items():
        lines.append(f"build {name}.o: cc {escaped(path)}\nbuild {name}: link {name}.o {' '.join(objects)}")
    return "\n".join(lines) + "\n"


def host_programs(root, made, lab, common, folder, limited=limits.Limits(), jobs=None, sources=(), progress=None):
    """Compiles mm/ and the lab's programs in host/ for this machine; returns ({name: path}, ""), or what the compiler said: a
    kernel may use in mm/ what is not there on the host. `made` is a build folder that has HOST_SOURCES; `sources` are those of
    kernel()."""
    names = lab.programs("host")
    if not names:
        return {}, ""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "build.ninja"), "w", encoding="utf-8") as file:
        file.write(host_ninja(root, made, lab, common, [*([os.path.join(root, seal.COMPILER)] if sources else []), "cc"]))
    try:
        kernel(folder, list(names), limited, jobs, sources, progress)
    except Broken as error:
        return {}, str(error)
    return {name: os.path.join(folder, name) for name in names}, ""
