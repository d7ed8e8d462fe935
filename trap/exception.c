/* SPDX-License-Identifier: MIT */
/* Exceptions of user mode other than page faults: each becomes its signal (R6). */
#include "abi/signal.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "linux/signal/send.h"
#include "proc/process.h"
#include "trap/report.h"

static const struct {
	int sig;
	int code;
	const char *what;
	enum report_detail detail;
} exceptions[] = {
	[TRAP_ILLEGAL] = { SIGILL, ILL_ILLOPC, "illegal instruction", REPORT_INSTRUCTION },
	[TRAP_MISALIGNED] = { SIGBUS, BUS_ADRALN, "misaligned access to", REPORT_ADDRESS },
	[TRAP_BREAKPOINT] = { SIGTRAP, TRAP_BRKPT, "breakpoint instruction", REPORT_INSTRUCTION },
	[TRAP_ACCESS] = { SIGSEGV, SEGV_ACCERR, "access fault at", REPORT_ADDRESS },
};

void trap_exception(struct trap_frame *frame, enum trap_exception kind, vaddr_t addr)
{
	/* As on Linux, this is the address of the instruction, not of the data accessed. */
	const struct signal_info info = {
		.sig = exceptions[kind].sig,
		.code = exceptions[kind].code,
		.about = SIGNAL_OF_FAULT,
		.value = frame_pc(frame),
	};

	hart_count_event(HART_EXCEPTIONS);
	if (signal_fault(&info))
		return;
	report_exception(frame, exceptions[kind].what, exceptions[kind].detail, addr, info.sig);
	signal_force(current_process(), info.sig);
}
