/* SPDX-License-Identifier: MIT */
/* /proc/PID/cmdline, environ and auxv: the process's own memory where exec put what it started with. */
#include "abi/errno.h"
#include "fs/proc/node.h"
#include "lib/string.h"
#include "mm/get_user_page.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* Linux: positions in a file that says nothing else. */
#define POS_MOST 0x7fffffff

/* A range of another process's memory. */
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

	if (vm_copy_from(range->space, &last, layout->arg_end - 1, 1) != 0 || last == '\0' ||
	    vm_copy_from(range->space, page, layout->arg_start, n) != 0)
		return;
	for (len = 0; len < n && page[len] != '\0'; len++)
		;
	range->end = layout->arg_start + MIN(len + 1, n);
}

/* Copies a piece of the range out by way of `page`. Returns how much, 0 at an end, or -errno. */
static ssize_t proc_cmdline_copy_piece(const struct range *range, struct user_iter *to,
				       uint64_t pos, char *page)
{
	vaddr_t from = range->start + pos;
	size_t n;
	int err;

	if (pos >= range->end - range->start)
		return 0;
	n = MIN(range->end - from, PAGE_SIZE - (from & (PAGE_SIZE - 1)));
	n = MIN(n, to->left);
	if (n == 0)
		return 0;
	err = vm_copy_from(range->space, page, from, n);
	if (err)
		return err == -EFAULT ? 0 : err; /* the process has unmapped it */
	n = user_iter_copy_out(to, page, n);
	return n ? (ssize_t)n : -EFAULT;
}

static ssize_t proc_cmdline_copy_range(const struct range *range, struct user_iter *to,
				       uint64_t *pos, char *page)
{
	ssize_t done = 0, n;

	while ((n = proc_cmdline_copy_piece(range, to, *pos, page)) > 0) {
		*pos += (uint64_t)n;
		done += n;
	}
	return done ? done : n;
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
	done = proc_cmdline_copy_range(&range, to, pos, page);
	kfree(page);
	return done;
}

/* Reads the part of memory from one field of the layout to another. */
static ssize_t read_part(struct file *file, size_t start, size_t end, bool title,
			 struct user_iter *to, uint64_t *pos)
{
	const struct proc_node *node = to_proc(file_inode(file));
	struct uspace *uspace;
	ssize_t done = inspect_space_of(&node->id.process, &uspace);
	const uint8_t *layout;

	if (done)
		return done == -ENODATA ? 0 : done;
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

static ssize_t read_cmdline(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return read_part(file, PART(arg), true, to, pos);
}

static ssize_t read_environ(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return read_part(file, PART(env), false, to, pos);
}

static ssize_t read_auxv(struct file *file, struct user_iter *to, uint64_t *pos)
{
	return read_part(file, PART(auxv), false, to, pos);
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

#define MEMORY_SLOTS                                                      \
	.stat = inode_file_stat, .truncate = inode_file_truncate_nothing, \
	.release = inode_file_release, .has_inode = true,                 \
	.no_splice = NO_SPLICE_FROM | NO_SPLICE_TO

const struct file_ops proc_cmdline_file_ops = {
	.name = "arguments",
	.read = read_cmdline,
	.seek = proc_cmdline_seek,
	MEMORY_SLOTS,
};

const struct file_ops proc_environ_file_ops = {
	.name = "environment",
	.read = read_environ,
	.seek = proc_cmdline_seek,
	MEMORY_SLOTS,
};

const struct file_ops proc_auxv_file_ops = {
	.name = "auxiliary vector",
	.read = read_auxv,
	.seek = proc_cmdline_seek,
	MEMORY_SLOTS,
};
