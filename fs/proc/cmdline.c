/* SPDX-License-Identifier: MIT */
/* /proc/PID/cmdline: the bytes of the process's own memory where exec put the arguments. */
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

static ssize_t read_space(struct uspace *uspace, struct user_iter *to, uint64_t *pos)
{
	const struct image_layout *layout = &uspace->layout;
	struct range range = { &uspace->space, layout->arg_start, layout->arg_end };
	char *page;
	ssize_t done;

	if (layout->arg_start >= layout->arg_end)
		return 0;
	page = mem_wait_kmalloc(PAGE_SIZE);
	if (!page)
		return -ENOMEM;
	find_title(layout, &range, page);
	done = proc_cmdline_copy_range(&range, to, pos, page);
	kfree(page);
	return done;
}

static ssize_t read_cmdline(struct file *file, struct user_iter *to, uint64_t *pos)
{
	struct uspace *uspace;
	ssize_t done = inspect_space_of(&to_proc(file_inode(file))->id.process, &uspace);

	if (done)
		return done == -ENODATA ? 0 : done;
	done = read_space(uspace, to, pos);
	uspace_put(uspace);
	return done;
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

static int proc_cmdline_truncate(struct file *file, uint64_t size)
{
	(void)file, (void)size;
	return 0;
}

const struct file_ops proc_cmdline_file_ops = {
	.name = "arguments",
	.read = read_cmdline,
	.stat = inode_file_stat,
	.seek = proc_cmdline_seek,
	.truncate = proc_cmdline_truncate,
	.release = inode_file_release,
	.has_inode = true,
};
