/* SPDX-License-Identifier: MIT */
/* RISC-V: finds and writes entries, with the fences that this hart needs. */
#pragma once

#include "arch/entry.h"
#include "arch/riscv/sv39.h"
#include "base/hart.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/types.h"
#include "sync/atomic.h"

static inline struct mmu_entry *arch_mmu_lookup(const struct mmu *mmu, vaddr_t va)
{
	const pte_t *root = arch_phys_to_virt(mmu->root);
	pte_t middle = root[va >> ROOT_SHIFT], leaf;

	assert_hardened(va < USER_TOP);
	if (unlikely(!middle))
		return NULL;
	leaf = pte_table_at(middle)[middle_index(va)];
	if (unlikely(!pte_is_table(leaf)))
		return NULL;
	return (struct mmu_entry *)&pte_table_at(leaf)[leaf_index(va)];
}

static inline struct mmu_entry *arch_mmu_lookup_large(const struct mmu *mmu, vaddr_t va)
{
	const pte_t *root = arch_phys_to_virt(mmu->root);
	pte_t middle = root[va >> ROOT_SHIFT], *slot;

	assert_hardened(va < USER_TOP);
	if (!middle)
		return NULL;
	slot = &pte_table_at(middle)[middle_index(va)];
	return *slot & PTE_U ? (struct mmu_entry *)slot : NULL;
}

static inline void arch_mmu_fence_local(vaddr_t va)
{
	__asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
}

/* A fence without address covers all levels. The kernel's entries, which are global, stay, and so do those of other spaces. */
static inline void arch_mmu_fence_local_all(void)
{
	const struct mmu *mmu = arch_this_hart()->active;

	__asm__ volatile("sfence.vma zero, %0" ::"r"(mmu ? mmu->asid : 0) : "memory");
}

/* Has the other harts make a FENCE.I, at once or when they switch to the space. */
void mmu_sync_text_elsewhere(void *mmu);

static inline void arch_mmu_sync_text(struct mmu *mmu)
{
	__asm__ volatile("fence.i" ::: "memory");
	if (hart_are_several())
		arch_call_seldom(mmu_sync_text_elsewhere, mmu);
}

/* Makes the fences that this hart owes before it uses the space, and has it have a number. */
void mmu_pay(void *mmu);

/* These two take one instruction each, where gcc 12 makes two of its own functions. What is done before comes before. */
static inline void hart_set_bits(uint64_t *word, uint64_t bits)
{
	__asm__ volatile("amoor.d.aqrl zero, %1, %0"
			 : "+A"(*word)
			 : "r"(bits)
			 : "memory"); /* and what is done after, after */
}

static inline void hart_clear_bits(uint64_t *word, uint64_t bits)
{
	__asm__ volatile("amoand.d.rl zero, %1, %0" : "+A"(*word) : "r"(~bits) : "memory");
}

/*
 * That the hart runs the space is said before it looks at what it owes: whoever changes an entry looks at both in the
 * opposite order (arch/riscv/tlb.c). The space's generation is loaded before that, and its number after it.
 */
static inline void arch_mmu_switch(struct hart *hart, struct mmu *mmu)
{
	uint64_t self = hart->bit;
	uint64_t generation = atomic_load_relaxed(&mmu->generation);
	struct mmu *old = hart->active;

	atomic_store_relaxed(&hart->entering, mmu);
	hart_set_bits(&mmu->harts, self);
	if (unlikely(generation != atomic_load_relaxed(&hart->asid_generation)) ||
	    unlikely(atomic_load_relaxed(&mmu->stale) & self))
		arch_call_seldom(mmu_pay, mmu);
	__asm__ volatile("csrw satp, %0" ::"r"(mmu->switch_word) : "memory");
	atomic_store_relaxed(&hart->active, mmu);
	if (old)
		hart_clear_bits(&old->harts, self);
}

/* Asserts that it is an entry of a page for user mode. */
static inline void mmu_assert_entry(struct mmu_entry entry)
{
	assert_hardened(entry.word & ENTRY_WORD_U);
	assert_hardened(!(entry.word & ENTRY_WORD_V) || (entry.word & ENTRY_WORD_RWX));
	assert_hardened((entry.word & (ENTRY_WORD_R | ENTRY_WORD_W)) != ENTRY_WORD_W);
}

/*
 * Do harts keep entries that they have found invalid? Then one that becomes valid needs a fence. arch_mmu_try() finds
 * out. Where the answer is wrong, a hart faults once more and makes the fence then (SPURIOUS).
 */
extern bool mmu_keeps_invalid;

/* Fences an entry that was invalid, on this hart, if that is needed. */
static inline void mmu_fence_new(vaddr_t va)
{
	if (__builtin_expect(mmu_keeps_invalid, 0))
		arch_mmu_fence_local(va);
}

static inline void arch_mmu_map(struct mmu_entry *slot, vaddr_t va, struct mmu_entry entry)
{
	assert_hardened(!entry_has_page(*slot));
	mmu_assert_entry(entry);
	/* The contents of the frame become visible before the entry does. */
	__asm__ volatile("fence w, w" ::: "memory");
	/* A plain store: gcc would make a swap of an atomic one. */
	*(volatile uint64_t *)&slot->word = entry.word;
	mmu_fence_new(va);
}

static inline bool arch_mmu_map_first(struct mmu_entry *slot, vaddr_t va, struct mmu_entry entry)
{
	__asm__ volatile("fence w, w" ::: "memory");
	mmu_assert_entry(entry);
	if (!entry_cas(slot, ENTRY_NONE, entry))
		return false;
	mmu_fence_new(va);
	return true;
}

/* Writes the same word to the ENTRY_RUN entries from the slot on, if all are EMPTY. */
static inline bool mmu_map_run(struct mmu_entry *slot, struct mmu_entry entry)
{
	if (!entries_empty(slot))
		return false;
#pragma GCC unroll 8
	for (unsigned i = 0; i < ENTRY_RUN; i++)
		*(volatile uint64_t *)&slot[i].word = entry.word;
	return true;
}

static inline size_t arch_mmu_map_same(struct mmu_entry *slot, vaddr_t va, long step, size_t n,
				       struct mmu_entry entry)
{
	size_t done = 0;

	mmu_assert_entry(entry);
	__asm__ volatile("fence w, w" ::: "memory");
	for (slot += step; n - done >= ENTRY_RUN; done += ENTRY_RUN, slot += step * ENTRY_RUN)
		if (!mmu_map_run(step > 0 ? slot : slot - (ENTRY_RUN - 1), entry))
			break;
	for (; done < n && entry_empty(entry_load(slot)); done++, slot += step)
		*(volatile uint64_t *)&slot->word = entry.word;
	for (size_t i = 1; unlikely(mmu_keeps_invalid) && i <= done; i++)
		arch_mmu_fence_local(va + (vaddr_t)step * i * PAGE_SIZE);
	return done;
}
