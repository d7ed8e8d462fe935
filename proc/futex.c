/* SPDX-License-Identifier: MIT */
/* Futexes: sleeping until a word of memory changes. */
/*
 * A sleeper is in the bucket that its word's key hashes to. The word is read without a lock,
 * because reading it may fault. A thread that is about to sleep samples the bucket's count of
 * changes, then reads the word, and joins the bucket only if the count is still the same. A thread
 * that changes the word calls wake after that, and each wake increments the count. So either the
 * sleeper has read the new value, or it notices the wake and reads the word again.
 */
#include "proc/futex.h"

#include "abi/errno.h"
#include "abi/futex.h"
#include "base/random.h"
#include "lib/bits.h"
#include "mm/fault/user_copy.h"
#include "mm/host.h"
#include "proc/futex_sleeper.h"
#include "proc/process.h"
#include "proc/wait.h"
#include "sync/spinlock.h"

#define BUCKETS 256
/* At most this many sleepers are woken or moved under one hold of a bucket's lock. */
#define BATCH	32
/* And so many are looked at: all processes may sleep for another word with the same hash. */
#define LOOKS	128

struct bucket {
	struct spinlock lock;
	/* guarded by lock; changes may be sampled without it: */
	struct list sleepers;
	uint64_t changes; /* incremented by each join and each wake, even of no sleeper */
};

static struct bucket buckets[BUCKETS]; /* each is guarded by its lock */
/* const after boot; so that programs cannot choose words of one bucket */
static uint64_t hash_seed;

void futex_init(void)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		spin_init(&buckets[i].lock, LOCK_FUTEX);
		list_init(&buckets[i].sleepers);
	}
	random_bytes(&hash_seed, sizeof(hash_seed));
}

void futex_find_held(void)
{
	const struct futex_sleeper *sleeper;

	for (unsigned i = 0; i < BUCKETS; i++) {
		list_for_each_entry(sleeper, &buckets[i].sleepers, link)
			if (sleeper->key.object)
				object_found(sleeper->key.object);
	}
}

static struct bucket *futex_bucket(const struct memory_key *key)
{
	return &buckets[memory_key_hash(key, hash_seed) % BUCKETS];
}

/* As on Linux, even a wake requires that a shared word can be read. */
static __attribute__((noinline)) int futex_key_shared(vaddr_t at, struct memory_key *key_ret)
{
	uint32_t unused;

	return user_load_word(&unused, at) ? -EFAULT : memory_key_get(current_space(), at, key_ret);
}

inline int futex_key(struct futex_word word, struct memory_key *key_ret)
{
	if (word.shared)
		return futex_key_shared(word.at, key_ret);
	*key_ret = memory_key_private(current_space(), word.at);
	return 0;
}

/* ---- sleeping ---- */

/* Adds the sleeper. Returns false if the bucket has changed: then read the word again. */
static bool futex_sleeper_join(struct futex_sleeper *sleeper, struct bucket *bucket,
			       uint64_t changes)
{
	bool same;

	spin_lock(&bucket->lock);
	same = bucket->changes == changes;
	if (same) {
		sleeper->bucket = bucket;
		sleeper->joined = ++bucket->changes;
		list_add_tail(&bucket->sleepers, &sleeper->link);
	}
	spin_unlock(&bucket->lock);
	return same;
}

bool futex_sleeper_leave(struct futex_sleeper *sleeper)
{
	struct bucket *bucket;

	for (;;) {
		bucket = atomic_load(&sleeper->bucket);
		spin_lock(&bucket->lock);
		if (bucket == sleeper->bucket)
			break;
		spin_unlock(&bucket->lock); /* it was moved meanwhile */
	}
	if (!sleeper->woken)
		list_del(&sleeper->link);
	spin_unlock(&bucket->lock);
	return sleeper->woken;
}

inline __attribute__((always_inline)) int futex_sleeper_join_if(struct futex_sleeper *sleeper,
								vaddr_t at, uint32_t value)
{
	struct bucket *bucket = futex_bucket(&sleeper->key);
	uint64_t changes;
	int err;

	do {
		uint32_t now;

		changes = atomic_load(&bucket->changes);
		err = user_load_word(&now, at);
		if (!err && now != value)
			err = -EAGAIN;
	} while (!err && !futex_sleeper_join(sleeper, bucket, changes));
	return err;
}

static bool one_is_woken(const struct futex_sleeper *sleepers, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (atomic_load_relaxed(&sleepers[i].woken))
			return true;
	return false;
}

inline __attribute__((always_inline)) int futex_sleep(const struct futex_sleeper *sleepers,
						      unsigned n, const struct deadline *deadline)
{
	struct waitq *queue = sleepers->queue;
	int err;

	do {
		uint64_t seq = waitq_sample(queue);

		if (one_is_woken(sleepers, n))
			return 0;
		err = deadline ? thread_wait_interruptible_deadline(queue, seq, deadline)
			       : thread_wait_interruptible(queue, seq);
	} while (err == 0);
	return err;
}

int futex_wait(struct futex_word word, uint32_t value, uint32_t bits,
	       const struct deadline *deadline)
{
	struct waitq queue;
	struct futex_sleeper sleeper = { .bits = bits, .queue = &queue };
	int err = futex_key(word, &sleeper.key);

	if (err)
		return err;
	waitq_init(&queue);
	err = futex_sleeper_join_if(&sleeper, word.at, value);
	if (!err) {
		err = futex_sleep(&sleeper, 1, deadline);
		if (futex_sleeper_leave(&sleeper))
			err = 0;
	}
	memory_key_put(&sleeper.key);
	return err;
}

/* ---- waking ---- */

/* A wake or requeue request, served in batches. It applies to sleepers that joined before it. */
struct request {
	const struct memory_key *key;
	uint32_t bits;
	unsigned max_wake, max_move;
	const struct memory_key *to; /* what moved sleepers wait for; NULL: none are moved */
	struct bucket *bucket, *to_bucket;
	uint64_t until; /* the bucket's changes when it began */
	unsigned done;	/* sleepers woken and moved */
};

static bool matches(const struct request *request, const struct futex_sleeper *sleeper)
{
	return memory_key_equal(&sleeper->key, request->key) && (sleeper->bits & request->bits) &&
	       sleeper->joined <= request->until;
}

/* Call with its bucket's lock held. */
static void futex_sleeper_wake(struct futex_sleeper *sleeper)
{
	assert_hardened(spin_lock_held(&sleeper->bucket->lock));
	list_del(&sleeper->link);
	atomic_store_relaxed(&sleeper->woken, true);
	waitq_wake_all(sleeper->queue);
}

/*
 * Call with both buckets' locks held. futex_serve() puts the reference of the sleeper's old key
 * later, when no lock is held.
 */
static void futex_sleeper_move(const struct request *request, struct futex_sleeper *sleeper)
{
	assert_hardened(spin_lock_held(&request->bucket->lock) &&
			spin_lock_held(&request->to_bucket->lock));
	if (request->to->object)
		object_get(request->to->object);
	sleeper->key = *request->to;
	sleeper->joined = ++request->to_bucket->changes;
	if (request->to_bucket == request->bucket)
		return;
	list_del(&sleeper->link);
	list_add_tail(&request->to_bucket->sleepers, &sleeper->link);
	atomic_store(&sleeper->bucket, request->to_bucket);
}

static void lock_buckets(const struct request *request)
{
	if (!request->to || request->to_bucket == request->bucket)
		spin_lock(&request->bucket->lock);
	else
		spin_lock_two(&request->bucket->lock, &request->to_bucket->lock);
}

static void unlock_buckets(const struct request *request)
{
	spin_unlock(&request->bucket->lock);
	if (request->to && request->to_bucket != request->bucket)
		spin_unlock(&request->to_bucket->lock);
}

/*
 * Serves one batch, from `at` on. Returns where it stopped, or NULL if it is done. Adds the number
 * of moved sleepers to *moved_ret. Call with the buckets' locks held.
 */
static struct list *futex_serve_some(struct request *request, struct list *at, unsigned *moved_ret)
{
	struct list *end = &request->bucket->sleepers, *next;
	unsigned batch = 0, looks = 0;

	for (; at != end; at = next) {
		struct futex_sleeper *sleeper = list_entry(at, struct futex_sleeper, link);

		next = at->next;
		if (looks++ == LOOKS)
			return at;
		if (!matches(request, sleeper))
			continue;
		if (request->done >= request->max_wake + request->max_move)
			return NULL;
		if (batch++ == BATCH)
			return at;
		if (request->done++ < request->max_wake) {
			futex_sleeper_wake(sleeper);
		} else {
			futex_sleeper_move(request, sleeper);
			++*moved_ret;
		}
	}
	return NULL;
}

/*
 * Serves the other batches. A sleeper that no request is for keeps the place meanwhile. Call with
 * the buckets' locks held; they are released in between.
 */
static __attribute__((noinline)) void futex_serve_rest(struct request *request, struct list *at,
						       unsigned *moved_ret)
{
	struct futex_sleeper place = { .key = { 0 } };

	while (at) {
		list_add_tail(at, &place.link);
		unlock_buckets(request);
		lock_buckets(request);
		at = place.link.next;
		list_del(&place.link);
		at = futex_serve_some(request, at, moved_ret);
	}
}

/* Serves the request if *changes (NULL: any) is still current. Otherwise returns false at once. */
static bool futex_serve(struct request *request, const uint64_t *changes)
{
	unsigned moved = 0;
	struct list *at;

	lock_buckets(request);
	if (changes && *changes != request->bucket->changes) {
		unlock_buckets(request);
		return false;
	}
	request->until = request->bucket->changes;
	/* A thread that samples the new count sees the word that the program has stored before. */
	atomic_store(&request->bucket->changes, request->until + 1);
	at = futex_serve_some(request, request->bucket->sleepers.next, &moved);
	if (unlikely(at != NULL))
		futex_serve_rest(request, at, &moved);
	unlock_buckets(request);
	while (moved--)
		memory_key_put(request->key);
	return true;
}

/* Counts a wake without sleepers, if the bucket has none. Else returns false. */
static inline bool bucket_wake_none(struct bucket *bucket)
{
	bool none;

	spin_lock(&bucket->lock);
	none = list_empty(&bucket->sleepers);
	atomic_store(&bucket->changes, bucket->changes + none);
	spin_unlock(&bucket->lock);
	return none;
}

static __attribute__((noinline)) unsigned futex_wake_some(struct bucket *bucket,
							  const struct memory_key *key,
							  unsigned max, uint32_t bits)
{
	struct request request = {
		.key = key, .bits = bits, .max_wake = max ? max : 1, .bucket = bucket
	};

	futex_serve(&request, NULL);
	return request.done;
}

long futex_wake(struct futex_word word, unsigned max, uint32_t bits)
{
	struct memory_key key;
	struct bucket *bucket;
	unsigned woken = 0;
	int err = futex_key(word, &key);

	if (err)
		return err;
	bucket = futex_bucket(&key);
	if (!bucket_wake_none(bucket))
		woken = futex_wake_some(bucket, &key, max, bits);
	memory_key_put(&key);
	return woken;
}

/* Serves the request if the word is *value. Returns 0, -EAGAIN if it is not, or -EFAULT. */
static int futex_serve_if(struct request *request, struct futex_word word, const uint32_t *value)
{
	uint64_t changes;
	uint32_t now;

	do {
		changes = atomic_load(&request->bucket->changes);
		if (user_load_word(&now, word.at))
			return -EFAULT;
		if (now != *value)
			return -EAGAIN;
	} while (!futex_serve(request, &changes));
	return 0;
}

long futex_requeue(struct futex_word from, struct futex_word to, unsigned max_wake,
		   unsigned max_move, const uint32_t *value)
{
	struct request request = { .bits = FUTEX_BITSET_MATCH_ANY,
				   .max_wake = max_wake,
				   .max_move = max_move };
	struct memory_key from_key, to_key;
	int err = futex_key(from, &from_key);

	if (err)
		return err;
	err = futex_key(to, &to_key);
	if (err)
		goto put_from;
	request.key = &from_key;
	request.bucket = futex_bucket(&from_key);
	request.to = &to_key;
	request.to_bucket = futex_bucket(&to_key);
	if (value)
		err = futex_serve_if(&request, from, value);
	else
		futex_serve(&request, NULL);
	memory_key_put(&to_key);
put_from:
	memory_key_put(&from_key);
	return err ? err : (long)request.done;
}

/* ---- FUTEX_WAKE_OP ---- */

/* Returns the 12-bit field of `op` at `shift`, sign-extended. */
static int32_t field(uint32_t op, unsigned shift)
{
	return (int32_t)(op << (20 - shift)) >> 20;
}

/* Computes the new value. Returns 0, or -ENOSYS if there is no such operation. */
static int apply(uint32_t op, uint32_t old, uint32_t *new_ret)
{
	uint32_t kind = op >> 28, operand = (uint32_t)field(op, 12);

	if (kind & FUTEX_OP_OPARG_SHIFT)
		operand = 1u << (operand & 31);
	switch (kind & ~FUTEX_OP_OPARG_SHIFT) {
	case FUTEX_OP_SET:
		*new_ret = operand;
		return 0;
	case FUTEX_OP_ADD:
		*new_ret = old + operand;
		return 0;
	case FUTEX_OP_OR:
		*new_ret = old | operand;
		return 0;
	case FUTEX_OP_ANDN:
		*new_ret = old & ~operand;
		return 0;
	case FUTEX_OP_XOR:
		*new_ret = old ^ operand;
		return 0;
	default:
		return -ENOSYS;
	}
}

/* Compares the old value. Returns 1 or 0, or -ENOSYS if there is no such comparison. */
static int compares(uint32_t op, uint32_t value)
{
	int32_t old = (int32_t)value, with = field(op, 0);

	switch (op >> 24 & 15) {
	case FUTEX_OP_CMP_EQ:
		return old == with;
	case FUTEX_OP_CMP_NE:
		return old != with;
	case FUTEX_OP_CMP_LT:
		return old < with;
	case FUTEX_OP_CMP_LE:
		return old <= with;
	case FUTEX_OP_CMP_GT:
		return old > with;
	case FUTEX_OP_CMP_GE:
		return old >= with;
	default:
		return -ENOSYS;
	}
}

/* Changes the word atomically. Returns the comparison's result, -EFAULT or -ENOSYS. */
static int change_word(vaddr_t at, uint32_t op)
{
	uint32_t old, found, new;

	if (user_load_word(&found, at))
		return -EFAULT;
	do {
		int err = apply(op, found, &new);

		if (err)
			return err;
		old = found;
		if (user_cas_word(at, &found, new))
			return -EFAULT;
	} while (found != old);
	return compares(op, old);
}

long futex_wake_op(struct futex_word word, struct futex_word second, unsigned max, unsigned max2,
		   uint32_t op)
{
	struct memory_key key;
	long woken, woken2;
	int err = futex_key(word, &key);
	int also;

	if (err)
		return err;
	memory_key_put(&key); /* the first word exists, so the second one may be changed */
	also = change_word(second.at, op);
	if (also < 0)
		return also;
	woken = futex_wake(word, max, FUTEX_BITSET_MATCH_ANY);
	if (!also || woken < 0)
		return woken;
	woken2 = futex_wake(second, max2, FUTEX_BITSET_MATCH_ANY);
	return woken2 < 0 ? woken2 : woken + woken2;
}
