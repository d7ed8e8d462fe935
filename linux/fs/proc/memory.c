/* SPDX-License-Identifier: MIT */
/* /proc/PID/mem, and how files about a process's memory stay with what they were opened for. */
#include "abi/errno.h"
#include "linux/fs/proc/node.h"
#include "linux/mem/space_io.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

int proc_memory_opened(struct file *file)
{
	struct uspace *uspace;
	int err = file_memory_charge(sizeof(*uspace));

	if (err)
		return err;
	err = inspect_grab_space(&to_proc(file_inode(file))->id, &uspace);
	if (err == 0 && !uspace)
		err = -ESRCH;
	if (err)
		file_memory_add(-(ssize_t)sizeof(*uspace));
	else
		file->data = uspace;
	return err;
}

void proc_memory_release(struct file *file)
{
	uspace_drop(file->data);
	file_memory_add(-(ssize_t)sizeof(struct uspace));
	inode_file_release(file);
}

struct uspace *proc_memory_get(const struct file *file)
{
	struct uspace *uspace = file->data;

	return uspace_try_get(uspace) ? uspace : NULL;
}

/* As on Linux, -EFAULT says nothing of what was copied before. */
static ssize_t mem_copy(struct space *space, struct user_iter *iter, uint64_t *pos, bool write)
{
	char *page = mem_wait_kmalloc(PAGE_SIZE);
	size_t n = iter->left, done;
	int err;

	if (!page)
		return -ENOMEM;
	err = write ? space_write(space, *pos, n, iter, page, true, &done)
		    : space_read(space, *pos, n, iter, page, true, &done);
	kfree(page);
	*pos += done;
	return done && err != -EFAULT ? (ssize_t)done : err;
}

static ssize_t mem_transfer(struct file *file, struct user_iter *iter, uint64_t *pos, bool write)
{
	struct uspace *uspace;
	ssize_t done;

	uspace = proc_memory_get(file);
	if (!uspace)
		return 0;
	done = mem_copy(&uspace->space, iter, pos, write);
	uspace_put(uspace);
	return done;
}

static ssize_t mem_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return mem_transfer(file, to, pos, false);
}

static ssize_t mem_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	return mem_transfer(file, from, pos, true);
}

/* Each address is a position, also the kernel's, which are negative ones. */
static int mem_opened(struct file *file)
{
	if (!inspect_may_reach(&to_proc(file_inode(file))->id))
		return -EACCES;
	return proc_memory_opened(file);
}

static int64_t mem_seek(struct file *file, int64_t offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	file->pos = (uint64_t)offset + (whence == SEEK_CUR ? file->pos : 0);
	return (int64_t)file->pos;
}

const struct file_ops proc_mem_file_ops = {
	.name = "memory of a process",
	.opened = mem_opened,
	.read = mem_read,
	.write = mem_write,
	.seek = mem_seek,
	.release = proc_memory_release,
	.any_position = true,
	PROCESS_FILE_SLOTS,
};
