/* Exceptions of user mode that are no page faults: each ends the process with its signal (R6). */
#include "abi/signal.h"
#include "arch/upcall.h"
#include "base/hart.h"
#include "proc/process.h"
#include "trap/report.h"

static const struct {
	int sig;
	const char *what;
	enum report_detail detail;
} exceptions[] = {
	[TRAP_ILLEGAL] = { SIGILL, "illegal instruction", REPORT_INSTRUCTION },
	[TRAP_MISALIGNED] = { SIGBUS, "misaligned access to", REPORT_ADDRESS },
	[TRAP_BREAKPOINT] = { SIGTRAP, "breakpoint instruction", REPORT_INSTRUCTION },
	[TRAP_ACCESS] = { SIGSEGV, "access to no memory at", REPORT_ADDRESS },
};

void trap_exception(struct trap_frame *frame, enum trap_exception kind, vaddr_t addr)
{
	hart_count_event(HART_EXCEPTIONS);
	report_exception(frame, exceptions[kind].what, exceptions[kind].detail, addr,
			 exceptions[kind].sig);
	signal_force(current_process(), exceptions[kind].sig);
}
