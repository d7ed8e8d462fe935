/* SPDX-License-Identifier: MIT */
/* The lists of what references keep alive, for the ledger of the hardened build. */
#include "mm/check/counted.h"

#ifdef FAULTLINE_HARDENED

static struct spinlock counted_lock = SPINLOCK_INIT(LOCK_SLAB);

void counted_begin(struct counted_kind *kind, struct counted *counted, const uint32_t *refs)
{
	counted->refs = refs;
	counted->holders = 0;
	spin_lock(&counted_lock);
	list_add_tail(&kind->all, &counted->link);
	spin_unlock(&counted_lock);
}

void counted_end(struct counted *counted)
{
	spin_lock(&counted_lock);
	list_del(&counted->link);
	spin_unlock(&counted_lock);
}

void counted_visit(struct counted_kind *kind, void (*visit)(void *thing))
{
	struct counted *counted;

	counted_for_each(counted, kind) visit(counted_thing(kind, counted));
}

#endif
