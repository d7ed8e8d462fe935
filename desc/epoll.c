/* SPDX-License-Identifier: MIT */
/* Sets of epoll: which files a set watches, and taking the events that have come. */
/*
 * Order of locks: a set's `scan`; watches_lock; the lock of a file's queue; a set's ready_lock. Files are
 * looked at with `scan` held and referenced, and so exist. A file whose last reference is gone waits in
 * epoll_forget_file() for watches_lock only, because its last reference may have been dropped in any place.
 *
 * Sets that watch sets form no ring: epoll_add() refuses that. So `scan` of an outer set is taken before
 * that of an inner one, and the queue of a file before that of a set that watches it.
 */
#include "desc/epoll.h"

#include "abi/errno.h"
#include "desc/anon_file.h"
#include "desc/watch.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/process.h"
#include "proc/wait.h"

/* So many watches of a set that ends are freed under one hold of watches_lock. */
#define BATCH 64u

static struct epoll *set_of(const struct file *file)
{
	return file->node;
}

/* ---- taking events ---- */

/*
 * A look at what is ready has a mark on the set's list: what has become ready since the look began comes behind
 * it. So a list is empty only if each ready watch is being looked at. The mark is on the stack of the holder
 * of `scan`.
 */
static bool may_be_ready(const struct epoll *set)
{
	watches_pass_on();
	return atomic_load(&set->ready.next) != &set->ready;
}

/*
 * Takes the next watch off the list, with a reference to its file. Returns NULL if there is none before the
 * mark. Call with ready_lock held.
 */
static inline struct watch *look_next_locked(struct epoll *set, const struct list *mark)
{
	assert_hardened(spin_lock_held(&set->ready_lock));
	while (set->ready.next != mark) {
		struct watch *watch = list_entry(set->ready.next, struct watch, ready);

		list_del(&watch->ready);
		if (likely(file_try_get(watch->entry.file)))
			return watch;
		/* It is about to leave the set. */
	}
	return NULL;
}

/* The watch stays ready, as the first of those that are left. Call with ready_lock held. */
static __attribute__((noinline, cold)) void look_back_locked(struct epoll *set, struct watch *watch)
{
	assert_hardened(spin_lock_held(&set->ready_lock));
	if (!list_empty(&watch->ready))
		list_del(&watch->ready);
	list_add(&set->ready, &watch->ready);
}

/*
 * Ends the look. Wakes a thread if anything is left; that thread wakes the next one in the same way. A thread
 * that is about to sleep needs no wake-up for this: whatever became ready after it found the list empty has
 * woken the queue, so the thread looks again. Call with ready_lock held, which it drops.
 */
static inline void look_end(struct epoll *set, struct list *mark)
{
	bool any;

	list_del(mark);
	any = !list_empty(&set->ready);
	spin_unlock_irq(&set->ready_lock);
	if (any && waitq_is_waited_for(&set->sleepers))
		waitq_wake_one(&set->sleepers);
}

/*
 * The events of a watch have been taken: does it stay ready, or is it silenced? Something may have happened
 * since it was looked at, so it may be ready again: then the next look finds nothing that is asked for. Call
 * with ready_lock held.
 */
static inline void taken_locked(struct epoll *set, struct watch *watch)
{
	assert_hardened(spin_lock_held(&set->ready_lock));
	if (unlikely(watch->events & EPOLLONESHOT)) {
		watch->events &= WATCH_FLAGS;
		watch->entry.ask.events = 0;
	} else if (!(watch->events & EPOLLET) && likely(list_empty(&watch->ready)))
		list_add_tail(&set->ready, &watch->ready);
}

/* Returns 1 if the watch has events, which were stored; 0 if it has none; or -EFAULT. */
static inline long give_event(struct watch *watch, vaddr_t to)
{
	uint32_t events = watch_look(watch);
	struct abi_epoll_event event = { .events = events, .data = watch->data };

	if (unlikely(!events))
		return 0;
	return user_copy_out(to, &event, sizeof(event)) ? -EFAULT : 1;
}

/* Drops the reference to a watch's file. */
static __attribute__((noinline)) void watch_put_file(struct file *file)
{
	file_put(file);
}

/* A thread that is killed before its look has perhaps been woken for an event: another one takes it. */
static __attribute__((noinline, cold)) long pass_event_on(struct epoll *set)
{
	if (may_be_ready(set))
		waitq_wake_one(&set->sleepers);
	return -EINTR;
}

/* Stores the events that are there, n at most. Returns how many, -EINTR for a killed thread, or -EFAULT. */
static inline __attribute__((always_inline)) long take_events(struct epoll *set, vaddr_t to,
							      unsigned n)
{
	struct file *file = NULL; /* that of the last watch: its reference keeps the watch, too */
	unsigned left = n;
	struct list mark;
	long result = 0;

	if (!may_be_ready(set))
		return 0;
	if (mutex_lock_killable(&set->scan))
		return pass_event_on(set);
	spin_lock_irq(&set->ready_lock);
	list_add_tail(&set->ready, &mark);
	while (left != 0 && result >= 0) {
		struct watch *watch = look_next_locked(set, &mark);

		if (!watch)
			break;
		spin_unlock_irq(&set->ready_lock);
		if (file)
			watch_put_file(file);
		file = watch->entry.file;
		result = give_event(watch, to);
		spin_lock_irq(&set->ready_lock);
		if (likely(result > 0)) {
			taken_locked(set, watch);
			to += sizeof(struct abi_epoll_event);
			left--;
		} else if (result < 0) {
			look_back_locked(set, watch);
		}
	}
	look_end(set, &mark);
	if (file)
		file_put(file);
	mutex_unlock(&set->scan);
	return left != n ? (long)(n - left) : result;
}

/* Does what epoll_wait() does once there is nothing at the first look. */
static __attribute__((noinline)) long await_events(struct file *file, vaddr_t to, unsigned n,
						   uint64_t deadline)
{
	struct epoll *set = set_of(file);
	bool over = false;

	for (;;) {
		uint64_t seq = waitq_sample(&set->sleepers);
		long count = epoll_wait(file, to, n, 0);
		int err;

		if (count != 0 || over)
			return count;
		if (current_signalled())
			return -EINTR; /* no wake-up was for it since it looked: it was not in the queue */
		if (deadline == UINT64_MAX)
			err = thread_wait_interruptible(&set->sleepers, seq);
		else
			err = thread_wait_interruptible_until(&set->sleepers, seq, deadline);
		over = err == -ETIMEDOUT;
	}
}

const void *epoll_watched(struct file *file, int fd, unsigned place)
{
	const struct epoll *set = set_of(file);
	const void *found = NULL;

	mutex_lock(&watches_lock);
	for (struct tree_node *node = tree_first(&set->watches); node && !found;
	     node = tree_next(node)) {
		const struct watch *watch = tree_entry(node, struct watch, node);

		if (watch->entry.ask.fd == fd && place-- == 0)
			found = watch->entry.file;
	}
	mutex_unlock(&watches_lock);
	return found;
}

long epoll_wait(struct file *file, vaddr_t to, unsigned n, uint64_t deadline)
{
	long count = take_events(set_of(file), to, n);

	return count || deadline == 0 ? count : await_events(file, to, n, deadline);
}

/*
 * A set can be read from, as it were, if one of its files has events. Those that have none leave the list. Whether
 * they have any, a killed thread does not find out. It says yes, so that a set that watches this one keeps it in its
 * list, for another thread.
 */
static unsigned epoll_poll(struct file *file, struct poller *poller)
{
	struct epoll *set = set_of(file);
	struct watch *watch;
	struct list mark;
	bool any = false;

	poll_watch_for(poller, &set->pollable, POLLIN | POLLRDNORM);
	if (!may_be_ready(set))
		return 0;
	if (mutex_lock_killable_nested(&set->scan))
		return POLLIN | POLLRDNORM;
	spin_lock_irq(&set->ready_lock);
	list_add_tail(&set->ready, &mark);
	while (!any && (watch = look_next_locked(set, &mark)) != NULL) {
		struct file *inner = watch->entry.file;

		spin_unlock_irq(&set->ready_lock);
		any = watch_look(watch) != 0;
		spin_lock_irq(&set->ready_lock);
		if (any)
			look_back_locked(set, watch);
		spin_unlock_irq(&set->ready_lock);
		file_put(inner);
		spin_lock_irq(&set->ready_lock);
	}
	look_end(set, &mark);
	mutex_unlock(&set->scan);
	return any ? POLLIN | POLLRDNORM : 0;
}

/* ---- sets that watch sets ---- */

static uint64_t walks; /* under watches_lock; each walk visits a set once */

/* Has this walk been here? If not, it has now. Call with watches_lock held. */
static bool visited_locked(struct epoll *set)
{
	bool was = set->visited == walks;

	assert_hardened(mutex_held(&watches_lock));
	set->visited = walks;
	return was;
}

/*
 * Returns how long the longest chain of sets below that one is, or EPOLL_CHAIN_MAX if `from` is in one
 * of them. No chain is longer, so neither is the recursion deep. Call with watches_lock held.
 */
static unsigned depth_below_locked(struct epoll *set, const struct epoll *from)
{
	struct watch *watch;
	unsigned depth = 0;

	assert_hardened(mutex_held(&watches_lock));
	if (set == from)
		return EPOLL_CHAIN_MAX;
	if (visited_locked(set))
		return set->depth;
	list_for_each_entry(watch, &set->inner, inner)
		depth = MAX(depth, 1 + depth_below_locked(set_of(watch->entry.file), from));
	set->depth = MIN(depth, (unsigned)EPOLL_CHAIN_MAX);
	return set->depth;
}

/* Returns how long the longest chain of sets is that watch that one, directly or not. Call with watches_lock held. */
static unsigned depth_above_locked(struct epoll *set)
{
	unsigned depth = 0;

	assert_hardened(mutex_held(&watches_lock));
	if (visited_locked(set))
		return set->depth;
	for (const struct watch *watch = set->file->watches; watch; watch = watch->next)
		depth = MAX(depth, 1 + depth_above_locked(watch->set));
	set->depth = depth;
	return depth;
}

/* May the set watch that file? Call with watches_lock held. */
static int check_chain_locked(struct epoll *set, const struct file *file)
{
	unsigned below, above;

	assert_hardened(mutex_held(&watches_lock));
	if (!file_is_epoll(file))
		return 0;
	walks++;
	below = depth_below_locked(set_of(file), set);
	walks++;
	above = depth_above_locked(set);
	return below + above + 2 > EPOLL_CHAIN_MAX ? -ELOOP : 0;
}

/* ---- adding, changing, removing ---- */

static int link_watch(struct watch *watch)
{
	struct epoll *set = watch->set;
	int err;

	mutex_lock(&watches_lock);
	err = check_chain_locked(set, watch->entry.file);
	if (!err)
		err = watch_link_locked(watch, EPOLL_WATCHES_MAX);
	mutex_unlock(&watches_lock);
	return err;
}

int epoll_add(struct file *file, int fd, struct file *watched, const struct abi_epoll_event *event)
{
	struct epoll *set = set_of(file);
	struct watch *watch;
	int err = watch_create(set, fd, watched, &watch);

	if (err)
		return err;
	err = mutex_lock_killable(&set->scan);
	if (err) {
		watch_free(watch);
		return err;
	}
	watch_ask(watch, event);
	err = link_watch(watch);
	if (err)
		watch_free(watch);
	else if (watch_look(watch))
		watch_is_ready(watch);
	mutex_unlock(&set->scan);
	return err;
}

/* The caller has a reference to the file, so the watch stays while `scan` is held. */
static struct watch *find_watch(struct epoll *set, int fd, struct file *watched)
{
	struct watch *watch;

	mutex_lock(&watches_lock);
	watch = watch_find_locked(set, fd, watched);
	mutex_unlock(&watches_lock);
	return watch;
}

int epoll_modify(struct file *file, int fd, struct file *watched,
		 const struct abi_epoll_event *event)
{
	struct epoll *set = set_of(file);
	struct watch *watch;
	int err = mutex_lock_killable(&set->scan);

	if (err)
		return err;
	watch = find_watch(set, fd, watched);
	if (!watch) {
		err = -ENOENT;
	} else if (watch->events & EPOLLEXCLUSIVE) {
		err = -EINVAL;
	} else {
		watch_ask(watch, event);
		if (watch_look(watch))
			watch_is_ready(watch);
	}
	mutex_unlock(&set->scan);
	return err;
}

int epoll_remove(struct file *file, int fd, struct file *watched)
{
	struct epoll *set = set_of(file);
	struct watch *watch;
	int err = mutex_lock_killable(&set->scan);

	if (err)
		return err;
	mutex_lock(&watches_lock);
	watch = watch_find_locked(set, fd, watched);
	if (watch)
		watch_unlink_locked(watch);
	mutex_unlock(&watches_lock);
	mutex_unlock(&set->scan);
	if (!watch)
		return -ENOENT;
	watch_free(watch);
	return 0;
}

/* One watch a time, as each may have to wake others. */
void epoll_forget_file(struct file *file)
{
	struct watch *watch;

	do {
		mutex_lock(&watches_lock);
		watch = file->watches;
		if (watch)
			watch_unlink_locked(watch);
		mutex_unlock(&watches_lock);
		if (watch)
			watch_free(watch);
	} while (watch);
}

/* ---- the file ---- */

/* Returns whether there are none any more. */
static bool free_some(struct epoll *set)
{
	struct tree_node *node = NULL;

	mutex_lock(&watches_lock);
	for (unsigned i = 0; i < BATCH; i++) {
		node = tree_first(&set->watches);
		if (!node)
			break;
		watch_unlink_locked(tree_entry(node, struct watch, node));
		watch_free(tree_entry(node, struct watch, node));
	}
	mutex_unlock(&watches_lock);
	return !node;
}

static void set_gone(struct epoll *set)
{
	counter_add(&file_nholders, -1ul);
	kfree(set);
}

static void epoll_release(struct file *file)
{
	while (!free_some(set_of(file)))
		;
	set_gone(set_of(file));
}

static size_t epoll_held(const struct file *file)
{
	return atomic_load_relaxed(&set_of(file)->nwatches) * sizeof(struct watch) / PAGE_SIZE;
}

static void epoll_holds(struct file *file)
{
	const struct epoll *set = set_of(file);
	struct tree_node *node;
	unsigned n = 0;

	tree_for_each(node, &set->watches) {
		counted_found(&tree_entry(node, struct watch, node)->counted);
		n++;
	}
	assert_hardened(n == set->nwatches);
}

/* As on Linux, the errno is another than that of files without any request. */
static int epoll_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	(void)file;
	(void)request;
	(void)arg;
	return -EINVAL;
}

const struct file_ops epoll_ops = {
	.name = "eventpoll",
	.poll = epoll_poll,
	.ioctl = epoll_ioctl,
	.seek_is_0 = true,
	.stat = anon_file_stat,
	.label = anon_file_label,
	.held = epoll_held,
	.release = epoll_release,
	.holds = epoll_holds,
};

static struct file *set_create(void)
{
	struct epoll *set = mem_wait_kzalloc(sizeof(*set));

	if (!set)
		return NULL;
	counter_add(&file_nholders, 1);
	mutex_init(&set->scan, LOCK_EPOLL);
	spin_init(&set->ready_lock, LOCK_READY);
	list_init(&set->ready);
	waitq_init(&set->sleepers);
	spin_init(&set->sleepers.lock, LOCK_POLL);
	waitq_init(&set->pollable);
	tree_init(&set->watches);
	list_init(&set->inner);
	set->file = file_create(&epoll_ops, O_RDWR, set);
	if (set->file)
		return set->file;
	set_gone(set);
	return NULL;
}

int epoll_create(struct file **file_ret)
{
	int err = file_memory_charge(FILE_BYTES);

	if (err)
		return err;
	*file_ret = set_create();
	file_memory_add(-FILE_BYTES);
	return *file_ret ? 0 : -ENOMEM;
}
