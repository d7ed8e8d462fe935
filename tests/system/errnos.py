#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each call with each one or two arguments bad (tests/user/errnos): the groups that Linux does not have, files and names of
a server, and, in the soak, all of them with a look at the ledger after each call."""

import os
from difflib import unified_diff

from lib.guest import BUILD, ROOT, SCRATCH, folder, get, on_hardened, run
from lib.tap import case, equal, long_case, main, soak_case

on_hardened()

OPTIONS = ["--mem", "64M", "--add", f"{BUILD}/tests/user/errnos:/bin/errnos"]
RECORDED = ["events", "files", "names", "memory", "processes", "signals", "sysv", "mqueue", "terminal"]


def errnos(*words, program="/bin/errnos", given=(), env=None):
    """Runs the program, in a folder with a name that is longer than four bytes; gives its status and output."""
    done = run(*words, program=program, options=[*OPTIONS, *given], cwd=SCRATCH.name, env=env)
    return done.status, done.out


def with_device(*words):
    """Runs the program with a device that programs drive; gives its status and output."""
    return errnos(*words, given=["--device", "virtio-rng"], env={"FAULTLINE_QEMU": "-device virtio-rng-device"})


@case
def R140_R141_R146_endpoints():
    equal((0, b"errnos: all tried\n"), errnos("ipc"), "status and output")


@case
def what_would_only_be_kept():
    equal((0, b"errnos: all tried\n"), errnos("absent"), "status and output")


@case
def R145_R146_devices_and_sessions():
    equal((0, b"errnos: all tried\n"), with_device("uio"), "status and output")


def recorded_of_a_server(group):
    """Gives what Linux says otherwise of files of v9fs than of its own, as tools/record-errnos wrote it down."""
    lines = get(os.path.join(ROOT, "tests/system/errnos_9p.txt")).decode().splitlines()
    return [line.partition(" ")[2] for line in lines if line.startswith(group + " ")]


def of_a_server(group):
    """The files, and the working directory, are in a shared folder: all answers are those of Linux's v9fs."""
    own = get(os.path.join(ROOT, f"tests/user/expected/errnos_{group}.out")).decode().splitlines()
    status, out = errnos("-c", f"cd /mnt && errnos {group}", program="sh", given=["--share", folder(group)])
    found = list(unified_diff(own, out.decode(errors="replace").splitlines(), n=0, lineterm=""))[2:]
    equal((0, recorded_of_a_server(group)), (status, found), "status, and what is different from files in memory")


@long_case
def R142_files_of_a_server():
    of_a_server("files")


@long_case
def R142_names_of_a_server():
    of_a_server("names")


@long_case
def R142_memory_and_files_of_a_server():
    of_a_server("memory")


def with_the_ledger(group):
    """Makes the case of one group of Linux's calls."""
    def check():
        recorded = get(os.path.join(ROOT, f"tests/user/expected/errnos_{group}.out"))
        equal((0, recorded), errnos(group, "each"), "status and output")
    check.__name__ = f"{group}_with_the_ledger_after_each_call"
    return check


for name in RECORDED:
    soak_case(with_the_ledger(name))


@soak_case
def R140_R141_R146_endpoints_with_the_ledger_after_each_call():
    equal((0, b"errnos: all tried\n"), errnos("ipc", "each"), "status and output")


@soak_case
def R145_R146_devices_and_sessions_with_the_ledger_after_each_call():
    equal((0, b"errnos: all tried\n"), with_device("uio", "each"), "status and output")


if __name__ == "__main__":
    main()
