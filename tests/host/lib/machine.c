/* SPDX-License-Identifier: MIT */
/* A machine of one hart whose time stands still until a test moves it. */
#include "machine.h"

#include "arch/backtrace.h"
#include "arch/frame.h"
#include "arch/hart.h"
#include "arch/harts.h"
#include "arch/irqflags.h"
#include "arch/power.h"
#include "arch/timer.h"
#include "test.h"

bool fake_irq_on = true;
struct hart *fake_hart;
uint64_t fake_time;
uint64_t machine_deadline = UINT64_MAX;
unsigned machine_status;

void arch_timer_set(uint64_t deadline_ticks)
{
	machine_deadline = deadline_ticks;
}

void arch_hart_wait_until(uint64_t ticks)
{
	(void)ticks;
}

void machine_exit(unsigned status)
{
	machine_status = status;
	longjmp(test_panic_jump, 1);
}

void arch_power_off(void)
{
}

void arch_reboot(void)
{
}

void arch_hart_stop(void)
{
	longjmp(test_panic_jump, 2);
}

/* There is no other. */
bool arch_hart_kick(const struct hart *hart)
{
	(void)hart;
	return false;
}

void arch_backtrace(const struct trap_frame *frame, void (*emit)(const char *line))
{
	(void)frame;
	emit("somewhere");
}

void arch_frame_print(const struct trap_frame *frame, void (*emit)(const char *line))
{
	(void)frame;
	emit("registers");
}
