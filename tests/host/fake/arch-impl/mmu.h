/* The fake machine's local fence. */
#pragma once

#include "lib/types.h"

/* Drops the running space's entry for va from the fake TLB. */
void arch_mmu_fence_local(vaddr_t va);
