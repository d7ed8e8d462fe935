/* SPDX-License-Identifier: MIT */
/* Open files: creates them, and releases them with their last reference. */
#include "desc/file.h"

#include "abi/errno.h"
#include "base/os_layer.h"
#include "desc/epoll.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "proc/mem_wait.h"

#define SHARE 8u

static uint64_t in_files; /* bytes; atomic */

static uint64_t last_ino; /* atomic */
uint64_t file_nholders;

uint64_t file_next_ino(void)
{
	return atomic_add(&last_ino, 1) + 1;
}

static uint64_t most_bytes(void)
{
	return page_alloc_total_count() * PAGE_SIZE / SHARE;
}

uint64_t files_open(void)
{
	return atomic_load_relaxed(&in_files) / FILE_BYTES;
}

uint64_t files_most(void)
{
	return most_bytes() / FILE_BYTES;
}

int file_memory_charge(size_t bytes)
{
	uint64_t before = atomic_add(&in_files, bytes);

	if (before + bytes <= most_bytes())
		return 0;
	file_memory_add(-(ssize_t)bytes);
	return -ENFILE;
}

void file_memory_add(ssize_t bytes)
{
	counter_add(&in_files, (uint64_t)bytes);
}

static const char *file_name(const void *it)
{
	const struct file *file = it;

	return file->ops ? file->ops->name : "being opened";
}

COUNTED_KIND(file_kind, "open file", struct file, file_name);

struct file *file_create(const struct file_ops *ops, unsigned flags, void *node)
{
	struct file *file = mem_wait_kmalloc(os_layer.file_size);

	if (!file)
		return NULL;
	assert_hardened(os_layer.file_size >= sizeof(*file));
	file_memory_add(FILE_BYTES);
	file->ops = ops;
	refcount_init(&file->refs, 1);
	file->flags = flags;
	file->pos = 0;
	file->node = node;
	file->data = NULL;
	file->watches = NULL;
	memset(file + 1, 0, os_layer.file_size - sizeof(*file));
	mutex_init(&file->lock, LOCK_FILE_OFFSET);
	counted_begin(&file_kind, &file->counted, &file->refs.n);
	return file;
}

static void file_free(struct file *file)
{
	file_memory_add(-FILE_BYTES);
	kfree(file);
}

void file_release(struct file *file)
{
	counted_end(&file->counted);
	epoll_file_ends(file);
	os_layer.file_last(file);
	if (file->ops->release)
		file->ops->release(file);
	file_free(file);
}

void file_discard(struct file *file)
{
	if (!file)
		return;
	counted_end(&file->counted);
	file_free(file);
}
