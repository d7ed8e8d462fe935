/* SPDX-License-Identifier: MIT */
/* System calls on time: clocks, sleeps, interval timers. */
#include "abi/resource.h"
#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "mm/user_copy.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "trap/syscall.h"
#include "trap/timespec.h"

struct abi_timespec ns_to_timespec(uint64_t ns)
{
	return (struct abi_timespec){ .sec = (int64_t)(ns / NSEC_PER_SEC),
				      .nsec = (int64_t)(ns % NSEC_PER_SEC) };
}

/* Converts to nanoseconds. Times that do not fit become UINT64_MAX, which never comes. */
static uint64_t timespec_to_ns(const struct abi_timespec *t)
{
	uint64_t ns;

	if (mul_overflows((uint64_t)t->sec, NSEC_PER_SEC, &ns) ||
	    add_overflows(ns, (uint64_t)t->nsec, &ns))
		return UINT64_MAX;
	return ns;
}

/*
 * Gets the CPU time of a process, running or ended; as on Linux, the caller's own by the id of the
 * running thread, too. Returns 0, or -EINVAL if there is no such process.
 */
static int usage_of_process(int pid, struct usage *ret)
{
	const struct process *process;

	if (pid == 0 || pid == current_process()->pid || pid == current_thread()->tid) {
		usage_current(ret);
		return 0;
	}
	spin_lock(&process_tree_lock);
	process = process_find(pid);
	if (process)
		*ret = usage_times(process);
	spin_unlock(&process_tree_lock);
	return process ? 0 : -EINVAL;
}

/* The same for a thread of the running process. */
static int usage_of_thread(int tid, struct usage *ret)
{
	const struct thread *thread;

	*ret = (struct usage){ 0 };
	spin_lock(&process_tree_lock);
	thread = tid ? thread_find(tid) : current_thread();
	if (thread && thread->process == current_process())
		usage_add_thread(ret, thread);
	else
		thread = NULL;
	spin_unlock(&process_tree_lock);
	return thread ? 0 : -EINVAL;
}

/*
 * A negative clock number encodes a process, or a thread of the running one, and what is counted, as
 * on Linux. A number that encodes a descriptor gives -EINVAL.
 */
static int cpu_clock_read(int clock, uint64_t *ns_ret)
{
	int id = ~(clock >> 3);
	struct usage usage;
	int err = clock & CPUCLOCK_PERTHREAD ? usage_of_thread(id, &usage)
					     : usage_of_process(id, &usage);

	if (err)
		return err;
	switch (clock & CPUCLOCK_WHICH) {
	case CPUCLOCK_PROF:
	case CPUCLOCK_SCHED:
		*ns_ret = clock_ticks_to_ns(usage.user_ticks + usage.kernel_ticks);
		return 0;
	case CPUCLOCK_VIRT:
		*ns_ret = clock_ticks_to_ns(usage.user_ticks);
		return 0;
	default:
		return -EINVAL;
	}
}

static uint64_t process_cpu_ns(void)
{
	struct usage usage;

	usage_current(&usage);
	return clock_ticks_to_ns(usage.user_ticks + usage.kernel_ticks);
}

/* The alarm clocks need a device that wakes the machine. There is none, so they give -EINVAL. */
static int clock_read(int clock, uint64_t *ns_ret)
{
	if (clock < 0)
		return cpu_clock_read(clock, ns_ret);
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
		*ns_ret = process_cpu_ns();
		return 0;
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

/* C libraries manage the time zone themselves, so the kernel returns zeros. */
long sys_gettimeofday(struct trap_frame *frame)
{
	vaddr_t time_at = arg_user(frame, 0), zone_at = arg_user(frame, 1);
	static const int32_t zone[2];
	uint64_t ns = clock_wall_ns();
	struct abi_timeval now = { .sec = (int64_t)(ns / NSEC_PER_SEC),
				   .usec = (int64_t)(ns % NSEC_PER_SEC / 1000) };

	if (time_at && user_copy_out(time_at, &now, sizeof(now)))
		return -EFAULT;
	return zone_at ? user_copy_out(zone_at, zone, sizeof(zone)) : 0;
}

static int64_t times_ticks_to_clk(uint64_t ticks)
{
	return (int64_t)(clock_ticks_to_ns(ticks) / (NSEC_PER_SEC / ABI_CLK_TCK));
}

long sys_times(struct trap_frame *frame)
{
	struct usage children = usage_children();
	vaddr_t to = arg_user(frame, 0);
	struct abi_tms tms;
	struct usage own;

	usage_current(&own);
	tms = (struct abi_tms){ .utime = times_ticks_to_clk(own.user_ticks),
				.stime = times_ticks_to_clk(own.kernel_ticks),
				.cutime = times_ticks_to_clk(children.user_ticks),
				.cstime = times_ticks_to_clk(children.kernel_ticks) };
	if (to && user_copy_out(to, &tms, sizeof(tms)))
		return -EFAULT;
	return (long)(clock_ns() / (NSEC_PER_SEC / ABI_CLK_TCK));
}

/* Checks that the clock can be slept on. Returns 0, or -EINVAL or -EOPNOTSUPP as on Linux. */
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

/* Sleeps until clock_ns() reaches ns. Returns 0 or -EINTR. */
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

static long sleep_again(struct trap_frame *frame);

/*
 * A relative sleep that a signal interrupts resumes with the same end, unless a handler ran. In
 * that case the remaining time is stored.
 */
static long sleep_until_restartable(uint64_t ns, vaddr_t rest_at)
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
	thread->restart_call = sleep_again;
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
	return sleep_until_restartable(until, rest_at);
}

static long sleep_again(struct trap_frame *frame)
{
	(void)frame;
	return sleep_until_restartable(current_thread()->sleep_until_ns,
				       current_thread()->sleep_rest);
}

/* Programs do not call this. The kernel does, to resume a sleep or a wait with a timeout. */
long sys_restart_syscall(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	long (*call)(struct trap_frame *) = thread->restart_call;

	thread->restart_call = NULL;
	return call ? call(frame) : -EINTR;
}

/*
 * The wall clock is never set back while a thread sleeps on it, so a deadline on it can be
 * converted to the monotonic clock once.
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

/* As on Linux, a NULL new value disarms the timer. */
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
