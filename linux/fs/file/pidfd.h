/* SPDX-License-Identifier: MIT */
/* Descriptors of processes and threads: they are polled for the end of one, and name it to system calls. */
#pragma once

#include "desc/file.h"
#include "proc/pid.h"
#include "linux/process/thread_id.h"

struct end_watch;

/*
 * Creates a file for the process of that id, or with PIDFD_THREAD for the thread. flags: also
 * PIDFD_NONBLOCK. Returns 0, -ESRCH, -EINVAL (a thread's id without PIDFD_THREAD), -ENFILE or -ENOMEM.
 */
int pidfd_create(int id, unsigned flags, struct file **file_ret);

/*
 * For clone: reserves a descriptor of the running process and creates a file for what is not there yet.
 * flags: PIDFD_THREAD. Returns the descriptor, -ENFILE, -EMFILE or -ENOMEM. Before the file comes to the
 * descriptor, pass *watch_ret, whose reference is the file's, to end_watch_attach().
 */
int pidfd_reserve(unsigned flags, struct end_watch **watch_ret, struct file **file_ret);

/* Returns the id of what a pidfd is for, or NULL if the file is none. Valid as long as the file is. */
const struct thread_id *pidfd_id(const struct file *file);
