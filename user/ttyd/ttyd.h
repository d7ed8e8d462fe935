/* SPDX-License-Identifier: MIT */
/* ttyd: the server of pseudo-terminals. */
/*
 * It has bytes and modes. Which program has which end open, whose controlling terminal it is, and who waits is the kernel's (linux/fs/tty/pty.c):
 * each pseudo-terminal is two open files here, which stay as long as any program has either end open.
 *
 * There is one thread: no function waits, and so the state of a terminal has no lock.
 */
#pragma once

#include <stdbool.h>

/* A server's main(). `traced` is as in struct serve_ops. */
int ttyd_main(int argc, char **argv, void (*traced)(bool made));
