# SPDX-License-Identifier: MIT
"""Finds what a dynamic program needs, its loader and libraries, and says where the guest's loader looks for them."""

import os
from collections import namedtuple

from . import elf, share
from .failure import NOT_FOUND, Failure

# Here: of Debian's packages for cross-compiling, of its packages of the foreign architecture, and on a riscv64 machine.
HERE = ("/usr/riscv64-linux-gnu/lib", "/usr/lib/riscv64-linux-gnu", "/lib/riscv64-linux-gnu", "/usr/lib", "/lib")
# In the guest: where the loader looks unless it is told otherwise.
THERE = ("/lib/riscv64-linux-gnu", "/usr/lib/riscv64-linux-gnu", "/lib", "/usr/lib")
PLACE = "/lib"
PACKAGES = {
    "libstdc++.so.6": "libstdc++6-riscv64-cross",
    "libgcc_s.so.1": "libgcc-s1-riscv64-cross",
    "libatomic.so.1": "libatomic1-riscv64-cross",
    "libgomp.so.1": "libgomp1-riscv64-cross",
}
OF_THE_C_LIBRARY = ("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "libresolv.so.2", "libutil.so.1")
C_LIBRARY = "libc6-riscv64-cross"
LIBRARY_PATH, PRELOAD = "LD_LIBRARY_PATH", "LD_PRELOAD"

# A file of this machine, and where the guest has it.
Found = namedtuple("Found", "host guest")


class Finder:
    """Looks for files as the guest's loader will, in what the guest has and in what it can be given."""

    def __init__(self, in_guest, cwd, shares=(), env=()):
        self.in_guest = in_guest  # gives the host's file that the guest has at a path anyway, or None
        self.cwd = cwd
        self.shares = shares
        self.env = dict(text.split("=", 1) for text in env)
        self.given = {}  # what the guest has to be given: the host's file, by its path in the guest

    def _have(self, guest, *hosts):
        """Gives what the guest will have at a path: what it has, or else the first of these files that is a library."""
        present = self.in_guest(guest) or self.given.get(guest)
        if present:
            return Found(present, guest)
        if share.find(guest, self.shares) is None:
            for host in hosts:
                if os.path.isfile(host) and elf.needs_of(host):
                    self.given[guest] = host
                    return Found(host, guest)
        return None

    def interpreter(self, path):
        """Finds the loader at the path that a program names."""
        guest = os.path.normpath(os.path.join(self.cwd, path))
        return self._have(guest, *(os.path.join(folder, os.path.basename(path)) for folder in HERE), guest)

    def _listed(self, text, loaded):
        """Yields the folders of such a list, in the guest and here; $ORIGIN is where the file is that has the list."""
        for part in (text or "").replace(";", ":").split(":"):
            part = part.replace("$ORIGIN", "${ORIGIN}")
            guest, host = (part.replace("${ORIGIN}", os.path.dirname(path)) for path in (loaded.guest, loaded.host))
            if part and "$" not in guest:
                yield tuple(os.path.normpath(os.path.join(self.cwd, path)) for path in (guest, host))

    def library(self, name, chain):
        """Finds a library; chain has what needs it, each with its needs, from that file back to the program."""
        if "/" in name:
            guest = os.path.normpath(os.path.join(self.cwd, name))
            return self._have(guest, guest)
        loaded, needs = chain[0]
        rpaths = [] if needs.runpath else [(other.rpath, one) for one, other in chain if not other.runpath]
        lists = [*rpaths, (self.env.get(LIBRARY_PATH), loaded), (needs.runpath, loaded)]
        for guest, host in (folders for text, one in lists for folders in self._listed(text, one)):
            found = self._have(os.path.join(guest, name), os.path.join(host, name))
            if found:
                return found
        for folder in THERE:
            found = self._have(os.path.join(folder, name))
            if found:
                return found
        return self._have(os.path.join(PLACE, name), *(os.path.join(folder, name) for folder in HERE))

    def find_all(self, host, guest):
        """Finds all that a program needs. Gives the names that were not found, the loader's first."""
        needs = elf.needs_of(host)
        if not needs or not needs.interpreter:
            return []
        program = Found(host, guest)
        missing = [] if self.interpreter(needs.interpreter) else [needs.interpreter]
        preloaded = self.env.get(PRELOAD, "").replace(":", " ").split()
        for name in preloaded:  # the loader goes on without it, and says so
            self.library(name, [(program, needs)])
        seen = set()
        queue = [(name, [(program, needs)]) for name in [*preloaded, *needs.libraries]]
        for name, chain in queue:  # which grows: as the loader does, first what the program needs, then what that needs
            if name in seen or name == os.path.basename(needs.interpreter):
                continue
            seen.add(name)
            found = self.library(name, chain)
            of_found = elf.needs_of(found.host) if found else None
            if of_found:
                queue += [(other, [(found, of_found), *chain]) for other in of_found.libraries]
            elif name not in preloaded:
                missing.append(name)
        return missing


def package_of(name):
    """Names Debian's package with a file, or gives None."""
    base = os.path.basename(name)
    return C_LIBRARY if base in OF_THE_C_LIBRARY or base.startswith("ld-linux") else PACKAGES.get(base)


def refuse(program, missing):
    """Says what a program lacks, and what to do."""
    package = package_of(missing[0])
    missing = [name if name.isprintable() else ascii(name) for name in missing]
    remedy = f"install the package {package}" if package else f"give it to the guest by --add FILE:{PLACE}/"
    others = f" (and {', '.join(missing[1:])})" if missing[1:] else ""
    raise Failure(NOT_FOUND, f"{program}: needs {missing[0]}{others}, which was not found: {remedy}, or link with -static")
