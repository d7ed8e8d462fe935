/* SPDX-License-Identifier: MIT */
/* Locked memory and what forks leave out: failing allocations, and children that are whole. */
#include "one_space.h"

#include "linux/mem/mem.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/run.h"
#include "mm/verbs/populate.h"

#define P PAGE_SIZE

static struct space child;

static void fork_it(void)
{
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
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
		assert_int_equal(nth == 1 ? -ENOMEM : -EAGAIN, result);
		assert_int_equal(0, vm_unlock(&space, AT, 600 * P));
		assert_int_equal(1, space.nvmas);
		assert_int_equal(0, vm_madvise(&space, AT, 600 * P, MADV_DONTNEED));
	}
	assert_int_equal(0, result);
	assert_int_equal(590, space.resident);
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED));
	alloc_fail_at = 1;
	assert_int_equal(-EAGAIN, vm_madvise(&space, AT, P, MADV_DONTFORK));
	alloc_fail_at = 0;
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTFORK));
	end();
}

static uint64_t lock_limit;

static uint64_t limit_locked(enum memory_limit which)
{
	return which == LIMIT_LOCKED ? lock_limit : UINT64_MAX;
}

/* R90: what is locked already counts once, and only whole pages of the limit count. */
TEST(limited)
{
	start();
	mm_host.limit = limit_locked;
	map(AT, 8, RW);
	map(AT + 10 * P, 2, RW);
	lock_limit = 0;
	assert_int_equal(-EPERM, vm_lock(&space, AT, P, VMA_LOCKED));
	lock_limit = 4 * P + P - 1;
	assert_int_equal(-ENOMEM, vm_lock(&space, AT, 5 * P, VMA_LOCKED));
	assert_int_equal(0, space.locked_bytes);
	assert_int_equal(0, vm_lock(&space, AT + P, 3 * P, VMA_LOCKED));
	assert_int_equal(-ENOMEM, vm_lock(&space, AT + 10 * P, 2 * P, VMA_LOCKED));
	assert_int_equal(-ENOMEM, vm_lock(&space, AT + 3 * P - 1, 3 * P, VMA_LOCKED));
	assert_int_equal(3 * P, space.locked_bytes);
	assert_int_equal(0, vm_lock(&space, AT + 1, 4 * P - 1, VMA_LOCKED));
	assert_int_equal(4 * P, space.locked_bytes);
	assert_int_equal(0, vm_lock(&space, AT + 2 * P, P, VMA_LOCKED));
	assert_int_equal(4, space.resident);
	/* So it is with memory that is mapped locked. */
	assert_int_equal(-EAGAIN,
			 rig_map(&space, AT + 20 * P, P, RW, ANON | MAP_FIXED | MAP_LOCKED));
	assert_int_equal(0, vm_unlock(&space, AT, P));
	assert_int_equal(AT + 20 * P,
			 rig_map(&space, AT + 20 * P, P, RW, ANON | MAP_FIXED | MAP_LOCKED));
	lock_limit = 0;
	assert_int_equal(-EPERM,
			 rig_map(&space, AT + 21 * P, P, RW, ANON | MAP_FIXED | MAP_LOCKED));
	end();
}

static int killed(struct vm_wait *wait)
{
	(void)wait;
	return -EINTR;
}

/* Who is killed while pages are filled hears that, and not that there is no memory. */
TEST(ended_by_a_kill)
{
	start();
	map(AT, 600, RW);
	rig_pause = killed;
	assert_int_equal(-EINTR, vm_lock(&space, AT, 600 * P, VMA_LOCKED));
	rig_pause = NULL;
	assert_true(space.resident < 600);
	end();
}

/* What cannot be split is not sealed; what is sealed stays, and what surrounds it goes. */
TEST(sealed)
{
	static const int losing[] = { MADV_FREE, MADV_DONTNEED, MADV_DONTNEED_LOCKED, MADV_DONTFORK,
				      MADV_WIPEONFORK };

	start();
	map(AT, 9, RW);
	alloc_fail_at = 1;
	assert_int_equal(-ENOMEM, vm_seal(&space, AT + 3 * P, 3 * P));
	alloc_fail_at = 0;
	assert_int_equal(1, space.nvmas);
	assert_int_equal(0, vm_protect(&space, AT, 9 * P, VM_PROT_READ));
	assert_int_equal(0, vm_seal(&space, AT + 3 * P, 3 * P));
	rig_check();
	assert_int_equal(3, space.nvmas);
	assert_int_equal(-EPERM, vm_unmap(&space, AT, 9 * P));
	assert_int_equal(-EPERM, vm_protect(&space, AT + 5 * P, P, RW));
	for (unsigned i = 0; i < ARRAY_SIZE(losing); i++)
		assert_int_equal(-EPERM, vm_madvise(&space, AT + 5 * P, P, losing[i]));
	assert_int_equal(0, vm_madvise(&space, AT + 3 * P, 3 * P, MADV_COLD));
	assert_int_equal(3, space.nvmas);
	assert_int_equal(0, vm_unmap(&space, AT, 3 * P));
	assert_int_equal(0, vm_unmap(&space, AT + 6 * P, 3 * P));
	assert_int_equal(1, space.nvmas);
	end();
}

/* R90 R45: mprotect lets memory be written, though there is none to fill what is locked of it. */
TEST(protected)
{
	bool failed = true;

	start();
	map(AT, 600, VM_PROT_READ);
	assert_int_equal(0, vm_lock(&space, AT + 3 * P, 590 * P, VMA_LOCKED));
	for (uint64_t nth = 1; failed; nth += 7) {
		int result;

		alloc_fail_at = nth;
		result = vm_protect(&space, AT, 600 * P, RW);
		failed = alloc_fail_at == 0;
		alloc_fail_at = 0;
		rig_check();
		assert_int_equal(0, result);
		if (failed)
			assert_true(space.resident < 590);
		else
			assert_int_equal(590, space.resident);
		assert_int_equal(0, fake_store(AT + 590 * P, (uint8_t)nth));
		assert_int_equal(0, vm_madvise(&space, AT, 600 * P, MADV_DONTNEED_LOCKED));
		assert_int_equal(0, vm_protect(&space, AT, 600 * P, VM_PROT_READ));
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
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(0, vm_lock(&space, AT, 2 * P, VMA_LOCKED));
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED_LOCKED));
	assert_int_equal(0, vm_protect(&space, AT, 4 * P, RW));
	assert_int_equal(1, space.resident);
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_WIPEONFORK));
	/* As on a Linux without KSM. */
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_MERGEABLE));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_UNMERGEABLE));
	object_put(object);
	end();
}

/* A child's memory is not locked: what was two for that reason is one there. */
TEST(forked)
{
	start();
	map(AT, 8, RW);
	assert_int_equal(0, vm_lock(&space, AT + 2 * P, 2 * P, VMA_LOCKED));
	assert_int_equal(0, vm_lock(&space, AT + 5 * P, P, VMA_LOCKED | VMA_ONFAULT));
	assert_int_equal(5, space.nvmas);
	assert_int_equal(0, fake_store(AT + 3 * P, 9));
	fork_it();
	assert_int_equal(1, child.nvmas);
	rig_run(&child);
	assert_int_equal(9, fake_load(AT + 3 * P));
	assert_int_equal(0, fake_store(AT + 3 * P, 8));
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	assert_int_equal(9, fake_load(AT + 3 * P));
	vm_lock_all(&space, 0, 0);
	assert_int_equal(1, space.nvmas);
	end();
}

/* R19 R90: what is left out takes nothing in the child; what is wiped has no pages there. */
TEST(left_out)
{
	start();
	map(AT, 1000, RW);
	assert_int_equal(0, vm_populate(&space, AT, AT + 1000 * P, VM_PROT_WRITE, NULL));
	assert_int_equal(0, vm_madvise(&space, AT, 400 * P, MADV_DONTFORK));
	assert_int_equal(0, vm_madvise(&space, AT + 400 * P, 300 * P, MADV_WIPEONFORK));
	fork_it();
	assert_int_equal(2, child.nvmas);
	assert_int_equal(600 * P, child.mapped_bytes);
	assert_int_equal(300, child.resident);
	rig_run(&child);
	assert_int_equal(-1, fake_load(AT));
	assert_int_equal(VM_SEGV_MAPERR, rig_outcome);
	assert_int_equal(0, fake_load(AT + 400 * P));
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
	assert_int_equal(0, fake_store(AT + P, 1));
	assert_int_equal(3, vm_mincore(&space, AT, 8, there));
	assert_int_equal(2, there[0] + 2 * there[1] + 4 * there[2]);
	assert_int_equal(1, vm_mincore(&space, AT + 3 * P, 8, there));
	assert_int_equal(-ENOMEM, vm_mincore(&space, AT + 4 * P, 8, there));
	assert_int_equal(0, vm_sync(&space, AT, 4 * P, MS_SYNC));
	assert_int_equal(-ENOMEM, vm_sync(&space, AT, 5 * P, MS_SYNC));
	end();
}

/* What is there is passed without faults, but for the first page, and some after a gap. */
TEST(resident_pages_are_passed)
{
	const unsigned n = 3 * MMU_LEAF_ENTRIES;

	start();
	map(AT + P, n, RW);
	for (unsigned i = 1; i <= n; i++)
		if (i != 700 && i != 900)
			assert_int_equal(0, fake_store(AT + i * P, 7));
	assert_int_equal(0, fake_load(AT + 900 * P)); /* the zero page */
	assert_int_equal(0, vm_lock(&space, AT + P, n * P, VMA_LOCKED));
	assert_int_equal(n, space.resident);
	assert_kind(n, &space, FILL); /* one of them with the zero page */
	assert_kind(1, &space, COW);
	assert_true(space.stats.kind[FAULT_SPURIOUS] <= 3);
	for (unsigned i = 1; i <= n; i++)
		assert_int_equal(i == 700 || i == 900 ? 0 : 7, fake_load(AT + i * P));
	end();
}

/* What has no leaf table is not there, whatever comes after it. */
TEST(missing_tables_are_filled)
{
	const unsigned n = MMU_LEAF_ENTRIES;

	start();
	map(AT, 3 * n, RW);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(0, fake_store(AT + i * P, 7));
		assert_int_equal(0, fake_store(AT + (2 * n + i) * P, 7));
	}
	assert_int_equal(0, vm_lock(&space, AT, 3 * n * P, VMA_LOCKED));
	assert_int_equal(3 * n, space.resident);
	end();
}

/* A page that is there but was not used gets A and D at once. One that a child has, too, takes its fault. */
TEST(unused_pages_are_passed)
{
	uint64_t faults;

	start();
	thp_mode = THP_ALWAYS;
	map(AT, 16, RW);
	assert_int_equal(0, vm_madvise(&space, AT, 16 * P, MADV_POPULATE_WRITE));
	assert_int_equal(16, space.resident);
	for (unsigned i = 0; i < 16; i++)
		assert_true(entry_allows(entry_load(arch_mmu_lookup(&space.mmu, AT + i * P)),
					 PROT_WRITE));
	assert_true(space.stats.kind[FAULT_ACCESSED] <= 4);
	thp_mode = THP_NEVER;
	fork_it();
	faults = space.stats.kind[FAULT_COW];
	assert_int_equal(0, vm_madvise(&space, AT, 16 * P, MADV_POPULATE_READ));
	assert_int_equal(faults, space.stats.kind[FAULT_COW]);
	assert_int_equal(0, vm_madvise(&space, AT, 16 * P, MADV_POPULATE_WRITE));
	assert_int_equal(faults + 16, space.stats.kind[FAULT_COW]);
	assert_int_equal(0, vm_protect(&space, AT, 16 * P, PROT_READ));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, 16 * P, MADV_POPULATE_WRITE));
	rig_destroy(&child);
	end();
}

/* mlockall, MAP_LOCKED and the heap: what is mapped from then on is filled; advice asks for the lock. */
TEST(future)
{
	start();
	assert_int_equal(AT, rig_map(&space, AT, 4 * P, RW, ANON | MAP_FIXED | MAP_LOCKED));
	assert_int_equal(4, space.resident);
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_DONTNEED));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_FREE));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_COLD));
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED_LOCKED));
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_KEEPONFORK));
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DOFORK));
	vm_lock_all(&space, 0, VMA_LOCKED);
	assert_int_equal(space.brk_start + 5 * P, vm_brk(&space, space.brk_start + 5 * P));
	assert_int_equal(3 + 5, space.resident);
	vm_lock_all(&space, VMA_LOCKED, 0);
	assert_int_equal(4 + 5, space.resident);
	assert_int_equal(-EINVAL, vm_lock(&space, UINT64_MAX, 2 * P, VMA_LOCKED));
	assert_int_equal(-ENOMEM, vm_unlock(&space, AT + 2 * P, 9 * P));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_COLD));
	assert_int_equal(0, vm_madvise(&space, AT + 2 * P, P, MADV_COLD));
	end();
}
