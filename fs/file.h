/* SPDX-License-Identifier: MIT */
/* What a file descriptor stands for: the kernel's one kind of handle. */
#pragma once

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "fs/user_iter.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/types.h"
#include "proc/mutex.h"

struct file;
struct object;
struct poller;

/*
 * One table per kind (fs/tmpfs/tmpfs.c, fs/pipe.c, fs/tty/tty.c, ...). Every slot that is NULL answers with
 * the errno in brackets. All may sleep. => no spinning lock held
 */
struct file_ops {
	const char *name;
	/* May refuse to be opened: 0 or negative errno. NULL: nothing to ask. => a device */
	int (*may_open)(struct file *file);
	/*
	 * Bytes done (0: end), or negative errno. `pos` is the file's own position unless the call
	 * brings one.
	 */
	ssize_t (*read)(struct file *file, struct user_iter *to, uint64_t *pos);    /* [EINVAL] */
	ssize_t (*write)(struct file *file, struct user_iter *from, uint64_t *pos); /* [EINVAL] */
	int (*stat)(struct file *file, struct abi_stat *st);			    /* [EINVAL] */
	/*
	 * Files that have it have a position, and take turns by file->lock in the calls that use
	 * it.
	 */
	int64_t (*seek)(struct file *file, int64_t offset, int whence); /* [ESPIPE] */
	/*
	 * What can be done without waiting (POLL*). Watches the queues that are woken when that
	 * changes, before it looks; poller NULL: nobody waits. NULL: POLL_ALWAYS
	 */
	unsigned (*poll)(struct file *file, struct poller *poller);
	int (*ioctl)(struct file *file, unsigned long request, vaddr_t arg); /* [ENOTTY] */
	ssize_t (*getdents)(struct file *file, vaddr_t to, size_t n);	     /* [ENOTDIR] */
	int (*truncate)(struct file *file, uint64_t size);		     /* [EINVAL] */
	/*
	 * Has the pages of [offset, end) ahead, or makes them a hole: FALLOC_FL_KEEP_SIZE with or
	 * without FALLOC_FL_PUNCH_HOLE, or 0.
	 */
	int (*allocate)(struct file *file, unsigned mode, uint64_t offset,
			uint64_t end);			     /* [ENODEV] */
	int (*get_seals)(struct file *file);		     /* [EINVAL] F_SEAL_* */
	int (*add_seals)(struct file *file, unsigned seals); /* [EINVAL] */
	/*
	 * Around the making of a shared mapping: may refuse it, or take permissions from what mprotect
	 * may give. NULL: nothing to ask.
	 */
	int (*map_begin)(struct file *file, unsigned prot, unsigned *max_prot);
	void (*map_end)(struct file *file);
	/* A mapping of it has been made. NULL: nothing to note */
	void (*mapped)(struct file *file);
	struct object *(*object)(
		struct file
			*file); /* for mmap and exec; not referenced; NULL slot or answer: ENODEV */
	void (*release)(struct file *file); /* the last reference is gone */
	bool maps_zeros;		    /* mmap gives anonymous memory */
	bool has_inode;			    /* file->node is a struct inode of fs/inode.h */
};

struct file {
	const struct file_ops *ops; /* const */
	uint32_t refs;		    /* atomic */
	uint32_t flags;	   /* O_* as F_GETFL shows them; const but for O_APPEND, O_NONBLOCK */
	struct mutex lock; /* guards pos */
	uint64_t pos;
	void *node; /* the kind's own: inode, pipe, tty */
};

/* For file_put() only: the last reference is gone. */
void file_release(struct file *file);

/* A file with one reference; NULL: out of memory. */
struct file *file_create(const struct file_ops *ops, unsigned flags, void *node);

static inline void file_get(struct file *file)
{
	uint32_t before = __atomic_fetch_add(&file->refs, 1, __ATOMIC_RELAXED);

	assert_hardened(before != 0 && before != UINT32_MAX);
	(void)before;
}

/* Gives a reference back; the last one releases. => no spinning lock held */
static inline void file_put(struct file *file)
{
	uint32_t before = __atomic_fetch_sub(&file->refs, 1, __ATOMIC_ACQ_REL);

	assert_hardened(before != 0);
	if (unlikely(before == 1))
		file_release(file);
}

/* What the open mode lets be done (O_ACCMODE 3 and O_PATH: neither). */
static inline bool file_readable(const struct file *file)
{
	return ((file->flags + 1) & 1) != 0 && !(file->flags & O_PATH);
}

static inline bool file_writable(const struct file *file)
{
	return ((file->flags + 1) & 2) != 0 && !(file->flags & O_PATH);
}
