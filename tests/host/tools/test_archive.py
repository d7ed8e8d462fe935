#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The boot archives that the runner writes, read back by cpio and by hand."""

import errno
import io
import os
import shutil
import stat
import subprocess
import tempfile

from base import TOOLS  # noqa: F401
from lib.tap import Skip, case, equal, main
from runner import qemu
from runner.archive import Archive, copy_exactly
from runner.failure import Failure


def written(archive):
    """Gives an archive's bytes."""
    file = io.BytesIO()
    size = archive.write(file)
    equal(file.tell(), size, "size")
    return file.getvalue()


def refused(action):
    """Checks that an action is refused."""
    try:
        action()
    except Failure:
        return
    raise AssertionError("not refused")


@case
def cpio_unpacks_it_with_modes_and_links():
    if shutil.which("cpio") is None:
        raise Skip("no cpio")
    with tempfile.TemporaryDirectory() as place:
        os.makedirs(place + "/in/sub")
        with open(place + "/in/sub/file", "wb") as file:
            file.write(bytes(range(256)) * 33 + b"x")
        os.chmod(place + "/in/sub/file", 0o4751)
        os.symlink("sub/file", place + "/in/link")
        archive = Archive()
        archive.add_tree("/a/b", place + "/in")
        archive.add_bytes("/empty", b"")
        os.mkdir(place + "/out")
        subprocess.run(["cpio", "-idm", "--quiet"], input=written(archive), cwd=place + "/out", check=True)
        info = os.stat(place + "/out/a/b/sub/file")
        equal((256 * 33 + 1, 0o4751), (info.st_size, stat.S_IMODE(info.st_mode)), "file")
        equal("sub/file", os.readlink(place + "/out/a/b/link"), "link")
        equal(0, os.stat(place + "/out/empty").st_size, "empty file")


@case
def parents_come_before_what_is_in_them():
    archive = Archive()
    archive.add_bytes("/x/y/z", b"1")
    archive.add_bytes("/x-y", b"2")
    data = written(archive)
    names = [name for name in (b"x\0", b"x/y\0", b"x/y/z\0", b"x-y\0")]
    places = [data.index(b"000000" + name) if b"000000" + name in data else data.index(name) for name in names]
    equal(sorted(places[:3]), places[:3], "order")


@case
def bodies_begin_at_multiples_of_eight():
    archive = Archive()
    for n in range(1, 20):
        archive.add_bytes("/" + n * "n", b"body of %d" % n)
    data = written(archive)
    equal({0}, {data.index(b"body of %d" % n) % 8 for n in range(1, 20)}, "where they begin, modulo eight")


@case
def the_later_one_replaces():
    archive = Archive()
    archive.add_bytes("/f", b"old")
    archive.add_bytes("//f", b"new")
    data = written(archive)
    equal((False, 1), (b"old" in data, data.count(b"new")), "contents")


@case
def file_and_folder_of_one_name_are_refused():
    archive = Archive()
    archive.add_bytes("/f", b"")
    refused(lambda: archive.add_bytes("/f/g", b""))
    refused(lambda: archive.add_folder("/f"))


@case
def the_same_files_make_the_same_bytes():
    def make():
        archive = Archive()
        archive.add_bytes("/run/argv", b"x\0")
        archive.add_tree("/me", __file__)
        return written(archive)

    equal(True, make() == make(), "same bytes")


@case
def the_room_for_it_is_what_qemu_leaves():
    mib = 1 << 20
    for mem, version, room in ((16, 7, 2), (32, 7, 10), (128, 7, 58), (512, 7, 378), (2048, 7, 890),
                               (512, 10, 250), (1024, 10, 506), (4096, 10, 506)):
        equal(room, qemu.initrd_room(mem * mib, version) // mib, f"{mem} MiB, version {version}")


class BadDisk:
    """A file that cannot be read."""

    def read(self, _length):
        """Fails as the kernel does, which names no file."""
        raise OSError(errno.EIO, os.strerror(errno.EIO))


@case
def a_file_that_cannot_be_read_is_named():
    try:
        copy_exactly(BadDisk(), io.BytesIO(), 10, "/some/file")
    except Failure as failure:
        equal("/some/file: Input/output error", failure.reason, "reason")
    else:
        raise AssertionError("not refused")


@case
def folders_as_deep_as_they_go():
    """Deeper than Python's own calls may be."""
    with tempfile.TemporaryDirectory() as place:
        path = place
        while len(path) < 3900:
            path += "/d"
        subprocess.run(["mkdir", "-p", path], check=True)
        archive = Archive()
        archive.add_tree("/t", place)
        equal(1 + path[len(place):].count("/"), len(archive.entries), "folders")
        subprocess.run(["rm", "-rf", place + "/d"], check=True)


if __name__ == "__main__":
    main()
