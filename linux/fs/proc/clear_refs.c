/* SPDX-License-Identifier: MIT */
/* /proc/PID/clear_refs: what a number that is written there makes the kernel forget of a process's memory. */
#include "abi/errno.h"
#include "desc/seek.h"
#include "lib/string.h"
#include "linux/fs/proc/node.h"
#include "linux/mem/mem.h"

/* As on Linux, what is longer than a 32-bit number is cut off. */
#define CLEAR_TEXT 12u

enum { CLEAR_ALL = 1, CLEAR_ANON, CLEAR_FILES, CLEAR_SOFT_DIRTY, CLEAR_PEAK };

/* Returns the number, or -EINVAL. */
static int parse_number(const char *text, size_t n)
{
	text = str_trim(text, &n);
	if (n && *text == '+')
		text++, n--;
	for (; n > 1 && *text == '0'; n--)
		text++;
	if (n != 1 || *text < '0' + CLEAR_ALL || *text > '0' + CLEAR_PEAK)
		return -EINVAL;
	return *text - '0';
}

static int clear_refs(struct space *space, int number)
{
	switch (number) {
	case CLEAR_PEAK:
		vm_forget_peak(space);
		return 0;
	case CLEAR_SOFT_DIRTY: /* which entries here do not have: as on Linux for riscv64, nothing is done */
		return 0;
	case CLEAR_ANON:
		return vm_clear_refs(space, VM_REFS_ANON);
	case CLEAR_FILES:
		return vm_clear_refs(space, VM_REFS_FILES);
	default:
		return vm_clear_refs(space, VM_REFS_ALL);
	}
}

/* As on Linux, the position does not count, and stays; and of a zombie there is nothing to forget. */
static ssize_t clear_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	size_t n = MIN(from->left, CLEAR_TEXT);
	struct uspace *uspace;
	char text[CLEAR_TEXT];
	int number, err;

	(void)pos;
	if (user_iter_copy_in(from, text, n) != n)
		return -EFAULT;
	number = parse_number(text, n);
	if (number < 0)
		return number;
	err = inspect_space_of(&to_proc(file_inode(file))->id.process, &uspace);
	if (err)
		return err == -ENODATA ? (ssize_t)n : -ESRCH;
	err = clear_refs(&uspace->space, number);
	uspace_put(uspace);
	return err ? err : (ssize_t)n;
}

static int64_t clear_seek(struct file *file, int64_t offset, int whence)
{
	(void)offset, (void)whence;
	return (int64_t)file->pos;
}

const struct file_ops proc_clear_refs_file_ops = {
	.name = "what is forgotten of memory",
	.write = clear_write,
	.empty_writes = true,
	.seek = clear_seek,
	.release = inode_file_release,
	PROCESS_FILE_SLOTS,
};
