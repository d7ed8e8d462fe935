/* SPDX-License-Identifier: MIT */
/* Calls to the strict machine (tools/strict), a firmware that looks for missing fences. */
#include "arch/witness.h"

#include "arch/riscv/sbi.h"
#include "arch/riscv/witness.h"

static bool is_there; /* const after boot */

void witness_start(void)
{
	is_there = sbi_has(SBI_EXT_STRICT);
	if (is_there)
		sbi_call(SBI_EXT_STRICT, SBI_STRICT_PROMISE, 0, 0, 0, 0);
	witness_hart(0);
}

#ifdef FAULTLINE_HARDENED

void witness_mask(paddr_t root, const uint64_t *mask)
{
	if (is_there)
		sbi_call(SBI_EXT_STRICT, SBI_STRICT_MASK, root, (unsigned long)mask, 0, 0);
}

void witness_hart(unsigned bit)
{
	if (is_there)
		sbi_call(SBI_EXT_STRICT, SBI_STRICT_BIT, bit, 0, 0, 0);
}

#endif

void arch_witness_free(paddr_t pa, size_t size)
{
	if (is_there)
		sbi_call(SBI_EXT_STRICT, SBI_STRICT_FREE, pa, size, 0, 0);
}

void arch_witness_owe(bool owe)
{
	if (is_there)
		sbi_call(SBI_EXT_STRICT, SBI_STRICT_OWE, owe, 0, 0, 0);
}
