/* SPDX-License-Identifier: MIT */
/* The signals that refused accesses and instructions become. */
#include "linux/signal/refused.h"

#include "abi/signal.h"
#include "linux/process/linux_process.h"
#include "linux/process/task.h"
#include "linux/signal/send.h"
#include "proc/process.h"

static const struct {
	int sig;
	int code;
	const char *name;
} signals[] = {
	[REFUSED_UNMAPPED] = { SIGSEGV, SEGV_MAPERR, "SIGSEGV" },
	[REFUSED_FORBIDDEN] = { SIGSEGV, SEGV_ACCERR, "SIGSEGV" },
	[REFUSED_LOST] = { SIGBUS, BUS_ADRERR, "SIGBUS" },
	[REFUSED_ILLEGAL] = { SIGILL, ILL_ILLOPC, "SIGILL" },
	[REFUSED_MISALIGNED] = { SIGBUS, BUS_ADRALN, "SIGBUS" },
	[REFUSED_BREAKPOINT] = { SIGTRAP, TRAP_BRKPT, "SIGTRAP" },
	[REFUSED_PHYSICAL] = { SIGSEGV, SEGV_ACCERR, "SIGSEGV" },
};

bool signal_of_refusal(enum refusal why, vaddr_t addr)
{
	const struct signal_info info = {
		.sig = signals[why].sig,
		.code = signals[why].code,
		.about = SIGNAL_OF_FAULT,
		.value = addr,
	};

	return signal_fault(&info);
}

void signal_end_refused(enum refusal why)
{
	signal_force(current_process(), signals[why].sig);
}

const char *signal_name_of_refusal(enum refusal why)
{
	return signals[why].name;
}

int signal_refused_now(void)
{
	const struct thread *thread = current_thread();

	return signals_fatal(&linux_process(thread->process)->signals)
		       ?: task_of(thread)->signals.fault.sig;
}
