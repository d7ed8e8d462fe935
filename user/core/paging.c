/* SPDX-License-Identifier: MIT */
/* A stop of the core's tour: pages of the program come when they are touched. */
#include "abi/faultline.h"
#include "core/core.h"

/* Far from all else of the program, so that no page of it is there yet. */
static const char far[64 * PAGE] __attribute__((aligned(4096))) = { [32 * PAGE] = 'd' };

int main(int argc, char **argv, char **envp)
{
	const volatile char *page = far + 32 * PAGE;
	long before, took;

	(void)argc, (void)argv, (void)envp;
	tour_title(
		"demand paging",
		"The program has 64 pages of data that it has not touched. One of them is read.");
	check("no fault was at it before", fault_at(page) == -1, "yes");
	before = frames_unused();
	check("its byte", *page == 'd', "d");
	took = before - frames_unused();
	check("the fault was a FILL", fault_at(page) == FAULTLINE_FILL, "yes");
	check("FILL faults in the 64 pages", faults(FAULTLINE_FILL, far, 64) == 1,
	      digits(faults(FAULTLINE_FILL, far, 64)));
	check("frames that it took, tables too", took >= 1 && took < 32, digits(took));
	return 0;
}
