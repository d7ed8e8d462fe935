/* SPDX-License-Identifier: MIT */
/* Loads and stores that may fault, and the same accesses by the kernel. */
#include "thread_vm.h"

#include <ucontext.h>

static __thread struct {
	volatile bool active;
	volatile enum outcome outcome;
	const volatile void *at;
} attempt;

/* Two threads of one process never use it at once: each has its own, and its child waits for nobody. */
static int scratch[MOST_THREADS];

static void on_fault(int sig, siginfo_t *info, void *context)
{
	unsigned long *regs = ((ucontext_t *)context)->uc_mcontext.__gregs;

	if (!attempt.active || info->si_addr != attempt.at) {
		wrong("signal %d, code %d, at %p, pc %#lx", sig, info->si_code, info->si_addr,
		      regs[REG_PC]);
		_exit(96);
	}
	attempt.outcome = sig == SIGBUS			 ? BUS
			  : info->si_code == SEGV_MAPERR ? NOT_MAPPED
							 : NO_RIGHT;
	regs[REG_PC] += 4;
}

void access_begin(void)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	MUST(sigaction(SIGSEGV, &action, NULL));
	MUST(sigaction(SIGBUS, &action, NULL));
	for (unsigned i = 0; i < nthreads; i++)
		MUST((scratch[i] = memfd_create("scratch", 0)) < 0);
}

static void begin(const volatile void *at)
{
	attempt.at = at;
	attempt.outcome = DONE;
	attempt.active = true;
}

static enum outcome end(void)
{
	attempt.active = false;
	return attempt.outcome;
}

enum outcome load(const volatile void *at, uint64_t *value_ret)
{
	begin(at);
	__asm__ volatile(".option push\n.option norvc\nld %0, 0(%1)\n.option pop"
			 : "+&r"(*value_ret)
			 : "r"(at)
			 : "memory");
	return end();
}

enum outcome store(volatile void *at, uint64_t value)
{
	begin(at);
	__asm__ volatile(".option push\n.option norvc\nsd %0, 0(%1)\n.option pop"
			 :
			 : "r"(value), "r"(at)
			 : "memory");
	return end();
}

long answer_or_error(long value)
{
	return value == -1 ? -errno : value;
}

int copy_from(const volatile void *at, void *to, size_t len)
{
	long n = CALL(SYS_pwrite64, scratch[me], at, len, 0);

	if (n == (long)len)
		return pread(scratch[me], to, len, 0) == n ? 0 : -EIO;
	return n < 0 ? (int)n : -EIO;
}

int copy_to(volatile void *at, const void *from, size_t len)
{
	long n = pwrite(scratch[me], from, len, 0);

	if (n != (long)len)
		return -EIO;
	n = CALL(SYS_pread64, scratch[me], at, len, 0);
	return n == (long)len ? 0 : n < 0 ? (int)n : -EIO;
}
