/* SPDX-License-Identifier: MIT */
/* Locked memory and what forks leave out: failing allocations, and children that are whole. */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "mm/verbs/populate.h"

#define P PAGE_SIZE

static struct space child;

static void fork_it(void)
{
	rig_create(&child);
	assert_int_equal(vm_fork(&space, &child), 0);
}

/* R90 R45: what could not be locked for want of memory is told; the rest is as it was. */
TEST(failures)
{
	int result;

	start();
	map(AT, 600, RW);
	for (uint64_t nth = 1;; nth += 7) {
		bool failed;

		alloc_fail_at = nth;
		result = vm_lock(&space, AT + 3 * P, 590 * P, VMA_LOCKED);
		failed = alloc_fail_at == 0;
		alloc_fail_at = 0;
		rig_check();
		if (!failed)
			break;
		/* the books first, then the pages */
		assert_int_equal(result, nth == 1 ? -ENOMEM : -EAGAIN);
		assert_int_equal(vm_unlock(&space, AT, 600 * P), 0);
		assert_int_equal(space.nvmas, 1);
		assert_int_equal(vm_madvise(&space, AT, 600 * P, MADV_DONTNEED), 0);
	}
	assert_int_equal(result, 0);
	assert_int_equal(space.resident, 590);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_DONTNEED), 0);
	alloc_fail_at = 1;
	assert_int_equal(vm_madvise(&space, AT, P, MADV_DONTFORK), -EAGAIN);
	alloc_fail_at = 0;
	assert_int_equal(vm_madvise(&space, AT, P, MADV_DONTFORK), 0);
	end();
}

/* R90 R45: mprotect lets memory be written, though there is none to fill what is locked of it. */
TEST(protected)
{
	bool failed = true;

	start();
	map(AT, 600, VM_PROT_READ);
	assert_int_equal(vm_lock(&space, AT + 3 * P, 590 * P, VMA_LOCKED), 0);
	for (uint64_t nth = 1; failed; nth += 7) {
		int result;

		alloc_fail_at = nth;
		result = vm_protect(&space, AT, 600 * P, RW);
		failed = alloc_fail_at == 0;
		alloc_fail_at = 0;
		rig_check();
		assert_int_equal(result, 0);
		if (failed)
			assert_true(space.resident < 590);
		else
			assert_int_equal(space.resident, 590);
		assert_int_equal(fake_store(AT + 590 * P, (uint8_t)nth), 0);
		assert_int_equal(vm_madvise(&space, AT, 600 * P, MADV_DONTNEED_LOCKED), 0);
		assert_int_equal(vm_protect(&space, AT, 600 * P, VM_PROT_READ), 0);
	}
	end();
}

/* Shared memory has its pages, filled or not; and nothing of it is wiped in a child. */
TEST(shared)
{
	struct object *object;
	struct map_request request = { .addr = AT,
				       .len = 4 * P,
				       .prot = VM_PROT_READ,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED };
	vaddr_t at;

	start();
	request.object = object = object_create_anon(4 * P);
	assert_int_equal(vm_map(&space, &request, &at), 0);
	assert_int_equal(vm_lock(&space, AT, 2 * P, VMA_LOCKED), 0);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_DONTNEED_LOCKED), 0);
	assert_int_equal(vm_protect(&space, AT, 4 * P, RW), 0);
	assert_int_equal(space.resident, 1);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_WIPEONFORK), -EINVAL);
	/* As on a Linux without KSM. */
	assert_int_equal(vm_madvise(&space, AT, P, MADV_MERGEABLE), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_UNMERGEABLE), -EINVAL);
	object_put(object);
	end();
}

/* A child's memory is not locked: what was two for that reason is one there. */
TEST(forked)
{
	start();
	map(AT, 8, RW);
	assert_int_equal(vm_lock(&space, AT + 2 * P, 2 * P, VMA_LOCKED), 0);
	assert_int_equal(vm_lock(&space, AT + 5 * P, P, VMA_LOCKED | VMA_ONFAULT), 0);
	assert_int_equal(space.nvmas, 5);
	assert_int_equal(fake_store(AT + 3 * P, 9), 0);
	fork_it();
	assert_int_equal(child.nvmas, 1);
	rig_run(&child);
	assert_int_equal(fake_load(AT + 3 * P), 9);
	assert_int_equal(fake_store(AT + 3 * P, 8), 0);
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	assert_int_equal(fake_load(AT + 3 * P), 9);
	vm_lock_all(&space, 0, 0);
	assert_int_equal(space.nvmas, 1);
	end();
}

/* R19 R90: what is left out takes nothing in the child; what is wiped has no pages there. */
TEST(left_out)
{
	start();
	map(AT, 1000, RW);
	assert_int_equal(vm_populate(&space, AT, AT + 1000 * P, VM_PROT_WRITE), 0);
	assert_int_equal(vm_madvise(&space, AT, 400 * P, MADV_DONTFORK), 0);
	assert_int_equal(vm_madvise(&space, AT + 400 * P, 300 * P, MADV_WIPEONFORK), 0);
	fork_it();
	assert_int_equal(child.nvmas, 2);
	assert_int_equal(child.mapped_bytes, 600 * P);
	assert_int_equal(child.resident, 300);
	rig_run(&child);
	assert_int_equal(fake_load(AT), -1);
	assert_int_equal(rig_outcome, VM_SEGV_MAPERR);
	assert_int_equal(fake_load(AT + 400 * P), 0);
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	end();
}

/* mincore tells by VMA, and msync has its errors. */
TEST(mincore)
{
	uint8_t there[8];

	start();
	map(AT, 3, RW);
	map(AT + 3 * P, 1, PROT_READ);
	assert_int_equal(fake_store(AT + P, 1), 0);
	assert_int_equal(vm_mincore(&space, AT, 8, there), 3);
	assert_int_equal(there[0] + 2 * there[1] + 4 * there[2], 2);
	assert_int_equal(vm_mincore(&space, AT + 3 * P, 8, there), 1);
	assert_int_equal(vm_mincore(&space, AT + 4 * P, 8, there), -ENOMEM);
	assert_int_equal(vm_sync(&space, AT, 4 * P, MS_SYNC), 0);
	assert_int_equal(vm_sync(&space, AT, 5 * P, MS_SYNC), -ENOMEM);
	end();
}

/* mlockall, MAP_LOCKED and the heap: what is mapped from then on is filled; advice asks for the lock. */
TEST(future)
{
	start();
	assert_int_equal(rig_map(&space, AT, 4 * P, RW, ANON | MAP_FIXED | MAP_LOCKED), AT);
	assert_int_equal(space.resident, 4);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_DONTNEED), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_FREE), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_COLD), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_DONTNEED_LOCKED), 0);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_KEEPONFORK), 0);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_DOFORK), 0);
	vm_lock_all(&space, 0, VMA_LOCKED);
	assert_int_equal(vm_brk(&space, space.brk_start + 5 * P), space.brk_start + 5 * P);
	assert_int_equal(space.resident, 3 + 5);
	vm_lock_all(&space, VMA_LOCKED, 0);
	assert_int_equal(space.resident, 4 + 5);
	assert_int_equal(vm_lock(&space, UINT64_MAX, 2 * P, VMA_LOCKED), -EINVAL);
	assert_int_equal(vm_unlock(&space, AT + 2 * P, 9 * P), -ENOMEM);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_COLD), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT + 2 * P, P, MADV_COLD), 0);
	end();
}
