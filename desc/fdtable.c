/* SPDX-License-Identifier: MIT */
/* Descriptor tables: bitmaps find free numbers, an array holds the files. */
#include "desc/fdtable.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/os_layer.h"
#include "desc/file.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"

#define MORE_LEAST 16u /* the first length of table->more: up to the default limit */

/* Returns the lowest n >= min whose bit is set in bits ^ flip, or FD_CHUNK if there is none. */
static unsigned find_bit(const uint64_t *bits, uint64_t flip, unsigned min)
{
	for (unsigned n = min; n < FD_CHUNK; n = (n | 63) + 1) {
		uint64_t rest = (bits[n / 64] ^ flip) >> (n % 64);

		if (rest & 1)
			return n; /* bit_lowest() is a loop */
		if (rest != 0)
			return n + bit_lowest(rest);
	}
	return FD_CHUNK;
}

unsigned fdtable_find_used(const struct fdtable *table, unsigned min)
{
	for (unsigned n = min / FD_CHUNK; n <= table->nmore; min = ++n * FD_CHUNK) {
		const struct fd_chunk *chunk = fdtable_chunk(table, min);
		unsigned at = chunk && chunk->nopen ? find_bit(chunk->open, 0, min % FD_CHUNK)
						    : FD_CHUNK;

		if (at < FD_CHUNK)
			return n * FD_CHUNK + at;
	}
	return FD_NONE;
}

static const char *fdtable_name(const void *it)
{
	(void)it;
	return "descriptors";
}

COUNTED_KIND(fdtable_kind, "descriptor table", struct fdtable, fdtable_name);

static void chunk_init(struct fd_chunk *chunk)
{
	for (unsigned i = 0; i < FD_CHUNK / 64; i++)
		chunk->open[i] = chunk->cloexec[i] = 0;
	chunk->nopen = 0;
}

struct fdtable *fdtable_create(void)
{
	struct fdtable *table = mem_wait_kmalloc(os_layer.fdtable_size);

	if (!table)
		return NULL;
	assert_hardened(os_layer.fdtable_size >= sizeof(*table));
	spin_init(&table->lock, LOCK_FILES);
	refcount_init(&table->refs, 1);
	table->nlooked = table->nknown = 0;
	table->free_from = table->nserving = table->ndriving = table->nmore = table->nchunks = 0;
	table->more = NULL;
	chunk_init(&table->first);
	table->told = table->shared = false;
	memset(table + 1, 0, os_layer.fdtable_size - sizeof(*table));
	counted_begin(&fdtable_kind, &table->counted, &table->refs.n);
	return table;
}

/* The table has so many pointers to chunks, or more. Returns 0 or -ENOMEM. */
static int fdtable_lengthen(struct fdtable *table, unsigned nmore)
{
	unsigned length = MORE_LEAST;
	struct fd_chunk **longer, **before;

	while (length < nmore)
		length *= 2;
	longer = mem_wait_kmalloc(length * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	spin_lock(&table->lock);
	before = longer;
	if (table->nmore < length) {
		before = table->more;
		for (unsigned i = 0; i < length; i++)
			longer[i] = i < table->nmore ? before[i] : NULL;
		table->more = longer;
		table->nmore = length;
	}
	spin_unlock(&table->lock);
	kfree(before);
	return 0;
}

/* Makes the chunk of a descriptor behind the first one. Returns 0 or -ENOMEM. */
static int fdtable_grow(struct fdtable *table, unsigned fd)
{
	unsigned n = fd / FD_CHUNK;
	struct fd_chunk *chunk;
	int err = n > table->nmore ? fdtable_lengthen(table, n) : 0;

	if (err)
		return err;
	chunk = mem_wait_kmalloc(sizeof(*chunk));
	if (!chunk)
		return -ENOMEM;
	chunk_init(chunk);
	spin_lock(&table->lock);
	if (!table->more[n - 1]) {
		table->more[n - 1] = chunk;
		chunk = NULL; /* else another thread was quicker */
		if (table->nchunks++ == 0)
			counter_add(&file_nholders, 1);
	}
	spin_unlock(&table->lock);
	kfree(chunk);
	return 0;
}

static __attribute__((noinline)) void count_role(struct fdtable *table, struct file *file,
						 int change)
{
	unsigned role = file->ops->role;

	if (role & FILE_SERVES) {
		table->nserving += (unsigned)change;
		if (file->ops->in_table)
			file->ops->in_table(file, table, change);
	}
	if (role & FILE_DRIVES)
		table->ndriving += (unsigned)change;
}

/* A file comes to a descriptor, or goes. Call with the lock held, or with the last reference. */
static inline void count_file(struct fdtable *table, struct file *file, int change)
{
	if (unlikely(file && file->ops->role != 0))
		count_role(table, file, change);
}

/* The descriptors of the first chunk below n are known. Call with the lock held, or for a table that nobody else has yet. */
static inline void set_known(struct fdtable *table, unsigned n)
{
	table->nknown = n;
	if (!table->shared)
		table->nlooked = n;
}

static __attribute__((noinline)) void know(struct fdtable *table, unsigned fd)
{
	for (unsigned i = table->nknown; i < fd; i++)
		table->first.file[i] = NULL;
	set_known(table, fd + 1);
}

/* Call with the lock held, or for a table that nobody else has yet. */
static inline void fdtable_put_at(struct fdtable *table, struct fd_chunk *chunk, struct file *file,
				  unsigned fd, bool cloexec)
{
	uint64_t *word = &chunk->open[fd % FD_CHUNK / 64];

	if (unlikely(fd >= table->nknown && fd < FD_CHUNK))
		know(table, fd);
	chunk->file[fd % FD_CHUNK] = file;
	chunk->nopen += !(*word & fd_mask(fd));
	table->free_from += fd == table->free_from;
	*word |= fd_mask(fd);
	chunk_set_cloexec(chunk, fd, cloexec);
	count_file(table, file, 1);
}

/* Takes the file out of a chunk. The caller holds the table's lock. */
static inline void fdtable_clear(struct fdtable *table, struct fd_chunk *chunk, unsigned fd)
{
	count_file(table, chunk->file[fd % FD_CHUNK], -1);
	chunk->file[fd % FD_CHUNK] = NULL;
	chunk->open[fd % FD_CHUNK / 64] &= ~fd_mask(fd);
	chunk_set_cloexec(chunk, fd, false);
	chunk->nopen--;
	table->free_from = MIN(table->free_from, fd);
}

/* Copies the descriptors of one chunk that are open. Returns 0, -ENOMEM, or -ENOENT if there are no more chunks. */
static int copy_chunk(struct fdtable *copy, struct fdtable *table, unsigned n)
{
	struct fd_chunk *from, *to;
	bool empty;
	int err = 0;

	if (n > 0) { /* the first is there */
		spin_lock(&table->lock);
		from = fdtable_chunk(table, n * FD_CHUNK);
		empty = !from || from->nopen == 0;
		if (n > table->nmore)
			err = -ENOENT;
		spin_unlock(&table->lock);
		if (err || empty)
			return err;
		err = fdtable_grow(copy, n * FD_CHUNK);
		if (err)
			return err;
	}
	to = fdtable_chunk(copy, n * FD_CHUNK);
	spin_lock(&table->lock);
	from = fdtable_chunk(table, n * FD_CHUNK);
	for (unsigned at = 0, left = from->nopen; left > 0; at++) {
		struct file *file;

		if (!fd_bit(from->open, at))
			continue;
		left--;
		file = from->file[at];
		if (!file)
			continue;
		file_get(file);
		fdtable_put_at(copy, to, file, n * FD_CHUNK + at, fd_bit(from->cloexec, at));
	}
	spin_unlock(&table->lock);
	return 0;
}

/* A chunk is copied in one hold of the lock, so that a large table keeps no thread waiting for long. */
struct fdtable *fdtable_copy(struct fdtable *table)
{
	struct fdtable *copy = fdtable_create();
	int err = 0;

	for (unsigned n = 0; copy && !err; n++)
		err = copy_chunk(copy, table, n);
	if (err != -ENOENT && copy) {
		fdtable_put(copy);
		return NULL;
	}
	return copy;
}

/* A descriptor is closed. Takes over the table's reference. */
static void let_go(struct fdtable *table, struct file *file)
{
	if (unlikely(atomic_load_relaxed(&table->told)))
		os_layer.file_closed(table, file);
	if (unlikely(file->ops->closed != NULL))
		file->ops->closed(file);
	file_put(file);
}

struct fdtable *fdtable_share(struct fdtable *table)
{
	atomic_store_relaxed(&table->nlooked, 0);
	atomic_store_relaxed(&table->shared, true);
	refcount_get(&table->refs);
	return table;
}

void fdtable_become_only_user(struct fdtable *table)
{
	assert_hardened(!fdtable_is_shared(table));
	table->shared = false;
	table->nlooked = table->nknown;
}

/* For the last reference: without the lock. */
static void fdtable_close_chunk(struct fdtable *table, struct fd_chunk *chunk)
{
	for (unsigned at = 0; chunk->nopen > 0; at++) {
		struct file *file = chunk->file[at];

		if (!fd_bit(chunk->open, at))
			continue;
		assert_hardened(file);
		fdtable_clear(table, chunk, at);
		let_go(table, file);
	}
}

/* With the last reference no call is under way any more, so nothing may be reserved. */
void fdtable_put(struct fdtable *table)
{
	if (!refcount_put(&table->refs))
		return;
	counted_end(&table->counted);
	fdtable_close_chunk(table, &table->first);
	for (unsigned i = 0; i < table->nmore; i++)
		if (table->more[i])
			fdtable_close_chunk(table, table->more[i]);
	if (table->told)
		os_layer.file_closed(table, NULL);
	if (table->nchunks > 0)
		counter_add(&file_nholders, -1ul);
	for (unsigned i = 0; i < table->nmore; i++)
		kfree(table->more[i]);
	kfree(table->more);
	kfree(table);
}

void fdtable_close_on_exec(struct fdtable *table)
{
	unsigned fd;

	for_each_fd(fd, table)
		if (fd_bit(fdtable_chunk(table, fd)->cloexec, fd % FD_CHUNK))
			fdtable_close(table, (int)fd);
}

/* Returns the lowest free descriptor from min on; its chunk may be missing. Call with the lock held. */
static unsigned find_free(struct fdtable *table, unsigned min)
{
	bool lowest = min <= table->free_from;
	unsigned fd = MAX(min, table->free_from);
	const struct fd_chunk *chunk;

	assert_hardened(spin_lock_held(&table->lock));
	while ((chunk = fdtable_chunk(table, fd))) {
		unsigned at = chunk->nopen < FD_CHUNK ? find_bit(chunk->open, ~0ull, fd % FD_CHUNK)
						      : FD_CHUNK;

		fd = fd / FD_CHUNK * FD_CHUNK + at;
		if (at < FD_CHUNK)
			break;
	}
	if (lowest)
		table->free_from = fd;
	return fd;
}

int fdtable_install(struct fdtable *table, struct file *file, unsigned min, bool cloexec)
{
	uint64_t limit = process_nfds_max();
	int err = 0;

	while (!err) {
		unsigned fd;
		struct fd_chunk *chunk;

		spin_lock(&table->lock);
		fd = find_free(table, min);
		chunk = fdtable_chunk(table, fd);
		if (fd < limit && chunk)
			fdtable_put_at(table, chunk, file, fd, cloexec);
		spin_unlock(&table->lock);
		if (fd >= limit)
			return -EMFILE;
		if (likely(chunk))
			return (int)fd;
		err = fdtable_grow(table, fd);
	}
	return err;
}

int fdtable_reserve(struct fdtable *table, unsigned min, bool cloexec)
{
	return fdtable_install(table, NULL, min, cloexec);
}

void fdtable_fill(struct fdtable *table, int fd, struct file *file)
{
	spin_lock(&table->lock);
	assert_hardened(chunk_is_used(fdtable_chunk(table, (unsigned)fd), (unsigned)fd));
	assert_hardened(!fdtable_file(table, (unsigned)fd));
	fdtable_chunk(table, (unsigned)fd)->file[fd % FD_CHUNK] = file;
	count_file(table, file, 1);
	spin_unlock(&table->lock);
}

void fdtable_unreserve(struct fdtable *table, int fd)
{
	spin_lock(&table->lock);
	assert_hardened(chunk_is_used(fdtable_chunk(table, (unsigned)fd), (unsigned)fd));
	assert_hardened(!fdtable_file(table, (unsigned)fd));
	fdtable_clear(table, fdtable_chunk(table, (unsigned)fd), (unsigned)fd);
	spin_unlock(&table->lock);
}

int fdtable_install_at(struct fdtable *table, struct file *file, unsigned fd, bool cloexec)
{
	struct file *before = NULL;
	struct fd_chunk *chunk;
	bool busy = false;

	if (fd >= process_nfds_max())
		return -EBADF;
	spin_lock(&table->lock);
	while (!(chunk = fdtable_chunk(table, fd))) {
		spin_unlock(&table->lock);
		if (fdtable_grow(table, fd))
			return -ENOMEM;
		spin_lock(&table->lock);
	}
	if (chunk_is_used(chunk, fd)) {
		before = chunk->file[fd % FD_CHUNK];
		busy = !before;
		count_file(table, before, -1);
	}
	if (!busy)
		fdtable_put_at(table, chunk, file, fd, cloexec);
	spin_unlock(&table->lock);
	if (before)
		let_go(table, before);
	return busy ? -EBUSY : (int)fd;
}

/* Returns the file with a reference, NULL for none, or if it has one of `flags`. Call with the lock held. */
static inline struct file *get_if(struct file *file, uint32_t flags)
{
	if (unlikely(!file || (file->flags & flags) != 0))
		return NULL;
	file_get(file);
	return file;
}

/* Out of line, of a descriptor behind the first chunk. */
static __attribute__((noinline)) struct file *get_behind(struct fdtable *table, unsigned fd,
							 uint32_t flags)
{
	struct file *file = NULL;
	const struct fd_chunk *chunk;

	spin_lock(&table->lock);
	chunk = fdtable_chunk(table, fd);
	if (chunk_is_used(chunk, fd))
		file = get_if(chunk->file[fd % FD_CHUNK], flags);
	spin_unlock(&table->lock);
	return file;
}

/* Returns the file at fd with a reference; NULL if fd is not open or has one of `flags`. */
static inline struct file *get_but(struct fdtable *table, int fd, uint32_t flags)
{
	unsigned long n = (unsigned long)fd; /* negative: very large */
	struct file *file = NULL;

	if (unlikely(n >= FD_CHUNK))
		return get_behind(table, (unsigned)fd, flags);
	spin_lock(&table->lock);
	if (likely(n < table->nknown))
		file = get_if(table->first.file[n], flags);
	spin_unlock(&table->lock);
	return file;
}

struct file *fdtable_get_any(struct fdtable *table, int fd)
{
	return get_but(table, fd, 0);
}

struct file *fdtable_get(struct fdtable *table, int fd)
{
	return get_but(table, fd, FILE_NO_ACCESS);
}

/* Returns the file with the table's reference; NULL: the descriptor is not open. */
static struct file *fdtable_take(struct fdtable *table, int fd)
{
	struct file *file = NULL;
	struct fd_chunk *chunk;

	spin_lock(&table->lock);
	chunk = fdtable_chunk(table, (unsigned)fd);
	if (chunk_is_used(chunk, (unsigned)fd))
		file = chunk->file[fd % FD_CHUNK];
	if (file)
		fdtable_clear(table, chunk, (unsigned)fd);
	spin_unlock(&table->lock);
	return file;
}

int fdtable_close(struct fdtable *table, int fd)
{
	struct file *file = fdtable_take(table, fd);

	if (!file)
		return -EBADF;
	let_go(table, file);
	return 0;
}

/* A process that gets a lock which this close releases finds what was written. */
int fdtable_close_flush(struct fdtable *table, int fd)
{
	struct file *file = fdtable_take(table, fd);
	int err;

	if (!file)
		return -EBADF;
	err = file->ops->flush ? file->ops->flush(file) : 0;
	let_go(table, file);
	return err;
}

unsigned fdtable_count_locked(const struct fdtable *table, const struct file *file)
{
	unsigned fd, n = 0;

	assert_hardened(spin_lock_held(&table->lock));
	for_each_fd(fd, table) {
		if (fd >= FD_CHUNK)
			break;
		n += fdtable_file(table, fd) == file;
	}
	return n;
}
