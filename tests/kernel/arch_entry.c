/* SPDX-License-Identifier: MIT */
/* Contract of arch/entry.h: what is put into an entry comes out of it. */
#include "arch/entry.h"

#include "boot/options.h"
#include "tests/kernel/ktest.h"

#define PFN	 0x81234ul
#define ALL_BITS 16u

/* What entry_make() promises to make of the permissions. */
static unsigned kept_prot(unsigned prot, unsigned flags)
{
	if (flags & (ENTRY_COW | ENTRY_WP))
		prot &= ~VM_PROT_WRITE;
	return prot & VM_PROT_WRITE ? prot | VM_PROT_READ : prot;
}

static bool both_marks(unsigned flags)
{
	return (flags & ENTRY_COW) && (flags & ENTRY_WP);
}

static void expect_round_trip(unsigned prot, unsigned flags)
{
	struct mmu_entry e = entry_make(PFN, prot, flags);

	EXPECT_EQ(PFN, entry_pfn(e));
	EXPECT_EQ(kept_prot(prot, flags), entry_prot(e));
	EXPECT_EQ(flags, entry_flags(e));
	EXPECT_TRUE(!entry_empty(e));
	EXPECT_EQ(e.word, entry_with(entry_make(PFN, 0, 0), prot, flags).word);
}

KTEST(arch_entry_holds_prot_and_flags)
{
	arch_ad_soft_set(false);
	for (unsigned flags = 0; flags < ALL_BITS; flags++) {
		for (unsigned prot = 0; prot < 8 && !both_marks(flags); prot++) {
			enum entry_state state = kept_prot(prot, flags) ? ENTRY_PRESENT
									: ENTRY_RESIDENT;

			expect_round_trip(prot, flags);
			EXPECT_EQ(state, entry_state(entry_make(PFN, prot, flags)));
		}
	}
	arch_ad_soft_set(boot_options.soft_ad);
	EXPECT_EQ(ENTRY_EMPTY, entry_state((struct mmu_entry){ 0 }));
	EXPECT_TRUE(entry_empty((struct mmu_entry){ 0 }));
}

/*
 * R85: without A the hardware may not use the entry, without D it may not write; the permissions are
 * told all the same.
 */
KTEST(arch_entry_soft_accessed_and_dirty)
{
	unsigned rw = VM_PROT_READ | VM_PROT_WRITE;
	struct mmu_entry fresh, used, dirty;

	arch_ad_soft_set(true);
	fresh = entry_make(PFN, rw, 0);
	used = entry_make(PFN, rw, ENTRY_ACCESSED);
	dirty = entry_make(PFN, rw, ENTRY_ACCESSED | ENTRY_DIRTY);
	for (unsigned flags = 0; flags < ALL_BITS; flags++)
		for (unsigned prot = 0; prot < 8 && !both_marks(flags); prot++)
			expect_round_trip(prot, flags & ~ENTRY_DIRTY);
	arch_ad_soft_set(boot_options.soft_ad);
	EXPECT_EQ(ENTRY_RESIDENT, entry_state(fresh));
	EXPECT_EQ(ENTRY_PRESENT, entry_state(used));
	EXPECT_EQ(rw, entry_prot(fresh));
	EXPECT_EQ(rw, entry_prot(used));
	EXPECT_TRUE(!entry_downgrades(fresh, used) && !entry_downgrades(used, dirty));
	EXPECT_TRUE(entry_downgrades(dirty, used) && entry_downgrades(used, fresh));
}

/* R60: as fork leaves it with both */
KTEST(arch_entry_share)
{
	for (unsigned soft = 0; soft < 2; soft++) {
		arch_ad_soft_set(soft);
		for (unsigned flags = 0; flags < ENTRY_WP; flags++) {
			for (unsigned prot = 0; prot < 8; prot++) {
				struct mmu_entry e = entry_make(PFN, prot, flags);
				unsigned kept = entry_flags(e) | ENTRY_COW;

				EXPECT_EQ(entry_with(e, entry_prot(e), kept).word,
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
	struct mmu_entry rw = entry_make(PFN, VM_PROT_READ | VM_PROT_WRITE, used);
	struct mmu_entry r = entry_make(PFN, VM_PROT_READ, used);
	struct mmu_entry cow = entry_make(PFN, VM_PROT_READ | VM_PROT_WRITE, used | ENTRY_COW);
	struct mmu_entry none = entry_make(PFN, 0, used);
	struct mmu_entry other = entry_make(PFN + 1, VM_PROT_READ | VM_PROT_WRITE, used);
	struct mmu_entry clean = entry_make(PFN, VM_PROT_READ | VM_PROT_WRITE, ENTRY_ACCESSED);
	struct mmu_entry empty = { 0 };

	EXPECT_TRUE(entry_downgrades(rw, r) && entry_downgrades(rw, cow) &&
		    entry_downgrades(rw, none));
	EXPECT_TRUE(entry_downgrades(rw, other) && entry_downgrades(rw, empty) &&
		    entry_downgrades(rw, clean));
	EXPECT_TRUE(!entry_downgrades(r, rw) && !entry_downgrades(clean, rw) &&
		    !entry_downgrades(cow, rw));
	EXPECT_TRUE(!entry_downgrades(empty, rw) && !entry_downgrades(none, other) &&
		    !entry_downgrades(rw, rw));
}

KTEST(arch_entry_changes_atomically)
{
	struct mmu_entry a = entry_make(PFN, VM_PROT_READ, ENTRY_ACCESSED);
	struct mmu_entry b = entry_make(PFN, VM_PROT_READ, ENTRY_ACCESSED | ENTRY_DIRTY);
	struct mmu_entry slot = a;

	EXPECT_TRUE(!entry_cas(&slot, b, b));
	EXPECT_EQ(a.word, entry_load(&slot).word);
	EXPECT_TRUE(entry_cas(&slot, a, b));
	EXPECT_EQ(b.word, entry_swap(&slot, a).word);
	EXPECT_EQ(a.word, slot.word);
}
