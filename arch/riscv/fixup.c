/* SPDX-License-Identifier: MIT */
/* Where a user copy continues after a refused fault. */
#include "arch/riscv/trap.h"

#include "arch/riscv/image.h"

vaddr_t usercopy_fixup(vaddr_t pc)
{
	if (pc < (vaddr_t)usercopy_start || pc >= (vaddr_t)usercopy_end)
		return 0;
	/* cppcheck-suppress comparePointers ; the linker makes one array of it */
	for (const struct fixup *f = usercopy_fixups_start; f < usercopy_fixups_end; f++)
		if (pc >= f->start && pc < f->end)
			return f->target;
	return 0;
}
