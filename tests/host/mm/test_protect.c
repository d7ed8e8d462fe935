/* SPDX-License-Identifier: MIT */
/* mprotect where it takes a way of its own: borders that move, entries with nothing to lose. */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "mm/object/object.h"

#define P PAGE_SIZE

/* The border between two that differ in their permissions moves without memory, and their pages with it. */
TEST(protect_moves_borders) /* R94 */
{
	struct object *file;

	start();
	file = rig_file(8 * P);
	map_file(file, AT, 6, 2 * P, NULL, 0);
	assert_int_equal(0, fake_store(AT + P, 1));
	assert_int_equal(0, fake_store(AT + 2 * P, 2));
	assert_int_equal(0, vm_protect(&space, AT, P, PROT_READ));
	assert_int_equal(2, space.nvmas);
	assert_int_equal(5 * P, space.data_bytes);
	alloc_fail_at = 1;
	assert_int_equal(0, vm_protect(&space, AT + P, 2 * P, PROT_READ));
	assert_int_equal(1, alloc_fail_at);
	alloc_fail_at = 0;
	assert_int_equal(2, space.nvmas);
	assert_int_equal(3 * P, space.data_bytes);
	assert_int_equal(-1, fake_store(AT + 2 * P, 3));
	assert_int_equal(rig_byte(5 * P + 5), fake_load(AT + 3 * P + 5));
	assert_int_equal(rig_byte(2 * P + 5), fake_load(AT + 5));
	assert_int_equal(0, vm_protect(&space, AT + 2 * P, P, RW));
	assert_int_equal(2, space.nvmas);
	assert_int_equal(4 * P, space.data_bytes);
	assert_int_equal(-1, fake_store(AT + P, 3));
	assert_int_equal(2, fake_load(AT + 2 * P));
	/* Not where the neighbour has other permissions, on either side, or there is none. */
	assert_int_equal(0, vm_protect(&space, AT, P, PROT_NONE));
	assert_int_equal(3, space.nvmas);
	assert_int_equal(0, vm_protect(&space, AT + 5 * P, P, PROT_NONE));
	assert_int_equal(4, space.nvmas);
	assert_int_equal(0, vm_protect(&space, AT + 2 * P, P, PROT_NONE));
	assert_int_equal(5, space.nvmas);
	assert_int_equal(-1, fake_load(AT + 2 * P));
	assert_int_equal(0, vm_unmap(&space, AT, 2 * P));
	assert_int_equal(3, space.nvmas);
	assert_int_equal(0, vm_unmap(&space, AT + 2 * P, P));
	assert_int_equal(2, space.nvmas);
	assert_int_equal(rig_byte(6 * P + 1), fake_load(AT + 4 * P + 1));
	object_put(file);
	end();
}

/* With D kept in software, what was only read could not be written to yet: there is nothing to fence. */
TEST(what_was_only_read_loses_the_right_to_write) /* R85 */
{
	struct object *file;
	uint64_t fences;

	rig_start(2048);
	arch_ad_soft_set(true);
	rig_create(&space);
	rig_run(&space);
	file = rig_file(PAGE_SIZE);
	map_file(file, AT, 1, 0, &vma_elf, AT + 10);
	assert_int_equal(rig_byte(9), fake_load(AT + 9));
	fences = space.stats.fences;
	assert_int_equal(0, vm_protect(&space, AT, PAGE_SIZE, PROT_READ));
	assert_int_equal(fences, space.stats.fences);
	assert_int_equal(-1, fake_store(AT, 1));
	assert_int_equal(VM_SEGV_ACCERR, rig_outcome);
	assert_int_equal(rig_byte(9), fake_load(AT + 9));
	object_put(file);
	end();
}
