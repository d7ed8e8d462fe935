/* SPDX-License-Identifier: MIT */
/* Writes to regular files of a 9P server, and changes of their size: slots, which wait for the server. */
#pragma once

#include "lib/types.h"

struct file;
struct inode;
struct user_iter;

ssize_t p9_write(struct file *file, struct user_iter *from, uint64_t *pos);
int p9_resize(struct inode *inode, uint64_t size);
