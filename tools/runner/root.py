# SPDX-License-Identifier: MIT
"""The folder of --root: the guest's root, and the program that is in it."""

import errno
import os
import stat
from collections import namedtuple

from . import elf, program, share
from .failure import NOT_ELF, NOT_FOUND, USAGE, Failure

MOUNTED = "/newroot"  # by init, on its own root
SHELL = "/bin/sh"
PROMPT = "sh"  # the program in the image
PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SYSTEMS = ("dev", "proc", "tmp")  # what init mounts on directories of the root
MOST_LINKS = 40

# A folder here as the user has named it, and the share that it is.
Root = namedtuple("Root", "name share")


def follow(host, path):
    """Follows a path as the guest does, whose root is this folder here: no link and no ".." leads out of it. Gives the
    path without links; OSError where there is nothing."""
    done, rest, links = [], path.split("/")[::-1], 0
    while rest:
        part = rest.pop()
        if part == "..":
            del done[-1:]
        if part in ("", ".", ".."):
            continue
        here = "/".join([host, *done, part])
        if not stat.S_ISLNK(os.lstat(here).st_mode):
            done.append(part)
            continue
        links += 1
        if links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = os.readlink(here)
        if target.startswith("/"):
            done = []
        rest += target.split("/")[::-1]
    return "/" + "/".join(done)


def parse(text):
    """Splits DIR[:ro|:setid][:exclusive]. Gives a Root."""
    name, words = share.split(text)
    if not name:
        raise Failure(USAGE, f"--root wants DIR[:ro|:setid][:exclusive], not '{text}'")
    try:
        os.close(os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        raise Failure(USAGE, f"--root: {name}: {error.strerror}") from None
    root = Root(name, share.Share(os.path.realpath(name), MOUNTED, **words))
    for system in SYSTEMS:
        check_system(root, system)
    return root


def check_system(root, name):
    """Refuses a folder where init will not find, or not make, the directory to mount on."""
    host = root.share.host
    try:
        if not os.path.isdir(host + follow(host, name)):
            raise Failure(USAGE, f"--root: {root.name}: its {name} is not a directory, but the guest's /{name} is to be there")
    except OSError:
        if os.path.lexists(os.path.join(host, name)):
            raise Failure(USAGE, f"--root: {root.name}: its {name} is a link that leads nowhere, but the guest's /{name} is to "
                          "be there") from None
        if root.share.read_only or not os.access(host, os.W_OK):
            raise Failure(USAGE, f"--root: {root.name}: has no directory {name}, where the guest's /{name} is to be, and cannot "
                          "be written to: make one, which may be empty") from None


def check(options):
    """Refuses what does not go with a root."""
    if options.root and options.add:
        raise Failure(USAGE, "--add puts files into the boot archive, which a program of --root does not see: copy them to "
                      f"{options.root.name}")


def find(guest, root, shares):
    """Gives the host's file at a path of the guest, or None where the guest has its own, or none."""
    shared = share.find(guest, shares)
    if shared:
        return shared if os.path.isfile(shared) else None
    try:
        path = follow(root.share.host, guest)
    except OSError:
        return None
    if path.split("/")[1] in SYSTEMS:
        return None
    return root.share.host + path if os.path.isfile(root.share.host + path) else None


def named_home(root, uid):
    """Gives the directory that the folder's /etc/passwd has for a user, or None."""
    try:
        with open(root.share.host + follow(root.share.host, "/etc/passwd"), "rb") as names:
            lines = [line.rstrip(b"\n").split(b":") for line in names]
    except OSError:
        return None
    homes = [fields[5] for fields in lines if len(fields) == 7 and fields[2] == b"%d" % uid]
    return os.fsdecode(homes[0]) if homes and homes[0].startswith(b"/") else None


def variables(root, uid):
    """Gives the environment's variables that depend on the root."""
    home = named_home(root, uid) if uid else "/root"
    try:
        if not home or not os.path.isdir(root.share.host + follow(root.share.host, home)):
            home = "/"
    except (OSError, ValueError):
        home = "/"
    return {"HOME": home, "PATH": PATHS}


def paths_of(name, env):
    """Lists the guest's paths where a program of that name may be: its working directory is the root."""
    if "/" in name:
        return [os.path.join("/", name)]
    listed = dict(text.split("=", 1) for text in env).get("PATH", PATHS)
    return [os.path.join("/", folder, name) for folder in listed.split(":")]


def resolve(words, root, image_bin, shares, env):
    """Finds and checks the program of the root that these words ask for; none asks for its shell, or for our prompt."""
    if not words and find(SHELL, root, shares) is None and not has(SHELL, root):
        return program.Program(os.path.join(image_bin, PROMPT), SHELL, [PROMPT], of_image=True)
    words = words or [SHELL]
    places = paths_of(words[0], env)
    guest = next((path for path in places if find(path, root, shares)), None)
    if guest is None:
        refuse(words[0], places, root)
    host = find(guest, root, shares)
    chosen = program.Program(host, guest, words, shared=True)
    seen = set()
    while (needed := program.check(host, guest, image_bin)) is not None:
        guest = os.path.join("/", needed)
        if guest in seen:
            raise Failure(NOT_ELF, f"{words[0]}: a script that is its own interpreter")
        seen.add(guest)
        host = need(words[0], "its interpreter", guest, root, shares)
    needs = elf.needs_of(host)
    if needs and needs.interpreter:
        need(words[0], "its loader", os.path.join("/", needs.interpreter), root, shares)
    return chosen


def has(guest, root):
    """Tells whether the root has anything at a path."""
    try:
        follow(root.share.host, guest)
    except OSError:
        return False
    return True


def refuse(name, places, root):
    """Says why there is no such program."""
    if any(has(path, root) for path in places):
        raise Failure(NOT_ELF, f"{name}: not a file in {root.name}")
    where = "" if "/" in name else f" (in none of {', '.join(map(os.path.dirname, places))})"
    raise Failure(NOT_FOUND, f"{name}: not found in {root.name}{where}")


def need(name, what, guest, root, shares):
    """Gives the host's file of what a program cannot run without."""
    host = find(guest, root, shares)
    if host is None:
        raise Failure(NOT_FOUND, f"{name}: {what} {guest} is not in {root.name}")
    return host


def orders(root, prompt):
    """Gives what init is told: where the root is, and whether the image's prompt is to run in it."""
    return [MOUNTED, PROMPT] if prompt else [MOUNTED]
