/* SPDX-License-Identifier: MIT */
/* The timer interrupt, and those of devices. */
#include "arch/upcall.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "drivers/irq.h"
#include "proc/sched.h"

void trap_timer(bool from_user)
{
	struct hart *hart = hart_this();

	hart->counters[HART_TIMER_INTERRUPTS]++;
	hart->in_interrupt = true;
	sched_sample(from_user);
	timerq_run();
	hart->in_interrupt = false;
}

/* The interrupt is not pending any more, so a reason that is added from here on brings another one. */
void trap_kick(void)
{
	struct hart *hart = hart_this();
	uint32_t reasons;

	reasons = __atomic_exchange_n(&hart->kicks, 0, __ATOMIC_SEQ_CST);
	hart_count_event(HART_IPIS);
	if (reasons & HART_KICK_STOP)
		hart_stop_here();
}

void trap_external(void)
{
	struct hart *hart = hart_this();

	hart->counters[HART_INTERRUPTS]++;
	hart->in_interrupt = true;
	irq_dispatch();
	hart->in_interrupt = false;
}
