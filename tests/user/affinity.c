/* SPDX-License-Identifier: MIT */
/* sched_getaffinity, riscv_flush_icache, and RLIMIT_NOFILE: what a machine of one hart answers. */
#include "t.h"

#include <sched.h>

#ifndef SYS_riscv_flush_icache
#define SYS_riscv_flush_icache 259
#endif
#define BAD ((void *)8)

static void harts(void)
{
	unsigned long mask[64];
	pid_t pid;

	memset(mask, 0xff, sizeof(mask));
	TRY(syscall(SYS_sched_getaffinity, 0, 8, mask));
	say("%#lx %#lx\n", mask[0], mask[1]);
	TRY(syscall(SYS_sched_getaffinity, getpid(), 8, mask));
	TRY(syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask) >= 8);
	say("%#lx\n", mask[0]);
	TRY(syscall(SYS_sched_getaffinity, 1, 8, mask));
	TRY(syscall(SYS_sched_getaffinity, 0, 0, mask));
	TRY(syscall(SYS_sched_getaffinity, 0, 4, mask));
	TRY(syscall(SYS_sched_getaffinity, 0, 12, mask));
	TRY(syscall(SYS_sched_getaffinity, -1, 8, mask));
	TRY(syscall(SYS_sched_getaffinity, 999999, 8, mask));
	TRY(syscall(SYS_sched_getaffinity, 999999, 4, mask));
	TRY(syscall(SYS_sched_getaffinity, 0, 8, BAD));
	TRY(sysconf(_SC_NPROCESSORS_ONLN));
	pid = fork();
	if (pid == 0) {
		for (;;)
			nap(1000);
	}
	TRY(syscall(SYS_sched_getaffinity, pid, 8, mask));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	TRY(syscall(SYS_sched_getaffinity, pid, 8, mask));
}

/* Code that is written, told of, and run; and once more in its place. */
static void code(void)
{
	uint32_t *at = mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0);

	for (uint32_t n = 1; n <= 3; n++) {
		at[0] = 0x00000513 | n << 20; /* li a0, n */
		at[1] = 0x00008067;	      /* ret */
		TRY(syscall(SYS_riscv_flush_icache, at, at + 2, n & 1));
		say("runs: %d\n", ((int (*)(void))at)());
	}
	TRY(syscall(SYS_riscv_flush_icache, 0, 0, 2));
	TRY(syscall(SYS_riscv_flush_icache, 0, 0, -1ul));
	TRY(syscall(SYS_riscv_flush_icache, 0, 0, 1ul << 32));
	TRY(syscall(SYS_riscv_flush_icache, -1ul, 5, 0));
	__builtin___clear_cache((char *)at, (char *)(at + 2));
}

static void set(rlim_t cur, rlim_t max)
{
	struct rlimit r = { cur, max };

	say("%#lx of %#lx\n", (long)cur, (long)max);
	TRY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &r, NULL));
	getrlimit(RLIMIT_NOFILE, &r);
	say("now %lu of %lu\n", (long)r.rlim_cur, (long)r.rlim_max);
}

static void descriptors(void)
{
	set(100, 1 << 20);
	set(100, (1 << 20) + 1);
	set(1 << 20, 1 << 20);
	set(RLIM_INFINITY, RLIM_INFINITY);
	set(100, RLIM_INFINITY);
	set(101, 100);
	set((1 << 20) + 2, (1 << 20) + 1);
	set(20, 30);
	set(30, 40);
}

int main(void)
{
	harts();
	code();
	descriptors();
	return 0;
}
