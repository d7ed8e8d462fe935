/* SPDX-License-Identifier: MIT */
/* Starts a server as a process of its own, with its endpoint, and mounts it. */
#pragma once

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Starts the program argv[0] with the words of argv and behind them `--endpoint FD`: that descriptor
 * is the receive end of a new endpoint. The server has it and standard error, and no other
 * descriptor of ours; it is in a session of its own. It gets a pulse (IPC_PULSE_CLOSED) when the last send end is
 * closed.
 *
 * Returns the send end, which is closed by exec, and the server's pid in *pid_ret; or a negative
 * errno: of ipc_create() and so on, of execve(), or -E2BIG if there are more than 60 words.
 */
int server_start(char *const argv[], pid_t *pid_ret);

/*
 * Starts a file server as server_start() does, and mounts it: its files then are at `target`, a directory. `flags` are those of
 * mount(2); MS_RDONLY | MS_NOSUID | MS_NODEV where a server is not trusted. `options` go to the
 * mount after "fd=N", or are NULL. The server ends once the mount is gone.
 */
int serve_and_mount(char *const argv[], const char *target, unsigned long flags,
		    const char *options, pid_t *pid_ret);

#ifdef __cplusplus
}
#endif
