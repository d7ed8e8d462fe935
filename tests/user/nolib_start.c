/* SPDX-License-Identifier: MIT */
/* R9: the registers as exec leaves them: a0 is 0, sp aligned, f0 to f31 and fcsr are 0. NOLIB */
#include "nolib.h"

struct regs {
	long x[32];
	long f[32];
	long fcsr;
};

void check(struct regs *r, long *sp);

#define SX(n) "sd x" #n ", 8*" #n "(sp)\n"
#define SF(n) "fsd f" #n ", 256+8*" #n "(sp)\n"

/* clang-format off */
__asm__(".option push\n.option arch, +d\n"
	".globl _start\n_start:\n"
	"addi sp, sp, -528\n"
	SX(10)
	SF(0) SF(1) SF(2) SF(3) SF(4) SF(5) SF(6) SF(7) SF(8) SF(9) SF(10) SF(11) SF(12) SF(13)
	SF(14) SF(15) SF(16) SF(17) SF(18) SF(19) SF(20) SF(21) SF(22) SF(23) SF(24) SF(25) SF(26)
	SF(27) SF(28) SF(29) SF(30) SF(31)
	"csrr t0, fcsr\nsd t0, 512(sp)\n"
	".option push\n.option norelax\nlla gp, __global_pointer$\n.option pop\n"
	"mv a0, sp\naddi a1, sp, 528\nj check\n"
	".option pop\n");
/* clang-format on */

void check(struct regs *r, long *sp)
{
	long f = 0;

	for (int i = 0; i < 32; i++)
		f += r->f[i] != 0;
	put_number("a0: ", r->x[10], "\n");
	put_number("floating-point registers that are not 0: ", f, "\n");
	put_number("fcsr: ", r->fcsr, "\n");
	put_number("sp modulo 16: ", (long)sp % 16, "\n");
	put_number("argc: ", sp[0], "\n");
	sys_exit(0);
}
