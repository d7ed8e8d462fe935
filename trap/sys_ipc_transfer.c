/* SPDX-License-Identifier: MIT */
/* System calls by which a server reaches the buffers and descriptors of a call it has received. */
#include "ipc/endpoint.h"
#include "ipc/transfer.h"
#include "trap/arg_file.h"

/*
 * Copies up to a page. The call is held meanwhile, and may end between two pages. Returns 0 or a
 * negative errno, with *wanted and *copied as transfer_read() has them.
 */
static int copy_page(struct file *file, uint64_t rcvid, size_t offset, struct user_iter *iter,
		     bool to_caller, size_t *wanted, size_t *copied)
{
	struct call_hold hold;
	int err = endpoint_hold(file, rcvid, &hold);

	if (err)
		return err;
	*wanted = *copied = 0;
	if (hold.transfer && to_caller)
		*copied = transfer_write(hold.transfer, offset, iter, wanted);
	else if (hold.transfer)
		*copied = transfer_read(hold.transfer, offset, iter, wanted);
	endpoint_unhold(&hold);
	return 0;
}

static ssize_t copy(struct file *file, uint64_t rcvid, size_t offset, struct user_iter *iter,
		    bool to_caller)
{
	size_t done = 0, wanted, copied;
	int err;

	do {
		err = copy_page(file, rcvid, offset + done, iter, to_caller, &wanted, &copied);
		if (err)
			return err;
		if (copied != wanted)
			err = user_iter_fault_in(iter, wanted, !to_caller);
		done += copied;
	} while (wanted && iter->left && err == 0 && !current_killed());
	return err ? err : (ssize_t)done;
}

static long copy_call(struct trap_frame *frame, bool to_caller)
{
	struct user_iter iter = user_iter_one(arg_user(frame, 2), arg_u64(frame, 3));
	struct file *file = arg_look(frame, 0);

	if (!file)
		return -EBADF;
	return copy(file, arg_u64(frame, 1), arg_u64(frame, 4), &iter, to_caller);
}

long sys_ipc_read(struct trap_frame *frame)
{
	return copy_call(frame, false);
}

long sys_ipc_write(struct trap_frame *frame)
{
	return copy_call(frame, true);
}

/* Returns the caller's file, or NULL with why there is none in *err. */
static struct file *take(struct file *file, uint64_t rcvid, unsigned index, int *err)
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
	taken = take(file, arg_u64(frame, 1), arg_uint(frame, 2), &result);
	file_put(file);
	if (!taken)
		return result;
	result = fdtable_install(current_process()->fdtable, taken, 0, (flags & IPC_CLOEXEC) != 0);
	if (result < 0)
		file_put(taken);
	return result;
}

/*
 * Takes over the reference to `given` unless it fails. A caller that had the receive end on which it
 * waits itself would not be told when the server ends.
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
	given = arg_file_path(frame, 2);
	result = given ? give(file, arg_u64(frame, 1), given) : -EBADF;
	if (given && result < 0)
		file_put(given);
	file_put(file);
	return result;
}
