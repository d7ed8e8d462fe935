/* SPDX-License-Identifier: MIT */
/* Waiting locks: an owner that is set by compare-and-swap, and a wait queue. */
#include "proc/mutex.h"

#include "arch/hart.h"
#include "base/hart.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "sync/interleave.h"

void mutex_init(struct mutex *mutex, enum lock_class class)
{
	mutex->owner = NULL;
	mutex->waiting = 0;
	mutex->passed_over = false;
	mutex->class = (uint8_t) class;
	waitq_init(&mutex->queue);
}

#ifdef FAULTLINE_HARDENED
static struct lockorder *waiting_locks(void)
{
	static struct lockorder boot; /* private to the boot hart, before there are threads */
	struct hart *hart = hart_this();

	return hart->current ? &hart->current->waiting_locks : &boot;
}
#else
static struct lockorder *waiting_locks(void)
{
	return NULL;
}
#endif

static inline bool mutex_swap_owner(struct mutex *mutex, struct thread *from, struct thread *to)
{
	return __atomic_compare_exchange_n(&mutex->owner, &from, to, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_ACQUIRE);
}

static bool mutex_try(struct mutex *mutex)
{
	return mutex_swap_owner(mutex, NULL, current_thread());
}

unsigned mutex_spin_rounds = MUTEX_SPIN_ROUNDS; /* const but for tests */

/* Returns the hart that runs the thread, which may end and be freed meanwhile; NULL: none does. */
static const struct hart *runs_on(const struct thread *thread)
{
	for (unsigned i = 0; i < hart_count; i++)
		if (atomic_load_relaxed(&harts[i].current) == thread)
			return &harts[i];
	return NULL;
}

/*
 * Takes the lock if its owner, who runs on another hart, releases it soon. Most do so in fewer instructions than it takes to
 * sleep and to be woken by an interrupt. Returns false if the owner does not run, or another thread is ready here.
 */
static bool mutex_spin(struct mutex *mutex)
{
	for (unsigned rounds = mutex_spin_rounds; rounds;) {
		const struct thread *owner = atomic_load_relaxed(&mutex->owner);
		const struct hart *hart = owner ? runs_on(owner) : NULL;

		if (owner && !hart)
			return false;
		if (!owner) {
			interleave(INTERLEAVE_LOCK, (enum lock_class)mutex->class, NULL);
			if (mutex_try(mutex))
				return true;
		}
		do {
			if (need_resched())
				return false;
			arch_spin_pause();
			rounds--;
		} while (rounds && owner && atomic_load_relaxed(&mutex->owner) == owner &&
			 atomic_load_relaxed(&hart->current) == owner);
	}
	return false;
}

/*
 * A waiter increments `waiting` before it tries, and samples the queue before each try. The thread
 * that unlocks first clears the owner and then checks `waiting`. So either the try succeeds, or the
 * unlock that comes after it moves the queue's sequence.
 */
__attribute__((noinline)) static int mutex_wait(struct mutex *mutex, bool killable)
{
	struct thread *thread = current_thread();
	bool has_waited = false;
	int err = 0;

	/* Not where others sleep: they have come before. */
	if (hart_are_several() && !atomic_load_relaxed(&mutex->waiting) && mutex_spin(mutex))
		return 0;
	__atomic_fetch_add(&mutex->waiting, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&thread->locked_out, true, __ATOMIC_RELAXED);
	while (!err) {
		uint64_t seq = waitq_sample(&mutex->queue);

		if (mutex_try(mutex) ||
		    (has_waited && mutex_swap_owner(mutex, MUTEX_HANDED, thread)))
			break;
		if (has_waited)
			atomic_store(&mutex->passed_over, true);
		has_waited = true;
		if (killable)
			err = thread_wait(&mutex->queue, seq);
		else
			thread_wait_always(&mutex->queue, seq);
	}
	__atomic_store_n(&thread->locked_out, false, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&mutex->waiting, 1, __ATOMIC_RELAXED);
	return err;
}

/*
 * Wakes the thread that has waited longest. Any other thread may take the lock before the woken one runs. If a woken thread
 * has found the lock taken again, only threads that have waited may take it next. If none of them sleeps, all may, for those
 * that are about to sleep for the first time could not take it.
 */
__attribute__((noinline)) static void mutex_wake(struct mutex *mutex)
{
	bool handed = false;

	if (atomic_load(&mutex->passed_over)) {
		atomic_store(&mutex->passed_over, false);
		handed = mutex_swap_owner(mutex, NULL, MUTEX_HANDED);
		if (!handed)
			atomic_store(&mutex->passed_over, true);
	}
	if (!waitq_wake_one(&mutex->queue) && handed) {
		(void)mutex_swap_owner(mutex, MUTEX_HANDED, NULL);
		(void)waitq_wake_one(&mutex->queue);
	}
}

static inline void mutex_note(struct mutex *mutex, bool nested)
{
	assert_hardened(mutex->owner != current_thread());
	interleave(INTERLEAVE_MUTEX, (enum lock_class)mutex->class, NULL);
	lockorder_take_waiting(waiting_locks(), mutex, mutex->class, nested);
}

static void mutex_take(struct mutex *mutex, bool nested)
{
	mutex_note(mutex, nested);
	if (!mutex_try(mutex))
		(void)mutex_wait(mutex, false);
}

void mutex_lock(struct mutex *mutex)
{
	mutex_take(mutex, false);
}

void mutex_lock_nested(struct mutex *mutex)
{
	mutex_take(mutex, true);
}

/*
 * A thread that gives up leaves no other asleep: thread_wait() returns 0 to one that an unlock has
 * woken, even if it was killed too, and then it tries.
 */
__attribute__((noinline)) static int mutex_wait_killable(struct mutex *mutex)
{
	int err = mutex_wait(mutex, true);

	if (err)
		lockorder_drop_waiting(waiting_locks(), mutex);
	return err;
}

int mutex_lock_killable(struct mutex *mutex)
{
	mutex_note(mutex, false);
	return likely(mutex_try(mutex)) ? 0 : mutex_wait_killable(mutex);
}

int mutex_lock_killable_nested(struct mutex *mutex)
{
	mutex_note(mutex, true);
	return likely(mutex_try(mutex)) ? 0 : mutex_wait_killable(mutex);
}

void mutex_unlock(struct mutex *mutex)
{
	assert_hardened(mutex->owner == current_thread());
	lockorder_drop_waiting(waiting_locks(), mutex);
	__atomic_store_n(&mutex->owner, NULL, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (unlikely(atomic_load_relaxed(&mutex->waiting) != 0))
		mutex_wake(mutex);
}

bool mutex_held(const struct mutex *mutex)
{
	return atomic_load_relaxed(&mutex->owner) == current_thread();
}
