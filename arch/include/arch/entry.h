/* SPDX-License-Identifier: MIT */
/* Page-table entries, independent of how the hardware lays out their bits. */
#pragma once

#include "arch/page.h"
#include "lib/bits.h"
#include "lib/types.h"

/*
 * A leaf entry is one word. Outside arch, it is read and made only by the functions below. Its
 * states are:
 *   EMPTY     nothing is here; the word is 0
 *   PRESENT   the hardware may use it
 *   RESIDENT  invalid for the hardware, but it has a frame: PROT_NONE, or not accessed yet where
 *             the kernel maintains A
 *   SWAP      the page is in a swap slot; the entry has the slot's number, and perhaps ENTRY_WP
 *   MARKED    nothing is here, and what will be is write-protected by its program (ENTRY_WP)
 *   POISONED  nothing is here, and nothing will be: each access fails
 * Where the kernel maintains D itself, a writable, clean entry has no W bit that the hardware sees.
 * entry_prot() includes VM_PROT_WRITE all the same, and entry_flags() lacks ENTRY_DIRTY. It does so for an
 * entry with ENTRY_WP, too, of which W is withheld until the program allows writes.
 */
struct mmu_entry {
	uint64_t word;
};

#define ENTRY_NONE ((struct mmu_entry){ 0 }) /* EMPTY */

enum entry_state {
	ENTRY_EMPTY,
	ENTRY_PRESENT,
	ENTRY_RESIDENT,
	ENTRY_SWAP,
	ENTRY_MARKED,
	ENTRY_POISONED,
};

/* Permissions of entries, VMAs and accesses. The values are those of PROT_*. */
#define VM_PROT_READ  1u
#define VM_PROT_WRITE 2u
#define VM_PROT_EXEC  4u

/* The flags of an entry. */
#define ENTRY_ACCESSED 1u
#define ENTRY_DIRTY    2u
#define ENTRY_COW      4u  /* write-protected because the page is shared, whatever its VMA allows */
#define ENTRY_WP       12u /* both bits: COW, and the program has write-protected the page itself */

/*
 * arch-impl/entry.h supplies these inline functions:
 *
 * enum entry_state entry_state(struct mmu_entry e);
 * bool entry_empty(struct mmu_entry e);
 *       the state is EMPTY; faster than entry_state()
 * bool entry_has_page(struct mmu_entry e);
 *       the state is PRESENT or RESIDENT; faster than entry_state()
 * bool entry_is_blank(struct mmu_entry e);
 *       neither a page nor a slot: the state is EMPTY, MARKED or POISONED
 * pfn_t entry_pfn(struct mmu_entry e);
 *       the frame of an entry that is PRESENT or RESIDENT
 * pfn_t entry_pfn_if_any(struct mmu_entry e);
 *       the same; for an entry in any other state, a number that is no frame's
 * uint64_t entry_swap_slot(struct mmu_entry e);
 *       the slot of an entry that is SWAP
 * unsigned entry_prot(struct mmu_entry e);
 *       VM_PROT_*; 0 for what has no page
 * unsigned entry_flags(struct mmu_entry e);
 *       ENTRY_*; 0 for what has no page. (Of the bits of ENTRY_WP the higher one alone is for entry_make() only.)
 * bool entry_allows(struct mmu_entry e, unsigned access);
 *       would the hardware allow an access that needs these VM_PROT_*? A, and D for a write, are
 *       set already. Bits that are set say so, so that the bits that several entries have in common
 *       say so of all of them
 * struct mmu_entry entry_make(pfn_t pfn, unsigned prot, unsigned flags);
 *       a user entry. prot 0 makes it RESIDENT. COW removes VM_PROT_WRITE; VM_PROT_WRITE
 *       implies VM_PROT_READ. The W bit is withheld from the hardware while D is maintained by the
 *       kernel and not set.
 * struct mmu_entry entry_make_swap(uint64_t slot);
 *       an entry that is SWAP; slots are below 2^40
 * struct mmu_entry entry_make_poison(void);
 *       the entry that is POISONED
 * struct mmu_entry entry_with(struct mmu_entry e, unsigned prot, unsigned flags);
 *       the same frame with other permissions and flags
 * struct mmu_entry entry_share(struct mmu_entry e);
 *       the same without VM_PROT_WRITE, marked COW, and not ENTRY_WP
 * bool entry_is_wp(struct mmu_entry e);
 *       ENTRY_WP is set; for SWAP, too, which keeps it, and for MARKED
 * struct mmu_entry entry_set_wp(struct mmu_entry e, bool wp);
 *       the same with ENTRY_WP, or without: then COW. What is EMPTY becomes MARKED, and back; what is POISONED stays
 * bool entry_downgrades(struct mmu_entry old, struct mmu_entry new);
 *       true if a TLB that still has `old` would allow more than `new`, or use another frame: a
 *       fence is owed
 * struct mmu_entry entry_load(const struct mmu_entry *slot);
 *       one atomic read
 * bool entry_cas(struct mmu_entry *slot, struct mmu_entry old, struct mmu_entry new);
 *       false if the hardware (A, D) or another hart has changed the entry first
 * struct mmu_entry entry_swap(struct mmu_entry *slot, struct mmu_entry new);
 *       atomic exchange
 * uint64_t entry_record(struct mmu_entry e);
 *       an entry that is PRESENT or RESIDENT in the journal's layout (docs/journal.md), but for the
 *       kind of its page
 * bool arch_sets_accessed(void);
 *       the hardware sets A by itself
 */
#include "arch-impl/entry.h"

/* The entry of the page with that number in a block that `large` maps. */
static inline struct mmu_entry entry_of_large(struct mmu_entry large, size_t index)
{
	return entry_make(entry_pfn(large) + index, entry_prot(large), entry_flags(large));
}

#define ENTRY_RUN 8 /* entries that are tested together */

/* Are the ENTRY_RUN entries from `slot` on all EMPTY? */
static inline UNCHECKED bool entries_empty(const struct mmu_entry *slot)
{
	uint64_t any = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < ENTRY_RUN; i++)
		any |= __atomic_load_n(&slot[i].word, __ATOMIC_RELAXED);
	return any == 0;
}

/* Do the ENTRY_RUN entries from `slot` on all allow the access? Bits that all of them have say so. */
static inline UNCHECKED bool entries_allow(const struct mmu_entry *slot, unsigned access)
{
	uint64_t all = UINT64_MAX;

#pragma GCC unroll 8
	for (unsigned i = 0; i < ENTRY_RUN; i++)
		all &= __atomic_load_n(&slot[i].word, __ATOMIC_RELAXED);
	return entry_allows((struct mmu_entry){ all }, access);
}

/* Returns the first entry of [slot, end) that is not EMPTY, or end. Fast over empty ranges. */
static inline struct mmu_entry *entry_next_used(struct mmu_entry *slot, struct mmu_entry *end)
{
	if (slot < end && !entry_empty(entry_load(slot)))
		return slot;
	while (end - slot >= ENTRY_RUN && entries_empty(slot))
		slot += ENTRY_RUN;
	while (slot < end && entry_empty(entry_load(slot)))
		slot++;
	return slot;
}

/* Goes through the entries of [from, end) that are not EMPTY. At the end, slot is `end`. */
#define entry_for_each_used(slot, from, end)                      \
	for (slot = entry_next_used((from), (end)); slot < (end); \
	     slot = entry_next_used(slot + 1, (end)))

/*
 * If `on`, entries made from now on keep A and D without help from the hardware: for machines that
 * do not set these bits, and for the boot option ad=soft. Call before there is any user space.
 */
void arch_ad_soft_set(bool on);
