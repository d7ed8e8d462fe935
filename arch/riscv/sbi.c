/* SPDX-License-Identifier: MIT */
/* Calls to the firmware. */
#include "arch/riscv/sbi.h"

#include "arch/describe.h"

struct sbi_result sbi_call(unsigned long ext, unsigned long fid, unsigned long a0, unsigned long a1,
			   unsigned long a2, unsigned long a3)
{
	register unsigned long r0 __asm__("a0") = a0;
	register unsigned long r1 __asm__("a1") = a1;
	register unsigned long r2 __asm__("a2") = a2;
	register unsigned long r3 __asm__("a3") = a3;
	register unsigned long r6 __asm__("a6") = fid;
	register unsigned long r7 __asm__("a7") = ext;

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1)
			 : "r"(r2), "r"(r3), "r"(r6), "r"(r7)
			 : "memory");
	return (struct sbi_result){ (long)r0, (long)r1 };
}

struct sbi_result sbi_fence(unsigned long function, unsigned long mask, unsigned long first,
			    unsigned long start, unsigned long size, unsigned long asid)
{
	register unsigned long r0 __asm__("a0") = mask;
	register unsigned long r1 __asm__("a1") = first;
	register unsigned long r2 __asm__("a2") = start;
	register unsigned long r3 __asm__("a3") = size;
	register unsigned long r4 __asm__("a4") = asid;
	register unsigned long r6 __asm__("a6") = function;
	register unsigned long r7 __asm__("a7") = SBI_EXT_RFENCE;

	__asm__ volatile("ecall"
			 : "+r"(r0), "+r"(r1)
			 : "r"(r2), "r"(r3), "r"(r4), "r"(r6), "r"(r7)
			 : "memory");
	return (struct sbi_result){ (long)r0, (long)r1 };
}

bool sbi_has(unsigned long ext)
{
	struct sbi_result r = sbi_call(SBI_EXT_BASE, SBI_BASE_PROBE, ext, 0, 0, 0);

	return r.error == 0 && r.value != 0;
}

void sbi_putchar(char c)
{
	sbi_call(SBI_LEGACY_PUTCHAR, 0, (unsigned char)c, 0, 0, 0);
}

int sbi_getchar(void)
{
	long c = sbi_call(SBI_LEGACY_GETCHAR, 0, 0, 0, 0, 0).error;

	return c >= 0 && c <= 0xff ? (int)c : -1;
}

void sbi_shutdown(void)
{
	sbi_call(SBI_EXT_SRST, SBI_SRST_RESET, SBI_SRST_SHUTDOWN, 0, 0, 0);
}

void sbi_reboot(void)
{
	sbi_call(SBI_EXT_SRST, SBI_SRST_RESET, SBI_SRST_COLD_REBOOT, 0, 0, 0);
}

static unsigned long base_id(unsigned long fid)
{
	struct sbi_result result = sbi_call(SBI_EXT_BASE, fid, 0, 0, 0, 0);

	return result.error ? 0 : (unsigned long)result.value;
}

struct arch_ids arch_hart_ids(void)
{
	return (struct arch_ids){
		.vendor = base_id(SBI_BASE_MVENDORID),
		.architecture = base_id(SBI_BASE_MARCHID),
		.implementation = base_id(SBI_BASE_MIMPID),
	};
}
