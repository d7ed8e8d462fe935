/* SPDX-License-Identifier: MIT */
/* /proc/PID/coredump_filter: what of its memory the process leaves in a core file. */
#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "linux/fs/file/text_file.h"
#include "linux/fs/proc/node.h"

/* Eight digits, "0x", a newline and a NUL fit. */
#define FILTER_TEXT 13u

static ssize_t filter_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	char text[FILTER_TEXT];
	struct uspace *uspace;
	int err = inspect_space_of(&to_proc(file_inode(file))->id.process, &uspace);
	size_t len;

	if (err)
		return err == -ENODATA ? 0 : err;
	len = (size_t)ksnprintf(text, sizeof(text), "%08x\n", atomic_load(&uspace->dump_filter));
	uspace_put(uspace);
	return user_iter_copy_text(to, pos, text, len);
}

/* As on Linux, the position does not count, and stays; bits without a meaning are left out. */
static ssize_t filter_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	char text[FILTER_TEXT];
	struct uspace *uspace;
	size_t all = from->left, n = MIN(all, sizeof(text) - 1);
	uint64_t value;
	int err;

	(void)pos;
	if (user_iter_copy_in(from, text, n) != n)
		return -EFAULT;
	n -= n != 0 && text[n - 1] == '\n';
	if (str_to_u64(text, n, &value) != 0 || value > UINT32_MAX)
		return -EINVAL;
	err = inspect_space_of(&to_proc(file_inode(file))->id.process, &uspace);
	if (err)
		return -ESRCH;
	atomic_store(&uspace->dump_filter, (uint32_t)value & DUMP_FILTER_BITS);
	uspace_put(uspace);
	return (ssize_t)all;
}

const struct file_ops proc_dump_filter_file_ops = {
	.name = "filter of core files",
	.read = filter_read,
	.write = filter_write,
	.empty_writes = true,
	.seek = file_seek_in_nothing,
	.release = inode_file_release,
	PROCESS_FILE_SLOTS,
};
