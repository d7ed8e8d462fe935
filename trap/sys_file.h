/* SPDX-License-Identifier: MIT */
/* Between the files of the file system calls: descriptors and paths as arguments. */
#pragma once

#include "arch/page.h"
#include "fs/fdtable.h"
#include "fs/file.h"
#include "proc/process.h"
#include "trap/syscall.h"

/*
 * The open file of the descriptor in argument n, referenced; NULL: EBADF. The second also where it
 * is open by O_PATH only.
 */
static inline struct file *arg_file(const struct trap_frame *frame, unsigned n)
{
	return fdtable_get(current_process()->fdtable, arg_int(frame, n));
}

static inline struct file *arg_file_path(const struct trap_frame *frame, unsigned n)
{
	return fdtable_get_path(current_process()->fdtable, arg_int(frame, n));
}

/* A path and where it begins, as the calls that end in "at" have them. */
struct at_path {
	char *path;	  /* never NULL */
	struct file *dir; /* referenced; NULL: path begins at the root */
};

/* Without a path, dir is what the descriptor says; NULL is an error, or no path either. */
enum path_may_be { PATH_NAMES, PATH_MAY_BE_EMPTY, PATH_MAY_BE_NULL };

/*
 * The descriptor in argument n and the path in argument n + 1. 0, and at_path_put() is due;
 * -EFAULT, -ENAMETOOLONG, -ENOENT (it is empty and may not be), -EBADF, -ENOMEM.
 */
int at_path_get(const struct trap_frame *frame, unsigned n, enum path_may_be may_be,
		struct at_path *at);
void at_path_put(struct at_path *at);

/* The same for a path that is relative to the working directory: argument n. */
int cwd_path_get(const struct trap_frame *frame, unsigned n, struct at_path *at);

/*
 * Linux's access_ok(): a range that cannot be user memory at all is -EFAULT before anything else is
 * looked at.
 */
static inline int check_user_range(vaddr_t addr, size_t n)
{
	return n <= USER_TOP && addr <= USER_TOP - n ? 0 : -EFAULT;
}

/* Reads or writes at the file's own position (pos NULL) or at *pos: bytes, or negative errno. */
ssize_t file_io_read(struct file *file, struct user_iter *to, uint64_t *pos);
ssize_t file_io_write(struct file *file, struct user_iter *from, uint64_t *pos);
