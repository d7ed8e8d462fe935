/* SPDX-License-Identifier: MIT */
/* Contract of arch/mmu.h: map, look up, visit, prune, and the cases that must be refused. */
#include "arch/mmu.h"

#include "abi/errno.h"
#include "arch/irqflags.h"
#include "arch/usercopy.h"
#include "arch/witness.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/arch_space.h"
#include "tests/kernel/ktest.h"

#define PFN    0x81234ul
#define MIB(n) ((vaddr_t)(n) << 20)
#define GIB(n) ((vaddr_t)(n) << 30)

/* Ends of tables of each level, and of the user half. */
static const vaddr_t places[] = {
	PAGE_SIZE, MIB(2) - PAGE_SIZE, MIB(2),	 GIB(1) - PAGE_SIZE,   GIB(1), GIB(2), GIB(64),
	GIB(128),  GIB(160),	       GIB(254), USER_TOP - PAGE_SIZE,
};

/* Tables that these need: the first two share a leaf table, the first four a middle one. */
#define LEAVES	10
#define MIDDLES 8

static bool map_places(struct arch_space *as)
{
	bool ok = arch_space_start(as);

	for (size_t i = 0; i < ARRAY_SIZE(places) && ok; i++)
		ok = arch_space_map(as, places[i], PFN + i);
	return ok;
}

KTEST(arch_mmu_map_and_look_up)
{
	struct arch_space as;

	ASSERT_TRUE(map_places(&as));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct mmu_entry *slot = arch_mmu_lookup(&as.mmu, places[i]);

		ASSERT_TRUE(slot);
		EXPECT_EQ(PFN + i, entry_pfn(entry_load(slot)));
	}
	EXPECT_TRUE(entry_empty(entry_load(arch_mmu_lookup(&as.mmu, 2 * PAGE_SIZE))));
	EXPECT_TRUE(!arch_mmu_lookup(&as.mmu, MIB(1022) - PAGE_SIZE));
	EXPECT_TRUE(!arch_mmu_lookup(&as.mmu, GIB(192)));
	EXPECT_EQ(1 + MIDDLES + LEAVES, arch_space_end(&as));
}

/* A TLB that has D set stores on without setting it. Nothing of the kind is true of A, or without W. */
KTEST(arch_mmu_entry_that_loses_dirty_is_downgraded)
{
	const unsigned rw = VM_PROT_READ | VM_PROT_WRITE, both = ENTRY_ACCESSED | ENTRY_DIRTY;
	struct mmu_entry writable = entry_make(PFN, rw, both);
	struct mmu_entry readable = entry_make(PFN, VM_PROT_READ, both);

	EXPECT_TRUE(entry_downgrades(writable, entry_with(writable, rw, ENTRY_ACCESSED)));
	EXPECT_TRUE(entry_downgrades(writable, readable));
	EXPECT_TRUE(!entry_downgrades(writable, writable));
	EXPECT_EQ(!arch_sets_accessed(), /* without A it is invalid where the kernel sets A */
		  entry_downgrades(writable, entry_with(writable, rw, ENTRY_DIRTY)));
	EXPECT_TRUE(!entry_downgrades(readable, writable));
	EXPECT_TRUE(
		!entry_downgrades(readable, entry_with(readable, VM_PROT_READ, ENTRY_ACCESSED)));
}

KTEST(arch_mmu_prepare_without_tables_counts_them)
{
	struct mmu_tables none = { 0 };
	struct arch_space as;

	ASSERT_TRUE(arch_space_start(&as));
	EXPECT_EQ(2, arch_mmu_prepare(&as.mmu, PAGE_SIZE, &none));
	EXPECT_TRUE(!arch_mmu_lookup(&as.mmu, PAGE_SIZE));
	EXPECT_TRUE(arch_space_map(&as, PAGE_SIZE, PFN));
	EXPECT_EQ(0, arch_mmu_prepare(&as.mmu, 2 * PAGE_SIZE, &none));
	EXPECT_EQ(1, arch_mmu_prepare(&as.mmu, MIB(2), &none));
	EXPECT_EQ(3, arch_space_end(&as));
}

struct seen {
	unsigned leaves;
	unsigned present;
	vaddr_t last;
	unsigned stop_after;
};

static int see(void *arg, const struct mmu_leaf *leaf)
{
	struct seen *seen = arg;

	EXPECT_TRUE(seen->leaves == 0 || leaf->va > seen->last);
	seen->last = leaf->va;
	seen->leaves++;
	for (unsigned i = 0; i < leaf->count; i++)
		seen->present += !entry_empty(leaf->entries[i]);
	return seen->leaves == seen->stop_after ? -EINTR : 0;
}

static struct seen visit(struct arch_space *as, vaddr_t start, vaddr_t end)
{
	struct seen seen = { 0 };

	EXPECT_EQ(0, arch_mmu_visit(&as->mmu, start, end, see, &seen));
	return seen;
}

/* R18: missing tables of any level are skipped */
KTEST(arch_mmu_visit_skips_what_is_not_there)
{
	struct seen first = { .stop_after = 3 };
	struct arch_space as;

	ASSERT_TRUE(map_places(&as));
	EXPECT_EQ(LEAVES, visit(&as, 0, USER_TOP).leaves);
	EXPECT_EQ(ARRAY_SIZE(places), visit(&as, 0, USER_TOP).present);
	EXPECT_EQ(0, visit(&as, MIB(2050), GIB(3)).leaves);
	EXPECT_EQ(0, visit(&as, GIB(3), GIB(64)).leaves);
	EXPECT_EQ(0, visit(&as, MIB(4), MIB(1022)).leaves);
	EXPECT_EQ(2, visit(&as, GIB(1) - PAGE_SIZE, GIB(1) + PAGE_SIZE).present);
	EXPECT_EQ(1, visit(&as, MIB(2) - PAGE_SIZE, MIB(2)).present);
	EXPECT_EQ(0, visit(&as, 2 * PAGE_SIZE, MIB(2) - PAGE_SIZE).present);
	EXPECT_EQ(0, visit(&as, PAGE_SIZE, PAGE_SIZE).leaves);
	EXPECT_EQ(-EINTR, arch_mmu_visit(&as.mmu, 0, USER_TOP, see, &first));
	EXPECT_EQ(3, first.leaves);
	arch_space_end(&as);
}

static void empty_entry(struct arch_space *as, vaddr_t va)
{
	entry_swap(arch_mmu_lookup(&as->mmu, va), (struct mmu_entry){ 0 });
}

KTEST(arch_mmu_prune_takes_whole_tables_only)
{
	struct mmu_flush flush = { .tables = true };
	struct arch_space as;

	ASSERT_TRUE(map_places(&as));
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		empty_entry(&as, places[i]);
	arch_mmu_prune(&as.mmu, PAGE_SIZE, GIB(1) - 1, &as.spare);
	EXPECT_EQ(LEAVES - 1, visit(&as, 0, USER_TOP).leaves); /* that of MIB(2) went */
	EXPECT_TRUE(arch_mmu_lookup(&as.mmu, PAGE_SIZE) && !arch_mmu_lookup(&as.mmu, MIB(2)));
	EXPECT_TRUE(arch_mmu_lookup(&as.mmu, GIB(1) - PAGE_SIZE));
	arch_mmu_prune(&as.mmu, GIB(1), USER_TOP, &as.spare);
	EXPECT_EQ(2, visit(&as, 0, USER_TOP).leaves);
	arch_mmu_flush(&as.mmu, &flush);
	EXPECT_TRUE(!flush.tables && !flush.count);
	EXPECT_TRUE(arch_space_map(&as, MIB(2), PFN)); /* and comes back */
	EXPECT_EQ(3, visit(&as, 0, USER_TOP).leaves);
	EXPECT_EQ(1 + 1 + 3, arch_space_end(&as));
}

/*
 * Against a plain list: tables come and go at random places, and each visit finds those that are
 * there.
 */
/* A second hart is pretended, with the number of the only one, so that the firmware takes it. */
KTEST(arch_mmu_flush_of_another_hart)
{
	struct mmu_flush flush = { .all = true };
	unsigned count = hart_count;
	unsigned long id = harts[1].id, irq;
	struct arch_space as;

	if (count > 1)
		return;
	ASSERT_TRUE(arch_space_start(&as));
	irq = arch_irq_save();
	hart_count = 2;
	harts[1].id = harts[0].id;
	as.mmu.harts = 2;
	arch_mmu_flush(&as.mmu, &flush);
	as.mmu.harts = 0;
	harts[1].id = id;
	hart_count = count;
	arch_irq_restore(irq);
	EXPECT_TRUE(!flush.all);
	EXPECT_EQ(1, arch_space_end(&as));
}

KTEST(arch_mmu_tables_come_and_go)
{
	bool there[64] = { false };
	struct arch_space as;

	ASSERT_TRUE(arch_space_start(&as));
	for (unsigned step = 0; step < 1000; step++) {
		size_t n = ktest_random() % ARRAY_SIZE(there);
		vaddr_t va = ((n & 7) * 7 << 30 | (n >> 3) * 60 << 21) + PAGE_SIZE;
		unsigned leaves = 0;

		if (there[n]) {
			empty_entry(&as, va);
			arch_mmu_prune(&as.mmu, va - PAGE_SIZE, va + MIB(2), &as.spare);
		} else {
			ASSERT_TRUE(arch_space_map(&as, va, PFN));
		}
		there[n] = !there[n];
		for (size_t i = 0; i < ARRAY_SIZE(there); i++)
			leaves += there[i];
		EXPECT_EQ(leaves, visit(&as, 0, USER_TOP).leaves);
		EXPECT_EQ(there[n], visit(&as, va, va + PAGE_SIZE).leaves);
	}
	arch_space_end(&as);
}

/* On the strict machine, too, which ends with another status if it knows of a translation that is left. */
KTEST(arch_witness_free_of_frames_that_nobody_maps_is_silent)
{
	struct arch_space as;

	arch_witness_free(PFN * PAGE_SIZE, PAGE_SIZE);
	ASSERT_TRUE(arch_space_start(&as));
	ASSERT_TRUE(arch_space_map(&as, MIB(1), PFN));
	arch_mmu_activate(&as.mmu);
	arch_witness_free((PFN + 1) * PAGE_SIZE, PAGE_SIZE);
	arch_mmu_activate(NULL);
	arch_space_end(&as);
	arch_witness_free(PFN * PAGE_SIZE, PAGE_SIZE);
}

static void switch_between(struct arch_space *a, struct arch_space *b, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		arch_mmu_activate(&a->mmu);
		arch_mmu_activate(&b->mmu);
	}
}

/* With numbers for both, and nobody else who takes some. */
KTEST(arch_mmu_switch_between_spaces_flushes_nothing)
{
	struct arch_space a, b;
	uint64_t flushes;
	unsigned long irq;

	ASSERT_TRUE(arch_space_start(&a));
	ASSERT_TRUE(arch_space_start(&b));
	irq = arch_irq_save();
	switch_between(&a, &b, 1);
	flushes = hart_this()->counters[HART_FLUSHES];
	switch_between(&a, &b, 10);
	flushes = hart_this()->counters[HART_FLUSHES] - flushes;
	if (a.mmu.asid && b.mmu.asid && !hart_are_several())
		EXPECT_EQ(0, flushes);
	else if (!a.mmu.asid && !b.mmu.asid)
		EXPECT_EQ(20, flushes);
	arch_mmu_activate(NULL);
	arch_irq_restore(irq);
	arch_space_end(&a);
	arch_space_end(&b);
}

static uint64_t word_at(vaddr_t va)
{
	uint64_t word = 0;

	EXPECT_EQ(0, arch_copy_in(&word, va, sizeof(word)));
	return word;
}

/* Another page takes the place of one while the hart runs another space. */
static void change_in_absence(struct arch_space *as, struct arch_space *other, vaddr_t va,
			      pfn_t pfn)
{
	struct mmu_entry *slot = arch_mmu_lookup(&as->mmu, va);
	struct mmu_flush flush;

	arch_mmu_activate(&other->mmu);
	mmu_flush_init(&flush);
	mmu_flush_add(&flush, va);
	(void)entry_swap(slot, ENTRY_NONE);
	arch_mmu_flush(&as->mmu, &flush);
	/* Not by arch_mmu_map(), which may fence this address in all spaces. */
	(void)entry_swap(
		slot, entry_make(pfn, VM_PROT_READ | VM_PROT_WRITE, ENTRY_ACCESSED | ENTRY_DIRTY));
	arch_mmu_activate(&as->mmu);
}

/* A fence of a space that the hart does not run is made when it does. */
KTEST(arch_mmu_flush_of_a_space_that_does_not_run)
{
	struct page *pages[2] = { page_alloc(0, PAGE_KERNEL, PAGE_NORMAL),
				  page_alloc(0, PAGE_KERNEL, PAGE_NORMAL) };
	struct arch_space a, b;
	unsigned long irq;

	ASSERT_TRUE(pages[0] && pages[1] && arch_space_start(&a) && arch_space_start(&b));
	for (unsigned i = 0; i < 2; i++)
		*(uint64_t *)arch_phys_to_virt(page_to_paddr(pages[i])) = i;
	ASSERT_TRUE(arch_space_map(&a, MIB(1), page_to_pfn(pages[0])));
	irq = arch_irq_save();
	arch_mmu_activate(&a.mmu);
	EXPECT_EQ(0, word_at(MIB(1)));
	for (unsigned i = 1; i < 10; i++) {
		change_in_absence(&a, &b, MIB(1), page_to_pfn(pages[i % 2]));
		EXPECT_EQ(i % 2, word_at(MIB(1)));
	}
	arch_mmu_activate(NULL);
	arch_irq_restore(irq);
	arch_space_end(&a);
	arch_space_end(&b);
	page_put(pages[0]);
	page_put(pages[1]);
}

/* ---- large entries ---- */

#define BLOCK_ORDER 9
#define BLOCK_AT    MIB(2)
#define MOVED_TO    MIB(4)

static const unsigned used = ENTRY_ACCESSED | ENTRY_DIRTY;

/* A block whose frames hold their numbers, mapped at BLOCK_AT; the tables above are there. */
static struct page *map_block(struct arch_space *as)
{
	struct page *block = page_alloc(BLOCK_ORDER, PAGE_KERNEL, PAGE_NORMAL);
	struct mmu_tables none = { 0 };
	struct mmu_entry entry;

	if (!block || !arch_space_start(as))
		return NULL;
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++)
		*(uint64_t *)((char *)page_address(block) + i * PAGE_SIZE) = i;
	entry = entry_make(page_to_pfn(block), VM_PROT_READ | VM_PROT_WRITE, used);
	EXPECT_EQ(1, arch_mmu_map_large(&as->mmu, BLOCK_AT, entry, &none));
	EXPECT_TRUE(!arch_mmu_lookup_large(&as->mmu, BLOCK_AT));
	if (!arch_space_map(as, PAGE_SIZE, PFN))
		return NULL;
	EXPECT_EQ(0, arch_mmu_map_large(&as->mmu, BLOCK_AT, entry, &none));
	return block;
}

/* The running space reads the block there, and stores to it. */
static void use_block(vaddr_t at)
{
	for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++) {
		uint64_t word = i;

		EXPECT_EQ(i, word_at(at + i * PAGE_SIZE));
		EXPECT_EQ(0, arch_copy_out(at + i * PAGE_SIZE, &word, sizeof(word)));
	}
}

static void flush_tables(struct arch_space *as)
{
	struct mmu_flush flush;

	mmu_flush_init(&flush);
	flush.tables = true;
	arch_mmu_flush(&as->mmu, &flush);
}

KTEST(arch_mmu_large_entry_maps_a_block)
{
	const vaddr_t last = BLOCK_AT + MMU_LARGE_SIZE - PAGE_SIZE;
	struct arch_space as;
	struct page *block = map_block(&as);
	struct mmu_flush flush;
	unsigned long irq;
	struct seen seen;

	ASSERT_TRUE(block);
	EXPECT_TRUE(!arch_mmu_lookup(&as.mmu, BLOCK_AT) && !arch_mmu_lookup(&as.mmu, last));
	EXPECT_TRUE(arch_mmu_lookup_large(&as.mmu, BLOCK_AT));
	EXPECT_TRUE(arch_mmu_lookup_large(&as.mmu, last));
	EXPECT_TRUE(!arch_mmu_lookup_large(&as.mmu, BLOCK_AT - PAGE_SIZE));
	EXPECT_TRUE(!arch_mmu_lookup_large(&as.mmu, last + PAGE_SIZE));
	EXPECT_TRUE(!arch_mmu_lookup_large(&as.mmu, GIB(3)));
	seen = visit(&as, last, last + PAGE_SIZE); /* a part of it is shown as the whole */
	EXPECT_EQ(1, seen.leaves);
	EXPECT_EQ(1, seen.present);
	EXPECT_EQ(BLOCK_AT, seen.last);
	EXPECT_EQ(2, visit(&as, 0, USER_TOP).leaves);
	irq = arch_irq_save();
	arch_mmu_activate(&as.mmu);
	use_block(BLOCK_AT);
	EXPECT_EQ(page_to_pfn(block), entry_pfn(arch_mmu_unmap_large(&as.mmu, BLOCK_AT)));
	mmu_flush_init(&flush);
	mmu_flush_add(&flush, BLOCK_AT);
	arch_mmu_flush(&as.mmu, &flush);
	arch_mmu_activate(NULL);
	arch_irq_restore(irq);
	EXPECT_TRUE(!arch_mmu_lookup_large(&as.mmu, BLOCK_AT));
	EXPECT_EQ(3, arch_space_end(&as));
	page_free(block, BLOCK_ORDER);
}

struct block_runs {
	vaddr_t end;
	unsigned sum;
};

static int see_run(void *arg, const struct mmu_leaf *leaf)
{
	struct block_runs *runs = arg;

	if (leaf->large)
		runs->sum += arch_mmu_large_run(leaf, runs->end);
	return 0;
}

/* Returns the sum of the runs which begin at each large entry before `end`. */
static unsigned runs_up_to(struct arch_space *as, vaddr_t end)
{
	struct block_runs runs = { .end = end };

	EXPECT_EQ(0, arch_mmu_visit(&as->mmu, BLOCK_AT, end, see_run, &runs));
	return runs.sum;
}

/* R18: a run of large entries ends with its table, at one that is missing, at a leaf table, and with the range */
KTEST(arch_mmu_large_entries_in_a_row)
{
	static const vaddr_t at[] = { GIB(1) - 2 * MMU_LARGE_SIZE,
				      GIB(1) - MMU_LARGE_SIZE,
				      GIB(1),
				      GIB(1) + MMU_LARGE_SIZE,
				      GIB(1) + 2 * MMU_LARGE_SIZE,
				      GIB(1) + 4 * MMU_LARGE_SIZE };
	struct mmu_tables none = { 0 };
	struct arch_space as;
	struct page *block = map_block(&as);
	struct mmu_entry entry;

	ASSERT_TRUE(block);
	entry = arch_mmu_unmap_large(&as.mmu, BLOCK_AT);
	ASSERT_TRUE(arch_space_map(&as, GIB(1) + 3 * MMU_LARGE_SIZE, PFN));
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		EXPECT_EQ(0, arch_mmu_map_large(&as.mmu, at[i], entry, &none));
	EXPECT_EQ(2 + 1 + 3 + 2 + 1 + 1, runs_up_to(&as, USER_TOP));
	EXPECT_EQ(2 + 1 + 2 + 1, runs_up_to(&as, at[4]));
	EXPECT_EQ(2 + 1 + 1, runs_up_to(&as, at[3]));
	EXPECT_EQ(1, runs_up_to(&as, at[1]));
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		(void)arch_mmu_unmap_large(&as.mmu, at[i]);
	flush_tables(&as);
	(void)arch_space_end(&as);
	page_free(block, BLOCK_ORDER);
}

KTEST(arch_mmu_large_entry_moves)
{
	struct mmu_tables none = { 0 };
	struct arch_space as;
	struct page *block = map_block(&as);
	unsigned long irq;

	ASSERT_TRUE(block);
	irq = arch_irq_save();
	arch_mmu_activate(&as.mmu);
	use_block(BLOCK_AT);
	EXPECT_EQ(1, arch_mmu_move_table(&as.mmu, BLOCK_AT, GIB(5), &none, &none));
	EXPECT_EQ(0, arch_mmu_move_table(&as.mmu, BLOCK_AT, MOVED_TO, &none, &none));
	flush_tables(&as);
	use_block(MOVED_TO);
	EXPECT_TRUE(!arch_mmu_lookup_large(&as.mmu, BLOCK_AT));
	(void)arch_mmu_unmap_large(&as.mmu, MOVED_TO);
	flush_tables(&as);
	arch_mmu_activate(NULL);
	arch_irq_restore(irq);
	EXPECT_EQ(3, arch_space_end(&as));
	page_free(block, BLOCK_ORDER);
}

/* R80: each page has an entry like the large one, then. Its bits for A and D are kept, set or not. */
KTEST(arch_mmu_large_entry_is_split)
{
	const unsigned kinds[] = { 0, ENTRY_ACCESSED, used, used | ENTRY_COW };

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct page *table = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
		struct arch_space as;
		struct page *block = map_block(&as);
		struct mmu_entry entry;
		unsigned flags;
		unsigned long irq;

		ASSERT_TRUE(block && table);
		irq = arch_irq_save();
		arch_mmu_activate(&as.mmu);
		use_block(BLOCK_AT);
		entry = entry_make(page_to_pfn(block), VM_PROT_READ | VM_PROT_WRITE, kinds[k]);
		flags = entry_flags(entry);
		EXPECT_EQ(kinds[k], flags & (used | ENTRY_COW));
		(void)entry_swap(arch_mmu_lookup_large(&as.mmu, BLOCK_AT), entry);
		flush_tables(&as);
		entry = arch_mmu_split_large(&as.mmu, BLOCK_AT, page_to_paddr(table));
		flush_tables(&as);
		EXPECT_EQ(flags, entry_flags(entry));
		EXPECT_TRUE(!arch_mmu_lookup_large(&as.mmu, BLOCK_AT));
		for (size_t i = 0; i < MMU_LEAF_ENTRIES; i++) {
			struct mmu_entry *slot = arch_mmu_lookup(&as.mmu, BLOCK_AT + i * PAGE_SIZE);

			ASSERT_TRUE(slot);
			EXPECT_EQ(page_to_pfn(block) + i, entry_pfn(entry_load(slot)));
			EXPECT_EQ(entry_prot(entry), entry_prot(entry_load(slot)));
			EXPECT_EQ(flags, entry_flags(entry_load(slot)));
		}
		if (kinds[k] == used)
			use_block(BLOCK_AT);
		arch_mmu_activate(NULL);
		arch_irq_restore(irq);
		EXPECT_EQ(4, arch_space_end(&as));
		page_free(block, BLOCK_ORDER);
	}
}

/* R80: the entries of a table become one, which is used at once. */
KTEST(arch_mmu_table_becomes_large)
{
	struct page *table = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	struct mmu_tables none = { 0 };
	struct arch_space as;
	struct page *block = map_block(&as);
	struct mmu_entry entry;
	unsigned long irq;

	ASSERT_TRUE(block && table);
	irq = arch_irq_save();
	arch_mmu_activate(&as.mmu);
	entry = arch_mmu_split_large(&as.mmu, BLOCK_AT, page_to_paddr(table));
	flush_tables(&as);
	use_block(BLOCK_AT);
	EXPECT_EQ(page_to_paddr(table), arch_mmu_unlink_leaf(&as.mmu, BLOCK_AT));
	flush_tables(&as);
	EXPECT_TRUE(!arch_mmu_lookup(&as.mmu, BLOCK_AT));
	EXPECT_TRUE(!arch_mmu_lookup_large(&as.mmu, BLOCK_AT));
	EXPECT_EQ(0, arch_mmu_map_large(&as.mmu, BLOCK_AT, entry, &none));
	use_block(BLOCK_AT);
	(void)arch_mmu_unmap_large(&as.mmu, BLOCK_AT);
	flush_tables(&as);
	arch_mmu_activate(NULL);
	arch_irq_restore(irq);
	EXPECT_EQ(3, arch_space_end(&as));
	page_free(table, 0);
	page_free(block, BLOCK_ORDER);
}
