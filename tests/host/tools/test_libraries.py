#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the runner reads what a dynamic program needs, and where it looks for it: from any file, however odd."""

import os
import random
import struct
import tempfile

from base import TOOLS  # noqa: F401
from lib.tap import case, equal, has, main
from runner import elf, libraries, program, share
from runner.failure import NOT_FOUND, Failure

SCRATCH = tempfile.TemporaryDirectory(prefix="faultline-libraries-")
LOADER = "/lib/ld-test.so.1"
HEAD = b"\x7fELF\2\1\1" + bytes(9)


def make(needed=(), interpreter=LOADER, rpath=None, runpath=None):
    """Makes an ELF file with a dynamic section."""
    strings, entries = b"\0", []
    lists = [(15, text) for text in [rpath] if text is not None] + [(29, text) for text in [runpath] if text is not None]
    for tag, text in [(1, name) for name in needed] + lists:
        entries.append((tag, len(strings)))
        strings += text.encode() + b"\0"
    count = 3 if interpreter else 2
    at = 64 + 56 * count
    table = b"".join(struct.pack("<QQ", *entry) for entry in [*entries, (5, 0x10000 + at), (0, 0), (1, 1)])
    name = (interpreter or "").encode() + b"\0"
    size = at + len(strings) + len(table) + len(name)
    rows = [(1, 0, 0x10000, size), (2, at + len(strings), 0x10000 + at + len(strings), len(table))]
    if interpreter:
        rows.append((3, size - len(name), 0x10000 + size - len(name), len(name)))
    head = HEAD + struct.pack("<HHIQQQIHHHHHH", 3, 243, 1, 0, 64, 0, 0, 64, 56, count, 0, 0, 0)
    return head + b"".join(struct.pack("<IIQQQQQQ", kind, 5, offset, address, address, size, size, 4096)
                           for kind, offset, address, size in rows) + strings + table + name


def put(path, data):
    """Writes a file and gives its path."""
    path = os.path.join(SCRATCH.name, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    return path


def find(path, in_guest=None, env=(), shares=(), here=()):
    """Gives what a program lacks, and what the guest is given."""
    libraries.HERE = here
    finder = libraries.Finder((in_guest or {}).get, SCRATCH.name, shares, env)
    return finder.find_all(path, path), finder.given


@case
def what_a_file_needs():
    needs = elf.needs_of(put("whole", make(["liba.so", "libb.so"], rpath="/r", runpath="$ORIGIN/x:/y")))
    equal((LOADER, ["liba.so", "libb.so"], "/r", "$ORIGIN/x:/y"), (needs.interpreter, needs.libraries, needs.rpath, needs.runpath))
    needs = elf.needs_of(put("static", make(interpreter=None)))
    equal(("", []), (needs.interpreter, needs.libraries), "a static one")
    equal(None, elf.needs_of(put("text", b"text")), "a text")
    equal(None, elf.needs_of(os.path.join(SCRATCH.name, "none")), "no file")
    equal(None, elf.needs_of(SCRATCH.name), "a folder")


@case
def damaged_files_do_no_harm():
    """Each byte in turn, every length, and words at random."""
    data = make(["liba.so", "libb.so"], runpath="/y")
    chance = random.Random(1)
    for number in range(len(data) * 3):
        bad = bytearray(data)
        if number < len(data):
            bad[number] ^= 0xFF
        elif number < 2 * len(data):
            del bad[number - len(data) :]
        else:
            for _ in range(3):
                struct.pack_into("<Q", bad, chance.randrange(0, len(bad) - 8, 8), chance.choice((0, 1, 1 << 63, 2**64 - 1, 4096)))
        find(put("damaged", bytes(bad)))


@case
def the_c_library_is_brought():
    cross = os.path.join(SCRATCH.name, "cross")
    for name in ("ld-test.so.1", "libc.so.6"):
        put("cross/" + name, make(interpreter=None))
    path = put("c", make(["libc.so.6"]))
    equal(([], {LOADER: cross + "/ld-test.so.1", "/lib/libc.so.6": cross + "/libc.so.6"}), find(path, here=(cross,)))
    equal([], find(path, here=("/none", cross))[0], "in the second folder")
    equal(([], {}), find(path, {LOADER: path, "/usr/lib/libc.so.6": path}), "the guest has all")
    put("cross/libc.so.6", b"/* a script of the linker's */")
    equal(["libc.so.6"], find(path, here=(cross,))[0], "what is none")


@case
def what_libraries_need_is_brought():
    cross = os.path.join(SCRATCH.name, "deep")
    for name, needed in (("ld-test.so.1", ()), ("liba.so", ["libb.so", "ld-test.so.1"]), ("libb.so", ["liba.so", "libc.so"])):
        put("deep/" + name, make(needed, interpreter=None))
    missing, given = find(put("d", make(["liba.so"])), here=(cross,))
    equal((["libc.so"], [LOADER, "/lib/liba.so", "/lib/libb.so"]), (missing, sorted(given)))


@case
def lists_of_folders():
    place = os.path.join(SCRATCH.name, "lists")
    for name in ("mine/liba.so", "other/liba.so", "other/libb.so"):
        put("lists/" + name, make(interpreter=None))
    have = {LOADER: "x"}
    for field in ("rpath", "runpath"):
        path = put("lists/prog", make(["liba.so", "libb.so"], **{field: "$ORIGIN/none:${ORIGIN}/mine:$LIB:" + place + "/other"}))
        equal(([], {place + "/mine/liba.so": place + "/mine/liba.so", place + "/other/libb.so": place + "/other/libb.so"}), find(path, have),
              field)
    path = put("lists/prog", make(["liba.so"], runpath=place + "/mine"))
    env = ["LD_LIBRARY_PATH=lists/other"]
    equal({place + "/other/liba.so": place + "/other/liba.so"}, find(path, have, env)[1], "the environment comes before RUNPATH")
    path = put("lists/prog", make(["liba.so"], rpath=place + "/mine"))
    equal({place + "/mine/liba.so": place + "/mine/liba.so"}, find(path, have, env)[1], "and after RPATH")
    path = put("lists/prog", make(["./lists/mine/liba.so"]))
    equal({place + "/mine/liba.so": place + "/mine/liba.so"}, find(path, have)[1], "a path")
    put("lists/mine/liba.so", make(["libb.so"], interpreter=None))
    equal([], find(put("lists/prog", make(["liba.so"], rpath=place + "/mine:" + place + "/other")), have)[0], "RPATH is for libraries too")
    equal(["libb.so"], find(put("lists/prog", make(["liba.so"], runpath=place + "/mine:" + place + "/other")), have)[0], "RUNPATH is not")


@case
def what_is_loaded_before_others():
    lib = put("pre/libp.so", make(interpreter=None))
    path = put("pre/prog", make())
    equal(([], {lib: lib}), find(path, {LOADER: "x"}, [f"LD_PRELOAD={lib}:none.so"]))


@case
def a_shared_folder_hides_what_is_brought():
    cross = os.path.join(SCRATCH.name, "cross2")
    for name in ("ld-test.so.1", "libc.so.6"):
        put("cross2/" + name, make(interpreter=None))
    shares = [share.Share(SCRATCH.name, "/lib", False)]
    equal(([LOADER, "libc.so.6"], {}), find(put("s", make(["libc.so.6"])), shares=shares, here=(cross,)))


@case
def words_behind_a_shared_folder():
    none = {"read_only": False}
    for text, expected in {"/a": ("/a", none), "/a:ro": ("/a", {"read_only": True}), "/a:setid": ("/a", {**none, "setid": True}),
                           "/a:exclusive": ("/a", {**none, "exclusive": True}),
                           "/a:/b:ro:exclusive": ("/a:/b", {"read_only": True, "exclusive": True}),
                           "/a:setid:exclusive": ("/a", {**none, "setid": True, "exclusive": True}),
                           "/a:ro:setid": ("/a:ro", {**none, "setid": True}), "/a:exclusive:ro": ("/a:exclusive", {"read_only": True})}.items():
        equal(expected, share.split(text), text)
    one, other = share.Share("/a", "/mnt", False, exclusive=True), share.Share("/b", "/b", False, True, True)
    equal(["share0", "/mnt", "rw,exclusive", "share1", "/b", "rw,setid,exclusive"], share.orders([one, other]), "orders")


def refused(words):
    """Gives the status and the reason of a program that is refused."""
    libraries.HERE = ()
    try:
        program.resolve(words, "/none", SCRATCH.name)
    except Failure as failure:
        return failure.status, failure.reason
    return None


@case
def what_to_do_is_said():
    for name, words in (("libc.so.6", "the package libc6-riscv64-cross"), ("libstdc++.so.6", "the package libstdc++6-riscv64-cross"),
                        ("libx.so.1", "--add FILE:/lib/"), ("odd\nname", "'odd\\nname'")):
        status, reason = refused([put("r", make([name], interpreter=put("ld", make(interpreter=None))))])
        equal(NOT_FOUND, status, name)
        has(reason, words, name)
    has(refused([put("r", make(["liba.so", "libb.so"], interpreter="/lib/ld-linux-x.so.1"))])[1],
        "needs /lib/ld-linux-x.so.1 (and liba.so, libb.so), which was not found: install the package libc6-riscv64-cross", "several")


if __name__ == "__main__":
    main()
