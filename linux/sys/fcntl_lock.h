/* SPDX-License-Identifier: MIT */
/* The part of fcntl that is about file locks. */
#pragma once

#include "desc/file.h"

/*
 * F_GETLK, F_SETLK, F_SETLKW and the same with F_OFD_, of an open file that is not O_PATH, and was found
 * at `fd`; `arg` is the address of a struct flock. Returns 0 or a negative errno: -EBADF also if another
 * thread has closed the descriptor meanwhile. May sleep.
 */
long fcntl_lock(struct file *file, int fd, unsigned command, vaddr_t arg);
