# SPDX-License-Identifier: MIT
"""Runs a command that may be hostile: in a process group of its own, with limits, without network, its output cut off."""

import contextlib
import functools
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

CPU_SECONDS = 60  # of one process
ADDRESSES = 2 << 30  # bytes; QEMU reserves far more than it uses
COMPILER_ADDRESSES = 640 << 20  # for a compiler, which uses what it reserves
FILE_BYTES = 256 << 20  # a swap disk is a file
PROCESSES = 256  # more than the user has already
OUTPUT_BYTES = 256 << 10
PIECE = 1 << 16
PAUSE = 0.3  # seconds between two pieces of an input
OUT_OF_TIME = "no end"
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "counted.py"), encoding="utf-8") as source:
    COUNTED = source.read()  # as an argument, for the file may be out of the command's reach


class Done:
    """How a command ended. status is None if it was stopped; `stopped` then says why."""

    def __init__(self, status, out, err, stopped=""):
        self.status, self.out, self.err, self.stopped = status, out, err, stopped


def works(words, command=("true",)):
    """Returns whether a command succeeds here behind these words."""
    if not shutil.which(words[0]):
        return False
    return subprocess.run([*words, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


BWRAP = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--unshare-all",
         "--die-with-parent", "--new-session"]


NOBODY = 65534
OTHER_USER = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
              "--bounding-set=-all"]
PYTHONS = [sys.executable, "/usr/bin/python3"]  # another user may not reach the first
NO_NETWORK = ["unshare", "-n"]


@functools.lru_cache(maxsize=None)
def isolation():
    """Returns (what keeps commands from network and files, the words for it); bwrap if it works here, and for root, as in
    most containers, another user if that works."""
    if works(BWRAP):
        return "bwrap", BWRAP
    if os.geteuid() == 0 and any(works(OTHER_USER, ["env", path, "-c", ""]) for path in PYTHONS):
        return "user", [*(NO_NETWORK if works(NO_NETWORK) else []), *OTHER_USER]
    for words in (NO_NETWORK, ["unshare", "-rn"]):
        if works(words):
            return "unshare", words
    return "none", []


@functools.lru_cache(maxsize=None)
def python():
    """Returns the Python that commands can run."""
    if isolation()[0] != "user":
        return sys.executable
    return next(path for path in PYTHONS if works(OTHER_USER, ["env", path, "-c", ""]))


def in_sight(paths):
    """Returns those of the paths that the other user can read; none if commands run in another way."""
    if isolation()[0] != "user":
        return []
    return [path for path in paths if os.path.exists(path) and works(OTHER_USER, ["ls", path])]


def out_of_reach(path):
    """Returns whether the other user cannot get to a path."""
    return isolation()[0] == "user" and not in_sight([path])


def hand_over(folders):
    """Lets commands write to these folders and all in them."""
    if isolation()[0] != "user":
        return
    for top in folders:
        for folder, _, names in os.walk(top):
            for path in (folder, *(os.path.join(folder, name) for name in names)):
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)


def count_processes():
    """Returns how many threads and processes the user has, which its limit counts, too."""
    count, me = 0, NOBODY if isolation()[0] == "user" else os.getuid()
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.stat("/proc/" + name).st_uid == me:
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            pass
    return count


class Limits:
    """What a command may do: seconds of CPU, bytes of addresses, folders to write, folders not to see. Nothing is limited
    without `strict`."""

    def __init__(self, strict=False, writable=(), shown=(), hidden=(), cpu=CPU_SECONDS, addresses=ADDRESSES):
        self.strict, self.writable, self.shown, self.hidden, self.cpu = strict, writable, shown, hidden, cpu
        self.addresses = addresses

    def environment(self, env):
        """Returns the environment for a command that would have this one: without a compiler's cache and folders that may not
        be there to be written."""
        return {**(os.environ if env is None else env), "CCACHE_DISABLE": "1", "TMPDIR": "/tmp", "HOME": "/tmp"} if self.strict else env

    def words(self, command, told):
        """Returns the command with what limits it in front; it tells the descriptor what it has used."""
        if not self.strict:
            return command
        kind, words = isolation()
        words = list(words)
        if kind == "bwrap":
            for folder in self.hidden:
                words += ["--tmpfs", folder]
            for path in self.shown:  # they may be in /tmp, or in what is hidden; a lab may lack some
                words += ["--ro-bind-try", path, path]
            for folder in self.writable:
                words += ["--bind", folder, folder]
        limits = ["prlimit", f"--cpu={self.cpu}", f"--as={self.addresses}", f"--fsize={FILE_BYTES}", "--core=0",
                  f"--nproc={count_processes() + PROCESSES}"]
        return [*limits, *words, python(), "-I", "-S", "-B", "-c", COUNTED, str(told), *command]


class Used:
    """What commands have used: seconds of CPU, and the most memory of one process, in bytes."""

    def __init__(self):
        self.cpu, self.memory = 0.0, 0


HERE = threading.local()  # the Used of each thread


@contextlib.contextmanager
def counting(used):
    """Has what this thread's commands use counted there."""
    HERE.used = used
    try:
        yield
    finally:
        HERE.used = None


def used_here():
    """Returns the Used that this thread's commands count in, or None."""
    return getattr(HERE, "used", None)


def add_used(told):
    """Adds what tools/grader/counted.py has told of a command. One that was stopped has told nothing."""
    text, used = os.pread(told, PIECE, 0).split(), used_here()
    if used and len(text) == 2:
        used.cpu += float(text[0])
        used.memory = max(used.memory, int(text[1]) << 10)
    return bool(text)


def end_group(process):
    """Kills a command and all that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def collect(process, texts, deadline):
    """Reads what a command writes, until it ends or has to be stopped; returns why it has to be, or ""."""
    left = list(texts)
    while left:
        ready, _, _ = select.select(left, [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            return OUT_OF_TIME
        for pipe in ready:
            data = os.read(pipe.fileno(), PIECE)
            texts[pipe] += data
            if not data:
                left.remove(pipe)
            if len(texts[pipe]) > OUTPUT_BYTES:
                return f"more than {OUTPUT_BYTES >> 10} KiB of output"
    try:
        process.wait(max(deadline - time.monotonic(), 1))
    except subprocess.TimeoutExpired:
        return OUT_OF_TIME
    return ""


def feed(pipe, pieces):
    """Writes the pieces of an input, with pauses between them, as far as somebody reads them."""
    try:
        with pipe:
            for number, piece in enumerate(pieces):
                time.sleep(PAUSE if number else 0)
                pipe.write(piece)
                pipe.flush()
    except OSError:
        pass  # the reader has ended


def run(command, seconds, limits=Limits(), cwd=None, env=None, pieces=()):
    """Runs a command to its end, or until the time is up or it has written too much. Its input are these pieces of bytes.
    Returns a Done."""
    told = os.memfd_create("used")
    try:
        process = subprocess.Popen(limits.words(command, told), cwd=cwd, env=limits.environment(env), pass_fds=[told],
                                   stdin=subprocess.PIPE if pieces else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        texts = {process.stdout: bytearray(), process.stderr: bytearray()}
        if pieces:
            threading.Thread(target=feed, args=(process.stdin, pieces), daemon=True).start()
        started = time.monotonic()
        try:
            stopped = collect(process, texts, started + seconds)
        finally:
            end_group(process)
            for pipe in texts:
                pipe.close()
        if not add_used(told) and used_here():
            used_here().cpu += time.monotonic() - started  # stopped before it could tell: at most so much of one CPU
    except OSError as error:
        return Done(None, b"", b"", f"{command[0]} did not start: {error.strerror}")
    finally:
        os.close(told)
    if stopped == OUT_OF_TIME:
        stopped = f"no end within {seconds:g} s"
    return Done(None if stopped else process.returncode, *(bytes(text[:OUTPUT_BYTES]) for text in texts.values()), stopped)
