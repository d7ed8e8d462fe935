/* SPDX-License-Identifier: MIT */
/* Lazy memory on the host, with a TLB that keeps each entry until it is fenced. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/fault/get_user_page.h"

#define AT 0x40000000ul

static struct space space, other;

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

static void say(const char *name, uint64_t value)
{
	printf("result %s %llu\n", name, (unsigned long long)value);
}

static void say_sum(const char *name, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += (uint64_t)fake_load(page_at(i)) * (2 * i + 1);
	say(name, total);
}

static void map(size_t n)
{
	assert_int_equal(AT, rig_map(&space, AT, n * 7 * PAGE_SIZE, RW, ANON | MAP_FIXED));
}

/*
 * All pages are read. Then another process, or the kernel for it, writes to them, and the first one
 * reads again what its TLB may still have as zeros. (QEMU empties its TLB at every fence, so that a
 * missing one is not noticed there.)
 */
static void written_by_another(uint64_t seed, size_t n)
{
	rig_run(&space);
	say_sum("before", n);
	rig_run(&other);
	for (size_t i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)mix(seed, i);

		assert_int_equal(0, vm_copy_to(&space, page_at(i), &byte, 1));
	}
	rig_run(&space);
	say_sum("written_by_another", n);
}

/* What was only read, and what was written, is unmapped. */
static void unmapped(uint64_t seed, size_t n)
{
	size_t refused = 0;

	map(n);
	for (size_t i = 0; i < n; i += 2)
		assert_int_equal(0, fake_load(page_at(i)));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(0, fake_store(page_at(i), (unsigned char)mix(seed, i)));
	say_sum("stored", n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(0, fake_load(page_at(i) + PAGE_SIZE));
	assert_int_equal(0, vm_unmap(&space, AT, n * 7 * PAGE_SIZE));
	for (size_t i = 0; i < n; i++)
		refused += fake_load(page_at(i)) == -1 && fake_load(page_at(i) + PAGE_SIZE) == -1;
	say("refused", refused);
	map(n);
	say_sum("after_munmap", n);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	size_t n = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;

	rig_start(8192);
	rig_create(&space);
	rig_create(&other);
	map(n);
	written_by_another(seed, n);
	unmapped(seed + 1, n);
	return 0;
}
