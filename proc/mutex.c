/* SPDX-License-Identifier: MIT */
/* Waiting locks: a word that says who has one, and a queue of those that wait for it. */
#include "proc/mutex.h"

#include "abi/errno.h"
#include "arch/hart.h"
#include "base/hart.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/wait.h"
#include "sync/interleave.h"

/* A wait of the running thread, on its stack. */
struct mutex_waiter {
	struct lend_waiter in; /* of mutex->queue */
	bool is_granted; /* the lock is its own; then it has left the queue; guarded by mutex->lock */
	uint32_t done;	 /* ends its sleep: the lock is granted, or is there to be taken; atomic */
};

void mutex_init(struct mutex *mutex, enum lock_class class)
{
	mutex->word = 0;
	spin_init(&mutex->lock, LOCK_MUTEX);
	mutex->passed_over = false;
	mutex->class = (uint8_t) class;
	lend_queue_init(&mutex->queue, false);
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

static inline bool mutex_try(struct mutex *mutex)
{
	uint64_t free = 0;

	return __atomic_compare_exchange_n(&mutex->word, &free, (uint64_t)current_thread(), false,
					   __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
}

/* Returns false if others wait. */
static inline bool mutex_try_unlock(struct mutex *mutex)
{
	uint64_t owned = (uint64_t)current_thread();

	/* More than a release: what the owner has stored comes before what it looks at next (async_tell()). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_compare_exchange_n(&mutex->word, &owned, 0, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED);
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
 * sleep and to be woken by an interrupt. Returns false if the owner does not
 * run, others wait, or another thread is ready here.
 */
static bool mutex_spin(struct mutex *mutex)
{
	for (unsigned rounds = mutex_spin_rounds; rounds;) {
		uint64_t word = atomic_load_relaxed(&mutex->word);
		const struct thread *owner = (const struct thread *)word;
		const struct hart *hart;

		if (word & MUTEX_WAITED) /* they have come before */
			return false;
		hart = owner ? runs_on(owner) : NULL;
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
		} while (rounds && owner && atomic_load_relaxed(&mutex->word) == word &&
			 atomic_load_relaxed(&hart->current) == owner);
	}
	return false;
}

static uint64_t mutex_word_of(const struct mutex *mutex, const struct thread *owner)
{
	return (uint64_t)owner | (lend_queue_is_empty(&mutex->queue) ? 0 : MUTEX_WAITED);
}

/* Returns true if the waiter waits now, and false if the running thread has got the lock instead. */
static bool mutex_join(struct mutex *mutex, struct mutex_waiter *waiter)
{
	struct thread *owner;

	spin_lock(&mutex->lock);
	/* From here on the owner needs this lock to unlock. */
	(void)__atomic_fetch_or(&mutex->word, MUTEX_WAITED, __ATOMIC_ACQUIRE);
	owner = mutex_owner(mutex);
	if (owner) {
		lend_queue_join(&mutex->queue, &waiter->in, owner);
	} else {
		lend_queue_set_owner(&mutex->queue, current_thread());
		atomic_store_relaxed(&mutex->word, mutex_word_of(mutex, current_thread()));
	}
	spin_unlock(&mutex->lock);
	return owner != NULL;
}

/* The waiter waits no more. owner: who has the lock from now on. */
static void leave_locked(struct mutex *mutex, struct mutex_waiter *waiter, struct thread *owner)
{
	assert_hardened(spin_lock_held(&mutex->lock));
	lend_queue_leave(&mutex->queue, &waiter->in, owner);
	atomic_store_relaxed(&mutex->word, mutex_word_of(mutex, owner));
}

/* The waiter sleeps no more. Returns whether it has the lock. If not, it gives up, or with `stays` gets its right place again. */
static bool mutex_got(struct mutex *mutex, struct mutex_waiter *waiter, bool stays)
{
	struct thread *owner;
	bool got = true;

	spin_lock(&mutex->lock);
	owner = mutex_owner(mutex);
	if (!waiter->is_granted && !owner) {
		leave_locked(mutex, waiter, waiter->in.thread);
	} else if (!waiter->is_granted) {
		got = false;
		mutex->passed_over |= waiter->done;
		atomic_store_relaxed(&waiter->done, 0);
		loan_watch_again(waiter->in.thread);
		if (stays)
			lend_queue_move(&mutex->queue, &waiter->in, owner);
		else
			leave_locked(mutex, waiter, owner);
	}
	spin_unlock(&mutex->lock);
	return got;
}

/* Returns false if the thread was killed, and has not got the lock. */
__attribute__((noinline)) static bool mutex_wait(struct mutex *mutex, bool killable)
{
	struct thread *thread = current_thread();
	struct mutex_waiter waiter = { .in.thread = thread };
	bool got = true, stays, outer;

	if (hart_are_several() && mutex_spin(mutex))
		return true;
	outer = loan_watch(thread); /* before it has a place by its priority */
	if (mutex_join(mutex, &waiter)) {
		__atomic_store_n(&thread->locked_out, true, __ATOMIC_RELAXED);
		do {
			stays = thread_park_for_lock(&waiter.done, killable, &thread->must_lend);
			got = mutex_got(mutex, &waiter, stays);
		} while (!got && stays);
		__atomic_store_n(&thread->locked_out, false, __ATOMIC_RELAXED);
	}
	loan_watch_end(thread, outer);
	return got;
}

/*
 * Wakes the first of those that wait. Any other thread may take the lock before it runs. If a woken thread has found the lock
 * taken again, the first one gets the lock at once.
 */
static void wake_first_locked(struct mutex *mutex)
{
	struct mutex_waiter *first =
		container_of(lend_queue_first(&mutex->queue), struct mutex_waiter, in);

	assert_hardened(spin_lock_held(&mutex->lock));
	if (mutex->passed_over) {
		mutex->passed_over = false;
		first->is_granted = true;
		leave_locked(mutex, first, first->in.thread);
	} else {
		lend_queue_set_owner(&mutex->queue, NULL);
		atomic_store_relaxed(&mutex->word, MUTEX_WAITED);
	}
	atomic_store(&first->done, 1);
	thread_wake(first->in.thread);
}

__attribute__((noinline)) static void mutex_unlock_waited(struct mutex *mutex)
{
	spin_lock(&mutex->lock);
	if (lend_queue_is_empty(&mutex->queue)) /* the only one was killed, and has left */
		atomic_store_relaxed(&mutex->word, 0);
	else
		wake_first_locked(mutex);
	spin_unlock(&mutex->lock);
}

static inline void mutex_note(struct mutex *mutex, bool nested)
{
	assert_hardened(mutex_owner(mutex) != current_thread());
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

__attribute__((noinline)) static int mutex_wait_killable(struct mutex *mutex)
{
	if (mutex_wait(mutex, true))
		return 0;
	lockorder_drop_waiting(waiting_locks(), mutex);
	return -EINTR;
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
	assert_hardened(mutex_owner(mutex) == current_thread());
	lockorder_drop_waiting(waiting_locks(), mutex);
	if (unlikely(!mutex_try_unlock(mutex)))
		mutex_unlock_waited(mutex);
}

bool mutex_held(const struct mutex *mutex)
{
	return mutex_owner(mutex) == current_thread();
}
