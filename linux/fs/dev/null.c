/* SPDX-License-Identifier: MIT */
/* /dev/null, /dev/zero and /dev/full. */
#include "linux/fs/dev/null.h"

#include "abi/errno.h"
#include "lib/bits.h"
#include "linux/fs/vfs/inode.h"
#include "mm/host.h"

#define ZERO_PIECE 65536ul /* cleared between two checks for rescheduling and a kill */

static ssize_t null_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	(void)file, (void)to, (void)pos;
	return 0;
}

static ssize_t null_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	(void)file, (void)pos;
	return (ssize_t)from->left;
}

static int64_t null_seek(struct file *file, int64_t offset, int whence)
{
	(void)offset, (void)whence;
	file->pos = 0;
	return 0;
}

static ssize_t zero_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	size_t done = 0;
	int err = 0;

	(void)file, (void)pos;
	while (to->left != 0 && err == 0) {
		size_t piece = MIN(to->left, ZERO_PIECE);
		size_t cleared = user_iter_clear(to, piece);

		done += cleared;
		err = cleared < piece ? -EFAULT : vm_pause();
	}
	return done != 0 ? (ssize_t)done : err;
}

static ssize_t full_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	(void)file, (void)from, (void)pos;
	return -ENOSPC;
}

const struct file_ops null_ops = {
	.name = "null",
	.no_splice = NO_SPLICE_FROM,
	.read = null_read,
	.nowait = true,
	.write = null_write,
	.stat = inode_file_stat,
	.seek = null_seek,
	.release = inode_file_release,
	.has_inode = true,
};

const struct file_ops zero_ops = {
	.name = "zero",
	.read = zero_read,
	.nowait = true,
	.write = null_write,
	.stat = inode_file_stat,
	.seek = null_seek,
	.release = inode_file_release,
	.maps_zeros = true,
	.has_inode = true,
};

const struct file_ops full_ops = {
	.name = "full",
	.read = zero_read,
	.nowait = true,
	.write = full_write,
	.stat = inode_file_stat,
	.seek = null_seek,
	.release = inode_file_release,
	.has_inode = true,
};
