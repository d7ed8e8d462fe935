/* SPDX-License-Identifier: MIT */
/* Exceptions of user mode other than page faults: the instruction is refused (R6). */
#include "arch/upcall.h"
#include "base/hart.h"
#include "base/os_layer.h"
#include "trap/report.h"

static const struct {
	enum refusal why;
	const char *what;
	enum report_detail detail;
} exceptions[] = {
	[TRAP_ILLEGAL] = { REFUSED_ILLEGAL, "illegal instruction", REPORT_INSTRUCTION },
	[TRAP_MISALIGNED] = { REFUSED_MISALIGNED, "misaligned access to", REPORT_ADDRESS },
	[TRAP_BREAKPOINT] = { REFUSED_BREAKPOINT, "breakpoint instruction", REPORT_INSTRUCTION },
	[TRAP_ACCESS] = { REFUSED_PHYSICAL, "access fault at", REPORT_ADDRESS },
};

void trap_exception(struct trap_frame *frame, enum trap_exception kind, vaddr_t addr)
{
	enum refusal why = exceptions[kind].why;

	hart_count_event(HART_EXCEPTIONS);
	/* As on Linux, the program gets the address of the instruction, not of the data accessed. */
	if (os_layer.refused(why, frame_pc(frame)))
		return;
	report_exception(frame, exceptions[kind].what, exceptions[kind].detail, addr, why);
	os_layer.refused_end(why);
}
