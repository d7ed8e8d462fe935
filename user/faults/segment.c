/* SPDX-License-Identifier: MIT */
/* A stack that the program's own handler extends, up to a limit, with a guard page at its end. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "faults.h"

#define LIMIT 64ul /* pages */
#define CALLS 3	   /* recursions that exceed the limit */

static char *base;	      /* the lowest page, which is the guard */
static char *volatile lowest; /* the lowest accessible page */
static sigjmp_buf at_limit;
static ucontext_t caller, callee;
static volatile long overflows;
static volatile uint64_t total;

static bool segment_serve(char *page)
{
	if (page < base || page >= lowest)
		return false;
	if (page == base) {
		overflows++;
		siglongjmp(at_limit, 1);
	}
	if (mprotect(page, (size_t)(lowest - page), PROT_READ | PROT_WRITE) != 0)
		return false;
	lowest = page;
	return true;
}

/* Returns 1 + ... + n by recursion, with a frame of a few hundred bytes. Never ends if n is 0. */
static uint64_t deep(uint64_t n)
{
	volatile uint64_t room[32];

	room[n % 32] = n;
	return n == 1 ? 1 : deep(n - 1) + room[n % 32];
}

static void on_it(void)
{
	total = deep(500);
	for (volatile int i = 0; i < CALLS; i++)
		if (!sigsetjmp(at_limit, 1))
			total += deep(0);
}

void segment_run(struct faults_result *ret)
{
	size_t size = (LIMIT + 1) * PAGE;

	base = faults_reserve(size);
	lowest = base + size - PAGE;
	if (mprotect(lowest, PAGE, PROT_READ | PROT_WRITE) != 0 || getcontext(&callee) != 0)
		faults_die("mprotect");
	callee.uc_stack.ss_sp = base;
	callee.uc_stack.ss_size = size;
	callee.uc_link = &caller;
	makecontext(&callee, on_it, 0);
	faults_handle(segment_serve);
	swapcontext(&caller, &callee);
	ret->faults = faults_handled();
	ret->figures[0] = (long)((size_t)(base + size - lowest) / PAGE);
	ret->figures[1] = overflows;
	ret->right = total == 500 * 501 / 2 && overflows == CALLS && lowest == base + PAGE;
	faults_handle_end();
	munmap(base, size);
}
