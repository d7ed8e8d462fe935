/* SPDX-License-Identifier: MIT */
/* What processes and threads need of files and of semaphores, which stand above them. */
#pragma once

#include "lib/types.h"

struct end_watch;
struct file;
struct image_ids;
struct object;
struct process;
struct signal_info;
struct thread;

/* Operations on threads' file system state, which linux/process does not know (linux/fs/vfs/process_fs.c). */
struct process_fs_ops {
	/* For process 1: no descriptors, root as the working directory. Returns 0 or -ENOMEM. */
	int (*create)(struct thread *thread);
	/*
	 * For clone: the thread shares what the running one has (CLONE_FILES, CLONE_FS), or gets a
	 * copy. Returns 0 or -ENOMEM; exit() also releases what a failed copy left.
	 */
	int (*copy)(struct thread *thread, uint64_t flags);
	/* The running thread is the only one of its process: it shares no descriptors any more. 0 or -ENOMEM. */
	int (*exec_begin)(void);
	void (*exec)(void); /* closes the descriptors marked FD_CLOEXEC */
	/* Finds the owner and the mode of a program's file, for the running thread. */
	void (*image_ids)(struct object *object, struct image_ids *ret);
	/* Do other processes have the thread's working directory, and may change it? Takes process_tree_lock. */
	bool (*is_shared)(const struct thread *thread);
	/*
	 * Finds the file that runs another: an interpreter, by its name in the running process.
	 * *object_ret is referenced by object_use(), and *path_ret comes from kmalloc(). Returns 0,
	 * -EACCES or another error of execve.
	 */
	int (*open_interp)(const char *name, struct object **object_ret, char **path_ret);
	void (*exit)(
		struct thread *thread); /* lets go of everything, also for a half-made thread */
	/* Call with process_tree_lock held. -1: it has let go of everything. */
	int (*umask)(const struct thread *thread);
	/* How many descriptors its table has room for; 0: it has none. Call with process_tree_lock held. */
	unsigned (*fd_size)(const struct thread *thread);
	/*
	 * Is it a server or a driver, on whom files of others may depend? Never waits. Call with
	 * process_tree_lock held.
	 */
	bool (*serves)(const struct process *process);
	/* Has the running thread a device, or a session with one? Never waits. */
	bool (*drives)(void);
	/*
	 * Returns how many pages of memory its open files have that are no files of a mount. Never
	 * waits. Call with process_tree_lock held.
	 */
	size_t (*held)(const struct process *process);
	/* Has what was written reach its place, before the machine ends; at most to that tick. */
	void (*sync)(uint64_t deadline);
	/*
	 * For CLONE_PIDFD: reserves a descriptor of the running process, and makes the file for it.
	 * *watch_ret is for end_watch_attach(); the file has its reference. Returns the descriptor or
	 * a negative errno.
	 */
	int (*pidfd_reserve)(bool of_thread, struct end_watch **watch_ret, struct file **file_ret);
	/*
	 * Writes a core file of the running process, whose other threads wait. Returns whether there is one now, whole or
	 * not. A kill ends it early.
	 */
	bool (*core_dump)(const struct signal_info *info);
	/* Puts the file there. Call with process_tree_lock held. */
	void (*pidfd_fill)(int fd, struct file *file);
	/* Or frees both. */
	void (*pidfd_unreserve)(int fd, struct file *file);
};

extern const struct process_fs_ops *process_fs; /* set during boot, before there is a process */

/* Operations on semaphores, which linux/process does not know (linux/sysv/sem.c). */
struct process_sem_ops {
	/* For CLONE_SYSVSEM: the child has what undoes the running process's operations, too. Returns 0 or -ENOMEM. */
	int (*share)(struct process *child);
	/*
	 * The process ends, or unshares them and has one thread only: undoes its operations, unless others share
	 * them. Its sem_undo is not NULL.
	 */
	void (*exit)(struct process *process);
};

extern const struct process_sem_ops *process_sem; /* set during boot, before there is a process */
