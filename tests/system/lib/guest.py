# SPDX-License-Identifier: MIT
"""Runs ./run.sh as its users do: where it is, the program that it runs, what came out."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

from .tap import equal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tools"))

from runner import child  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
RUN = os.path.join(ROOT, "run.sh")
FAKE = bool(os.environ.get("FAULTLINE_FAKE"))  # the runner's side only, see tests/host/tools
# Tests of the runner's contract execute ./run.sh. In the others a fork of the test is the runner, without a shell and a Python
# to start for each boot.
IS_CONTRACT = os.path.basename(sys.argv[0]) in ("messages.py", "program.py", "status.py", "streams.py", "terminal.py")
PATIENCE = 900  # seconds, for what never ends: this machine may be busy, and ./run.sh has its own 600
ELF = b"\x7fELF\2\1\1" + bytes(9) + b"\2\0\xf3\0\1\0\0\0" + bytes(40)


def heed_signals():
    """Takes signals as ever where we were started in the background or by nohup: runs would ignore them, too."""
    for number, action in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGQUIT, signal.SIG_DFL),
                           (signal.SIGINT, signal.default_int_handler)):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, action)


def set_up_fake(scratch):
    """Makes a build folder and a QEMU that only look like those."""
    build = os.path.join(scratch, "build")
    for name in ("faultline.elf", "faultline-hardened.elf", "user/init", "user/demo", "user/hostfs", "user/tour", "tests/system/probe"):
        path = os.path.join(build, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(ELF)
        os.chmod(path, 0o755)
    bin_folder = os.path.join(scratch, "bin")
    os.makedirs(bin_folder)
    fake = os.path.join(bin_folder, "qemu-system-riscv64")
    with open(fake, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec {sys.executable} "{ROOT}/tests/host/tools/fake_qemu.py" "$@"\n')
    os.chmod(fake, 0o755)
    os.environ["FAULTLINE_BUILD"] = build
    os.environ["PATH"] = bin_folder + ":" + os.environ["PATH"]


heed_signals()
SCRATCH = tempfile.TemporaryDirectory(prefix="faultline-test-")
if FAKE:
    set_up_fake(SCRATCH.name)
BUILD = os.environ.setdefault("FAULTLINE_BUILD", os.path.join(ROOT, "build"))
os.environ.setdefault("FAULTLINE_HARTS", "1")  # what the host has is not to change a test
PROBE = os.path.join(BUILD, "tests/system/probe")
if not FAKE and not os.path.exists(PROBE):
    sys.path.append(os.path.join(ROOT, "tools"))
    import built

    print(f"{os.path.basename(sys.argv[0])}: {built.missing(PROBE)}", file=sys.stderr)
    sys.exit(2)
GREEDY = os.path.join(BUILD, "tests/system/greedy")


def on_hardened():
    """Has runs boot the hardened kernel, unless another one is named: for what only that one can be asked for."""
    os.environ.setdefault("FAULTLINE_KERNEL", "faultline-hardened.elf")


def folder(name):
    """Makes a new folder for one case."""
    path = os.path.join(SCRATCH.name, name)
    os.makedirs(path)
    return path


def put(path, data, mode=0o644):
    """Makes a file, and the folders above it."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)
    return path


def get(path):
    """Gives what is in a file."""
    with open(path, "rb") as file:
        return file.read()


def copy_probe(path):
    """Puts the probe somewhere else."""
    shutil.copy(PROBE, path)
    return path


class Result:
    """How a run ended and what it wrote."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err

    def last_line(self):
        """Gives the last line of standard error."""
        return (self.err.splitlines() or [b""])[-1]


def runner(words, env=None):
    """Gives what subprocess.Popen() is told to start ./run.sh with these arguments, and this environment if it is another one."""
    told = {"args": [RUN, *words], "env": os.environ if env is None else env}
    if not (FAKE or IS_CONTRACT):
        told["preexec_fn"] = child.becoming(words, told["env"])
    return told


def run(*words, options=(), stdin=b"", cwd=None, env=None, program=PROBE, patience=PATIENCE):
    """Runs the probe with these arguments and waits for it; stdin is bytes or a descriptor."""
    given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run(**runner([*options, "--", program, *words], {**os.environ, **(env or {})}),
                          capture_output=True, cwd=cwd, timeout=patience, check=False, **given)
    return Result(done.returncode, done.stdout, done.stderr)


def run_placed(name, *words, options=(), **names):
    """Runs a program of the system tests at one path of the guest, however long its path here is."""
    add = f"{BUILD}/tests/system/{name}:/bin/{name}"
    return run(*words, program="/bin/" + name, options=[*options, "--add", add], cwd="/", **names)


def in_steps(name, words, place, steps, options=("--mem", "64M")):
    """
    Runs a program of the system tests on a shared folder: it says what is to be done here, and goes on when it is. All of
    that is to come, and "NAME: ok" at the end. Gives the run.
    """
    words = [*options, "--share", place, "--add", f"{BUILD}/tests/system/{name}:/bin/{name}", "--", "/bin/" + name, *words]
    with subprocess.Popen(**runner(words), cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        lines = []
        for line in run.stdout:
            step = line.decode().strip()
            if step not in steps:
                lines.append(step)
                continue
            steps.pop(step)()
            run.stdin.write(b"x")
            run.stdin.flush()
        run.stdin.close()
        said = run.stderr.read()
        equal((0, [name + ": ok"], []), (run.wait(PATIENCE), lines, list(steps)), f"status and output (it said {said})")
    return Result(0, b"", said)


def run_raw(words, stdin=None, env=None, **names):
    """Runs ./run.sh with exactly these arguments."""
    given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}
    done = subprocess.run(**runner(words, env), capture_output=True, timeout=PATIENCE, check=False, **given, **names)
    return Result(done.returncode, done.stdout, done.stderr)


def start(*words, options=(), **names):
    """Starts the probe with these arguments and does not wait."""
    return subprocess.Popen(**runner([*options, "--", PROBE, *words]), **names)
