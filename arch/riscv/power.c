/* SPDX-License-Identifier: MIT */
/* Power off through the firmware; stopping the hart. */
#include "arch/power.h"

#include "arch/hart.h"
#include "arch/irqflags.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/trap.h"

void arch_power_off(void)
{
	sbi_shutdown();
}

void arch_reboot(void)
{
	sbi_reboot();
}

void arch_hart_wait(void)
{
	__asm__ volatile("wfi" ::: "memory");
	trap_take_kick();
}

void arch_hart_stop(void)
{
	arch_irq_disable();
	csr_write(sie, 0); /* wfi does not wait while one that is enabled here is pending */
	for (;;)
		__asm__ volatile("wfi");
}
