/* SPDX-License-Identifier: MIT */
/* Terminals: a byte stream with a line discipline. */
#pragma once

#include "lib/types.h"

struct chardev;

/*
 * Creates the machine's one terminal on the device, as /dev/PATH and /dev/tty, and a kernel thread
 * that processes its input. cols and rows are what TIOCGWINSZ returns until a program sets them;
 * if it is `plain`, it passes bytes as ldisc_init() says, and is no terminal to programs (ENOTTY). Returns 0 or a negative errno. Call once at boot.
 */
int tty_create(const char *path, struct chardev *dev, unsigned cols, unsigned rows, bool plain,
	       uint64_t rdev);
