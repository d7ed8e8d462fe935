/* SPDX-License-Identifier: MIT */
/* System calls on endpoints. */
#include "abi/ipc.h"
#include "base/clock.h"
#include "ipc/endpoint.h"
#include "ipc/transfer.h"
#include "mm/user_copy.h"
#include "trap/arg_file.h"

/* Takes over the reference. */
static long install(struct file *file, unsigned flags)
{
	int fd = fdtable_install(current_process()->fdtable, file, 0, (flags & IPC_CLOEXEC) != 0);

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
	file = endpoint_create();
	return file ? install(file, flags) : -ENOMEM;
}

long sys_ipc_badge(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 2);
	struct file *end, *send;
	int err;

	if (flags & ~(IPC_CLOEXEC | IPC_TELL_CLOSE))
		return -EINVAL;
	end = arg_file(frame, 0);
	if (!end)
		return -EBADF;
	err = endpoint_badge(end, arg_u64(frame, 1), (flags & IPC_TELL_CLOSE) != 0, &send);
	file_put(end);
	return err ? err : install(send, flags);
}

/* Converts a deadline of CLOCK_MONOTONIC to ticks. */
static inline uint64_t deadline_of(uint64_t ns)
{
	return likely(ns == IPC_NEVER) || ns == IPC_NOW ? ns : clock_deadline(ns);
}

/* The words of arguments `first` and those after it. */
static inline struct ipc_words words_of(const struct trap_frame *frame, unsigned first)
{
	return (struct ipc_words){ {
		frame_arg(frame, first),
		frame_arg(frame, first + 1),
		frame_arg(frame, first + 2),
		frame_arg(frame, first + 3),
	} };
}

static inline void set_words(struct trap_frame *frame, const struct ipc_words *words)
{
	frame_set_word(frame, 1, words->word[0]);
	frame_set_word(frame, 2, words->word[1]);
	frame_set_word(frame, 3, words->word[2]);
	frame_set_word(frame, 4, words->word[3]);
}

/*
 * A call with buffers or descriptors, which are described at `from`. The program learns the numbers
 * of the descriptors that it may get before the call: nothing can fail once it has got them.
 */
static __attribute__((noinline)) long call_with(struct file *file, struct ipc_words *words,
						vaddr_t from, uint64_t deadline)
{
	struct user_transfer user;
	struct ipc_transfer asked;
	int err = user_copy_in(&asked, from, sizeof(asked));

	if (err == 0)
		err = asked.zero == 0 ? transfer_begin(&user, &asked) : -EINVAL;
	if (err)
		return err;
	if (user.fds.nroom)
		err = user_copy_out(from + offsetof(struct ipc_transfer, room), user.fds.room,
				    user.fds.nroom * sizeof(user.fds.room[0]));
	if (err == 0)
		err = endpoint_call(file, words, &user.transfer, true, deadline);
	return transfer_end(&user, err == 0) + (long)err;
}

long sys_ipc_call(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	struct ipc_words words = words_of(frame, 1);
	uint64_t deadline = deadline_of(frame_arg(frame, 5));
	vaddr_t with = frame_arg(frame, 6);
	long result;

	if (!file)
		return -EBADF;
	if (likely(with == 0))
		result = endpoint_call(file, &words, NULL, true, deadline);
	else
		result = call_with(file, &words, with, deadline);
	file_put(file);
	if (result >= 0)
		set_words(frame, &words);
	return result;
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

static long receive(struct trap_frame *frame, struct file *file, uint64_t deadline)
{
	struct ipc_words words;
	uint64_t badge;
	int64_t rcvid = endpoint_receive(file, &words, &badge, deadline_of(deadline));

	if (rcvid >= 0) {
		set_words(frame, &words);
		frame_set_word(frame, 5, badge);
	}
	return rcvid;
}

long sys_ipc_receive(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long rcvid;

	if (!file)
		return -EBADF;
	rcvid = receive(frame, file, frame_arg(frame, 6));
	file_put(file);
	return rcvid;
}

static long reply(struct trap_frame *frame, struct file *file, bool hand_over)
{
	struct ipc_words words = words_of(frame, 2);

	return endpoint_reply(file, arg_u64(frame, 1), &words, hand_over);
}

long sys_ipc_reply(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long err;

	if (!file)
		return -EBADF;
	err = reply(frame, file, false);
	file_put(file);
	return err;
}

/* Once the reply is sent, the call answers nobody: if a signal ends the wait, it may be made again. */
long sys_ipc_reply_receive(struct trap_frame *frame)
{
	struct file *file = arg_file(frame, 0);
	long result = 0;

	if (!file)
		return -EBADF;
	if (arg_u64(frame, 1) != 0) {
		result = reply(frame, file, true);
		if (result == 0)
			frame_set_word(frame, 1, 0);
	}
	if (result == 0)
		result = receive(frame, file, frame_arg(frame, 6));
	file_put(file);
	return result;
}
