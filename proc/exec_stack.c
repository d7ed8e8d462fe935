/* SPDX-License-Identifier: MIT */
/* Computes where everything on the stack of a new image lies. */
#include "proc/exec_stack.h"

#include "abi/errno.h"
#include "abi/rseq.h"
#include "abi/time.h"
#include "arch/page.h"
#include "lib/bits.h"
#include "lib/elf.h"

#define WORD	    sizeof(uint64_t)
#define STACK_ALIGN 16ul

int exec_stack_layout(struct exec_stack *stack, vaddr_t top, size_t filename_bytes,
		      size_t string_bytes, unsigned argc, unsigned envc)
{
	size_t words = 1 + ((size_t)argc + 1) + ((size_t)envc + 1);
	size_t table = words * WORD + EXEC_AUXV_COUNT * sizeof(struct abi_auxv);

	/*
	 * Each part is smaller than a quarter of the space, so the subtractions cannot wrap around.
	 */
	if (filename_bytes >= top / 4 || string_bytes >= top / 4 || table >= top / 4)
		return -E2BIG;
	stack->top = top;
	stack->filename = top - WORD - filename_bytes;
	stack->strings = stack->filename - string_bytes;
	stack->random = ALIGN_DOWN(stack->strings, STACK_ALIGN) - EXEC_RANDOM_BYTES;
	stack->sp = ALIGN_DOWN(stack->random - table, STACK_ALIGN);
	stack->auxv = stack->sp + words * WORD;
	stack->argc = argc;
	stack->envc = envc;
	return 0;
}

void exec_stack_auxv(const struct exec_stack *stack, const struct exec_aux *aux,
		     struct abi_auxv auxv[EXEC_AUXV_COUNT])
{
	const struct abi_auxv all[EXEC_AUXV_COUNT] = {
		{ AT_HWCAP, ABI_HWCAP_RV64GC },
		{ AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, ABI_CLK_TCK },
		{ AT_PHDR, aux->phdr },
		{ AT_PHENT, ELF_PHDR_BYTES },
		{ AT_PHNUM, aux->phnum },
		{ AT_BASE, aux->base },
		{ AT_FLAGS, 0 },
		{ AT_ENTRY, aux->entry },
		{ AT_UID, aux->uid },
		{ AT_EUID, aux->euid },
		{ AT_GID, aux->gid },
		{ AT_EGID, aux->egid },
		{ AT_SECURE, aux->secure },
		{ AT_RANDOM, stack->random },
		{ AT_EXECFN, stack->filename },
		{ AT_RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE },
		{ AT_RSEQ_ALIGN, sizeof(struct abi_rseq) },
		{ AT_NULL, 0 },
	};

	for (unsigned i = 0; i < EXEC_AUXV_COUNT; i++)
		auxv[i] = all[i];
}
