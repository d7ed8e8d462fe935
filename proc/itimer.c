/* The alarm of a process. The interrupt only notes it; the process sends itself the signal. */
#include "proc/itimer.h"

#include "abi/time.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "proc/process.h"

#define NSEC_PER_USEC 1000
#define USEC_PER_SEC  1000000

static void go_off(struct timer *timer)
{
	struct process *process = container_of(timer, struct process, itimer.timer);

	atomic_store(&process->itimer.due, true);
	__atomic_fetch_or(&process->thread->arch.work, ARCH_WORK_SIGNAL, __ATOMIC_RELEASE);
	thread_wake(process->thread);
}

void itimer_init(struct itimer *itimer)
{
	timer_init(&itimer->timer, go_off);
}

static struct abi_timeval to_timeval(uint64_t ns)
{
	uint64_t usec = ns / NSEC_PER_USEC;

	return (struct abi_timeval){ .sec = (int64_t)(usec / USEC_PER_SEC),
				     .usec = (int64_t)(usec % USEC_PER_SEC) };
}

/* Times that do not fit are as good as for ever. */
static uint64_t to_ns(const struct abi_timeval *t)
{
	uint64_t ns;

	if (mul_overflows((uint64_t)t->sec, NSEC_PER_SEC, &ns) ||
	    add_overflows(ns, (uint64_t)t->usec * NSEC_PER_USEC, &ns))
		return UINT64_MAX;
	return ns;
}

void itimer_get(struct process *process, struct abi_itimerval *ret)
{
	const struct itimer *itimer = &process->itimer;
	uint64_t now = clock_ns(), left = 0;

	if (itimer->at_ns)
		left = itimer->at_ns > now ? itimer->at_ns - now : 0;
	if (itimer->at_ns && left < NSEC_PER_USEC)
		left = NSEC_PER_USEC;
	ret->value = to_timeval(left);
	ret->interval = to_timeval(itimer->interval_ns);
}

static void arm(struct itimer *itimer)
{
	timer_arm(&itimer->timer, clock_deadline(itimer->at_ns));
}

void itimer_set(struct process *process, const struct abi_itimerval *value)
{
	struct itimer *itimer = &process->itimer;
	uint64_t ns = to_ns(&value->value);

	timer_cancel(&itimer->timer);
	itimer_take(process);
	itimer->at_ns = 0;
	itimer->interval_ns = to_ns(&value->interval);
	if (!ns)
		return;
	if (add_overflows(clock_ns(), ns, &itimer->at_ns))
		itimer->at_ns = UINT64_MAX;
	arm(itimer);
}

void itimer_stop(struct process *process)
{
	timer_cancel(&process->itimer.timer);
}

/* Goes on from where it should have gone off, so that it does not drift; what was missed is missed. */
static void go_on(struct itimer *itimer)
{
	uint64_t now = clock_ns(), missed;

	if (!itimer->interval_ns || itimer->at_ns == UINT64_MAX) {
		itimer->at_ns = 0;
		return;
	}
	missed = now > itimer->at_ns ? (now - itimer->at_ns) / itimer->interval_ns : 0;
	itimer->at_ns += (missed + 1) * itimer->interval_ns;
	arm(itimer);
}

void itimer_take(struct process *process)
{
	struct itimer *itimer = &process->itimer;

	if (likely(!atomic_load_relaxed(&itimer->due)))
		return;
	atomic_store(&itimer->due, false);
	signal_send(process, SIGALRM);
	go_on(itimer);
}
