# SPDX-License-Identifier: MIT
"""Runs a command that may be hostile: in a process group of its own, with limits, without network, its output cut off."""

import contextlib
import functools
import glob
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

from runner.patience import Patience, family

CPU_SECONDS = 60  # of one process
ADDRESSES = 2 << 30  # bytes; QEMU reserves far more than it uses
COMPILER_ADDRESSES = 640 << 20  # for a compiler, which uses what it reserves
FILE_BYTES = 256 << 20  # a swap disk is a file
PROCESSES = 256  # more than the user has already
OUTPUT_BYTES = 256 << 10
PIECE = 1 << 16
PAUSE = 0.3  # seconds between two pieces of an input
IDLE = 30  # seconds in which all threads of a command sleep; more than the 20 of ./run.sh, which ends its machine first
LOADED = 40  # so many times its processor time a command may take by the clock, on a host that is that busy
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


# Programs that commands run, each from the first folder of PATH that a submission can see.
TOOLS = ("ninja", "riscv64-linux-gnu-gcc", "cc", "qemu-system-riscv64", "prlimit", "env", "sh")
# Of a folder such as /usr: programs, libraries, headers, the cross compiler's own, QEMU's firmware.
OF_PREFIX = ("bin", "sbin", "lib*", "include", "*-linux-*", "share/qemu", "share/opensbi")
OF_ROOT = ("bin", "sbin", "lib*")  # links into /usr, but on old systems
OF_ETC = ("/etc/alternatives", "/etc/ld.so.cache")  # links to the chosen compiler, where libraries are
PASSED = re.compile("PATH|LANG|LANGUAGE|LC_[A-Z]+")


def prefix_of(tool):
    """Returns the folder that a tool is installed below, or None for no such tool."""
    path = shutil.which(tool)
    return os.path.dirname(os.path.dirname(os.path.realpath(path))) if path else None


@functools.lru_cache(maxsize=None)
def system_folders():
    """Returns the folders of the system's programs and libraries, which any submission may read: those in /usr, and if a tool
    is in none of them, those beside it. Nothing of /usr/local, /usr/src or a home is there for another reason."""
    found = matching("/usr", OF_PREFIX)
    for tool in TOOLS:
        if not shutil.which(tool, path=os.pathsep.join(found)):
            prefix = prefix_of(tool)
            found += matching(prefix, OF_PREFIX) if prefix and prefix not in ("/", os.path.expanduser("~")) else []
    return sorted(set(found))


def matching(folder, patterns):
    """Returns what there is in a folder of these patterns."""
    return [path for pattern in patterns for path in glob.glob(os.path.join(glob.escape(folder), pattern))]


@functools.lru_cache(maxsize=None)
def bwrap():
    """Returns the words that run a command where it sees nothing but the system's programs and libraries."""
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    for path in (*system_folders(), *(path for path in OF_ETC if os.path.exists(path))):
        words += ["--ro-bind", path, path]
    for path in matching("/", OF_ROOT):
        words += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind", path, path]
    return words


NOBODY = 65534
OTHER_USER = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", "--inh-caps=-all",
              "--bounding-set=-all"]
PYTHONS = [sys.executable, "/usr/bin/python3"]  # another user may not reach the first
NO_NETWORK = ["unshare", "-n"]


@functools.lru_cache(maxsize=None)
def isolation():
    """Returns (what keeps commands from network and files, the words for it); bwrap if it works here, and for root, as in
    most containers, another user if that works."""
    if works(bwrap()):
        return "bwrap", bwrap()
    if os.geteuid() == 0 and any(works(OTHER_USER, ["env", path, "-c", ""]) for path in PYTHONS):
        return "user", [*(NO_NETWORK if works(NO_NETWORK) else []), *OTHER_USER]
    for words in (NO_NETWORK, ["unshare", "-rn"]):
        if works(words):
            return "unshare", words
    return "none", []


@functools.lru_cache(maxsize=None)
def python():
    """Returns the Python that commands can run."""
    return next((path for path in PYTHONS if works(["env", *isolation()[1]], ["env", path, "-c", ""])), sys.executable)


def out_of_sight():
    """Returns the tools that are installed, and not where bwrap shows them."""
    if isolation()[0] != "bwrap":
        return []
    return [tool for tool in TOOLS if shutil.which(tool) and not works(bwrap(), ["sh", "-c", f"command -v {tool}"])]


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
    """What a command may do: seconds of CPU, bytes of addresses, folders to write, folders to see beside the system's. Nothing
    is limited without `strict`."""

    def __init__(self, strict=False, writable=(), shown=(), cpu=CPU_SECONDS, addresses=ADDRESSES):
        self.strict, self.writable, self.shown, self.cpu, self.addresses = strict, writable, shown, cpu, addresses

    def walled(self):
        """Returns whether the command can show nobody what he may not see: it sees nothing else, or is none of a student."""
        return not self.strict or isolation()[0] == "bwrap"

    def environment(self, env):
        """Returns the environment for a command that would have this one: nothing else of ours, no compiler's cache, and no
        folders that may not be there to be written."""
        if not self.strict:
            return env
        passed = env or {name: value for name, value in os.environ.items() if PASSED.fullmatch(name)}
        return {**passed, "CCACHE_DISABLE": "1", "TMPDIR": "/tmp", "HOME": "/tmp"}

    def words(self, command, told):
        """Returns the command with what limits it in front; it tells the descriptor what it has used."""
        if not self.strict:
            return command
        kind, words = isolation()
        words = list(words)
        if kind == "bwrap":
            for path in self.shown:  # they may be in /tmp; a lab may lack some
                words += ["--ro-bind-try", path, path]
            for folder in self.writable:
                words += ["--bind", folder, folder]
        limits = ["prlimit", f"--cpu={self.cpu}", f"--as={self.addresses}", f"--fsize={FILE_BYTES}", "--core=0",
                  f"--nproc={count_processes() + PROCESSES}"]
        return [*limits, *words, python(), "-I", "-S", "-B", "-c", COUNTED, str(told), *command]


class Used:
    """What commands have used: seconds of CPU, seconds in which they did nothing, and the most memory of one process, in
    bytes."""

    def __init__(self):
        self.cpu, self.idle, self.memory = 0.0, 0.0, 0


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


def add_used(told, patience):
    """Adds what a command has used: what tools/grader/counted.py has told, or for one that was stopped what was seen."""
    text, used = os.pread(told, PIECE, 0).split(), used_here()
    if not used:
        return
    used.idle += patience.idled
    if len(text) == 2:
        used.cpu += float(text[0])
        used.memory = max(used.memory, int(text[1]) << 10)
    else:
        used.cpu += patience.used


def end_group(process):
    """Kills a command and all that it has started."""
    for pid in family(process.pid, "/proc"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Watch(Patience):
    """A Patience of a command and of all that it has started, with a limit by the clock as well: a hostile one may find a way
    to be neither busy nor idle."""

    def __init__(self, pid, cpu):
        super().__init__(pid, cpu, IDLE, all_below=True)
        self.end = self.clock() + LOADED * cpu + IDLE

    def look(self):
        return super().look() or ("no end, for very long" if self.clock() > self.end else "")


def collect(process, texts, patience, on_output):
    """Reads what a command writes, until it ends or has to be stopped; returns why it has to be, or ""."""
    left = list(texts)
    while left:
        why = patience.look()
        if why:
            return why
        for pipe in select.select(left, [], [], patience.pause)[0]:
            data = os.read(pipe.fileno(), PIECE)
            texts[pipe] += data
            if on_output and pipe is process.stdout:
                on_output(data)
            if not data:
                left.remove(pipe)
            if len(texts[pipe]) > OUTPUT_BYTES:
                return f"more than {OUTPUT_BYTES >> 10} KiB of output"
    return await_end(process, patience)


def await_end(process, patience):
    """Waits for a command that has closed its output; returns why it has to be stopped, or ""."""
    while True:
        try:
            process.wait(patience.pause)
            return ""
        except subprocess.TimeoutExpired:
            why = patience.look()
        if why:
            return why


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


def run(command, cpu, limits=Limits(), cwd=None, env=None, pieces=(), on_output=None):
    """Runs a command to its end, or until it has used so many seconds of processor time, has been idle for IDLE seconds, or has
    written too much. Its input are these pieces of bytes. on_output() gets what it writes to its standard output, as it comes.
    Returns a Done."""
    told = os.memfd_create("used")
    try:
        process = subprocess.Popen(limits.words(command, told), cwd=cwd, env=limits.environment(env), pass_fds=[told],
                                   stdin=subprocess.PIPE if pieces else subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        texts = {process.stdout: bytearray(), process.stderr: bytearray()}
        if pieces:
            threading.Thread(target=feed, args=(process.stdin, pieces), daemon=True).start()
        patience = Watch(process.pid, cpu)
        try:
            stopped = collect(process, texts, patience, on_output)
        finally:
            end_group(process)
            for pipe in texts:
                pipe.close()
        add_used(told, patience)
    except OSError as error:
        return Done(None, b"", b"", f"{command[0]} did not start: {error.strerror}")
    finally:
        os.close(told)
    return Done(None if stopped else process.returncode, *(bytes(text[:OUTPUT_BYTES]) for text in texts.values()), stopped)
