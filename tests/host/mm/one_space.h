/* SPDX-License-Identifier: MIT */
/* One space at a time on the rig, which all of a file's tests begin and end alike with. */
#pragma once

#include "rig.h"

#define AT 0x40000000ul

static struct space space;
static size_t objects_before;

static inline void start_space(void)
{
	objects_before = rig_objects();
	rig_create(&space);
	rig_run(&space);
}

static inline void start(void)
{
	rig_start(2048);
	start_space();
}

/* Everything is accounted for without the space, and no object of the heap is left. */
static inline void check_gone(void)
{
	rig_check();
	assert_int_equal(objects_before, rig_objects());
}

static inline void end(void)
{
	rig_check();
	rig_destroy(&space);
	check_gone();
}

static inline void map(vaddr_t addr, size_t npages, unsigned prot)
{
	assert_int_equal(addr, rig_map(&space, addr, npages * PAGE_SIZE, prot, ANON | MAP_FIXED));
}

/* So many touched pages that their entries follow by faults when they gain permissions. */
#define MANY 17

/* The page at AT is one of many that lose permissions and get them back. */
static inline void protect_many(unsigned prot)
{
	map(AT + PAGE_SIZE, MANY - 1, RW);
	assert_int_equal(0, fake_store(AT + (MANY - 1) * PAGE_SIZE, 1));
	assert_int_equal(0, vm_protect(&space, AT, MANY * PAGE_SIZE, prot));
	assert_int_equal(-1, fake_store(AT, 1));
	assert_int_equal(VM_SEGV_ACCERR, rig_outcome);
	assert_int_equal(0, vm_protect(&space, AT, MANY * PAGE_SIZE, RW));
}

static inline void map_file(struct object *file, vaddr_t addr, size_t npages, uint64_t offset,
			    const struct vma_backend *backend, vaddr_t file_end)
{
	struct map_request request = { .addr = addr,
				       .len = npages * PAGE_SIZE,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_PRIVATE | MAP_FIXED,
				       .object = file,
				       .offset = offset,
				       .backend = backend,
				       .file_end = file_end };
	vaddr_t at;

	assert_int_equal(0, vm_map(&space, &request, &at));
}

static inline int fault(vaddr_t va, unsigned access)
{
	struct vm_wait wait = { 0 };

	return vm_fault(&space, va, access, &wait);
}
