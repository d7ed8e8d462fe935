/* SPDX-License-Identifier: MIT */
/* A stop of the core's tour: more pages than the machine has frames. Some are in swap, and all come back as they were. */
#include "abi/faultline.h"
#include "core/core.h"

static struct faultline_machine machine;

static void machine_read(void)
{
	sys_call(SYS_faultline, FAULTLINE_MACHINE, 0, (long)&machine, sizeof(machine), 0, 0);
}

int main(int argc, char **argv, char **envp)
{
	unsigned long pages, wrong = 0;
	struct faultline_reclaim reclaim;
	volatile unsigned long *memory;

	(void)argc, (void)argv, (void)envp;
	tour_title(
		"memory under pressure",
		"A quarter more pages than there are frames are written to, and read again. What is cold goes to a disk.");
	check("swapon: no such disk", sys_swapon("/dev/vdz", 0) == -ENOENT, "ENOENT");
	check("swapon", sys_swapon("/dev/vda", 0) == 0, "yes");
	machine_read();
	pages = machine.frames + machine.frames / 4;
	print("frames: ", digits((long)machine.frames), "\npages written to: ", digits((long)pages),
	      "\n", (char *)0);
	memory = (volatile unsigned long *)new_memory(pages);
	for (unsigned long i = 0; i < pages; i++)
		memory[i * PAGE / sizeof(*memory)] = i * 3 + 1;
	machine_read();
	check("pages in swap", machine.swap > machine.free_swap,
	      digits((long)(machine.swap - machine.free_swap)));
	for (unsigned long i = 0; i < pages; i++)
		wrong += memory[i * PAGE / sizeof(*memory)] != i * 3 + 1;
	check("pages that have come back as others", wrong == 0, digits((long)wrong));
	sys_call(SYS_faultline, FAULTLINE_RECLAIM, 0, (long)&reclaim, sizeof(reclaim), 0, 0);
	check("pages written to the disk", reclaim.written >= pages - machine.frames,
	      digits((long)reclaim.written));
	check("pages read from it", reclaim.read >= pages - machine.frames,
	      digits((long)reclaim.read));
	return 0;
}
