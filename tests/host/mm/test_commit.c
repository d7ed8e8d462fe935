/* SPDX-License-Identifier: MIT */
/* commit=strict: what is refused when it is asked for, and that all that was promised comes back (R90 R20). */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "mm/object/object.h"
#include "mm/object/object_size.h"
#include "mm/space/commit.h"

#define P    PAGE_SIZE
#define LEFT 100ul /* pages that may still be promised, in most tests */

static struct space child;

/* A machine that has promised nothing, with so many pages to promise. */
static void start_strict(size_t pages)
{
	rig_start(2048);
	commit_set_strict(true);
	commit_add_limit((ssize_t)pages - (ssize_t)commit_limit());
	objects_before = rig_objects();
	rig_create(&space);
	rig_run(&space);
	assert_int_equal(0, commit_charged());
	assert_int_equal(pages, commit_limit());
}

static void end_strict(void)
{
	end();
	assert_int_equal(0, commit_charged());
	commit_set_strict(false);
}

/* The ledger agrees, and so many pages are promised. */
static void committed(size_t pages)
{
	rig_check();
	assert_int_equal(pages, commit_charged());
}

static long map_at(vaddr_t addr, size_t npages, unsigned prot, unsigned flags)
{
	return rig_map(&space, addr, npages * P, prot, flags | MAP_FIXED);
}

/* R90: what counts, and what does not. */
TEST(mmap_counts_private_writable_memory)
{
	struct object *file;

	start_strict(LEFT);
	assert_int_equal(AT, map_at(AT, 10, RW, ANON));
	committed(10);
	assert_int_equal(AT + 20 * P, map_at(AT + 20 * P, 1000, PROT_READ, ANON));
	assert_int_equal(AT + GIB, map_at(AT + GIB, 5000, PROT_NONE, ANON | MAP_NORESERVE));
	committed(10);
	file = rig_file(200 * P);
	map_file(file, AT + 2 * GIB, 5, 0, NULL, 0); /* it may be copied */
	committed(15);
	assert_int_equal(AT + 3 * GIB, map_at(AT + 3 * GIB, 5, RW, ANON | MAP_GROWSDOWN));
	committed(20);
	assert_int_equal(-ENOMEM, map_at(AT + 4 * GIB, 81, RW, ANON));
	assert_int_equal(-ENOMEM, map_at(AT + 4 * GIB, 81, RW, ANON | MAP_NORESERVE));
	committed(20);
	assert_int_equal(AT + 4 * GIB, map_at(AT + 4 * GIB, 80, RW, ANON | MAP_NORESERVE));
	committed(100);
	assert_int_equal(-ENOMEM, map_at(AT + 5 * GIB, 1, RW, ANON));
	assert_int_equal(AT + 5 * GIB, map_at(AT + 5 * GIB, 1, PROT_READ, ANON));
	assert_int_equal(0, vm_unmap(&space, AT, 6 * GIB));
	committed(0);
	object_put(file);
	end_strict();
}

TEST(a_shared_mapping_of_a_file_does_not_count)
{
	struct map_request request = { .addr = AT,
				       .len = 500 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED };
	vaddr_t at;

	start_strict(LEFT);
	request.object = rig_file(500 * P);
	assert_int_equal(0, vm_map(&space, &request, &at));
	committed(0);
	object_put(request.object);
	end_strict();
}

/* R93: parts that go give back what they are, wherever they are. */
TEST(munmap_gives_back_parts)
{
	start_strict(LEFT);
	map(AT, 30, RW);
	assert_int_equal(0, vm_unmap(&space, AT, 5 * P));
	committed(25);
	assert_int_equal(0, vm_unmap(&space, AT + 25 * P, 5 * P));
	committed(20);
	assert_int_equal(0, fake_store(AT + 12 * P, 1));
	assert_int_equal(0, vm_unmap(&space, AT + 10 * P, 5 * P));
	committed(15);
	map(AT + 10 * P, 5, RW); /* the hole: one VMA again */
	assert_int_equal(1, space.nvmas);
	committed(20);
	end_strict();
}

/* What a mapping replaces counts as given back, also where the limit is reached. */
TEST(map_fixed_pays_for_the_difference)
{
	start_strict(LEFT);
	map(AT, 90, RW);
	map(AT + 200 * P, 10, PROT_READ);
	committed(90);
	map(AT, 90, RW);
	committed(90);
	map(AT + 80 * P, 20, RW);
	committed(100);
	assert_int_equal(-ENOMEM, map_at(AT + 95 * P, 6, RW, ANON));
	committed(100);
	map(AT + 10 * P, 10, PROT_READ);
	committed(90);
	assert_int_equal(-ENOMEM, map_at(AT + 195 * P, 11, RW, ANON));
	map(AT + 200 * P, 10, RW);
	committed(100);
	alloc_fail_at = 3; /* the split of what is replaced */
	assert_int_equal(-ENOMEM, map_at(AT + 40 * P, 1, PROT_READ, ANON));
	alloc_fail_at = 0;
	committed(100);
	end_strict();
}

/* R94: once writable, it counts for good, as on Linux. */
TEST(mprotect_counts_what_becomes_writable)
{
	start_strict(LEFT);
	map(AT, 200, PROT_READ);
	committed(0);
	assert_int_equal(-ENOMEM, vm_protect(&space, AT, 200 * P, RW));
	committed(0);
	assert_int_equal(0, vm_protect(&space, AT + 50 * P, 10 * P, RW));
	assert_int_equal(3, space.nvmas);
	committed(10);
	/* the border moves, to both sides */
	assert_int_equal(0, vm_protect(&space, AT + 60 * P, 5 * P, RW));
	assert_int_equal(0, vm_protect(&space, AT + 45 * P, 5 * P, RW));
	assert_int_equal(3, space.nvmas);
	committed(20);
	assert_int_equal(0, vm_protect(&space, AT + 45 * P, 20 * P, PROT_READ));
	assert_int_equal(3, space.nvmas);
	committed(20);
	assert_int_equal(0, vm_protect(&space, AT + 45 * P, 20 * P, RW));
	committed(20);
	/* over all of it: only what is new counts, and one VMA is left */
	assert_int_equal(0, vm_protect(&space, AT + 5 * P, 95 * P, RW));
	assert_int_equal(3, space.nvmas);
	committed(95);
	assert_int_equal(-ENOMEM, vm_protect(&space, AT + 98 * P, 8 * P, RW));
	committed(95);
	assert_int_equal(0, vm_protect(&space, AT, 6 * P, RW));
	committed(100);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(0, vm_unmap(&space, AT + 10 * P, 190 * P));
	committed(10);
	end_strict();
}

TEST(mprotect_that_fails_gives_back)
{
	start_strict(LEFT);
	map(AT, 30, PROT_READ);
	alloc_fail_at = 1; /* the split */
	assert_int_equal(-ENOMEM, vm_protect(&space, AT + 10 * P, 10 * P, RW));
	assert_int_equal(0, alloc_fail_at);
	committed(0);
	space.limit_data = 5 * P;
	assert_int_equal(-ENOMEM, vm_protect(&space, AT + 10 * P, 10 * P, RW));
	committed(0);
	end_strict();
}

TEST(brk_is_refused_and_gives_back) /* R22 R24 */
{
	vaddr_t base;

	start_strict(LEFT);
	base = space.brk;
	assert_int_equal(base, vm_brk(&space, base + 100 * P + 1));
	assert_int_equal(base + 60 * P - 7, vm_brk(&space, base + 60 * P - 7));
	committed(60);
	assert_int_equal(base + 60 * P - 7, vm_brk(&space, base + 101 * P));
	assert_int_equal(base + 100 * P, vm_brk(&space, base + 100 * P));
	assert_int_equal(1, space.nvmas);
	committed(100);
	assert_int_equal(base + 5 * P + 1, vm_brk(&space, base + 5 * P + 1));
	committed(6);
	assert_int_equal(base, vm_brk(&space, base));
	committed(0);
	end_strict();
}

/* R90: growing in place, moving, moving to a fixed place, leaving the old one, shrinking. */
TEST(mremap_pays_for_what_grows)
{
	vaddr_t at;

	start_strict(LEFT);
	map(AT, 40, RW);
	assert_int_equal(0, fake_store(AT, 7));
	assert_int_equal(-ENOMEM, vm_remap(&space, AT, 40 * P, 101 * P, MREMAP_MAYMOVE, 0, &at));
	committed(40);
	assert_int_equal(0, vm_remap(&space, AT, 40 * P, 50 * P, 0, 0, &at));
	committed(50);
	map(AT + 50 * P, 1, PROT_READ);
	assert_int_equal(-ENOMEM, vm_remap(&space, AT, 50 * P, 60 * P, 0, 0, &at));
	committed(50);
	/* it moves, and is never counted twice: 60 and 50 are more than there is */
	assert_int_equal(0, vm_remap(&space, AT, 50 * P, 60 * P, MREMAP_MAYMOVE, 0, &at));
	assert_int_equal(7, fake_load(at));
	committed(60);
	assert_int_equal(-ENOMEM, vm_remap(&space, at, 60 * P, 60 * P,
					   MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0, &at));
	assert_int_equal(0, vm_remap(&space, at, 60 * P, 45 * P, 0, 0, &at));
	committed(45);
	assert_int_equal(
		0, vm_remap(&space, at, 45 * P, 45 * P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0, &at));
	committed(90);
	/* what is at the new place pays for the growth */
	map(AT + GIB, 10, RW);
	committed(100);
	assert_int_equal(0, vm_remap(&space, at, 45 * P, 55 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				     AT + GIB, &at));
	committed(100);
	assert_int_equal(7, fake_load(at));
	end_strict();
}

TEST(mremap_that_fails_gives_back)
{
	vaddr_t at;

	start_strict(LEFT);
	map(AT, 40, RW);
	map(AT + 40 * P, 1, PROT_READ);
	assert_int_equal(0, fake_store(AT, 7));
	for (unsigned n = 1; n < 20; n++) {
		int result;

		alloc_fail_at = n;
		result = vm_remap(&space, AT, 40 * P, 50 * P, MREMAP_MAYMOVE, 0, &at);
		if (!result)
			break;
		assert_int_equal(-ENOMEM, result);
		committed(40);
	}
	alloc_fail_at = 0;
	committed(50);
	end_strict();
}

/* R20: a child that could not be backed is refused before anything is copied for it. */
TEST(fork_is_refused)
{
	start_strict(LEFT);
	map(AT, 45, RW);
	map(AT + 100 * P, 20, PROT_READ);
	assert_int_equal(0, fake_store(AT, 1));
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	committed(90);
	assert_int_equal(45 * P, child.committed_bytes);
	rig_destroy(&child);
	committed(45);
	map(AT + 200 * P, 10, RW);
	rig_create(&child);
	assert_int_equal(-ENOMEM, vm_fork(&space, &child));
	rig_destroy(&child);
	committed(55);
	/* a child that does not get some of it */
	assert_int_equal(0, vm_madvise(&space, AT + 200 * P, 10 * P, MADV_DONTFORK));
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	committed(100);
	rig_destroy(&child);
	/* one that gets it empty */
	assert_int_equal(0, vm_unmap(&space, AT, 40 * P));
	assert_int_equal(0, vm_madvise(&space, AT + 40 * P, 5 * P, MADV_WIPEONFORK));
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	committed(20);
	rig_destroy(&child);
	committed(15);
	end_strict();
}

TEST(fork_that_fails_gives_back) /* R20 R45 */
{
	start_strict(LEFT);
	map(AT, 10, RW);
	map(AT + 100 * P, 10, RW);
	assert_int_equal(0, fake_store(AT, 1));
	for (unsigned n = 1; n < 20; n++) {
		int result;

		rig_create(&child);
		alloc_fail_at = n;
		result = vm_fork(&space, &child);
		alloc_fail_at = 0;
		committed(result ? commit_charged() : 40);
		rig_destroy(&child);
		committed(20);
		if (!result)
			break;
	}
	end_strict();
}

/* R100: shared memory counts once, for as long as anybody has it. */
TEST(shared_anonymous_memory_counts_once)
{
	start_strict(LEFT);
	assert_int_equal(-ENOMEM, map_at(AT, 101, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS));
	assert_int_equal(AT,
			 map_at(AT, 100, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE));
	committed(100);
	assert_int_equal(0, vm_protect(&space, AT, 100 * P, RW));
	committed(100);
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	committed(100);
	assert_int_equal(0, vm_unmap(&space, AT, 99 * P));
	committed(100);
	rig_destroy(&child);
	committed(100);
	assert_int_equal(0, vm_unmap(&space, AT, 100 * P));
	committed(0);
	alloc_fail_at = 2; /* the object, behind its VMA */
	assert_int_equal(-ENOMEM, map_at(AT, 1, RW, MAP_SHARED | MAP_ANONYMOUS));
	alloc_fail_at = 0;
	committed(0);
	end_strict();
}

static unsigned pages_charged, pages_destroyed;

static bool charge_page(struct object *object)
{
	(void)object;
	pages_charged++;
	return true;
}

static void uncharge_page(struct object *object)
{
	(void)object;
	pages_charged--;
}

static void destroy(struct object *object)
{
	(void)object;
	pages_destroyed++;
}

/* The pages of a file in memory count as they are made. */
TEST(pages_of_files_count_one_by_one)
{
	static const struct object_ops ops = { .name = "in memory",
					       .charge = charge_page,
					       .uncharge = uncharge_page,
					       .destroy = destroy };
	static struct object file;
	struct map_request request = { .addr = AT,
				       .len = 20 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = &file };
	vaddr_t at;

	start_strict(10);
	object_init(&file, &ops, 20 * P);
	assert_int_equal(0, vm_map(&space, &request, &at));
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(0, fake_store(AT + i * P, 1));
	committed(10);
	assert_int_equal(-1, fake_store(AT + 10 * P, 1));
	assert_int_equal(VM_BUS, rig_outcome);
	assert_int_equal(10, pages_charged);
	assert_int_equal(-ENOMEM, map_at(AT + GIB, 1, RW, ANON));
	assert_int_equal(0, object_punch(&file, 0, 4 * P));
	committed(6);
	assert_int_equal(0, fake_store(AT + 10 * P, 1));
	committed(7);
	assert_int_equal(0, vm_unmap(&space, AT, 20 * P));
	committed(7);
	object_put(&file);
	assert_int_equal(0, pages_charged);
	assert_int_equal(1, pages_destroyed);
	end_strict();
}

/* R30: the growth of a stack counts when it grows, and what is refused is a fault. */
TEST(a_stack_grows_within_the_limit)
{
	const vaddr_t top = AT + GIB;

	start_strict(20);
	assert_int_equal(top - 4 * P, map_at(top - 4 * P, 4, RW, ANON | MAP_GROWSDOWN));
	assert_int_equal(0, fake_store(top - 15 * P, 1));
	committed(15);
	assert_int_equal(-1, fake_store(top - 21 * P, 1));
	assert_int_equal(VM_SEGV_STACK, rig_outcome);
	committed(15);
	assert_int_equal(0, fake_store(top - 20 * P, 1));
	committed(20);
	assert_int_equal(0, vm_unmap(&space, top - 20 * P, 10 * P));
	committed(10);
	end_strict();
}

/* What swap adds can be promised. When it goes, nothing is taken back, and nothing new is had. */
TEST(the_limit_moves)
{
	start_strict(10);
	assert_int_equal(-ENOMEM, map_at(AT, 11, RW, ANON));
	commit_add_limit(5);
	assert_int_equal(AT, map_at(AT, 15, RW, ANON));
	commit_add_limit(-5);
	committed(15);
	assert_int_equal(10, commit_limit());
	assert_int_equal(-ENOMEM, map_at(AT + GIB, 1, RW, ANON));
	map(AT, 15, RW); /* it replaces what is there */
	committed(15);
	map(AT, 6, PROT_NONE);
	committed(9);
	assert_int_equal(AT + GIB, map_at(AT + GIB, 1, RW, ANON));
	end_strict();
}

/* Without the option all of that is had, and the limit is no limit. */
TEST(by_default_nothing_is_counted)
{
	start();
	assert_int_equal(AT, rig_map(&space, AT, 200 * GIB, RW, ANON | MAP_NORESERVE));
	assert_int_equal(1, rig_map(&space, 0, 20 * GIB, RW, MAP_SHARED | MAP_ANONYMOUS) > 0);
	assert_int_equal(0, space.committed_bytes);
	assert_int_equal(0, commit_charged());
	end();
}

/* R90: the program's own limits are heard first, and are the same. */
TEST(limits_of_the_program_hold_too)
{
	start_strict(LEFT);
	space.limit_as = 50 * P;
	assert_int_equal(-ENOMEM, map_at(AT, 51, RW, ANON));
	space.limit_as = UINT64_MAX;
	space.limit_data = 50 * P;
	assert_int_equal(-ENOMEM, map_at(AT, 51, RW, ANON));
	assert_int_equal(AT, map_at(AT, 51, PROT_READ, ANON));
	assert_int_equal(-ENOMEM, vm_protect(&space, AT, 51 * P, RW));
	committed(0);
	end_strict();
}

/* Counts that can't be right stop the machine. */
TEST(wrong_use)
{
	start_strict(LEFT);
	assert_int_equal(AT, map_at(AT, 3, RW, ANON));
	committed(3);
	assert_true(panics(commit_set_strict(false)));
	assert_true(panics(space_commit(&space, P))); /* without the lock */
	space_lock(&space);
	assert_true(panics(space_commit(&space, 1)));
	space_unlock(&space);
	assert_true(panics(commit_uncharge(4)));
}
