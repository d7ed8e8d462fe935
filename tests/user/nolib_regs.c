/* SPDX-License-Identifier: MIT */
/* R1 R4 R9: every integer register, tp and gp included, over faults, system calls and preemption.
 * NOLIB */
#include "nolib.h"

struct block {
	long in[32];
	long out[32];
	long save[32];
};

void spin(struct block *b);

#define L(n)	"ld x" #n ", 8*" #n "(x31)\n"
#define S(n)	"sd x" #n ", 256+8*" #n "(x31)\n"
#define SAVE(n) "sd x" #n ", 512+8*" #n "(a0)\n"
#define BACK(n) "ld x" #n ", 512+8*" #n "(x31)\n"

/*
 * x31 points to the block, x30 to memory to touch, x29 counts down; x17 and x10 are a system call
 * and its answer.
 */
/* clang-format off */
__asm__(".globl spin\nspin:\n"
	SAVE(1) SAVE(2) SAVE(3) SAVE(4) SAVE(8) SAVE(9) SAVE(18) SAVE(19) SAVE(20) SAVE(21)
	SAVE(22) SAVE(23) SAVE(24) SAVE(25) SAVE(26) SAVE(27)
	"mv x31, a0\n"
	L(1) L(2) L(3) L(4) L(5) L(6) L(7) L(8) L(9) L(10) L(11) L(12) L(13) L(14) L(15) L(16)
	L(17) L(18) L(19) L(20) L(21) L(22) L(23) L(24) L(25) L(26) L(27) L(28) L(29) L(30)
	"sb zero, 0(x30)\n"
	"ecall\n"
	"1: addi x29, x29, -1\nbgez x29, 1b\n"
	S(1) S(2) S(3) S(4) S(5) S(6) S(7) S(8) S(9) S(10) S(11) S(12) S(13) S(14) S(15) S(16)
	S(17) S(18) S(19) S(20) S(21) S(22) S(23) S(24) S(25) S(26) S(27) S(28) S(29) S(30)
	BACK(1) BACK(2) BACK(3) BACK(4) BACK(8) BACK(9) BACK(18) BACK(19) BACK(20) BACK(21)
	BACK(22) BACK(23) BACK(24) BACK(25) BACK(26) BACK(27)
	"ret\n");
/* clang-format on */

static int round_of(struct block *b, long seed, long spins)
{
	int bad = 0;
	long pid = sys_call(SYS_getpid, 0, 0, 0, 0, 0, 0);

	for (int i = 1; i < 31; i++)
		b->in[i] = seed * 0x1000003 + i * 0x0101010101010101;
	b->in[17] = SYS_getpid;
	b->in[29] = spins;
	b->in[30] = (long)map_anon(PAGE);
	spin(b);
	b->in[10] = pid;
	b->in[29] = -1;
	for (int i = 1; i < 31; i++)
		bad += b->out[i] != b->in[i];
	return bad;
}

int main(void)
{
	static struct block b;
	int bad, status;
	long pid[3];

	put_number("alone: ", round_of(&b, 1, 0), " wrong\n");
	for (int i = 0; i < 3; i++) {
		pid[i] = sys_fork();
		if (pid[i] == 0) {
			bad = 0;
			for (int k = 0; k < 10; k++)
				bad += round_of(&b, i * 100 + k, 1000000);
			sys_exit(bad > 255 ? 255 : bad);
		}
	}
	bad = 0;
	for (int i = 0; i < 3; i++) {
		sys_wait4(pid[i], &status, 0);
		bad += status;
	}
	put_number("three at once: ", bad, " wrong\n");
	return 0;
}
