/* SPDX-License-Identifier: MIT */
/* Descriptor tables: small numbers for open files. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/phys/kmalloc.h"
#include "proc/file.h"
#include "proc/mem_wait.h"

#define WORDS (FILES_MAX / 64)

struct files {
	struct spinlock lock;
	/* guarded by lock: */
	uint64_t open[WORDS];	      /* a bit for each descriptor in use */
	uint64_t cloexec[WORDS];      /* a subset of open */
	struct file *file[FILES_MAX]; /* of use only where the bit is set; NULL: set aside */
};

_Static_assert(FILES_MAX % 64 == 0, "whole words of bits");

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

/* There is a file at fd. */
static bool is_open(const struct files *files, unsigned fd)
{
	return bit_test(files->open, fd) && files->file[fd];
}

struct files *files_create(void)
{
	struct files *files = mem_wait_kmalloc(sizeof(*files));

	if (!files)
		return NULL;
	spin_init(&files->lock, LOCK_FILES);
	for (unsigned i = 0; i < WORDS; i++)
		files->open[i] = files->cloexec[i] = 0;
	return files;
}

struct files *files_copy(struct files *files)
{
	struct files *copy = files_create();

	if (!copy)
		return NULL;
	spin_lock(&files->lock);
	for (unsigned i = 0; i < WORDS; i++) {
		copy->open[i] = files->open[i];
		copy->cloexec[i] = files->cloexec[i];
		for (uint64_t left = files->open[i]; left != 0; left &= left - 1) {
			unsigned fd = i * 64 + bit_lowest(left);

			copy->file[fd] = files->file[fd];
			if (copy->file[fd])
				file_get(copy->file[fd]);
			else
				bit_set(copy->open, fd, false);
		}
	}
	spin_unlock(&files->lock);
	return copy;
}

/* Closes every descriptor that is set in `which`, a subset of files->open. */
static void close_set(struct files *files, const uint64_t *which)
{
	for (unsigned i = 0; i < WORDS; i++)
		for (uint64_t left = which[i]; left != 0; left &= left - 1)
			files_close(files, (int)(i * 64 + bit_lowest(left)));
}

void files_destroy(struct files *files)
{
	close_set(files, files->open);
	kfree(files);
}

void files_close_on_exec(struct files *files)
{
	close_set(files, files->cloexec);
}

/* The lowest free descriptor from min on; FILES_MAX: none. */
static unsigned find_free(const struct files *files, unsigned min)
{
	for (unsigned i = min / 64; i < WORDS; i++) {
		uint64_t free = ~files->open[i];

		if (i == min / 64)
			free &= ~0ull << (min % 64);
		if (free != 0)
			return i * 64 + bit_lowest(free);
	}
	return FILES_MAX;
}

static void put_at(struct files *files, struct file *file, unsigned fd, bool cloexec)
{
	files->file[fd] = file;
	bit_set(files->open, fd, true);
	bit_set(files->cloexec, fd, cloexec);
}

int files_install(struct files *files, struct file *file, unsigned min, bool cloexec)
{
	unsigned fd;

	spin_lock(&files->lock);
	fd = find_free(files, min);
	if (fd < FILES_MAX)
		put_at(files, file, fd, cloexec);
	spin_unlock(&files->lock);
	return fd < FILES_MAX ? (int)fd : -EMFILE;
}

int files_reserve(struct files *files, unsigned min, bool cloexec)
{
	return files_install(files, NULL, min, cloexec);
}

void files_fill(struct files *files, int fd, struct file *file)
{
	spin_lock(&files->lock);
	assert_hardened(bit_test(files->open, (unsigned)fd) && !files->file[fd]);
	files->file[fd] = file;
	spin_unlock(&files->lock);
}

void files_unreserve(struct files *files, int fd)
{
	spin_lock(&files->lock);
	assert_hardened(bit_test(files->open, (unsigned)fd) && !files->file[fd]);
	bit_set(files->open, (unsigned)fd, false);
	bit_set(files->cloexec, (unsigned)fd, false);
	spin_unlock(&files->lock);
}

int files_install_at(struct files *files, struct file *file, unsigned fd, bool cloexec)
{
	struct file *before = NULL;
	bool busy;

	if (fd >= FILES_MAX)
		return -EBADF;
	spin_lock(&files->lock);
	busy = bit_test(files->open, fd) && !files->file[fd];
	if (!busy) {
		before = bit_test(files->open, fd) ? files->file[fd] : NULL;
		put_at(files, file, fd, cloexec);
	}
	spin_unlock(&files->lock);
	if (before)
		file_put(before);
	return busy ? -EBUSY : (int)fd;
}

/* The file at fd, referenced, unless it was opened with one of these flags; NULL. */
static inline struct file *get_but(struct files *files, unsigned fd, uint32_t flags)
{
	struct file *file = NULL;

	if (fd >= FILES_MAX)
		return NULL;
	spin_lock(&files->lock);
	if (likely(bit_test(files->open, fd)))
		file = files->file[fd];
	if (likely(file != NULL)) {
		if (likely((file->flags & flags) == 0))
			file_get(file);
		else
			file = NULL;
	}
	spin_unlock(&files->lock);
	return file;
}

struct file *files_get_path(struct files *files, int fd)
{
	return get_but(files, (unsigned)fd, 0);
}

struct file *files_get(struct files *files, int fd)
{
	return get_but(files, (unsigned)fd, O_PATH);
}

int files_close(struct files *files, int fd)
{
	struct file *file = NULL;

	if ((unsigned)fd >= FILES_MAX)
		return -EBADF;
	spin_lock(&files->lock);
	if (is_open(files, (unsigned)fd)) {
		file = files->file[fd];
		bit_set(files->open, (unsigned)fd, false);
		bit_set(files->cloexec, (unsigned)fd, false);
	}
	spin_unlock(&files->lock);
	if (!file)
		return -EBADF;
	file_put(file);
	return 0;
}

int files_cloexec(struct files *files, int fd)
{
	int ret = -EBADF;

	if ((unsigned)fd >= FILES_MAX)
		return -EBADF;
	spin_lock(&files->lock);
	if (is_open(files, (unsigned)fd))
		ret = bit_test(files->cloexec, (unsigned)fd) ? FD_CLOEXEC : 0;
	spin_unlock(&files->lock);
	return ret;
}

int files_set_cloexec(struct files *files, int fd, bool cloexec)
{
	int ret = -EBADF;

	if ((unsigned)fd >= FILES_MAX)
		return -EBADF;
	spin_lock(&files->lock);
	if (is_open(files, (unsigned)fd)) {
		bit_set(files->cloexec, (unsigned)fd, cloexec);
		ret = 0;
	}
	spin_unlock(&files->lock);
	return ret;
}
