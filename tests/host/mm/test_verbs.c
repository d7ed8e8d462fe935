/* The verbs one by one: Linux's errors and effects; stacks; the break; allocation failures. */
#include "rig.h"

#include "mm/alloc_fail.h"
#include "mm/object.h"

#define AT 0x40000000ul
#define P PAGE_SIZE

static struct space space;

static void start(void)
{
	rig_start(2048);
	rig_create(&space);
	rig_run(&space);
}

static void end(void)
{
	rig_check();
	rig_destroy(&space);
	rig_check();
}

static long map_object(struct object *object, unsigned prot, unsigned max, unsigned flags, size_t len,
		       uint64_t offset)
{
	struct map_request request = { .len = len, .rights = prot, .max_rights = max, .flags = flags,
				       .object = object, .offset = offset };
	vaddr_t at = 0;
	int result = vm_map(&space, &request, &at);

	return result ? result : (long)at;
}

static void test_map_refuses(void **state) /* R90 R15 */
{
	struct object *file;

	(void)state;
	start();
	file = rig_file(P);
	assert_int_equal(rig_map(&space, 0, 0, RW, ANON), -EINVAL);
	assert_int_equal(rig_map(&space, 0, UINT64_MAX, RW, ANON), -ENOMEM);
	assert_int_equal(rig_map(&space, 0, UINT64_MAX - P, RW, ANON), -ENOMEM);
	assert_int_equal(rig_map(&space, 0, USER_TOP, RW, ANON), -ENOMEM);
	assert_int_equal(rig_map(&space, 0, P, RW, MAP_ANONYMOUS), -EINVAL);
	assert_int_equal(rig_map(&space, 0, P, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE), -EINVAL);
	assert_int_equal(rig_map(&space, AT + 1, P, RW, ANON | MAP_FIXED), -EINVAL);
	assert_int_equal(rig_map(&space, 0, P, RW, ANON | MAP_FIXED), -EPERM);
	assert_int_equal(rig_map(&space, USER_TOP, P, RW, ANON | MAP_FIXED), -ENOMEM);
	assert_int_equal(rig_map(&space, USER_TOP - P, 2 * P, RW, ANON | MAP_FIXED), -ENOMEM);
	assert_int_equal(rig_map(&space, UINT64_MAX - P + 1, P, RW, ANON | MAP_FIXED), -ENOMEM);
	assert_int_equal(rig_map(&space, 0, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN), -EINVAL);
	assert_int_equal(map_object(file, RW, RW, MAP_PRIVATE | MAP_GROWSDOWN, P, 0), -EINVAL);
	assert_int_equal(map_object(file, RW, RW, MAP_PRIVATE, P, 1), -EINVAL);
	assert_int_equal(map_object(file, RW, RW, MAP_PRIVATE, P, (1ul << 63) - P), -EOVERFLOW);
	assert_int_equal(map_object(file, RW, RW, MAP_PRIVATE, P, -P), -EOVERFLOW);
	assert_int_equal(map_object(file, PROT_READ, PROT_WRITE, MAP_PRIVATE, P, 0), -EACCES);
	assert_int_equal(map_object(file, RW, PROT_READ, MAP_SHARED, P, 0), -EACCES);
	assert_int_equal(map_object(file, PROT_READ, PROT_READ, MAP_SHARED, P, 0), -ENODEV);
	assert_true(map_object(file, RW, PROT_READ, MAP_PRIVATE, P, 0) > 0);
	assert_int_equal(space.nvmas, 1);
	object_put(file);
	end();
}

static void test_noreplace_and_fixed(void **state) /* R90 */
{
	(void)state;
	start();
	assert_int_equal(rig_map(&space, AT, 4 * P, RW, ANON | MAP_FIXED_NOREPLACE), AT);
	assert_int_equal(rig_map(&space, AT + 3 * P, 2 * P, RW, ANON | MAP_FIXED_NOREPLACE), -EEXIST);
	assert_int_equal(fake_store(AT + P, 1), 0);
	assert_int_equal(rig_map(&space, AT + 3 * P, 2 * P, RW, ANON | MAP_FIXED_NOREPLACE | MAP_FIXED),
			 -EEXIST);
	assert_int_equal(fake_load(AT + P), 1);
	assert_int_equal(rig_map(&space, AT + P, P, RW, ANON | MAP_FIXED), AT + P);
	assert_int_equal(fake_load(AT + P), 0);
	assert_int_equal(space.nvmas, 1);
	assert_int_equal(space.mapped_bytes, 4 * P);
	end();
}

static void test_where_the_kernel_puts_it(void **state) /* R90 */
{
	(void)state;
	start();
	assert_int_equal(rig_map(&space, 0, 3 * P - 1, RW, ANON), space.mmap_top - 3 * P);
	assert_int_equal(rig_map(&space, 0, P, RW, ANON), space.mmap_top - 4 * P);
	assert_int_equal(space.nvmas, 1);
	assert_int_equal(rig_map(&space, AT + 5, P, RW, ANON), AT); /* a hint, rounded down */
	assert_int_equal(rig_map(&space, AT, P, RW, ANON), space.mmap_top - 5 * P);
	assert_int_equal(rig_map(&space, 5, P, RW, ANON), space.mmap_top - 6 * P); /* rounded to none */
	assert_int_equal(rig_map(&space, USER_TOP - P, 2 * P, RW, ANON), space.mmap_top - 8 * P);
	assert_int_equal(vm_unmap(&space, space.mmap_top - 3 * P, P), 0);
	assert_int_equal(rig_map(&space, 0, 2 * P, PROT_READ, ANON), space.mmap_top - 10 * P);
	assert_int_equal(rig_map(&space, 0, P, PROT_READ, ANON), space.mmap_top - 3 * P);
	/* where nothing is left below mmap_top, above it */
	assert_int_equal(rig_map(&space, 0, space.mmap_top - GIB, RW, ANON), -ENOMEM);
	space.mmap_top = USER_BASE + 2 * P;
	assert_int_equal(rig_map(&space, 0, GIB, RW, ANON), USER_TOP - GIB);
	end();
}

static void test_huge_and_sparse(void **state) /* R14 R18 R93 */
{
	long at;

	(void)state;
	start();
	at = rig_map(&space, 0, 200 * GIB, RW, ANON | MAP_NORESERVE);
	assert_true(at > 0);
	assert_int_equal(space.tables, 1);
	for (unsigned i = 0; i < 200; i += 20)
		assert_int_equal(fake_store((vaddr_t)at + i * GIB, 1), 0);
	assert_int_equal(space.resident, 10);
	assert_int_equal(space.tables, 21);
	assert_int_equal(vm_unmap(&space, USER_BASE, USER_TOP - USER_BASE), 0);
	assert_int_equal(space.tables, 1);
	assert_int_equal(space.nvmas, 0);
	assert_int_equal(space.mapped_bytes, 0);
	end();
}

static void test_unmap(void **state) /* R93 */
{
	(void)state;
	start();
	assert_int_equal(vm_unmap(&space, AT + 1, P), -EINVAL);
	assert_int_equal(vm_unmap(&space, AT, 0), -EINVAL);
	assert_int_equal(vm_unmap(&space, USER_TOP, P), -EINVAL);
	assert_int_equal(vm_unmap(&space, AT, USER_TOP), -EINVAL);
	assert_int_equal(vm_unmap(&space, AT, UINT64_MAX), -EINVAL);
	assert_int_equal(vm_unmap(&space, 0, P), 0);
	assert_int_equal(vm_unmap(&space, AT, P), 0); /* a hole */
	rig_map(&space, AT, 10 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	assert_int_equal(vm_unmap(&space, AT + 4 * P, 2 * P), 0);
	assert_int_equal(space.nvmas, 2);
	assert_int_equal(vm_unmap(&space, AT, 1), 0);
	assert_int_equal(vm_unmap(&space, AT + 9 * P, 5 * P), 0);
	assert_int_equal(space.resident, 6);
	assert_int_equal(fake_load(AT + 4 * P), -1);
	assert_int_equal(fake_load(AT + 6 * P), 0);
	rig_map(&space, AT + 4 * P, 2 * P, RW, ANON | MAP_FIXED);
	assert_int_equal(space.nvmas, 1); /* one again */
	end();
}

static void test_limits(void **state) /* R90 */
{
	(void)state;
	start();
	space.limit_as = 10 * P + 5;
	assert_int_equal(rig_map(&space, AT, 11 * P, RW, ANON), -ENOMEM);
	assert_int_equal(rig_map(&space, AT, 10 * P, RW, ANON), AT);
	assert_int_equal(rig_map(&space, AT + MIB, P, PROT_NONE, ANON), -ENOMEM);
	assert_int_equal(rig_map(&space, AT + P, 9 * P, PROT_READ, ANON | MAP_FIXED), AT + P);
	assert_int_equal(rig_map(&space, AT + P, 10 * P, PROT_READ, ANON | MAP_FIXED), -ENOMEM);
	assert_int_equal(space.mapped_bytes, 10 * P); /* the one that was refused took nothing away */
	space.limit_as = UINT64_MAX;
	space.limit_data = 3 * P;
	assert_int_equal(rig_map(&space, AT + MIB, 3 * P, RW, ANON), -ENOMEM);
	assert_int_equal(rig_map(&space, AT + MIB, 2 * P, RW, ANON), AT + MIB);
	assert_true(rig_map(&space, 0, 100 * P, RW, MAP_SHARED | MAP_ANONYMOUS) > 0);
	assert_true(rig_map(&space, 0, 100 * P, PROT_READ, ANON) > 0);
	assert_int_equal(vm_protect(&space, AT + P, P, RW), -ENOMEM);
	assert_int_equal(vm_brk(&space, space.brk + P), space.brk);
	assert_int_equal(vm_protect(&space, AT + MIB, P, PROT_READ), 0);
	assert_int_equal(vm_protect(&space, AT + P, P, RW), 0);
	end();
}

static void test_protect(void **state) /* R94 */
{
	struct object *file;
	long at;

	(void)state;
	start();
	assert_int_equal(vm_protect(&space, AT + 1, P, RW), -EINVAL);
	assert_int_equal(vm_protect(&space, AT, 0, RW), 0);
	assert_int_equal(vm_protect(&space, AT, P, RW), -ENOMEM);
	assert_int_equal(vm_protect(&space, AT, UINT64_MAX, RW), -ENOMEM);
	assert_int_equal(vm_protect(&space, AT, P, 0x40), -EINVAL);
	assert_int_equal(vm_protect(&space, AT, P, PROT_GROWSDOWN | PROT_GROWSUP), -EINVAL);
	rig_map(&space, AT, 8 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	assert_int_equal(vm_protect(&space, AT, P, PROT_READ | PROT_GROWSDOWN), -EINVAL);
	assert_int_equal(vm_protect(&space, AT + 4 * P, 8 * P, PROT_READ), -ENOMEM);
	assert_int_equal(fake_store(AT + 4 * P, 1), -1); /* the part before the hole has changed */
	assert_int_equal(fake_store(AT + 3 * P, 1), 0);
	assert_int_equal(vm_protect(&space, AT + 4 * P, 4 * P, PROT_WRITE), 0);
	assert_int_equal(space.nvmas, 1); /* write-only is readable too */
	assert_int_equal(vm_protect(&space, AT, 8 * P, PROT_NONE), 0);
	assert_int_equal(fake_load(AT), -1);
	assert_int_equal(vm_protect(&space, AT, 8 * P, RW | PROT_SEM), 0);
	assert_int_equal(fake_load(AT + 3 * P), 1);
	file = rig_file(P);
	at = map_object(file, PROT_READ, PROT_READ, MAP_PRIVATE, P, 0);
	assert_int_equal(vm_protect(&space, (vaddr_t)at, P, RW | PROT_EXEC), 0);
	vma_find(&space, (vaddr_t)at)->max_rights = PROT_READ;
	assert_int_equal(vm_protect(&space, (vaddr_t)at, P, PROT_READ), 0);
	assert_int_equal(vm_protect(&space, (vaddr_t)at, P, RW), -EACCES);
	object_put(file);
	end();
}

static void test_advise(void **state) /* R90 */
{
	struct object *file;
	long at;

	(void)state;
	start();
	rig_map(&space, AT, 4 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	fake_store(AT, 1);
	assert_int_equal(vm_madvise(&space, AT, P, 12345), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT + 1, P, MADV_DONTNEED), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT, UINT64_MAX, MADV_DONTNEED), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT, -P, MADV_DONTNEED), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT, 0, MADV_DONTNEED), 0);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_WILLNEED), 0);
	assert_int_equal(vm_madvise(&space, AT - P, P, MADV_NORMAL), -ENOMEM);
	assert_int_equal(fake_load(AT), 1);
	assert_int_equal(vm_madvise(&space, AT - P, 2 * P, MADV_DONTNEED), -ENOMEM);
	assert_int_equal(fake_load(AT), 0); /* told of the hole, and done */
	assert_int_equal(space.resident, 3);
	assert_int_equal(vm_madvise(&space, AT, 4 * P, MADV_FREE), 0);
	file = rig_file(P);
	at = map_object(file, RW, RW, MAP_PRIVATE, P, 0);
	assert_int_equal(vm_madvise(&space, (vaddr_t)at, P, MADV_FREE), -EINVAL);
	assert_int_equal(vm_madvise(&space, AT, 4 * P, MADV_POPULATE_WRITE), 0);
	assert_int_equal(space.resident, 4);
	assert_int_equal(vm_madvise(&space, AT, 5 * P, MADV_POPULATE_READ), -ENOMEM);
	vm_protect(&space, AT, P, PROT_READ);
	assert_int_equal(vm_madvise(&space, AT, P, MADV_POPULATE_WRITE), -EINVAL);
	object_put(file);
	end();
}

static void test_brk(void **state) /* R10 R12 R13 R14 R15 R22 R23 R24 */
{
	vaddr_t base;

	(void)state;
	start();
	base = space.brk;
	assert_int_equal(vm_brk(&space, 0), base);
	assert_int_equal(vm_brk(&space, base + 100), base + 100);
	assert_int_equal(space.resident, 0);
	assert_int_equal(fake_store(base, 'a'), 0);
	assert_int_equal(vm_brk(&space, base + 2 * P + 1), base + 2 * P + 1);
	assert_int_equal(space.nvmas, 1);
	assert_int_equal(fake_load(base + 3 * P - 1), 0);
	assert_int_equal(fake_load(base + 3 * P), -1);
	assert_int_equal(vm_brk(&space, base + 100 * GIB), base + 100 * GIB);
	assert_int_equal(fake_store(base + 50 * GIB, 1), 0);
	assert_int_equal(space.resident, 2);
	assert_int_equal(vm_brk(&space, base + 100), base + 100);
	assert_int_equal(space.resident, 1);
	assert_int_equal(fake_store(base + 101, 'b'), 0); /* the page's rest is there, as on Linux */
	assert_int_equal(vm_brk(&space, base + P), base + P);
	assert_int_equal(fake_load(base + 101), 0); /* and reads as zero once it is heap again */
	assert_int_equal(fake_load(base), 'a');
	assert_int_equal(vm_brk(&space, base - 1), base + P);
	assert_int_equal(vm_brk(&space, 1), base + P);
	assert_int_equal(vm_brk(&space, USER_TOP + 1), base + P);
	assert_int_equal(vm_brk(&space, UINT64_MAX), base + P);
	assert_int_equal(vm_brk(&space, base + (1ul << 63)), base + P);
	rig_map(&space, base + 4 * P, P, RW, ANON | MAP_FIXED);
	assert_int_equal(vm_brk(&space, base + 5 * P), base + P);
	assert_int_equal(vm_brk(&space, base + 3 * P + 1), base + P);
	assert_int_equal(vm_brk(&space, base + 3 * P), base + 3 * P);
	space.limit_data = 2 * P;
	space.image_data_bytes = P;
	assert_int_equal(vm_brk(&space, base + 3 * P + 1), base + 3 * P);
	assert_int_equal(vm_brk(&space, base), base);
	assert_int_equal(vm_brk(&space, base + P), base + P);
	end();
}

static void make_stack(vaddr_t top)
{
	struct map_request request = { .addr = top - 4 * P, .len = 4 * P, .rights = RW, .max_rights = 7,
				       .flags = ANON | MAP_FIXED, .vma_flags = VMA_STACK };
	vaddr_t at;

	assert_int_equal(vm_map(&space, &request, &at), 0);
}

static int touch(vaddr_t va)
{
	rig_outcome = 0;
	return fake_store(va, 1) ? rig_outcome : 0;
}

static void test_stack_grows(void **state) /* R30 R31 */
{
	const vaddr_t top = USER_TOP;

	(void)state;
	start();
	make_stack(top);
	space.limit_stack = 4 * MIB;
	assert_int_equal(touch(top - 5 * P), 0);
	assert_int_equal(touch(top - 3 * MIB), 0);
	assert_int_equal(space.stats.grow, 2);
	assert_int_equal(space.resident, 2);
	assert_int_equal(space.mapped_bytes, 3 * MIB);
	assert_int_equal(touch(top - 4 * MIB), 0);
	assert_int_equal(touch(top - 4 * MIB - 1), VM_SEGV_STACK);
	assert_int_equal(touch(top - 40 * MIB), VM_SEGV_MAPERR);
	space.limit_stack = UINT64_MAX;
	space.limit_as = space.mapped_bytes + P;
	assert_int_equal(touch(top - 4 * MIB - 2 * P), VM_SEGV_STACK);
	assert_int_equal(touch(top - 4 * MIB - P), 0);
	end();
}

static void test_guard_gap(void **state) /* R30 */
{
	const vaddr_t top = AT + 16 * MIB, gap = STACK_GUARD_GAP;

	(void)state;
	start();
	make_stack(top);
	/* the kernel's choice stays out of it, hints included */
	space.mmap_top = top;
	assert_int_equal(rig_map(&space, 0, P, RW, ANON), top - 4 * P - gap - P);
	assert_int_equal(rig_map(&space, top - 6 * P, P, PROT_READ, ANON), top - 4 * P - gap - 2 * P);
	/* what is accessible below must stay a gap away */
	assert_int_equal(touch(top - 5 * P), VM_SEGV_STACK);
	assert_int_equal(vm_unmap(&space, top - 4 * P - gap - P, P), 0);
	assert_int_equal(touch(top - 5 * P), 0);
	assert_int_equal(touch(top - 6 * P), VM_SEGV_STACK);
	assert_int_equal(vm_unmap(&space, AT, top - 5 * P - AT), 0);
	/* a fixed mapping may lie in the gap, and bounds the growth */
	assert_int_equal(rig_map(&space, top - 20 * P, P, RW, ANON | MAP_FIXED), top - 20 * P);
	assert_int_equal(touch(top - 6 * P), VM_SEGV_STACK);
	/* one that nobody can access does not */
	assert_int_equal(vm_protect(&space, top - 20 * P, P, PROT_NONE), 0);
	assert_int_equal(touch(top - 19 * P), 0);
	assert_int_equal(touch(top - 20 * P), VM_SEGV_ACCERR);
	assert_int_equal(touch(top - 21 * P), VM_SEGV_MAPERR);
	end();
}

static void test_growsdown(void **state) /* R90 */
{
	(void)state;
	start();
	assert_int_equal(rig_map(&space, AT, P, RW, ANON | MAP_FIXED | MAP_GROWSDOWN), AT);
	assert_int_equal(touch(AT - P), 0);
	assert_int_equal(space.stats.grow, 1);
	assert_int_equal(vm_protect(&space, AT, P, PROT_READ | PROT_GROWSDOWN), 0);
	assert_int_equal(touch(AT - P), VM_SEGV_ACCERR);
	assert_int_equal(space.data_bytes, 0);
	end();
}

/* While a verb has a range in hand, a fault that finds no VMA there, or would grow a stack into it, waits. */
static int fault_in_pause(struct vm_wait *wait)
{
	(void)wait;
	if (space.busy_end == 0)
		return 0;
	assert_int_equal(touch(AT), VM_WAIT);
	assert_true(space.busy_awaited);
	return 0;
}

static void test_faults_wait_for_a_verb(void **state)
{
	uint64_t seq;

	(void)state;
	start();
	rig_map(&space, AT, 200 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	rig_pause = fault_in_pause;
	seq = space.busy_done.seq;
	assert_int_equal(rig_map(&space, AT, 200 * P, RW, ANON | MAP_FIXED), AT);
	assert_true(space.busy_done.seq > seq);
	assert_int_equal(touch(AT), 0);
	rig_pause = NULL;
	assert_int_equal(vm_unmap(&space, AT, 200 * P), 0);
	assert_int_equal(touch(AT), VM_SEGV_MAPERR);
	end();
}

static int killed(struct vm_wait *wait)
{
	(void)wait;
	return -EINTR;
}

static void test_a_killed_thread_finishes(void **state)
{
	(void)state;
	start();
	rig_map(&space, AT, 300 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	rig_pause = killed;
	assert_int_equal(vm_protect(&space, AT, 300 * P, PROT_READ), 0);
	assert_int_equal(touch(AT + 299 * P), VM_SEGV_ACCERR);
	assert_int_equal(vm_unmap(&space, AT, 300 * P), 0);
	assert_int_equal(space.resident, 0);
	rig_map(&space, AT, 300 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	assert_in_range(space.resident, 64, 65); /* populating ends at the first pause */
	end();
}

static void test_text_keeps_writers_off(void **state)
{
	struct map_request request = { .len = 4 * P, .rights = PROT_READ | PROT_EXEC, .max_rights = 7,
				       .flags = MAP_PRIVATE, .vma_flags = VMA_TEXT };
	vaddr_t at;

	(void)state;
	start();
	request.object = rig_file(4 * P);
	assert_int_equal(object_get_write(request.object), 0);
	assert_int_equal(vm_map(&space, &request, &at), -ETXTBSY);
	object_put_write(request.object);
	assert_int_equal(vm_map(&space, &request, &at), 0);
	assert_int_equal(vm_unmap(&space, at + P, P), 0);
	assert_int_equal(object_get_write(request.object), -ETXTBSY);
	assert_int_equal(vm_unmap(&space, at, P), 0);
	assert_int_equal(object_get_write(request.object), -ETXTBSY);
	assert_int_equal(vm_unmap(&space, at, 4 * P), 0);
	assert_int_equal(object_get_write(request.object), 0);
	object_put_write(request.object);
	object_put(request.object);
	end();
}

/* Each allocation of a verb fails once: an error, nothing changed, nothing leaked. R45 */
static void fail_each(long (*verb)(void))
{
	for (unsigned n = 1;; n++) {
		size_t mapped = space.mapped_bytes, nvmas = space.nvmas, resident = space.resident;
		long result;

		alloc_fail_at = n;
		result = verb();
		if (alloc_fail_at) {
			alloc_fail_at = 0;
			assert_true(result >= 0 && n > 1);
			return;
		}
		assert_int_equal(result, -ENOMEM);
		assert_int_equal(space.mapped_bytes, mapped);
		assert_int_equal(space.nvmas, nvmas);
		assert_int_equal(space.resident, resident);
		rig_check();
	}
}

static long verb_map(void)
{
	return rig_map(&space, AT + P, P, PROT_READ, ANON | MAP_FIXED);
}

static long verb_map_shared(void)
{
	return rig_map(&space, 0, P, RW, MAP_SHARED | MAP_ANONYMOUS);
}

static long verb_unmap(void)
{
	return vm_unmap(&space, AT + 4 * P, P);
}

static long verb_protect(void)
{
	return vm_protect(&space, AT + 7 * P, P, PROT_READ);
}

static long verb_brk(void)
{
	vaddr_t want = space.brk + P;

	return vm_brk(&space, want) == want ? 0 : -ENOMEM;
}

static void test_no_memory(void **state) /* R45 */
{
	(void)state;
	start();
	rig_map(&space, AT, 10 * P, RW, ANON | MAP_FIXED | MAP_POPULATE);
	fail_each(verb_map);
	fail_each(verb_map_shared);
	fail_each(verb_unmap);
	fail_each(verb_protect);
	fail_each(verb_brk);
	end();
}

static void test_no_memory_for_a_space(void **state) /* R45 */
{
	struct space other;
	size_t before;

	(void)state;
	start();
	before = rig_free();
	for (unsigned n = 1; n <= 2; n++) {
		alloc_fail_at = n;
		assert_int_equal(space_create(&other), -ENOMEM);
		assert_int_equal(rig_free(), before);
	}
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		isolated_test(test_map_refuses),
		isolated_test(test_noreplace_and_fixed),
		isolated_test(test_where_the_kernel_puts_it),
		isolated_test(test_huge_and_sparse),
		isolated_test(test_unmap),
		isolated_test(test_limits),
		isolated_test(test_protect),
		isolated_test(test_advise),
		isolated_test(test_brk),
		isolated_test(test_stack_grows),
		isolated_test(test_guard_gap),
		isolated_test(test_growsdown),
		isolated_test(test_faults_wait_for_a_verb),
		isolated_test(test_a_killed_thread_finishes),
		isolated_test(test_text_keeps_writers_off),
		isolated_test(test_no_memory),
		isolated_test(test_no_memory_for_a_space),
	};

	return test_group("mm_verbs", tests);
}
