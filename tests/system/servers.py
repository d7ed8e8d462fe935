#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""File servers in programs, asked by other programs; the examples of docs/servers.md."""

import os
import re
import tempfile

from lib.guest import BUILD, ROOT, run, run_placed
from lib.tap import case, equal, long_case, main

EXAMPLES = ("example_words", "example_buffers", "example_pager", "example_files", "example_rot13", "example_echo", "rng")
PROGRAMS = ["--mem", "64M", "--add", f"{BUILD}/user/madeup:/bin/madeup", "--add", f"{BUILD}/user/cpiofs:/bin/cpiofs",
            "--add", f"{BUILD}/tests/system/example_files:/bin/example_files",
            "--add", f"{ROOT}/tests/host/servers/data/tree.cpio:/tree.cpio"]
DEVICE = ["--mem", "64M", "--add", f"{BUILD}/tests/system/example_rot13:/bin/example_rot13"]
USED = b"""name of something else: EINVAL
open: 0
mode 20644, device f000
events: 4
write: 12
events: 5
events of the other: 4
five: Hello
rest: , world
writev: 11
the other: Clean walls
seek: ESPIPE
ioctl: ENOTTY
read of none: 0
read into nowhere: EFAULT
which lost nothing: k
a reader that waits: wait
write: 4
killed by ALRM
without waiting: EAGAIN
epoll, nothing yet: 0
epoll, an edge: 1
epoll, none: 0
epoll, another: 1
more than it takes: 4096
still more: EAGAIN
events: 1
all of it: 4096
254 more
one too many: ENFILE
one is closed: 0
the reader: EIO
write: EIO
events: 20
open: ENXIO
unlink: 0
"""
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
def R148_example_of_a_device():
    done = run_placed("served_files", options=DEVICE)
    equal((0, USED), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R154_example_with_a_socket():
    add = f"{BUILD}/tests/system/example_echo:/bin/example_echo"
    done = run("-c", "example_echo & example_echo 'once more'", program="sh", cwd="/", options=["--mem", "64M", "--add", add])
    equal((0, b"once more\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R155_connections_outlive_the_server_of_sockets():
    done = run_placed("socket_deaths", options=["--mem", "64M"])
    equal((0, b"deaths: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R171_users_have_a_share_of_the_sockets_only():
    done = run_placed("socket_limits", options=["--mem", "256M"])
    equal((0, b"limits: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R171_floods_of_messages_kill_nobody_else():
    done = run_placed("socket_flood", options=["--mem", "64M"])
    lines = done.out.decode().splitlines()
    equal((0, ["flood: ok"]), (done.status, [line for line in lines if line[0] != "#"]), f"status and output (it said {done.err})")
    print("\n".join(line for line in lines if line[0] == "#"))


@case
def R144_R146_R148_calls_for_files_that_a_program_serves():
    done = run_placed("served_files", "refused", options=DEVICE)
    equal((0, b"refused: ok\nlists: ok\nlies: ok\nlies about descriptors: ok\n"), (done.status, done.out), f"status and output (it said {done.err})")


@case
def R149_a_server_is_killed_at_each_step():
    done = run_placed("served_files", "steps", options=DEVICE)
    equal((0, True), (done.status, done.out.startswith(b"each of more than ")), f"status and output (it said {done.out + done.err})")


@case
def R149_servers_are_killed_one_after_the_other():
    servers_are_killed(200)


@long_case
def R149_ten_thousand_servers_are_killed():
    servers_are_killed(10000)


def servers_are_killed(number):
    done = run_placed("served_files", str(number), options=[*DEVICE, "--timeout", "900"])
    equal((0, True), (done.status, done.out.endswith(b" servers and more\n")), f"status and output (it said {done.out + done.err})")


GOOD = "rot13 /bin/example_rot13 uid=100 gid=101 recovery=256k file=/dev/rot13:666 file=/srv/rot13\n"
WRONG = """# what is wrong in a line, and what process 1 says
bad
bad /bin/x
bad /bin/x uid=0
bad /bin/nothere uid=3
rot13 /bin/example_rot13 uid=5
bad /bin/example_rot13 uid=5 what=3
bad /bin/example_rot13 uid=5 file=relative
bad /bin/example_rot13 uid=5 file=/dev/b:999
bad /bin/example_rot13 uid=5 recovery=65m
bad /bin/example_rot13 uid=5 start=now
bad /bin/example_rot13 uid=5 file=/dev/first file=/dev/rot13
"""
SAID = """init: /etc/servers:3: no path of a program for bad
init: /etc/servers:4: no uid= for bad
init: /etc/servers:5: what is meant by uid=0
init: cannot start /bin/nothere: no such file
init: /etc/servers:7: there is another server rot13
init: /etc/servers:8: what is meant by what=3
init: /etc/servers:9: what is meant by file=relative
init: /etc/servers:10: what is meant by file=/dev/b
init: /etc/servers:11: what is meant by recovery=65m
init: /etc/servers:12: what is meant by start=now
init: cannot make /dev/rot13: the name is there already
"""
ENDED = "init: the server of rot13 (/bin/example_rot13) was killed by signal 9 and is started again\n"


def with_table_run(text, *words, **names):
    with tempfile.NamedTemporaryFile("w", suffix=".servers") as file:
        file.write(text)
        file.flush()
        return run(*words, cwd="/", options=[*DEVICE, "--add", f"{file.name}:/etc/servers", *names.pop("options", ())], **names)


def with_table(text, name, *words):
    return with_table_run(text, *words, program="/bin/" + name, options=["--add", f"{BUILD}/tests/system/{name}:/bin/{name}"])


@case
def R149_process_1_starts_servers_again():
    done = with_table(GOOD, "served_files", "supervised", "9")
    reads = "".join(f"read: {two}\nwrite: 1\n" for two in ("He", "ll", "oa", "aa", "a"))
    equal((0, f"open: 0\nwrite: 5\n{reads}all of it: a\n"), (done.status, done.out.decode()), f"status and output (it said {done.err})")
    equal(5 * ENDED, done.err.decode(), "what process 1 says")


@long_case
def R149_process_1_ends_a_server_that_does_not_answer():
    done = with_table(GOOD, "served_files", "supervised", "19")
    equal((0, "open: 0\nwrite: 5\nread: He\nwrite: 1\nall of it: lloa\n"), (done.status, done.out.decode()), f"status and output (it said {done.err})")
    equal("init: rot13 does not answer, and is killed\n" + ENDED, done.err.decode(), "what process 1 says")


@case
def wrong_lines_of_a_table_are_named():
    done = with_table_run(GOOD + WRONG, "-c", "ls /dev/first; servers", program="sh")
    equal(SAID + "sh: ls: /dev/first: No such file or directory\n", done.err.decode(), "what process 1 says")
    equal(True, re.search(rb"\nrot13 +\d+ +100 +1 +\d+ +\d+ m?s ago +\d+  /bin/example_rot13\n$", done.out) is not None, f"the list of servers: {done.out}")


@case
def no_other_process_can_be_process_1():
    done = with_table_run(GOOD, "-c", "/init; servers", program="sh", options=["--timeout", "20"])
    equal(b"init: cannot be another process than 1: operation not permitted\n", done.err[:400], "what the second one says")
    equal(True, re.fullmatch(rb"NAME .*\nrot13 .*\n", done.out) is not None, f"the list of servers: {done.out[:400]}")


@case
def the_list_of_servers_tells_which_one_does_not_answer():
    done = with_table_run(GOOD, "-c", "servers; kill -STOP 2; echo text > /dev/rot13 & sleep 1; servers; kill %1; kill -CONT 2; echo more > /dev/rot13; servers", program="sh")
    lines = re.findall(rb"^rot13 +2 +100 +1 +(\d+)  (.*?)  +\d+  /bin", done.out, re.MULTILINE)
    equal([b"ago", b"none for", b"ago"], [re.sub(rb"\d+ m?s", b"", text).strip() for _, text in lines], f"the lists of servers: {done.out} {done.err}")
    equal(True, int(lines[0][0]) <= int(lines[1][0]) < int(lines[2][0]), f"calls: {lines}")


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
