/* SPDX-License-Identifier: MIT */
/* What a page-table entry says, without saying how its bits lie. */
#pragma once

#include "arch/page.h"
#include "lib/bits.h"
#include "lib/types.h"

/*
 * A leaf entry is one word. Outside arch it is read and made only by the functions below.
 *   EMPTY     nothing was ever here; the all-zero word
 *   PRESENT   the hardware may use it
 *   RESIDENT  invalid to the hardware, holds its frame: PROT_NONE, or not accessed where the kernel
 *             keeps A
 *   SWAP      the page is in this swap slot                      (not built yet: asserts)
 *   MARK      a write-protect or poison mark without a frame     (not built yet: asserts)
 * A writable, clean entry of a kernel that keeps D itself has its W withheld from the hardware;
 * entry_prot() tells W all the same and entry_dirty() tells false.
 */
struct mmu_entry {
	uint64_t word;
};

#define ENTRY_NONE ((struct mmu_entry){ 0 }) /* EMPTY */

enum entry_state { ENTRY_EMPTY, ENTRY_PRESENT, ENTRY_RESIDENT, ENTRY_SWAP, ENTRY_MARK };

/* Rights, in entries, VMAs and accesses alike; the values are those of PROT_*. */
#define VM_PROT_READ  1u
#define VM_PROT_WRITE 2u
#define VM_PROT_EXEC  4u

/* What else an entry can carry. */
#define ENTRY_ACCESSED 1u
#define ENTRY_DIRTY    2u
#define ENTRY_COW      4u /* write-protected because it is shared, whatever its VMA allows */
#define ENTRY_WP       8u /* write-protected for its owner's sake */

/*
 * The body, arch-impl/entry.h, supplies these as inline functions:
 *
 * enum entry_state entry_state(struct mmu_entry e);
 * bool entry_empty(struct mmu_entry e);                 the quick test
 * pfn_t entry_pfn(struct mmu_entry e);                  => PRESENT or RESIDENT
 * unsigned entry_prot(struct mmu_entry e);            RIGHT_* (0 for EMPTY)
 * unsigned entry_flags(struct mmu_entry e);             ENTRY_*
 * struct mmu_entry entry_make(pfn_t pfn, unsigned permissions, unsigned flags);
 *       a user entry. Rights 0 give RESIDENT. W is withheld by the hardware's rule (COW, WP) or by
 *       ours (soft D); W implies R; COW or WP drop W.
 * struct mmu_entry entry_with(struct mmu_entry e, unsigned permissions, unsigned flags);
 *       the same frame, other permissions and flags
 * struct mmu_entry entry_share(struct mmu_entry e);
 *       the same without the right to write, marked COW
 * bool entry_downgrades(struct mmu_entry old, struct mmu_entry new);
 *       true where a TLB that still holds old would allow more than new does, or another frame: a
 *       fence is owed
 * struct mmu_entry entry_load(const struct mmu_entry *slot);
 *       one atomic read
 * bool entry_cas(struct mmu_entry *slot, struct mmu_entry old, struct mmu_entry new);
 *       false where the hardware (A, D) or another hart was quicker
 * struct mmu_entry entry_swap(struct mmu_entry *slot, struct mmu_entry new);
 *       atomic exchange
 */
#include "arch-impl/entry.h"

#define ENTRY_RUN 8 /* entries that are looked at together */

/* Are the ENTRY_RUN entries from slot on all EMPTY? */
static inline UNCHECKED bool entries_empty(const struct mmu_entry *slot)
{
	uint64_t any = 0;

#pragma GCC unroll 8
	for (unsigned i = 0; i < ENTRY_RUN; i++)
		any |= __atomic_load_n(&slot[i].word, __ATOMIC_RELAXED);
	return any == 0;
}

/* The first of [slot, end) that is not EMPTY, or end. Quick over what was never touched. */
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

/*
 * Boot option ad=soft: entries made from now on keep A and D without help from the hardware. =>
 * before any user space
 */
void arch_ad_soft_set(bool on);
