/* SPDX-License-Identifier: MIT */
/* Powers the machine off. */
#include "base/power.h"

#include "arch/hart.h"
#include "arch/irqflags.h"
#include "arch/power.h"
#include "base/hart.h"
#include "base/latency_report.h"
#include "base/log.h"
#include "lib/types.h"

static void (*power_exit)(unsigned status);
static bool may_reboot; /* const after boot */
static bool leaving;	/* private to the hart that has stopped the others */

void power_set_exit(void (*exit)(unsigned status))
{
	power_exit = exit;
}

void power_allow_reboot(void)
{
	may_reboot = true;
}

void power_off(unsigned status)
{
	arch_irq_disable();
	/* They would write into the log's last lines. After a panic they have stopped already. */
	if (!leaving)
		(void)hart_stop_others();
	/* A context that was interrupted within a line will not resume: do not wait for it. */
	log_panic_mode();
	/* A panic during power-off must not return here for ever. */
	if (!leaving) {
		leaving = true;
		latency_report();
		log_always("power", "off, status %u", status);
	}
	if (power_exit != NULL)
		power_exit(status);
	arch_power_off();
	if (may_reboot)
		arch_reboot();
	arch_hart_stop();
}
