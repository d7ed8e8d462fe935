/* SPDX-License-Identifier: MIT */
/* What Linux asks of a table of descriptors: which are open, the flag FD_CLOEXEC, and what they hold. */
#include "linux/fs/file/descriptors.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "arch/timer.h"
#include "linux/fs/file/linux_file.h"
#include "mm/phys/kmalloc.h"

/* Is there a file at fd? A reserved descriptor has none. Call with the lock held. */
static bool fdtable_is_open(const struct fdtable *table, unsigned fd)
{
	const struct fd_chunk *chunk = fdtable_chunk(table, fd);

	assert_hardened(spin_lock_held(&table->lock));
	return chunk_is_used(chunk, fd) && chunk->file[fd % FD_CHUNK];
}

bool fdtable_has(struct fdtable *table, int fd, const struct file *file)
{
	bool has;

	spin_lock(&table->lock);
	has = chunk_is_used(fdtable_chunk(table, (unsigned)fd), (unsigned)fd) &&
	      fdtable_file(table, (unsigned)fd) == file;
	spin_unlock(&table->lock);
	return has;
}

int fdtable_next(struct fdtable *table, unsigned min)
{
	unsigned fd;

	spin_lock(&table->lock);
	fd = fdtable_find_used(table, min);
	while (fd != FD_NONE && !fdtable_file(table, fd))
		fd = fdtable_find_used(table, fd + 1);
	spin_unlock(&table->lock);
	return fd != FD_NONE ? (int)fd : -EBADF;
}

unsigned fdtable_size(struct fdtable *table)
{
	return (atomic_load_relaxed(&table->nmore) + 1) * FD_CHUNK;
}

/* Any chunk that is not empty, or the first. Call with the lock held. */
static const struct fd_chunk *any_chunk(const struct fdtable *table)
{
	unsigned from = (unsigned)(arch_time() % (table->nmore + 1)) * FD_CHUNK, fd;

	assert_hardened(spin_lock_held(&table->lock));
	fd = fdtable_find_used(table, from);
	return fdtable_chunk(table, fd != FD_NONE ? fd : 0);
}

size_t fdtable_held(struct fdtable *table)
{
	const struct fd_chunk *chunk;
	size_t held = 0, own;

	spin_lock(&table->lock);
	chunk = any_chunk(table);
	/* gcc-analyzer-suppress null-dereference ; a descriptor in use has a chunk, and so has 0 */
	for (unsigned at = 0, left = chunk->nopen; left > 0; at++) {
		const struct file *file;

		if (!fd_bit(chunk->open, at))
			continue;
		left--;
		file = chunk->file[at];
		if (!file)
			continue;
		if (file->ops->held)
			held += file->ops->held(file);
		held += file_locks_pages(&linux_file(file)->locks);
	}
	held *= table->nchunks + 1;
	own = table->nmore * sizeof(*table->more) +
	      table->nchunks * kmalloc_size(sizeof(**table->more));
	spin_unlock(&table->lock);
	return held + own / PAGE_SIZE + file_locks_pages(&linux_fdtable(table)->locks);
}

bool fdtable_drives(struct fdtable *table)
{
	return atomic_load_relaxed(&table->ndriving) != 0;
}

int fdtable_cloexec(struct fdtable *table, int fd)
{
	int ret = -EBADF;

	spin_lock(&table->lock);
	if (fdtable_is_open(table, (unsigned)fd))
		ret = fd_bit(fdtable_chunk(table, (unsigned)fd)->cloexec, fd % FD_CHUNK)
			      ? FD_CLOEXEC
			      : 0;
	spin_unlock(&table->lock);
	return ret;
}

int fdtable_set_cloexec(struct fdtable *table, int fd, bool cloexec)
{
	int ret = -EBADF;

	spin_lock(&table->lock);
	if (fdtable_is_open(table, (unsigned)fd)) {
		chunk_set_cloexec(fdtable_chunk(table, (unsigned)fd), (unsigned)fd, cloexec);
		ret = 0;
	}
	spin_unlock(&table->lock);
	return ret;
}

int anon_file_install(struct file *file, bool cloexec)
{
	int fd = fdtable_install(current_thread()->fdtable, file, 0, cloexec);

	if (fd < 0)
		file_put(file);
	return fd;
}
