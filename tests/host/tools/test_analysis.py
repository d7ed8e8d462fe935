#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/check-analysis finds what is seeded in a small tree, and takes exceptions only with a reason."""

import json
import os
import subprocess
import sys
import tempfile

from base import TOOLS
from lib.tap import case, equal, has, main

HEAP = """/* A heap of which nothing is known. */
void drop(void *p);
void *take(unsigned long n) __attribute__((malloc(drop)));
"""
LEAK = HEAP + "int leak(void)\n{\n\tchar *p = take(9);\n%s\treturn p != 0;\n}\n"
LEAK_AT_RETURN = HEAP + "void note(void);\nint keep(void)\n{\n\tchar *p = take(9);\n\tif (!p)\n" \
    "\t\treturn -1;\n\tnote();\n\treturn 0;\n}\n"
IN_MACRO = HEAP + "#define LET(p) \\\n\t((p) = 0)\nvoid leak(void)\n{\n\tchar *volatile p = take(9);\n%s\tLET(p);\n}\n"
BEHIND = "/* An array of four. */\nint get(void)\n{\n\tint a[4] = { 0 };\n%s\n\treturn a[4];\n}\n"


def check(files, flags="-O2"):
    """Runs the tool on such a tree, whose build compiles lib/ as the hardened kernel; gives (status, what it says)."""
    with tempfile.TemporaryDirectory() as root:
        commands = []
        for path, text in {"user/a.c": "/* A program of nothing. */\nint a;\n", **files}.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
            commands.append({"directory": root, "file": path, "output": "kernel-hardened.p/x.o",
                             "command": f"riscv64-linux-gnu-gcc -Werror -Wall {flags} -c {path} -MD -MF x.d -o x.o"})
        with open(os.path.join(root, "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump(commands, file)
        done = subprocess.run([sys.executable, os.path.join(TOOLS, "check-analysis"), root, root], capture_output=True, text=True,
                              check=False)
    return done.returncode, done.stdout + done.stderr


@case
def nothing_is_found_in_nothing():
    status, said = check({"lib/a.c": "/* One thing. */\nint one;\n"})
    equal(0, status, said)


@case
def a_leak_is_found():
    status, said = check({"lib/a.c": LEAK % ""})
    if "SKIP" not in said:
        equal(1, status, said)
        has(said, "# lib/a.c:7: leak of", "what is said")


@case
def an_exception_holds_for_the_line_below():
    status, said = check({"lib/a.c": LEAK % "\t/* gcc-analyzer-suppress malloc-leak ; it is seeded here */\n"})
    equal(0, status, said)


@case
def an_exception_holds_for_the_use_of_a_macro():
    status, said = check({"lib/a.c": IN_MACRO % ""})
    if "SKIP" not in said:
        equal(1, status, said)
        has(said, "# lib/a.c:9: leak of", "what is said")
    status, said = check({"lib/a.c": IN_MACRO % "\t/* gcc-analyzer-suppress malloc-leak ; it is seeded here */\n"})
    equal(0, status, said)


@case
def the_flags_of_the_build_move_nothing():
    for flags in ("-O0", "-O1 -g -fno-var-tracking -g1", "-Os -g3"):
        status, said = check({"lib/a.c": LEAK_AT_RETURN}, flags)
        if "SKIP" not in said:
            equal(1, status, said)
            has(said, "# lib/a.c:11: leak of", "what is said")


@case
def an_exception_wants_a_reason():
    status, said = check({"lib/a.c": LEAK % "\t/* gcc-analyzer-suppress malloc-leak */\n"})
    if "SKIP" not in said:
        equal(1, status, said)
        has(said, "lib/a.c:7: why is malloc-leak suppressed?", "what is said")


@case
def an_exception_that_nothing_needs_is_found():
    status, said = check({"lib/a.c": "/* gcc-analyzer-suppress malloc-leak ; once there was one */\nint one;\n"})
    if "SKIP" not in said:
        equal(1, status, said)
        has(said, "lib/a.c:1: malloc-leak is suppressed, and was not found", "what is said")


@case
def cppcheck_finds_an_index_behind_an_array():
    status, said = check({"user/b.c": BEHIND % ""})
    if "SKIP" not in said:
        equal(1, status, said)
        has(said, "arrayIndexOutOfBounds", "what is said")


@case
def cppcheck_takes_an_exception():
    _status, said = check({"lib/a.c": "/* One thing. */\nint one;\n",
                           "user/b.c": BEHIND % "\t/* cppcheck-suppress arrayIndexOutOfBounds ; seeded here */"})
    has(said, "\nok 2 - cppcheck", "what is said")


if __name__ == "__main__":
    main()
