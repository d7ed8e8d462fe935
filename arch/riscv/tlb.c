/* Making harts forget translations. */
#include "arch/hart.h"
#include "arch/mmu.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/tlb.h"
#include "base/hart.h"

/* The firmware's mask, by hart id, of a mask by index, without this hart. */
static unsigned long others(uint64_t harts_mask)
{
	unsigned self = arch_this_hart()->index;
	unsigned long ids = 0;

	for (unsigned i = 0; i < hart_count; i++)
		if (i != self && (harts_mask >> i & 1))
			ids |= 1ul << harts[i].id;
	return ids;
}

static void fence_remote(unsigned long ids, vaddr_t start, size_t size)
{
	sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, ids, 0, start, size);
}

void tlb_flush_kernel(void)
{
	unsigned long ids = hart_count > 1 ? others(UINT64_MAX) : 0;

	__asm__ volatile("sfence.vma" ::: "memory");
	if (ids)
		fence_remote(ids, 0, SIZE_MAX);
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

static void flush_remote(const struct mmu_flush *flush, unsigned long ids)
{
	if (flush->text)
		sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, ids, 0, 0, 0);
	if (flush->all || flush->tables || flush->count > 1)
		fence_remote(ids, 0, SIZE_MAX);
	else if (flush->count)
		fence_remote(ids, flush->va[0], PAGE_SIZE);
}

void arch_mmu_flush(struct mmu *mmu, struct mmu_flush *flush)
{
	uint64_t mask = __atomic_load_n(&mmu->harts, __ATOMIC_SEQ_CST);
	uint64_t self = 1ul << arch_this_hart()->index;

	if (mask & self)
		flush_local(flush);
	if (flush->text)
		arch_icache_sync();
	if (mask & ~self)
		flush_remote(flush, others(mask));
	flush->count = 0;
	flush->all = false;
	flush->tables = false;
	flush->text = false;
}
