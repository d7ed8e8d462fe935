/* SPDX-License-Identifier: MIT */
/* File locks: which owner has which ranges of which file, and which threads wait for what. */
/*
 * File locks are the kernel's own in all file systems; a 9P server does not see them. They belong to
 * a file, which is identified by file->node. All open files of a file refer to the same node, and it
 * exists as long as one of them does. Each owner of a lock has the file open, so a lock ends before
 * its node.
 *
 * The locks of one owner on one file are a group of ranges. A hash table by file has the groups and
 * the waits. One mutex guards all of this. A thread that walks a long list under it can be preempted,
 * and the search for a deadlock, which goes from file to file, sees no change. The ranges of a file
 * that is closed are freed later, without the mutex.
 *
 * Locks are handed over. The thread that removes or weakens a lock also sets the locks that waited
 * for it, in the order in which they came. No other thread can take the range in between. The memory
 * that such a lock needs is therefore allocated before its thread waits.
 */
#include "linux/fs/file/lock.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "base/random.h"
#include "desc/file.h"
#include "lib/bits.h"
#include "linux/fs/vfs/inode.h"
#include "linux/fs/vfs/mount.h"
#include "mm/swap/relieve.h"
#include "proc/mutex.h"
#include "proc/wait.h"

#define BUCKETS 256

/* Guarded by locks_mutex. */
struct lock_group {
	struct list link; /* in its bucket: the oldest group first */
	const void *key;  /* the file */
	struct lock_owner *owner;
	enum file_lock_kind kind;
	int pid;		   /* of the process that set it */
	uint64_t dev, ino;	   /* the file's */
	struct lock_ranges ranges; /* never empty */
};

/* Memory that a change may need, and what it left over. Private to the thread that makes the change. */
struct lock_prealloc {
	struct lock_spares spares;
	struct list groups;
	uint64_t dev, ino; /* of the file, for a group */
};

/* On the stack of its thread, which takes the mutex before it goes on. Guarded by locks_mutex. */
struct lock_wait {
	struct list link; /* in its bucket: the oldest wait first */
	const void *key;
	const struct file_lock *lock;
	struct lock_prealloc *prealloc;
	/* The process that has the first lock in the way; NULL: an open file has it. */
	struct lock_owner *blocker;
	struct lock_wait *earlier; /* of another thread with the same owner; or NULL */
	struct waitq queue;
	bool done;
	int result; /* once it is done */
};

/* Guarded by locks_mutex. */
struct bucket {
	struct list groups, waits;
};

/* Guards all that follows, and the fields of all owners. */
static struct mutex locks_mutex;
/* guarded by locks_mutex: */
static struct bucket buckets[BUCKETS];
static size_t nranges; /* of all groups */
static size_t nwaits;  /* of processes */

static uint64_t hash_seed; /* const after boot */

static SLAB_CACHE(range_cache, struct lock_range);
static SLAB_CACHE(group_cache, struct lock_group);

void file_locks_init(void)
{
	mutex_init(&locks_mutex, LOCK_FILE_LOCKS);
	for (unsigned i = 0; i < BUCKETS; i++) {
		list_init(&buckets[i].groups);
		list_init(&buckets[i].waits);
	}
	random_bytes(&hash_seed, sizeof(hash_seed));
}

/* Whatever has no node of its own is a file of its own. */
static const void *file_lock_key(const struct file *file)
{
	return file->node ?: (const void *)file;
}

static struct bucket *file_lock_bucket(const void *key)
{
	uint64_t z = (uint64_t)(uintptr_t)key ^ hash_seed;

	/* the finalizer of splitmix64 */
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return &buckets[(z ^ z >> 31) % BUCKETS];
}

/* Gets what there is memory for: whether it is enough is seen when it is known what is needed. */
static void lock_prealloc_get(struct lock_prealloc *prealloc, const struct file_lock *lock)
{
	bool is_all = lock->start == 0 && lock->end == LOCK_RANGE_END;
	struct lock_group *group;

	lock_spares_init(&prealloc->spares);
	list_init(&prealloc->groups);
	if (lock->type == F_UNLCK && is_all)
		return;
	for (unsigned i = 0; i < LOCK_SPARES_MAX; i++) {
		struct lock_range *range = slab_alloc_wait(&range_cache);

		if (!range)
			return;
		lock_spares_add(&prealloc->spares, range);
	}
	group = slab_alloc_wait(&group_cache);
	if (group)
		list_add(&prealloc->groups, &group->link);
}

static void lock_prealloc_free(struct lock_prealloc *prealloc)
{
	struct lock_group *group, *next;
	struct lock_range *range;

	while ((range = lock_spares_take(&prealloc->spares)))
		slab_free(&range_cache, range);
	list_for_each_entry_safe(group, next, &prealloc->groups, link)
		slab_free(&group_cache, group);
}

static bool excludes_kind(enum file_lock_kind a, enum file_lock_kind b)
{
	return (a == FILE_LOCK_WHOLE) == (b == FILE_LOCK_WHOLE);
}

/* Returns the group with the first lock in the way, and that range; or NULL. */
static struct lock_group *conflict_locked(const void *key, const struct file_lock *lock,
					  const struct lock_range **range_ret)
{
	struct bucket *bucket = file_lock_bucket(key);
	struct lock_group *group;

	assert_hardened(mutex_held(&locks_mutex));
	list_for_each_entry(group, &bucket->groups, link) {
		const struct lock_range *range;

		if (group->key != key || group->owner == lock->owner ||
		    !excludes_kind(group->kind, lock->kind))
			continue;
		range = lock_ranges_find(&group->ranges, lock->start, lock->end,
					 lock->type == F_WRLCK);
		if (range) {
			*range_ret = range;
			return group;
		}
	}
	return NULL;
}

static struct lock_group *group_find_locked(const void *key, const struct lock_owner *owner,
					    enum file_lock_kind kind)
{
	struct bucket *bucket = file_lock_bucket(key);
	struct lock_group *group;

	assert_hardened(mutex_held(&locks_mutex));
	list_for_each_entry(group, &bucket->groups, link)
		if (group->key == key && group->owner == owner && group->kind == kind)
			return group;
	return NULL;
}

/* Returns the owner's group, or an empty one that was preallocated, or NULL. */
static struct lock_group *group_get_locked(const void *key, const struct file_lock *lock,
					   struct lock_prealloc *prealloc)
{
	struct lock_group *group = group_find_locked(key, lock->owner, lock->kind);
	struct list *link;

	assert_hardened(mutex_held(&locks_mutex));
	if (group)
		return group;
	link = list_pop(&prealloc->groups);
	if (!link)
		return NULL;
	group = list_entry(link, struct lock_group, link);
	*group = (struct lock_group){
		.key = key,
		.owner = lock->owner,
		.kind = lock->kind,
		.pid = lock->pid,
		.dev = prealloc->dev,
		.ino = prealloc->ino,
	};
	lock_ranges_init(&group->ranges);
	list_add_tail(&file_lock_bucket(key)->groups, &group->link);
	return group;
}

/* A group that has become empty goes. */
static void group_settle_locked(struct lock_group *group, struct lock_prealloc *prealloc)
{
	assert_hardened(mutex_held(&locks_mutex));
	if (group->ranges.count != 0)
		return;
	list_del(&group->link);
	list_add(&prealloc->groups, &group->link);
}

size_t file_locks_most(void)
{
	return page_alloc_total_count();
}

/* How many ranges an owner and all together may still get. */
static uint32_t room_locked(const struct lock_owner *owner)
{
	size_t most = file_locks_most(), own = most / FILE_LOCKS_OWN_PART;
	size_t room = nranges < most ? most - nranges : 0;

	assert_hardened(mutex_held(&locks_mutex));
	return (uint32_t)MIN(room, own - MIN((size_t)owner->count, own));
}

/* The owner has so many ranges now. Those of a page or more count as memory that its process has, if the kernel looks for some. */
static void owner_count_locked(struct lock_owner *owner, uint32_t count)
{
	bool was = file_locks_pages(owner) != 0, is;

	assert_hardened(mutex_held(&locks_mutex));
	atomic_store_relaxed(&owner->count, count);
	is = file_locks_pages(owner) != 0;
	if (was != is)
		counter_add(&file_nholders, is ? 1 : -1ul);
}

/* Sets what nothing is in the way of. Returns 0, or -ENOLCK: then nothing has changed. */
static int set_locked(const void *key, const struct file_lock *lock, struct lock_prealloc *prealloc)
{
	bool removes = lock->type == F_UNLCK;
	struct lock_group *group = removes ? group_find_locked(key, lock->owner, lock->kind)
					   : group_get_locked(key, lock, prealloc);
	uint32_t before;
	int err;

	assert_hardened(mutex_held(&locks_mutex));
	if (!group)
		return removes ? 0 : -ENOLCK;
	before = group->ranges.count;
	err = lock_ranges_set(&group->ranges, lock->type, lock->start, lock->end,
			      before + room_locked(lock->owner), &prealloc->spares);
	owner_count_locked(lock->owner, lock->owner->count + group->ranges.count - before);
	nranges += group->ranges.count;
	nranges -= before;
	group_settle_locked(group, prealloc);
	return err;
}

/*
 * Does a process that waits for `blocker` wait for itself? As on Linux, of all locks in a process's
 * way only the first is followed: once that is gone, the wait is looked at again, with the next one.
 * Of threads that share a table and wait, the latest is followed. When it goes, the search may come
 * to a ring without `owner`, which is not found before one of its waits is looked at again; so it ends
 * after as many steps as there are waits.
 */
static bool deadlocks_locked(const struct lock_owner *owner, const struct lock_owner *blocker)
{
	assert_hardened(mutex_held(&locks_mutex));
	for (size_t i = 0; i < nwaits && blocker && blocker != owner; i++)
		blocker = blocker->waits ? blocker->waits->blocker : NULL;
	return blocker == owner;
}

/*
 * Returns what is to become of a wait: 0 if nothing is in the way of its lock, -EAGAIN if it goes on,
 * -EDEADLK if that would be for ever.
 */
static int wait_look_locked(struct lock_wait *wait)
{
	const struct lock_range *range;
	struct lock_group *group = conflict_locked(wait->key, wait->lock, &range);

	assert_hardened(mutex_held(&locks_mutex));
	if (!group)
		return 0;
	wait->blocker = group->kind == FILE_LOCK_PROCESS ? group->owner : NULL;
	if (wait->lock->kind != FILE_LOCK_PROCESS)
		return -EAGAIN;
	return deadlocks_locked(wait->lock->owner, wait->blocker) ? -EDEADLK : -EAGAIN;
}

static void wait_begin_locked(struct lock_wait *wait)
{
	assert_hardened(mutex_held(&locks_mutex));
	list_add_tail(&file_lock_bucket(wait->key)->waits, &wait->link);
	if (wait->lock->kind != FILE_LOCK_PROCESS)
		return;
	wait->earlier = wait->lock->owner->waits;
	wait->lock->owner->waits = wait;
	nwaits++;
}

static void wait_end_locked(struct lock_wait *wait)
{
	struct lock_wait **at;

	assert_hardened(mutex_held(&locks_mutex));
	list_del(&wait->link);
	if (wait->lock->kind != FILE_LOCK_PROCESS)
		return;
	for (at = &wait->lock->owner->waits; *at != wait; at = &(*at)->earlier)
		;
	*at = wait->earlier;
	nwaits--;
}

/* Ends the waits that can end, in their order. Returns whether a lock was set. */
static bool hand_over_locked(const void *key)
{
	struct bucket *bucket = file_lock_bucket(key);
	struct lock_wait *wait, *next;
	bool any = false;

	assert_hardened(mutex_held(&locks_mutex));
	list_for_each_entry_safe(wait, next, &bucket->waits, link) {
		int err;

		if (wait->key != key)
			continue;
		err = wait_look_locked(wait);
		if (err == -EAGAIN)
			continue;
		if (!err)
			err = set_locked(key, wait->lock, wait->prealloc);
		any |= !err;
		wait_end_locked(wait);
		wait->result = err;
		wait->done = true;
		waitq_wake_all(&wait->queue);
	}
	return any;
}

/*
 * Locks of the file are gone or have been weakened. A lock that is set now may replace a stronger one
 * of its owner: then others can go on.
 */
static void weakened_locked(const void *key)
{
	assert_hardened(mutex_held(&locks_mutex));
	while (hand_over_locked(key))
		;
}

/* Sleeps until the wait has ended. Takes the mutex from the caller, and gives it back. */
static int wait_sleep(struct lock_wait *wait)
{
	int err = 0;

	while (!err && !wait->done) {
		uint64_t seq = waitq_sample(&wait->queue);

		mutex_unlock(&locks_mutex);
		err = thread_wait_interruptible(&wait->queue, seq);
		mutex_lock(&locks_mutex);
	}
	if (wait->done)
		return wait->result;
	wait_end_locked(wait);
	return err;
}

/* With flock, what is there goes first, whether or not the other comes. */
static bool convert_locked(const void *key, const struct file_lock *lock,
			   struct lock_prealloc *prealloc)
{
	struct lock_group *group = group_find_locked(key, lock->owner, lock->kind);
	struct file_lock none = *lock;

	assert_hardened(mutex_held(&locks_mutex));
	none.type = F_UNLCK;
	if (group && lock_ranges_find(&group->ranges, 0, LOCK_RANGE_END, true)->type == lock->type)
		return false;
	if (group)
		(void)set_locked(key, &none, prealloc);
	return true;
}

/* Finds the numbers by which /proc/locks names the file. */
static void name_file(struct file *file, uint64_t *dev_ret, uint64_t *ino_ret)
{
	struct abi_stat st = { 0 };

	if (file->ops->has_inode) {
		const struct inode *inode = file_inode(file);

		st.dev = inode->mount ? inode->mount->dev : DEV_ANON;
		st.ino = inode->ino;
	} else if (file->ops->stat) {
		(void)file->ops->stat(file, &st);
	}
	*dev_ret = st.dev;
	*ino_ret = st.ino;
}

int file_lock_set(struct file *file, const struct file_lock *lock, bool wait)
{
	struct lock_prealloc prealloc;
	struct lock_wait self = { .key = file_lock_key(file), .lock = lock, .prealloc = &prealloc };
	bool had_some;
	int err = 0;

	waitq_init(&self.queue);
	lock_prealloc_get(&prealloc, lock);
	name_file(file, &prealloc.dev, &prealloc.ino);
	mutex_lock(&locks_mutex);
	had_some = lock->owner->count != 0;
	if (lock->kind == FILE_LOCK_WHOLE && !convert_locked(self.key, lock, &prealloc))
		goto unlock;
	if (lock->type != F_UNLCK)
		err = wait_look_locked(&self);
	if (err == -EDEADLK && !wait)
		err = -EAGAIN;
	if (!err)
		err = set_locked(self.key, lock, &prealloc);
	else if (err == -EAGAIN && wait)
		wait_begin_locked(&self);
	if (had_some)
		weakened_locked(self.key);
	if (err == -EAGAIN && wait)
		err = wait_sleep(&self);
unlock:
	mutex_unlock(&locks_mutex);
	lock_prealloc_free(&prealloc);
	return err;
}

/* What the owner itself has there, for F_UNLCK. */
static struct lock_group *own_locked(const void *key, const struct file_lock *lock,
				     const struct lock_range **range_ret)
{
	struct lock_group *group = group_find_locked(key, lock->owner, lock->kind);

	assert_hardened(mutex_held(&locks_mutex));
	if (group)
		*range_ret = lock_ranges_find(&group->ranges, lock->start, lock->end, true);
	return group && *range_ret ? group : NULL;
}

bool file_lock_find(struct file *file, struct file_lock *lock)
{
	const struct lock_range *range;
	struct lock_group *group;

	mutex_lock(&locks_mutex);
	group = lock->type == F_UNLCK ? own_locked(file_lock_key(file), lock, &range)
				      : conflict_locked(file_lock_key(file), lock, &range);
	if (group)
		*lock = (struct file_lock){
			.kind = group->kind,
			.type = range->type,
			.start = range->start,
			.end = range->end,
			.owner = group->owner,
			.pid = group->pid,
		};
	mutex_unlock(&locks_mutex);
	return group;
}

void file_locks_drop(struct file *file, struct lock_owner *owner)
{
	const void *key = file_lock_key(file);
	struct lock_prealloc prealloc;
	struct file_lock all = { .type = F_UNLCK, .end = LOCK_RANGE_END, .owner = owner };

	lock_prealloc_get(&prealloc, &all);
	mutex_lock(&locks_mutex);
	for (all.kind = FILE_LOCK_PROCESS; all.kind <= FILE_LOCK_WHOLE; all.kind++)
		(void)set_locked(key, &all, &prealloc);
	weakened_locked(key);
	mutex_unlock(&locks_mutex);
	lock_prealloc_free(&prealloc);
}

/* ---- /proc/locks ---- */

/*
 * A cursor says where in the table the next line begins: at the n-th wait for the n-th range of the n-th group of a bucket,
 * and which number the lock of the line has. What has no room in it is not listed.
 */
#define CURSOR_WAITS  1023u
#define CURSOR_RANGES 2047u
#define CURSOR_GROUPS ((1u << 18) - 1)
#define CURSOR_IDS    ((1u << 17) - 1)

_Static_assert(BUCKETS <= 256, "a cursor has room");

struct place {
	unsigned bucket, group, range, wait, id;
};

static struct place lock_place_of(uint64_t cursor)
{
	return (struct place){
		.wait = cursor & CURSOR_WAITS,
		.range = cursor >> 10 & CURSOR_RANGES,
		.group = cursor >> 21 & CURSOR_GROUPS,
		.id = cursor >> 39 & CURSOR_IDS,
		.bucket = (unsigned)(cursor >> 56),
	};
}

static uint64_t place_to_cursor(const struct place *place)
{
	return (uint64_t)MIN(place->wait, CURSOR_WAITS) |
	       (uint64_t)MIN(place->range, CURSOR_RANGES) << 10 |
	       (uint64_t)MIN(place->group, CURSOR_GROUPS) << 21 |
	       (uint64_t)MIN(place->id, CURSOR_IDS) << 39 | (uint64_t)place->bucket << 56;
}

static struct lock_group *group_at_locked(const struct place *place)
{
	struct lock_group *group;
	unsigned n = place->group;

	assert_hardened(mutex_held(&locks_mutex));
	if (n >= CURSOR_GROUPS)
		return NULL;
	list_for_each_entry(group, &buckets[place->bucket].groups, link)
		if (n-- == 0)
			return group;
	return NULL;
}

static const struct lock_range *lock_range_at(const struct lock_group *group, unsigned n)
{
	const struct lock_range *range = NULL;

	do
		range = lock_ranges_next(&group->ranges, range);
	while (range && n-- != 0);
	return range;
}

/* Returns the n-th of the waits for which this range is the first in the way, or NULL. */
static const struct lock_wait *wait_at_locked(const struct place *place,
					      const struct lock_range *range, unsigned n)
{
	const struct lock_range *first;
	struct lock_wait *wait;

	assert_hardened(mutex_held(&locks_mutex));
	list_for_each_entry(wait, &buckets[place->bucket].waits, link)
		if (conflict_locked(wait->key, wait->lock, &first) && first == range && n-- == 0)
			return wait;
	return NULL;
}

/* Fills in the line, and moves behind it. Returns false if there is none in this place. */
static bool line_at_locked(struct place *place, const struct lock_group *group,
			   struct file_lock_line *ret)
{
	const struct lock_range *range =
		place->range < CURSOR_RANGES ? lock_range_at(group, place->range) : NULL;
	const struct lock_wait *wait = NULL;

	assert_hardened(mutex_held(&locks_mutex));
	if (range && place->wait != 0 && place->wait < CURSOR_WAITS)
		wait = wait_at_locked(place, range, place->wait - 1);
	if (!range || (place->wait != 0 && !wait))
		return false;
	place->id += place->wait == 0;
	place->wait++;
	*ret = (struct file_lock_line){
		.id = place->id,
		.waits = wait,
		.dev = group->dev,
		.ino = group->ino,
		.lock = { .kind = group->kind,
			  .type = range->type,
			  .start = range->start,
			  .end = range->end,
			  .pid = group->pid },
	};
	if (wait)
		ret->lock = *wait->lock;
	return true;
}

int file_lock_next(uint64_t *cursor, struct file_lock_line *ret)
{
	struct place place = lock_place_of(*cursor);
	const struct lock_group *group;
	bool found = false;

	mutex_lock(&locks_mutex);
	while (!found && place.bucket < BUCKETS) {
		group = group_at_locked(&place);
		if (!group) {
			place = (struct place){ .bucket = place.bucket + 1, .id = place.id };
			continue;
		}
		found = line_at_locked(&place, group, ret);
		if (!found && place.wait != 0) {
			place.wait = 0;
			place.range++;
		} else if (!found) {
			place.range = 0;
			place.group++;
		}
	}
	mutex_unlock(&locks_mutex);
	if (!found)
		return -ENODATA;
	*cursor = place_to_cursor(&place);
	return 0;
}
