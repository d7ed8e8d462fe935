/* System calls about time. */
#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "mm/usercopy.h"
#include "proc/process.h"
#include "proc/wait.h"
#include "trap/syscall.h"

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

static int read_request(vaddr_t at, uint64_t *ns_ret)
{
	struct abi_timespec t;

	if (user_copy_in(&t, at, sizeof(t)))
		return -EFAULT;
	if (t.sec < 0 || t.nsec < 0 || t.nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	*ns_ret = timespec_to_ns(&t);
	return 0;
}

/* Until clock_ns() is there. Only a kill ends it before; then nobody reads what is left. */
static long sleep_until(uint64_t ns)
{
	struct waitq nobody = WAITQ_INIT(nobody);
	uint64_t seq = waitq_sample(&nobody), deadline = clock_deadline(ns);
	int err;

	do {
		err = thread_wait_until(&nobody, seq, deadline);
	} while (err == 0);
	return err == -ETIMEDOUT ? 0 : err;
}

static long sleep_for(uint64_t ns)
{
	uint64_t until;

	return sleep_until(add_overflows(clock_ns(), ns, &until) ? UINT64_MAX : until);
}

/*
 * The wall clock is never set back while somebody sleeps on it: an end on it is an end on the
 * monotonic one.
 */
static long sleep_until_on(int clock, uint64_t ns)
{
	uint64_t now;
	int err = clock_read(clock, &now);

	if (err)
		return err;
	return ns > now ? sleep_for(ns - now) : 0;
}

long sys_nanosleep(struct trap_frame *frame)
{
	uint64_t ns;
	int err = read_request(arg_user(frame, 0), &ns);

	return err ? err : sleep_for(ns);
}

long sys_clock_nanosleep(struct trap_frame *frame)
{
	int clock = arg_int(frame, 0), err = check_sleep_clock(clock);
	uint64_t ns;

	if (err)
		return err;
	err = read_request(arg_user(frame, 2), &ns);
	if (err)
		return err;
	return arg_int(frame, 1) & TIMER_ABSTIME ? sleep_until_on(clock, ns) : sleep_for(ns);
}
