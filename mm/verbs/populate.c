/* SPDX-License-Identifier: MIT */
/* Fills pages through the fault path ahead of any access, for MAP_POPULATE and similar requests. */
#include "mm/verbs/populate.h"

#include "abi/errno.h"
#include "mm/fault/fault.h"
#include "mm/host.h"
#include "mm/swap/relieve.h"

/* Pages between two calls of vm_pause(). */
#define POPULATE_PIECE 64

static int populate_page(struct space *space, vaddr_t va, unsigned access)
{
	struct relief relief = { 0 };
	struct vm_wait wait;
	int result;

	vm_wait_init(&wait);
	do {
		if (!vma_find(space, va)) /* a stack grows only for a real access */
			return VM_SEGV_MAPERR;
		result = vm_fault_in(space, va, access, &wait);
	} while (wait_and_retry(&result, &wait, &relief));
	return result;
}

int vm_populate(struct space *space, vaddr_t start, vaddr_t end, unsigned access)
{
	unsigned done = 0;

	for (vaddr_t va = start; va < end; va += PAGE_SIZE) {
		int result = populate_page(space, va, access);

		if (result)
			return result;
		if (++done % POPULATE_PIECE == 0 && vm_pause())
			return -EINTR;
	}
	return 0;
}
