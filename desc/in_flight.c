/* SPDX-License-Identifier: MIT */
/* Open files in flight, and the rings that they can form. */
/*
 * A socket that is sent through itself and then closed would never end: its last reference waits at itself. As all references that
 * are in flight are counted, a sweep knows which files are open nowhere else. Starting at the mailboxes of the others, it follows
 * what can still be received. What it has not reached then nobody can reach, ever: only who has one of these files open could
 * receive another one.
 */
#include "desc/in_flight.h"

#include "desc/file.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"
#include "proc/mutex.h"
#include "proc/thread.h"

#define OUTER_MOST  3  /* see outermost() */
#define SWEEP_LEAST 64 /* messages */

static struct mutex in_flight_lock;
static struct list all; /* struct in_flight.link; guarded by in_flight_lock */
static uint32_t nall;	/* how many are on it; atomic, changed with the lock held */
static uint32_t nended; /* files with mailboxes that have ended since the last sweep; atomic */
static uint32_t sweep_at = SWEEP_LEAST; /* with so many on the list there is a sweep; atomic */

/* A thread that closes files which were in flight. */
struct closer {
	struct list link;	     /* guarded by in_flight_lock */
	const struct thread *thread; /* const */
	struct in_flight *files;     /* those that are left; private to the thread */
};

static struct list closers; /* guarded by in_flight_lock */

static void push(struct in_flight **list, struct in_flight *files)
{
	files->next = *list;
	*list = files;
}

void in_flight_init(void)
{
	mutex_init(&in_flight_lock, LOCK_IN_FLIGHT);
	list_init(&all);
	list_init(&closers);
}

static size_t bytes_of(uint32_t n)
{
	return sizeof(struct in_flight) + n * sizeof(struct file *);
}

/* The files of a ring do not end, so the number of those that are sent leads to sweeps, too: whenever it has doubled. */
static void sweep_if_many(void)
{
	if (unlikely(atomic_load_relaxed(&nall) >= atomic_load_relaxed(&sweep_at)))
		in_flight_sweep();
}

struct in_flight *in_flight_create(uint32_t n)
{
	struct in_flight *files;

	sweep_if_many();
	if (file_memory_charge(bytes_of(n)) != 0)
		return NULL;
	files = mem_wait_kzalloc(bytes_of(n));
	if (!files) {
		file_memory_add(-(ssize_t)bytes_of(n));
		return NULL;
	}
	refcount_init(&files->refs, 1);
	files->room = n;
	return files;
}

static struct mailbox *mailbox_of(const struct file *file)
{
	return file->ops->has_mailbox ? file->data : NULL;
}

void in_flight_wait_at(struct mailbox *box, struct mailbox *outer)
{
	mutex_lock(&in_flight_lock);
	box->outer = outer;
	mutex_unlock(&in_flight_lock);
}

/* They are one reference more, or less, to each of their files that is in flight. */
static void count_locked(const struct in_flight *files, int change)
{
	assert_hardened(mutex_held(&in_flight_lock));
	for (uint32_t i = 0; i < files->n; i++)
		if (mailbox_of(files->file[i]))
			mailbox_of(files->file[i])->nflying += (uint32_t)change;
	atomic_store_relaxed(&nall, nall + (uint32_t)change);
}

void in_flight_send(struct in_flight *files, struct mailbox *at)
{
	mutex_lock(&in_flight_lock);
	files->at = at;
	list_add_tail(&all, &files->link);
	count_locked(files, 1);
	mutex_unlock(&in_flight_lock);
}

static void ground_locked(struct in_flight *files)
{
	assert_hardened(mutex_held(&in_flight_lock));
	if (!files->at)
		return;
	files->at = NULL;
	list_del(&files->link);
	count_locked(files, -1);
}

static void free_files(struct in_flight *files)
{
	file_memory_add(-(ssize_t)bytes_of(files->room));
	kfree(files);
}

void in_flight_land(struct in_flight *files)
{
	mutex_lock(&in_flight_lock);
	ground_locked(files);
	mutex_unlock(&in_flight_lock);
}

/* Closes the files of all on the list, and of those that others add to it meanwhile, with one reference of each. */
static void close_list(struct in_flight **list)
{
	struct in_flight *files;

	while ((files = *list)) {
		*list = files->next;
		while (files->n)
			file_put(files->file[--files->n]);
		if (files->landed)
			files->landed(files->owner, files->counted);
		files->landed = NULL; /* after a sweep, a message still has the rest */
		if (refcount_put(&files->refs))
			free_files(files);
	}
}

/* Adds them to what the running thread closes already. Returns false if it closes nothing. */
static bool leave_to_outer(struct in_flight *files)
{
	struct closer *closer;

	assert_hardened(mutex_held(&in_flight_lock));
	list_for_each_entry(closer, &closers, link) {
		if (closer->thread != current_thread())
			continue;
		while (files) {
			struct in_flight *next = files->next;

			push(&closer->files, files);
			files = next;
		}
		return true;
	}
	return false;
}

/* A socket that ends has others end that wait at it, and so on. They are closed one after the other: a thread's stack is small. */
static void close_in_flight(struct in_flight *files)
{
	struct closer own = { .thread = current_thread(), .files = files };
	bool is_left;

	mutex_lock(&in_flight_lock);
	is_left = leave_to_outer(files);
	if (!is_left)
		list_add_tail(&closers, &own.link);
	mutex_unlock(&in_flight_lock);
	if (is_left)
		return;
	close_list(&own.files);
	mutex_lock(&in_flight_lock);
	list_del(&own.link);
	mutex_unlock(&in_flight_lock);
}

void in_flight_get(struct in_flight *files)
{
	refcount_get(&files->refs);
}

void in_flight_put(struct in_flight *files)
{
	bool is_last;

	if (!files)
		return;
	mutex_lock(&in_flight_lock); /* or a sweep could take a reference after the last one */
	is_last = refcount_put(&files->refs);
	if (is_last) {
		refcount_init(&files->refs, 1);
		ground_locked(files);
	}
	mutex_unlock(&in_flight_lock);
	if (!is_last)
		return;
	files->next = NULL;
	close_in_flight(files);
}

void in_flight_put_list(struct in_flight *files)
{
	while (files) {
		struct in_flight *behind = files->behind;

		in_flight_put(files);
		files = behind;
	}
}

/* ---- rings ---- */

/*
 * The outermost of the mailboxes at which it waits: a message waits at a socket, which may wait to be accepted at a listener. A server
 * that has more of them wait at each other gains nothing by it.
 */
static struct mailbox *outermost(struct mailbox *box)
{
	for (unsigned i = 0; i < OUTER_MOST && box->outer; i++)
		box = box->outer;
	return box;
}

/* Which files are open elsewhere? */
static void find_open_locked(void)
{
	struct in_flight *files;

	assert_hardened(mutex_held(&in_flight_lock));
	list_for_each_entry(files, &all, link) {
		for (uint32_t i = 0; i < files->n; i++) {
			struct mailbox *box = mailbox_of(files->file[i]);

			if (!box)
				continue;
			box->is_reached = refcount_read(&files->file[i]->refs) > box->nflying;
			box->here = NULL;
		}
	}
}

/* Returns the list of what can be received where that is known at once; the rest is at its mailboxes. */
static struct in_flight *find_roots_locked(void)
{
	struct in_flight *reached = NULL, *files;

	assert_hardened(mutex_held(&in_flight_lock));
	list_for_each_entry(files, &all, link) {
		struct mailbox *at = outermost(files->at);

		push(at->nflying && !at->is_reached ? &at->here : &reached, files);
	}
	return reached;
}

/* Goes on from there. Each of them is on the list once. */
static void reach_locked(struct in_flight *reached)
{
	assert_hardened(mutex_held(&in_flight_lock));
	while (reached) {
		struct in_flight *files = reached;

		reached = files->next;
		for (uint32_t i = 0; i < files->n; i++) {
			struct mailbox *box = mailbox_of(files->file[i]);

			if (!box || box->is_reached)
				continue;
			box->is_reached = true;
			while (box->here) {
				struct in_flight *more = box->here;

				box->here = more->next;
				push(&reached, more);
			}
		}
	}
}

static bool has_unreached_locked(const struct in_flight *files)
{
	assert_hardened(mutex_held(&in_flight_lock));
	for (uint32_t i = 0; i < files->n; i++)
		if (mailbox_of(files->file[i]) && !mailbox_of(files->file[i])->is_reached)
			return true;
	return false;
}

/* Takes the others off the list of all, with a reference. What has others of a ring waiting at it counts as part of it. */
static struct in_flight *take_lost_locked(void)
{
	struct in_flight *lost = NULL, *files;

	assert_hardened(mutex_held(&in_flight_lock));
	list_for_each_entry(files, &all, link) {
		struct mailbox *at = outermost(files->at);

		if (at->nflying != 0 && !at->is_reached) {
			push(&lost, files);
			at->is_lost |= has_unreached_locked(files);
		}
	}
	for (files = lost; files; files = files->next) {
		refcount_get(&files->refs);
		ground_locked(files);
	}
	return lost;
}

void in_flight_sweep(void)
{
	struct in_flight *lost;

	mutex_lock(&in_flight_lock);
	find_open_locked();
	reach_locked(find_roots_locked());
	lost = take_lost_locked();
	atomic_store_relaxed(&nended, 0);
	atomic_store_relaxed(&sweep_at, 2 * nall + SWEEP_LEAST);
	mutex_unlock(&in_flight_lock);
	if (lost)
		close_in_flight(lost);
}

/* A sweep looks at all of them. So that it costs little for each file that ends, there is one when as many have ended. */
void in_flight_file_ended(void)
{
	uint32_t n = atomic_load_relaxed(&nall);

	if (unlikely(n != 0) && atomic_add(&nended, 1) + 1 >= n)
		in_flight_sweep();
}

void in_flight_find_held(void)
{
	struct in_flight *files;

	list_for_each_entry(files, &all, link) {
		for (uint32_t i = 0; i < files->n; i++)
			counted_found(&files->file[i]->counted);
	}
}
