/* SPDX-License-Identifier: MIT */
/* The hart's one deadline: by Sstc if the hart has it, else by the firmware. */
#include "arch/timer.h"

#include "arch/irqflags.h"
#include "arch/page.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/isa.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/start.h"
#include "arch/riscv/trap.h"
#include "lib/bits.h"
#include "lib/fdt.h"

/* A larger device tree is not accepted. */
#define DTB_LIMIT (1ul << 20)

/*
 * A deadline later than FAR_TICKS is none: the hart wakes up after WAKE_TICKS all the same. This is for QEMU with -icount. It
 * adds the deadline, in nanoseconds, to a clock that overflows after 292 years. And with sleep=off the clock jumps to the
 * deadline when the hart sleeps, again and again while the machine waits for the host. In steps of seconds that can last for
 * hours before the clock is at its end, where no instruction is executed any more. With a timebase of 10 MHz the two are 14
 * years and 13 s.
 */
#define FAR_TICKS  (1ul << 52)
#define WAKE_TICKS (1ul << 27)

static bool sstc; /* const after boot */

void arch_timer_init(void)
{
	struct dt dt;

	if (dt_init(&dt, arch_phys_to_virt(boot_dtb), DTB_LIMIT, NULL) == 0) {
		isa_init(&dt);
		/* The tree may name it though the firmware does not enable it (QEMU's spike). */
		sstc = isa_has_sstc() && trap_try(timer_try_sstc);
	}
	arch_timer_set(UINT64_MAX);
}

void arch_timer_set(uint64_t deadline_ticks)
{
	if (deadline_ticks > FAR_TICKS)
		deadline_ticks = MIN(deadline_ticks, arch_time() + WAKE_TICKS);
	if (sstc)
		csr_write(stimecmp, deadline_ticks);
	else
		sbi_call(SBI_EXT_TIME, SBI_TIME_SET, deadline_ticks, 0, 0, 0);
}

void arch_hart_wait_until(uint64_t ticks)
{
	unsigned long flags = arch_irq_save();

	arch_timer_set(ticks);
	__asm__ volatile("wfi" ::: "memory");
	arch_irq_restore(flags);
}
