/* SPDX-License-Identifier: MIT */
/* TLB flushes on this hart and on others. */
#include "arch/hart.h"
#include "arch/mmu.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/tlb.h"
#include "base/hart.h"
#include "lib/assert.h"

#define MASK_BITS 64

/* A set of harts as the firmware takes it: one bit for each hart id, from `first` on. */
struct sbi_harts {
	unsigned long mask, first;
};

/*
 * Converts a mask of hart indices, without this hart. If their ids do not fit into one mask, the
 * result is all harts, which is never too few.
 */
static struct sbi_harts others(uint64_t harts_mask)
{
	unsigned self = arch_this_hart()->index;
	struct sbi_harts to = { 0 };

	for (unsigned i = 0; i < hart_count; i++) {
		if (i == self || !(harts_mask >> i & 1))
			continue;
		if (harts[i].id >= MASK_BITS)
			to.first = SBI_ALL_HARTS;
		to.mask |= 1ul << harts[i].id % MASK_BITS;
	}
	return to;
}

static void fence_remote(struct sbi_harts to, vaddr_t start, size_t size)
{
	struct sbi_result r =
		sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, to.mask, to.first, start, size);

	assert_hardened(r.error == 0);
}

void tlb_flush_kernel(void)
{
	__asm__ volatile("sfence.vma" ::: "memory");
	if (hart_count > 1)
		fence_remote(others(UINT64_MAX), 0, SIZE_MAX);
}

static void flush_local(const struct mmu_flush *flush)
{
	if (flush->all || flush->tables) {
		__asm__ volatile("sfence.vma" ::: "memory");
		return;
	}
	for (unsigned i = 0; i < flush->count; i++)
		arch_mmu_fence_local(flush->va[i]);
}

static void flush_remote(const struct mmu_flush *flush, struct sbi_harts to)
{
	if (flush->all || flush->tables || flush->count > 1)
		fence_remote(to, 0, SIZE_MAX);
	else if (flush->count)
		fence_remote(to, flush->va[0], PAGE_SIZE);
}

void arch_mmu_flush(struct mmu *mmu, struct mmu_flush *flush)
{
	uint64_t mask = __atomic_load_n(&mmu->harts, __ATOMIC_SEQ_CST);
	uint64_t self = 1ul << arch_this_hart()->index;

	if (mask & self)
		flush_local(flush);
	if (mask & ~self)
		flush_remote(flush, others(mask));
	flush->count = 0;
	flush->all = false;
	flush->tables = false;
}
