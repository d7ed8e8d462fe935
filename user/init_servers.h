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

/* ---- for servers of other kinds ---- */

/* Opens /dev and /proc, once, which the next two need. Returns 0 or more, or -ERRNO. */
long server_folders(void);

/* In the process of a server: it has no streams of ours, but may write to standard error. */
void server_open_streams(void);

/* The process is killed last when memory runs out. */
void server_spare(const char *program, long pid);

#define SERVER_PAUSE_NS 10000000ul /* before another try */

/* How long to wait before a server is started that has ended so often in sequence, each time soon after its start. */
uint64_t server_pause(unsigned nends);
bool server_ended_soon(uint64_t since);

/* Says in one line how a server has ended, and that it is started again. */
void server_say_end(const char *what, const char *program, int status);

/* Is a server being started again, which the files of a mount are to be written to? */
bool servers_are_missing(void);

#endif
