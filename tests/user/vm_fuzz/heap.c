/* SPDX-License-Identifier: MIT */
/* brk, in the pages behind the program that mmap and its kin reach as well. */
#include "vm_fuzz.h"

void heap_begin(void)
{
	uintptr_t now = (uintptr_t)syscall(SYS_brk, 0);

	heap_at = (char *)((now + PAGE - 1) & ~(PAGE - 1));
	if ((char *)syscall(SYS_brk, heap_at) != heap_at)
		_exit(98);
}

static void keep_heap(void)
{
	for (unsigned i = main_pages; i < npages(); i++) {
		unsigned char vec;
		bool mapped = mincore(at(i), PAGE, &vec) == 0;

		if (mapped && !cells[i].mapped)
			arena_map((struct range){ i, 1 }, RW, KIND_PRIVATE, false);
		else if (!mapped && cells[i].mapped)
			arena_unmap((struct range){ i, 1 });
	}
}

/*
 * Never below where it was at first: there are the C library's own data. And back to the start of a page only: what
 * is then beyond the break in its last page is zero here when the break rises again (docs/ABI.md).
 */
void do_brk(void)
{
	char *to = heap_at + rnd(HEAP_PAGES) * PAGE;

	if (one_in(2) && to >= (char *)syscall(SYS_brk, 0))
		to += rnd(PAGE);
	if (one_in(20))
		to = one_in(2) ? NULL : (char *)(1ul << (36 + rnd(27)));
	tell(OP_BRK, syscall(SYS_brk, to) - (long)heap_at, "%#lx", to ? (long)(to - heap_at) : 0);
	keep_heap();
}
