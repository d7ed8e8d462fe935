# SPDX-License-Identifier: MIT
"""Writes the boot archive: a cpio file (newc) with the modes, folders and links that it is told of."""

import os
import stat

from .failure import BROKEN, USAGE, Failure

CHUNK = 1 << 20
HEADER = 110  # bytes


class Entry:
    """One file, folder or link; its contents are bytes or the host's file of that name."""

    def __init__(self, mode, data=b"", host=None, mtime=0):
        self.mode = mode
        self.data = data
        self.host = host
        self.mtime = mtime


class Archive:
    """What will be in the archive, by path; a later entry replaces an earlier one."""

    def __init__(self):
        self.entries = {}

    def _put(self, path, entry):
        path = os.fsencode(os.path.normpath(path)).lstrip(b"/")
        if path in (b"", b"."):
            return
        parent = os.path.dirname(path)
        while parent and parent not in self.entries:  # what is there has all its own parents
            self.entries[parent] = Entry(stat.S_IFDIR | 0o755)
            parent = os.path.dirname(parent)
        if parent and not stat.S_ISDIR(self.entries[parent].mode):
            raise Failure(USAGE, f"{os.fsdecode(path)}: a file is where its folder should be")
        old = self.entries.get(path)
        if old and stat.S_ISDIR(old.mode) != stat.S_ISDIR(entry.mode):
            raise Failure(USAGE, f"{os.fsdecode(path)}: both a folder and a file")
        self.entries[path] = entry

    def has(self, path):
        """Tells whether there is such a file or folder."""
        return os.fsencode(os.path.normpath(path)).lstrip(b"/") in self.entries

    def size(self):
        """Gives about how many bytes the contents of its files have."""
        return sum(os.path.getsize(entry.host) if entry.host else len(entry.data) for entry in self.entries.values())

    def add_folder(self, path, mode=0o755):
        """Adds an empty folder."""
        self._put(path, Entry(stat.S_IFDIR | mode))

    def add_bytes(self, path, data, mode=0o644):
        """Adds a file with these contents."""
        self._put(path, Entry(stat.S_IFREG | mode, data))

    def add_program(self, path, host):
        """Adds a host's file that may be executed, whatever its mode here says."""
        info = os.stat(host)
        self._put(path, Entry(info.st_mode | 0o555, host=host, mtime=int(info.st_mtime)))

    def add_tree(self, path, host):
        """Adds a host's file or folder with all that is in it, links as links."""
        info = os.stat(host)
        self._add_one(path, host, info)
        folders = [(path, host)] if stat.S_ISDIR(info.st_mode) else []
        while folders:  # as deep as they go: deeper than Python's own calls may
            path, host = folders.pop()
            for name in os.listdir(host):
                below = (path + "/" + name, os.path.join(host, name))
                info = os.lstat(below[1])
                self._add_one(*below, info)
                if stat.S_ISDIR(info.st_mode):
                    folders.append(below)

    def _add_one(self, path, host, info):
        mtime = int(info.st_mtime)
        if stat.S_ISLNK(info.st_mode):
            self._put(path, Entry(info.st_mode, os.fsencode(os.readlink(host)), mtime=mtime))
        elif stat.S_ISDIR(info.st_mode):
            self._put(path, Entry(info.st_mode, mtime=mtime))
        elif stat.S_ISREG(info.st_mode):
            self._put(path, Entry(info.st_mode, host=host, mtime=mtime))
        else:
            raise Failure(USAGE, f"--add: {host}: neither a file nor a folder nor a link")

    def write(self, file):
        """Writes the whole archive to a binary file; returns its size."""
        size = 0
        for number, (path, entry) in enumerate(sorted(self.entries.items()), 1):
            size += write_entry(file, path, entry, number, size)
        return size + write_entry(file, b"TRAILER!!!", Entry(0), 0, size)


def pad(size):
    """Gives the zeros that bring a size up to a multiple of four."""
    return b"\0" * (-size % 4)


def aligned(path, at):
    """Gives a name of the file by which its body, behind a header at that place, begins at a multiple of eight: pages are
    copied from there, word by word."""
    return path if (at + HEADER + len(path) + 1 + 3) & 4 == 0 else b"././" + path


def write_entry(file, path, entry, number, at):
    """Writes one header, name and body at that place of the archive; returns how many bytes that took."""
    source = open(entry.host, "rb") if entry.host else None
    try:
        length = os.fstat(source.fileno()).st_size if source else len(entry.data)
        if length >= 1 << 32:
            raise Failure(BROKEN, f"{entry.host}: 4 GiB or more do not go into a boot archive")
        if length:
            path = aligned(path, at)
        links = 2 if stat.S_ISDIR(entry.mode) else 1
        fields = (number, entry.mode, 0, 0, links, max(entry.mtime, 0) & 0xFFFFFFFF, length,
                  0, 0, 0, 0, len(path) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + path + b"\0"
        file.write(head + pad(len(head)))
        if source:
            copy_exactly(source, file, length, entry.host)
        else:
            file.write(entry.data)
        file.write(pad(length))
        return len(head) + len(pad(len(head))) + length + len(pad(length))
    finally:
        if source:
            source.close()


def copy_exactly(source, file, length, name):
    """Copies as many bytes as the header says, or fails where the file has become shorter."""
    while length > 0:
        try:
            data = source.read(min(length, CHUNK))
        except OSError as error:
            raise Failure(BROKEN, f"{name}: {error.strerror}") from None
        if not data:
            raise Failure(BROKEN, f"{name}: became shorter while it was read")
        file.write(data)
        length -= len(data)
