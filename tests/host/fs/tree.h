/* SPDX-License-Identifier: MIT */
/* A tree of files on the fake machine, and calls on it as short as tests want them. */
#pragma once

#include "linux/fs/vfs/namei.h"
#include "linux/fs/vfs/mount_calls.h"
#include "linux/fs/vfs/open.h"
#include "linux/fs/tmpfs/tmpfs.h"
#include "tests/host/mm/memory.h"

/* Where the user memory is. */
#define USER_START 0x40000ul

/* Memory, a little user memory, and an empty root. */
void tree_start(void);

/* Nothing is held, and, with no files left, no memory either. */
void tree_end(void);

/* Opens relative to the root: the file, or NULL and *err_ret. */
struct file *tree_open(const char *path, unsigned flags);
int tree_open_error(const char *path, unsigned flags); /* 0: it could be opened */

/* An empty file of that name. */
void tree_touch(const char *path);

/* The mode of what the path names, or negative errno; links followed. */
int tree_mode(const char *path);

/* Bytes of an open file from its position on, and into it. */
ssize_t tree_read(struct file *file, char *to, size_t n);
ssize_t tree_write(struct file *file, const char *from, size_t n);
