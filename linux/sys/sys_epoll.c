/* SPDX-License-Identifier: MIT */
/* System calls of epoll. */
#include "abi/epoll.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "desc/epoll.h"
#include "linux/fs/file/descriptors.h"
#include "linux/signal/wait.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "mm/fault/user_copy.h"
#include "proc/thread.h"
#include "trap/arg_file.h"

#define EVENTS_MAX (INT32_MAX / sizeof(struct abi_epoll_event))
#define WITH_EXCLUSIVE \
	(POLLIN | POLLOUT | POLLERR | POLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)
#define NSEC_PER_MSEC 1000000ul

long sys_epoll_create1(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 0);
	struct file *file;
	int err;

	if (flags & ~(unsigned)EPOLL_CLOEXEC)
		return -EINVAL;
	err = epoll_create(&file);
	return err ? err : anon_file_install(file, flags != 0);
}

/* Checks in Linux's order. Returns 0, -EPERM or -EINVAL. */
static int check_ctl(const struct file *set, int op, const struct file *file, uint32_t events)
{
	if (!file->ops->poll)
		return -EPERM;
	if (set == file || !file_is_epoll(set))
		return -EINVAL;
	if (op == EPOLL_CTL_DEL || !(events & EPOLLEXCLUSIVE))
		return 0;
	if (op == EPOLL_CTL_MOD ||
	    (op == EPOLL_CTL_ADD && (file_is_epoll(file) || (events & ~WITH_EXCLUSIVE))))
		return -EINVAL;
	return 0;
}

static int epoll_do(struct file *set, int op, int fd, struct file *file,
		    const struct abi_epoll_event *event)
{
	int err = check_ctl(set, op, file, event->events);

	if (err)
		return err;
	switch (op) {
	case EPOLL_CTL_ADD:
		return epoll_add(set, fd, file, event);
	case EPOLL_CTL_DEL:
		return epoll_remove(set, fd, file);
	case EPOLL_CTL_MOD:
		return epoll_modify(set, fd, file, event);
	default:
		return -EINVAL;
	}
}

static __attribute__((noinline)) long epoll_do_referenced(const struct trap_frame *frame, int op,
							  int fd,
							  const struct abi_epoll_event *event)
{
	struct file *set = arg_file(frame, 0), *file = arg_file(frame, 2);
	int err = -EBADF;

	if (set && file)
		err = epoll_do(set, op, fd, file, event);
	if (file)
		file_put(file);
	if (set)
		file_put(set);
	return err;
}

long sys_epoll_ctl(struct trap_frame *frame)
{
	int op = arg_int(frame, 1), fd = arg_int(frame, 2);
	struct abi_epoll_event event = { 0 };
	struct file *set, *file;

	if (op != EPOLL_CTL_DEL && user_copy_in(&event, arg_user(frame, 3), sizeof(event)))
		return -EFAULT;
	set = arg_look(frame, 0);
	file = arg_look(frame, 2);
	if (likely(set && file))
		return epoll_do(set, op, fd, file, &event);
	return epoll_do_referenced(frame, op, fd, &event);
}

/* The wait itself. Such a call is not restarted. */
static __attribute__((noinline)) long wait_on_set(struct trap_frame *frame, uint64_t deadline)
{
	vaddr_t to = arg_user(frame, 1);
	int n = arg_int(frame, 2);
	struct file *set, *held = NULL;
	long result = -EINVAL;

	if (n <= 0 || (size_t)n > EVENTS_MAX)
		return -EINVAL;
	if (check_user_range(to, (size_t)n * sizeof(struct abi_epoll_event)))
		return -EFAULT;
	set = arg_look(frame, 0);
	if (!set)
		set = held = arg_file(frame, 0);
	if (unlikely(!set))
		return -EBADF;
	if (likely(file_is_epoll(set)))
		result = epoll_wait(set, to, (unsigned)n, deadline);
	if (held)
		file_put(held);
	if (result == -EINTR)
		current_thread()->restart = RESTART_NONE;
	return result;
}

/* Waits with the mask in argument 4, if there is one, as the thread's signal mask meanwhile. */
static long wait_with_mask(struct trap_frame *frame, uint64_t deadline)
{
	vaddr_t mask_at = arg_user(frame, 4);
	uint64_t mask;
	long result;

	if (!mask_at)
		return wait_on_set(frame, deadline);
	if (arg_u64(frame, 5) != ABI_SIGSET_BYTES)
		return -EINVAL;
	if (user_copy_in(&mask, mask_at, sizeof(mask)))
		return -EFAULT;
	signal_mask_for_call(mask);
	result = wait_on_set(frame, deadline);
	if (result != -EINTR)
		signal_mask_back();
	return result;
}

/* Returns the tick at which a wait of so many nanoseconds is over; 0 for none at all. */
static uint64_t deadline_in(uint64_t ns)
{
	return ns == 0 ? 0 : clock_deadline_in(ns);
}

long sys_epoll_pwait(struct trap_frame *frame)
{
	int ms = arg_int(frame, 3);

	if (ms < 0)
		return wait_with_mask(frame, UINT64_MAX);
	return wait_with_mask(frame, deadline_in((uint64_t)ms * NSEC_PER_MSEC));
}

long sys_epoll_pwait2(struct trap_frame *frame)
{
	vaddr_t time_at = arg_user(frame, 3);
	uint64_t ns, deadline = UINT64_MAX;

	if (time_at) {
		int err = timespec_read(time_at, &ns);

		if (err)
			return err;
		deadline = deadline_in(ns);
	}
	return wait_with_mask(frame, deadline);
}
