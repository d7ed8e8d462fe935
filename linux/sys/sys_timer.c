/* SPDX-License-Identifier: MIT */
/* System calls on the timers of a process: the interval timers, and those of timer_create. */
#include "abi/errno.h"
#include "abi/signal.h"
#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "linux/time/ptimer.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"

#define NSEC_PER_USEC 1000ul
#define USEC_PER_SEC  1000000ul

/* As on Linux, where nanoseconds are signed, times that do not fit become the longest one. */
static uint64_t timer_ns(int64_t sec, int64_t nsec)
{
	if ((uint64_t)sec >= INT64_MAX / NSEC_PER_SEC)
		return INT64_MAX;
	return (uint64_t)sec * NSEC_PER_SEC + (uint64_t)nsec;
}

static bool is_timespec(const struct abi_timespec *t)
{
	return t->sec >= 0 && t->nsec >= 0 && t->nsec < (int64_t)NSEC_PER_SEC;
}

int itimerspec_read(vaddr_t at, struct timer_spec *ret)
{
	struct abi_itimerspec in;

	if (user_copy_in(&in, at, sizeof(in)))
		return -EFAULT;
	if (!is_timespec(&in.value) || !is_timespec(&in.interval))
		return -EINVAL;
	ret->value = timer_ns(in.value.sec, in.value.nsec);
	ret->interval = timer_ns(in.interval.sec, in.interval.nsec);
	return 0;
}

int itimerspec_write(vaddr_t to, const struct timer_spec *spec)
{
	const struct abi_itimerspec out = { .interval = ns_to_timespec(spec->interval),
					    .value = ns_to_timespec(spec->value) };

	return user_copy_out(to, &out, sizeof(out));
}

/* ---- interval timers ---- */

static struct abi_timeval ns_to_timeval(uint64_t ns)
{
	uint64_t usec = ns / NSEC_PER_USEC;

	return (struct abi_timeval){ .sec = (int64_t)(usec / USEC_PER_SEC),
				     .usec = (int64_t)(usec % USEC_PER_SEC) };
}

static int itimerval_write(vaddr_t to, const struct timer_spec *spec)
{
	const struct abi_itimerval out = { .interval = ns_to_timeval(spec->interval),
					   .value = ns_to_timeval(spec->value) };

	return user_copy_out(to, &out, sizeof(out));
}

long sys_getitimer(struct trap_frame *frame)
{
	unsigned which = arg_uint(frame, 0);
	struct timer_spec spec;

	if (which >= ITIMER_COUNT)
		return -EINVAL;
	itimer_get(which, &spec);
	return itimerval_write(arg_user(frame, 1), &spec);
}

static bool is_timeval(const struct abi_timeval *t)
{
	return t->sec >= 0 && t->usec >= 0 && t->usec < (int64_t)USEC_PER_SEC;
}

/* As on Linux, a NULL new value disarms the timer. */
long sys_setitimer(struct trap_frame *frame)
{
	vaddr_t new_at = arg_user(frame, 1), old_at = arg_user(frame, 2);
	unsigned which = arg_uint(frame, 0);
	struct abi_itimerval in = { 0 };
	struct timer_spec new, old;

	if (new_at && user_copy_in(&in, new_at, sizeof(in)))
		return -EFAULT;
	if (which >= ITIMER_COUNT || !is_timeval(&in.value) || !is_timeval(&in.interval))
		return -EINVAL;
	new.value = timer_ns(in.value.sec, in.value.usec * (int64_t)NSEC_PER_USEC);
	new.interval = timer_ns(in.interval.sec, in.interval.usec * (int64_t)NSEC_PER_USEC);
	itimer_set(which, &new, &old);
	return old_at ? itimerval_write(old_at, &old) : 0;
}

/* ---- those of timer_create ---- */

/* As on Linux, the id is stored before the CPU clock is looked for. */
long sys_timer_create(struct trap_frame *frame)
{
	struct ptimer_event event = { .sig = SIGALRM, .value_is_id = true };
	vaddr_t event_at = arg_user(frame, 1);
	int clock = arg_int(frame, 0), err;
	struct abi_sigevent in;
	struct ptimer *timer;

	if (event_at) {
		if (user_copy_in(&in, event_at, sizeof(in)))
			return -EFAULT;
		event = (struct ptimer_event){
			.sig = in.signo, .notify = in.notify, .tid = in.tid, .value = in.value
		};
	}
	err = clock_check_wait(clock);
	if (err)
		return err;
	err = ptimer_create(&event, &timer);
	if (err)
		return err;
	err = user_copy_out(arg_user(frame, 2), &timer->id, sizeof(timer->id));
	if (!err)
		err = ptimer_publish(timer, clock);
	if (err)
		ptimer_discard(timer);
	return err;
}

long sys_timer_delete(struct trap_frame *frame)
{
	return ptimer_delete(arg_int(frame, 0));
}

long sys_timer_gettime(struct trap_frame *frame)
{
	struct timer_spec spec;
	int err = ptimer_get(arg_int(frame, 0), &spec);

	return err ? err : itimerspec_write(arg_user(frame, 1), &spec);
}

long sys_timer_getoverrun(struct trap_frame *frame)
{
	return ptimer_overrun(arg_int(frame, 0));
}

long sys_timer_settime(struct trap_frame *frame)
{
	bool absolute = (arg_int(frame, 1) & TIMER_ABSTIME) != 0;
	vaddr_t new_at = arg_user(frame, 2), old_at = arg_user(frame, 3);
	struct timer_spec new, old;
	int err = new_at ? itimerspec_read(new_at, &new) : -EINVAL;

	if (err)
		return err;
	err = ptimer_set(arg_int(frame, 0), absolute, &new, &old);
	if (err)
		return err;
	return old_at ? itimerspec_write(old_at, &old) : 0;
}
