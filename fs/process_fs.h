/* SPDX-License-Identifier: MIT */
/* A process's file system state: descriptors, the working directory, the root, the umask. */
#pragma once

struct file;
struct inode;
struct process_id;

/* Sets process_fs of proc/process.h. Call once at boot, when the root directory exists. */
void process_fs_init(void);

/* Changes the running process's working directory. Takes over the reference to `dir`. */
void process_set_cwd(struct file *dir);

/* Returns the running process's working directory, with a reference. */
struct file *process_cwd(void);

/*
 * Returns the running process's root, as by path_get(). NULL: it has none of its own, as a kernel
 * thread has none, and the tree's is its root.
 */
struct inode *process_root(void);

/*
 * chroot(2): the directory at `path` becomes the running process's root. `dir` and `path` are as in
 * fs/namei.h. Returns 0, -ENOTDIR, or an error of the walk.
 */
int process_chroot(struct file *dir, const char *path);

/*
 * What another process has open. Return a file with a reference, O_PATH files too; NULL if the
 * process has ended or has no such file. Call with no spinning lock held.
 */
struct file *process_get_cwd(const struct process_id *id);
struct file *process_get_file(const struct process_id *id, int fd);

/* Returns another process's root, as by path_get(), or NULL if the process has ended. */
struct inode *process_get_root(const struct process_id *id);

/* Returns its lowest open descriptor >= min, -EBADF if there is none, or -ESRCH if it has gone. */
int process_next_fd(const struct process_id *id, unsigned min);
