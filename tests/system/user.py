#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program of another user, by --user: what it has, what it may not, and who it is in folders of the host's."""

import os
import shutil

from lib.guest import BUILD, folder, put, run, run_placed
from lib.tap import case, equal, has, lacks, main

HARDENED = "hardened" in os.environ.get("FAULTLINE_KERNEL", "")  # the other kernel has no ledger


def says(expected, *words, options=()):
    """Runs the guest's program, and compares all that it says."""
    done = run_placed("user", *words, options=["--mem", "64M", *options])
    lacks(done.err, b": error: ", "log")
    equal((0, expected), (done.status, done.out.decode()), f"status and output ({done.err.decode(errors='replace')})")


@case
def root_may_and_others_may_not():
    says("1000 1000 50 50, 0 groups, in /home/user\n"
         "change: ok\nown file: ok\nown: 1000 50 644\n/home/user: 1000 50 755\nhome: ok\netc: EACCES\ntmp: ok\noutput: ok\npasswd: ok\n"
         "root: EPERM\ninit: EPERM\n"
         "process: ok\nown mappings: ok\nmappings: EPERM\nwalk: EPERM\nframe: EPERM\ntrace: EPERM\nsums: ok\nmark: ok\n"
         f"ledger: {'EPERM' if HARDENED else 'EINVAL'}\n", "session", "ask", options=["--user", "1000:50"])
    says("process: ok\nown mappings: ok\nmappings: ok\nwalk: ok\nframe: ok\ntrace: ok\nsums: ok\nmark: ok\n"
         f"ledger: {'ok' if HARDENED else 'EINVAL'}\n"
         "refused with m after some\nafterwards: ok\n", "ask", "lists")


@case
def a_folder_of_the_hosts_is_the_users():
    place = folder("users")
    for path in ("", "/sticky", "/closed"):
        os.makedirs(place + path, exist_ok=True)
    put(place + "/theirs", b"text", 0o644)
    put(place + "/sticky/theirs", b"text", 0o644)
    os.chmod(place + "/sticky", 0o1777)
    os.chmod(place + "/closed", 0o555)
    theirs = "1000 50"
    if os.geteuid() == 0:  # else all files here are ours
        theirs = "3000 3001"
        for path in ("/theirs", "/sticky/theirs", "/sticky"):
            os.chown(place + path, 3000, 3001)
    other = os.geteuid() == 0
    says("make: ok\n/mnt/new: 1000 50 640\nchown: EPERM\nremove: ok\n"
         f"/mnt/theirs: {theirs} 644\nread: ok\n"
         + ("write: EACCES\nchmod: EPERM\nremove: EPERM\nrename: EPERM\nmake: ok\nrename over: EPERM\nremove: ok\n" if other else
            "write: ok\nchmod: ok\nremove: ok\nrename: ENOENT\nmake: ok\nrename over: ok\nremove: ENOENT\n")
         + "make: EACCES\n", "shared", options=["--user", "1000:50", "--share", place])


@case
def a_folder_as_the_root_is_the_users_too():
    place = folder("users-root")
    os.makedirs(place + "/bin", exist_ok=True)
    shutil.copy(os.path.join(BUILD, "tests/system/user"), place + "/bin/user")
    if os.path.exists(place + "/new"):
        os.unlink(place + "/new")
    done = run("root", program="/bin/user", options=["--mem", "64M", "--root", place, "--user", "1000:50"])
    equal((0, "1000 in /\noutput: ok\nmake: ok\n/new: 1000 50 644\n"), (done.status, done.out.decode()), "status and output")


@case
def wrong_users_are_refused():
    for word in ("", "x", "1:", ":1", "-1", "4294967295", "1:2:3"):
        done = run("sh", options=["--user", word])
        equal(2, done.status, f"status of --user '{word}'")
        has(done.err, b"--user wants UID[:GID]", "what it says")


if __name__ == "__main__":
    main()
