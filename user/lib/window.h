/* SPDX-License-Identifier: MIT */
/* Keeps the terminal's size that of the host's window, which the runner sends through a port. */
#ifndef USER_LIB_WINDOW_H
#define USER_LIB_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

/* Opens the port. Returns its descriptor, or -ERRNO: without a terminal there is no such port. */
int window_open(void);

/* Blocks SIGCHLD except in window_wait(). Returns 0 or -ERRNO. */
int window_begin(void);

/*
 * Waits for a new size, which it sets, for SIGCHLD, or for the end of the pause (0: it has none). The
 * terminal is any of the descriptors 0 to 2 that is one. A negative port has no sizes. Returns false if
 * no more sizes will come.
 */
bool window_wait(int port, uint64_t pause_ns);

#endif
