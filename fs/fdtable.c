/* SPDX-License-Identifier: MIT */
/* Descriptor tables: bitmaps find free numbers, an array holds the files. */
#include "fs/fdtable.h"

#include "abi/errno.h"
#include "fs/file.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"

#define WORDS FDTABLE_WORDS

_Static_assert(FDTABLE_SIZE % 64 == 0, "whole words of bits");

static bool bit_test(const uint64_t *bits, unsigned n)
{
	return bits[n / 64] >> (n % 64) & 1;
}

static void bit_set(uint64_t *bits, unsigned n, bool value)
{
	if (value)
		bits[n / 64] |= 1ull << (n % 64);
	else
		bits[n / 64] &= ~(1ull << (n % 64));
}

/* Is there a file at fd? A reserved descriptor has none. */
static bool fdtable_is_open(const struct fdtable *table, unsigned fd)
{
	return bit_test(table->open, fd) && table->file[fd];
}

static const char *fdtable_name(const void *it)
{
	(void)it;
	return "descriptors";
}

COUNTED_KIND(fdtable_kind, "descriptor table", struct fdtable, fdtable_name);

struct fdtable *fdtable_create(void)
{
	struct fdtable *table = mem_wait_kmalloc(sizeof(*table));

	if (!table)
		return NULL;
	spin_init(&table->lock, LOCK_FILES);
	table->refs = 1;
	table->nlooked = FDTABLE_SIZE;
	table->locks = (struct lock_owner){ 0 };
	for (unsigned i = 0; i < WORDS; i++)
		table->open[i] = table->cloexec[i] = 0;
	counted_begin(&fdtable_kind, &table->counted, &table->refs);
	return table;
}

static void fdtable_put_at(struct fdtable *table, struct file *file, unsigned fd, bool cloexec)
{
	table->file[fd] = file;
	bit_set(table->open, fd, true);
	bit_set(table->cloexec, fd, cloexec);
}

struct fdtable *fdtable_copy(struct fdtable *table)
{
	struct fdtable *copy = fdtable_create();
	unsigned fd;

	if (!copy)
		return NULL;
	spin_lock(&table->lock);
	for_each_fd(fd, table) {
		struct file *file = table->file[fd];

		if (!file)
			continue;
		file_get(file);
		fdtable_put_at(copy, file, fd, bit_test(table->cloexec, fd));
	}
	spin_unlock(&table->lock);
	return copy;
}

/*
 * A descriptor is closed: the process loses its record locks of that file, as POSIX has it, whatever
 * other descriptors of the file it has. Takes over the table's reference.
 */
static void let_go(struct fdtable *table, struct file *file)
{
	if (!(file->flags & O_PATH))
		file_locks_close(file, &table->locks);
	file_put(file);
}

/* Closes every descriptor whose bit is set in `which`, a subset of table->open. */
static void close_set(struct fdtable *table, const uint64_t *which)
{
	for (unsigned fd = 0; (fd = fdtable_find_bit(which, 0, fd)) < FDTABLE_SIZE; fd++)
		fdtable_close(table, (int)fd);
}

/* Is a descriptor in use? One that is closed is not, but one that is reserved is. */
static bool fdtable_is_used(const struct fdtable *table)
{
	return fdtable_find_bit(table->open, 0, 0) < FDTABLE_SIZE;
}

struct fdtable *fdtable_share(struct fdtable *table)
{
	atomic_store_relaxed(&table->nlooked, 0);
	atomic_add(&table->refs, 1);
	return table;
}

void fdtable_become_only_user(struct fdtable *table)
{
	assert_hardened(!fdtable_is_shared(table));
	table->nlooked = FDTABLE_SIZE;
}

/* With the last reference no call is under way any more, so nothing may be reserved. */
void fdtable_put(struct fdtable *table)
{
	if (atomic_add(&table->refs, -1) != 1)
		return;
	counted_end(&table->counted);
	close_set(table, table->open);
	assert_hardened(!fdtable_is_used(table));
	assert_hardened(table->locks.count == 0 && !table->locks.waits);
	kfree(table);
}

void fdtable_close_on_exec(struct fdtable *table)
{
	close_set(table, table->cloexec);
}

/* Returns the lowest free descriptor from min on, or FDTABLE_SIZE if there is none. */
static unsigned find_free(const struct fdtable *table, unsigned min)
{
	return fdtable_find_bit(table->open, ~0ull, min);
}

int fdtable_install(struct fdtable *table, struct file *file, unsigned min, bool cloexec)
{
	unsigned fd;

	spin_lock(&table->lock);
	fd = find_free(table, min);
	if (fd < FDTABLE_SIZE)
		fdtable_put_at(table, file, fd, cloexec);
	spin_unlock(&table->lock);
	return fd < FDTABLE_SIZE ? (int)fd : -EMFILE;
}

int fdtable_reserve(struct fdtable *table, unsigned min, bool cloexec)
{
	return fdtable_install(table, NULL, min, cloexec);
}

void fdtable_fill(struct fdtable *table, int fd, struct file *file)
{
	spin_lock(&table->lock);
	assert_hardened(bit_test(table->open, (unsigned)fd) && !table->file[fd]);
	table->file[fd] = file;
	spin_unlock(&table->lock);
}

void fdtable_unreserve(struct fdtable *table, int fd)
{
	spin_lock(&table->lock);
	assert_hardened(bit_test(table->open, (unsigned)fd) && !table->file[fd]);
	bit_set(table->open, (unsigned)fd, false);
	bit_set(table->cloexec, (unsigned)fd, false);
	spin_unlock(&table->lock);
}

int fdtable_install_at(struct fdtable *table, struct file *file, unsigned fd, bool cloexec)
{
	struct file *before = NULL;
	bool busy;

	if (fd >= FDTABLE_SIZE)
		return -EBADF;
	spin_lock(&table->lock);
	busy = bit_test(table->open, fd) && !table->file[fd];
	if (!busy) {
		before = bit_test(table->open, fd) ? table->file[fd] : NULL;
		fdtable_put_at(table, file, fd, cloexec);
	}
	spin_unlock(&table->lock);
	if (before)
		let_go(table, before);
	return busy ? -EBUSY : (int)fd;
}

/* Returns the file at fd with a reference; NULL if fd is not open or has one of `flags`. */
static inline struct file *get_but(struct fdtable *table, unsigned fd, uint32_t flags)
{
	struct file *file = NULL;

	if (fd >= FDTABLE_SIZE)
		return NULL;
	spin_lock(&table->lock);
	if (likely(bit_test(table->open, fd)))
		file = table->file[fd];
	if (likely(file != NULL)) {
		if (likely((file->flags & flags) == 0))
			file_get(file);
		else
			file = NULL;
	}
	spin_unlock(&table->lock);
	return file;
}

struct file *fdtable_get_path(struct fdtable *table, int fd)
{
	return get_but(table, (unsigned)fd, 0);
}

struct file *fdtable_get(struct fdtable *table, int fd)
{
	return get_but(table, (unsigned)fd, O_PATH);
}

bool fdtable_has(struct fdtable *table, int fd, const struct file *file)
{
	bool has;

	if ((unsigned)fd >= FDTABLE_SIZE)
		return false;
	spin_lock(&table->lock);
	has = bit_test(table->open, (unsigned)fd) && table->file[fd] == file;
	spin_unlock(&table->lock);
	return has;
}

int fdtable_next(struct fdtable *table, unsigned min)
{
	int found = -EBADF;

	spin_lock(&table->lock);
	for (unsigned fd = min; fd < FDTABLE_SIZE && found < 0; fd++)
		if (fdtable_is_open(table, fd))
			found = (int)fd;
	spin_unlock(&table->lock);
	return found;
}

size_t fdtable_held(struct fdtable *table)
{
	size_t held = 0;
	unsigned fd;

	spin_lock(&table->lock);
	for_each_fd(fd, table) {
		const struct file *file = table->file[fd];

		if (file && file->ops->held)
			held += file->ops->held(file);
	}
	spin_unlock(&table->lock);
	return held;
}

bool fdtable_serves(struct fdtable *table)
{
	bool serves = false;
	unsigned fd;

	spin_lock(&table->lock);
	for_each_fd(fd, table) {
		serves = table->file[fd] && table->file[fd]->ops->serves;
		if (serves)
			break;
	}
	spin_unlock(&table->lock);
	return serves;
}

/* Returns the file with the table's reference; NULL: the descriptor is not open. */
static struct file *fdtable_take(struct fdtable *table, int fd)
{
	struct file *file = NULL;

	if ((unsigned)fd >= FDTABLE_SIZE)
		return NULL;
	spin_lock(&table->lock);
	if (fdtable_is_open(table, (unsigned)fd)) {
		file = table->file[fd];
		bit_set(table->open, (unsigned)fd, false);
		bit_set(table->cloexec, (unsigned)fd, false);
	}
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

/* Who gets a lock that goes with the descriptor finds what was written. */
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

unsigned fdtable_count(struct fdtable *table, const struct file *file)
{
	unsigned fd, n = 0;

	spin_lock(&table->lock);
	for_each_fd(fd, table)
		n += table->file[fd] == file;
	spin_unlock(&table->lock);
	return n;
}

int fdtable_cloexec(struct fdtable *table, int fd)
{
	int ret = -EBADF;

	if ((unsigned)fd >= FDTABLE_SIZE)
		return -EBADF;
	spin_lock(&table->lock);
	if (fdtable_is_open(table, (unsigned)fd))
		ret = bit_test(table->cloexec, (unsigned)fd) ? FD_CLOEXEC : 0;
	spin_unlock(&table->lock);
	return ret;
}

int fdtable_set_cloexec(struct fdtable *table, int fd, bool cloexec)
{
	int ret = -EBADF;

	if ((unsigned)fd >= FDTABLE_SIZE)
		return -EBADF;
	spin_lock(&table->lock);
	if (fdtable_is_open(table, (unsigned)fd)) {
		bit_set(table->cloexec, (unsigned)fd, cloexec);
		ret = 0;
	}
	spin_unlock(&table->lock);
	return ret;
}
