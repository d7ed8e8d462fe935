/* RISC-V: the fence that more rights need. */
#pragma once

#include "lib/types.h"

static inline void arch_mmu_fence_local(vaddr_t va)
{
	__asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
}
