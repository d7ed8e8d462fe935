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

/* Returns the timer's own clock: real time, time in user mode, or all running time. */
static uint64_t now_of(const struct process *process, unsigned which)
{
	const struct thread *thread = process->thread;
	uint64_t ran;

	if (which == ITIMER_REAL)
		return clock_ns();
	ran = thread_ran_ticks(thread);
	if (which == ITIMER_VIRTUAL)
		ran -= MIN(thread->kernel_ticks, ran);
	return clock_ticks_to_ns(ran);
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

/* Running time advances at most as fast as real time, and possibly not at all. */
static void itimer_arm(struct itimer *itimer, uint64_t left)
{
	uint64_t at = itimer->at_ns;

	if (itimer->which != ITIMER_REAL)
		at = later(clock_ns(), MAX(left, LOOK_NS));
	timer_arm(&itimer->timer, clock_deadline(at));
}

static void go_off(struct timer *timer)
{
	struct itimer *itimer = container_of(timer, struct itimer, timer);
	struct process *process = owner(itimer);
	uint64_t left = left_of(itimer);

	if (left) {
		itimer_arm(itimer, left);
		return;
	}
	__atomic_fetch_or(&process->itimers.due, 1u << itimer->which, __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&process->thread->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELEASE);
	thread_wake(process->thread);
}

void itimers_init(struct itimers *itimers)
{
	for (unsigned which = 0; which < ITIMER_COUNT; which++) {
		itimers->of[which].which = which;
		timer_init(&itimers->of[which].timer, go_off);
	}
}

void itimers_stop(struct itimers *itimers)
{
	for (unsigned which = 0; which < ITIMER_COUNT; which++)
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

void itimer_get(struct process *process, unsigned which, struct abi_itimerval *ret)
{
	struct itimer *itimer = &process->itimers.of[which];
	uint64_t left = itimer->at_ns ? left_of(itimer) : 0;

	if (itimer->at_ns && left < NSEC_PER_USEC)
		left = which == ITIMER_REAL ? NSEC_PER_USEC : LOOK_NS;
	ret->value = to_timeval(left);
	ret->interval = to_timeval(itimer->interval_ns);
}

/* If the former timer expires during this call, its signal is cancelled before it is sent. */
void itimer_set(struct process *process, unsigned which, const struct abi_itimerval *value,
		struct abi_itimerval *old_ret)
{
	struct itimer *itimer = &process->itimers.of[which];
	uint64_t ns = to_ns(&value->value);

	timer_cancel(&itimer->timer);
	__atomic_fetch_and(&process->itimers.due, ~(1u << which), __ATOMIC_SEQ_CST);
	itimer_get(process, which, old_ret);
	itimer->at_ns = 0;
	itimer->interval_ns = to_ns(&value->interval);
	if (!ns)
		return;
	itimer->at_ns = later(now_of(process, which), ns);
	itimer_arm(itimer, ns);
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

void itimers_take(struct process *process)
{
	unsigned due;

	if (likely(!atomic_load_relaxed(&process->itimers.due)))
		return;
	due = __atomic_exchange_n(&process->itimers.due, 0, __ATOMIC_SEQ_CST);
	for (unsigned which = 0; which < ITIMER_COUNT; which++) {
		if (!(due & 1u << which))
			continue;
		signal_send(process, signal_of[which]);
		itimer_advance(process, &process->itimers.of[which]);
	}
}
