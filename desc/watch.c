/* SPDX-License-Identifier: MIT */
/* Watches of sets of epoll: how a file's queue makes one ready, and how it gets back onto the queue. */
/*
 * Waking is bounded: a file may be watched by thousands of sets, each of which others watch. Of the
 * waiters of a queue, a few are woken under one hold of its lock (sync/waitq.c). In an interrupt, the last
 * of these is to wake the others. A watch has no thread. It notes the others in `passes`, and the thread
 * `epoll`, or a thread that looks at a set before, wakes them. So it is with those that poll or watch its own
 * set. So waking a watch takes the same time, however many there are.
 */
#include "desc/watch.h"

#include "abi/errno.h"
#include "desc/epoll.h"
#include "mm/phys/slab.h"
#include "mm/swap/relieve.h"
#include "proc/kthread.h"
#include "proc/wait.h"

struct mutex watches_lock;

SLAB_CACHE(watch_cache, struct watch);

static const char *watch_state(const void *it)
{
	return ((const struct watch *)it)->here ? "of a file" : "of no file";
}

COUNTED_KIND(watch_kind, "watch", struct watch, watch_state);

/* A watch has no count of references: its one owner is its set, or the call that adds or removes it. */
static const uint32_t one_holder = 1;

static struct spinlock passes_lock = SPINLOCK_INIT(LOCK_READY);
static struct list passes = LIST_INIT(passes); /* under passes_lock: watches that have some */
static struct waitq passes_come = WAITQ_INIT(passes_come);
uint64_t watches_npassing;

/* ---- waking ---- */

/* Returns where to keep what is left of a queue: of the file, which has at most POLL_QUEUES, or the set's. */
static struct pass *pass_find(struct watch *watch, const struct waitq *queue)
{
	unsigned i = 0;

	while (i < PASSES - 1 && watch->passes[i].queue != queue)
		i++;
	if (watch->passes[i].queue == queue)
		return &watch->passes[i];
	for (i = 0; watch->passes[i].queue; i++)
		assert(i + 1 < PASSES);
	return &watch->passes[i];
}

/* Records that other threads must be woken after the watch. Call with the lock of the file's queue held. */
static void pass_leave(struct watch *watch, struct pass pass)
{
	bool first;

	spin_lock_irqoff(&passes_lock);
	first = list_empty(&passes);
	*pass_find(watch, pass.queue) = pass;
	if (list_empty(&watch->passing)) {
		list_add_tail(&passes, &watch->passing);
		counter_add(&watches_npassing, 1);
	}
	spin_unlock_irqoff(&passes_lock);
	if (first)
		waitq_wake_all(&passes_come);
}

/* Call with ready_lock held. Returns whether the watch wants anything. */
static bool become_ready_locked(struct watch *watch)
{
	assert_hardened(spin_lock_held(&watch->set->ready_lock));
	if (!(watch->events & ~WATCH_FLAGS))
		return false; /* EPOLLONESHOT, and it has had its shot */
	if (list_empty(&watch->ready))
		list_add_tail(&watch->set->ready, &watch->ready);
	return true;
}

/* Called with the lock of the file's queue held, and the watch off the queue. */
static void wake_watch(struct waiter *waiter)
{
	struct watch *watch = container_of(waiter, struct poll_waiter, waiter)->owner;
	struct epoll *set = watch->set;
	uint64_t seq;
	bool wanted;

	atomic_store_relaxed(&watch->armed, false); /* before it is found ready */
	spin_lock_irqoff(&set->ready_lock);
	wanted = become_ready_locked(watch);
	spin_unlock_irqoff(&set->ready_lock);
	if (wanted) {
		bool sleeps = waitq_wake_one(&set->sleepers);

		waiter->took = waiter->exclusive && sleeps;
		if (waitq_wake_later(&set->pollable, &seq))
			pass_leave(watch, (struct pass){ .queue = &set->pollable, .seq = seq });
	}
	if (waiter->successor) {
		pass_leave(watch, (struct pass){ .queue = waiter->queue,
						 .seq = waiter->seq,
						 .was_taken = waiter->was_taken });
		waiter->successor = false;
	}
}

void watch_is_ready(struct watch *watch)
{
	struct epoll *set = watch->set;
	unsigned long flags = spin_lock_irqsave(&set->ready_lock);
	bool wanted = become_ready_locked(watch);

	spin_unlock_irqrestore(&set->ready_lock, flags);
	if (!wanted)
		return;
	waitq_wake_one(&set->sleepers);
	waitq_wake_all(&set->pollable);
}

/* ---- passing on ---- */

/* Takes what is left to a watch, or to the first one if that is NULL. Returns false if there is nothing. */
static bool passes_take(struct watch *watch, struct pass taken[PASSES])
{
	unsigned long flags = spin_lock_irqsave(&passes_lock);

	if (!watch && !list_empty(&passes))
		watch = list_entry(passes.next, struct watch, passing);
	if (watch && list_empty(&watch->passing))
		watch = NULL;
	if (watch) {
		list_del(&watch->passing);
		for (unsigned i = 0; i < PASSES; i++) {
			taken[i] = watch->passes[i];
			watch->passes[i].queue = NULL;
		}
	}
	spin_unlock_irqrestore(&passes_lock, flags);
	return watch != NULL;
}

/* The queues exist as long as the watch is in its set. Call with watches_lock held. */
static bool pass_on_locked(struct watch *watch)
{
	struct pass taken[PASSES];

	assert_hardened(mutex_held(&watches_lock));
	if (!passes_take(watch, taken))
		return false;
	for (unsigned i = 0; i < PASSES; i++)
		if (taken[i].queue)
			waitq_wake_rest(taken[i].queue, taken[i].seq, taken[i].was_taken);
	counter_add(&watches_npassing, -1ul);
	return true;
}

void watches_pass_on_all(void)
{
	bool any;

	do {
		mutex_lock(&watches_lock);
		any = pass_on_locked(NULL);
		mutex_unlock(&watches_lock);
	} while (any);
}

static void passing_main(void *unused)
{
	(void)unused;
	for (;;) {
		uint64_t seq = waitq_sample(&passes_come);

		watches_pass_on_all();
		thread_wait_always(&passes_come, seq);
	}
}

int epoll_start(void)
{
	mutex_init(&watches_lock, LOCK_WATCHES);
	spin_init(&passes_come.lock, LOCK_POLL);
	return kthread_spawn("epoll", passing_main, NULL) ? 0 : -ENOMEM;
}

/* ---- looking ---- */

/* First onto the queues, then the look: what happens after it wakes the watch. */
unsigned watch_arm(struct watch *watch)
{
	struct poll_entry *entry = &watch->entry;
	struct poller poller; /* without a thread, so no queue to sleep on */
	unsigned can;

	poll_forget(entry);
	poller.entry = entry;
	poller.wake = wake_watch;
	poller.owner = watch;
	poller.exclusive = (watch->events & EPOLLEXCLUSIVE) != 0;
	atomic_store_relaxed(&watch->armed, true);
	can = entry->file->ops->poll(entry->file, &poller);
	if (entry->nwaiters == 0)
		watch->armed = false;
	return can & (uint16_t)entry->ask.events;
}

void watch_ask(struct watch *watch, const struct abi_epoll_event *event)
{
	uint32_t events = event->events | POLLERR | POLLHUP;
	struct epoll *set = watch->set;
	unsigned long flags;

	if ((int16_t)events != watch->entry.ask.events) {
		poll_forget(&watch->entry); /* it may be others that it needs now */
		watch->armed = false;
		watch->entry.ask.events = (int16_t)events;
	}
	flags = spin_lock_irqsave(&set->ready_lock);
	watch->events = events;
	spin_unlock_irqrestore(&set->ready_lock, flags);
	watch->data = event->data;
}

/* ---- in sets ---- */

int watch_create(struct epoll *set, int fd, struct file *file, struct watch **watch_ret)
{
	struct watch *watch;

	if (file_memory_charge(sizeof(*watch)))
		return -ENOSPC;
	watch = slab_alloc_wait(&watch_cache);
	if (!watch) {
		file_memory_add(-(ssize_t)sizeof(*watch));
		return -ENOMEM;
	}
	watch->set = set;
	watch->here = NULL;
	watch->armed = false;
	watch->entry.ask.fd = fd;
	watch->entry.ask.events = 0; /* none that watch_ask() is called with */
	watch->entry.file = file;
	watch->entry.nwaiters = 0;
	watch->entry.always = 0;
	for (unsigned i = 0; i < PASSES; i++)
		watch->passes[i].queue = NULL;
	list_init(&watch->ready);
	list_init(&watch->inner);
	list_init(&watch->passing);
	counted_begin(&watch_kind, &watch->counted, &one_holder);
	*watch_ret = watch;
	return 0;
}

void watch_free(struct watch *watch)
{
	counted_end(&watch->counted);
	file_memory_add(-(ssize_t)sizeof(*watch));
	slab_free(&watch_cache, watch);
}

static int watch_compare(const struct watch *watch, int fd, const struct file *file)
{
	if (watch->entry.file != file)
		return (uintptr_t)watch->entry.file < (uintptr_t)file ? -1 : 1;
	return (watch->entry.ask.fd > fd) - (watch->entry.ask.fd < fd);
}

/* Returns the watch, or NULL with the place where it would be. */
static struct watch *watch_seek(struct tree *tree, int fd, const struct file *file,
				struct tree_node **parent_ret, struct tree_node ***link_ret)
{
	struct tree_node **link = &tree->root, *parent = NULL;

	while (*link) {
		struct watch *watch = tree_entry(*link, struct watch, node);
		int order = watch_compare(watch, fd, file);

		if (order == 0)
			return watch;
		parent = *link;
		link = &parent->child[order < 0];
	}
	*parent_ret = parent;
	*link_ret = link;
	return NULL;
}

struct watch *watch_find_locked(const struct epoll *set, int fd, const struct file *file)
{
	struct watch *newest = file->watches; /* most files have one only */
	struct tree_node *parent, **link;

	assert_hardened(mutex_held(&watches_lock));
	if (likely(newest && newest->set == set && newest->entry.ask.fd == fd))
		return newest;
	return watch_seek((struct tree *)&set->watches, fd, file, &parent, &link);
}

int watch_link_locked(struct watch *watch, unsigned most)
{
	struct file *file = watch->entry.file;
	struct epoll *set = watch->set;
	struct tree_node *parent, **link;

	assert_hardened(mutex_held(&watches_lock));
	if (watch_seek(&set->watches, watch->entry.ask.fd, file, &parent, &link))
		return -EEXIST;
	if (set->nwatches == most)
		return -ENOSPC;
	tree_insert(&set->watches, &watch->node, parent, link);
	set->nwatches++;
	if (file_is_epoll(file))
		list_add_tail(&set->inner, &watch->inner);
	watch->here = &file->watches;
	watch->next = file->watches;
	if (watch->next)
		watch->next->here = &watch->next;
	atomic_store(&file->watches, watch);
	return 0;
}

/* The file's list comes last: from then on the file and its queues may be freed. */
void watch_unlink_locked(struct watch *watch)
{
	struct epoll *set = watch->set;

	assert_hardened(mutex_held(&watches_lock));
	poll_forget(&watch->entry);
	pass_on_locked(watch);
	spin_lock_irq(&set->ready_lock);
	if (!list_empty(&watch->ready))
		list_del(&watch->ready);
	spin_unlock_irq(&set->ready_lock);
	tree_erase(&set->watches, &watch->node);
	set->nwatches--;
	if (!list_empty(&watch->inner))
		list_del(&watch->inner);
	if (watch->next)
		watch->next->here = watch->here;
	atomic_store(watch->here, watch->next);
}
