/* SPDX-License-Identifier: MIT */
/* The servers that process 1 starts, mounts and watches. */
#ifndef USER_INIT_SERVERS_H
#define USER_INIT_SERVERS_H

#include <stdbool.h>
#include <stdint.h>

/* Starts the servers that the runner asks for. Returns 0, or an error that it has explained. */
long servers_start(void);

/*
 * Mounts the files of the server for that path, or of all that are left if it is NULL. Returns 0,
 * or an error that it has explained. `root` is the caller's root, if it is not the first one.
 */
long servers_mount(const char *where, const char *root);

/*
 * A process has ended with that status: if it is a server, this is said in one line, and it is started
 * again. If nothing is mounted any more where its files were, it is not, and that is not worth a line.
 */
void servers_reaped(long pid, int status);

/*
 * Tries again to start the servers for which there was no process or no memory, if it is time. Returns
 * after how many nanoseconds it is to be called again; 0: there is no need.
 */
uint64_t servers_retry(void);

/* Is a server being started again, which the files of a mount are to be written to? */
bool servers_are_missing(void);

#endif
