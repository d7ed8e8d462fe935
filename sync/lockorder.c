/* SPDX-License-Identifier: MIT */
/* Checks, whenever a lock is taken, that the lock order is kept (hardened build). */
#include "sync/lockorder.h"

#include "lib/assert.h"
#include "lib/bits.h"
#include "sync/interleave.h"
#include "sync/preempt.h"

static const char *const class_names[LOCK_CLASSES] = {
	[LOCK_NONE] = "unchecked",
	[LOCK_EPOLL] = "epoll",
	[LOCK_PIPE] = "pipe",
	[LOCK_FILE_OFFSET] = "file offset",
	[LOCK_DIRECTORY] = "directory",
	[LOCK_INODE] = "inode",
	[LOCK_VISIT] = "visit",
	[LOCK_MMAP] = "mmap",
	[LOCK_SYSV] = "System V IPC",
	[LOCK_UIO] = "driver's device",
	[LOCK_NAMING] = "naming",
	[LOCK_FILE_LOCKS] = "file locks",
	[LOCK_WATCHES] = "watches",
	[LOCK_IN_FLIGHT] = "files in flight",
	[LOCK_ASYNC] = "signals of files",
	[LOCK_NOTIFY] = "inotify",
	[LOCK_PROCESS_TREE] = "process tree",
	[LOCK_PROCESS] = "process",
	[LOCK_SIGHAND] = "signal actions",
	[LOCK_USERS] = "users",
	[LOCK_FILES] = "descriptor table",
	[LOCK_FS] = "file system",
	[LOCK_FUTEX] = "futex",
	[LOCK_FUTEX_PI] = "futex_pi",
	[LOCK_ENDPOINT] = "endpoint",
	[LOCK_HAND] = "hand of reclaim",
	[LOCK_SPACES] = "list of spaces",
	[LOCK_SPACE] = "space",
	[LOCK_USERFAULT] = "userfault",
	[LOCK_OBJECT] = "object",
	[LOCK_PAGE_CACHE] = "page cache",
	[LOCK_SWAP_CACHE] = "swap cache",
	[LOCK_KMAP] = "kernel mappings",
	[LOCK_SLAB] = "slab",
	[LOCK_RESERVATION] = "reservations",
	[LOCK_PAGE_ALLOC] = "page allocator",
	[LOCK_FRAME_CACHE] = "frame cache",
	[LOCK_DISK] = "disk",
	[LOCK_MUTEX] = "mutex",
	[LOCK_DEVICE] = "device",
	[LOCK_WALL_CLOCK] = "wall clock",
	[LOCK_WAITQ] = "wait queue",
	[LOCK_READY] = "ready events",
	[LOCK_POLL] = "poller",
	[LOCK_LOAN] = "loan",
	[LOCK_RUNQ] = "run queue",
	[LOCK_TIMERQ] = "timer queue",
	[LOCK_ASID] = "ASID",
	[LOCK_JOURNAL] = "journal",
	[LOCK_LOG] = "log",
	[LOCK_CONSOLE] = "console",
};

const char *lock_class_name(enum lock_class class)
{
	return class < LOCK_CLASSES ? class_names[class] : "no class";
}

#ifdef FAULTLINE_HARDENED

void (*interleave_hook)(enum interleave_kind kind, enum lock_class class, void *what);

/* Returns the lock's index in held[], or depth if it is not held. */
static UNCHECKED unsigned lockorder_index(const struct lockorder *order, const void *lock)
{
	unsigned i = 0;

	while (i < order->depth && order->held[i].lock != lock)
		i++;
	return i;
}

static UNCHECKED void lockorder_check(const struct lockorder_held *held, const void *lock,
				      enum lock_class class, bool nested)
{
	if (held->lock == lock)
		panic("lock order: %s lock %p taken twice", lock_class_name(class), lock);
	if (held->class < class || nested)
		return;
	if (held->class == class && held->lock < lock)
		return;
	panic("lock order: %s lock %p taken while %s lock %p is held", lock_class_name(class), lock,
	      lock_class_name(held->class), held->lock);
}

/*
 * Compares the new lock with all locks that are held, not just with the last one: locks may be
 * dropped in any order, and a nested lock may lie below its sibling. `nested` excuses locks of the
 * same class only.
 */
static UNCHECKED void lockorder_push(struct lockorder *order, const void *lock,
				     enum lock_class class, bool nested)
{
	struct lockorder_held *entry;

	for (unsigned i = 0; i < order->depth; i++) {
		const struct lockorder_held *held = &order->held[i];

		lockorder_check(held, lock, class, nested && held->class == class);
	}
	if (order->depth == LOCKORDER_DEPTH)
		panic("lock order: more than %d locks held", LOCKORDER_DEPTH);
	entry = &order->held[order->depth++];
	preempt_barrier();
	entry->class = class;
	entry->lock = lock;
}

static UNCHECKED void lockorder_pop(struct lockorder *order, const void *lock)
{
	unsigned i = lockorder_index(order, lock);

	if (i == order->depth)
		panic("lock order: lock %p released but not held here", lock);
	for (; i < order->depth - 1; i++)
		order->held[i] = order->held[i + 1];
	order->held[i] = (struct lockorder_held){ 0 };
	preempt_barrier();
	order->depth--;
}

/*
 * The hart's record changes with interrupts on, for which the caller's thread keeps its hart. A handler
 * that comes in between takes locks of its own above those that are recorded, and leaves the record as
 * it was: so an entry counts before it is written, and is zeros again before it does not count any more.
 */
UNCHECKED void lockorder_take(const void *lock, enum lock_class class, bool nested)
{
	struct lockorder *order = lockorder_this_hart();

	if (order != NULL && class != LOCK_NONE) {
		assert(class > LOCK_LAST_WAITING && class < LOCK_CLASSES);
		lockorder_push(order, lock, class, nested);
	}
}

UNCHECKED void lockorder_drop(const void *lock, enum lock_class class)
{
	struct lockorder *order = lockorder_this_hart();

	if (order != NULL && class != LOCK_NONE)
		lockorder_pop(order, lock);
}

bool lockorder_holds(const void *lock)
{
	struct lockorder *order = lockorder_this_hart();

	return order == NULL || lockorder_index(order, lock) < order->depth;
}

void lockorder_take_waiting(struct lockorder *owner, const void *lock, enum lock_class class,
			    bool nested)
{
	assert(class > LOCK_NONE && class <= LOCK_LAST_WAITING);
	lockorder_assert_none_spinning();
	lockorder_push(owner, lock, class, nested);
}

void lockorder_drop_waiting(struct lockorder *owner, const void *lock)
{
	lockorder_pop(owner, lock);
}

bool lockorder_holds_waiting(const struct lockorder *owner, const void *lock)
{
	return lockorder_index(owner, lock) < owner->depth;
}

static void lockorder_assert_empty(const struct lockorder *order, const char *when)
{
	if (order->depth > 0)
		panic("lock order: %s with %s lock %p held", when,
		      lock_class_name(order->held[order->depth - 1].class),
		      order->held[order->depth - 1].lock);
}

void lockorder_assert_none_spinning(void)
{
	struct lockorder *order = lockorder_this_hart();

	if (order != NULL)
		lockorder_assert_empty(order, "sleep or user access");
}

void lockorder_assert_none_waiting(const struct lockorder *owner)
{
	lockorder_assert_empty(owner, "end or return to user mode");
}

#endif
