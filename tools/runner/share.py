# SPDX-License-Identifier: MIT
"""The folders of --share: the guest reads them while it runs, through a device of QEMU's and a server of the guest's."""

import os

from .failure import USAGE, Failure

PATH = "/mnt"
MOST = 4  # the machine has eight places for devices, of which ports and disk take two
SERVER = "hostfs"  # the program in the image


def parse(text):
    """Splits DIR[:PATH] at its last colon. Gives the folder as an absolute path, and where the guest has it."""
    host, colon, path = text.rpartition(":")
    if not colon:
        host, path = text, ""
    if not host:
        raise Failure(USAGE, f"--share wants DIR[:PATH], not '{text}'")
    path = path or PATH
    if not path.startswith("/"):
        raise Failure(USAGE, f"--share wants an absolute path after the last colon, not '{path}' "
                      f"(a folder with a colon in its name: '{text}:')")
    path = "/" + os.path.normpath(path).lstrip("/")
    if path == "/":
        raise Failure(USAGE, "--share: the guest's root cannot be a folder of the host's")
    try:
        os.close(os.open(host, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError as error:
        raise Failure(USAGE, f"--share: {host}: {error.strerror}") from None
    return os.path.realpath(host), path


def check(shares):
    """Refuses what is too much, or in the same place."""
    if len(shares) > MOST:
        raise Failure(USAGE, f"--share: {MOST} folders at most")
    paths = [path for _, path in shares]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise Failure(USAGE, f"--share: two folders at {path}")


def tag(number):
    """Names a device, for QEMU and for the guest's init."""
    return f"share{number}"


def orders(shares):
    """Gives what init is told: the tag of each device, and the path where its files are to be."""
    return [word for number, (_, path) in enumerate(shares) for word in (tag(number), path)]


def arguments(shares):
    """Gives QEMU's arguments. In one of its options, a comma is written twice."""
    args = []
    for number, (host, _) in enumerate(shares):
        folder = host.replace(",", ",,")
        args += ["-fsdev", f"local,id={tag(number)},path={folder},security_model=none,readonly=on,multidevs=remap",
                 "-device", f"virtio-9p-device,fsdev={tag(number)},mount_tag={tag(number)}"]
    return args


def refused(said):
    """Tells whether QEMU has ended because of these arguments; it was built without them, perhaps."""
    return "fsdev" in said or "virtio-9p" in said


def find(guest, shares):
    """Says which file of the host's is at a path of the guest: None if no folder is shared there.

    What is mounted later covers what was at its place before."""
    for host, path in reversed(shares):
        if guest.startswith(path + "/"):
            return host + guest[len(path):]
    return None
