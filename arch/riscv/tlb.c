/* SPDX-License-Identifier: MIT */
/* TLB fences (flushes) on this hart, and on others by the firmware: TLB shootdown. */
#include "arch/hart.h"
#include "arch/mmu.h"
#include "arch/riscv/asid.h"
#include "arch/riscv/sbi.h"
#include "base/hart.h"
#include "lib/assert.h"

/* A request to the firmware names harts by one bit for each id, from a first one on. */
#define MASK_BITS 64

/* Returns the harts of a mask of indices whose ids lie in the same block as `first`, as bits from there on. */
static unsigned long block_of(uint64_t harts_mask, unsigned long first)
{
	unsigned long block = 0;

	for (unsigned i = 0; i < hart_count; i++)
		if (harts_mask >> i & 1 && harts[i].id - first < MASK_BITS)
			block |= 1ul << (harts[i].id - first);
	return block;
}

/*
 * A remote fence: has other harts, by index, make a fence, and waits for them. One request for each block of ids. The address
 * space's number counts for SBI_RFENCE_SFENCE_VMA_ASID.
 */
static void fence_remote(uint64_t harts_mask, unsigned long function, vaddr_t start, size_t size,
			 uint64_t asid)
{
	/* What they are to see is stored before the firmware tells them. */
	__asm__ volatile("fence rw, ow" ::: "memory");
	for (unsigned i = 0; i < hart_count; i++) {
		unsigned long first = ALIGN_DOWN(harts[i].id, MASK_BITS);
		struct sbi_result r;

		if (!(harts_mask >> i & 1) || block_of(harts_mask & ((1ul << i) - 1), first))
			continue; /* not meant, or part of an earlier block */
		hart_count_event(HART_FENCES);
		r = sbi_fence(function, block_of(harts_mask, first), first, start, size, asid);
		if (r.error)
			panic("the firmware can't fence other harts: error %ld", r.error);
	}
}

static uint64_t self_mask(void)
{
	return arch_this_hart()->bit;
}

void arch_mmu_sync_kernel(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
	if (hart_are_several())
		fence_remote(~self_mask(), SBI_RFENCE_SFENCE_VMA, 0, SIZE_MAX, 0);
}

/*
 * A hart that switches to the space meanwhile has set its bit in mmu->harts, or finds its mark, and by it that it owes a
 * FENCE.I.
 */
void mmu_sync_text_elsewhere(void *of)
{
	struct mmu *mmu = of;

	__atomic_fetch_or(&mmu->text_owed, ~self_mask(), __ATOMIC_SEQ_CST);
	__atomic_fetch_or(&mmu->stale, ~self_mask(), __ATOMIC_SEQ_CST);
	arch_mmu_barrier(mmu);
}

/* FENCE.I is the cheapest of the firmware's requests; what counts is that the harts are interrupted. */
void arch_mmu_barrier(const struct mmu *mmu)
{
	uint64_t mask;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mask = mmu ? __atomic_load_n(&mmu->harts, __ATOMIC_SEQ_CST) : UINT64_MAX;
	if (hart_are_several())
		fence_remote(mask & ~self_mask(), SBI_RFENCE_FENCE_I, 0, 0, 0);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void flush_local(const struct mmu_flush *flush, uint64_t asid)
{
	if (flush->all || flush->tables) {
		asid_fence(asid);
		return;
	}
	for (unsigned i = 0; i < flush->count; i++)
		asid_fence_address(flush->va[i], asid);
}

static void flush_remote(const struct mmu_flush *flush, uint64_t harts_mask, uint64_t asid)
{
	if (flush->all || flush->tables || flush->count > 1)
		fence_remote(harts_mask, SBI_RFENCE_SFENCE_VMA_ASID, 0, SIZE_MAX, asid);
	else if (flush->count)
		fence_remote(harts_mask, SBI_RFENCE_SFENCE_VMA_ASID, flush->va[0], PAGE_SIZE, asid);
}

static inline void flush_harts(struct mmu *mmu, struct mmu_flush *flush, uint64_t running)
{
	uint64_t asid = atomic_load_relaxed(&mmu->asid);
	uint64_t self = self_mask();

	if (running & self)
		flush_local(flush, asid);
	if (running & ~self)
		flush_remote(flush, running & ~self, asid);
	flush->count = 0;
	flush->all = false;
	flush->tables = false;
}

/*
 * Has harts that do not run the space flush what they have of it when they switch to it. Those that run it by now may have
 * looked at their marks before.
 */
static __attribute__((noinline)) void mark_and_flush(struct mmu *mmu, struct mmu_flush *flush,
						     uint64_t running, uint64_t unmarked)
{
	__atomic_fetch_or(&mmu->stale, unmarked, __ATOMIC_SEQ_CST);
	flush_harts(mmu, flush, running | __atomic_load_n(&mmu->harts, __ATOMIC_SEQ_CST));
}

void arch_mmu_flush(struct mmu *mmu, struct mmu_flush *flush)
{
	uint64_t running = __atomic_load_n(&mmu->harts, __ATOMIC_SEQ_CST);
	uint64_t unmarked = ~(running | atomic_load_relaxed(&mmu->stale));

	if (unlikely(unmarked))
		mark_and_flush(mmu, flush, running, unmarked);
	else
		flush_harts(mmu, flush, running);
}
