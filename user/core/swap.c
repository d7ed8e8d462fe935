/* SPDX-License-Identifier: MIT */
/* More pages than the machine has frames: some are in swap while others are used, and all come back as they were. */
#include "abi/faultline.h"
#include "abi/mman.h"
#include "core/core.h"

static struct faultline_machine machine;

static void machine_read(void)
{
	sys_call(SYS_faultline, FAULTLINE_MACHINE, 0, (long)&machine, sizeof(machine), 0, 0);
}

int main(int argc, char **argv, char **envp)
{
	unsigned long pages, wrong = 0;
	volatile unsigned long *memory;

	(void)argc, (void)argv, (void)envp;
	check("swapon: no such disk", sys_swapon("/dev/vdz", 0) == -ENOENT, "ENOENT");
	check("swapon", sys_swapon("/dev/vda", 0) == 0, "yes");
	machine_read();
	pages = machine.frames + machine.frames / 4;
	memory = (volatile unsigned long *)sys_mmap(0, pages * PAGE, PROT_READ | PROT_WRITE,
						    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned long i = 0; i < pages; i++)
		memory[i * PAGE / sizeof(*memory)] = i * 3 + 1;
	machine_read();
	check("pages in swap", machine.swap > machine.free_swap,
	      digits((long)(machine.swap - machine.free_swap)));
	for (unsigned long i = 0; i < pages; i++)
		wrong += memory[i * PAGE / sizeof(*memory)] != i * 3 + 1;
	check("pages that have come back as others", wrong == 0, digits((long)wrong));
	print("swap works\n", (char *)0);
	return 0;
}
