/* Sleeping on wait queues and deadlines. */
#include "proc/wait.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "proc/sched.h"
#include "proc/signal.h"
#include "sync/waitq.h"

struct sleeper {
	struct waiter waiter;
	struct timer timer;
	struct thread *thread;
	bool timed_out;
};

static void wake_waiter(struct waiter *waiter)
{
	thread_wake(container_of(waiter, struct sleeper, waiter)->thread);
}

static void wake_timer(struct timer *timer)
{
	struct sleeper *sleeper = container_of(timer, struct sleeper, timer);

	atomic_store_relaxed(&sleeper->timed_out, true);
	thread_wake(sleeper->thread);
}

/*
 * The order matters: first the thread counts as asleep, then it is enqueued, then it looks for a
 * kill. A wake-up, a kill or a deadline that comes in between makes it runnable again and
 * sched_sleep() returns at once.
 */
int thread_wait(struct waitq *queue, uint64_t seq)
{
	struct sleeper sleeper = { .thread = current_thread() };

	lockorder_assert_none_spinning();
	waiter_init(&sleeper.waiter, wake_waiter);
	sched_sleep_prepare();
	if (!waitq_enqueue(queue, &sleeper.waiter, seq)) {
		sched_sleep_cancel();
		return 0;
	}
	if (signal_pending_fatal())
		sched_sleep_cancel();
	else
		sched_sleep();
	if (waitq_cancel(&sleeper.waiter) && signal_pending_fatal())
		return -EINTR;
	return 0;
}

/* How a sleep with a deadline ended. */
enum sleep_end { SLEEP_WOKEN, SLEEP_TIMED_OUT, SLEEP_OTHER };

static enum sleep_end sleep_until(struct waitq *queue, uint64_t seq, uint64_t deadline,
				  bool killable)
{
	struct sleeper sleeper = { .thread = current_thread() };

	lockorder_assert_none_spinning();
	waiter_init(&sleeper.waiter, wake_waiter);
	timer_init(&sleeper.timer, wake_timer);
	sched_sleep_prepare();
	if (!waitq_enqueue(queue, &sleeper.waiter, seq)) {
		sched_sleep_cancel();
		return SLEEP_WOKEN;
	}
	timer_arm(&sleeper.timer, deadline);
	if (killable && signal_pending_fatal())
		sched_sleep_cancel();
	else
		sched_sleep();
	timer_cancel(&sleeper.timer);
	if (!waitq_cancel(&sleeper.waiter))
		return SLEEP_WOKEN;
	return atomic_load_relaxed(&sleeper.timed_out) ? SLEEP_TIMED_OUT : SLEEP_OTHER;
}

int thread_wait_until(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	enum sleep_end end = sleep_until(queue, seq, deadline, true);

	if (end != SLEEP_WOKEN && signal_pending_fatal())
		return -EINTR;
	return end == SLEEP_TIMED_OUT ? -ETIMEDOUT : 0;
}

void thread_sleep_always(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	sleep_until(queue, seq, deadline, false);
}

void thread_wait_always(struct waitq *queue, uint64_t seq)
{
	struct sleeper sleeper = { .thread = current_thread() };
	bool woken;

	lockorder_assert_none_spinning();
	do {
		waiter_init(&sleeper.waiter, wake_waiter);
		sched_sleep_prepare();
		if (!waitq_enqueue(queue, &sleeper.waiter, seq)) {
			sched_sleep_cancel();
			return;
		}
		sched_sleep();
		woken = !waitq_cancel(&sleeper.waiter);
	} while (!woken);
}
