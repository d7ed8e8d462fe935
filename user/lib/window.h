/* SPDX-License-Identifier: MIT */
/* Keeps the terminal's size that of the host's window, which the runner sends through a port. */
#ifndef USER_LIB_WINDOW_H
#define USER_LIB_WINDOW_H

#include <stdbool.h>

/*
 * Opens the port, and blocks SIGCHLD except in window_wait(). Returns the port's descriptor, or
 * -ERRNO: without a terminal the machine has no such port.
 */
int window_open(void);

/*
 * Waits for a new size, which it sets, or for SIGCHLD. The terminal is any of the descriptors 0 to
 * 2 that is one. Returns false if no more sizes will come.
 */
bool window_wait(int port);

#endif
