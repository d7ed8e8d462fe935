/* SPDX-License-Identifier: MIT */
/* A tree of files on the fake machine. */
#include "tree.h"

#include <string.h>

#include "base/os_layer.h"
#include "fake_proc.h"
#include "linux/fs/file/fifo.h"
#include "linux/fs/file/linux_file.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "tests/host/mm/user_memory.h"

#define FRAMES	   4096
#define USER_PAGES 16

struct os_layer os_layer = {
	.file_size = sizeof(struct linux_file),
	.fdtable_size = sizeof(struct linux_fdtable),
	.pipe_size = sizeof(struct linux_pipe),
	.file_last = linux_file_last,
	.file_closed = linux_file_closed,
	.pipe_broken = linux_pipe_broken,
};

static size_t free_at_start, objects_at_start;

/* Objects of the kernel's heap. */
static size_t objects(void)
{
	struct slab_census slabs;

	slab_census(&slabs);
	return slabs.used;
}

void tree_start(void)
{
	struct mount *root;

	mount_detach_all(); /* the test before */
	memory_start(FRAMES, NULL, 0);
	user_memory_start(USER_START, USER_PAGES);
	for (unsigned i = 0; i < USER_PAGES; i++)
		*user_memory_at(USER_START + i * PAGE_SIZE) = 0;
	assert_int_equal(0, mount_create(&tmpfs_type, "rootfs", 0, "mode=755", &root));
	assert_int_equal(0, mount_attach(root, NULL));
	mm_trim();
	free_at_start = page_alloc_free_count();
	objects_at_start = objects();
}

void tree_end(void)
{
	mm_trim();
	assert_int_equal(0, fake_mutexes_held);
	assert_int_equal(free_at_start, page_alloc_free_count());
	assert_int_equal(objects_at_start, objects());
}

struct file *tree_open(const char *path, unsigned flags)
{
	struct file *file = NULL;

	assert_int_equal(0, fs_open(NULL, path, flags, 0644, &file));
	return file;
}

int tree_open_error(const char *path, unsigned flags)
{
	struct file *file;
	int err = fs_open(NULL, path, flags, 0644, &file);

	if (err == 0)
		file_put(file);
	return err;
}

void tree_touch(const char *path)
{
	file_put(tree_open(path, O_CREAT | O_EXCL | O_WRONLY));
}

int tree_mode(const char *path)
{
	struct abi_stat st;
	int err = fs_stat(NULL, path, true, &st);

	return err ? err : (int)st.mode;
}

ssize_t tree_read(struct file *file, char *to, size_t n)
{
	struct user_iter iter = user_iter_one(USER_START, n);
	ssize_t got = file->ops->read(file, &iter, &file->pos);

	for (ssize_t i = 0; i < got; i++)
		to[i] = (char)*user_memory_at(USER_START + (vaddr_t)i);
	return got;
}

ssize_t tree_write(struct file *file, const char *from, size_t n)
{
	struct user_iter iter = user_iter_one(USER_START, n);

	for (size_t i = 0; i < n; i++)
		*user_memory_at(USER_START + i) = (unsigned char)from[i];
	return file->ops->write(file, &iter, &file->pos);
}
