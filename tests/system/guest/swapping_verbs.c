/* SPDX-License-Identifier: MIT */
/* Sub-command verbs of swapping.c: mprotect, mremap, munmap and others on pages that are out. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "swapping.h"

#define PART 16ul /* pages: every other part is unmapped */

static sigjmp_buf back;
static siginfo_t fault;
static size_t npages, third; /* of each verb's array */
static uint64_t seed;	     /* of this verb's array: no two have a page in common */

/* Where arrays move to: mapped first, because later they could get a place that was unmapped. */
static uint64_t *moved, *moved_part;

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	fault = *info;
	siglongjmp(back, 1);
}

/* Touches a page: that must be SIGSEGV, with this code and at this address. */
static void expect_fault(uint64_t *array, size_t page, bool writes, int code)
{
	volatile uint64_t *at = array + page * WORDS;

	if (sigsetjmp(back, 1) == 0) {
		if (writes)
			*at = 0;
		else
			(void)*at;
		stop("page %zu can be %s", page, writes ? "written" : "read");
	}
	if (fault.si_addr != (void *)(uintptr_t)at || fault.si_code != code)
		stop("page %zu: a fault at %p with code %d, not at %p with %d", page, fault.si_addr,
		     fault.si_code, (void *)(uintptr_t)at, code);
}

static void protect(uint64_t *array, size_t page, size_t n, int prot)
{
	if (mprotect(array + page * WORDS, n * PAGE, prot) != 0)
		stop_call("mprotect");
}

/* The first third can be read only, the second not at all, the last as before. */
static void act_protect(uint64_t *array)
{
	protect(array, 0, third, PROT_READ);
	protect(array, third, npages - third, PROT_NONE);
	expect_fault(array, npages - 1, false, SEGV_ACCERR);
	protect(array, 2 * third, npages - 2 * third, PROT_READ | PROT_WRITE);
}

static void check_protect(uint64_t *array)
{
	expect_fault(array, 0, true, SEGV_ACCERR);
	check_range(array, 0, third, seed);
	expect_fault(array, third - 1, true, SEGV_ACCERR);
	expect_fault(array, third, false, SEGV_ACCERR);
	expect_fault(array, 2 * third - 1, true, SEGV_ACCERR);
	protect(array, third, third, PROT_READ);
	check_range(array, third, 2 * third, seed);
	protect(array, third, third, PROT_NONE);
	check_range(array, 2 * third, npages, seed);
	fill_range(array, 2 * third, npages, seed);
}

/* All of it moves, and grows to twice the size. */
static void act_move(uint64_t *array)
{
	if (mremap(array, npages * PAGE, 2 * npages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, moved) !=
	    moved)
		stop_call("mremap");
}

static void check_move(uint64_t *array)
{
	expect_fault(array, 0, false, SEGV_MAPERR);
	expect_fault(array, npages - 1, false, SEGV_MAPERR);
	check_range(moved, 0, npages, seed);
	check_zero(moved, npages, 2 * npages);
	fill_range(moved, 0, npages, seed);
}

/* The second third moves, and the last one goes. */
static void act_shrink(uint64_t *array)
{
	if (mremap(array + third * WORDS, third * PAGE, third * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		   moved_part) != moved_part)
		stop_call("mremap");
	if (mremap(array + 2 * third * WORDS, (npages - 2 * third) * PAGE, PAGE, 0) == MAP_FAILED)
		stop_call("mremap");
}

static void check_shrink(uint64_t *array)
{
	check_range(array, 0, third, seed);
	for (size_t page = 0; page < third; page++)
		check_words(moved_part + page * WORDS, WORDS, start_of(third + page, seed), page);
	expect_fault(array, third, false, SEGV_MAPERR);
	check(array, 2 * third, seed);
	expect_fault(array, 2 * third + 1, false, SEGV_MAPERR);
}

static void act_unmap(uint64_t *array)
{
	for (size_t page = 0; page + PART <= npages; page += 2 * PART)
		if (munmap(array + page * WORDS, PART * PAGE) != 0)
			stop_call("munmap");
}

static void check_unmap(uint64_t *array)
{
	for (size_t page = 0; page + 2 * PART <= npages; page += 2 * PART) {
		expect_fault(array, page, false, SEGV_MAPERR);
		expect_fault(array, page + PART - 1, true, SEGV_MAPERR);
		check_range(array, page + PART, page + 2 * PART, seed);
	}
}

/* Two thirds stay; the second one became zero, and then its second half was written to. */
static void check_emptied(uint64_t *array)
{
	check_range(array, 0, third, seed);
	check_zero(array, third, third + third / 2);
	check_range(array, third + third / 2, 2 * third, seed + 5);
	check_range(array, 2 * third, npages, seed);
}

static void act_discard(uint64_t *array)
{
	if (madvise(array + third * WORDS, third * PAGE, MADV_DONTNEED) != 0)
		stop_call("madvise");
	fill_range(array, third + third / 2, 2 * third, seed + 5);
}

static void act_replace(uint64_t *array)
{
	if (mmap(array + third * WORDS, third * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		stop_call("mmap");
	fill_range(array, third + third / 2, 2 * third, seed + 5);
}

/* How many of these pages are in memory. */
static size_t resident(uint64_t *array, size_t first, size_t end)
{
	unsigned char *there = malloc(end - first);
	size_t n = 0;

	if (!there || mincore(array + first * WORDS, (end - first) * PAGE, there) != 0)
		stop_call("mincore");
	for (size_t page = 0; page < end - first; page++)
		n += there[page] & 1;
	free(there);
	return n;
}

static void act_lock(uint64_t *array)
{
	if (mlock(array + third * WORDS, third * PAGE) != 0)
		stop_call("mlock");
}

static void check_lock(uint64_t *array)
{
	size_t n = resident(array, third, 2 * third);

	if (n != third)
		stop("%zu of %zu locked pages are in memory", n, third);
	check_range(array, 0, npages, seed);
	fill_range(array, 0, npages, seed);
}

static void run_other(void *array)
{
	check_range(array, 0, npages, seed);
	fill_range(array, 0, npages, seed + 6);
	check_range(array, 0, npages, seed + 6);
}

static void act_fork(uint64_t *array)
{
	if (end_of(start_child(run_other, array)) != 0)
		stop("the child has failed");
}

static void check_fork(uint64_t *array)
{
	check_range(array, 0, npages, seed);
	fill_range(array, 0, npages, seed);
}

/* The kernel reads and writes what is out: the second half gets the bytes of the first. */
static void act_copy(uint64_t *array)
{
	const size_t piece = 8 * PAGE;
	char *from = (char *)array, *to = from + npages / 2 * PAGE;
	int ends[2];

	if (pipe(ends) != 0)
		stop_call("pipe");
	for (size_t at = 0; at < npages / 2 * PAGE; at += piece) {
		if (write(ends[1], from + at, piece) != (ssize_t)piece)
			stop_call("write");
		if (read(ends[0], to + at, piece) != (ssize_t)piece)
			stop_call("read");
	}
	close(ends[0]);
	close(ends[1]);
}

static void check_copy(uint64_t *array)
{
	check_range(array, 0, npages / 2, seed);
	check_range(array + npages / 2 * WORDS, 0, npages / 2, seed);
}

static const struct verb {
	const char *name;
	void (*act)(uint64_t *array);
	void (*check)(uint64_t *array);
} verbs[] = {
	{ "protect", act_protect, check_protect }, { "move", act_move, check_move },
	{ "shrink", act_shrink, check_shrink },	   { "unmap", act_unmap, check_unmap },
	{ "discard", act_discard, check_emptied }, { "replace", act_replace, check_emptied },
	{ "lock", act_lock, check_lock },	   { "fork", act_fork, check_fork },
	{ "copy", act_copy, check_copy },
};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static uint64_t *arrays[VERBS];

static void pick(unsigned i)
{
	part = verbs[i].name;
	seed = i * 10;
}

static void check_verbs(void)
{
	for (unsigned i = 0; i < VERBS; i++) {
		pick(i);
		verbs[i].check(arrays[i]);
	}
}

/*
 * verbs MIB OTHER: each verb has an array of MIB. Writes to OTHER MiB push all of them out at once.
 * Then each verb does its work, and what it has left is checked; and once more, after all were
 * pushed out again.
 */
void do_verbs(char **argv)
{
	struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	size_t other = pages_at(argv, 2), in = 0;

	npages = pages_at(argv, 1) / (2 * PART) * (2 * PART);
	third = npages / 3;
	moved = map(2 * npages, 0);
	fill(moved, 0, 9);
	moved_part = map(third, 0);
	for (unsigned i = 0; i < VERBS; i++) {
		pick(i);
		arrays[i] = map(npages, 0);
		fill_range(arrays[i], 0, npages, seed);
	}
	part = NULL;
	press(other);
	for (unsigned i = 0; i < VERBS; i++)
		in += resident(arrays[i], 0, npages);
	printf("verbs: %zu of %zu pages are out\n", VERBS * npages - in, VERBS * npages);
	sigaction(SIGSEGV, &action, NULL);
	for (unsigned i = 0; i < VERBS; i++) {
		pick(i);
		verbs[i].act(arrays[i]);
	}
	check_verbs();
	part = NULL;
	press(other);
	check_verbs();
	part = NULL;
}
