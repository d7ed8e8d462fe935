#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of tools/check-abi is broken in every way once, in a small tree that keeps all the others."""

import tempfile

from base import rules_of, write
from lib.tap import case, equal, main

GOOD = {
    "include/abi/syscall.h": "#define SYS_open 56\n#define SYS_quit 93\n#define SYS_LIMIT 100\n",
    "linux/sys/syscalls.def": "SYSCALL(open)\n",
    "trap/syscall.c": """
static const syscall_fn table[SYS_LIMIT] = {
	[SYS_quit] = sys_exit,
};
""",
    "trap/sys_open.c": """
static int check(int flags)
{
	/* not -EIO */
	return flags ? -EINVAL : 0;
}

long sys_open(struct trap_frame *frame)
{
	struct file *file = find(frame);
	int err = check(frame->flags);

	(void)log_open(file, 1);
	if (err)
		return err;
	if (!file)
		return -EBADF;
	return file->ops->open(file);
}

long sys_exit(struct trap_frame *frame)
{
	return frame->flags == -EPERM;
}
""",
    "linux/fs/tmpfs/dir.c": """
static int dir_open(struct file *file)
{
	int err;

	if (!room(&err))
		return err;
	return look(file);
}

static const struct file_ops dir_ops = {
	.open = dir_open,
};
""",
    "desc/look.c": """
int log_open(struct file *file, int n)
{
	return -EIO;
}

bool room(int *err_ret)
{
	*err_ret = -EMFILE;
	return false;
}

static int look_once(struct file *file)
{
	return file->lost ? -EAGAIN : -ENOENT;
}

int look(struct file *file)
{
	return look_once(file);
}

bool wanted(struct file *file)
{
	return look_once(file) == -ENOENT ? -EXDEV : 0;
}
""",
    "tests/user/cases.txt": "# name | program\nopens | opens x |\n",
    "tests/user/expected/opens.out": "open(\"x\"): EINVAL\nsyscall(SYS_open): EBADF\nquit: ENOENT\n",
    "tests/kernel/k.c": "KTEST(open_without_room)\n{\n\tEXPECT_EQ(-EMFILE, 0);\n}\n\nKTEST(other)\n{\n}\n",
    "tests/host/t.c": "static void look(void)\n{\n}\n\nTEST(finds)\n{\n\tequal(-ENOENT);\n}\n",
    "docs/ABI.md": """# What there is

| nr | call or error | when | tests |
|---|---|---|---|
| 56 | `open` | all files | opens |
| | EINVAL | flags | opens |
| | EBADF | no file | opens |
| | EMFILE | too many | open_without_room |
| | ENOENT | no name | tests/host/t.c:finds |
| 93 | `quit` | ends | opens, other |

| function | error | reason |
|---|---|---|
| `look` | EAGAIN | it is looked for again |
""",
}
ABI, SYS, LOOK = "docs/ABI.md", "trap/sys_open.c", "desc/look.c"

# what the seed is: (the rule that it breaks, file, old text, new text)
SEEDS = {
    "a row of three cells": ("tables-readable", ABI,
        "| 93 | `quit` |", "| | EINVAL, EBADF | both | opens |\n| 93 | `quit` |"),
    "an error twice": ("tables-readable", ABI, "| | EBADF |", "| | EINVAL | again | opens |\n| | EBADF |"),
    "a call twice": ("tables-readable", ABI,
        "ends | opens, other |\n", "ends | other |\n| 93 | `quit` | ends | other |\n"),
    "a call that is not documented": ("calls-documented", ABI, "| 93 | `quit` | ends | opens, other |\n", ""),
    "a call that is not there": ("calls-documented", ABI, "| 93 |", "| 94 | `other` | nothing | other |\n| 93 |"),
    "another number": ("calls-documented", ABI, "| 93 |", "| 94 |"),
    "a stop at no function": ("errors-that-stop", ABI, "| `look` |", "| `gone`, `look` |"),
    "a stop at a function of another file": ("errors-that-stop", ABI, "| `look` |", "| `linux/fs/tmpfs/dir.c:look`, `look` |"),
    "a stop for nothing": ("errors-that-stop", ABI, "EAGAIN |", "EAGAIN, EPIPE |"),
    "a stop without a reason": ("errors-that-stop", ABI, "it is looked for again", "so"),
    "a stop too few": ("errors-documented", ABI, "| `look` | EAGAIN | it is looked for again |\n", ""),
    "an error more in the call": ("errors-documented", SYS, "-EINVAL : 0", "-EINVAL : -ENODEV"),
    "an error more behind a function pointer": ("errors-documented", LOOK,
        "return look_once(file);\n}", "return early ? -EISDIR : look_once(file);\n}"),
    "an error more through a pointer": ("errors-documented", LOOK, "= -EMFILE;", "= bad() ? -EMFILE : -ENFILE;"),
    "an error that is no longer dropped": ("errors-documented", SYS,
        "(void)log_open(file, 1);", "err = log_open(file, 1);"),
    "an error no longer answered": ("errors-answered", SYS, "-EINVAL : 0", "0 : 0"),
    "an error of another call": ("errors-answered", ABI,
        "opens, other |", "opens, other |\n| | ENOENT | never | opens |"),
    "no such case": ("tests-there", ABI, "| flags | opens |", "| flags | opens, closes |"),
    "no such in-kernel test": ("tests-there", "tests/kernel/k.c", "KTEST(other)", "KTEST(another)"),
    "no such function": ("tests-there", "tests/host/t.c", "finds", "seeks"),
    "no test": ("tests-there", ABI, "| flags | opens |", "| flags | |"),
    "a case without the error": ("tests-show-errors", "tests/user/expected/opens.out", "EINVAL", "0"),
    "a case with another call's error": ("tests-show-errors", "tests/user/expected/opens.out",
        "open(\"x\")", "opener(\"x\")"),
    "an in-kernel test without the error": ("tests-show-errors", "tests/kernel/k.c", "-EMFILE", "-ENFILE"),
    "a function without the error": ("tests-show-errors", "tests/host/t.c", "-ENOENT", "0"),
}


def broken_rules(files):
    """Writes a tree and gives the names of the rules that are broken in it, with what was said."""
    with tempfile.TemporaryDirectory() as root:
        write(root, files)
        return rules_of("check-abi", root)


@case
def a_good_tree_is_good():
    equal(([], []), broken_rules(GOOD), "broken rules")


SERVED = {
    **GOOD,
    SYS: GOOD[SYS].replace("	struct file *file = find(frame);", "	struct file *file = find(frame, ask(SYS_open));"),
    "user/sockets/sockd.c": """
static int sock_ctl(struct serve_file *file, struct serve_request *request)
{
	switch (request->command) {
	case SERVED_SOCKET_CALL(SYS_open):
		return sock_open(file, request);
	}
}
""",
    "user/sockets/names.c": """
int look(struct serve_file *file)
{
	return -EISCONN;
}

int sock_open(struct serve_file *file, struct serve_request *request)
{
	return look(file);
}
""",
}


@case
def what_the_server_of_sockets_answers_has_to_be_documented():
    found, said = broken_rules(SERVED)
    equal((["errors-documented"], True), (found, "open can answer EISCONN" in said[0]), f"broken rules ({said})")
    files = {**SERVED, SYS: SERVED[SYS].replace("ask(SYS_open)", "call == SYS_open")}
    equal(([], []), broken_rules(files), "broken rules of a call that is only compared")


@case
def an_undocumented_call_is_named_with_the_file_that_lists_it():
    files = {**GOOD, "linux/sys/syscalls.def": "SYSCALL(open)\nSYSCALL(look)\n",
             ABI: GOOD[ABI].replace("| 93 | `quit` | ends | opens, other |\n", "")}
    equal(["# docs/ABI.md:0: calls-documented: look is in linux/sys/syscalls.def, and not documented",
           "# docs/ABI.md:0: calls-documented: quit is in trap/syscall.c, and not documented"],
          sorted(broken_rules(files)[1]), "messages")


def add_case(name, rule, path, old, new):
    """Makes a case of one seed."""

    def seeded():
        equal(1, GOOD[path].count(old), f"places for the seed in {path}")
        found, said = broken_rules({**GOOD, path: GOOD[path].replace(old, new)})
        equal([rule], found, f"broken rules ({said})")

    seeded.__name__ = name.replace(" ", "_")
    case(seeded)


for seed, what in SEEDS.items():
    add_case(seed, *what)


if __name__ == "__main__":
    main()
