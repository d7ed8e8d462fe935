/* SPDX-License-Identifier: MIT */
/* The fake machine's page-table entries: a layout of its own, so that nobody relies on it. */
#pragma once

#include "lib/assert.h"
#include "lib/types.h"

#define FAKE_VALID  1ul	       /* the fake hardware may use it */
#define FAKE_R	    (1ul << 1) /* what the hardware allows */
#define FAKE_W	    (1ul << 2)
#define FAKE_X	    (1ul << 3)
#define FAKE_A	    (1ul << 4)
#define FAKE_D	    (1ul << 5)
#define FAKE_COW    (1ul << 6)
#define FAKE_WP	    (1ul << 7)
#define FAKE_HOLDS  (1ul << 8)	/* RESIDENT: a frame, invalid to the hardware */
#define FAKE_SOFT_W (1ul << 9)	/* W that is withheld until D */
#define FAKE_SLOT   (1ul << 10) /* SWAP: a slot in place of the frame */
#define FAKE_SLOT_WP \
	(1ul << 11) /* the page in the slot, or of no slot, is write-protected by its program */
#define FAKE_POISON	 (1ul << 12) /* POISONED */
#define FAKE_PROT_SHIFT	 1
#define FAKE_FLAGS_SHIFT 4
#define FAKE_PFN_SHIFT	 16

/* Whether A and D are kept in software; tests set it before they make any entry. */
extern bool fake_soft_ad;

static inline bool arch_sets_accessed(void)
{
	return !fake_soft_ad;
}

static inline enum entry_state entry_state(struct mmu_entry e)
{
	if (e.word & FAKE_VALID)
		return ENTRY_PRESENT;
	if (e.word & FAKE_SLOT)
		return ENTRY_SWAP;
	if (e.word & FAKE_POISON)
		return ENTRY_POISONED;
	if (e.word & FAKE_SLOT_WP)
		return ENTRY_MARKED;
	return e.word & FAKE_HOLDS ? ENTRY_RESIDENT : ENTRY_EMPTY;
}

static inline bool entry_empty(struct mmu_entry e)
{
	return e.word == 0;
}

static inline bool entry_has_page(struct mmu_entry e)
{
	return e.word & (FAKE_VALID | FAKE_HOLDS);
}

static inline bool entry_is_blank(struct mmu_entry e)
{
	return !(e.word & (FAKE_VALID | FAKE_HOLDS | FAKE_SLOT));
}

static inline pfn_t entry_pfn(struct mmu_entry e)
{
	return e.word >> FAKE_PFN_SHIFT;
}

static inline pfn_t entry_pfn_if_any(struct mmu_entry e)
{
	return entry_has_page(e) ? e.word >> FAKE_PFN_SHIFT : UINT64_MAX;
}

static inline uint64_t entry_swap_slot(struct mmu_entry e)
{
	assert(e.word & FAKE_SLOT);
	return e.word >> FAKE_PFN_SHIFT;
}

static inline unsigned entry_prot(struct mmu_entry e)
{
	unsigned prot = (e.word >> FAKE_PROT_SHIFT) & (VM_PROT_READ | VM_PROT_WRITE | VM_PROT_EXEC);

	return e.word & (FAKE_SOFT_W | FAKE_WP) ? prot | VM_PROT_WRITE : prot;
}

static inline unsigned entry_flags(struct mmu_entry e)
{
	return (e.word >> FAKE_FLAGS_SHIFT) & (ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_WP);
}

/* The journal's layout is another one. */
static inline uint64_t entry_record(struct mmu_entry e)
{
	return (entry_state(e) == ENTRY_PRESENT ? 0x11u : 0x10u) | (uint64_t)entry_prot(e) << 1 |
	       (uint64_t)entry_flags(e) << 6 | e.word >> FAKE_PFN_SHIFT << 16;
}

static inline bool entry_allows(struct mmu_entry e, unsigned access)
{
	unsigned flags = access & VM_PROT_WRITE ? ENTRY_ACCESSED | ENTRY_DIRTY : ENTRY_ACCESSED;

	if (access & VM_PROT_WRITE && e.word & FAKE_WP)
		return false;
	return entry_state(e) == ENTRY_PRESENT && (entry_prot(e) & access) == access &&
	       (entry_flags(e) & flags) == flags;
}

static inline struct mmu_entry entry_make(pfn_t pfn, unsigned prot, unsigned flags)
{
	uint64_t word = pfn << FAKE_PFN_SHIFT | (uint64_t)flags << FAKE_FLAGS_SHIFT;

	if (flags & ENTRY_COW)
		prot &= ~VM_PROT_WRITE;
	if (prot & VM_PROT_WRITE)
		prot |= VM_PROT_READ;
	word |= prot && (flags & ENTRY_ACCESSED || !fake_soft_ad) ? FAKE_VALID : FAKE_HOLDS;
	if (fake_soft_ad && prot & VM_PROT_WRITE && !(flags & ENTRY_DIRTY)) {
		prot &= ~VM_PROT_WRITE;
		word |= FAKE_SOFT_W;
	}
	return (struct mmu_entry){ word | (uint64_t)prot << FAKE_PROT_SHIFT };
}

static inline struct mmu_entry entry_make_swap(uint64_t slot)
{
	return (struct mmu_entry){ slot << FAKE_PFN_SHIFT | FAKE_SLOT };
}

static inline struct mmu_entry entry_make_poison(void)
{
	return (struct mmu_entry){ FAKE_POISON };
}

static inline struct mmu_entry entry_with(struct mmu_entry e, unsigned prot, unsigned flags)
{
	return entry_make(entry_pfn(e), prot, flags);
}

static inline struct mmu_entry entry_share(struct mmu_entry e)
{
	return entry_with(e, entry_prot(e) & ~VM_PROT_WRITE,
			  (entry_flags(e) & ~ENTRY_WP) | ENTRY_COW);
}

static inline bool entry_is_wp(struct mmu_entry e)
{
	return e.word & (FAKE_WP | FAKE_SLOT_WP);
}

static inline struct mmu_entry entry_set_wp(struct mmu_entry e, bool wp)
{
	if (entry_has_page(e))
		return entry_with(e, entry_prot(e),
				  wp		   ? entry_flags(e) | ENTRY_WP
				  : entry_is_wp(e) ? (entry_flags(e) & ~ENTRY_WP) | ENTRY_COW
						   : entry_flags(e));
	if (e.word & FAKE_POISON)
		return e;
	return (struct mmu_entry){ wp ? e.word | FAKE_SLOT_WP : e.word & ~FAKE_SLOT_WP };
}

static inline bool entry_downgrades(struct mmu_entry old, struct mmu_entry new)
{
	uint64_t hard = FAKE_R | FAKE_W | FAKE_X;

	if (!(old.word & FAKE_VALID))
		return false;
	if (!(new.word &FAKE_VALID) || entry_pfn(old) != entry_pfn(new))
		return true;
	return (old.word & ~new.word &hard) || (old.word & FAKE_W && old.word & ~new.word &FAKE_D);
}

static inline struct mmu_entry entry_load(const struct mmu_entry *slot)
{
	return (struct mmu_entry){ __atomic_load_n(&slot->word, __ATOMIC_RELAXED) };
}

/* What other harts' hardware does to an entry just before it is changed; NULL: nothing. */
extern void (*fake_meddle)(struct mmu_entry *slot);

static inline bool entry_cas(struct mmu_entry *slot, struct mmu_entry old, struct mmu_entry new)
{
	if (fake_meddle)
		fake_meddle(slot);
	return __atomic_compare_exchange_n(&slot->word, &old.word, new.word, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static inline struct mmu_entry entry_swap(struct mmu_entry *slot, struct mmu_entry new)
{
	return (struct mmu_entry){ __atomic_exchange_n(&slot->word, new.word, __ATOMIC_ACQ_REL) };
}
