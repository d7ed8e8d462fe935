/* SPDX-License-Identifier: MIT */
/* A user: what all processes of one real user id together have of what is limited. */
#pragma once

#include "lib/list.h"
#include "lib/refcount.h"
#include "lib/types.h"
#include "mm/check/counted.h"
#include "sync/atomic.h"

struct user {
	/*
	 * Credentials, instances of inotify, one while signals are pending, and one while files are in flight. For those two of root
	 * there is none: root stays.
	 */
	struct refcount refs;
	uint32_t uid;	 /* const */
	uint64_t ntasks; /* atomic: processes, zombies too, and further threads; RLIMIT_NPROC */
	uint64_t
		sigpending; /* atomic: signals queued for them, with timers' own; RLIMIT_SIGPENDING */
	/* atomic: instances of inotify, and their watches: their limits are in linux/fs/notify/inotify.h */
	uint64_t ninstances, nwatches;
	uint64_t in_flight; /* atomic: open files that were sent and not received; RLIMIT_NOFILE */
	uint64_t mqueue;    /* atomic: bytes that message queues may take; RLIMIT_MSGQUEUE */
	struct list link;   /* guarded by users_lock */
	struct counted counted;
};

extern struct counted_kind user_kind;
extern struct user root_user; /* user 0, which is always there */

/* Returns the user of that id with a reference; NULL: no memory. May wait. */
struct user *user_find(uint32_t uid);
static inline void user_get(struct user *user)
{
	refcount_get(&user->refs);
}
/* Up to LOCK_PROCESS locks may be held. */
void user_put(struct user *user);

/*
 * The running thread is about to create a process or a thread: counts that for its user. Returns false, and counts
 * nothing, beyond RLIMIT_NPROC. As on Linux, that holds neither for user 0 nor with CAP_SYS_RESOURCE or CAP_SYS_ADMIN.
 */
bool user_add_task(void);
/* A process was reaped, a thread has ended, or neither came to be. */
static inline void user_drop_task(struct user *user)
{
	(void)atomic_add(&user->ntasks, -1ul);
}

/* Has the user more processes and threads than the running process may have, and does the limit hold for it? */
bool user_exceeds_tasks(const struct user *user);

/* Adds n to a count of a user. Returns false, and adds nothing, beyond the limit. */
static inline bool user_count_add(uint64_t *count, uint64_t n, uint64_t limit, uint64_t *before_ret)
{
	uint64_t before = atomic_load_relaxed(count);

	do {
		if (unlikely(before > limit || n > limit - before))
			return false;
	} while (!__atomic_compare_exchange_n(count, &before, before + n, true, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	*before_ret = before;
	return true;
}

/* One more signal is queued for a process of the user. Returns false, and counts nothing, beyond the limit. */
static inline bool user_add_signal(struct user *user, uint64_t limit)
{
	uint64_t before;

	if (!user_count_add(&user->sigpending, 1, limit, &before))
		return false;
	if (before == 0 && user != &root_user)
		user_get(user);
	return true;
}

/* A message queue of the user has so many more bytes. Returns false, and counts nothing, beyond the limit. */
static inline bool user_add_mqueue(struct user *user, uint64_t bytes, uint64_t limit)
{
	uint64_t before;

	if (!user_count_add(&user->mqueue, bytes, limit, &before))
		return false;
	user_get(user);
	return true;
}

static inline void user_drop_mqueue(struct user *user, uint64_t bytes)
{
	(void)atomic_add(&user->mqueue, -bytes);
	user_put(user);
}

/* They have sent so many more open files. */
static inline uint64_t user_in_flight(const struct user *user)
{
	return atomic_load_relaxed(&user->in_flight);
}

static inline void user_add_in_flight(struct user *user, uint32_t n)
{
	if (atomic_add(&user->in_flight, n) == 0 && user != &root_user)
		user_get(user);
}

static inline void user_drop_in_flight(struct user *user, uint32_t n)
{
	if (atomic_add(&user->in_flight, -(uint64_t)n) == n && user != &root_user)
		user_put(user);
}

static inline void user_drop_signal(struct user *user)
{
	if (atomic_add(&user->sigpending, -1ul) == 1 && user != &root_user)
		user_put(user);
}

/* For the ledger. */
void user_find_held(void);
