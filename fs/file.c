/* SPDX-License-Identifier: MIT */
/* Open files: creates them, and releases them with their last reference. */
#include "fs/file.h"

#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

struct file *file_create(const struct file_ops *ops, unsigned flags, void *node)
{
	struct file *file = mem_wait_kmalloc(sizeof(*file));

	if (!file)
		return NULL;
	file->ops = ops;
	file->refs = 1;
	file->flags = flags;
	file->pos = 0;
	file->node = node;
	file->data = NULL;
	file->locks = (struct lock_owner){ 0 };
	mutex_init(&file->lock, LOCK_FILE_OFFSET);
	return file;
}

void file_release(struct file *file)
{
	file_locks_close(file, &file->locks);
	assert_hardened(file->locks.count == 0);
	if (file->ops->release)
		file->ops->release(file);
	kfree(file);
}
