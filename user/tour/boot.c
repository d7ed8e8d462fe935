/* SPDX-License-Identifier: MIT */
/* The tour's opening lines, which describe the machine, and its closing lines. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/utsname.h>

#include "tour.h"

void stop_boot(void)
{
	struct machine machine;
	struct utsname name = { .release = "?", .machine = "?" };

	uname(&name);
	count_machine(&machine);
	paint(BOLD, "%s\n", text(T_TITLE));
	if (machine.memory_mib == UNKNOWN)
		printf(text(T_MACHINE_UNKNOWN), name.machine, name.release);
	else
		printf(text(T_MACHINE), name.machine, machine.memory_mib, machine.free_mib,
		       machine.harts, name.release);
	printf("\n");
	draw_say(meter_is_exact() ? T_EXACT : T_TIMED);
	if (!count_has_kinds())
		draw_say(T_LINUX);
}

void stop_end(void)
{
	printf("\n");
	draw_say(T_END);
	if (!count_has_kinds())
		draw_say(T_END_LINUX);
}
