/* SPDX-License-Identifier: MIT */
/* System calls on endpoints. */
#include "abi/ipc.h"
#include "base/clock.h"
#include "ipc/endpoint.h"
#include "ipc/pager.h"
#include "ipc/served.h"
#include "ipc/transfer.h"
#include "mm/fault/user_copy.h"
#include "trap/arg_file.h"

/* Takes over the reference. */
static long ipc_fd_install(struct file *file, unsigned flags)
{
	int fd = fdtable_install(current_thread()->fdtable, file, 0, (flags & IPC_CLOEXEC) != 0);

	if (fd < 0)
		file_put(file);
	return fd;
}

long sys_ipc_create(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 0);
	struct file *file;

	if (flags & ~IPC_CLOEXEC)
		return -EINVAL;
	if (file_memory_charge(FILE_BYTES) != 0)
		return -ENFILE;
	file = endpoint_create();
	file_memory_add(-FILE_BYTES);
	return file ? ipc_fd_install(file, flags) : -ENOMEM;
}

long sys_ipc_badge(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2);
	struct file *end, *send;
	int err;

	if (flags & ~(IPC_CLOEXEC | IPC_TELL_CLOSE | IPC_KEEPS))
		return -EINVAL;
	end = arg_file(frame, 0);
	if (!end)
		return -EBADF;
	err = endpoint_badge(end, arg_u64(frame, 1), (flags & IPC_TELL_CLOSE) != 0, &send);
	if (err == 0 && (flags & IPC_KEEPS))
		endpoint_keep(send);
	file_put(end);
	return err ? err : ipc_fd_install(send, flags);
}

long sys_ipc_reopen(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	struct file *keeper, *receive;
	int err;

	if (flags & ~IPC_CLOEXEC)
		return -EINVAL;
	keeper = arg_file(frame, 0);
	if (!keeper)
		return -EBADF;
	err = file_memory_charge(FILE_BYTES);
	if (err == 0) {
		err = endpoint_reopen(keeper, &receive);
		file_memory_add(-FILE_BYTES);
	}
	file_put(keeper);
	return err ? err : ipc_fd_install(receive, flags);
}

long sys_ipc_object(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2);
	struct file *send, *object;
	int err;

	if (flags & ~IPC_CLOEXEC)
		return -EINVAL;
	send = arg_file(frame, 0);
	if (!send)
		return -EBADF;
	err = pager_create(send, arg_u64(frame, 1), &object);
	file_put(send);
	return err ? err : ipc_fd_install(object, flags);
}

/* Converts a deadline of CLOCK_MONOTONIC to ticks. */
static inline uint64_t deadline_of(uint64_t ns)
{
	return likely(ns == IPC_NEVER) || ns == IPC_NOW ? ns : clock_deadline(ns);
}

/*
 * The words of arguments `first` and those after it, where they are: words go from the frame of one
 * side to that of the other one.
 */
static inline struct ipc_words *words_at(struct trap_frame *frame, unsigned first)
{
	return (struct ipc_words *)frame_arg_at(frame, first);
}

static __attribute__((noinline)) long call_until(struct trap_frame *frame, struct file *file)
{
	uint64_t deadline = deadline_of(frame_arg(frame, 5));
	vaddr_t with = frame_arg(frame, 6);

	if (with)
		return transfer_call(file, words_at(frame, 1), with, deadline);
	return endpoint_call(file, words_at(frame, 1), NULL, deadline);
}

static inline long call(struct trap_frame *frame, struct file *file)
{
	if (unlikely(frame_arg(frame, 5) != IPC_NEVER))
		return call_until(frame, file);
	if (frame_arg(frame, 6) != 0)
		return transfer_call(file, words_at(frame, 1), frame_arg(frame, 6), UINT64_MAX);
	return endpoint_call(file, words_at(frame, 1), NULL, UINT64_MAX);
}

long sys_ipc_call(struct trap_frame *frame)
{
	struct file *file = arg_look(frame, 0);

	return likely(file) ? call(frame, file) : with_file(frame, call);
}

long sys_ipc_notify(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	int err;

	if (!file)
		return -EBADF;
	err = endpoint_notify(file, arg_u64(frame, 1));
	file_put(file);
	return err;
}

long sys_ipc_post(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	int err;

	if (!file)
		return -EBADF;
	err = arg_u64(frame, 1) == IPC_LEASES
		      ? endpoint_revoke(file, arg_u64(frame, 2))
		      : served_post(file, arg_u64(frame, 1), arg_u64(frame, 2));
	file_put(file);
	return err;
}

long sys_ipc_join(struct trap_frame *frame)
{
	uint64_t cookie = arg_u64(frame, 1), other = arg_u64(frame, 2);
	struct file *file = arg_file(frame, 0);
	long done;

	if (!file)
		return -EBADF;
	if (other)
		done = served_join(file, cookie, other);
	else if (arg_uint(frame, 4) == IPC_WAIT_AT)
		done = served_files_wait_at(file, cookie, arg_u64(frame, 3));
	else
		done = served_connect(file, cookie, arg_u64(frame, 3), arg_uint(frame, 4));
	file_put(file);
	return done;
}

long sys_ipc_drop(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	int err;

	if (!file)
		return -EBADF;
	err = served_drop(file, arg_u64(frame, 1));
	file_put(file);
	return err;
}

long sys_ipc_files(struct trap_frame *frame)
{
	uint64_t cookie = arg_u64(frame, 1);
	vaddr_t to = arg_u64(frame, 2);
	unsigned most = MIN(arg_uint(frame, 3), (unsigned)SERVED_FILES_MOST), n = 0;
	struct file *file = arg_file(frame, 0);
	int err = 0;

	if (!file)
		return -EBADF;
	while (n < most) {
		struct served_file found;

		err = served_describe(file, cookie, &found);
		if (err == 0)
			err = user_copy_out(to + n * sizeof(found), &found, sizeof(found));
		if (err)
			break;
		n++;
		cookie = found.cookie + 1;
	}
	file_put(file);
	if (err && err != -ENOENT)
		return err;
	return n;
}

static long receive_call(struct trap_frame *frame, struct file *file)
{
	return endpoint_receive(file, words_at(frame, 1), frame_arg_at(frame, 5),
				deadline_of(frame_arg(frame, 6)));
}

long sys_ipc_receive(struct trap_frame *frame)
{
	struct file *file = arg_look(frame, 0);

	return likely(file) ? receive_call(frame, file) : with_file(frame, receive_call);
}

static long reply(struct trap_frame *frame, struct file *file)
{
	return endpoint_reply(file, arg_u64(frame, 1), words_at(frame, 2), false);
}

long sys_ipc_reply(struct trap_frame *frame)
{
	struct file *file = arg_look(frame, 0);

	return likely(file) ? reply(frame, file) : with_file(frame, reply);
}

static inline long reply_receive_by(struct trap_frame *frame, struct file *file, uint64_t deadline)
{
	return endpoint_reply_receive(file, frame_arg_at(frame, 1), words_at(frame, 2),
				      words_at(frame, 1), frame_arg_at(frame, 5), deadline);
}

static __attribute__((noinline)) long reply_receive_otherwise(struct trap_frame *frame,
							      struct file *file)
{
	uint64_t deadline = deadline_of(frame_arg(frame, 6));

	if (frame_arg(frame, 1) == 0)
		return endpoint_receive(file, words_at(frame, 1), frame_arg_at(frame, 5), deadline);
	return reply_receive_by(frame, file, deadline);
}

/* Once the reply is sent, the call has nothing left to answer: if a signal ends the wait, it may be made again. */
static inline long reply_receive(struct trap_frame *frame, struct file *file)
{
	if (unlikely(frame_arg(frame, 6) != IPC_NEVER || frame_arg(frame, 1) == 0))
		return reply_receive_otherwise(frame, file);
	return reply_receive_by(frame, file, UINT64_MAX);
}

long sys_ipc_reply_receive(struct trap_frame *frame)
{
	struct file *file = arg_look(frame, 0);

	return likely(file) ? reply_receive(frame, file) : with_file(frame, reply_receive);
}
