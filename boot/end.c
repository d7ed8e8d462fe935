/* SPDX-License-Identifier: MIT */
/* What payloads have in common: the end of the machine, and input of consoles that do not tell. */
#include "boot/end.h"

#include "arch/page.h"
#include "base/chardev.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/panic.h"
#include "base/power.h"
#include "drivers/firmware_console.h"
#include "drivers/uart.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/swap/relieve.h"
#include "proc/kthread.h"
#include "proc/sched.h"
#include "proc/stack_watch.h"
#include "proc/wait.h"

void boot_end_failed(void)
{
	chardev_drain_all();
	power_off(PANIC_STATUS);
}

/* All frames of the programs must have been freed, and each reference that is left has a holder (R111). */
static void check_at_end(void)
{
#ifdef FAULTLINE_HARDENED
	struct ledger ledger;
	int wrong;

	mm_trim();
	sched_let_finish();
	wrong = ledger_check(&ledger);
	sched_go_on();
	if (wrong)
		panic("the ledger disagrees in %d places at power-off", wrong);
	log_info("mm", "%lu allocations since boot", (unsigned long)alloc_count);
	/* Always, so that the runner knows that it was done. */
	log_always("mm", "ledger: %zu frames, %zu free, %zu in files, all accounted for",
		   ledger.total, ledger.kind[PAGE_FREE], ledger.kind[PAGE_OBJECT]);
	if (ledger.lost)
		log_warn("mm",
			 "ledger: %zu of these frames were lost to a device that did not stop",
			 ledger.lost);
	log_info("proc", "kernel stacks: %zu of %zu bytes were never used", stack_watch_least(),
		 (size_t)KSTACK_SIZE);
#endif
}

void boot_end(int status)
{
	check_at_end();
	chardev_drain_all();
	power_off((unsigned)status);
}

#define POLL_NS (NSEC_PER_SEC / 100)

/* A console without interrupts, which may be the firmware's, does not tell when it has input. */
static void poll_console(void *arg)
{
	static struct waitq never = WAITQ_INIT(never);
	uint64_t seq = waitq_sample(&never);

	for (;;) {
		if (uart_is_polled())
			uart_poll();
		else
			firmware_console_poll();
		thread_sleep_always(&never, seq, clock_deadline_in(POLL_NS));
	}
}

void boot_poll_console(void)
{
	if ((chardev_find("firmware") || uart_is_polled()) &&
	    !kthread_spawn("console", poll_console, NULL))
		log_error("boot", "no memory for the console's input");
}
