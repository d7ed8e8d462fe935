/* SPDX-License-Identifier: MIT */
/* Terminals: a byte stream with a line discipline. */
#pragma once

#include "lib/types.h"

struct chardev;

/*
 * Makes the machine's one terminal, at path and /dev/tty, on the device, with a kernel thread that
 * takes its input. cols, rows: what TIOCGWINSZ answers until it is set. 0 or negative errno. => boot,
 * after tmpfs_init()
 */
int tty_create(const char *path, struct chardev *dev, unsigned cols, unsigned rows, uint64_t rdev);
