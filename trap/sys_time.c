/* System calls about time. */
#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "proc/wait.h"
#include "trap/syscall.h"
#include "trap/timespec.h"

static struct abi_timespec ns_to_timespec(uint64_t ns)
{
	return (struct abi_timespec){ .sec = (int64_t)(ns / NSEC_PER_SEC),
				      .nsec = (int64_t)(ns % NSEC_PER_SEC) };
}

/* Nanoseconds; times that do not fit are as good as for ever. */
static uint64_t timespec_to_ns(const struct abi_timespec *t)
{
	uint64_t ns;

	if (mul_overflows((uint64_t)t->sec, NSEC_PER_SEC, &ns) ||
	    add_overflows(ns, (uint64_t)t->nsec, &ns))
		return UINT64_MAX;
	return ns;
}

/* The alarm clocks need a device that wakes the machine: without one they are EINVAL. */
static int clock_read(int clock, uint64_t *ns_ret)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI:
		*ns_ret = clock_wall_ns();
		return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		*ns_ret = clock_ns();
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		*ns_ret = clock_ticks_to_ns(thread_ran_ticks(current_thread()));
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_clock_gettime(struct trap_frame *frame)
{
	struct abi_timespec t;
	uint64_t ns;
	int err = clock_read(arg_int(frame, 0), &ns);

	if (err)
		return err;
	t = ns_to_timespec(ns);
	return user_copy_out(arg_user(frame, 1), &t, sizeof(t));
}

long sys_clock_getres(struct trap_frame *frame)
{
	vaddr_t to = arg_user(frame, 1);
	struct abi_timespec t;
	uint64_t ns;
	int err = clock_read(arg_int(frame, 0), &ns);

	if (err)
		return err;
	t = ns_to_timespec(MAX(clock_ticks_to_ns(1), 1ul));
	return to ? user_copy_out(to, &t, sizeof(t)) : 0;
}

/* What can be slept on: 0; -EINVAL and -EOPNOTSUPP as Linux says them. */
static int check_sleep_clock(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
		return 0;
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		return -EOPNOTSUPP;
	default:
		return -EINVAL;
	}
}

int timespec_read(vaddr_t at, uint64_t *ns_ret)
{
	struct abi_timespec t;

	if (user_copy_in(&t, at, sizeof(t)))
		return -EFAULT;
	if (t.sec < 0 || t.nsec < 0 || t.nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	*ns_ret = timespec_to_ns(&t);
	return 0;
}

/* Until clock_ns() is there. 0 or -EINTR. */
static long sleep_until(uint64_t ns)
{
	struct waitq nobody = WAITQ_INIT(nobody);
	uint64_t seq = waitq_sample(&nobody), deadline = clock_deadline(ns);
	int err;

	do {
		err = thread_wait_interruptible_until(&nobody, seq, deadline);
	} while (err == 0);
	return err == -ETIMEDOUT ? 0 : err;
}

/*
 * A sleep of some length that a signal cuts short goes on until the same moment, unless a handler
 * ran: then the rest of it is told.
 */
static long sleep_until_or_tell(uint64_t ns, vaddr_t rest_at)
{
	struct thread *thread = current_thread();
	long err = sleep_until(ns);
	struct abi_timespec rest;
	uint64_t now = clock_ns();

	if (err != -EINTR)
		return err;
	if (now >= ns)
		return 0;
	thread->restart = RESTART_SLEEP;
	thread->sleep_until_ns = ns;
	thread->sleep_rest = rest_at;
	rest = ns_to_timespec(ns - now);
	return rest_at && user_copy_out(rest_at, &rest, sizeof(rest)) ? -EFAULT : err;
}

static long sleep_for(uint64_t ns, vaddr_t rest_at)
{
	uint64_t until;

	if (add_overflows(clock_ns(), ns, &until))
		until = UINT64_MAX;
	return sleep_until_or_tell(until, rest_at);
}

/* What programs do not call: the kernel does, in the place of a sleep. */
long sys_restart_syscall(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	uint64_t until = thread->sleep_until_ns;

	thread->sleep_until_ns = 0;
	return until ? sleep_until_or_tell(until, thread->sleep_rest) : -EINTR;
}

/*
 * The wall clock is never set back while somebody sleeps on it: an end on it is an end on the
 * monotonic one.
 */
static long sleep_until_on(int clock, uint64_t ns)
{
	uint64_t now;
	long err = clock_read(clock, &now);

	if (err || ns <= now)
		return err;
	err = sleep_until(add_overflows(clock_ns(), ns - now, &ns) ? UINT64_MAX : ns);
	if (err == -EINTR)
		current_thread()->restart = RESTART_SILENT;
	return err;
}

long sys_nanosleep(struct trap_frame *frame)
{
	uint64_t ns;
	int err = timespec_read(arg_user(frame, 0), &ns);

	return err ? err : sleep_for(ns, arg_user(frame, 1));
}

long sys_clock_nanosleep(struct trap_frame *frame)
{
	int clock = arg_int(frame, 0), err = check_sleep_clock(clock);
	uint64_t ns;

	if (err)
		return err;
	err = timespec_read(arg_user(frame, 2), &ns);
	if (err)
		return err;
	if (arg_int(frame, 1) & TIMER_ABSTIME)
		return sleep_until_on(clock, ns);
	return sleep_for(ns, arg_user(frame, 3));
}
