/* Open files: counted, released with the last reference. */
#include "proc/file.h"

#include "lib/assert.h"
#include "mm/slab.h"
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
	mutex_init(&file->lock, LOCK_FILE_OFFSET);
	return file;
}

void file_get(struct file *file)
{
	uint32_t before = __atomic_fetch_add(&file->refs, 1, __ATOMIC_RELAXED);

	assert_hardened(before != 0 && before != UINT32_MAX);
	(void)before;
}

void file_put(struct file *file)
{
	uint32_t before = __atomic_fetch_sub(&file->refs, 1, __ATOMIC_ACQ_REL);

	assert_hardened(before != 0);
	if (likely(before != 1))
		return;
	if (file->ops->release)
		file->ops->release(file);
	kfree(file);
}
