# SPDX-License-Identifier: MIT
"""Finds the program that a run is about and says why it cannot be run, before anything is booted."""

import os
import stat

from . import elf, libraries, share
from .failure import NOT_ELF, NOT_FOUND, Failure


DEFAULT = "tour"
SCRIPT_HEAD = 256  # bytes that the kernel looks at


class Program:
    """A program to run: its file here, its path in the guest, and its arguments, argv[0] first."""

    def __init__(self, host, guest, argv, of_image=False, shared=False):
        self.host = host
        self.guest = guest
        self.argv = argv
        self.of_image = of_image
        self.shared = shared  # the guest has it by --share: it is not copied
        self.needs = {}  # the host's file of each path that the guest has to have besides


def find(name, image_bin, cwd, add):
    """Finds the host file and the guest's path of a program by its name; what --add puts there comes first.

    --share comes before both, see resolve()."""
    host, guest = name, "/" + os.path.normpath(os.path.join(cwd, name)).lstrip("/")
    if "/" not in name:
        image, in_bin = os.path.join(image_bin, name), "/bin/" + name
        host = os.path.join(cwd, name)
        if name not in ("", ".", "..") and (os.path.isfile(image) or find_added(in_bin, add)):
            host, guest = image, in_bin
    return find_added(guest, add) or host, guest


def find_added(guest, add):
    """Gives the host file that --add puts at a path of the guest, alone or in its folder; None where it does not."""
    for host, path in reversed(add):
        path = os.path.normpath(path)
        if guest == path and os.path.isfile(host):
            return host
        if guest.startswith(path + "/") and os.path.isfile(host + guest[len(path) :]):
            return host + guest[len(path) :]
    return None


def find_host(guest, chosen, image_bin, add, shares=()):
    """Gives the host file that the guest has at a path, as far as the run brought it there; else None."""
    if os.path.normpath(guest) != guest:
        return None
    shared = share.find(guest, shares)
    if shared:
        return shared if os.path.isfile(shared) else None
    added = chosen.host if guest == chosen.guest else chosen.needs.get(guest) or find_added(guest, add)
    image = os.path.join(image_bin, os.path.basename(guest))
    return added or (image if os.path.dirname(guest) == "/bin" and os.path.isfile(image) else None)


def where_not(name, image_bin):
    """Says where a program was looked for, or what a program of the image is called."""
    if "/" not in name:
        return " (neither in the image's /bin nor here)"
    folder, base = os.path.split(os.path.normpath(name))
    if folder == "/bin" and os.path.isfile(os.path.join(image_bin, base)):
        return f" here: the image's program is called {base}, without a slash"
    return ""


def what_instead(name, head):
    """Says what a file is that is no riscv64 program, and how to make one of it."""
    found = elf.describe(head) or ("a C source" if name.endswith(".c") else "")
    return f" but {found}: compile it with riscv64-linux-gnu-gcc -static" if found else ""


def check(host, name, image_bin):
    """Refuses what is neither a riscv64 ELF file nor a script. Gives the name of the script's interpreter, or None."""
    try:
        if not stat.S_ISREG(os.stat(host).st_mode):
            raise Failure(NOT_ELF, f"{name}: not a file")
        with open(host, "rb") as file:
            head = file.read(SCRIPT_HEAD)
            if head.startswith(b"#!"):
                words = head[2:].partition(b"\n")[0].partition(b"\0")[0].replace(b"\t", b" ").split(b" ")
                interpreter = next((word for word in words if word), None)
                if interpreter is None:
                    raise Failure(NOT_ELF, f"{name}: a script that names no interpreter")
                return os.fsdecode(interpreter)
            if elf.read_header(head) is None:
                raise Failure(NOT_ELF, f"{name}: not a riscv64 ELF program{what_instead(name, head)}")
    except (FileNotFoundError, NotADirectoryError):
        raise Failure(NOT_FOUND, f"{name}: not found{where_not(name, image_bin)}") from None
    except OSError as error:
        raise Failure(NOT_ELF, f"{name}: {error.strerror}") from None
    return None


def check_early(name, cwd, add, shares):
    """Refuses a program with a slash that is no program, while there may be no image yet."""
    add = [(host, os.path.join(cwd, path)) for host, path in add]
    host, guest = find(name, os.devnull, cwd, add)
    if "/" in name and os.path.dirname(guest) != "/bin":
        check(share.find(guest, shares) or host, name, os.devnull)


def resolve(words, image_bin, cwd, add=(), shares=(), env=()):
    """Finds and checks the program that these words ask for; none asks for the tour."""
    words = words or [DEFAULT]
    host, guest = find(words[0], image_bin, cwd, add)
    shared = share.find(guest, shares)
    interpreter = check(shared or host, words[0], image_bin)
    chosen = Program(shared or host, guest, words, os.path.dirname(host) == image_bin and not shared, bool(shared))
    scripts, found = {}, (chosen.host, chosen.guest)
    while interpreter is not None:
        found = find_interpreter(words[0], os.path.normpath(os.path.join(cwd, interpreter)),
                                 lambda path: find_host(path, chosen, image_bin, add, shares))
        if found[1] in scripts:
            raise Failure(NOT_ELF, f"{words[0]}: a script that is its own interpreter")
        scripts[found[1]] = found[0]
        interpreter = check(found[0], found[1], image_bin)
    chosen.needs = find_needs(chosen, found, image_bin, cwd, add, shares, env)
    chosen.needs.update({guest: path for guest, path in scripts.items() if os.path.dirname(path) == image_bin})
    return chosen


def find_interpreter(name, guest, in_guest):
    """Finds the interpreter of a script: (the host's file, its path in the guest)."""
    host = in_guest(guest)
    if not host:
        raise Failure(NOT_FOUND, f"{name}: its interpreter {guest} is not in the guest: bring a riscv64 program there by "
                      f"--add FILE:{guest}")
    return host, guest


def find_needs(chosen, found, image_bin, cwd, add, shares, env):
    """Finds what the program, or the interpreter of a script, needs, and as far as it is there what single files of --add need. Gives the host's file of
    each path in the guest."""
    finder = libraries.Finder(lambda guest: find_host(guest, chosen, image_bin, add, shares), cwd, shares, env)
    missing = finder.find_all(*found)
    if missing:
        libraries.refuse(chosen.argv[0], missing)
    for host, path in add:
        if os.path.isfile(host):
            finder.find_all(host, os.path.normpath(path))
    return finder.given


def folders_named(name, cwd):
    """Lists the folders that the guest walks through when it opens a program by its name.

    "a/../b" goes through a, in the guest as here, though b alone would do."""
    parts = os.path.join(cwd, name).split("/")[1:-1]
    return [os.path.normpath("/" + "/".join(parts[: i + 1])) for i in range(len(parts))]
