/* SPDX-License-Identifier: MIT */
/* How far memory may grow, by limits that the core itself never changes: a test sets them in the space. */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>

#define TOP  0x80000000ul /* where a stack ends */
#define HEAP 0x100000ul	  /* where the rig's heap begins */

static void say(const char *name, uint64_t value)
{
	printf("result %s %llu\n", name, (unsigned long long)value);
}

/* A space with a stack of one page. */
static void create(struct space *space)
{
	rig_create(space);
	rig_run(space);
	assert_int_equal(TOP - PAGE_SIZE, rig_map(space, TOP - PAGE_SIZE, PAGE_SIZE, RW,
						  ANON | MAP_FIXED | MAP_GROWSDOWN));
}

/* Writes to the pages of the stack, from the top down, and says how many can be written. */
static void say_stack(const char *name, struct space *space)
{
	size_t npages = 0;

	while (fake_store(TOP - (npages + 1) * PAGE_SIZE, 1) == 0)
		npages++;
	say(name, npages);
	rig_destroy(space);
}

static void limit_of_stack(size_t npages)
{
	struct space space;

	create(&space);
	space.limit_stack = npages * PAGE_SIZE;
	say_stack("pages_by_the_limit_of_the_stack", &space);
}

/* All mappings count: the stack, and a hundred pages elsewhere. */
static void limit_of_mappings(size_t npages)
{
	struct space space;

	create(&space);
	space.limit_as = (100 + npages) * PAGE_SIZE;
	assert_int_equal(TOP / 2,
			 rig_map(&space, TOP / 2, 100 * PAGE_SIZE, PROT_READ, ANON | MAP_FIXED));
	say_stack("pages_by_the_limit_of_mappings", &space);
}

/* A stack is no data, so the limit of that stops the heap only. */
static void limit_of_data(size_t npages)
{
	struct space space;

	create(&space);
	space.limit_data = npages * PAGE_SIZE;
	say("heap_within_the_limit",
	    vm_brk(&space, HEAP + npages * PAGE_SIZE) == HEAP + npages * PAGE_SIZE);
	say("heap_beyond_the_limit",
	    vm_brk(&space, HEAP + (npages + 1) * PAGE_SIZE) != HEAP + npages * PAGE_SIZE);
	space.limit_stack = 2 * npages * PAGE_SIZE;
	say_stack("pages_beside_the_limit_of_data", &space);
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 0;
	size_t n = argc > 3 ? strtoul(argv[3], NULL, 0) : 0;
	size_t npages = n + seed % n;

	rig_start(8192);
	limit_of_stack(npages);
	limit_of_mappings(npages + 1);
	limit_of_data(npages + 2);
	return 0;
}
