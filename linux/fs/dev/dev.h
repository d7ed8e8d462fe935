/* SPDX-License-Identifier: MIT */
/* The devices that have a file in /dev (linux/fs/dev/devtmpfs.h). */
#pragma once

#include "desc/file.h"

struct block_device;
struct chardev;

/* Major numbers, as Linux has them; that of ports is for local use. */
#define DEV_MAJOR_MEM	1u
#define DEV_MAJOR_TTY	5u
#define DEV_MAJOR_MISC	10u
#define DEV_USERFAULTFD 126u /* its minor number is for local use */
#define DEV_MAJOR_PTS	136u
#define DEV_MAJOR_PORT	240u
#define DEV_MAJOR_DISK	254u

/* The minor number of the disk with that index: 15 follow it for partitions, as those of Linux's virtio disks do. */
static inline unsigned dev_disk_minor(unsigned index)
{
	return 16 * index;
}

/*
 * Finds the disk whose block device file is at path (linux/fs/vfs/namei.h); a symbolic link at its end is
 * followed. Returns 0; -EISDIR for a directory, -EINVAL for any other file, -EACCES on a mount with MS_NODEV; or -ENOENT,
 * -ENOTDIR, -ELOOP or -ENAMETOOLONG.
 */
int dev_find_disk(struct file *dir, const char *path, struct block_device **disk_ret);

/*
 * Creates /dev/null, /dev/zero, /dev/full, /dev/random, /dev/urandom, the directory /dev/shm, the links /dev/fd,
 * stdin, stdout and stderr, /dev/NAME for each disk, and /dev/port/NAME
 * for each chardev except the consoles and the log's port. If console is not NULL, also creates a
 * terminal on it, as /dev/console and /dev/tty, with a window of cols by rows characters (0 by 0:
 * unknown), and `plain` as ldisc_init() has it. Returns 0 or a negative errno. Call once at boot, after the drivers have found their
 * devices and the archive is mounted.
 */
int dev_init(struct chardev *console, unsigned cols, unsigned rows, bool plain);
