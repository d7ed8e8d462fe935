/* SPDX-License-Identifier: MIT */
/* Descriptor tables: they map small numbers to open files. fork copies them, CLONE_FILES shares them. */
#pragma once

#include "fs/file.h"
#include "proc/process.h"

#define FDTABLE_WORDS (FDTABLE_SIZE / 64)

/* The fields are for fs/fdtable.c, fdtable_look(), and code that has the table to itself. */
struct fdtable {
	struct spinlock lock;
	uint32_t refs; /* atomic: the threads that have it */
	/* FDTABLE_SIZE; 0 since it has been shared: see fdtable_look(). Changed by a thread that has it. */
	uint64_t nlooked;
	/* guarded by lock: */
	uint64_t open[FDTABLE_WORDS];	 /* a bit for each descriptor in use */
	uint64_t cloexec[FDTABLE_WORDS]; /* a subset of open */
	struct file *file[FDTABLE_SIZE]; /* valid only if the bit in open is set; NULL: reserved */
	struct lock_owner locks;	 /* record locks of the process; has a lock of its own */
	struct counted counted;
};

extern struct counted_kind fdtable_kind;

/* Returns the lowest n >= min whose bit is set in bits ^ flip, or FDTABLE_SIZE if there is none. */
static inline unsigned fdtable_find_bit(const uint64_t *bits, uint64_t flip, unsigned min)
{
	for (unsigned n = min; n < FDTABLE_SIZE; n = (n | 63) + 1) {
		uint64_t rest = (bits[n / 64] ^ flip) >> (n % 64);

		if (rest & 1)
			return n; /* bit_lowest() is a loop */
		if (rest != 0)
			return n + bit_lowest(rest);
	}
	return FDTABLE_SIZE;
}

/*
 * Walks the descriptors in use, the lowest first; a reserved one has no file. Call with the table's
 * lock held, or while no other thread runs.
 */
#define for_each_fd(fd, table)                                                  \
	for ((fd) = fdtable_find_bit((table)->open, 0, 0); (fd) < FDTABLE_SIZE; \
	     (fd) = fdtable_find_bit((table)->open, 0, (fd) + 1))

/* Creates an empty table. Returns NULL if memory runs out. */
struct fdtable *fdtable_create(void);
/* Copies a table and takes a reference to each file. Returns NULL if memory runs out. */
struct fdtable *fdtable_copy(struct fdtable *table);
/* Returns the running thread's table with another reference, for another thread. */
struct fdtable *fdtable_share(struct fdtable *table);
/* Drops a reference; the last one closes every descriptor and frees the table. */
void fdtable_put(struct fdtable *table);
/* The other threads that shared the running thread's table have gone. */
void fdtable_become_only_user(struct fdtable *table);
void fdtable_close_on_exec(struct fdtable *table);

/* Does another thread have it, too? Only the running thread, which has it, can change that from false. */
static inline bool fdtable_is_shared(const struct fdtable *table)
{
	return atomic_load(&table->refs) > 1;
}

/*
 * Opening a file takes two steps, so that everything that may fail happens before anything becomes
 * visible. fdtable_reserve() sets aside the lowest free descriptor >= min and returns it, or
 * -EMFILE; to all other calls it looks closed. fdtable_fill() then puts a file there and takes over
 * the caller's reference, or fdtable_unreserve() makes the descriptor free again.
 */
int fdtable_reserve(struct fdtable *table, unsigned min, bool cloexec);
void fdtable_fill(struct fdtable *table, int fd, struct file *file);
void fdtable_unreserve(struct fdtable *table, int fd);

/*
 * Installs the file at the lowest free descriptor >= min. Returns the descriptor and takes over the
 * caller's reference, or returns -EMFILE and leaves the reference with the caller.
 */
int fdtable_install(struct fdtable *table, struct file *file, unsigned min, bool cloexec);
/*
 * Installs the file at fd and closes what was open there, as dup3 does. Returns fd and takes over
 * the caller's reference. On failure the caller keeps it: -EBADF, or -EBUSY if fd is reserved.
 */
int fdtable_install_at(struct fdtable *table, struct file *file, unsigned fd, bool cloexec);
/* Returns the file at fd with a reference, or NULL if fd is not open or was opened by O_PATH. */
struct file *fdtable_get(struct fdtable *table, int fd);
/* The same, but O_PATH files too: for the few calls that do not access the file's contents. */
struct file *fdtable_get_path(struct fdtable *table, int fd);
/* Returns the lowest open descriptor >= min, O_PATH too, or -EBADF if there is none. */
int fdtable_next(struct fdtable *table, unsigned min);
/* Is the file, which the caller has a reference to, still at fd? */
bool fdtable_has(struct fdtable *table, int fd, const struct file *file);
/* Returns how many descriptors of the table refer to the file. */
unsigned fdtable_count(struct fdtable *table, const struct file *file);
/* Returns how many pages the files have (their `held`). A file counts for each of its descriptors. */
size_t fdtable_held(struct fdtable *table);
/* Is any of the files one whose kind `serves`? */
bool fdtable_serves(struct fdtable *table);
int fdtable_close(struct fdtable *table, int fd); /* 0 or -EBADF */
/*
 * close(2): the same after the file's flush slot, whose error it returns. The descriptor is closed all
 * the same. May wait for a server.
 */
int fdtable_close_flush(struct fdtable *table, int fd);
int fdtable_cloexec(struct fdtable *table, int fd); /* FD_CLOEXEC or 0, or -EBADF */
int fdtable_set_cloexec(struct fdtable *table, int fd, bool cloexec);

/*
 * The same as fdtable_get() without a reference, and without the lock, for the table of the running
 * thread if no other has shared it: its files stay open until it closes them itself. Others only fill
 * what is reserved.
 */
static inline struct file *fdtable_look(const struct fdtable *table, int fd)
{
	unsigned long n = (unsigned long)fd; /* negative: very large */
	struct file *file;

	if (unlikely(n >= table->nlooked || !(table->open[n / 64] >> (n % 64) & 1)))
		return NULL;
	file = atomic_load_relaxed(&table->file[n]);
	return likely(file && !(file->flags & O_PATH)) ? file : NULL;
}
