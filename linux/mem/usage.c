/* SPDX-License-Identifier: MIT */
/* What the entries of a range have, as /proc/PID/smaps shows it. */
#include "linux/mem/usage.h"

#include "mm/host.h"
#include "mm/phys/large_page.h"
#include "mm/space/space_visit.h"

/* Entries that are looked at in one hold of the space's lock. */
#define USAGE_PIECE 64

struct usage_visit {
	struct vm_usage *usage;
	vaddr_t next; /* where to go on */
};

/* So many bytes that an entry maps, and `maps` entries in all. These may have changed since: there is one at least. */
static void vm_usage_add_entry(struct vm_usage *usage, struct mmu_entry entry, uint64_t bytes,
			       uint64_t maps, bool dirty)
{
	uint64_t part = (bytes << VM_USAGE_SHIFT) / MAX(maps, 1ul);

	usage->resident += bytes;
	usage->proportional += part;
	if (dirty)
		usage->proportional_dirty += part;
	*(maps > 1 ? (dirty ? &usage->shared_dirty : &usage->shared_clean)
		   : (dirty ? &usage->private_dirty : &usage->private_clean)) += bytes;
	if (entry_flags(entry) & ENTRY_ACCESSED)
		usage->referenced += bytes;
}

static void usage_add_page(struct vm_usage *usage, struct mmu_entry entry)
{
	const struct page *page = pfn_to_page(entry_pfn(entry));
	bool dirty;

	if (!page || (page_kind(page) != PAGE_ANON && page_kind(page) != PAGE_OBJECT))
		return;
	dirty = (entry_flags(entry) & ENTRY_DIRTY) || page_has(page, PAGE_DIRTY);
	vm_usage_add_entry(usage, entry, PAGE_SIZE, page_map_count(page), dirty);
	if (page_kind(page) == PAGE_ANON)
		usage->anonymous += PAGE_SIZE;
	if (!dirty && page_has(page, PAGE_LAZYFREE))
		usage->lazyfree += PAGE_SIZE;
}

/* A large entry's pages are alike. */
static void usage_add_large(struct vm_usage *usage, struct mmu_entry entry)
{
	const struct page *head = pfn_to_page(entry_pfn(entry));

	vm_usage_add_entry(usage, entry, MMU_LARGE_SIZE, large_map_count(head),
			   entry_flags(entry) & ENTRY_DIRTY);
	usage->anonymous += MMU_LARGE_SIZE;
	usage->large += MMU_LARGE_SIZE;
}

/* Looks at a piece of one leaf table, and ends the hold of the lock. */
static int visit_usage(void *arg, const struct mmu_leaf *leaf)
{
	struct usage_visit *visit = arg;
	unsigned n = MIN(leaf->count, (unsigned)USAGE_PIECE);
	struct mmu_entry *slot;

	if (leaf->large) {
		usage_add_large(visit->usage, entry_load(leaf->entries));
		visit->next = mmu_leaf_end(leaf);
		return 1;
	}
	entry_for_each_used(slot, leaf->entries, leaf->entries + n) {
		struct mmu_entry entry = entry_load(slot);

		if (entry_has_page(entry))
			usage_add_page(visit->usage, entry);
		else if (entry_state(entry) == ENTRY_SWAP)
			visit->usage->swapped += PAGE_SIZE;
	}
	visit->next = mmu_leaf_va(leaf, leaf->entries + n);
	return 1;
}

int vm_usage_add(struct space *space, vaddr_t start, vaddr_t end, struct vm_usage *usage)
{
	struct usage_visit visit = { .usage = usage, .next = start };
	bool more = true;
	int err = 0;

	while (more && err == 0 && visit.next < end) {
		more = space_visit_piece(space, visit.next, end, visit_usage, &visit);
		if (more)
			err = vm_pause();
	}
	return err;
}
