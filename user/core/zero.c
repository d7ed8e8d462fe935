/* SPDX-License-Identifier: MIT */
/* A stop of the core's tour: what is only read is the one page of zeros; a write then gets a frame. */
#include "abi/faultline.h"
#include "core/core.h"

#define PAGES 64

int main(int argc, char **argv, char **envp)
{
	volatile char *memory = new_memory(PAGES);
	long before, sum = 0, read, wrote;

	(void)argc, (void)argv, (void)envp;
	tour_title(
		"zero page",
		"64 new pages are read. All are mapped to one frame of zeros, until one is written to.");
	before = frames_unused();
	for (int i = 0; i < PAGES; i++)
		sum += memory[(unsigned long)i * PAGE];
	read = before - frames_unused();
	check("the sum of what was read", sum == 0, digits(sum));
	check("FILL faults", faults(FAULTLINE_FILL, memory, PAGES) > 0,
	      digits(faults(FAULTLINE_FILL, memory, PAGES)));
	check("frames of the 64 pages, with tables", read <= 3, digits(read));
	before = frames_unused();
	memory[PAGE] = 1;
	wrote = before - frames_unused();
	check("frames of a page that is written to", wrote == 1, digits(wrote));
	check("the write to one was a COW", fault_at(memory + PAGE) == FAULTLINE_COW, "yes");
	check("its neighbour is still zero", memory[2 * PAGE] == 0, "yes");
	return 0;
}
