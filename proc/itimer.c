/* SPDX-License-Identifier: MIT */
/* Interval timers. The timer interrupt only marks them as expired; the process sends itself the signals. */
#include "proc/itimer.h"

#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/signal/send.h"

#define NSEC_PER_USEC 1000
#define USEC_PER_SEC  1000000
/* Timers of running time are checked this often. */
#define LOOK_NS	      (SLICE_MS * (NSEC_PER_SEC / 1000))

static const int signal_of[ITIMER_COUNT] = {
	[ITIMER_REAL] = SIGALRM,
	[ITIMER_VIRTUAL] = SIGVTALRM,
	[ITIMER_PROF] = SIGPROF,
};

static struct process *owner(struct itimer *itimer)
{
	return container_of(itimer - itimer->which, struct process, itimers.of[0]);
}

/*
 * Returns the timer's own clock: real time, time in user mode, or all running time. Call with the
 * signals' lock held.
 */
static uint64_t now_of(struct process *process, unsigned which)
{
	struct usage usage;

	if (which == ITIMER_REAL)
		return clock_ns();
	usage = process->past_usage;
	usage_add_threads(&usage, process);
	if (which == ITIMER_PROF)
		usage.user_ticks += usage.kernel_ticks;
	return clock_ticks_to_ns(usage.user_ticks);
}

static uint64_t left_of(struct itimer *itimer)
{
	uint64_t now = now_of(owner(itimer), itimer->which);

	return itimer->at_ns > now ? itimer->at_ns - now : 0;
}

static uint64_t later(uint64_t now, uint64_t ns)
{
	uint64_t at;

	return add_overflows(now, ns, &at) ? UINT64_MAX : at;
}

/* Running time of one thread advances at most as fast as real time, and possibly not at all. */
static void itimer_arm(struct itimer *itimer, uint64_t left)
{
	uint64_t at = itimer->at_ns;

	if (itimer->which != ITIMER_REAL)
		at = later(clock_ns(), MAX(left, LOOK_NS));
	timer_arm(&itimer->timer, clock_deadline(at));
}

static void go_off(struct timer *timer)
{
	const struct itimer *itimer = container_of(timer, struct itimer, timer);
	struct itimers *itimers = container_of(itimer - itimer->which, struct itimers, of[0]);
	unsigned long flags;

	__atomic_fetch_or(&itimers->due, 1u << itimer->which, __ATOMIC_SEQ_CST);
	flags = spin_lock_irqsave(&itimers->looker_lock);
	__atomic_fetch_or(&itimers->looker->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELEASE);
	thread_wake(itimers->looker);
	spin_unlock_irqrestore(&itimers->looker_lock, flags);
}

static void itimers_set_looker(struct itimers *itimers, struct thread *thread)
{
	unsigned long flags = spin_lock_irqsave(&itimers->looker_lock);

	itimers->looker = thread;
	spin_unlock_irqrestore(&itimers->looker_lock, flags);
}

void itimers_leave(struct process *process, const struct thread *thread)
{
	struct itimers *itimers = &process->itimers;
	struct thread *other;

	assert_hardened(spin_lock_held(&process->signals.lock));
	if (itimers->looker != thread)
		return;
	for_each_thread(other, process) {
		if (other->signals.exiting)
			continue;
		itimers_set_looker(itimers, other);
		if (atomic_load(&itimers->due))
			signal_wake(other);
		return;
	}
}

void itimers_init(struct itimers *itimers)
{
	for (unsigned which = 0; which < ITIMER_COUNT; which++) {
		itimers->of[which].which = which;
		timer_init(&itimers->of[which].timer, go_off);
	}
	spin_init(&itimers->looker_lock, LOCK_WAITQ);
}

void itimers_stop(struct itimers *itimers)
{
	for (unsigned which = 0; which < ITIMER_COUNT; which++)
		if (itimers->of[which].at_ns) /* else it is not armed */
			timer_cancel(&itimers->of[which].timer);
	/* Nor does one that has gone off begin anew: whoever waits from here on looks at `due`. */
	__atomic_store_n(&itimers->due, 0, __ATOMIC_SEQ_CST);
}

static struct abi_timeval to_timeval(uint64_t ns)
{
	uint64_t usec = ns / NSEC_PER_USEC;

	return (struct abi_timeval){ .sec = (int64_t)(usec / USEC_PER_SEC),
				     .usec = (int64_t)(usec % USEC_PER_SEC) };
}

/* As on Linux, where nanoseconds are signed, times that do not fit become the longest one. */
static uint64_t to_ns(const struct abi_timeval *t)
{
	if ((uint64_t)t->sec >= INT64_MAX / NSEC_PER_SEC)
		return INT64_MAX;
	return (uint64_t)t->sec * NSEC_PER_SEC + (uint64_t)t->usec * NSEC_PER_USEC;
}

static void get(struct process *process, unsigned which, struct abi_itimerval *ret)
{
	struct itimer *itimer = &process->itimers.of[which];
	uint64_t left = itimer->at_ns ? left_of(itimer) : 0;

	if (itimer->at_ns && left < NSEC_PER_USEC)
		left = which == ITIMER_REAL ? NSEC_PER_USEC : LOOK_NS;
	ret->value = to_timeval(left);
	ret->interval = to_timeval(itimer->interval_ns);
}

void itimer_get(struct process *process, unsigned which, struct abi_itimerval *ret)
{
	spin_lock(&process->signals.lock);
	get(process, which, ret);
	spin_unlock(&process->signals.lock);
}

/* If the former timer expires during this call, its signal is cancelled before it is sent. */
void itimer_set(struct process *process, unsigned which, const struct abi_itimerval *value,
		struct abi_itimerval *old_ret)
{
	struct itimer *itimer = &process->itimers.of[which];
	uint64_t ns = to_ns(&value->value);

	spin_lock(&process->signals.lock);
	timer_cancel(&itimer->timer);
	__atomic_fetch_and(&process->itimers.due, ~(1u << which), __ATOMIC_SEQ_CST);
	get(process, which, old_ret);
	itimer->at_ns = 0;
	itimer->interval_ns = to_ns(&value->interval);
	if (ns) {
		itimer->at_ns = later(now_of(process, which), ns);
		itimer_arm(itimer, ns);
	}
	spin_unlock(&process->signals.lock);
}

/* Sets the next expiry from the last one, so that the period does not drift. Skips missed ones. */
static void itimer_advance(struct process *process, struct itimer *itimer)
{
	uint64_t now = now_of(process, itimer->which), missed;

	if (!itimer->interval_ns || itimer->at_ns == UINT64_MAX) {
		itimer->at_ns = 0;
		return;
	}
	missed = now > itimer->at_ns ? (now - itimer->at_ns) / itimer->interval_ns : 0;
	itimer->at_ns = later(itimer->at_ns, (missed + 1) * itimer->interval_ns);
	itimer_arm(itimer, itimer->at_ns - now);
}

/* A timer has gone off: has it expired by its own clock? Then it begins anew, or it looks again later. */
static bool has_expired(struct process *process, unsigned which)
{
	struct itimer *itimer = &process->itimers.of[which];
	bool expired = false;
	uint64_t left;

	spin_lock(&process->signals.lock);
	if (itimer->at_ns) { /* another thread has not set it to 0 meanwhile */
		left = left_of(itimer);
		expired = left == 0;
		if (expired)
			itimer_advance(process, itimer);
		else
			itimer_arm(itimer, left);
	}
	spin_unlock(&process->signals.lock);
	return expired;
}

void itimers_take(struct process *process)
{
	unsigned due;

	if (likely(!atomic_load_relaxed(&process->itimers.due)))
		return;
	due = __atomic_exchange_n(&process->itimers.due, 0, __ATOMIC_SEQ_CST);
	for (unsigned which = 0; which < ITIMER_COUNT; which++) {
		if (due & 1u << which && has_expired(process, which))
			signal_send(process, signal_of[which]);
	}
}
