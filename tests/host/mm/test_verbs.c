/* SPDX-License-Identifier: MIT */
/* The verbs one by one: Linux's errors and effects, and who waits for them. */
#include "one_space.h"

#include <string.h>

#include "mm/object/object.h"

#define P PAGE_SIZE

static long map_object(struct object *object, unsigned prot, unsigned max, unsigned flags,
		       size_t len, uint64_t offset)
{
	struct map_request request = { .len = len,
				       .prot = prot,
				       .max_prot = max,
				       .flags = flags,
				       .object = object,
				       .offset = offset };
	vaddr_t at = 0;
	int result = vm_map(&space, &request, &at);

	return result ? result : (long)at;
}

TEST(map_refuses) /* R90 R15 */
{
	struct object *file;

	start();
	file = rig_file(P);
	assert_int_equal(-EINVAL, rig_map(&space, 0, 0, RW, ANON));
	assert_int_equal(-ENOMEM, rig_map(&space, 0, UINT64_MAX, RW, ANON));
	assert_int_equal(-ENOMEM, rig_map(&space, 0, UINT64_MAX - P, RW, ANON));
	assert_int_equal(-ENOMEM, rig_map(&space, 0, USER_TOP, RW, ANON));
	assert_int_equal(-EINVAL, rig_map(&space, 0, P, RW, MAP_ANONYMOUS));
	assert_int_equal(-EINVAL, rig_map(&space, 0, P, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE));
	assert_int_equal(-EINVAL, rig_map(&space, AT + 1, P, RW, ANON | MAP_FIXED));
	assert_int_equal(-EPERM, rig_map(&space, 0, P, RW, ANON | MAP_FIXED));
	assert_int_equal(-ENOMEM, rig_map(&space, USER_TOP, P, RW, ANON | MAP_FIXED));
	assert_int_equal(-ENOMEM, rig_map(&space, USER_TOP - P, 2 * P, RW, ANON | MAP_FIXED));
	assert_int_equal(-ENOMEM, rig_map(&space, UINT64_MAX - P + 1, P, RW, ANON | MAP_FIXED));
	assert_int_equal(-EINVAL,
			 rig_map(&space, 0, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN));
	assert_int_equal(-EINVAL, map_object(file, RW, RW, MAP_PRIVATE | MAP_GROWSDOWN, P, 0));
	assert_int_equal(-EINVAL, map_object(file, RW, RW, MAP_PRIVATE, P, 1));
	assert_int_equal(-EOVERFLOW, map_object(file, RW, RW, MAP_PRIVATE, P, (1ul << 63) - P));
	assert_int_equal(-EOVERFLOW, map_object(file, RW, RW, MAP_PRIVATE, P, -P));
	assert_int_equal(-EACCES, map_object(file, PROT_READ, PROT_WRITE, MAP_PRIVATE, P, 0));
	assert_int_equal(-EACCES, map_object(file, RW, PROT_READ, MAP_SHARED, P, 0));
	assert_true(map_object(file, RW, PROT_READ, MAP_PRIVATE, P, 0) > 0);
	assert_int_equal(1, space.nvmas);
	object_put(file);
	end();
}

static long map_special(enum map_special special, unsigned prot, unsigned max, unsigned flags,
			uint64_t offset)
{
	struct map_request request = { .addr = AT,
				       .len = P,
				       .prot = prot,
				       .max_prot = max,
				       .flags = flags,
				       .special = special,
				       .offset = offset };
	vaddr_t at = 0;
	int result = vm_map(&space, &request, &at);

	return result ? result : (long)at;
}

TEST(map_of_descriptors) /* R91 */
{
	const unsigned validate = MAP_SHARED_VALIDATE;
	struct object *file;

	start();
	file = rig_file(P);
	assert_true(map_object(file, RW, RW, validate, P, 0) > 0);
	assert_int_equal(-EOPNOTSUPP, map_object(file, RW, RW, validate | MAP_SYNC, P, 0));
	assert_int_equal(-EOPNOTSUPP, map_object(file, RW, RW, validate | 1u << 31, P, 0));
	assert_int_equal(-EACCES, map_object(file, RW, PROT_READ, validate, P, 0));
	assert_int_equal(-EINVAL, map_object(file, RW, RW, 8, P, 0));
	assert_int_equal(-EOVERFLOW, map_object(file, RW, RW, 8, P, -P));
	assert_int_equal(-ENODEV, map_special(MAP_OF_NOTHING, PROT_READ, RW, MAP_PRIVATE, 0));
	assert_int_equal(-EACCES, map_special(MAP_OF_NOTHING, RW, PROT_READ, MAP_SHARED, 0));
	assert_int_equal(-EACCES, map_special(MAP_OF_NOTHING, RW, PROT_WRITE, MAP_SHARED, 0));
	assert_int_equal(-EOVERFLOW, map_special(MAP_OF_NOTHING, RW, RW, MAP_SHARED, 1ul << 63));
	assert_int_equal(-EINVAL,
			 map_special(MAP_OF_ZEROS, RW, RW, MAP_PRIVATE | MAP_GROWSDOWN, 0));
	assert_int_equal(AT, map_special(MAP_OF_ZEROS, RW, RW, MAP_PRIVATE | MAP_FIXED, P));
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(0, fake_store(AT, 1));
	assert_null(vma_find(&space, AT)->object);
	assert_int_equal(AT, map_special(MAP_OF_ZEROS, PROT_READ, PROT_READ, MAP_SHARED | MAP_FIXED,
					 1ul << 62));
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(-EACCES, vm_protect(&space, AT, P, RW));
	object_put(file);
	end();
}

TEST(noreplace_and_fixed) /* R90 */
{
	start();
	assert_int_equal(AT, rig_map(&space, AT, 4 * P, RW, ANON | MAP_FIXED_NOREPLACE));
	assert_int_equal(-EEXIST,
			 rig_map(&space, AT + 3 * P, 2 * P, RW, ANON | MAP_FIXED_NOREPLACE));
	assert_int_equal(0, fake_store(AT + P, 1));
	assert_int_equal(-EEXIST, rig_map(&space, AT + 3 * P, 2 * P, RW,
					  ANON | MAP_FIXED_NOREPLACE | MAP_FIXED));
	assert_int_equal(1, fake_load(AT + P));
	assert_int_equal(AT + P, rig_map(&space, AT + P, P, RW, ANON | MAP_FIXED));
	assert_int_equal(0, fake_load(AT + P));
	assert_int_equal(1, space.nvmas);
	assert_int_equal(4 * P, space.mapped_bytes);
	end();
}

TEST(where_the_kernel_puts_it) /* R90 */
{
	start();
	assert_int_equal(space.mmap_top - 3 * P, rig_map(&space, 0, 3 * P - 1, RW, ANON));
	assert_int_equal(space.mmap_top - 4 * P, rig_map(&space, 0, P, RW, ANON));
	assert_int_equal(1, space.nvmas);
	assert_int_equal(AT, rig_map(&space, AT + 5, P, RW, ANON)); /* a hint, rounded down */
	assert_int_equal(space.mmap_top - 5 * P, rig_map(&space, AT, P, RW, ANON));
	assert_int_equal(space.mmap_top - 6 * P,
			 rig_map(&space, 5, P, RW, ANON)); /* rounded to none */
	assert_int_equal(space.mmap_top - 8 * P, rig_map(&space, USER_TOP - P, 2 * P, RW, ANON));
	assert_int_equal(0, vm_unmap(&space, space.mmap_top - 3 * P, P));
	assert_int_equal(space.mmap_top - 10 * P, rig_map(&space, 0, 2 * P, PROT_READ, ANON));
	assert_int_equal(space.mmap_top - 3 * P, rig_map(&space, 0, P, PROT_READ, ANON));
	/* where nothing is left below mmap_top, above it */
	assert_int_equal(-ENOMEM, rig_map(&space, 0, space.mmap_top - GIB, RW, ANON));
	space.mmap_top = USER_BASE + 2 * P;
	assert_int_equal(USER_TOP - GIB, rig_map(&space, 0, GIB, RW, ANON));
	end();
}

TEST(huge_and_sparse) /* R14 R18 R93 */
{
	long at;

	start();
	at = rig_map(&space, 0, 200 * GIB, RW, ANON | MAP_NORESERVE);
	assert_true(at > 0);
	assert_int_equal(1, space.tables);
	for (unsigned i = 0; i < 200; i += 20)
		assert_int_equal(0, fake_store((vaddr_t)at + i * GIB, 1));
	assert_int_equal(10, space.resident);
	assert_int_equal(21, space.tables);
	assert_int_equal(0, vm_unmap(&space, USER_BASE, USER_TOP - USER_BASE));
	assert_int_equal(1, space.tables);
	assert_int_equal(0, space.nvmas);
	assert_int_equal(0, space.mapped_bytes);
	end();
}

TEST(unmap) /* R93 */
{
	start();
	assert_int_equal(-EINVAL, vm_unmap(&space, AT + 1, P));
	assert_int_equal(-EINVAL, vm_unmap(&space, AT, 0));
	assert_int_equal(-EINVAL, vm_unmap(&space, USER_TOP, P));
	assert_int_equal(-EINVAL, vm_unmap(&space, AT, USER_TOP));
	assert_int_equal(-EINVAL, vm_unmap(&space, AT, UINT64_MAX));
	assert_int_equal(0, vm_unmap(&space, 0, P));
	assert_int_equal(0, vm_unmap(&space, AT, P)); /* a hole */
	rig_map(&space, AT, 10 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	assert_int_equal(0, vm_unmap(&space, AT + 4 * P, 2 * P));
	assert_int_equal(2, space.nvmas);
	assert_int_equal(0, vm_unmap(&space, AT, 1));
	assert_int_equal(0, vm_unmap(&space, AT + 9 * P, 5 * P));
	assert_int_equal(6, space.resident);
	assert_int_equal(-1, fake_load(AT + 4 * P));
	assert_int_equal(0, fake_load(AT + 6 * P));
	rig_map(&space, AT + 4 * P, 2 * P, RW, ANON | MAP_FIXED);
	assert_int_equal(1, space.nvmas); /* one again */
	end();
}

TEST(limits) /* R90 */
{
	start();
	space.limit_as = 10 * P + 5;
	assert_int_equal(-ENOMEM, rig_map(&space, AT, 11 * P, RW, ANON));
	assert_int_equal(AT, rig_map(&space, AT, 10 * P, RW, ANON));
	assert_int_equal(-ENOMEM, rig_map(&space, AT + MIB, P, PROT_NONE, ANON));
	assert_int_equal(AT + P, rig_map(&space, AT + P, 9 * P, PROT_READ, ANON | MAP_FIXED));
	assert_int_equal(-ENOMEM, rig_map(&space, AT + P, 10 * P, PROT_READ, ANON | MAP_FIXED));
	assert_int_equal(10 * P,
			 space.mapped_bytes); /* the one that was refused took nothing away */
	space.limit_as = UINT64_MAX;
	space.limit_data = 3 * P;
	assert_int_equal(-ENOMEM, rig_map(&space, AT + MIB, 3 * P, RW, ANON));
	assert_int_equal(AT + MIB, rig_map(&space, AT + MIB, 2 * P, RW, ANON));
	assert_true(rig_map(&space, 0, 100 * P, RW, MAP_SHARED | MAP_ANONYMOUS) > 0);
	assert_true(rig_map(&space, 0, 100 * P, PROT_READ, ANON) > 0);
	assert_int_equal(-ENOMEM, vm_protect(&space, AT + P, P, RW));
	assert_int_equal(space.brk, vm_brk(&space, space.brk + P));
	assert_int_equal(0, vm_protect(&space, AT + MIB, P, PROT_READ));
	assert_int_equal(0, vm_protect(&space, AT + P, P, RW));
	end();
}

static uint64_t own_limits[MEMORY_LIMITS];

static uint64_t limit_of_its_own(enum memory_limit which)
{
	return own_limits[which];
}

TEST(limits_of_a_borrower) /* R90 */
{
	start();
	memset(own_limits, 0xff, sizeof(own_limits));
	mm_host.limit = limit_of_its_own;
	own_limits[LIMIT_MAPPED] = 10 * P;
	assert_int_equal(AT, rig_map(&space, AT, 11 * P, RW, ANON));
	space.lent = true;
	space.limit_as = space.limit_data = space.limit_stack = 0;
	assert_int_equal(-ENOMEM, rig_map(&space, AT + MIB, P, PROT_NONE, ANON));
	own_limits[LIMIT_MAPPED] = UINT64_MAX;
	assert_int_equal(AT + MIB, rig_map(&space, AT + MIB, P, RW, ANON));
	own_limits[LIMIT_DATA] = 12 * P;
	assert_int_equal(-ENOMEM, rig_map(&space, 0, P, RW, ANON));
	own_limits[LIMIT_DATA] = 20 * P; /* of mappings, but not of the heap */
	own_limits[LIMIT_HEAP] = 0;
	assert_true(rig_map(&space, 0, 8 * P, RW, ANON) > 0);
	assert_int_equal(-ENOMEM, rig_map(&space, 0, P, RW, ANON));
	assert_int_equal(space.brk, vm_brk(&space, space.brk + 1));
	memset(own_limits, 0xff, sizeof(own_limits));
	end();
}

TEST(protect) /* R94 */
{
	struct object *file;
	long at;

	start();
	assert_int_equal(-EINVAL, vm_protect(&space, AT + 1, P, RW));
	assert_int_equal(0, vm_protect(&space, AT, 0, RW));
	assert_int_equal(-ENOMEM, vm_protect(&space, AT, P, RW));
	assert_int_equal(-ENOMEM, vm_protect(&space, AT, UINT64_MAX, RW));
	assert_int_equal(-EINVAL, vm_protect(&space, AT, P, 0x40));
	assert_int_equal(-EINVAL, vm_protect(&space, AT, P, PROT_GROWSDOWN | PROT_GROWSUP));
	assert_int_equal(-ENOMEM, vm_protect(&space, AT, P, PROT_READ | PROT_GROWSUP));
	rig_map(&space, AT, 8 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	assert_int_equal(-EINVAL, vm_protect(&space, AT, P, PROT_READ | PROT_GROWSDOWN));
	assert_int_equal(-EINVAL, vm_protect(&space, AT, P, PROT_READ | PROT_GROWSUP));
	assert_int_equal(-ENOMEM, vm_protect(&space, AT - P, 2 * P, PROT_READ | PROT_GROWSUP));
	assert_int_equal(-ENOMEM, vm_protect(&space, AT + 4 * P, 8 * P, PROT_READ));
	assert_int_equal(-1, fake_store(AT + 4 * P, 1)); /* the part before the hole has changed */
	assert_int_equal(0, fake_store(AT + 3 * P, 1));
	assert_int_equal(0, vm_protect(&space, AT + 4 * P, 4 * P, PROT_WRITE));
	assert_int_equal(1, space.nvmas); /* write-only is readable too */
	assert_int_equal(0, vm_protect(&space, AT, 8 * P, PROT_NONE));
	assert_int_equal(-1, fake_load(AT));
	assert_int_equal(0, vm_protect(&space, AT, 8 * P, RW | PROT_SEM));
	assert_int_equal(1, fake_load(AT + 3 * P));
	file = rig_file(P);
	at = map_object(file, PROT_READ, PROT_READ | PROT_EXEC, MAP_PRIVATE, P, 0);
	assert_int_equal(0, vm_protect(&space, (vaddr_t)at, P, RW | PROT_EXEC));
	vma_find(&space, (vaddr_t)at)->max_prot = PROT_READ;
	assert_int_equal(0, vm_protect(&space, (vaddr_t)at, P, PROT_READ));
	assert_int_equal(-EACCES, vm_protect(&space, (vaddr_t)at, P, RW));
	object_put(file);
	end();
}

TEST(advise) /* R90 */
{
	struct object *file;
	long at;

	start();
	rig_map(&space, AT, 4 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	fake_store(AT, 1);
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, 12345));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT + 1, P, MADV_DONTNEED));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, UINT64_MAX, MADV_DONTNEED));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, -P, MADV_DONTNEED));
	assert_int_equal(0, vm_madvise(&space, AT, 0, MADV_DONTNEED));
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_WILLNEED));
	assert_int_equal(-ENOMEM, vm_madvise(&space, AT - P, P, MADV_NORMAL));
	assert_int_equal(1, fake_load(AT));
	assert_int_equal(-ENOMEM, vm_madvise(&space, AT - P, 2 * P, MADV_DONTNEED));
	assert_int_equal(0, fake_load(AT)); /* told of the hole, and done */
	assert_int_equal(3, space.resident);
	assert_int_equal(0, vm_madvise(&space, AT, 4 * P, MADV_FREE));
	file = rig_file(P);
	at = map_object(file, RW, RW, MAP_PRIVATE, P, 0);
	assert_int_equal(-EINVAL, vm_madvise(&space, (vaddr_t)at, P, MADV_FREE));
	assert_int_equal(0, vm_madvise(&space, AT, 4 * P, MADV_POPULATE_WRITE));
	assert_int_equal(4, space.resident);
	assert_int_equal(-ENOMEM, vm_madvise(&space, AT, 5 * P, MADV_POPULATE_READ));
	vm_protect(&space, AT, P, PROT_READ);
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_POPULATE_WRITE));
	object_put(file);
	end();
}

static int touch(vaddr_t va)
{
	rig_outcome = 0;
	return fake_store(va, 1) ? rig_outcome : 0;
}

/*
 * While a verb has a range in hand, a fault that finds no VMA there, or would grow a stack into it,
 * waits.
 */
static int fault_in_pause(struct vm_wait *wait)
{
	(void)wait;
	if (space.busy_end == 0)
		return 0;
	assert_int_equal(VM_WAIT, touch(AT));
	assert_int_equal(AT_IDLE_WAKE, space.at_idle);
	return 0;
}

TEST(faults_wait_for_a_verb)
{
	uint64_t seq;

	start();
	rig_map(&space, AT, 200 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	rig_pause = fault_in_pause;
	seq = space.busy_done.seq;
	assert_int_equal(AT, rig_map(&space, AT, 200 * P, RW, ANON | MAP_FIXED));
	assert_true(space.busy_done.seq > seq);
	assert_int_equal(0, touch(AT));
	rig_pause = NULL;
	assert_int_equal(0, vm_unmap(&space, AT, 200 * P));
	assert_int_equal(VM_SEGV_MAPERR, touch(AT));
	end();
}

/* Checks how many fences there were since the last call. */
static void assert_fences(unsigned fences)
{
	assert_int_equal(fences, space.stats.fences);
	space.stats.fences = 0;
}

/* A verb fences once for each piece in which entries lose something, and pauses between two pieces. */
TEST(fences_and_pauses) /* R8 R18 R51 R64 R90 R93 R94 */
{
	struct space child;
	vaddr_t base;

	start();
	map(AT, 16, RW);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(0, fake_store(AT + i * P, (unsigned char)i));
	assert_fences(0);
	assert_int_equal(0, vm_protect(&space, AT, 4 * P, PROT_READ));
	assert_fences(1);
	assert_int_equal(0, vm_protect(&space, AT, 4 * P, RW));
	assert_fences(0);
	assert_int_equal(0, vm_madvise(&space, AT, 5 * P, MADV_DONTNEED));
	assert_fences(1);
	assert_int_equal(0, fake_load(AT));
	assert_fences(0);
	assert_int_equal(0, fake_store(AT, 1)); /* the zero page is unmapped first */
	assert_fences(1);
	/* The second fork finds all entries read-only; a store to a page that is no longer shared copies nothing. */
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(0, space_create(&child));
		assert_int_equal(0, vm_fork(&space, &child));
		rig_destroy(&child);
		if (i == 1)
			assert_int_equal(0, fake_store(AT, 2));
		assert_fences(i != 1);
	}
	assert_int_equal(0, vm_unmap(&space, AT, 16 * P));
	assert_fences(1);
	assert_int_equal(AT, rig_map(&space, AT, 256 * P, RW, ANON | MAP_FIXED | MAP_POPULATE));
	assert_fences(0);
	rig_pauses = 0;
	assert_int_equal(0, vm_unmap(&space, AT, 256 * P));
	assert_fences(4);
	assert_int_equal(3, rig_pauses);
	base = space.brk;
	for (unsigned touched = 0; touched < 2; touched++) {
		assert_int_equal(base + 200 * GIB, vm_brk(&space, base + 200 * GIB));
		if (touched)
			assert_int_equal(0, fake_store(base + 100 * GIB, 1));
		rig_pauses = 0;
		assert_int_equal(base, vm_brk(&space, base));
		assert_fences(touched);
		assert_int_equal(0, rig_pauses);
	}
	end();
}

static long map_prot(vaddr_t addr, unsigned prot)
{
	return rig_map(&space, addr, P, prot, ANON | MAP_FIXED);
}

/* PR_SET_MDWE: what can be or could be written does not become executable. */
TEST(write_or_execute)
{
	const unsigned rx = PROT_READ | PROT_EXEC;

	start();
	assert_int_equal(0, mdwe_inherited(&space));
	map(AT, 1, RW | PROT_EXEC); /* before */
	space.mdwe = MDWE_ON;
	assert_int_equal(MDWE_ON, mdwe_inherited(&space));
	assert_int_equal(-EACCES, map_prot(AT + P, RW | PROT_EXEC));
	assert_int_equal(AT + P, map_prot(AT + P, rx));
	assert_int_equal(AT + 2 * P, map_prot(AT + 2 * P, RW));
	assert_int_equal(0, vm_protect(&space, AT + P, P, PROT_EXEC));
	assert_int_equal(-EACCES, vm_protect(&space, AT + P, P, RW | PROT_EXEC));
	assert_int_equal(-EACCES, vm_protect(&space, AT + 2 * P, P, rx));
	assert_int_equal(0, vm_protect(&space, AT + 2 * P, P, PROT_READ));
	assert_int_equal(-EACCES, vm_protect(&space, AT + 2 * P, P, rx)); /* it could be */
	space.mdwe |= MDWE_NO_INHERIT;
	assert_int_equal(0, mdwe_inherited(&space));
	end();
}

/* A hint below all user memory is one for its start; and memory may be mapped from below upwards. */
TEST(addresses_are_chosen)
{
	struct object *file;

	start();
	assert_int_equal(USER_BASE, rig_map(&space, P, P, RW, ANON));
	assert_int_equal(space.mmap_top - P, rig_map(&space, 0, P, RW, ANON));
	space.mmap_up = true;
	space.mmap_top = AT;
	assert_int_equal(AT, rig_map(&space, 0, P, RW, ANON));
	assert_int_equal(AT + P, rig_map(&space, 0, P, PROT_READ, ANON));
	assert_int_equal(0, vm_unmap(&space, AT, P));
	assert_int_equal(AT + 2 * P, rig_map(&space, 0, 2 * P, RW, ANON));
	assert_int_equal(AT, rig_map(&space, 0, P, RW, ANON));
	assert_int_equal(-ENOMEM, rig_map(&space, 0, USER_TOP - AT - P, RW, ANON));
	file = rig_file(P);
	assert_int_equal(-EPERM,
			 map_object(file, PROT_READ | PROT_EXEC, PROT_READ, MAP_PRIVATE, P, 0));
	object_put(file);
	end();
}

static int killed(struct vm_wait *wait)
{
	(void)wait;
	return -EINTR;
}

TEST(a_killed_thread_finishes)
{
	start();
	rig_map(&space, AT, 300 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	rig_pause = killed;
	assert_int_equal(0, vm_protect(&space, AT, 300 * P, PROT_READ));
	assert_int_equal(VM_SEGV_ACCERR, touch(AT + 299 * P));
	assert_int_equal(0, vm_unmap(&space, AT, 300 * P));
	assert_int_equal(0, space.resident);
	rig_map(&space, AT, 300 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	assert_in_range(space.resident, 64, 65); /* populating ends at the first pause */
	end();
}

TEST(text_keeps_writers_off)
{
	struct map_request request = { .len = 4 * P,
				       .prot = PROT_READ | PROT_EXEC,
				       .max_prot = 7,
				       .flags = MAP_PRIVATE,
				       .vma_flags = VMA_TEXT };
	vaddr_t at;

	start();
	request.object = rig_file(4 * P);
	assert_int_equal(0, object_get_write(request.object));
	assert_int_equal(-ETXTBSY, vm_map(&space, &request, &at));
	object_put_write(request.object);
	assert_int_equal(0, vm_map(&space, &request, &at));
	assert_int_equal(0, vm_unmap(&space, at + P, P));
	assert_int_equal(-ETXTBSY, object_get_write(request.object));
	assert_int_equal(0, vm_unmap(&space, at, P));
	assert_int_equal(-ETXTBSY, object_get_write(request.object));
	assert_int_equal(0, vm_unmap(&space, at, 4 * P));
	assert_int_equal(0, object_get_write(request.object));
	object_put_write(request.object);
	/* Two that become one, with one hold. */
	request.len = 2 * P;
	request.flags |= MAP_FIXED;
	for (unsigned i = 0; i < 2; i++) {
		request.addr = AT + i * 2 * P;
		request.offset = i * 2 * P;
		assert_int_equal(0, vm_map(&space, &request, &at));
	}
	assert_int_equal(1, space.nvmas);
	assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	assert_int_equal(0, object_get_write(request.object));
	object_put_write(request.object);
	object_put(request.object);
	end();
}
