# SPDX-License-Identifier: MIT
"""The folders of --share: the guest reads and writes them while it runs, through a device of QEMU's and a server of
the guest's."""

import os
from collections import namedtuple

from .failure import USAGE, Failure

PATH = "/mnt"
MOST = 4  # the machine has eight places for devices, of which ports and disk take two
SERVER = "hostfs"  # the program in the image
READ_ONLY = ":ro"
SETID = ":setid"
EXCLUSIVE = ":exclusive"
FORM = "DIR[:PATH][:ro|:setid][:exclusive]"

# A folder here as an absolute path, where the guest has it, whether it may only be read, whether set-id bits may be set, and whether
# nobody else changes what is in it while the guest runs.
Share = namedtuple("Share", "host path read_only setid exclusive", defaults=[False, False])


def split(text):
    """Takes the words off the end of DIR[:PATH][:ro|:setid][:exclusive]. Gives what is left, and {word: True} of those that were there."""
    words = {}
    for word, name in ((EXCLUSIVE, "exclusive"), (SETID, "setid"), (READ_ONLY, "read_only")):
        if text.endswith(word) and not (name == "read_only" and "setid" in words):
            text = text.removesuffix(word)
            words[name] = True
    return text, {"read_only": False, **words}


def parse(text):
    """Splits DIR[:PATH][:ro|:setid][:exclusive] at its last colons. Gives a Share."""
    rest, words = split(text)
    host, colon, path = rest.rpartition(":")
    if not colon:
        host, path = path, ""
    if not host:
        raise Failure(USAGE, f"--share wants {FORM}, not '{text}'")
    path = path or PATH
    if not path.startswith("/"):
        raise Failure(USAGE, f"--share wants an absolute path, ro, setid or exclusive after the last colon, not '{path}' "
                      f"(a folder with a colon in its name: '{text}:')")
    path = "/" + os.path.normpath(path).lstrip("/")
    if path == "/":
        raise Failure(USAGE, "--share: the guest's root cannot be a folder of the host's")
    try:
        os.close(os.open(host, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        raise Failure(USAGE, f"--share: {host}: {error.strerror}") from None
    return Share(os.path.realpath(host), path, **words)


def check(shares):
    """Refuses what is too much, or in the same place."""
    if len(shares) > MOST:
        raise Failure(USAGE, f"--share: {MOST} folders at most")
    paths = [share.path for share in shares]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise Failure(USAGE, f"--share: two folders at {path}")


def tag(number):
    """Names a device, for QEMU and for the guest's init."""
    return f"share{number}"


def orders(shares):
    """Gives what init is told: the tag of each device, the path where its files are to be, and how they may be used."""
    return [word for number, share in enumerate(shares)
            for word in (tag(number), share.path, ("ro" if share.read_only else "rw,setid" if share.setid else "rw") + ",exclusive" * share.exclusive)]


def arguments(shares):
    """Gives QEMU's arguments. In one of its options, a comma is written twice."""
    args = []
    for number, share in enumerate(shares):
        folder = share.host.replace(",", ",,")
        read_only = "on" if share.read_only else "off"
        args += ["-fsdev",
                 f"local,id={tag(number)},path={folder},security_model=none,readonly={read_only},multidevs=remap",
                 "-device", f"virtio-9p-device,fsdev={tag(number)},mount_tag={tag(number)}"]
    return args


def refused(said):
    """Tells whether QEMU has ended because of these arguments; it was built without them, perhaps."""
    return "fsdev" in said or "virtio-9p" in said


def find(guest, shares):
    """Says which file of the host's is at a path of the guest: None if no folder is shared there.

    What is mounted later covers what was at its place before."""
    for share in reversed(shares):
        if guest.startswith(share.path + "/"):
            return share.host + guest[len(share.path):]
    return None
