/* SPDX-License-Identifier: MIT */
/* System calls on descriptors that are there to be waited for: counters, timers, signals, processes, changes of files. */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/eventfd.h"
#include "abi/pidfd.h"
#include "abi/signal.h"
#include "abi/signalfd.h"
#include "abi/time.h"
#include "abi/userfaultfd.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/fs/file/descriptors.h"
#include "linux/fs/file/eventfd.h"
#include "linux/fs/file/pidfd.h"
#include "linux/fs/file/signalfd.h"
#include "linux/fs/notify/inotify.h"
#include "linux/fs/vfs/process_fs.h"
#include "linux/fs/file/userfaultfd.h"
#include "linux/process/cred.h"
#include "linux/process/end_watch.h"
#include "linux/sys/at_path.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "linux/time/timerfd.h"
#include "mm/fault/user_copy.h"
#include "trap/arg_file.h"

long sys_eventfd2(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	struct file *file;
	int err;

	if (flags & ~(unsigned)(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	err = eventfd_create(arg_uint(frame, 0), flags, &file);
	return err ? err : anon_file_install(file, (flags & EFD_CLOEXEC) != 0);
}

/* As on Linux, who may not trace others gets one that resolves the program's own faults only. */
long sys_userfaultfd(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 0);

	if (!(flags & UFFD_USER_MODE_ONLY) &&
	    !atomic_load_relaxed(&userfaultfd_limits[UNPRIVILEGED_USERFAULTFD]) &&
	    !capable(CAP_SYS_PTRACE))
		return -EPERM;
	return userfaultfd_open(flags);
}

/* ---- timers ---- */

/* The alarm clocks need a device that wakes the machine. There is none, so they give -EINVAL. */
long sys_timerfd_create(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	int clock = arg_int(frame, 0), err;
	struct file *file;

	if (flags & ~(unsigned)(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
	    clock != CLOCK_REALTIME_ALARM && clock != CLOCK_BOOTTIME_ALARM)
		return -EINVAL;
	err = timerfd_create(clock, flags & TFD_NONBLOCK, &file);
	return err ? err : anon_file_install(file, (flags & TFD_CLOEXEC) != 0);
}

/* Returns the timer with a reference, or NULL and the error. */
static struct file *arg_timerfd(const struct trap_frame *frame, int *err_ret)
{
	struct file *file = arg_file(frame, 0);

	*err_ret = file ? -EINVAL : -EBADF;
	if (!file || file_is_timerfd(file))
		return file;
	file_put(file);
	return NULL;
}

long sys_timerfd_settime(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 1);
	vaddr_t old_at = arg_user(frame, 3);
	struct timer_spec spec, old;
	struct file *file;
	int err = itimerspec_read(arg_user(frame, 2), &spec);

	if (err)
		return err;
	if (flags & ~(unsigned)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	file = arg_timerfd(frame, &err);
	if (!file)
		return err;
	err = timerfd_set(file, flags, &spec, &old);
	file_put(file);
	if (err)
		return err;
	return old_at ? itimerspec_write(old_at, &old) : 0;
}

long sys_timerfd_gettime(struct trap_frame *frame)
{
	struct timer_spec spec;
	int err;
	struct file *file = arg_timerfd(frame, &err);

	if (!file)
		return err;
	timerfd_get(file, &spec);
	file_put(file);
	return itimerspec_write(arg_user(frame, 1), &spec);
}

/* ---- signals ---- */

static int signalfd_change(const struct trap_frame *frame, uint64_t mask)
{
	struct file *file = arg_file(frame, 0);
	int err = 0;

	if (!file)
		return -EBADF;
	if (file_is_signalfd(file))
		signalfd_set_mask(file, mask);
	else
		err = -EINVAL;
	file_put(file);
	return err;
}

long sys_signalfd4(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 3);
	int fd = arg_int(frame, 0), err;
	struct file *file;
	uint64_t mask;

	if (arg_u64(frame, 2) != ABI_SIGSET_BYTES)
		return -EINVAL;
	if (user_copy_in(&mask, arg_user(frame, 1), sizeof(mask)))
		return -EFAULT;
	if (flags & ~(unsigned)(SFD_CLOEXEC | SFD_NONBLOCK))
		return -EINVAL;
	if (fd != -1)
		return signalfd_change(frame, mask) ?: fd;
	err = signalfd_create(mask, flags & SFD_NONBLOCK, &file);
	return err ? err : anon_file_install(file, (flags & SFD_CLOEXEC) != 0);
}

/* ---- processes ---- */

long sys_pidfd_open(struct trap_frame *frame)
{
	int id = arg_int(frame, 0), err;
	unsigned flags = arg_uint(frame, 1);
	struct file *file;

	if (flags & ~(unsigned)(PIDFD_NONBLOCK | PIDFD_THREAD) || id <= 0)
		return -EINVAL;
	err = pidfd_create(id, flags, &file);
	return err ? err : anon_file_install(file, true);
}

/* Only who might trace the process, and so do with the file what it likes anyway, gets its file. */
long sys_pidfd_getfd(struct trap_frame *frame)
{
	struct file *pidfd, *file;
	int err = -EBADF;

	if (arg_uint(frame, 2) != 0)
		return -EINVAL;
	pidfd = arg_file(frame, 0);
	if (!pidfd)
		return -EBADF;
	if (pidfd_id(pidfd))
		err = end_watch_look(pidfd->node) == END_TO_COME
			      ? process_take_file(pidfd_id(pidfd), arg_int(frame, 1), &file)
			      : -ESRCH;
	file_put(pidfd);
	return err ? err : anon_file_install(file, true);
}

/* ---- changes of files ---- */

long sys_inotify_init1(struct trap_frame *frame)
{
	unsigned flags = arg_uint(frame, 0);
	struct file *file;
	int err;

	if (flags & ~(unsigned)(IN_CLOEXEC | IN_NONBLOCK))
		return -EINVAL;
	err = inotify_create(flags & IN_NONBLOCK, &file);
	return err ? err : anon_file_install(file, (flags & IN_CLOEXEC) != 0);
}

static long add_watch(struct trap_frame *frame, struct file *file)
{
	uint32_t mask = arg_uint(frame, 2);
	struct at_path at;
	long wd;

	if ((mask & (IN_MASK_ADD | IN_MASK_CREATE)) == (IN_MASK_ADD | IN_MASK_CREATE) ||
	    !file_is_inotify(file))
		return -EINVAL;
	wd = cwd_path_get(frame, 1, &at);
	if (wd)
		return wd;
	wd = inotify_watch_path(file, at.dir, at.path, mask);
	at_path_put(&at);
	return wd;
}

/* The order of the errors is Linux's. */
long sys_inotify_add_watch(struct trap_frame *frame)
{
	uint32_t mask = arg_uint(frame, 2);

	if (mask == 0 || (mask & ~IN_VALID))
		return -EINVAL;
	return with_file(frame, add_watch);
}

static long remove_watch(struct trap_frame *frame, struct file *file)
{
	return file_is_inotify(file) ? inotify_unwatch(file, arg_int(frame, 1)) : -EINVAL;
}

long sys_inotify_rm_watch(struct trap_frame *frame)
{
	return with_file(frame, remove_watch);
}
