/* SPDX-License-Identifier: MIT */
/* Open files: what a file descriptor refers to. */
#pragma once

#include "abi/fcntl.h"
#include "abi/stat.h"
#include "desc/user_iter.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/refcount.h"
#include "lib/types.h"
#include "mm/check/counted.h"
#include "proc/mutex.h"

struct file;
struct file_more;
struct object;
struct fdtable;
struct poller;
struct watch;

/* st_dev of files that are in no file system, and of pipes. */
#define DEV_ANON   1
#define DEV_PIPE   2
#define DEV_SOCKET 3

/* What mmap is asked to map. */
struct file_part {
	uint64_t offset; /* page-aligned */
	size_t len;	 /* in bytes; as the program gave it */
	bool shared;
};

#define NO_SPLICE_FROM 1u
#define NO_SPLICE_TO   2u

/*
 * Each kind of file has one table (linux/fs/tmpfs/regular.c, desc/pipe.c, linux/fs/tty/tty.c, ...). A call whose
 * slot is NULL fails with the errno in brackets. All slots may sleep: the caller holds no spinning
 * lock.
 */
struct file_ops {
	const char *name;
	/*
	 * Called when an inode is opened, before anything uses the file; not for FILE_NO_ACCESS. Returns 0,
	 * or refuses with a negative errno. NULL: nothing to do. file->flags may have O_NOCTTY meanwhile.
	 */
	int (*opened)(struct file *file);
	/*
	 * Return the number of bytes transferred (0 from read: end of file), or a negative errno.
	 * `pos` is &file->pos, unless the call brings a position of its own.
	 */
	ssize_t (*read)(struct file *file, struct user_iter *to, uint64_t *pos);    /* [EINVAL] */
	ssize_t (*write)(struct file *file, struct user_iter *from, uint64_t *pos); /* [EINVAL] */
	int (*stat)(struct file *file, struct abi_stat *st);			    /* [EINVAL] */
	/* A file without this slot has no position. Users of the position hold file->lock. */
	int64_t (*seek)(struct file *file, int64_t offset, int whence); /* [ESPIPE] */
	/*
	 * Returns what can be done without waiting (POLL*). Registers poller with the queues that
	 * are woken when that changes, before it looks. A NULL poller is not going to wait. NULL
	 * slot: POLL_ALWAYS.
	 */
	unsigned (*poll)(struct file *file, struct poller *poller);
	int (*ioctl)(struct file *file, unsigned long request, vaddr_t arg); /* [ENOTTY] */
	ssize_t (*getdents)(struct file *file, vaddr_t to, size_t n);	     /* [ENOTDIR] */
	int (*truncate)(struct file *file, uint64_t size);		     /* [EINVAL] */
	/*
	 * Allocates the pages of [offset, end) or punches a hole there. mode is 0, or
	 * FALLOC_FL_KEEP_SIZE with or without FALLOC_FL_PUNCH_HOLE.
	 */
	int (*allocate)(struct file *file, unsigned mode, uint64_t offset,
			uint64_t end); /* [ENODEV] */
	/*
	 * Returns when what was written is safe where it belongs; `data_only` as fdatasync. NULL,
	 * for a file that has pages or names: there is no better place than memory.
	 */
	int (*fsync)(struct file *file, bool data_only); /* [EINVAL] */
	/*
	 * close(2) of a descriptor of the file, before anything else is done: returns what the call
	 * returns, although the descriptor is closed in any case. NULL: nothing to do.
	 */
	int (*flush)(struct file *file);
	/*
	 * The running process has closed a descriptor of the file, by whatever call or by its end, and still has a reference.
	 * Not for FILE_NO_ACCESS. NULL: nothing to do.
	 */
	void (*closed)(struct file *file);
	/*
	 * With FILE_SERVES: a descriptor of the file has come to the table (change: 1), or goes (-1). Called with the table's
	 * lock held, or for a table that no thread has any more. NULL: nothing to do.
	 */
	void (*in_table)(struct file *file, const struct fdtable *table, int change);
	/*
	 * Bracket the creation of a shared mapping. map_begin may refuse it, or remove permissions
	 * from *max_prot, the most that mprotect may grant later. NULL: nothing to do.
	 */
	int (*map_begin)(struct file *file, unsigned prot, unsigned *max_prot);
	void (*map_end)(struct file *file);
	/* A mapping of the file has been made. NULL: nothing to record. */
	void (*mapped)(struct file *file);
	/* The object for mmap and exec, without a reference. NULL slot or NULL result: ENODEV. */
	struct object *(*object)(struct file *file);
	/*
	 * For a file of which only parts can be mapped: sets *object_ret to the object to map for
	 * `part`, with a reference, or refuses. It may remove permissions from *max_prot. NULL slot:
	 * ENODEV.
	 */
	int (*object_of)(struct file *file, const struct file_part *part,
			 struct object **object_ret, unsigned *max_prot);
	/*
	 * Writes what links of /proc show of a file without an inode, terminated. Returns its length.
	 * NULL: the number that stat gives, as of a pipe, or else the name of the kind.
	 */
	ssize_t (*label)(struct file *file, char *buf, size_t size);
	/*
	 * Returns how many pages of memory the file has that go with its last descriptor or mapping,
	 * as far as no other limit counts them. NULL: hardly any. Takes no lock.
	 */
	size_t (*held)(const struct file *file);
	void (*release)(struct file *file); /* the last reference is gone */
	/*
	 * For the ledger: calls counted_found() for each reference that the open file has, but for
	 * that to an inode. NULL: there are no others. Called with no other thread running.
	 */
	void (*holds)(struct file *file);
	/* What else the layer on the core can do with its own kinds of file; the core does not look at it. */
	const struct file_more *more;
	uint8_t role;	 /* FILE_SERVES, FILE_DRIVES: what the process is that has it */
	bool maps_zeros; /* mmap of it gives anonymous memory */
	/* `write` is called for no bytes, too; for any other file, such a write returns 0. */
	bool empty_writes;
	bool nowait;	    /* read and write heed RWF_NOWAIT */
	bool seek_is_0;	    /* without `seek`: lseek does nothing and returns 0, as on Linux */
	bool pread_is_read; /* without `seek`: pread and pwrite fail as read and write do */
	bool any_position; /* positions have 64 bits, and a transfer may pass the largest signed one */
	/* NO_SPLICE_*: from it, or to it, sendfile and splice move nothing, as on Linux. */
	uint8_t no_splice;
	bool is_pipe;	  /* file->data is a struct pipe of desc/pipe.c */
	bool has_mailbox; /* file->data begins with a struct mailbox of desc/in_flight.h */
	bool has_inode;	  /* file->node is a struct inode of linux/fs/vfs/inode.h */
	/* Its inode may be executed although the file is open for writing: see linux/fs/tmpfs/memfd.h. */
	bool no_writer;
	bool stays; /* pidfd_getfd gives it to no other process, and no path leads to it */
};

#define FILE_SERVES 1u /* files of others may need it: it is killed last */
/*
 * By its device it has all memory: no process may reach its own (ptrace_may_reach()). Only fork and exec pass such a file on. A
 * call gives it to nobody: who gets it might be traced already, or might have been.
 */
#define FILE_DRIVES 2u

/*
 * In `flags`, where O_* have no bit: the file stands for something that it gives no access to. Of the calls on descriptors only
 * those find it that ask for any file (fdtable_get_any()). A layer sets it before others can find the file.
 */
#define FILE_NO_ACCESS (1u << 31)

/* What the layer keeps of it comes behind: os_layer.file_size bytes in all. */
struct file {
	const struct file_ops *ops; /* const */
	struct refcount refs;
	/*
	 * O_* as F_GETFL shows them, and FILE_NO_ACCESS; const except those that F_SETFL changes. Atomic, changed with lock held; of a message
	 * queue O_NONBLOCK without it, by mq_setattr().
	 */
	uint32_t flags;
	struct mutex lock;
	uint64_t pos; /* guarded by lock */
	/* const once it is open; the kind of file may change `data`: */
	void *node;	       /* belongs to the kind of file: an inode or a pipe */
	void *data;	       /* what the kind of file keeps for this open file. NULL at first */
	struct watch *watches; /* of sets of epoll; guarded by watches_lock of desc/watch.c */
	struct counted counted;
};

extern struct counted_kind file_kind;

/* Returns a number (st_ino) that no file of the kernel's own has used before. */
uint64_t file_next_ino(void);

/* Frees the file. Only file_put() calls this, when the last reference is gone. */
void file_release(struct file *file);

/* Frees a file that was created and never used: its `release` is not called. NULL is allowed. */
void file_discard(struct file *file);

/* About what an open file takes with its inode or the like: each counts as this much. */
#define FILE_BYTES 1024
/* Counts what a kind of file has beyond that; negative: has no more. */
void file_memory_add(ssize_t bytes);
/*
 * Counts memory up to a limit: an eighth of memory for all open files. Returns 0, or -ENFILE and counts
 * nothing. Code that creates a file for a program first charges all that it will count, and gives that back
 * by file_memory_add() when the file is there and counts itself, or could not be created. So those
 * threads that create files at the same time do not exceed the limit together.
 */
int file_memory_charge(size_t bytes);

/* How many files are open, counting what they have as so many more; and how many there can be. */
uint64_t files_open(void);
uint64_t files_most(void);

/* Returns a file with one reference, or NULL if memory runs out. */
struct file *file_create(const struct file_ops *ops, unsigned flags, void *node);

static inline void file_get(struct file *file)
{
	refcount_get_fast(&file->refs);
}

/*
 * Takes a reference unless the last one is gone. Returns whether it did. The caller knows in another
 * way that the file has not been freed.
 */
static inline bool file_try_get(struct file *file)
{
	return refcount_get_unless_zero(&file->refs);
}

/* Drops a reference; the last one releases the file. The caller holds no spinning lock. */
static inline void file_put(struct file *file)
{
	if (unlikely(refcount_put_fast(&file->refs)))
		file_release(file);
}

/* What the access mode of these flags permits. With all bits of O_ACCMODE set, that is neither. */
static inline bool file_flags_read(unsigned flags)
{
	return ((flags + 1) & 1) != 0;
}

static inline bool file_flags_write(unsigned flags)
{
	return ((flags + 1) & 2) != 0;
}

static inline bool file_has_position(const struct file *file)
{
	return file->ops->seek != NULL;
}

/* Does a transfer fail with -EAGAIN instead of waiting? */
static inline bool file_nonblock(const struct file *file, const struct user_iter *iter)
{
	return (file->flags & O_NONBLOCK) || (iter->rwf & RWF_NOWAIT);
}

/* Does a write go to the end of the file? */
static inline bool file_appends(const struct file *file, const struct user_iter *iter)
{
	return (iter->rwf & RWF_APPEND) ||
	       ((file->flags & O_APPEND) && !(iter->rwf & RWF_NOAPPEND));
}

/* Was the file opened for reading, or for writing? One with FILE_NO_ACCESS was not. */
static inline bool file_readable(const struct file *file)
{
	return file_flags_read(file->flags) && !(file->flags & FILE_NO_ACCESS);
}

static inline bool file_writable(const struct file *file)
{
	return file_flags_write(file->flags) && !(file->flags & FILE_NO_ACCESS);
}

/* Atomic: files that have memory which fdtable_held() counts. With none, there is no need to ask. */
extern uint64_t file_nholders;
