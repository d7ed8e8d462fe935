/* SPDX-License-Identifier: MIT */
/* System calls by which a server reaches the buffers and descriptors of a call it has received. */
#include "desc/user_iter.h"
#include "ipc/endpoint.h"
#include "ipc/transfer.h"
#include "trap/arg_file.h"

/*
 * Copies some pages between the server's memory at `va` and the caller's buffer at `offset`. The call
 * is held meanwhile, and may end before the next ones. Returns how many bytes, with *wanted as
 * transfer_read() has it, or a negative errno.
 */
static inline ssize_t copy_some(struct file *file, uint64_t rcvid, vaddr_t va, size_t n,
				size_t offset, bool to_caller, size_t *wanted)
{
	struct call_hold hold;
	size_t copied = 0;
	int err = endpoint_hold(file, rcvid, &hold);

	if (unlikely(err))
		return err;
	*wanted = 0;
	if (likely(hold.transfer) && to_caller)
		copied = transfer_write(hold.transfer, offset, va, n, wanted);
	else if (likely(hold.transfer))
		copied = transfer_read(hold.transfer, offset, va, n, wanted);
	endpoint_unhold(&hold);
	return (ssize_t)copied;
}

/* Brings what is not there of the server's memory. */
static int ipc_fault_in(vaddr_t va, size_t n, bool write)
{
	struct user_iter iter = user_iter_one(va, n);

	return user_iter_fault_in(&iter, n, write);
}

/* Goes on where `copied` bytes of the `wanted` are copied. Returns how many are then, or an error. */
static __attribute__((noinline)) ssize_t copy_rest(const struct trap_frame *frame,
						   struct file *file, bool to_caller, size_t copied,
						   size_t wanted)
{
	vaddr_t va = arg_user(frame, 2);
	size_t n = arg_u64(frame, 3), offset = arg_u64(frame, 4), done = copied;

	while (wanted && done < n && !current_killed()) {
		int err = copied == wanted ? 0
					   : ipc_fault_in(va + done, wanted - copied, !to_caller);
		ssize_t more;

		if (err)
			return err;
		more = copy_some(file, arg_u64(frame, 1), va + done, n - done, offset + done,
				 to_caller, &wanted);
		if (more < 0)
			return more;
		copied = (size_t)more;
		done += copied;
	}
	return (ssize_t)done;
}

static inline long copy_with(const struct trap_frame *frame, struct file *file, bool to_caller)
{
	size_t wanted = 0, n = arg_u64(frame, 3);
	ssize_t copied;

	copied = copy_some(file, arg_u64(frame, 1), arg_user(frame, 2), n, arg_u64(frame, 4),
			   to_caller, &wanted);
	if (likely(copied == (ssize_t)n) || copied < 0)
		return copied;
	return copy_rest(frame, file, to_caller, (size_t)copied, wanted);
}

static long copy_in(struct trap_frame *frame, struct file *file)
{
	return copy_with(frame, file, false);
}

static long copy_out(struct trap_frame *frame, struct file *file)
{
	return copy_with(frame, file, true);
}

long sys_ipc_read(struct trap_frame *frame)
{
	struct file *file = arg_look(frame, 0);

	return likely(file) ? copy_in(frame, file) : with_file(frame, copy_in);
}

long sys_ipc_write(struct trap_frame *frame)
{
	struct file *file = arg_look(frame, 0);

	return likely(file) ? copy_out(frame, file) : with_file(frame, copy_out);
}

/* Returns the caller's file, or NULL with why there is none in *err. */
static struct file *ipc_take_file(struct file *file, uint64_t rcvid, unsigned index, int *err)
{
	struct call_hold hold;
	struct file *taken = NULL;

	*err = endpoint_hold(file, rcvid, &hold);
	if (*err)
		return NULL;
	if (hold.transfer)
		taken = transfer_take(hold.transfer, index);
	endpoint_unhold(&hold);
	*err = taken ? 0 : -ENOENT;
	return taken;
}

/* May it go to another process by a call? */
static int check_passing(const struct file *file)
{
	return file->ops->role & FILE_DRIVES ? -EPERM : 0;
}

long sys_ipc_take(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 3);
	struct file *file, *taken;
	int result;

	if (flags & ~IPC_CLOEXEC)
		return -EINVAL;
	file = arg_file(frame, 0);
	if (!file)
		return -EBADF;
	taken = ipc_take_file(file, arg_u64(frame, 1), arg_uint(frame, 2), &result);
	file_put(file);
	if (!taken)
		return result;
	result = check_passing(taken);
	if (!result)
		result = fdtable_install(current_thread()->fdtable, taken, 0,
					 (flags & IPC_CLOEXEC) != 0);
	if (result < 0)
		file_put(taken);
	return result;
}

/*
 * Takes over the reference to `given` unless it fails. A caller is not given the receive end at
 * which it waits: the endpoint would outlive its server, and the caller would wait for ever.
 */
static int give(struct file *file, uint64_t rcvid, struct file *given)
{
	struct call_hold hold;
	int result = endpoint_hold(file, rcvid, &hold);

	if (result)
		return result;
	if (endpoint_holds_end(&hold, given))
		result = -EDEADLK;
	else
		result = check_passing(given);
	if (!result)
		result = hold.transfer ? transfer_give(hold.transfer, given) : -ENOSPC;
	endpoint_unhold(&hold);
	return result;
}

long sys_ipc_give(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0), *given;
	int result;

	if (!file)
		return -EBADF;
	given = arg_file_any(frame, 2);
	result = given ? give(file, arg_u64(frame, 1), given) : -EBADF;
	if (given && result < 0)
		file_put(given);
	file_put(file);
	return result;
}
