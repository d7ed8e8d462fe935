/* SPDX-License-Identifier: MIT */
/* readv and writev. */
#include "mm/phys/kmalloc.h"
#include "mm/user_copy.h"
#include "proc/mem_wait.h"
#include "trap/sys_file.h"

#define FEW 8u /* segments that need no allocation */

struct segments {
	struct abi_iovec few[FEW];
	struct abi_iovec *all; /* few, or allocated */
};

/* Each length first, then each range, as Linux does; what is too much in all is cut. */
static int check_segments(struct abi_iovec *segments, size_t count, size_t *total_ret)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		if (segments[i].len > INT64_MAX)
			return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		if (check_user_range(segments[i].base, segments[i].len) != 0)
			return -EFAULT;
		segments[i].len = MIN(segments[i].len, ABI_RW_MAX - total);
		total += segments[i].len;
	}
	*total_ret = total;
	return 0;
}

static void segments_free(struct segments *segments)
{
	if (segments->all != segments->few)
		kfree(segments->all);
}

/*
 * Copies the array in and makes *iter of it: 0, and segments_free() is due; -EINVAL, -EFAULT,
 * -ENOMEM.
 */
static int segments_get(struct segments *segments, vaddr_t user, uint64_t count,
			struct user_iter *iter)
{
	int err = 0;

	if (count > IOV_MAX)
		return -EINVAL;
	segments->all = segments->few;
	if (count > FEW)
		segments->all = mem_wait_kmalloc(count * sizeof(segments->few[0]));
	if (!segments->all)
		return -ENOMEM;
	*iter = (struct user_iter){ .next = segments->all, .nnext = count };
	if (count != 0)
		err = user_copy_in(segments->all, user, count * sizeof(segments->few[0]));
	if (err == 0)
		err = check_segments(segments->all, count, &iter->left);
	if (err)
		segments_free(segments);
	return err;
}

static long io_segments(struct trap_frame *frame, struct file *file,
			ssize_t (*io)(struct file *, struct user_iter *, uint64_t *))
{
	struct segments segments;
	struct user_iter iter;
	long done = segments_get(&segments, arg_user(frame, 1), arg_uint(frame, 2), &iter);

	if (done != 0)
		return done;
	if (iter.left != 0)
		done = io(file, &iter, NULL);
	segments_free(&segments);
	return done;
}

long sys_readv(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done = -EBADF;

	if (!file)
		return -EBADF;
	if (file_readable(file))
		done = file->ops->read ? io_segments(frame, file, file_io_read) : -EINVAL;
	file_put(file);
	return done;
}

long sys_writev(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long done = -EBADF;

	if (!file)
		return -EBADF;
	if (file_writable(file))
		done = file->ops->write ? io_segments(frame, file, file_io_write) : -EINVAL;
	file_put(file);
	return done;
}
