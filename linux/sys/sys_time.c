/* SPDX-License-Identifier: MIT */
/* System calls on time: clocks and sleeps. */
#include "abi/resource.h"
#include "abi/time.h"
#include "base/clock.h"
#include "base/wall_clock.h"
#include "lib/bits.h"
#include "linux/process/cred.h"
#include "linux/process/task.h"
#include "linux/sys/calls.h"
#include "linux/sys/timespec.h"
#include "linux/time/cpu_clock.h"
#include "mm/fault/user_copy.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"

static int cpu_clock_read(int clock, uint64_t *ns_ret)
{
	struct cpu_clock_id id;
	int err = cpu_clock_find(clock, CPU_CLOCK_TO_READ, &id);
	bool found;

	if (err)
		return err;
	spin_lock(&process_tree_lock);
	found = cpu_clock_read_locked(&id, ns_ret);
	spin_unlock(&process_tree_lock);
	return found ? 0 : -EINVAL;
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
		return cpu_clock_read(clock, ns_ret);
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
	/* As on Linux, times are reported in nanoseconds and no timer waits for a tick: cyclictest and others ask for this. */
	struct abi_timespec t = { .nsec = 1 };
	vaddr_t to = arg_user(frame, 1);
	uint64_t ns;
	int err = clock_read(arg_int(frame, 0), &ns);

	if (err)
		return err;
	return to ? user_copy_out(to, &t, sizeof(t)) : 0;
}

/* ---- the wall clock is set ---- */

/* So that it never shows a time that does not fit into nanoseconds; as on Linux, for thirty years from then. */
#define WALL_MAX_SEC (INT64_MAX / (int64_t)NSEC_PER_SEC - 30l * 365 * 24 * 3600)

/* Returns 0, -EINVAL or -EPERM. */
static int check_wall_time(const struct abi_timespec *t)
{
	if (t->sec < 0 || t->sec >= WALL_MAX_SEC || t->nsec < 0 || t->nsec >= (int64_t)NSEC_PER_SEC)
		return -EINVAL;
	return capable(CAP_SYS_TIME) ? 0 : -EPERM;
}

static int set_wall_time(const struct abi_timespec *t)
{
	return wall_clock_set((uint64_t)t->sec * NSEC_PER_SEC + (uint64_t)t->nsec);
}

/* A CPU clock that exists cannot be set. */
static int cpu_clock_refuse(int clock)
{
	struct cpu_clock_id id;
	int err = cpu_clock_find(clock, CPU_CLOCK_TO_WAIT, &id);

	return err ? err : -EPERM;
}

long sys_clock_settime(struct trap_frame *frame)
{
	int clock = arg_int(frame, 0), err;
	struct abi_timespec t;

	if (clock > CLOCK_REALTIME)
		return -EINVAL;
	if (user_copy_in(&t, arg_user(frame, 1), sizeof(t)))
		return -EFAULT;
	err = clock < 0 ? cpu_clock_refuse(clock) : check_wall_time(&t);
	return err ? err : set_wall_time(&t);
}

/* C libraries manage time zones themselves: the kernel has none. */
struct zone {
	int32_t minutes_west, dst;
};

long sys_settimeofday(struct trap_frame *frame)
{
	vaddr_t time_at = arg_user(frame, 0), zone_at = arg_user(frame, 1);
	struct abi_timeval time = { 0 };
	struct abi_timespec t;
	struct zone zone = { 0 };
	int err;

	if (time_at && user_copy_in(&time, time_at, sizeof(time)))
		return -EFAULT;
	if (time.usec < 0 || time.usec > 1000000)
		return -EINVAL;
	if (zone_at && user_copy_in(&zone, zone_at, sizeof(zone)))
		return -EFAULT;
	t = (struct abi_timespec){ time.sec, time.usec * 1000 };
	err = check_wall_time(&t);
	if (err)
		return err;
	if (zone.minutes_west || zone.dst)
		return -EINVAL;
	return time_at ? set_wall_time(&t) : 0;
}

/* As Linux answers when the clock is not synchronized. */
static const struct abi_timex free_clock = {
	.maxerror = 16000000,
	.esterror = 16000000,
	.status = STA_UNSYNC,
	.constant = 2,
	.precision = 1,
	.tolerance = 32768000,
	.tick = 1000000 / ABI_CLK_TCK,
};

/* Whether the wall clock could be set by that much. */
static bool is_good_offset(const struct abi_timex *timex, uint64_t wall_ns)
{
	int64_t unit = timex->modes & ADJ_NANO ? (int64_t)NSEC_PER_SEC : 1000000;
	int64_t sec;

	return timex->time.usec >= 0 && timex->time.usec < unit &&
	       !__builtin_add_overflow((int64_t)(wall_ns / NSEC_PER_SEC), timex->time.sec, &sec) &&
	       sec >= 0 && sec < WALL_MAX_SEC;
}

/* What Linux refuses is refused in its order; then, what it would change: the clock runs as fast as the machine's. */
static int check_adjustment(const struct abi_timex *timex, uint64_t wall_ns)
{
	uint32_t modes = timex->modes;
	bool is_adjtime = modes & ADJ_ADJTIME, changes = modes;

	if (is_adjtime && !(modes & ADJ_OFFSET))
		return -EINVAL;
	if (is_adjtime)
		changes = !(modes & ADJ_OFFSET_READONLY) || modes & ADJ_SETOFFSET;
	if (changes && !capable(CAP_SYS_TIME))
		return -EPERM;
	if (!is_adjtime && modes & ADJ_TICK &&
	    (timex->tick < 900000 / ABI_CLK_TCK || timex->tick > 1100000 / ABI_CLK_TCK))
		return -EINVAL;
	if (modes & ADJ_SETOFFSET && !is_good_offset(timex, wall_ns))
		return -EINVAL;
	if (modes & ADJ_FREQUENCY &&
	    (timex->freq > ADJ_FREQUENCY_MAX || timex->freq < -ADJ_FREQUENCY_MAX))
		return -EINVAL;
	return changes ? -EPERM : 0;
}

static long adjust(vaddr_t at)
{
	struct abi_timex timex;
	uint64_t ns = clock_wall_ns();
	uint32_t modes;
	int err;

	if (user_copy_in(&timex, at, sizeof(timex)))
		return -EFAULT;
	err = check_adjustment(&timex, ns);
	if (err)
		return err;
	modes = timex.modes;
	timex = free_clock;
	timex.modes = modes;
	timex.time.sec = (int64_t)(ns / NSEC_PER_SEC);
	timex.time.usec = (int64_t)(ns % NSEC_PER_SEC / 1000);
	return user_copy_out(at, &timex, sizeof(timex)) ? -EFAULT : TIME_ERROR;
}

long sys_adjtimex(struct trap_frame *frame)
{
	return adjust(arg_user(frame, 0));
}

long sys_clock_adjtime(struct trap_frame *frame)
{
	int clock = arg_int(frame, 0), err;
	struct abi_timex timex;
	uint64_t ns;

	if (user_copy_in(&timex, arg_user(frame, 1), sizeof(timex)))
		return -EFAULT;
	if (clock == CLOCK_REALTIME)
		return adjust(arg_user(frame, 1));
	if (clock < 0 && (clock & CLOCKFD_MASK) == CLOCKFD)
		return -EINVAL;
	err = clock < 0 ? 0 : clock_read(clock, &ns);
	return err && clock != CLOCK_REALTIME_ALARM && clock != CLOCK_BOOTTIME_ALARM ? err
										     : -EOPNOTSUPP;
}

long sys_gettimeofday(struct trap_frame *frame)
{
	vaddr_t time_at = arg_user(frame, 0), zone_at = arg_user(frame, 1);
	const struct zone zone = { 0 };
	uint64_t ns = clock_wall_ns();
	struct abi_timeval now = { .sec = (int64_t)(ns / NSEC_PER_SEC),
				   .usec = (int64_t)(ns % NSEC_PER_SEC / 1000) };

	if (time_at && user_copy_out(time_at, &now, sizeof(now)))
		return -EFAULT;
	return zone_at ? user_copy_out(zone_at, &zone, sizeof(zone)) : 0;
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

static bool is_cpu_clock(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

int clock_check_wait(int clock)
{
	if (clock < 0)
		return (clock & CLOCKFD_MASK) == CLOCKFD ? -EOPNOTSUPP : 0;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
	case CLOCK_TAI:
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return 0;
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

static long sleep_again(struct trap_frame *frame);

/* A signal has ended the sleep: it resumes with the same end, unless a handler ran. `ns` are left. */
static long sleep_is_interrupted(int clock, uint64_t until_ns, uint64_t ns, vaddr_t rest_at)
{
	struct thread *thread = current_thread();
	struct abi_timespec rest = ns_to_timespec(ns);

	thread->restart = RESTART_SLEEP;
	task_of(thread)->restart_call = sleep_again;
	task_of(thread)->sleep_clock = clock;
	task_of(thread)->sleep_until_ns = until_ns;
	task_of(thread)->sleep_rest = rest_at;
	return rest_at && user_copy_out(rest_at, &rest, sizeof(rest)) ? -EFAULT : -EINTR;
}

/* A relative sleep. If a signal interrupts it, the time that is left is stored. */
static long sleep_until_restartable(uint64_t ns, vaddr_t rest_at)
{
	long err = sleep_until(false, ns);
	uint64_t now = clock_ns();

	if (err != -EINTR)
		return err;
	return now >= ns ? 0 : sleep_is_interrupted(CLOCK_MONOTONIC, ns, ns - now, rest_at);
}

static long sleep_for(uint64_t ns, vaddr_t rest_at)
{
	return sleep_until_restartable(MIN(clock_ns() + ns, (uint64_t)INT64_MAX), rest_at);
}

/* Reads a CPU clock; 0 if it is gone. As on Linux, a sleep on it has all its time left then. */
static uint64_t cpu_now(const struct cpu_clock_id *clock)
{
	uint64_t now = 0;

	spin_lock(&process_tree_lock);
	(void)cpu_clock_read_locked(clock, &now);
	spin_unlock(&process_tree_lock);
	return now;
}

static long cpu_sleep_until(int number, const struct cpu_clock_id *clock, uint64_t until_ns,
			    vaddr_t rest_at)
{
	long err = cpu_clock_sleep(clock, until_ns);
	uint64_t now;

	if (err != -EINTR)
		return err;
	now = cpu_now(clock);
	return now >= until_ns ? 0
			       : sleep_is_interrupted(number, until_ns, until_ns - now, rest_at);
}

static long cpu_sleep(int number, bool absolute, uint64_t ns, vaddr_t rest_at)
{
	struct cpu_clock_id clock;
	int err = cpu_clock_find(number, CPU_CLOCK_TO_WAIT, &clock);

	if (err || clock.tid == current_thread()->tid)
		return -EINVAL;
	if (ns == 0)
		return 0;
	if (!absolute)
		return cpu_sleep_until(number, &clock, cpu_now(&clock) + ns, rest_at);
	err = cpu_clock_sleep(&clock, ns);
	if (err == -EINTR)
		current_thread()->restart = RESTART_SILENT;
	return err;
}

static long sleep_again(struct trap_frame *frame)
{
	const struct thread *thread = current_thread();
	struct cpu_clock_id clock;
	int err;

	(void)frame;
	if (!is_cpu_clock(task_of(thread)->sleep_clock))
		return sleep_until_restartable(task_of(thread)->sleep_until_ns,
					       task_of(thread)->sleep_rest);
	err = cpu_clock_find(task_of(thread)->sleep_clock, CPU_CLOCK_TO_WAIT, &clock);
	if (err)
		return err;
	return cpu_sleep_until(task_of(thread)->sleep_clock, &clock,
			       task_of(thread)->sleep_until_ns, task_of(thread)->sleep_rest);
}

/* Programs do not call this. The kernel does, to resume a sleep or a wait with a timeout. */
long sys_restart_syscall(struct trap_frame *frame)
{
	struct thread *thread = current_thread();
	long (*call)(struct trap_frame *) = task_of(thread)->restart_call;

	task_of(thread)->restart_call = NULL;
	return call ? call(frame) : -EINTR;
}

/* An absolute time: on the wall clock it follows when that is set. */
static long sleep_until_on(int clock, uint64_t ns)
{
	bool of_wall = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
	uint64_t now;
	long err = clock_read(clock, &now);

	if (err || ns <= now)
		return err;
	err = sleep_until(of_wall, ns);
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
	int clock = arg_int(frame, 0), err = clock_check_wait(clock);
	bool absolute = (arg_int(frame, 1) & TIMER_ABSTIME) != 0;
	uint64_t ns;

	if (clock == CLOCK_REALTIME_ALARM || clock == CLOCK_BOOTTIME_ALARM) /* as on Linux, later */
		/* cppcheck-suppress selfAssignment ; it keeps its value only if the first is 0 */
		err = timespec_read(arg_user(frame, 2), &ns) ?: err;
	if (err)
		return err;
	if (clock == CLOCK_THREAD_CPUTIME_ID)
		return -EOPNOTSUPP;
	err = timespec_read(arg_user(frame, 2), &ns);
	if (err)
		return err;
	if (is_cpu_clock(clock))
		return cpu_sleep(clock, absolute, ns, arg_user(frame, 3));
	if (absolute)
		return sleep_until_on(clock, ns);
	return sleep_for(ns, arg_user(frame, 3));
}
