/* SPDX-License-Identifier: MIT */
/* The fake machine's vmap area: what is mapped there shows the arena. */
#include "arch/mmu.h"

#include "arena.h"
#include "fake.h"
#include "lib/assert.h"

int arch_mmu_map_kernel(vaddr_t va, paddr_t pa, size_t npages, unsigned prot,
			struct mmu_tables *spare)
{
	size_t size = npages << PAGE_SHIFT;

	(void)spare;
	assert(va >= VMAP_BASE && va + size <= VMAP_TOP);
	if (!prot)
		fake_arena_hide(va, size);
	else if (pa >= FAKE_PHYS_BASE && pa - FAKE_PHYS_BASE < fake_arena_size)
		fake_arena_show(va, pa - FAKE_PHYS_BASE, size, prot & VM_PROT_WRITE);
	return 0;
}

void arch_mmu_sync_kernel(void)
{
}
