/* SPDX-License-Identifier: MIT */
/* The paths of system calls: copied from user memory, with the directory where they start. */
#pragma once

#include "abi/fcntl.h"
#include "arch/frame.h"
#include "desc/file.h"

/* A path and its starting directory, as in the calls whose names end in "at". */
struct at_path {
	char *path;	  /* never NULL */
	struct file *dir; /* referenced; NULL: the path starts at the root */
};

/* An empty path means the descriptor itself. NULL is an error, or counts as empty. */
enum path_may_be { PATH_NAMES, PATH_MAY_BE_EMPTY, PATH_MAY_BE_NULL };

/*
 * Gets the descriptor in argument n and the path in argument n + 1. Returns 0, and the caller then
 * calls at_path_put(); or -EFAULT, -ENAMETOOLONG, -EBADF, -ENOMEM, or -ENOENT if the path is empty
 * but may not be.
 */
int at_path_get(const struct trap_frame *frame, unsigned n, enum path_may_be may_be,
		struct at_path *at);

/* Gets the path in argument n, which is relative to the working directory. Returns as at_path_get() does. */
int cwd_path_get(const struct trap_frame *frame, unsigned n, struct at_path *at);

/* Finds the directory of the descriptor even if the path is absolute. Returns 0 or -EBADF. */
int at_path_need_dir(int fd, struct at_path *at);

/* Gets the path at a user address, which is relative to a descriptor. Returns as at_path_get() does. */
int at_path_get_from(int fd, vaddr_t user, enum path_may_be may_be, struct at_path *at);

/* Copies the path in argument n. Returns 0 and a string to free with kfree(), or as at_path_get() does. */
int arg_path(const struct trap_frame *frame, unsigned n, char **path_ret);

void at_path_put(struct at_path *at);
