/* SPDX-License-Identifier: MIT */
/* The break, and stacks that grow by faults. */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "mm/object/object.h"

#define P PAGE_SIZE

TEST(brk) /* R10 R12 R13 R14 R15 R22 R23 R24 */
{
	vaddr_t base;

	start();
	base = space.brk;
	assert_int_equal(base, vm_brk(&space, 0));
	assert_int_equal(base + 50, vm_brk(&space, base + 50));
	assert_int_equal(base + 100, vm_brk(&space, base + 100));
	assert_int_equal(0, space.resident);
	assert_int_equal(0, fake_store(base, 'a'));
	assert_int_equal(base + 2 * P + 1, vm_brk(&space, base + 2 * P + 1));
	assert_int_equal(1, space.nvmas);
	assert_int_equal(0, fake_load(base + 3 * P - 1));
	assert_int_equal(-1, fake_load(base + 3 * P));
	assert_int_equal(base + 100 * GIB, vm_brk(&space, base + 100 * GIB));
	assert_int_equal(0, fake_store(base + 50 * GIB, 1));
	assert_int_equal(2, space.resident);
	assert_int_equal(base + 100, vm_brk(&space, base + 100));
	assert_int_equal(1, space.resident);
	assert_int_equal(0,
			 fake_store(base + 101, 'b')); /* the page's rest is there, as on Linux */
	assert_int_equal(base + P, vm_brk(&space, base + P));
	assert_int_equal(0, fake_load(base + 101)); /* and reads as zero once it is heap again */
	assert_int_equal('a', fake_load(base));
	assert_int_equal(base + P, vm_brk(&space, base - 1));
	assert_int_equal(base + P, vm_brk(&space, 1));
	assert_int_equal(base + P, vm_brk(&space, USER_TOP + 1));
	assert_int_equal(base + P, vm_brk(&space, UINT64_MAX));
	assert_int_equal(base + P, vm_brk(&space, base + (1ul << 63)));
	rig_map(&space, base + 4 * P, P, RW, ANON | MAP_FIXED);
	assert_int_equal(base + P, vm_brk(&space, base + 5 * P));
	assert_int_equal(base + P, vm_brk(&space, base + 3 * P + 1));
	assert_int_equal(base + 3 * P, vm_brk(&space, base + 3 * P));
	space.limit_data = 2 * P;
	space.image_data_bytes = P;
	assert_int_equal(base + 3 * P, vm_brk(&space, base + 3 * P + 1));
	assert_int_equal(base, vm_brk(&space, base));
	assert_int_equal(base + P, vm_brk(&space, base + P));
	end();
}

/* R24 R45: a page that a child has too is copied to be cleared; where it can't be, the break stays. */
TEST(brk_that_cannot_clear)
{
	static struct space child;
	vaddr_t base;

	start();
	base = space.brk;
	assert_int_equal(base + 100, vm_brk(&space, base + 100));
	assert_int_equal(0, fake_store(base + 50, 'a'));
	assert_int_equal(base + 10, vm_brk(&space, base + 10));
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	alloc_fail_at = 1;
	assert_int_equal(base + 10, vm_brk(&space, base + 2 * P));
	assert_int_equal(0, alloc_fail_at);
	assert_int_equal(P, space.mapped_bytes);
	assert_int_equal('a', fake_load(base + 50));
	assert_int_equal(base + 2 * P, vm_brk(&space, base + 2 * P));
	assert_int_equal(0, fake_load(base + 50));
	rig_run(&child);
	assert_int_equal('a', fake_load(base + 50));
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	end();
}

static void make_stack(vaddr_t top)
{
	struct map_request request = { .addr = top - 4 * P,
				       .len = 4 * P,
				       .prot = RW,
				       .max_prot = 7,
				       .flags = ANON | MAP_FIXED,
				       .vma_flags = VMA_STACK };
	vaddr_t at;

	assert_int_equal(0, vm_map(&space, &request, &at));
}

static int touch(vaddr_t va)
{
	rig_outcome = 0;
	return fake_store(va, 1) ? rig_outcome : 0;
}

TEST(stack_grows) /* R30 R31 */
{
	const vaddr_t top = USER_TOP;

	start();
	make_stack(top);
	space.limit_stack = 4 * MIB;
	assert_int_equal(0, touch(top - 5 * P));
	assert_int_equal(0, touch(top - 3 * MIB));
	assert_int_equal(2, space.stats.grow);
	assert_int_equal(2, space.resident);
	assert_int_equal(3 * MIB, space.mapped_bytes);
	assert_int_equal(0, touch(top - 4 * MIB));
	assert_int_equal(VM_SEGV_STACK, touch(top - 4 * MIB - 1));
	assert_int_equal(VM_SEGV_MAPERR, touch(top - 40 * MIB));
	space.limit_stack = UINT64_MAX;
	space.limit_as = space.mapped_bytes + P;
	assert_int_equal(VM_SEGV_STACK, touch(top - 4 * MIB - 2 * P));
	assert_int_equal(0, touch(top - 4 * MIB - P));
	end();
}

/* Nothing grows for what is filled ahead of any access, nor to where nothing may be. */
TEST(stack_stays) /* R30 R90 */
{
	const vaddr_t top = USER_BASE + 4 * P;

	start();
	make_stack(USER_TOP);
	assert_int_equal(-ENOMEM, vm_madvise(&space, USER_TOP - 5 * P, P, MADV_POPULATE_WRITE));
	assert_int_equal(-ENOMEM, vm_madvise(&space, USER_TOP - 5 * P, P, MADV_POPULATE_READ));
	assert_int_equal(0, space.stats.grow);
	assert_int_equal(0, touch(USER_TOP - 5 * P));
	assert_int_equal(1, space.stats.grow);
	make_stack(top);
	assert_int_equal(VM_SEGV_STACK, touch(USER_BASE - 1));
	assert_int_equal(1, space.stats.grow);
	end();
}

/* Where a verb has the range below a stack in hand, a fault there waits for the verb. */
TEST(growth_waits_for_a_verb) /* R30 */
{
	struct vm_wait wait = { 0 };

	start();
	make_stack(AT + MIB);
	space_busy(&space, AT, AT + MIB - 4 * P);
	assert_int_equal(VM_WAIT, vm_fault(&space, AT + MIB / 2, VM_PROT_WRITE, &wait));
	assert_ptr_equal(&space.busy_done, wait.queue);
	assert_int_equal(wait.seq, waitq_sample(wait.queue));
	space_idle(&space);
	assert_int_not_equal(wait.seq, waitq_sample(wait.queue));
	assert_int_equal(0, touch(AT + MIB / 2));
	end();
}

TEST(guard_gap) /* R30 */
{
	const vaddr_t top = AT + 16 * MIB, gap = STACK_GUARD_GAP;

	start();
	make_stack(top);
	/* the kernel's choice stays out of it, hints included */
	space.mmap_top = top;
	assert_int_equal(top - 4 * P - gap - P, rig_map(&space, 0, P, RW, ANON));
	assert_int_equal(top - 4 * P - gap - 2 * P,
			 rig_map(&space, top - 6 * P, P, PROT_READ, ANON));
	/* what is accessible below must stay a gap away */
	assert_int_equal(VM_SEGV_STACK, touch(top - 5 * P));
	assert_int_equal(0, vm_unmap(&space, top - 4 * P - gap - P, P));
	assert_int_equal(0, touch(top - 5 * P));
	assert_int_equal(VM_SEGV_STACK, touch(top - 6 * P));
	assert_int_equal(0, vm_unmap(&space, AT, top - 5 * P - AT));
	/* a fixed mapping may lie in the gap, and bounds the growth */
	assert_int_equal(top - 20 * P, rig_map(&space, top - 20 * P, P, RW, ANON | MAP_FIXED));
	assert_int_equal(VM_SEGV_STACK, touch(top - 6 * P));
	/* one that nobody can access does not */
	assert_int_equal(0, vm_protect(&space, top - 20 * P, P, PROT_NONE));
	assert_int_equal(0, touch(top - 19 * P));
	assert_int_equal(VM_SEGV_ACCERR, touch(top - 20 * P));
	assert_int_equal(VM_SEGV_MAPERR, touch(top - 21 * P));
	end();
}

static vaddr_t growth;
static unsigned refused;

static int grow_at_a_pause(struct vm_wait *wait)
{
	(void)wait;
	refused += touch(growth) == VM_SEGV_STACK;
	return 0;
}

/* Memory whose pages are being moved away has no permissions for a moment, and keeps its distance. */
TEST(guard_gap_beside_a_verb) /* R30 */
{
	const vaddr_t top = AT + 16 * MIB;
	vaddr_t at;

	start();
	make_stack(top);
	assert_int_equal(top - 20 * P, rig_map(&space, top - 20 * P, P, RW, ANON | MAP_FIXED));
	assert_int_equal(0, touch(top - 20 * P));
	growth = top - 6 * P;
	rig_pause = grow_at_a_pause;
	assert_int_equal(0, vm_remap(&space, top - 20 * P, P, P, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
				     AT, &at));
	rig_pause = NULL;
	assert_int_equal(AT, at);
	assert_true(refused);
	assert_int_equal(0, space.stats.grow);
	end();
}

TEST(growsdown) /* R90 */
{
	start();
	assert_int_equal(AT, rig_map(&space, AT, P, RW, ANON | MAP_FIXED | MAP_GROWSDOWN));
	assert_int_equal(-ENOMEM, vm_madvise(&space, AT - P, P, MADV_POPULATE_WRITE));
	assert_int_equal(0, space.stats.grow);
	assert_int_equal(0, touch(AT - P));
	assert_int_equal(1, space.stats.grow);
	assert_int_equal(0, vm_protect(&space, AT, P, PROT_READ | PROT_GROWSDOWN));
	assert_int_equal(VM_SEGV_ACCERR, touch(AT - P));
	assert_int_equal(0, space.data_bytes);
	end();
}
