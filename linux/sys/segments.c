/* SPDX-License-Identifier: MIT */
/* Copies the arrays of buffers in, and checks them in Linux's order. */
#include "linux/sys/segments.h"

#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "trap/arg_file.h"

int segments_copy(struct segments *segments, vaddr_t user, uint64_t count)
{
	int err = 0;

	if (count > IOV_MAX)
		return -EINVAL;
	segments->all = segments->few;
	if (count > SEGMENTS_FEW)
		segments->all = mem_wait_kmalloc(count * sizeof(segments->few[0]));
	if (!segments->all)
		return -ENOMEM;
	if (count != 0)
		err = user_copy_in(segments->all, user, count * sizeof(segments->few[0]));
	for (size_t i = 0; err == 0 && i < count; i++)
		if (segments->all[i].len > INT64_MAX)
			err = -EINVAL;
	if (err)
		segments_free(segments);
	return err;
}

/* Truncates the total to ABI_RW_MAX. */
static int check_segments(struct abi_iovec *segments, size_t count, size_t *total_ret)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		if (check_user_range(segments[i].base, segments[i].len) != 0)
			return -EFAULT;
		segments[i].len = MIN(segments[i].len, ABI_RW_MAX - total);
		total += segments[i].len;
	}
	*total_ret = total;
	return 0;
}

int segments_get(struct segments *segments, vaddr_t user, uint64_t count, struct user_iter *iter)
{
	int err = segments_copy(segments, user, count);

	if (err)
		return err;
	*iter = (struct user_iter){ .next = segments->all, .nnext = (uint32_t)count };
	err = check_segments(segments->all, count, &iter->left);
	if (err)
		segments_free(segments);
	return err;
}

void segments_free(struct segments *segments)
{
	if (segments->all != segments->few)
		kfree(segments->all);
}
