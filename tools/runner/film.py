# SPDX-License-Identifier: MIT
"""--film: when the machine has ended, its recording becomes a film (docs/film.md)."""

import glob
import os

from recording import film
from recording.file import Broken, Recording

from .failure import BROKEN, Failure
from .lean import Folder

NAME = 16  # bytes of a file's name that a recording has
LIBRARIES = ("bin", "sbin", "usr/bin", "usr/sbin", "lib/riscv64-linux-gnu", "usr/lib/riscv64-linux-gnu", "lib", "usr/lib")


class Filming:
    """A film that is to be made of a run."""

    def __init__(self, options, place, chosen):
        self.path = options.film
        self.title = " ".join(options.program) or "the tour"
        folder = os.path.dirname(self.path) or "."
        if os.path.isdir(self.path):  # better now than after the run
            raise Failure(BROKEN, f"--film: {self.path} is a folder")
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK | os.X_OK):
            raise Failure(BROKEN, f"--film: {self.path}: its folder cannot be written to")
        self.scratch = None
        if options.record is None:
            self.scratch = Folder("faultline-film-")
            options.record = os.path.join(self.scratch.name, "recording")
        self.recording = options.record
        self.root = options.root.share.host if options.root else None
        self.programs = {}
        self._know(chosen.guest, chosen.host)
        self._know("init", place.init)
        for guest, host in [*chosen.needs.items(), *((path, host) for host, path in options.add)]:
            self._know(guest, host)
        for name in os.listdir(place.image_bin):
            self._know(name, os.path.join(place.image_bin, name))

    def _know(self, guest, host):
        """The guest has a file of this machine's, by this path, or a folder of such files."""
        inside = {name: os.path.join(host, name) for name in sorted(os.listdir(host))} if os.path.isdir(host) else {}
        for path, file in [(guest, host), *inside.items()]:
            self.programs.setdefault(os.fsencode(os.path.basename(path))[:NAME], file)

    def _find(self, name):
        """Gives the file of this machine's that a recording calls by a name, or None."""
        key = os.fsencode(name)
        if key not in self.programs and self.root:
            for folder in LIBRARIES:
                for path in sorted(glob.glob(os.path.join(glob.escape(os.path.join(self.root, folder)), glob.escape(name) + "*"))):
                    self._know(path, path)
        return self.programs.get(key)

    def finish(self):
        """Makes the film."""
        try:
            film.write(self.path, [film.read(Recording(self.recording), self._find, self.title)])
        except Broken as error:
            raise Failure(BROKEN, f"--film: {error}") from None
        except OSError as error:
            raise Failure(BROKEN, f"--film: {error.filename or self.path}: {error.strerror}") from None
        finally:
            if self.scratch:
                self.scratch.cleanup()

    def run(self, follow):
        """Runs the machine by a function, and makes the film however that ends. Gives the function's result."""
        try:
            status = follow()
        except BaseException:
            try:
                self.finish()
            except Failure:
                pass  # the first one is told
            raise
        self.finish()
        return status
