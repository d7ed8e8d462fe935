/* SPDX-License-Identifier: MIT */
/* The values below /proc/sys: numbers and strings with a name, which root may change where that has a meaning. */
#pragma once

#include "linux/fs/proc/node.h"

/* The directories, each by the path from /proc/sys. */
enum sysctl_dir {
	SYSCTL_ROOT,
	SYSCTL_FS,
	SYSCTL_FS_INOTIFY,
	SYSCTL_FS_MQUEUE,
	SYSCTL_KERNEL,
	SYSCTL_KERNEL_RANDOM,
	SYSCTL_VM,
};

#define SYSCTL_STRING_MAX 256 /* bytes of a string with its NUL */

/*
 * A directory has `lists`; a value has either `get`, or `show`. The slots may sleep, and return 0 or a
 * negative errno where they return int.
 */
struct sysctl {
	struct proc_entry entry;
	enum sysctl_dir dir;   /* where it is */
	enum sysctl_dir lists; /* of a directory: which one it is */
	/* Numbers: returns the one with that index, of `count` (0 is one). */
	uint64_t (*get)(unsigned index);
	/* Called with a number in [least, most] for each that a write has. NULL: only what it has is accepted. */
	int (*set)(unsigned index, uint64_t value);
	unsigned count;
	uint64_t least, most; /* most 0: there is no limit */
	/* Strings: writes the text, terminated, into SYSCTL_STRING_MAX bytes. */
	void (*show)(char *text);
	int (*store)(const char *text); /* NULL: as `set` */
	size_t size;			/* of a string that may be stored, with its NUL */
};

extern const struct sysctl sysctls[];
extern const unsigned sysctl_count;

extern const struct inode_ops proc_sys_dir_ops, proc_sysctl_ops;
extern const struct file_ops proc_sysctl_file_ops;
