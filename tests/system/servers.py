#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""File servers in programs, asked by other programs; the examples of docs/servers.md."""

import os
import re

from lib.guest import BUILD, ROOT, run, run_placed
from lib.tap import case, equal, long_case, main

EXAMPLES = ("example_words", "example_buffers", "example_pager", "example_files", "rng")
PROGRAMS = ["--mem", "64M", "--add", f"{BUILD}/user/madeup:/bin/madeup", "--add", f"{BUILD}/user/cpiofs:/bin/cpiofs",
            "--add", f"{BUILD}/tests/system/example_files:/bin/example_files",
            "--add", f"{ROOT}/tests/host/servers/data/tree.cpio:/tree.cpio"]
WORDS = b"2 + 3 = 5\nthe server's status is 0\n"
BUFFERS = b"""A MESSAGE IN THE CALLER'S MEMORY (33 bytes)
the file has 20 bytes
the server knows me as 1001
no answer in 10 ms
the server is dead
"""
PAGER = b"""the square of 12 is 144
the square of 99 is 9801
the square of 4000000000 is 16000000000000000000
the server has supplied 2 pages
"""


@case
def R140_R141_R146_a_server_at_an_endpoint():
    done = run_placed("servers", options=PROGRAMS)
    equal((0, b"servers: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@long_case
def R140_R141_the_same_with_forced_preemption():
    done = run_placed("servers", options=[*PROGRAMS, "--append", "preempt=300"])
    equal((0, b"servers: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R140_example_with_words():
    done = run_placed("example_words", options=["--mem", "64M"])
    equal((0, WORDS), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R140_R141_R146_example_with_buffers_and_descriptors():
    done = run_placed("example_buffers", options=["--mem", "64M"])
    equal((0, BUFFERS), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R147_example_with_a_pager():
    done = run_placed("example_pager", options=["--mem", "64M"])
    equal((0, PAGER), (done.status, done.out), f"status and output (it said {done.err})")


@case
def serve_says_why_it_fails():
    for words, status, reason in ((("/tmp", "/bin/no-such-server"), 1, b"serve: /bin/no-such-server at /tmp: No such file or directory\n"),
                                  (("/no/such", "/bin/madeup"), 1, b"serve: /bin/madeup at /no/such: "),
                                  (("-u", "/tmp"), 1, b"serve: /tmp: Invalid argument\n"),
                                  (("-o", "msize=4096"), 2, b"usage: serve ")):
        done = run(*words, program="/bin/serve", cwd="/",
                   options=["--mem", "64M", "--add", f"{BUILD}/user/serve:/bin/serve", "--add", f"{BUILD}/user/madeup:/bin/madeup"])
        equal((status, True), (done.status, reason in done.err), f"{words}: status and reason (it said {done.err})")


@case
def the_manual_shows_these_examples():
    with open(os.path.join(ROOT, "docs/servers.md"), encoding="utf-8") as file:
        shown = re.findall(r"^```c\n(.*?)^```", file.read(), re.MULTILINE | re.DOTALL)
    sources = ""
    for name in EXAMPLES:
        with open(os.path.join(ROOT, f"tests/system/guest/{name}.c"), encoding="utf-8") as file:
            sources += file.read()
    equal([], [block for block in shown if block not in sources], "code that is in no example")
    equal(True, len(shown) >= 6, "there are blocks of code")


if __name__ == "__main__":
    main()
