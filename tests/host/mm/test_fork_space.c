/* SPDX-License-Identifier: MIT */
/* fork: what is shared, what it costs, and what is left when it fails. */
#include "rig.h"

#include "tlb.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/fence_debt.h"
#include "mm/object/object.h"
#include "mm/object/object_size.h"

#define AT 0x40000000ul
#define P  PAGE_SIZE

static struct space parent, child, grandchild;

static void start(void)
{
	rig_start(4096);
	rig_create(&parent);
	rig_run(&parent);
}

static void map(vaddr_t addr, size_t npages, unsigned flags)
{
	assert_int_equal(addr,
			 rig_map(&parent, addr, npages * P, RW, flags | MAP_FIXED | MAP_ANONYMOUS));
}

/* The child goes on at that address. */
static void fork_to_go_on(struct space *from, struct space *to, vaddr_t resumes_at)
{
	assert_int_equal(0, space_create(to));
	to->resumes_at = resumes_at;
	assert_int_equal(0, vm_fork(from, to));
	assert_int_equal(0, fake_tlb_debts()); /* R64 */
	assert_int_equal(0, ledger_check(NULL));
}

static void fork_to(struct space *from, struct space *to)
{
	fork_to_go_on(from, to, 0);
}

static int load(struct space *space, vaddr_t va)
{
	rig_run(space);
	return fake_load(va);
}

static void store(struct space *space, vaddr_t va, unsigned char value)
{
	rig_run(space);
	assert_int_equal(0, fake_store(va, value));
}

TEST(writer_copies) /* R60 R62 R66 */
{
	size_t before;

	start();
	before = rig_free();
	map(AT, 3, MAP_PRIVATE);
	store(&parent, AT, 1);
	store(&parent, AT + P, 2);
	fork_to(&parent, &child);
	assert_int_equal(1, load(&child, AT));
	store(&child, AT, 10);
	assert_kind(1, &child, COW);
	assert_int_equal(1, load(&parent, AT));
	store(&parent, AT, 11); /* the last holder now: nothing is copied */
	assert_kind(0, &parent, COW);
	assert_kind(1, &parent, REUSE);
	store(&parent, AT + P, 12);
	assert_kind(1, &parent, COW);
	assert_int_equal(10, load(&child, AT));
	assert_int_equal(2, load(&child, AT + P));
	rig_check();
	rig_destroy(&child);
	vm_unmap(&parent, AT, 3 * P);
	assert_int_equal(before, rig_free());
	rig_destroy(&parent);
	rig_check();
}

TEST(generations_and_siblings) /* R63 R19 */
{
	start();
	map(AT, 4, MAP_PRIVATE);
	store(&parent, AT, 1);
	assert_int_equal(0, load(&parent, AT + P)); /* the zero page; the rest are holes */
	map(AT + GIB, 1, MAP_PRIVATE);		    /* nobody has used it yet */
	fork_to(&parent, &child);
	fork_to(&child, &grandchild);
	store(&grandchild, AT, 3);
	store(&grandchild, AT + P, 4);
	store(&grandchild, AT + 2 * P, 5);
	store(&child, AT, 2);
	store(&child, AT + GIB, 7);
	assert_int_equal(0, load(&parent, AT + GIB));
	assert_int_equal(1, load(&parent, AT));
	assert_int_equal(0, load(&child, AT + P));
	assert_int_equal(0, load(&parent, AT + 2 * P));
	rig_destroy(&child);
	assert_int_equal(3, load(&grandchild, AT));
	fork_to(&grandchild, &child);
	store(&grandchild, AT + 2 * P, 6);
	assert_int_equal(5, load(&child, AT + 2 * P));
	rig_destroy(&grandchild);
	store(&child, AT + P, 9);
	assert_kind(1, &child, REUSE);
	rig_destroy(&parent);
	rig_check();
	rig_destroy(&child);
	rig_check();
}

/* A report about the child's memory says what its parent has unmapped. */
TEST(child_knows_what_was_unmapped)
{
	start();
	for (unsigned i = 0; i < SPACE_UNMAPS + 3; i++) {
		map(AT + i * GIB, 1 + i, MAP_PRIVATE);
		vm_unmap(&parent, AT + i * GIB, (1 + i) * P);
	}
	fork_to(&parent, &child);
	assert_int_equal(SPACE_UNMAPS + 3, child.nunmaps);
	for (unsigned i = 0; i < SPACE_UNMAPS; i++) {
		assert_int_not_equal(0, parent.unmaps[i].start);
		assert_int_equal(parent.unmaps[i].start, child.unmaps[i].start);
		assert_int_equal(parent.unmaps[i].end, child.unmaps[i].end);
	}
	rig_destroy(&parent);
	rig_destroy(&child);
	rig_check();
}

TEST(shared_stays_shared) /* R100 */
{
	start();
	map(AT, 2, MAP_SHARED);
	store(&parent, AT, 1);
	fork_to(&parent, &child);
	store(&child, AT, 2);
	store(&child, AT + P, 3);
	assert_int_equal(2, load(&parent, AT));
	assert_int_equal(3, load(&parent, AT + P));
	assert_kind(0, &child, COW);
	rig_destroy(&parent);
	assert_int_equal(2, load(&child, AT));
	rig_destroy(&child);
	rig_check();
}

/* Entries that the child's faults find again are not copied; those of private pages are, and with them all of their mapping. */
TEST(copies_what_faults_do_not_find) /* R18 R100 */
{
	struct map_request request = { .addr = AT + GIB,
				       .len = 8 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_PRIVATE | MAP_FIXED };
	vaddr_t at;

	start();
	map(AT, 600, MAP_SHARED);
	for (unsigned i = 0; i < 600; i++)
		store(&parent, AT + i * P, (unsigned char)i);
	request.object = rig_file(8 * P);
	assert_int_equal(0, vm_map(&parent, &request, &at));
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(rig_byte(i * P), load(&parent, at + i * P));
	fork_to(&parent, &child);
	assert_int_equal(0, child.resident);
	assert_int_equal(1, child.tables);
	assert_int_equal((unsigned char)599, load(&child, AT + 599 * P));
	assert_int_equal(rig_byte(0), load(&child, at));
	rig_destroy(&child);
	store(&parent, at + 6 * P, 7);
	/* Both parts know that there may be a private page, and so does the whole again. */
	assert_int_equal(0, vm_protect(&parent, at + 4 * P, 4 * P, PROT_READ));
	fork_to(&parent, &child);
	assert_int_equal(8, child.resident);
	assert_int_equal(7, load(&child, at + 6 * P));
	rig_destroy(&child);
	assert_int_equal(0, vm_protect(&parent, at + 4 * P, 4 * P, RW));
	fork_to(&parent, &child);
	store(&parent, at + 6 * P, 8);
	assert_int_equal(7, load(&child, at + 6 * P));
	rig_destroy(&child);
	object_put(request.object);
	rig_destroy(&parent);
	rig_check();
}

/* The child has the entries that its first fault would map, and no others. */
TEST(text_around_the_child_comes_along) /* R18 R100 */
{
	struct map_request request = { .addr = AT + GIB,
				       .len = 40 * P,
				       .prot = PROT_READ | PROT_EXEC,
				       .max_prot = RW | PROT_EXEC,
				       .flags = MAP_PRIVATE | MAP_FIXED };
	vaddr_t at;

	start();
	map(AT, 40, MAP_SHARED);
	for (unsigned i = 0; i < 40; i++)
		store(&parent, AT + i * P, (unsigned char)i);
	request.object = rig_file(40 * P);
	assert_int_equal(0, vm_map(&parent, &request, &at));
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(rig_byte(i * P), load(&parent, at + i * P));
	fork_to_go_on(&parent, &child, at + 20 * P + 4);
	assert_int_equal(16, child.resident);
	assert_int_equal(16, child.resident_file);
	rig_destroy(&parent);
	for (unsigned i = 16; i < 32; i++)
		assert_int_equal(rig_byte(i * P), load(&child, at + i * P));
	assert_kind(0, &child, FILL);
	assert_int_equal(rig_byte(15 * P), load(&child, at + 15 * P));
	assert_kind(1, &child, FILL);
	fork_to_go_on(&child, &grandchild, at + 39 * P); /* of which the child has none */
	assert_int_equal(0, grandchild.resident);
	rig_destroy(&grandchild);
	/* Memory that is shared stays with its object. */
	assert_int_equal(20, load(&child, AT + 20 * P));
	fork_to_go_on(&child, &grandchild, AT + 20 * P);
	assert_int_equal(0, grandchild.resident);
	rig_destroy(&grandchild);
	object_put(request.object);
	rig_destroy(&child);
	rig_check();
}

TEST(private_file_pages) /* R63 */
{
	struct object *file;
	struct map_request request = { .addr = AT,
				       .len = 4 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_PRIVATE | MAP_FIXED };
	vaddr_t at;

	start();
	file = rig_file(4 * P);
	request.object = file;
	assert_int_equal(0, vm_map(&parent, &request, &at));
	object_put(file);
	store(&parent, AT, 1);
	assert_int_equal(rig_byte(P), load(&parent, AT + P));
	fork_to(&parent, &child);
	rig_run(&child);
	fake_counts.faults = 0;
	assert_int_equal(rig_byte(P), load(&child, AT + P)); /* the entry came along */
	assert_int_equal(0, fake_counts.faults);
	store(&child, AT, 2);
	store(&child, AT + P, 3);
	assert_kind(2, &child, COW);
	assert_int_equal(1, load(&parent, AT));
	assert_int_equal(rig_byte(P), load(&parent, AT + P));
	rig_destroy(&parent);
	rig_destroy(&child);
	assert_int_equal(0, rig_files);
	rig_check();
}

TEST(protected_pages) /* R61 R94 */
{
	start();
	map(AT, 3, MAP_PRIVATE);
	for (unsigned i = 0; i < 3; i++)
		store(&parent, AT + i * P, (unsigned char)(i + 1));
	vm_protect(&parent, AT, P, PROT_NONE);
	vm_protect(&parent, AT + P, P, PROT_READ);
	fork_to(&parent, &child);
	rig_run(&child);
	assert_int_equal(-1, fake_load(AT));
	assert_int_equal(-1, fake_store(AT + P, 0));
	assert_int_equal(VM_SEGV_ACCERR, rig_outcome);
	vm_protect(&child, AT, 3 * P, RW);
	store(&child, AT, 10);
	store(&child, AT + P, 11);
	vm_protect(&parent, AT, 3 * P, RW);
	assert_int_equal(1, load(&parent, AT));
	assert_int_equal(2, load(&parent, AT + P));
	rig_check();
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

TEST(sparse_costs_what_is_there) /* R18 R19 R21 */
{
	start();
	map(AT, 100 * GIB / P, MAP_PRIVATE | MAP_NORESERVE);
	for (unsigned i = 0; i < 10; i++)
		store(&parent, AT + 10 * i * GIB, 1);
	fork_to(&parent, &child);
	assert_int_equal(parent.tables, child.tables);
	assert_int_equal(10, child.resident);
	assert_true(parent.stats.fences <= 10);
	fork_to(&child, &grandchild); /* all read-only by now */
	assert_int_equal(0, child.stats.fences);
	rig_destroy(&grandchild);
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

TEST(figures_come_along)
{
	start();
	vm_brk(&parent, parent.brk + 5000);
	parent.limit_stack = 12345;
	map(AT, 3, MAP_PRIVATE);
	fork_to(&parent, &child);
	assert_int_equal(parent.brk, child.brk);
	assert_int_equal(12345, child.limit_stack);
	assert_int_equal(parent.mapped_bytes, child.mapped_bytes);
	assert_int_equal(parent.data_bytes, child.data_bytes);
	assert_int_equal(child.brk_start, vm_brk(&child, child.brk_start));
	assert_true(parent.brk > parent.brk_start);
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

/* A parent with all kinds of memory, in three gibibytes. */
static void fill_parent(void)
{
	map(AT, 70, MAP_PRIVATE);
	map(AT + GIB, 5, MAP_PRIVATE);
	map(AT + 2 * GIB, 5, MAP_SHARED);
	for (unsigned i = 0; i < 70; i++)
		store(&parent, AT + i * P, (unsigned char)i);
	store(&parent, AT + GIB, 1);
	load(&parent, AT + GIB + P);
	store(&parent, AT + 2 * GIB, 1);
}

/*
 * The parent after a fork that failed: all there, writable, and nothing of it is held by anybody
 * else.
 */
static void check_parent(void)
{
	rig_check();
	for (unsigned i = 0; i < 70; i++) {
		assert_int_equal((unsigned char)i, load(&parent, AT + i * P));
		store(&parent, AT + i * P, (unsigned char)i);
	}
	assert_kind(0, &parent, COW);
}

TEST(no_memory) /* R20 R45 */
{
	size_t before;

	start();
	fill_parent();
	before = rig_free();
	for (unsigned n = 1;; n++) {
		int result;

		assert_int_equal(0, space_create(&child));
		alloc_fail_at = n;
		result = vm_fork(&parent, &child);
		if (alloc_fail_at) {
			alloc_fail_at = 0;
			assert_int_equal(0, result);
			assert_true(n > 7);
			break;
		}
		assert_int_equal(-ENOMEM, result);
		rig_check();
		rig_destroy(&child);
		check_parent();
		assert_int_equal(before, rig_free());
	}
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

static unsigned kill_at;

static int kill_later(struct vm_wait *wait)
{
	(void)wait;
	return --kill_at == 0 ? -EINTR : 0;
}

TEST(killed) /* R20 */
{
	start();
	fill_parent();
	for (unsigned n = 1; n <= 3; n++) {
		assert_int_equal(0, space_create(&child));
		rig_pause = kill_later;
		kill_at = n;
		assert_int_equal(-EINTR, vm_fork(&parent, &child));
		rig_pause = NULL;
		rig_destroy(&child);
		check_parent();
	}
	rig_destroy(&parent);
	rig_check();
}

static int strip_parent(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	vm_oom_reap(&parent);
	return 0;
}

TEST(parent_stripped_meanwhile)
{
	start();
	fill_parent();
	assert_int_equal(0, space_create(&child));
	rig_pause = strip_parent;
	assert_int_equal(-EINTR, vm_fork(&parent, &child));
	rig_check();
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

/* Truncation comes between the pieces of a fork, and before the child's VMA is done. */
static struct object *file;
static unsigned pauses;

static int truncate_in_fork(struct vm_wait *wait)
{
	(void)wait;
	if (++pauses == 2) {
		rig_pause = NULL;
		assert_int_equal(0, object_set_size(file, P));
		rig_pause = truncate_in_fork;
	}
	return 0;
}

TEST(truncated_meanwhile)
{
	struct map_request request = { .addr = AT,
				       .len = 2048 * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_PRIVATE | MAP_FIXED };
	vaddr_t at;

	start();
	file = rig_file(2048 * P);
	request.object = file;
	assert_int_equal(0, vm_map(&parent, &request, &at));
	for (unsigned i = 0; i < 2048; i += 100)
		store(&parent, AT + i * P, 1);
	assert_int_equal(0, space_create(&child));
	rig_pause = truncate_in_fork;
	assert_int_equal(0, vm_fork(&parent, &child));
	assert_int_equal(1, parent.resident);
	assert_int_equal(1, child.resident);
	assert_int_equal(1, load(&child, AT));
	assert_int_equal(-1, load(&child, AT + 100 * P));
	assert_int_equal(VM_BUS, rig_outcome);
	rig_check();
	object_put(file);
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

static int write_both(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	rig_outcome = 0;
	fake_tlb_drop_space(fake_active()->root); /* else the write needs no fault yet */
	assert_int_equal(-1, fake_store(AT, 9));
	assert_int_equal(VM_WAIT, rig_outcome);
	assert_int_equal(0, fake_store(AT + GIB, 9));
	return 0;
}

/*
 * R65: Another thread cannot write what was copied until all is copied, so that the child does not get
 * a later write of its without an earlier one.
 */
TEST(writes_wait_that_the_child_does_not_get)
{
	uint64_t seq;

	start();
	map(AT, 1, MAP_PRIVATE);
	map(AT + GIB, 1, MAP_PRIVATE);
	store(&parent, AT, 1);
	store(&parent, AT + GIB, 1);
	seq = parent.busy_done.seq;
	rig_pause = write_both;
	fork_to(&parent, &child);
	assert_true(parent.busy_done.seq > seq);
	assert_int_equal(1, load(&child, AT));
	assert_int_equal(9, load(&child, AT + GIB));
	store(&parent, AT, 9);
	assert_int_equal(1, load(&child, AT));
	/* Nor if the fork fails. */
	rig_destroy(&child);
	assert_int_equal(0, space_create(&child));
	rig_run(&parent);
	kill_at = 1;
	rig_pause = kill_later;
	assert_int_equal(-EINTR, vm_fork(&parent, &child));
	rig_pause = NULL;
	store(&parent, AT, 10);
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

/* In another leaf table, and at another place in the fake TLB, so that both pages stay there. */
#define FAR (AT + GIB + P)

/* The parent has written to both, so fork makes them read-only in two pieces. */
static void start_with_far_pages(void)
{
	start();
	map(AT, 1, MAP_PRIVATE);
	map(FAR, 1, MAP_PRIVATE);
	store(&parent, AT, 1);
	store(&parent, FAR, 1);
}

static int write_by_old_translations(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	assert_int_equal(0, fake_store(AT, 2));
	assert_int_equal(0, fake_store(FAR, 3));
	return 0;
}

/* R64 R65: Before the fence is made, another thread can write what was copied; the child has it. */
TEST(writes_before_the_fence_are_the_child_s)
{
	start_with_far_pages();
	rig_pause = write_by_old_translations;
	fork_to(&parent, &child);
	assert_int_equal(1, parent.stats.fences);
	assert_int_equal(2, load(&child, AT));
	assert_int_equal(3, load(&child, FAR));
	store(&parent, AT, 4);
	assert_int_equal(2, load(&child, AT));
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

static int lock_parent(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	assert_int_equal(1, fake_tlb_debts());
	space_lock(&parent);
	assert_int_equal(0, fake_tlb_debts());
	debt_assert_none(&parent);
	space_unlock(&parent);
	return 0;
}

/* R64: Nobody but fork sees the parent while its fence is owed. */
TEST(who_takes_the_lock_makes_the_fence)
{
	start_with_far_pages();
	rig_pause = lock_parent;
	fork_to(&parent, &child);
	assert_int_equal(2, parent.stats.fences);
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

#define NPASSED 600

/* Neighbours that differ in their protection are not merged. */
static void map_many(unsigned flags)
{
	for (unsigned i = 0; i < NPASSED; i++)
		assert_int_equal(AT + i * P, rig_map(&parent, AT + i * P, P, i % 2 ? RW : PROT_READ,
						     flags | MAP_FIXED | MAP_ANONYMOUS));
}

static int count_pause(struct vm_wait *wait)
{
	(void)wait;
	pauses++;
	return 0;
}

/* R131: VMAs that the child does not get, and empty leaf tables, are passed in pieces. */
TEST(what_is_not_copied_is_passed_in_pieces)
{
	start();
	map_many(MAP_PRIVATE);
	assert_int_equal(0, vm_madvise(&parent, AT, NPASSED * P, MADV_DONTFORK));
	map(AT + GIB, 40 * 512, MAP_PRIVATE);
	for (unsigned i = 0; i < 40; i++)
		store(&parent, AT + GIB + i * 512 * P, 1);
	assert_int_equal(0, vm_madvise(&parent, AT + GIB, 39 * 512 * P, MADV_DONTNEED));
	pauses = 0;
	rig_pause = count_pause;
	fork_to(&parent, &child);
	rig_pause = NULL;
	assert_true(pauses >= 4);
	assert_int_equal(1, load(&child, AT + GIB + 39 * 512 * P));
	assert_int_equal(0, load(&child, AT + GIB));
	rig_run(&child);
	assert_true(fake_load(AT) < 0);
	rig_destroy(&child);
	rig_destroy(&parent);
	rig_check();
}

/* R131: the OOM reaper passes shared VMAs in pieces. */
TEST(reaper_passes_shared_vmas_in_pieces)
{
	start();
	map_many(MAP_SHARED);
	store(&parent, AT + P, 1);
	map(AT + GIB, 1, MAP_PRIVATE);
	store(&parent, AT + GIB, 1);
	assert_int_equal(2, parent.resident);
	pauses = 0;
	rig_pause = count_pause;
	vm_oom_reap(&parent);
	rig_pause = NULL;
	assert_true(pauses >= 3);
	assert_int_equal(1, parent.resident);
	rig_destroy(&parent);
	rig_check();
}
