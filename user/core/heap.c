/* SPDX-License-Identifier: MIT */
/* A stop of the core's tour: memory that was asked for costs no frame before it is touched; then a frame a page. */
#include "abi/faultline.h"
#include "core/core.h"

#define PAGES 64

int main(int argc, char **argv, char **envp)
{
	char *start = (char *)sys_call(SYS_brk, 0, 0, 0, 0, 0, 0);
	long before, fills, asked, touched;

	(void)argc, (void)argv, (void)envp;
	tour_title(
		"lazy heap",
		"brk() asks for 64 pages, then each is written to. The kernel notes a range; a fault gets a page its frame.");
	before = frames_unused();
	sys_call(SYS_brk, (long)(start + PAGES * PAGE), 0, 0, 0, 0, 0);
	asked = before - frames_unused();
	for (int i = 0; i < PAGES; i++)
		((volatile char *)start)[(unsigned long)i * PAGE] = 1;
	touched = before - frames_unused() - asked;
	fills = faults(FAULTLINE_FILL, start, PAGES);
	check("frames of the 64 pages that were asked for", asked == 0, digits(asked));
	check("frames when each was touched, tables too", touched >= PAGES && touched <= PAGES + 3,
	      digits(touched));
	check("FILL faults", fills == PAGES, digits(fills));
	check("the last one was a FILL", fault_at(start + (PAGES - 1) * PAGE) == FAULTLINE_FILL,
	      "yes");
	return 0;
}
