/* SPDX-License-Identifier: MIT */
/* A thread's file system state, which it may share: descriptors, working directory, root, umask. */
#pragma once

#include "lib/types.h"
#include "linux/process/thread_id.h"

struct file;
struct inode;
struct thread_id;

/* Sets process_fs of linux/process/process_ops.h. Call once at boot, when the root directory exists. */
void process_fs_init(void);

/* Changes the running thread's working directory. Takes over the reference to `dir`. */
void process_set_cwd(struct file *dir);

/* Returns the running thread's working directory, with a reference. */
struct file *process_cwd(void);

/*
 * Returns the running thread's root, as by path_get(). NULL: it has none of its own, as a kernel
 * thread has none, and the tree's is its root.
 */
struct inode *process_root(void);

/*
 * chroot(2): the directory at `path` becomes the running thread's root. `dir` and `path` are as in
 * linux/fs/vfs/namei.h. Returns 0, -ENOTDIR, or an error of the walk.
 */
int process_chroot(struct file *dir, const char *path);

/* The running thread's umask. The second one sets it and returns what it was. */
unsigned process_umask(void);
unsigned process_set_umask(unsigned umask);

/*
 * unshare(2): what the running thread shares with others becomes its own, a copy: its descriptors; and
 * its working directory, root and umask. Returns 0 or -ENOMEM, having changed nothing.
 */
int process_unshare(bool files, bool fs);

/*
 * What another thread has open. Return a file with a reference, O_PATH files too; NULL if the thread
 * has ended or has no such file. Call with no spinning lock held.
 */
struct file *process_get_cwd(const struct thread_id *id);
struct file *process_get_file(const struct thread_id *id, int fd);

/*
 * pidfd_getfd(2): the same with an error: -ESRCH, -EBADF; -EPERM: the running thread might not attach to that one
 * (ptrace_may_attach()), or the file stays where it is (struct file_ops).
 */
int process_take_file(const struct thread_id *id, int fd, struct file **file_ret);

/* FD_CLOEXEC of such a file, 0, -EBADF or -ESRCH. */
int process_fd_cloexec(const struct thread_id *id, int fd);

/* Returns another thread's root, as by path_get(), or NULL if the thread has ended. */
struct inode *process_get_root(const struct thread_id *id);

/* Returns its lowest open descriptor >= min, -EBADF if there is none, or -ESRCH if it has gone. */
int process_next_fd(const struct thread_id *id, unsigned min);
