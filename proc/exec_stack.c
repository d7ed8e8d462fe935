/* SPDX-License-Identifier: MIT */
/* Computes where everything on the stack of a new image lies. */
#include "proc/exec_stack.h"

#include "abi/errno.h"
#include "abi/time.h"
#include "arch/page.h"
#include "lib/assert.h"
#include "lib/bits.h"
#include "lib/elf.h"

#define WORD	    sizeof(uint64_t)
#define STACK_ALIGN 16ul

int exec_stack_layout(struct exec_stack *stack, vaddr_t top, size_t filename_bytes,
		      size_t string_bytes, unsigned argc, unsigned envc, unsigned nmore)
{
	size_t words = 1 + ((size_t)argc + 1) + ((size_t)envc + 1);
	unsigned nauxv = EXEC_AUXV_OWN + nmore;
	size_t table = words * WORD + nauxv * sizeof(struct abi_auxv);

	assert(nauxv <= EXEC_AUXV_MOST);
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
	stack->nauxv = nauxv;
	return 0;
}

static struct abi_auxv *put_entries(struct abi_auxv *to, const struct abi_auxv *from, unsigned n)
{
	while (n-- > 0)
		*to++ = *from++;
	return to;
}

void exec_stack_auxv(const struct exec_stack *stack, const struct exec_aux *aux,
		     struct abi_auxv auxv[EXEC_AUXV_MOST])
{
	const struct abi_auxv image[] = {
		{ AT_HWCAP, ABI_HWCAP_RV64GC }, { AT_PAGESZ, PAGE_SIZE },
		{ AT_CLKTCK, ABI_CLK_TCK },	{ AT_PHDR, aux->phdr },
		{ AT_PHENT, ELF_PHDR_BYTES },	{ AT_PHNUM, aux->phnum },
		{ AT_BASE, aux->base },		{ AT_FLAGS, 0 },
		{ AT_ENTRY, aux->entry },
	};
	const struct abi_auxv places[] = {
		{ AT_RANDOM, stack->random },
		{ AT_EXECFN, stack->filename },
	};
	struct abi_auxv *end = auxv;

	_Static_assert(ARRAY_SIZE(image) + ARRAY_SIZE(places) + 1 == EXEC_AUXV_OWN, "and AT_NULL");
	assert(EXEC_AUXV_OWN + aux->nfirst + aux->nbefore + aux->nbehind == stack->nauxv);
	end = put_entries(end, aux->first, aux->nfirst);
	end = put_entries(end, image, ARRAY_SIZE(image));
	end = put_entries(end, aux->before, aux->nbefore);
	end = put_entries(end, places, ARRAY_SIZE(places));
	end = put_entries(end, aux->behind, aux->nbehind);
	*end = (struct abi_auxv){ AT_NULL, 0 };
}
