/* SPDX-License-Identifier: MIT */
/* For core files: finds out whether a private mapping has pages of its own. */
#include "mm/host.h"
#include "mm/phys/page.h"
#include "mm/space/space_visit.h"
#include "mm/verbs.h"

/* Page tables that are looked at in one hold of the space's lock. */
#define TABLES_AT_ONCE 4

/* A walk that looks for pages which a program has made its own. */
struct private_walk {
	vaddr_t next; /* where to go on */
	unsigned ntables;
	bool found;
};

static int look_for_private(void *arg, const struct mmu_leaf *leaf)
{
	struct private_walk *walk = arg;

	for (unsigned i = 0; i < leaf->count && !walk->found; i++) {
		struct mmu_entry entry = entry_load(&leaf->entries[i]);

		if (entry_empty(entry))
			continue;
		walk->found = !entry_has_page(entry) ||
			      page_kind(pfn_to_page(entry_pfn(entry))) == PAGE_ANON;
	}
	walk->next = leaf->va + leaf->count * PAGE_SIZE;
	return walk->found || --walk->ntables == 0;
}

bool vm_has_private(struct space *space, vaddr_t start, vaddr_t end)
{
	struct private_walk walk = { .next = start };
	bool more = true;

	while (more && !walk.found && walk.next < end && vm_pause() == 0) {
		walk.ntables = TABLES_AT_ONCE;
		more = space_visit_piece(space, walk.next, end, look_for_private, &walk);
	}
	return walk.found;
}
