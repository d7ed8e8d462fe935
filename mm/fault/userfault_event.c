/* SPDX-License-Identifier: MIT */
/* Events: what a program is told of that calls do to the memory that it has registered with a userfault. */
#include "mm/fault/userfault_event.h"

#include "abi/errno.h"
#include "mm/host.h"
#include "mm/phys/kmalloc.h"
#include "mm/swap/relieve.h"

/* Threads that are woken under one hold of the lock. */
#define CLOSE_BATCH 32

static SLAB_CACHE(userfault_event_cache, struct userfault_event);

/* ---- begin ---- */

static bool vma_tells(const struct vma *vma, unsigned kind)
{
	return vma->flags & VMA_USERFAULT && vma->userfault->tells & kind;
}

/*
 * From now on nobody gives pages: who does looks under the space's lock. Puts the event before *at, in the list. Returns it, or NULL without
 * memory.
 */
static struct userfault_event *begin_event(const struct vma *vma, unsigned kind, vaddr_t start,
					   vaddr_t end, struct userfault_event **at)
{
	struct userfault_event *event = slab_alloc_wait(&userfault_event_cache);

	if (!event)
		return NULL;
	*event = (struct userfault_event){
		.next = *at, .userfault = vma->userfault, .kind = kind, .start = start, .end = end
	};
	list_init(&event->link);
	waitq_init(&event->woken);
	userfault_get(event->userfault);
	space_lock(vma->space);
	(void)atomic_add(&event->userfault->changing, 1);
	space_unlock(vma->space);
	*at = event;
	return event;
}

static void free_event(struct userfault_event *event)
{
	(void)atomic_add(&event->userfault->changing, -1u);
	userfault_put(event->userfault);
	slab_free(&userfault_event_cache, event);
}

static struct userfault_event **end_of_events(struct space *space)
{
	struct userfault_event **at = &space->events;

	while (*at)
		at = &(*at)->next;
	return at;
}

/* Is it told already that this was unmapped? */
static bool tells_of_unmap(const struct space *space, const struct userfault *userfault,
			   vaddr_t start, vaddr_t end)
{
	const struct userfault_event *event = space->events;

	while (event && !(event->userfault == userfault && event->kind == USERFAULT_UNMAPPED &&
			  event->start == start && event->end == end))
		event = event->next;
	return event != NULL;
}

int userfault_begin_unmap(struct space *space, vaddr_t start, vaddr_t end)
{
	struct vma *vma = vma_find_next(space, start);

	assert_hardened(mm_host.mmap_locked(space));
	for (; vma && vma->start < end; vma = vma_next(vma)) {
		if (!vma_tells(vma, USERFAULT_UNMAPPED))
			continue;
		if (!tells_of_unmap(space, vma->userfault, start, end) &&
		    !begin_event(vma, USERFAULT_UNMAPPED, start, end, end_of_events(space)))
			return -ENOMEM;
		(void)vm_pause(); /* the mmap lock keeps the VMAs */
	}
	return 0;
}

/* As on Linux, a move is told of after what was unmapped in its way, and before what was unmapped of the old mapping. */
static struct userfault_event **place_of_move(struct space *space, vaddr_t start, vaddr_t end)
{
	struct userfault_event **at = &space->events;

	while (*at && !((*at)->start >= start && (*at)->end <= end))
		at = &(*at)->next;
	return at;
}

int userfault_begin_move(struct space *space, vaddr_t start, size_t len, size_t told, vaddr_t to,
			 bool keep)
{
	const struct vma *vma = vma_find(space, start);
	struct userfault_event *event;

	assert_hardened(mm_host.mmap_locked(space));
	if (vma_tells(vma, USERFAULT_MOVED)) {
		event = begin_event(vma, USERFAULT_MOVED, start, start + told,
				    place_of_move(space, start, start + told));
		if (!event)
			return -ENOMEM;
		event->to = to;
	}
	if (!keep && len && vma_tells(vma, USERFAULT_UNMAPPED) &&
	    !begin_event(vma, USERFAULT_UNMAPPED, start, start + len, end_of_events(space))) {
		userfault_cancel_move(space, start);
		return -ENOMEM;
	}
	return 0;
}

void userfault_cancel_move(struct space *space, vaddr_t start)
{
	struct userfault_event **at = &space->events, *event;

	while ((event = *at)) {
		if (event->start == start) {
			*at = event->next;
			free_event(event);
		} else {
			at = &event->next;
		}
	}
}

int userfault_begin_drop(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	struct userfault_event **at = end_of_events(vma->space);

	assert_hardened(mm_host.mmap_locked(vma->space) && userfault_tells_of_drop(vma));
	return begin_event(vma, USERFAULT_DROPPED, start, end, at) ? 0 : -ENOMEM;
}

/* ---- fork ---- */

static struct userfault_event *event_of_copy(const struct space *parent,
					     const struct userfault *userfault)
{
	struct userfault_event *event = parent->events;

	while (event && event->userfault != userfault)
		event = event->next;
	return event;
}

/* A userfault for the child's copy of what is registered with this one. */
static int event_begin_child(const struct vma *vma, struct space *parent, struct space *child)
{
	struct userfault_event *event;
	struct userfault *userfault = userfault_create();

	if (!userfault)
		return -ENOMEM;
	userfault->user_only = vma->userfault->user_only;
	userfault->refuses = vma->userfault->refuses;
	userfault->is_async = vma->userfault->is_async;
	userfault->has_holes = vma->userfault->has_holes;
	userfault->tells = vma->userfault->tells;
	event = begin_event(vma, USERFAULT_FORKED, 0, 0, end_of_events(parent));
	if (!event) {
		userfault_put(userfault);
		return -ENOMEM;
	}
	event->child = userfault;
	event->child_space = child;
	return 0;
}

int userfault_begin_fork(struct space *parent, struct space *child)
{
	struct vma *vma = vma_first(parent);
	int result = 0;

	for (; vma && !result; vma = vma_next(vma)) {
		if (!vma_tells(vma, USERFAULT_FORKED))
			continue;
		if (!(vma->flags & VMA_DONTFORK) && !event_of_copy(parent, vma->userfault))
			result = event_begin_child(vma, parent, child);
		(void)vm_pause(); /* the mmap lock keeps the VMAs */
	}
	child->ever_registered = parent->events != NULL;
	return result;
}

void userfault_settle_copy(const struct space *parent, struct vma *copy)
{
	const struct userfault_event *event = event_of_copy(parent, copy->userfault);

	assert_hardened(spin_lock_held(&copy->space->lock));
	if (event)
		copy->userfault = event->child;
	else
		vma_not_registered(copy);
}

/* ---- who waits ---- */

struct userfault_event *userfault_take_events(struct space *space)
{
	struct userfault_event *events = space->events;

	assert_hardened(mm_host.mmap_locked(space));
	space->events = NULL;
	return events;
}

static struct userfault_event *event_of_link(struct list *link)
{
	return list_entry(link, struct userfault_event, link);
}

/* It waits no more: it was told of, or will not be. */
static void release_event_locked(struct userfault_event *event, bool told)
{
	assert_hardened(spin_lock_held(&event->userfault->lock));
	list_del(&event->link);
	if (!event->is_taken)
		event->userfault->nevents--;
	event->is_waiting = false;
	event->is_told = told;
}

static bool enter_event(struct userfault_event *event)
{
	struct userfault *userfault = event->userfault;
	bool waits;

	spin_lock(&userfault->lock);
	waits = !userfault->closed;
	if (waits) {
		list_add_tail(&userfault->events, &event->link);
		userfault->nevents++;
		event->is_waiting = true;
	}
	spin_unlock(&userfault->lock);
	if (waits)
		waitq_wake_all(&userfault->readable);
	return waits;
}

static bool event_waits(struct userfault_event *event, struct vm_wait *wait)
{
	bool waits;

	spin_lock(&event->userfault->lock);
	waits = event->is_waiting;
	wait->seq = waitq_sample(&event->woken);
	spin_unlock(&event->userfault->lock);
	return waits;
}

static void await_event(struct userfault_event *event)
{
	struct vm_wait wait = { .queue = &event->woken, .why = WAITS_FOR_VERB };

	while (event_waits(event, &wait) && mm_host.pause(&wait) == 0)
		;
	spin_lock(&event->userfault->lock);
	if (event->is_waiting)
		release_event_locked(event, false);
	spin_unlock(&event->userfault->lock);
}

struct userfault_event *userfault_end_event(struct userfault_event *event, bool told,
					    struct userfault **lost_ret)
{
	struct userfault_event *next = event->next;

	if (told && enter_event(event))
		await_event(event);
	*lost_ret = event->is_told ? NULL : event->child;
	if (event->child && event->is_told)
		userfault_put(event->child);
	free_event(event);
	return next;
}

void userfault_end_events(struct userfault_event *events)
{
	struct userfault *none;

	while (events)
		events = userfault_end_event(events, true, &none);
}

/* ---- for the ledger ---- */

static void find_chain(struct userfault_event *event)
{
	for (; event; event = event->next) {
		counted_found(&event->userfault->counted);
		if (event->child)
			counted_found(&event->child->counted);
	}
}

void userfault_find_events(struct userfault *userfault)
{
	struct userfault_event *event;

	list_for_each_entry(event, &userfault->events, link)
		find_chain(event);
}

void userfault_find_events_of(const struct space *space)
{
	find_chain(space->events);
}

/* ---- for the program ---- */

/* The oldest that nobody makes something of. */
static struct userfault_event *oldest_event_locked(const struct userfault *userfault)
{
	struct list *link = userfault->events.next;

	assert_hardened(spin_lock_held(&userfault->lock));
	while (link != &userfault->events && event_of_link(link)->is_taken)
		link = link->next;
	return link != &userfault->events ? event_of_link(link) : NULL;
}

/* Whoever wakes the thread holds the lock until it is done with the queue. */
static void tell_event_locked(struct userfault_event *event)
{
	assert_hardened(spin_lock_held(&event->userfault->lock));
	release_event_locked(event, true);
	waitq_wake_all(&event->woken);
}

/* Somebody makes what the program gets of the child: until that is done, the thread waits. */
static void take_child_locked(struct userfault_event *event)
{
	assert_hardened(spin_lock_held(&event->userfault->lock));
	event->is_taken = true;
	event->userfault->nevents--;
	userfault_get(event->child);
	mm_host.grab_space(event->child_space);
}

bool userfault_next_event(struct userfault *userfault, struct userfault_news *ret)
{
	struct userfault_event *event;

	if (!atomic_load_relaxed(&userfault->nevents))
		return false;
	spin_lock(&userfault->lock);
	event = oldest_event_locked(userfault);
	if (event) {
		*ret = (struct userfault_news){ event->kind, event->start, event->end,
						event->to,   event->child, event->child_space };
		if (event->child)
			take_child_locked(event);
		else
			tell_event_locked(event);
	}
	spin_unlock(&userfault->lock);
	return event != NULL;
}

static struct userfault_event *event_of_child_locked(const struct userfault *userfault,
						     const struct userfault *child)
{
	struct list *link = userfault->events.next;

	assert_hardened(spin_lock_held(&userfault->lock));
	while (link != &userfault->events && event_of_link(link)->child != child)
		link = link->next;
	return link != &userfault->events ? event_of_link(link) : NULL;
}

/* If the thread was killed meanwhile, there is no event any more. */
void userfault_child_told(struct userfault *userfault, const struct userfault *child, bool told)
{
	struct userfault_event *event;

	spin_lock(&userfault->lock);
	event = event_of_child_locked(userfault, child);
	if (event && told) {
		tell_event_locked(event);
	} else if (event) { /* which goes behind the others, as on Linux */
		list_del(&event->link);
		list_add_tail(&userfault->events, &event->link);
		event->is_taken = false;
		userfault->nevents++;
	}
	spin_unlock(&userfault->lock);
	if (event && !told)
		waitq_wake_all(&userfault->readable);
}

/* Returns whether there may be more. */
static bool close_some(struct userfault *userfault)
{
	unsigned n = 0;

	spin_lock(&userfault->lock);
	for (; n < CLOSE_BATCH && !list_empty(&userfault->events); n++) {
		struct userfault_event *event = event_of_link(userfault->events.next);

		release_event_locked(event, false);
		waitq_wake_all(&event->woken);
	}
	spin_unlock(&userfault->lock);
	return n == CLOSE_BATCH;
}

void userfault_close_events(struct userfault *userfault)
{
	while (close_some(userfault))
		;
}
