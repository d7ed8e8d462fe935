/* SPDX-License-Identifier: MIT */
/* Devices as files. */
#pragma once

#include "fs/inode.h"

/*
 * Puts a character device at path (absolute; missing directories are made, what was there before is
 * replaced). Files opened by it have ops, and device_of(file) is node. 0, -ENOMEM, -ENOTDIR,
 * -EISDIR. => boot
 */
int dev_register(const char *path, const struct file_ops *ops, void *node, uint32_t mode,
		 uint64_t rdev);

static inline void *device_of(struct file *file)
{
	return file_inode(file)->device;
}

struct chardev;

/*
 * /dev/null, /dev/zero, /dev/port/NAME for each chardev but the consoles and the log's, and, where console is
 * not NULL, the terminal /dev/console (and /dev/tty) on it, of cols by rows (0 by 0: not known); and the
 * directory /dev/shm. 0 or negative
 * errno. => boot, after the drivers have found their devices and the archive is mounted
 */
int dev_init(struct chardev *console, unsigned cols, unsigned rows);
