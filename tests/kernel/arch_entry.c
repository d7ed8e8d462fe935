/* SPDX-License-Identifier: MIT */
/* Contract of arch/entry.h: what is put into an entry comes out of it. */
#include "arch/entry.h"

#include "boot/options.h"
#include "tests/kernel/ktest.h"

#define PFN	 0x81234ul
#define ALL_BITS 16u

/* What entry_make() promises to make of the rights. */
static unsigned kept_rights(unsigned rights, unsigned flags)
{
	if (flags & (ENTRY_COW | ENTRY_WP))
		rights &= ~RIGHT_WRITE;
	return rights & RIGHT_WRITE ? rights | RIGHT_READ : rights;
}

static bool both_marks(unsigned flags)
{
	return (flags & ENTRY_COW) && (flags & ENTRY_WP);
}

static void expect_round_trip(unsigned rights, unsigned flags)
{
	struct mmu_entry e = entry_make(PFN, rights, flags);

	EXPECT_EQ(PFN, entry_pfn(e));
	EXPECT_EQ(kept_rights(rights, flags), entry_rights(e));
	EXPECT_EQ(flags, entry_flags(e));
	EXPECT_TRUE(!entry_empty(e));
	EXPECT_EQ(e.word, entry_with(entry_make(PFN, 0, 0), rights, flags).word);
}

KTEST(arch_entry_holds_rights_and_flags)
{
	arch_ad_soft_set(false);
	for (unsigned flags = 0; flags < ALL_BITS; flags++) {
		for (unsigned rights = 0; rights < 8 && !both_marks(flags); rights++) {
			enum entry_state state = kept_rights(rights, flags) ? ENTRY_PRESENT
									    : ENTRY_RESIDENT;

			expect_round_trip(rights, flags);
			EXPECT_EQ(state, entry_state(entry_make(PFN, rights, flags)));
		}
	}
	arch_ad_soft_set(boot_options.soft_ad);
	EXPECT_EQ(ENTRY_EMPTY, entry_state((struct mmu_entry){ 0 }));
	EXPECT_TRUE(entry_empty((struct mmu_entry){ 0 }));
}

/*
 * R85: without A the hardware may not use the entry, without D it may not write; the rights are
 * told all the same.
 */
KTEST(arch_entry_soft_accessed_and_dirty)
{
	unsigned rw = RIGHT_READ | RIGHT_WRITE;
	struct mmu_entry fresh, used, dirty;

	arch_ad_soft_set(true);
	fresh = entry_make(PFN, rw, 0);
	used = entry_make(PFN, rw, ENTRY_ACCESSED);
	dirty = entry_make(PFN, rw, ENTRY_ACCESSED | ENTRY_DIRTY);
	for (unsigned flags = 0; flags < ALL_BITS; flags++)
		for (unsigned rights = 0; rights < 8 && !both_marks(flags); rights++)
			expect_round_trip(rights, flags & ~ENTRY_DIRTY);
	arch_ad_soft_set(boot_options.soft_ad);
	EXPECT_EQ(ENTRY_RESIDENT, entry_state(fresh));
	EXPECT_EQ(ENTRY_PRESENT, entry_state(used));
	EXPECT_EQ(rw, entry_rights(fresh));
	EXPECT_EQ(rw, entry_rights(used));
	EXPECT_TRUE(!entry_lessens(fresh, used) && !entry_lessens(used, dirty));
	EXPECT_TRUE(entry_lessens(dirty, used) && entry_lessens(used, fresh));
}

/* R60: as fork leaves it with both */
KTEST(arch_entry_share)
{
	for (unsigned soft = 0; soft < 2; soft++) {
		arch_ad_soft_set(soft);
		for (unsigned flags = 0; flags < ENTRY_WP; flags++) {
			for (unsigned rights = 0; rights < 8; rights++) {
				struct mmu_entry e = entry_make(PFN, rights, flags);
				unsigned kept = entry_flags(e) | ENTRY_COW;

				EXPECT_EQ(entry_with(e, entry_rights(e), kept).word,
					  entry_share(e).word);
			}
		}
		arch_ad_soft_set(boot_options.soft_ad);
	}
}

/* R8: what owes a fence */
KTEST(arch_entry_lessens)
{
	unsigned used = ENTRY_ACCESSED | ENTRY_DIRTY;
	struct mmu_entry rw = entry_make(PFN, RIGHT_READ | RIGHT_WRITE, used);
	struct mmu_entry r = entry_make(PFN, RIGHT_READ, used);
	struct mmu_entry cow = entry_make(PFN, RIGHT_READ | RIGHT_WRITE, used | ENTRY_COW);
	struct mmu_entry none = entry_make(PFN, 0, used);
	struct mmu_entry other = entry_make(PFN + 1, RIGHT_READ | RIGHT_WRITE, used);
	struct mmu_entry clean = entry_make(PFN, RIGHT_READ | RIGHT_WRITE, ENTRY_ACCESSED);
	struct mmu_entry empty = { 0 };

	EXPECT_TRUE(entry_lessens(rw, r) && entry_lessens(rw, cow) && entry_lessens(rw, none));
	EXPECT_TRUE(entry_lessens(rw, other) && entry_lessens(rw, empty) &&
		    entry_lessens(rw, clean));
	EXPECT_TRUE(!entry_lessens(r, rw) && !entry_lessens(clean, rw) && !entry_lessens(cow, rw));
	EXPECT_TRUE(!entry_lessens(empty, rw) && !entry_lessens(none, other) &&
		    !entry_lessens(rw, rw));
}

KTEST(arch_entry_changes_atomically)
{
	struct mmu_entry a = entry_make(PFN, RIGHT_READ, ENTRY_ACCESSED);
	struct mmu_entry b = entry_make(PFN, RIGHT_READ, ENTRY_ACCESSED | ENTRY_DIRTY);
	struct mmu_entry slot = a;

	EXPECT_TRUE(!entry_cas(&slot, b, b));
	EXPECT_EQ(a.word, entry_load(&slot).word);
	EXPECT_TRUE(entry_cas(&slot, a, b));
	EXPECT_EQ(b.word, entry_swap(&slot, a).word);
	EXPECT_EQ(a.word, slot.word);
}
