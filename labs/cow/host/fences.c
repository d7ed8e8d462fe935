/* SPDX-License-Identifier: MIT */
/* fork on the host, with a TLB that keeps each entry until it is fenced. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT 0x40000000ul

static struct space parent, child;

static uint64_t mix(uint64_t seed, uint64_t index)
{
	uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static vaddr_t page_at(size_t i)
{
	return AT + i * 7 * PAGE_SIZE; /* over several page tables */
}

static void write_all(uint64_t seed, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(fake_store(page_at(i), (unsigned char)mix(seed, i)), 0);
}

static void say_sum(const char *name, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += (uint64_t)fake_load(page_at(i)) * (2 * i + 1);
	printf("result %s %llu\n", name, (unsigned long long)total);
}

/*
 * The parent writes after fork, without anything in between that would empty its TLB. (QEMU empties
 * its own at every fence, that for a new page table too, so that a missing one is not noticed.)
 */
int main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	size_t n = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;

	rig_start(8192);
	rig_create(&parent);
	rig_run(&parent);
	assert_int_equal(rig_map(&parent, AT, n * 7 * PAGE_SIZE, RW, ANON | MAP_FIXED), AT);
	write_all(seed, n);
	assert_int_equal(space_create(&child), 0);
	assert_int_equal(vm_fork(&parent, &child), 0);
	write_all(seed + 2, n);
	say_sum("parent", n);
	rig_run(&child);
	say_sum("child", n);
	return 0;
}
