/* SPDX-License-Identifier: MIT */
/* Futexes with priority inheritance: what the word of a lock says, and who waits for it. */
/*
 * The word and the queue change together, under pi_lock. A fault cannot be resolved there. So the page of the word is pinned
 * before, and the word is changed through the direct map: threads that lock and unlock without the kernel see it in one step.
 * If others wait, the owner unlocks by the kernel, which hands the lock over: its new owner need not run for that.
 *
 * The first waiter lends its priority to the owner, which runs with it until it unlocks (proc/loan.h).
 *
 * If the owner has ended, only the waiters are sure to have the word in their memory. The first of them is woken and takes
 * the lock. Until then the queue has no owner.
 *
 * process_tree_lock is held, too, where the owner's number is looked up: so the owner does not disappear.
 */
#include "linux/process/futex_pi.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "linux/process/task.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/futex_sleeper.h"
#include "proc/mem_wait.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/wait.h"

/* What comes of a look at the word, beside errors. CHANGED: the program has changed it meanwhile, so look anew. */
enum { TOOK, WAITS, CHANGED };

/* ---- words ---- */

/* The word of a lock, which can be written without a fault. Private to the running thread. */
struct pinned {
	uint32_t *at;
	struct page *page;
};

static int pin_word(vaddr_t at, struct pinned *ret)
{
	int err = get_user_page(current_space(), at, VM_PROT_WRITE, &ret->page);

	if (!err)
		ret->at = (uint32_t *)((char *)page_address(ret->page) + (at & PAGE_MASK));
	return err;
}

static void unpin_word(const struct pinned *word)
{
	put_user_page(current_space(), word->page, VM_PROT_WRITE);
}

static int checked_key(struct futex_word word, struct memory_key *key_ret)
{
	return futex_check_word(word) ?: futex_key(word, key_ret);
}

/* ---- locking ---- */

/* Does the word go with those who wait for the lock? */
static int pi_check_owner(const struct pi_queue *queue, uint32_t found)
{
	uint32_t tid = found & FUTEX_TID_MASK;
	bool died = found & FUTEX_OWNER_DIED;

	if (!queue->is_lock)
		return -EINVAL;
	if (!queue->owner)
		return died && tid ? -EINVAL : 0;
	if (died && !tid) /* the owner is ending, and has looked only at its robust list so far */
		return 0;
	return tid == (uint32_t)queue->owner->tid ? 0 : -EINVAL;
}

/* Has the waiter wait in the queue; NULL: it is the first one. Returns WAITS, -EAGAIN or -EDEADLK. */
static int pi_wait_for(struct pi_waiter *waiter, struct pi_queue *queue, struct thread *owner)
{
	if (waiter->tries)
		return -EAGAIN;
	if (pi_is_deadlock(waiter, owner))
		return -EDEADLK;
	if (waiter->queue) { /* it is moved */
		pi_leave(waiter);
		waiter->is_moved = true;
	}
	pi_join(queue ?: pi_queue_begin(waiter, &waiter->lock, owner), waiter);
	return WAITS;
}

/* For the first waiter of a lock that a thread has taken without the kernel. Returns what pi_wait_for() does, CHANGED or -ESRCH. */
static int wait_for_holder(struct pi_waiter *waiter, uint32_t *word, uint32_t found)
{
	uint32_t contended = found | FUTEX_WAITERS;
	struct thread *owner;

	/* From here on the owner has to ask the kernel to unlock it, and waits there for pi_lock. */
	if (!atomic_cas(word, found, contended))
		return CHANGED;
	owner = thread_find((int)(found & FUTEX_TID_MASK));
	if (!owner || task_of(owner)->owns_no_more)
		return atomic_load(word) == contended ? -ESRCH : CHANGED;
	return pi_wait_for(waiter, NULL, owner);
}

/*
 * Gets the lock for the waiter's thread, or has it wait. With `more`, others are about to follow it. Returns TOOK, WAITS,
 * CHANGED or an error. Call with process_tree_lock and pi_lock held.
 */
static int take_or_wait(struct pi_waiter *waiter, uint32_t *word, bool more)
{
	uint32_t found = atomic_load(word), mine = (uint32_t)waiter->in.thread->tid;
	struct pi_queue *queue = pi_queue_find(&waiter->lock);
	int err;

	assert_hardened(spin_lock_held(&process_tree_lock) && spin_lock_held(&pi_lock));
	if ((found & FUTEX_TID_MASK) == mine)
		return -EDEADLK;
	if (queue) {
		err = pi_check_owner(queue, found);
		return err ?: pi_wait_for(waiter, queue, queue->owner);
	}
	if (found & FUTEX_TID_MASK)
		return wait_for_holder(waiter, word, found);
	mine |= (found & FUTEX_OWNER_DIED) | (more ? FUTEX_WAITERS : 0);
	return atomic_cas(word, found, mine) ? TOOK : CHANGED;
}

static void lock_with_threads(void)
{
	spin_lock(&process_tree_lock);
	spin_lock(&pi_lock);
}

static void unlock_with_threads(void)
{
	spin_unlock(&pi_lock);
	spin_unlock(&process_tree_lock);
}

/* ---- waiting ---- */

/* The waiter was woken as the first one of a lock whose owner has ended. Takes it, if it still is. Returns 0 or an error of the word. */
static int take_ownerless(struct pi_waiter *waiter, vaddr_t at)
{
	struct pinned word;
	int err = pin_word(at, &word);

	if (err)
		return err;
	spin_lock(&pi_lock);
	if (!waiter->is_granted) {
		atomic_store_relaxed(&waiter->done, 0);
		if (!waiter->queue->owner && pi_first(waiter->queue) == waiter) {
			atomic_store(word.at, (uint32_t)waiter->in.thread->tid | FUTEX_WAITERS |
						      FUTEX_OWNER_DIED);
			pi_grant(waiter);
		}
	}
	spin_unlock(&pi_lock);
	unpin_word(&word);
	return 0;
}

/* Ends the wait. Returns `err`, for which it ends, or 0 if the lock was granted before. */
static int end_wait(struct pi_waiter *waiter, int err)
{
	spin_lock(&pi_lock);
	if (waiter->is_granted)
		err = 0;
	else
		pi_leave(waiter);
	spin_unlock(&pi_lock);
	return err;
}

/* Sleeps until the waiter is woken. What others lend to its thread meanwhile counts for its own place, and is lent in turn. */
static int pi_park(struct pi_waiter *waiter, const struct deadline *deadline)
{
	bool *must_lend = &waiter->in.thread->must_lend;
	int err;

	for (;;) {
		err = thread_park_deadline(&waiter->done, deadline, must_lend);
		if (likely(err != -ETIMEDOUT || !atomic_load(must_lend)))
			return err;
		loan_watch_again(waiter->in.thread);
		pi_priority_changed(waiter->in.thread);
	}
}

/* Sleeps until the waiter, which is in a queue, is granted the lock at `at`. Returns 0, -EINTR, -ETIMEDOUT or an error of the word. */
static int wait_until_granted(struct pi_waiter *waiter, vaddr_t at, const struct deadline *deadline)
{
	int err;

	do {
		err = pi_park(waiter, deadline);
		if (err || atomic_load_relaxed(&waiter->is_granted))
			break;
		err = take_ownerless(waiter, at);
		/* A fault on the word may have waited for a server, and lent to that. */
		pi_priority_changed(waiter->in.thread);
	} while (!err && !atomic_load_relaxed(&waiter->is_granted));
	return end_wait(waiter, err);
}

/* Gives a waiter what it needs, for waiter_free() in any case. One that only tries will not wait. Returns 0 or an error. */
static int waiter_make(struct pi_waiter *waiter, struct futex_word lock, bool tries)
{
	*waiter = (struct pi_waiter){ .in.thread = current_thread(), .tries = tries };
	if (!tries) {
		waiter->spare = mem_wait_kmalloc(sizeof(*waiter->spare));
		if (!waiter->spare)
			return -ENOMEM;
		(void)loan_watch(waiter->in.thread); /* before it has a place by its priority */
	}
	return checked_key(lock, &waiter->lock);
}

static void waiter_free(struct pi_waiter *waiter)
{
	assert_hardened(!waiter->queue);
	loan_watch_end(waiter->in.thread, false);
	memory_key_put(&waiter->at);
	memory_key_put(&waiter->lock);
	kfree(waiter->spare);
}

static int look_at_lock(struct pi_waiter *waiter, vaddr_t at)
{
	struct pinned word;
	int result = pin_word(at, &word);

	if (result)
		return result;
	lock_with_threads();
	result = take_or_wait(waiter, word.at, false);
	unlock_with_threads();
	unpin_word(&word);
	return result;
}

/* The program changes the word again and again: after a kill the thread stops looking. */
static bool pi_look_again(int *result)
{
	if (*result != CHANGED)
		return false;
	*result = vm_pause();
	return *result == 0;
}

int futex_pi_lock(struct futex_word lock, bool tries, const struct deadline *deadline)
{
	struct pi_waiter waiter;
	int result = waiter_make(&waiter, lock, tries);

	if (!result) {
		do
			result = look_at_lock(&waiter, lock.at);
		while (pi_look_again(&result));
		if (result == WAITS)
			result = wait_until_granted(&waiter, lock.at, deadline);
	}
	waiter_free(&waiter);
	return result;
}

/* ---- unlocking ---- */

static bool is_own(uint32_t word)
{
	return (word & FUTEX_TID_MASK) == (uint32_t)current_thread()->tid;
}

/* Returns 0, CHANGED or an error. Call with pi_lock held. */
static int hand_over(const struct pi_queue *queue, uint32_t *word, uint32_t found)
{
	struct pi_waiter *next;

	assert_hardened(spin_lock_held(&pi_lock));
	if (!queue->is_lock || queue->owner != current_thread())
		return -EINVAL;
	next = pi_first(queue);
	if (atomic_cas(word, found, (uint32_t)next->in.thread->tid | FUTEX_WAITERS)) {
		pi_grant(next);
		return 0;
	}
	return is_own(atomic_load(word)) ? CHANGED
					 : -EINVAL; /* perhaps the first waiter has set its bit */
}

/* The word was `found` before. */
static int unlock_found(vaddr_t at, const struct memory_key *key, uint32_t found)
{
	const struct pi_queue *queue;
	struct pinned word;
	int result = pin_word(at, &word);

	if (result)
		return result;
	spin_lock(&pi_lock);
	queue = pi_queue_find(key);
	if (queue)
		result = hand_over(queue, word.at, found);
	else if (!atomic_cas(word.at, found, 0)) /* perhaps who only tries has set the bit */
		result = is_own(atomic_load(word.at)) ? CHANGED : -EAGAIN;
	spin_unlock(&pi_lock);
	unpin_word(&word);
	return result;
}

/* As on Linux, a word of another owner is -EPERM even if it is not aligned. */
static int look_at_unlock(struct futex_word lock)
{
	struct memory_key key;
	uint32_t found;
	int result;

	if (user_copy_in(&found, lock.at, sizeof(found)))
		return -EFAULT;
	if (!is_own(found))
		return -EPERM;
	result = checked_key(lock, &key);
	if (result)
		return result;
	result = unlock_found(lock.at, &key, found);
	memory_key_put(&key);
	return result;
}

int futex_pi_unlock(struct futex_word lock)
{
	int result;

	do
		result = look_at_unlock(lock);
	while (pi_look_again(&result));
	return result;
}

/* ---- waits that are moved ---- */

/* Joins those that wait for the word, which was right when the count of changes was sampled. Returns WAITS, CHANGED or -EINVAL. */
static int join(struct pi_waiter *waiter, uint64_t changes)
{
	struct pi_queue *queue;
	int result = WAITS;

	spin_lock(&pi_lock);
	queue = pi_queue_find(&waiter->at);
	if (changes != pi_changes(&waiter->at)) {
		result = CHANGED;
	} else if (queue && queue->is_lock) {
		result = -EINVAL;
	} else {
		pi_count_change(&waiter->at);
		pi_join(queue ?: pi_queue_begin(waiter, &waiter->at, NULL), waiter);
	}
	spin_unlock(&pi_lock);
	return result;
}

static int join_if(struct pi_waiter *waiter, vaddr_t at, uint32_t value)
{
	uint64_t changes = pi_changes(&waiter->at);
	uint32_t now;

	if (user_load_word(&now, at))
		return -EFAULT;
	if (now != value)
		return -EAGAIN;
	return memory_key_equal(&waiter->at, &waiter->lock) ? -EINVAL : join(waiter, changes);
}

int futex_pi_wait(struct futex_word word, uint32_t value, struct futex_word lock,
		  const struct deadline *deadline)
{
	struct pi_waiter waiter;
	int result;

	if (word.at == lock.at)
		return -EINVAL;
	result = waiter_make(&waiter, lock, false) ?: checked_key(word, &waiter.at);
	if (!result) {
		do
			result = join_if(&waiter, word.at, value);
		while (pi_look_again(&result));
	}
	if (result == WAITS)
		result = wait_until_granted(&waiter, lock.at, deadline);
	if (result == -EINTR && waiter.is_moved)
		result = -EAGAIN; /* as on Linux: a restart would find another value */
	waiter_free(&waiter);
	return result;
}

/* A request to move waiters; private to the running thread. */
struct request {
	struct futex_word word, lock;
	struct memory_key at, to; /* their keys */
	uint32_t value;
	bool more; /* others follow the first waiter */
};

/* Moves the first waiter of the queue. Returns WAITS, CHANGED or an error. Call with process_tree_lock and pi_lock held. */
static int move_first(const struct request *request, const struct pi_queue *queue, uint32_t *lock)
{
	struct pi_waiter *waiter = pi_first(queue);
	int result;

	assert_hardened(spin_lock_held(&pi_lock));
	if (queue->is_lock || !memory_key_equal(&waiter->lock, &request->to))
		return -EINVAL;
	result = take_or_wait(waiter, lock, request->more);
	if (result != TOOK)
		return result;
	pi_grant_free(waiter);
	return WAITS;
}

/* Returns TOOK if nobody waits, else as move_first(). CHANGED, too, if `changes` is another number by now; NULL: any. */
static int move_if(const struct request *request, const uint64_t *changes)
{
	const struct pi_queue *queue;
	struct pinned lock;
	int result = pin_word(request->lock.at, &lock);

	if (result)
		return result;
	lock_with_threads();
	queue = pi_queue_find(&request->at);
	if (changes && *changes != pi_changes(&request->at))
		result = CHANGED;
	else if (queue)
		result = move_first(request, queue, lock.at);
	if (result != CHANGED)
		pi_count_change(&request->at);
	unlock_with_threads();
	unpin_word(&lock);
	return result;
}

/* The first one, if the word is what it has to be. */
static int move_with_value(const struct request *request)
{
	uint64_t changes = pi_changes(&request->at);
	uint32_t now;

	if (user_load_word(&now, request->word.at))
		return -EFAULT;
	return now == request->value ? move_if(request, &changes) : -EAGAIN;
}

/* Each under a hold of the locks of its own. Those with a high priority come first, and who comes meanwhile may be among them. */
static long move_all(const struct request *request, unsigned long most)
{
	unsigned long n = 0;
	int result;

	do {
		do
			result = n ? move_if(request, NULL) : move_with_value(request);
		while (pi_look_again(&result));
		n += result == WAITS;
	} while (result == WAITS && n < most);
	return result < 0 ? result : (long)n;
}

long futex_pi_requeue(struct futex_word word, struct futex_word lock, unsigned max, uint32_t value)
{
	struct request request = { .word = word, .lock = lock, .value = value, .more = max != 0 };
	long result = word.at == lock.at ? -EINVAL : checked_key(word, &request.at);

	if (result)
		return result;
	result = checked_key(lock, &request.to);
	if (!result) {
		if (memory_key_equal(&request.at, &request.to))
			result = -EINVAL;
		else
			result = move_all(&request, 1ul + max);
		memory_key_put(&request.to);
	}
	memory_key_put(&request.at);
	return result;
}

/* ---- for other commands ---- */

bool futex_pi_is_waited_for(struct futex_word word)
{
	struct memory_key key;
	bool is_waited_for;

	if (checked_key(word, &key))
		return false;
	spin_lock(&pi_lock);
	is_waited_for = pi_queue_find(&key) != NULL;
	spin_unlock(&pi_lock);
	memory_key_put(&key);
	return is_waited_for;
}
