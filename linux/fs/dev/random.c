/* SPDX-License-Identifier: MIT */
/* /dev/random and /dev/urandom: the numbers of getrandom, without an end. */
#include "linux/fs/dev/random.h"

#include "abi/errno.h"
#include "base/random.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/fs/vfs/inode.h"
#include "mm/host.h"

#define PIECE 256u /* bytes made between two checks for rescheduling and a kill */
#define SHORT 96u  /* of so many, a stream of their own would cost more */

static ssize_t give_long(struct user_iter *to)
{
	struct chacha_block piece[PIECE / sizeof(struct chacha_block)];
	struct random_stream stream;
	size_t done = 0;
	int err = 0;

	random_begin(&stream);
	while (to->left != 0 && err == 0) {
		size_t n = MIN(to->left, sizeof(piece)), copied;

		random_next(&stream, piece, ARRAY_SIZE(piece));
		copied = user_iter_copy_out(to, piece, n);
		done += copied;
		err = copied < n ? -EFAULT : vm_pause();
	}
	random_end(&stream);
	memset(piece, 0, sizeof(piece));
	return done != 0 ? (ssize_t)done : err;
}

ssize_t random_give(struct user_iter *to)
{
	uint8_t piece[SHORT];
	size_t n = to->left, copied;

	if (n > sizeof(piece))
		return give_long(to);
	random_bytes(piece, n);
	copied = user_iter_copy_out(to, piece, n);
	memset(piece, 0, sizeof(piece));
	return copied != 0 || n == 0 ? (ssize_t)copied : -EFAULT;
}

static ssize_t random_read(struct file *file, struct user_iter *to, uint64_t *pos)
{
	(void)file, (void)pos;
	return random_give(to);
}

/* What a program writes is mixed in. */
static ssize_t random_write(struct file *file, struct user_iter *from, uint64_t *pos)
{
	uint8_t piece[PIECE];
	size_t done = 0;
	int err = 0;

	(void)file, (void)pos;
	while (from->left != 0 && err == 0) {
		size_t n = MIN(from->left, sizeof(piece));
		size_t copied = user_iter_copy_in(from, piece, n);

		random_seed(piece, copied);
		done += copied;
		err = copied < n ? -EFAULT : vm_pause();
	}
	return done != 0 ? (ssize_t)done : err;
}

static int64_t random_seek(struct file *file, int64_t offset, int whence)
{
	(void)offset, (void)whence;
	file->pos = 0;
	return 0;
}

const struct file_ops random_ops = {
	.name = "random",
	.read = random_read,
	.write = random_write,
	.nowait = true,
	.stat = inode_file_stat,
	.seek = random_seek,
	.release = inode_file_release,
	.has_inode = true,
};
