/* SPDX-License-Identifier: MIT */
/* What Linux keeps of an open file, and of a descriptor table, behind the core's part. */
#pragma once

#include "desc/fdtable.h"
#include "linux/fs/file/lock.h"

#define FILE_TELLS_NOTHING UINT32_MAX
#define FILE_NAMELESS	   (UINT32_MAX - 1)

/* All zeros at first. */
struct linux_file {
	struct file file;
	struct lock_owner locks; /* by flock and F_OFD_SETLK; guarded by locks_mutex */
	struct file_async
		*async; /* atomic, set once; linux/fs/file/async.c. NULL: nothing has been set */
	/*
	 * The name of its inode that events of the file carry; const once it is open. 0: by any. FILE_NAMELESS: by none, as
	 * it was opened without (O_TMPFILE). FILE_TELLS_NOTHING: there are no events, as no program has opened it.
	 */
	uint32_t name_id;
	/* Had its opener CAP_SYS_ADMIN? Set by the kinds of file that ask later; const once it is open. */
	bool by_admin;
};

struct linux_fdtable {
	struct fdtable table;
	struct lock_owner locks; /* record locks of the process; guarded by locks_mutex */
};

static inline struct linux_file *linux_file(const struct file *file)
{
	return (struct linux_file *)file;
}

/* Its O_*, as F_GETFL shows them. */
static inline uint32_t linux_file_flags(const struct file *file)
{
	return file->flags & ~FILE_NO_ACCESS;
}

static inline struct linux_fdtable *linux_fdtable(const struct fdtable *table)
{
	return (struct linux_fdtable *)table;
}

/* Hooks of base/os_layer.def. */
void linux_file_last(struct file *file);
void linux_file_closed(struct fdtable *table, struct file *file);
