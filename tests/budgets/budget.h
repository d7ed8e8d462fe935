/* SPDX-License-Identifier: MIT */
/* Exact costs of small scenarios (R125): what a program's own counters say before and after. */
#pragma once

#include "abi/faultline.h"
#include "abi/mman.h"
#include "lib/sys.h"

#define PAGE 4096ul
#define MIB  (1ul << 20)
#define GIB  (1ul << 30)
#define BIG  __attribute__((section(".big"), aligned(4096)))

/* The link script's: where the program's code ends. */
extern char text_end[];

/*
 * Differences; all that is not named is 0. resident and tables are pages.
 */
struct cost {
	long fill, zero, cow, reuse, remap, accessed, spurious, denied;
	long around, grown, retries, fences, resident, tables;
};

/* One line for each scenario: what its steps are. argc, argv: the program's. */
void scenario(int argc, char **argv);

/*
 * Runs a step and compares what it cost the calling process. Its variables, its stack and its code
 * are touched before, so that they cost nothing.
 */
void budget(const char *step, void (*run)(void), struct cost expected);

/* Compares what the caller has cost since its exec, or its fork. */
void budget_so_far(const char *step, struct cost expected);

/* Compares one number. */
void expect(const char *what, long expected, long actual);

/*
 * Forks; the child runs and ends; waits for it. Neither writes to memory but the child in `run`. The
 * child's first words to the parent go through board(), which is shared memory.
 */
void in_child(void (*run)(void));

/* A page of shared memory, there already; made by the first call, before a fork. */
long *board(void);

/* The caller's counters, told now. The answer itself may take a fault, which the next one tells. */
void look(struct faultline_process *ret);

/* Private anonymous memory at a fixed place. */
static inline volatile char *map_at(unsigned long at, unsigned long len, int flags)
{
	return (volatile char *)sys_call(SYS_mmap, (long)at, (long)len, PROT_READ | PROT_WRITE,
					 MAP_ANONYMOUS | MAP_FIXED | flags, -1, 0);
}

static inline long unmap(volatile char *at, unsigned long len)
{
	return sys_call(SYS_munmap, (long)at, (long)len, 0, 0, 0, 0);
}

/* A store to, or a load from, each page. */
static inline void write_pages(volatile char *at, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++)
		at[i * PAGE] = 1;
}

static inline void read_pages(volatile char *at, unsigned long npages)
{
	for (unsigned long i = 0; i < npages; i++)
		(void)at[i * PAGE];
}
