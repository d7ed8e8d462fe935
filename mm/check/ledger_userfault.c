/* SPDX-License-Identifier: MIT */
/* The ledger's look at userfaults: who waits, what is to be told, and which memory is registered. */
#include "mm/check/ledger_walk.h"
#include "mm/fault/userfault_event.h"
#include "mm/space/space.h"

#ifdef FAULTLINE_HARDENED

/* What is found at one userfault. */
struct at_userfault {
	unsigned waiting, untold; /* threads */
	unsigned events, untaken;
};

static void find_waiters(struct ledger_walk *walk, const struct userfault *userfault,
			 struct at_userfault *found)
{
	const struct userfault_waiter *waiter;
	struct tree_node *node;
	vaddr_t last = 0;

	tree_for_each(node, &userfault->waiting) {
		waiter = tree_entry(node, struct userfault_waiter, node);
		found->waiting++;
		if (waiter->userfault != userfault || !waiter->is_waiting)
			ledger_error(walk, "userfault %p: what waits at %#lx waits elsewhere",
				     (const void *)userfault, (unsigned long)waiter->address);
		if (waiter->address < last)
			ledger_error(walk, "userfault %p: what waits is not in order at %#lx",
				     (const void *)userfault, (unsigned long)waiter->address);
		last = waiter->address;
	}
	found->untold = (unsigned)list_length(&userfault->untold);
}

static void find_events(struct ledger_walk *walk, const struct userfault *userfault,
			struct at_userfault *found)
{
	const struct userfault_event *event;

	list_for_each_entry(event, &userfault->events, link) {
		found->events++;
		found->untaken += !event->is_taken;
		if (event->userfault != userfault || !event->is_waiting || event->is_told)
			ledger_error(walk, "userfault %p: its event of %#lx waits elsewhere",
				     (const void *)userfault, (unsigned long)event->start);
	}
}

static void check_userfault_counts(struct ledger_walk *walk, const struct userfault *userfault,
				   const struct at_userfault *found)
{
	if (found->waiting != userfault->nwaiting || found->untold != userfault->nuntold)
		ledger_error(walk,
			     "userfault %p: %u threads wait, %u to be told of; counted %u, %u",
			     (const void *)userfault, found->waiting, found->untold,
			     userfault->nwaiting, userfault->nuntold);
	if (found->untaken != userfault->nevents)
		ledger_error(walk, "userfault %p: %u events wait, %u counted",
			     (const void *)userfault, found->untaken, userfault->nevents);
	if (userfault->changing < found->events)
		ledger_error(walk, "userfault %p: %u events wait, %u are under way",
			     (const void *)userfault, found->events, userfault->changing);
	if (userfault->closed && found->waiting + found->events)
		ledger_error(walk, "userfault %p: it is closed, and %u threads and %u events wait",
			     (const void *)userfault, found->waiting, found->events);
}

static void check_userfault(struct ledger_walk *walk, struct userfault *userfault)
{
	struct at_userfault found = { 0 };

	spin_lock(&userfault->lock);
	find_waiters(walk, userfault, &found);
	find_events(walk, userfault, &found);
	check_userfault_counts(walk, userfault, &found);
	spin_unlock(&userfault->lock);
}

/* Is there such a userfault? It may have been freed. */
static bool userfault_exists(const struct userfault *userfault)
{
	struct counted *counted;

	counted_for_each(counted, &userfault_kind)
	{
		if (counted_thing(&userfault_kind, counted) == userfault)
			return true;
	}
	return false;
}

/* What a VMA says of how it is registered. Returns why that cannot be so, or NULL. */
static const char *registration_fault(const struct vma *vma)
{
	const bool gets_none = vma->flags & (VMA_UF_MISSING | VMA_UF_MINOR);

	if ((vma->backend == &vma_userfault) != gets_none)
		return "is registered, and its backend is another";
	if (!(vma->flags & VMA_USERFAULT))
		return NULL;
	if (!vma->space->ever_registered)
		return "is registered, and its space does not know";
	return userfault_exists(vma->userfault) ? NULL : "is registered with what is freed";
}

void ledger_check_registered(struct ledger_walk *walk, const struct vma *vma)
{
	const char *fault = registration_fault(vma);

	if (fault)
		ledger_error(walk, "VMA %#lx %s", (unsigned long)vma->start, fault);
}

void ledger_walk_userfaults(struct ledger_walk *walk)
{
	struct counted *counted;

	if (walk->delta)
		return;
	counted_for_each(counted, &userfault_kind)
		check_userfault(walk, counted_thing(&userfault_kind, counted));
}

#else /* where there is no list of userfaults */

void ledger_check_registered(struct ledger_walk *walk, const struct vma *vma)
{
	(void)walk, (void)vma;
}

void ledger_walk_userfaults(struct ledger_walk *walk)
{
	(void)walk;
}

#endif
