/* SPDX-License-Identifier: MIT */
/* Sleeping on wait queues, with or without a deadline. */
#include "proc/wait.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "proc/sched.h"
#include "proc/thread.h"
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

/* What may end a wait early. */
enum ended_by { BY_NOTHING, BY_KILL, BY_ANY };

/* A timer of the program's may be due, and its signal is sent only when the thread looks at that. */
static inline bool is_killed(void)
{
	return current_killed() || (current_signalled() && current_killed());
}

static inline bool is_interrupted(enum ended_by by)
{
	return by == BY_ANY ? current_signalled() : by == BY_KILL && is_killed();
}

/*
 * The order matters. The thread is first marked as sleeping, then enqueued, and then it checks for
 * a kill or a signal. A wake-up, signal or deadline that comes in between makes it runnable again,
 * and sched_sleep() returns at once. Returns false if the wait ended before the queue was woken.
 */
static inline __attribute__((always_inline)) bool sleep_on(struct sleeper *sleeper,
							   struct waitq *queue, uint64_t seq,
							   const uint64_t *deadline,
							   enum ended_by by)
{
	lockorder_assert_none_spinning();
	waiter_init(&sleeper->waiter, wake_waiter);
	sched_sleep_prepare();
	if (!waitq_enqueue(queue, &sleeper->waiter, seq)) {
		sched_sleep_cancel();
		return true;
	}
	if (deadline)
		timer_arm(&sleeper->timer, *deadline);
	if (is_interrupted(by))
		sched_sleep_cancel();
	else
		sched_sleep();
	if (deadline)
		timer_cancel(&sleeper->timer);
	return !waitq_cancel(&sleeper->waiter);
}

static inline __attribute__((always_inline)) int wait_for(struct waitq *queue, uint64_t seq,
							  enum ended_by by)
{
	struct sleeper sleeper; /* its timer is not used */

	sleeper.thread = current_thread();
	return !sleep_on(&sleeper, queue, seq, NULL, by) && is_interrupted(by) ? -EINTR : 0;
}

static int wait_until(struct waitq *queue, uint64_t seq, uint64_t deadline, enum ended_by by)
{
	struct sleeper sleeper = { .thread = current_thread() };

	timer_init(&sleeper.timer, wake_timer);
	if (sleep_on(&sleeper, queue, seq, &deadline, by))
		return 0;
	if (is_interrupted(by))
		return -EINTR;
	return atomic_load_relaxed(&sleeper.timed_out) ? -ETIMEDOUT : 0;
}

int thread_mark_restart(int err)
{
	if (err == -EINTR)
		current_thread()->restart = RESTART_ASKED;
	return err;
}

int thread_wait(struct waitq *queue, uint64_t seq)
{
	return wait_for(queue, seq, BY_KILL);
}

int thread_wait_interruptible(struct waitq *queue, uint64_t seq)
{
	return thread_mark_restart(wait_for(queue, seq, BY_ANY));
}

int thread_wait_until(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	return wait_until(queue, seq, deadline, BY_KILL);
}

int thread_wait_interruptible_until(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	return thread_mark_restart(wait_until(queue, seq, deadline, BY_ANY));
}

struct wall_sleeper {
	struct wall_timer timer;
	struct waitq *queue;
	bool timed_out;
};

static void wake_wall_timer(struct wall_timer *timer)
{
	struct wall_sleeper *sleeper = container_of(timer, struct wall_sleeper, timer);

	atomic_store(&sleeper->timed_out, true);
	waitq_wake_all(sleeper->queue);
}

static int wait_until_wall(struct waitq *queue, uint64_t seq, uint64_t ns)
{
	struct wall_sleeper sleeper = { .queue = queue };
	int err;

	wall_timer_init(&sleeper.timer, wake_wall_timer);
	wall_timer_arm(&sleeper.timer, ns);
	err = thread_wait_interruptible(queue, seq);
	wall_timer_cancel(&sleeper.timer);
	return !err && atomic_load(&sleeper.timed_out) ? -ETIMEDOUT : err;
}

int thread_wait_interruptible_deadline(struct waitq *queue, uint64_t seq,
				       const struct deadline *deadline)
{
	if (deadline->of_wall)
		return wait_until_wall(queue, seq, deadline->at);
	return thread_wait_interruptible_until(queue, seq, deadline->at);
}

int thread_wait_fault(struct waitq *queue, uint64_t seq)
{
	return wait_for(queue, seq, BY_ANY);
}

void thread_sleep_always(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	wait_until(queue, seq, deadline, BY_NOTHING);
}

void thread_wait_always(struct waitq *queue, uint64_t seq)
{
	struct sleeper sleeper; /* its timer is not used */

	sleeper.thread = current_thread();
	while (!sleep_on(&sleeper, queue, seq, NULL, BY_NOTHING))
		;
}

/*
 * As in sleep_on(), the thread is marked first, and then looks at what may end its sleep. A timer may bring the deadline forward.
 * again: NULL, or set by another thread that ends the sleep as the deadline does.
 */
static inline int park(const uint32_t *done, enum ended_by by, const uint64_t *deadline,
		       const bool *again)
{
	while (atomic_load(done) == 0) {
		uint64_t until = atomic_load_relaxed(deadline);
		int err = 0;

		sched_sleep_prepare();
		if (is_interrupted(by))
			err = -EINTR;
		else if (until != UINT64_MAX && arch_time() >= until)
			err = -ETIMEDOUT;
		else if (again && atomic_load(again))
			err = -ETIMEDOUT;
		if (err || atomic_load(done) != 0) {
			sched_sleep_cancel();
			return atomic_load(done) != 0 ? 0 : err;
		}
		sched_sleep();
	}
	return 0;
}

int thread_park_again(const uint32_t *done, bool interruptible, uint64_t deadline,
		      const bool *again)
{
	enum ended_by by = interruptible ? BY_ANY : BY_KILL;
	int err;

	lockorder_assert_none_spinning();
	if (likely(deadline == UINT64_MAX)) {
		err = park(done, by, &deadline, again);
	} else {
		struct sleeper sleeper; /* it is on no queue */

		sleeper.thread = current_thread();
		timer_init(&sleeper.timer, wake_timer);
		timer_arm(&sleeper.timer, deadline);
		err = park(done, by, &deadline, again);
		timer_cancel(&sleeper.timer);
	}
	return interruptible ? thread_mark_restart(err) : err;
}

bool thread_park_for_lock(const uint32_t *done, bool killable, const bool *again)
{
	const uint64_t never = UINT64_MAX;

	lockorder_assert_none_spinning();
	return park(done, killable ? BY_KILL : BY_NOTHING, &never, again) != -EINTR;
}

int thread_park(const uint32_t *done, bool interruptible, uint64_t deadline)
{
	return thread_park_again(done, interruptible, deadline, NULL);
}

struct wall_parker {
	struct wall_timer timer;
	struct thread *thread;
	uint64_t deadline; /* 0 when the time has come; atomic */
};

static void wake_parked(struct wall_timer *timer)
{
	struct wall_parker *parker = container_of(timer, struct wall_parker, timer);

	atomic_store(&parker->deadline, 0);
	thread_wake(parker->thread);
}

int thread_park_deadline(const uint32_t *done, const struct deadline *deadline, const bool *again)
{
	struct wall_parker parker = { .thread = current_thread(), .deadline = UINT64_MAX };
	int err;

	if (!deadline || !deadline->of_wall)
		return thread_park_again(done, true, deadline ? deadline->at : UINT64_MAX, again);
	lockorder_assert_none_spinning();
	wall_timer_init(&parker.timer, wake_parked);
	wall_timer_arm(&parker.timer, deadline->at);
	err = park(done, BY_ANY, &parker.deadline, again);
	wall_timer_cancel(&parker.timer);
	return thread_mark_restart(err);
}
