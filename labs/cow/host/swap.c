/* SPDX-License-Identifier: MIT */
/* fork on the host, of memory that is in swap or goes there: contents, counts of pages and of slots. */
#include "held.h"

#include "one_swap.h"

static struct space child, grandchild;
static uint64_t wrong_counts;

/* All private pages that are not pinned go to swap. */
static void reclaim_all(void)
{
	(void)reclaim(10000);
	disk_end_all();
}

static void swap_out(void)
{
	reclaim_all();
	wrong_counts += (uint64_t)ledger_check(NULL);
}

static void fork_and_count(struct space *from, struct space *to)
{
	fork_space_to(from, to);
	wrong_counts += (uint64_t)ledger_check(NULL);
}

/*
 * A child gets memory that is in swap, and so does a child of that one, after both have written and
 * all is in swap again. In the end no slot is in use.
 */
static void generations(uint64_t seed, size_t n)
{
	size_t before;

	begin(SLOTS);
	map_pages(&space, n, MAP_PRIVATE);
	write_every(1, seed, n);
	swap_out();
	before = rig_free();
	fork_and_count(&space, &child);
	result("frames_taken", before - rig_free());
	result("found", sum_of(&child, n));
	write_every(3, seed + 1, n);
	rig_run(&space);
	write_every(2, seed + 2, n);
	swap_out();
	result("parent", sum_of(&space, n));
	swap_out();
	fork_and_count(&child, &grandchild);
	result("child", sum_of(&child, n));
	rig_run(&space);
	rig_destroy(&child);
	swap_out();
	result("grandchild", sum_of(&grandchild, n));
	result("parent_later", sum_of(&space, n));
	rig_destroy(&grandchild);
	assert_int_equal(0, vm_unmap(&space, PAGES_AT, n * APART * PAGE_SIZE));
	wrong_counts += (uint64_t)ledger_check(NULL);
	result("wrong_counts", wrong_counts);
	result("slots_lost", SLOTS - swap_free());
}

/* ---- pinned pages ---- */

/* Returns whether the page is the space's own and clean: neither its entry says that it was written to, nor the kernel. */
static bool is_clean(struct space *of, vaddr_t va)
{
	struct mmu_entry *slot = arch_mmu_lookup(&of->mmu, va);
	struct mmu_entry entry = slot ? entry_load(slot) : ENTRY_NONE;
	const struct page *page = entry_has_page(entry) ? pfn_to_page(entry_pfn(entry)) : NULL;

	return page && page_kind(page) == PAGE_ANON && page->maps == 1 &&
	       !(entry_flags(entry) & ENTRY_DIRTY) && !page_has(page, PAGE_DIRTY);
}

static uint64_t clean_pages(struct space *of, size_t n)
{
	uint64_t clean = 0;

	for (size_t i = 0; i < n; i++)
		clean += is_clean(of, page_at(i));
	return clean;
}

/*
 * The swap disk has all pages, and the kernel writes to some of them by their frames when the parent
 * forks. The child's copies go to the disk, and at the end what the kernel has written goes there.
 */
static void pinned(uint64_t seed, size_t n)
{
	size_t before;

	begin(SLOTS);
	map_pages(&space, n, MAP_PRIVATE);
	write_every(1, seed, n);
	swap_out();
	(void)sum_pages(n);
	hold(&space, n, VM_PROT_WRITE);
	before = rig_free();
	fork_space_to(&space, &child); /* no ledger: it does not know the references of holders */
	result("frames_taken", before - rig_free());
	result("copies_marked_clean", clean_pages(&child, n));
	write_frames(seed + 1, n);
	reclaim_all();
	release(&space, n, VM_PROT_WRITE);
	swap_out();
	result("parent", sum_of(&space, n));
	result("child", sum_of(&child, n));
	rig_run(&space);
	rig_destroy(&child);
	assert_int_equal(0, vm_unmap(&space, PAGES_AT, n * APART * PAGE_SIZE));
	wrong_counts += (uint64_t)ledger_check(NULL);
	result("wrong_counts", wrong_counts);
	result("slots_lost", SLOTS - swap_free());
}

/* ---- what the hardware does meanwhile ---- */

static uint64_t threads_seed;
static size_t threads_pages;
static bool written[1024];

/*
 * Another thread of the parent writes to a page at the last moment before its entry changes, with
 * what its TLB has. The hardware notes that in the entry.
 */
static void write_before_change(struct mmu_entry *slot)
{
	struct mmu_entry entry = entry_load(slot);
	size_t i = 0;

	while (i < threads_pages && arch_mmu_lookup(&space.mmu, page_at(i)) != slot)
		i++;
	if (i == threads_pages || written[i] || !(entry_prot(entry) & VM_PROT_WRITE))
		return;
	*(unsigned char *)page_address(pfn_to_page(entry_pfn(entry))) = byte(threads_seed, i);
	*slot = entry_with(entry, entry_prot(entry), ENTRY_ACCESSED | ENTRY_DIRTY);
	written[i] = true;
}

/*
 * Pages are in memory, and the swap disk has the same bytes. Each page is written while fork
 * shares it. Then memory is short: the page has to be written to the disk again.
 */
static void writes_meanwhile(uint64_t seed, size_t n)
{
	begin(SLOTS);
	assert_true(n <= ARRAY_SIZE(written));
	map_pages(&space, n, MAP_PRIVATE);
	write_every(1, seed, n);
	swap_out();
	(void)sum_pages(n);
	threads_seed = seed + 2;
	threads_pages = n;
	fake_meddle = write_before_change;
	fork_and_count(&space, &child);
	fake_meddle = NULL;
	swap_out();
	result("parent", sum_of(&space, n));
	result("child", sum_of(&child, n));
	result("wrong_counts", wrong_counts);
}

int main(int argc, char **argv)
{
	static const struct host_point points[] = {
		{ "generations", generations },
		{ "pinned", pinned },
		{ "writes_meanwhile", writes_meanwhile },
	};

	return run_point(points, sizeof(points) / sizeof(points[0]), argc, argv);
}
