/* SPDX-License-Identifier: MIT */
/* Pages whose first bytes come from a seed, on the fake machine, for the programs of this folder. */
#ifndef LABS_COW_HOST_PAGES_H
#define LABS_COW_HOST_PAGES_H

#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES_AT 0x40000000ul
#define APART	 7 /* from one page to the next, so that they lie in several page tables */

/* splitmix64, as labs/lib/lab.h has it: a different number for each index. */
__attribute__((unused)) static uint64_t mix(uint64_t seed, uint64_t index)
{
	uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

__attribute__((unused)) static unsigned char byte(uint64_t seed, size_t i)
{
	return (unsigned char)mix(seed, i);
}

__attribute__((unused)) static vaddr_t page_at(size_t i)
{
	return PAGES_AT + i * APART * PAGE_SIZE;
}

__attribute__((unused)) static void result(const char *name, uint64_t value)
{
	printf("result %s %llu\n", name, (unsigned long long)value);
}

/* Maps the pages, and those between them, which are not touched. */
__attribute__((unused)) static void map_pages(struct space *space, size_t n, unsigned flags)
{
	assert_int_equal(PAGES_AT, rig_map(space, PAGES_AT, n * APART * PAGE_SIZE, RW,
					   flags | MAP_ANONYMOUS | MAP_FIXED));
}

/* Writes every step-th page as the process that runs. */
__attribute__((unused)) static void write_every(size_t step, uint64_t seed, size_t n)
{
	for (size_t i = 0; i < n; i += step)
		assert_int_equal(0, fake_store(page_at(i), byte(seed, i)));
}

/* One number for what the process that runs reads. */
__attribute__((unused)) static uint64_t sum_pages(size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += (uint64_t)fake_load(page_at(i)) * (2 * i + 1);
	return total;
}

__attribute__((unused)) static uint64_t sum_of(struct space *space, size_t n)
{
	rig_run(space);
	return sum_pages(n);
}

__attribute__((unused)) static void fork_space_to(struct space *parent, struct space *child)
{
	assert_int_equal(0, space_create(child));
	assert_int_equal(0, vm_fork(parent, child));
}

/* ---- which test runs ---- */

struct host_point {
	const char *name;
	void (*run)(uint64_t seed, size_t n);
};

/* main() of a program: PROGRAM TEST SEED N */
__attribute__((unused)) static int run_point(const struct host_point *points, size_t npoints,
					     int argc, char **argv)
{
	for (size_t i = 0; argc == 4 && i < npoints; i++) {
		if (strcmp(points[i].name, argv[1]))
			continue;
		points[i].run(strtoull(argv[2], NULL, 0), strtoul(argv[3], NULL, 0));
		return 0;
	}
	printf("failed usage: %s TEST SEED N\n", argv[0]);
	return 2;
}

#endif
