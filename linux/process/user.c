/* SPDX-License-Identifier: MIT */
/* The users that have processes, by their real ids, and the limits that all their processes share. */
#include "linux/process/user.h"

#include "linux/process/cred.h"
#include "linux/process/limits.h"
#include "linux/process/task.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "sync/spinlock.h"

#define USER_BUCKETS 64

static const char *user_what(const void *user)
{
	return ((const struct user *)user)->uid == 0 ? "root" : "another user";
}

COUNTED_KIND(user_kind, "users", struct user, user_what);

static struct spinlock users_lock = SPINLOCK_INIT(LOCK_USERS);
/* Without root; heads are initialized at first use. Guarded by users_lock. */
static struct list users[USER_BUCKETS];

/* The credentials that have it are init_cred; the task is process 1. Atomic. */
struct user root_user = { .refs = REFCOUNT_INIT(1), .ntasks = 1 };

static struct list *user_bucket(uint32_t uid)
{
	struct list *head = &users[uid % USER_BUCKETS];

	if (!head->next)
		list_init(head);
	return head;
}

/* Returns the user with a reference, or NULL. Call with users_lock held. */
static struct user *user_find_locked(uint32_t uid)
{
	struct user *user;

	assert_hardened(spin_lock_held(&users_lock));
	list_for_each_entry(user, user_bucket(uid), link)
		if (user->uid == uid && refcount_get_unless_zero(&user->refs))
			return user;
	return NULL;
}

static struct user *user_find_known(uint32_t uid)
{
	struct user *user;

	spin_lock(&users_lock);
	user = user_find_locked(uid);
	spin_unlock(&users_lock);
	return user;
}

struct user *user_find(uint32_t uid)
{
	struct user *fresh, *user;

	if (uid == 0) {
		user_get(&root_user);
		return &root_user;
	}
	user = user_find_known(uid);
	if (user)
		return user;
	fresh = mem_wait_kmalloc(sizeof(*fresh));
	if (!fresh)
		return NULL;
	*fresh = (struct user){ .refs = REFCOUNT_INIT(1), .uid = uid };
	spin_lock(&users_lock);
	user = user_find_locked(uid); /* another thread may have made it meanwhile */
	if (!user)
		list_add(user_bucket(uid), &fresh->link);
	spin_unlock(&users_lock);
	if (user) {
		kfree(fresh);
		return user;
	}
	counted_begin(&user_kind, &fresh->counted, &fresh->refs.n);
	return fresh;
}

/*
 * Between the last reference and the lock another thread may create a user of the same id. Nothing is lost: every process,
 * signal, watch and queue that is counted has a reference, so the counts of this user are 0.
 */
void user_put(struct user *user)
{
	if (!refcount_put(&user->refs))
		return;
	spin_lock(&users_lock);
	list_del(&user->link);
	spin_unlock(&users_lock);
	counted_end(&user->counted);
	kfree(user);
}

static bool user_is_over(const struct user *user)
{
	return atomic_load_relaxed(&user->ntasks) > process_own_limit(RLIMIT_NPROC);
}

bool user_add_task(void)
{
	struct user *user = current_task()->real_cred->user;

	(void)atomic_add(&user->ntasks, 1);
	if (likely(user == &root_user || !user_is_over(user)) || capable(CAP_SYS_RESOURCE) ||
	    capable(CAP_SYS_ADMIN))
		return true;
	user_drop_task(user);
	return false;
}

bool user_exceeds_tasks(const struct user *user)
{
	return user != &root_user && user_is_over(user);
}

void user_find_held(void)
{
	struct user *user;

	for (unsigned i = 0; i < USER_BUCKETS; i++)
		list_for_each_entry(user, user_bucket(i), link)
			for (unsigned n = (user->sigpending != 0) + (user->in_flight != 0); n > 0;
			     n--)
				counted_found(&user->counted);
}
