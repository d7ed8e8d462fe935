/* SPDX-License-Identifier: MIT */
/* Ends the kernel and logs why, and what happened before. */
#include "base/panic.h"

#include <stdarg.h>

#include "arch/backtrace.h"
#include "arch/frame.h"
#include "arch/hart.h"
#include "arch/irqflags.h"
#include "base/hart.h"
#include "base/log.h"
#include "base/power.h"
#include "lib/format.h"
#include "sync/atomic.h"

/* The number of panics that have begun. It exceeds 1 if the report itself panics. */
static uint32_t panics;		/* atomic */
static struct hart *panic_hart; /* const, set by the first panic; others wait for nothing of it */
static void (*panic_report)(void);

void panic_set_report(void (*report)(void))
{
	panic_report = report;
}

bool panic_begun(void)
{
	return atomic_load_relaxed(&panics) != 0;
}

static void panic_line(const char *line)
{
	log_always("panic", "%s", line);
}

/* Logs the whole report. The most useful parts come first, because any part may panic again. */
static void panic_log_details(const struct trap_frame *frame)
{
	if (frame != NULL)
		arch_frame_print(frame, panic_line);
	arch_backtrace(frame, panic_line);
	if (panic_report != NULL)
		panic_report();
}

/* What they do meanwhile would change what the report is about. */
static void stop_others(void)
{
	uint64_t left = hart_stop_others();

	for (unsigned i = 0; left >> i; i++)
		if (left >> i & 1)
			log_always("panic", "hart %lu does not stop", harts[i].id);
}

static void __attribute__((noreturn))
panic_why(const struct trap_frame *frame, const char *fmt, va_list args)
{
	uint32_t before;

	arch_irq_disable();
	before = atomic_add(&panics, 1);
	/* Another hart is already reporting: leave the console to it. */
	if (before != 0 && panic_hart != arch_this_hart())
		hart_stop_here();
	panic_hart = arch_this_hart();
	log_panic_mode();
	if (before < 2)
		log_vwrite(LOG_ALWAYS, before == 0 ? "kernel panic" : "panic: again", fmt, args);
	if (before == 0) {
		stop_others();
		panic_log_details(frame);
	}
	power_off(PANIC_STATUS);
}

void panic_frame(const struct trap_frame *frame, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	panic_why(frame, fmt, args);
	/* cppcheck-suppress va_end_missing ; it does not come back */
}

void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	panic_why(NULL, fmt, args);
	/* cppcheck-suppress va_end_missing ; it does not come back */
}
