/* SPDX-License-Identifier: MIT */
/* The other harts: started and interrupted by the firmware. */
#include "arch/harts.h"

#include "arch/hart.h"
#include "arch/riscv/csr.h"
#include "arch/riscv/fpu.h"
#include "arch/riscv/image.h"
#include "arch/riscv/sbi.h"
#include "arch/riscv/start.h"
#include "arch/riscv/witness.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "base/hart.h"

const char *arch_harts_refusal(void)
{
	if (!sbi_has(SBI_EXT_HSM))
		return "starts no hart (no SBI extension HSM)";
	if (!sbi_has(SBI_EXT_IPI))
		return "interrupts no other hart (no SBI extension IPI)";
	return sbi_has(SBI_EXT_RFENCE) ? NULL : "fences no other hart (no SBI extension RFENCE)";
}

long arch_hart_start(unsigned long id, struct arch_thread *thread)
{
	/* The new hart sees what it finds at the thread: the firmware's call may order nothing. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return sbi_call(SBI_EXT_HSM, SBI_HSM_START, id, image_paddr(other_start),
			(unsigned long)thread, 0)
		.error;
}

void arch_other_start(void)
{
	fpu_zero(); /* the firmware may have left something there */
	csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
	boot_hart_main();
}

void arch_hart_join(void)
{
	__asm__ volatile("fence rw, rw\n\tsfence.vma\n\tfence.i" ::: "memory");
	arch_timer_set(UINT64_MAX);
	witness_hart(hart_this()->index);
}

bool arch_hart_kick(const struct hart *hart)
{
	/* By whatever store the firmware does it. */
	__asm__ volatile("fence rw, ow" ::: "memory");
	return sbi_call(SBI_EXT_IPI, SBI_IPI_SEND, 1, hart->id, 0, 0).error == 0;
}
