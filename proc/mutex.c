/* Waiting locks: a spinning lock round an owner, and a queue. */
#include "proc/mutex.h"

#include "base/hart.h"
#include "lib/assert.h"
#include "proc/thread.h"
#include "proc/wait.h"

void mutex_init(struct mutex *mutex, enum lock_class class)
{
	spin_init(&mutex->lock, LOCK_NONE);
	mutex->owner = NULL;
	waitq_init(&mutex->queue);
	mutex->class = class;
}

#ifdef FAULTLINE_HARDENED
static struct lockorder *waiting_locks(void)
{
	static struct lockorder boot;
	struct hart *hart = hart_this();

	return hart->current ? &hart->current->waiting_locks : &boot;
}
#else
static struct lockorder *waiting_locks(void)
{
	return NULL;
}
#endif

static bool mutex_try(struct mutex *mutex, uint64_t *seq_ret)
{
	bool got;

	spin_acquire(&mutex->lock);
	got = mutex->owner == NULL;
	if (got)
		mutex->owner = current_thread();
	else
		*seq_ret = waitq_sample(&mutex->queue);
	spin_release(&mutex->lock);
	return got;
}

static void mutex_take(struct mutex *mutex, bool nested)
{
	uint64_t seq;

	assert_hardened(mutex->owner != current_thread());
	lockorder_take_waiting(waiting_locks(), mutex, mutex->class, nested);
	while (!mutex_try(mutex, &seq))
		thread_wait_always(&mutex->queue, seq);
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
 * The sequence moves on every unlock, whether or not anybody waits: a waiter that sampled just
 * before looks again.
 */
void mutex_unlock(struct mutex *mutex)
{
	assert_hardened(mutex->owner == current_thread());
	lockorder_drop_waiting(waiting_locks(), mutex);
	spin_acquire(&mutex->lock);
	mutex->owner = NULL;
	spin_release(&mutex->lock);
	waitq_wake_one(&mutex->queue);
}

bool mutex_held(const struct mutex *mutex)
{
	return __atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) == current_thread();
}
