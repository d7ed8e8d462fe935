/* SPDX-License-Identifier: MIT */
/* Keeps the terminal's size that of the host's window, which the runner sends through a port. */
#ifndef USER_LIB_WINDOW_H
#define USER_LIB_WINDOW_H

/* Opens the port. Returns its descriptor, or -ERRNO: without a terminal there is no such port. */
int window_open(void);

/*
 * Reads sizes, and sets the last one. The terminal is any of the descriptors 0 to 2 that is one. Returns -1 if no more
 * sizes will come, else 0.
 */
int window_read(int port);

#endif
