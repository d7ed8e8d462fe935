/* SPDX-License-Identifier: MIT */
/* Descriptor tables: they map small numbers to open files. fork copies them, CLONE_FILES shares them. */
#pragma once

#include "desc/file.h"
#include "lib/refcount.h"
#include "proc/process.h"

/*
 * A table grows by chunks, on demand. The first is in the table itself. A chunk stays until the table ends.
 */
#define FD_CHUNK 256 /* descriptors */

/* Guarded by the table's lock, but for fdtable_look(). */
struct fd_chunk {
	uint64_t open[FD_CHUNK / 64];	 /* a bit for each descriptor in use */
	uint64_t cloexec[FD_CHUNK / 64]; /* a subset of open */
	unsigned nopen;			 /* bits in open */
	struct file *file[FD_CHUNK]; /* NULL: reserved; of those that are not open, see `nknown` */
};

/*
 * The fields are for desc/fdtable.c, fdtable_look(), and code that has the table to itself. What the layer keeps of it comes
 * behind: os_layer.fdtable_size bytes in all.
 */
struct fdtable {
	struct spinlock lock;
	struct refcount refs; /* the threads that have it */
	/* nknown; 0 since it has been shared: see fdtable_look(). Private to the one thread that has it; then const. */
	uint64_t nlooked;
	bool told;   /* atomic: the layer hears what is closed (fdtable_tell()) */
	bool shared; /* private, then const, as nlooked */
	/* guarded by lock: */
	unsigned
		nknown; /* below it, `first` has NULL as the file of each descriptor that is not open */
	unsigned free_from; /* no descriptor below is free */
	unsigned nserving;  /* files with FILE_SERVES, by descriptors */
	unsigned ndriving;  /* files with FILE_DRIVES, by descriptors */
	unsigned nmore;	    /* length of `more` */
	unsigned nchunks;   /* in it */
	struct fd_chunk **
		more; /* the chunks behind the first; NULL: none of its descriptors was ever open */
	struct fd_chunk first;
	struct counted counted;
};

extern struct counted_kind fdtable_kind;

/*
 * Returns the lowest descriptor in use from `min` on, or FD_NONE. A reserved one has no file. Call with the table's lock held,
 * or while no other thread runs, as the next ones.
 */
#define FD_NONE UINT32_MAX
unsigned fdtable_find_used(const struct fdtable *table, unsigned min);

#define for_each_fd(fd, table)                                      \
	for ((fd) = fdtable_find_used((table), 0); (fd) != FD_NONE; \
	     (fd) = fdtable_find_used((table), (fd) + 1))

/* The chunk of a descriptor; NULL if there is none. */
static inline struct fd_chunk *fdtable_chunk(const struct fdtable *table, unsigned fd)
{
	unsigned n = fd / FD_CHUNK;

	if (likely(n == 0))
		return (struct fd_chunk *)&table->first;
	return n <= table->nmore ? table->more[n - 1] : NULL;
}

/* The file of a descriptor in use; NULL: it is reserved. */
static inline struct file *fdtable_file(const struct fdtable *table, unsigned fd)
{
	return fdtable_chunk(table, fd)->file[fd % FD_CHUNK];
}

static inline bool fd_bit(const uint64_t *bits, unsigned n)
{
	return bits[n / 64] >> (n % 64) & 1;
}

/* Is a descriptor in use, of a chunk that may be missing? */
static inline bool chunk_is_used(const struct fd_chunk *chunk, unsigned fd)
{
	return chunk && fd_bit(chunk->open, fd % FD_CHUNK);
}

/* The bit of a descriptor in its word. */
static inline uint64_t fd_mask(unsigned fd)
{
	return 1ull << (fd % 64);
}

/* Call with the lock held. */
static inline void chunk_set_cloexec(struct fd_chunk *chunk, unsigned fd, bool cloexec)
{
	uint64_t *word = &chunk->cloexec[fd % FD_CHUNK / 64];

	*word = cloexec ? *word | fd_mask(fd) : *word & ~fd_mask(fd);
}

/* From now on, the layer is told of each descriptor that is closed, and of the end (os_layer.file_closed). */
static inline void fdtable_tell(struct fdtable *table)
{
	atomic_store_relaxed(&table->told, true);
}

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
	return refcount_is_shared(&table->refs);
}

/* Has any of the files FILE_SERVES? */
static inline bool fdtable_serves(const struct fdtable *table)
{
	return atomic_load_relaxed(&table->nserving) != 0;
}

/*
 * Opening a file takes two steps, so that everything that may fail happens before anything becomes
 * visible. fdtable_reserve() sets aside the lowest free descriptor >= min and returns it, or
 * -EMFILE or -ENOMEM; to all other calls it looks closed. fdtable_fill() then puts a file there and takes over
 * the caller's reference, or fdtable_unreserve() makes the descriptor free again.
 */
int fdtable_reserve(struct fdtable *table, unsigned min, bool cloexec);
void fdtable_fill(struct fdtable *table, int fd, struct file *file);
void fdtable_unreserve(struct fdtable *table, int fd);

/*
 * Installs the file at the lowest free descriptor >= min. Returns the descriptor and takes over the
 * caller's reference. On failure the caller keeps it: -EMFILE if that would not be below the running process's
 * RLIMIT_NOFILE, or -ENOMEM. May sleep, as all that give out descriptors.
 */
int fdtable_install(struct fdtable *table, struct file *file, unsigned min, bool cloexec);
/*
 * Installs the file at fd and closes what was open there, as dup3 does. Returns fd and takes over
 * the caller's reference. On failure the caller keeps it: -EBADF if fd is not below RLIMIT_NOFILE, -EBUSY if it is reserved,
 * or -ENOMEM.
 */
int fdtable_install_at(struct fdtable *table, struct file *file, unsigned fd, bool cloexec);
/* Returns the file at fd with a reference, or NULL if fd is not open or the file has FILE_NO_ACCESS. */
struct file *fdtable_get(struct fdtable *table, int fd);
/* fdtable_get() for the few calls that do not access the file's contents: finds those with FILE_NO_ACCESS, too. */
struct file *fdtable_get_any(struct fdtable *table, int fd);
/* Returns how many of the descriptors of the first chunk refer to the file. */
unsigned fdtable_count_locked(const struct fdtable *table, const struct file *file);
int fdtable_close(struct fdtable *table, int fd); /* 0 or -EBADF */
/*
 * close(2): closes the descriptor and calls the file's flush slot. Returns 0, the slot's error, or -EBADF.
 * May wait for a server.
 */
int fdtable_close_flush(struct fdtable *table, int fd);
/*
 * fdtable_get() without a reference, and without the lock, for the table of the running
 * thread if no other has shared it: its files stay open until it closes them itself. Others only fill
 * what is reserved. Descriptors behind the first chunk are not found.
 */
static inline struct file *fdtable_look(const struct fdtable *table, int fd)
{
	unsigned long n = (unsigned long)fd; /* negative: very large */
	struct file *file;

	if (unlikely(n >= table->nlooked))
		return NULL;
	file = atomic_load_relaxed(&table->first.file[n]);
	return likely(file && !(file->flags & FILE_NO_ACCESS)) ? file : NULL;
}
