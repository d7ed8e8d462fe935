/* SPDX-License-Identifier: MIT */
/* System calls about a process's alarms. */
#include "abi/time.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "trap/syscall.h"

long sys_getitimer(struct trap_frame *frame)
{
	unsigned which = arg_uint(frame, 0);
	struct abi_itimerval value;

	if (which >= ITIMER_COUNT)
		return -EINVAL;
	itimer_get(current_process(), which, &value);
	return user_copy_out(arg_user(frame, 1), &value, sizeof(value));
}

static bool is_time(const struct abi_timeval *t)
{
	return t->sec >= 0 && t->usec >= 0 && t->usec < 1000000;
}

/* As on Linux nothing new means never. */
long sys_setitimer(struct trap_frame *frame)
{
	vaddr_t new_at = arg_user(frame, 1), old_at = arg_user(frame, 2);
	struct abi_itimerval new = { 0 }, old;
	unsigned which = arg_uint(frame, 0);

	if (new_at && user_copy_in(&new, new_at, sizeof(new)))
		return -EFAULT;
	if (which >= ITIMER_COUNT || !is_time(&new.value) || !is_time(&new.interval))
		return -EINVAL;
	itimer_set(current_process(), which, &new, &old);
	return old_at ? user_copy_out(old_at, &old, sizeof(old)) : 0;
}
