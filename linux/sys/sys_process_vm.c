/* SPDX-License-Identifier: MIT */
/* process_vm_readv and process_vm_writev: copies between the memory of the running process and that of another one. */
#include "linux/mem/space_io.h"
#include "linux/process/inspect.h"
#include "linux/sys/calls.h"
#include "linux/sys/segments.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* Copies until one side is used up. Returns how much that was, or why it was nothing. */
static long process_vm_copy(struct space *space, const struct abi_iovec *remote, size_t count,
			    struct user_iter *local, bool write)
{
	char *page = mem_wait_kmalloc(PAGE_SIZE);
	size_t all = 0, done;
	int err = 0;

	if (!page)
		return -ENOMEM;
	for (size_t i = 0; i < count && local->left != 0 && err == 0; i++) {
		size_t n = MIN(remote[i].len, local->left);

		err = write ? space_write(space, remote[i].base, n, local, page, false, &done)
			    : space_read(space, remote[i].base, n, local, page, false, &done);
		all += done;
	}
	kfree(page);
	if (all != 0)
		return (long)all;
	return err == -EIO ? -EFAULT : err;
}

/* As on Linux, it does not matter who it is if nothing is to be copied. */
static bool is_nothing(const struct abi_iovec *remote, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (remote[i].len != 0)
			return false;
	return true;
}

static long with_process(int tid, const struct abi_iovec *remote, size_t count,
			 struct user_iter *local, bool write)
{
	struct uspace *uspace;
	long done;

	if (is_nothing(remote, count))
		return 0;
	done = inspect_attach_space(tid, &uspace);
	if (done)
		return done;
	done = process_vm_copy(&uspace->space, remote, count, local, write);
	uspace_put(uspace);
	return done;
}

static long process_vm(const struct trap_frame *frame, bool write)
{
	uint64_t count = arg_u64(frame, 4);
	struct segments local, remote;
	struct user_iter iter;
	long done;

	if (arg_u64(frame, 5) != 0)
		return -EINVAL;
	done = segments_get(&local, arg_user(frame, 1), arg_uint(frame, 2), &iter);
	if (done)
		return done;
	if (iter.left != 0)
		done = segments_copy(&remote, arg_user(frame, 3), count);
	if (iter.left != 0 && !done) {
		done = with_process(arg_int(frame, 0), remote.all, count, &iter, write);
		segments_free(&remote);
	}
	segments_free(&local);
	return done;
}

long sys_process_vm_readv(struct trap_frame *frame)
{
	return process_vm(frame, false);
}

long sys_process_vm_writev(struct trap_frame *frame)
{
	return process_vm(frame, true);
}
