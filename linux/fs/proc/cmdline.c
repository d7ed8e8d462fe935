/* SPDX-License-Identifier: MIT */
/* /proc/PID/cmdline, environ and auxv: the process's own memory where exec put what it started with. */
#include "abi/errno.h"
#include "lib/string.h"
#include "linux/fs/proc/node.h"
#include "linux/mem/space_io.h"
#include "mm/fault/get_user_page.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* Linux: positions in a file that says nothing else. */
#define POS_MOST 0x7fffffff

/* A range of another process's memory. */
/* As on Linux, nobody waits here for a program that resolves the other process's faults. */
static int copy_shown(struct space *space, void *to, vaddr_t from, size_t n)
{
	return vm_copy_pages(space, from, to, n, false, ACCESS_NO_ASK);
}

struct range {
	struct space *space;
	vaddr_t start, end;
};

/*
 * A process that overwrites the last NUL of its arguments shows a title of its own, which may go on
 * into what was its environment. It ends at the first NUL, or after a page. Sets the range to it.
 */
static void find_title(const struct image_layout *layout, struct range *range, char *page)
{
	size_t n = MIN(layout->env_end - layout->arg_start, PAGE_SIZE), len;
	char last;

	if (copy_shown(range->space, &last, layout->arg_end - 1, 1) != 0 || last == '\0' ||
	    copy_shown(range->space, page, layout->arg_start, n) != 0)
		return;
	for (len = 0; len < n && page[len] != '\0'; len++)
		;
	range->end = layout->arg_start + MIN(len + 1, n);
}

/* Copies from the range's position `pos` on. What the process has unmapped is an end. */
static ssize_t read_range(const struct range *range, struct user_iter *to, uint64_t *pos,
			  char *page)
{
	uint64_t len = range->end - range->start;
	size_t done;
	int err;

	if (*pos >= len)
		return 0;
	err = space_read(range->space, range->start + *pos, MIN(len - *pos, to->left), to, page,
			 false, &done);
	*pos += done;
	return done ? (ssize_t)done : err == -EIO ? 0 : err;
}

static ssize_t read_space(struct uspace *uspace, bool title, struct range range,
			  struct user_iter *to, uint64_t *pos)
{
	char *page;
	ssize_t done;

	if (range.start >= range.end)
		return 0;
	page = mem_wait_kmalloc(PAGE_SIZE);
	if (!page)
		return -ENOMEM;
	if (title)
		find_title(&uspace->layout, &range, page);
	done = read_range(&range, to, pos, page);
	kfree(page);
	return done;
}

/* Reads the part of the memory from one field of its layout to another. Drops the reference. */
static ssize_t read_part(struct uspace *uspace, size_t start, size_t end, bool title,
			 struct user_iter *to, uint64_t *pos)
{
	const uint8_t *layout;
	ssize_t done;

	if (!uspace)
		return 0;
	layout = (const uint8_t *)&uspace->layout;
	done = read_space(uspace, title,
			  (struct range){ &uspace->space, *(const vaddr_t *)(layout + start),
					  *(const vaddr_t *)(layout + end) },
			  to, pos);
	uspace_put(uspace);
	return done;
}

#define PART(name) \
	offsetof(struct image_layout, name##_start), offsetof(struct image_layout, name##_end)

/* Everybody may read it, and it is that of the image that the process has now. */
static ssize_t read_cmdline(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct uspace *uspace;
	int err = inspect_space_of(&to_proc(file_inode(file))->id.process, &uspace);

	if (err)
		return err == -ENODATA ? 0 : err;
	return read_part(uspace, PART(arg), true, to, pos);
}

static ssize_t read_environ(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return read_part(proc_memory_get(file), PART(env), false, to, pos);
}

static ssize_t read_auxv(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return read_part(proc_memory_get(file), PART(auxv), false, to, pos);
}

/* Its size is 0, so its end is at 0. */
static int64_t proc_cmdline_seek(struct file *file, int64_t offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR && whence != SEEK_END)
		return -EINVAL;
	if (whence == SEEK_CUR && __builtin_add_overflow(offset, (int64_t)file->pos, &offset))
		return -EINVAL;
	if (offset < 0 || offset > POS_MOST)
		return -EINVAL;
	file->pos = (uint64_t)offset;
	return offset;
}

const struct file_ops proc_cmdline_file_ops = {
	.name = "arguments",
	.read = read_cmdline,
	.release = inode_file_release,
	.seek = proc_cmdline_seek,
	PROCESS_FILE_SLOTS,
};

const struct file_ops proc_environ_file_ops = {
	.name = "environment",
	.opened = proc_memory_opened,
	.read = read_environ,
	.release = proc_memory_release,
	.seek = proc_cmdline_seek,
	PROCESS_FILE_SLOTS,
};

const struct file_ops proc_auxv_file_ops = {
	.name = "auxiliary vector",
	.opened = proc_memory_opened,
	.read = read_auxv,
	.release = proc_memory_release,
	.seek = proc_cmdline_seek,
	PROCESS_FILE_SLOTS,
};
