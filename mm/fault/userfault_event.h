/* SPDX-License-Identifier: MIT */
/* Events: what a program is told of that calls do to the memory that it has registered with a userfault. */
#pragma once

#include "mm/fault/userfault.h"

/* Kinds, as bits of userfault->tells. */
#define USERFAULT_FORKED   1u /* the memory was copied for a child, and the copy is registered, too */
#define USERFAULT_MOVED	   2u /* from [start, end) to `to`, and stays registered */
#define USERFAULT_DROPPED  4u /* the pages of [start, end) will be dropped once it was told */
#define USERFAULT_UNMAPPED 8u /* [start, end) */

/*
 * An event of a verb. While the verb is at work its events are in the list space->events, which is the mmap lock's. Afterwards its
 * thread waits with that list and no lock until each was told of, and frees it. From begin to end nobody gives pages of memory that is
 * registered with the userfault (userfault_give()): a page from before a change must not come after it.
 */
struct userfault_event {
	/* private to the thread: */
	struct userfault_event *next; /* of the same verb */
	/* const: */
	struct userfault *userfault; /* referenced */
	unsigned kind;
	vaddr_t start, end, to;
	/* USERFAULT_FORKED: that of the copy, referenced, and the space where it is, which the thread keeps. Else NULL. */
	struct userfault *child;
	struct space *child_space;
	/* guarded by the userfault's lock: */
	struct list link;
	bool is_waiting, is_told; /* is in the list; was told of */
	bool is_taken;		  /* FORKED: somebody makes what the program gets of the child */
	struct waitq woken;
};

/* What a program is told. Of USERFAULT_FORKED, the struct uspace of the child is grabbed, and `child` referenced. */
struct userfault_news {
	unsigned kind;
	vaddr_t start, end, to;
	struct userfault *child;
	struct space *child_space;
};

/* ---- for verbs, which hold the mmap lock and no spinning lock; for spaces with ever_registered ---- */

/* [start, end) will be unmapped. Returns 0 or -ENOMEM. As on Linux, an unmapping that fails is told of, too. */
int userfault_begin_unmap(struct space *space, vaddr_t start, vaddr_t end);

/*
 * The part of a VMA at `start` will move to `to`; the events go before those of what was unmapped of it. `len`: bytes that
 * move; told: the program's length. `keep`: the old mapping stays. Returns 0 or -ENOMEM. If the move fails, userfault_cancel_move() must follow.
 */
int userfault_begin_move(struct space *space, vaddr_t start, size_t len, size_t told, vaddr_t to,
			 bool keep);
void userfault_cancel_move(struct space *space, vaddr_t start);

/* Does a VMA with VMA_USERFAULT stay registered where it moves to? */
static inline bool userfault_moves(const struct userfault *userfault)
{
	return userfault->tells & USERFAULT_MOVED;
}

/* Has the program to be told before pages of a VMA with VMA_USERFAULT are dropped? */
static inline bool userfault_tells_of_drop(const struct vma *vma)
{
	return vma->userfault->tells & USERFAULT_DROPPED;
}

/* If so: pages of [start, end), a part of the VMA, will be dropped. Returns 0 or -ENOMEM. */
int userfault_begin_drop(const struct vma *vma, vaddr_t start, vaddr_t end);

/*
 * The space will be copied; the child's copies of VMAs keep VMA_USERFAULT and the parent's userfault until
 * userfault_settle_copy(), with the child's lock held, says what they are registered with. Returns 0 or -ENOMEM.
 */
int userfault_begin_fork(struct space *parent, struct space *child);
void userfault_settle_copy(const struct space *parent, struct vma *copy);

/* ---- after the verb ---- */

/* Takes the events of the verb from the space. Call with its mmap lock held. */
struct userfault_event *userfault_take_events(struct space *space);

/*
 * Waits until the event was told of, if it is `told` at all, and ends it. Returns its successor; *lost_ret is the child's userfault, with a
 * reference, if the program will not hear of it, else NULL. Call with no lock held; a kill or userfault_close() ends the wait.
 */
struct userfault_event *userfault_end_event(struct userfault_event *event, bool told,
					    struct userfault **lost_ret);

/* Tells and ends all events of a verb other than fork, as userfault_end_event() does each. */
void userfault_end_events(struct userfault_event *events);

/* ---- for the ledger: count the references of events ---- */

/* Of those that wait, and of what their threads will tell after them. */
void userfault_find_events(struct userfault *userfault);

/* Of verbs that are at work. */
void userfault_find_events_of(const struct space *space);

/* ---- for the program ---- */

/*
 * Takes the oldest event. Returns false if there is none. Of USERFAULT_FORKED, userfault_child_told() must follow: `told`: the program has what
 * was made of the child; else it will be told again, after the others that wait.
 */
bool userfault_next_event(struct userfault *userfault, struct userfault_news *ret);
void userfault_child_told(struct userfault *userfault, const struct userfault *child, bool told);

/* For userfault_close(): nobody waits to be told any more. */
void userfault_close_events(struct userfault *userfault);
