/* System calls about a process's alarm. */
#include "abi/time.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "trap/syscall.h"

/* Those that count a process's own time are not built. */
static bool is_there(int which)
{
	return which == ITIMER_REAL;
}

long sys_getitimer(struct trap_frame *frame)
{
	struct abi_itimerval value;

	if (!is_there(arg_int(frame, 0)))
		return -EINVAL;
	itimer_get(current_process(), &value);
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

	if (new_at && user_copy_in(&new, new_at, sizeof(new)))
		return -EFAULT;
	if (!is_there(arg_int(frame, 0)) || !is_time(&new.value) || !is_time(&new.interval))
		return -EINVAL;
	itimer_get(current_process(), &old);
	itimer_set(current_process(), &new);
	return old_at ? user_copy_out(old_at, &old, sizeof(old)) : 0;
}
