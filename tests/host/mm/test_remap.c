/* SPDX-License-Identifier: MIT */
/* mremap: what others see while pages move, what truncation does to them, and where memory runs out. */
#include "one_space.h"

#include "mm/check/alloc_fail.h"
#include "mm/fault/thp_mode.h"
#include "mm/object/object.h"
#include "mm/object/object_size.h"

#define P   PAGE_SIZE
#define TO  (AT + 3 * GIB + 5 * P) /* not as the tables of AT lie */
#define N   1500u
#define CUT 700u /* of a private mapping: twice as many frames */

#define FIXED (MREMAP_MAYMOVE | MREMAP_FIXED)
#define KEEP  (FIXED | MREMAP_DONTUNMAP)

static long remap(vaddr_t addr, size_t npages, size_t new_npages, unsigned flags, vaddr_t to)
{
	vaddr_t at = 0xdead;
	int result = vm_remap(&space, addr, npages * P, new_npages * P, flags, to, &at);

	if (result)
		assert_int_equal(0xdead, at);
	return result ? result : (long)at;
}

static void fill(vaddr_t at, unsigned npages)
{
	for (unsigned i = 0; i < npages; i++)
		assert_int_equal(0, fake_store(at + i * P, (unsigned char)(i + 1)));
}

static void assert_filled(vaddr_t at, unsigned npages)
{
	for (unsigned i = 0; i < npages; i++)
		assert_int_equal((unsigned char)(i + 1), fake_load(at + i * P));
}

/* R90 R93: nothing is copied, every page keeps its frame, no table is left behind. */
TEST(moves)
{
	size_t tables, resident;

	start();
	map(AT, N, RW);
	fill(AT, N);
	tables = space.tables;
	resident = space.resident;
	assert_int_equal(TO, remap(AT, N, N + 10, FIXED, TO));
	assert_int_equal(resident, space.resident);
	assert_int_equal(1, space.nvmas);
	assert_int_equal((N + 10) * P, space.mapped_bytes);
	assert_int_equal((N + 10) * P, space.data_bytes);
	assert_in_range(space.tables, tables, tables + 1);
	rig_check();
	assert_int_equal(-1, fake_load(AT));
	assert_int_equal(VM_SEGV_MAPERR, rig_outcome);
	assert_filled(TO, N);
	assert_int_equal(0, fake_load(TO + (N + 9) * P));
	assert_kind(0, &space, COW);
	/* back, from the middle: three parts, and one again */
	assert_int_equal(AT, remap(TO + 100 * P, 10, 10, FIXED, AT));
	assert_int_equal(3, space.nvmas);
	assert_int_equal(101, fake_load(AT));
	assert_int_equal(TO + 100 * P, remap(AT, 10, 10, FIXED, TO + 100 * P));
	assert_int_equal(1, space.nvmas);
	assert_filled(TO, N);
	assert_int_equal(AT, remap(TO, N, N, KEEP, AT));
	assert_int_equal(2, space.nvmas);
	assert_filled(AT, N);
	assert_int_equal(0, fake_load(TO + 7 * P));
	end();
}

static vaddr_t probe;
static unsigned waited;

/* Who touches what is on its way waits, at the old place and the new. */
static int touch_both(struct vm_wait *wait)
{
	struct vm_wait mine = { 0 };
	int old, new;

	(void)wait;
	old = vm_fault(&space, AT + probe * P, VM_PROT_READ, &mine);
	new = vm_fault(&space, TO + probe * P, VM_PROT_WRITE, &mine);
	/* until both VMAs are marked, and when the old one is going, others may be told */
	if (old == VM_WAIT)
		assert_int_equal(VM_WAIT, new);
	waited += old == VM_WAIT;
	assert_int_equal(0, space.stats.kind[FAULT_DENY_MAPERR]);
	assert_int_equal(0, space.stats.kind[FAULT_DENY_ACCERR]);
	probe = (probe + 97) % N;
	return 0;
}

TEST(faults_wait)
{
	start();
	map(AT, N, RW);
	fill(AT, N);
	rig_pause = touch_both;
	waited = 0;
	assert_int_equal(TO, remap(AT, N, N, FIXED, TO));
	assert_true(waited >= 3);
	rig_pause = NULL;
	assert_int_equal(0, space.at_idle);
	assert_filled(TO, N);
	end();
}

static vaddr_t pushed;
static unsigned grown;

/* A stack grows, a page each time, to what its limits allow. */
static int push_in_pause(struct vm_wait *wait)
{
	struct vm_wait mine = { 0 };
	int outcome;

	(void)wait;
	if (!vma_find(&space, TO))
		return 0; /* nothing is at two places yet */
	outcome = vm_fault(&space, pushed - P, VM_PROT_WRITE, &mine);
	assert_int_equal(grown < 2 ? 0 : VM_SEGV_STACK, outcome);
	if (outcome == 0) {
		grown++;
		pushed -= P;
	}
	return 0;
}

/* R31: what is on its way counts once against RLIMIT_AS. */
TEST(counts_once_on_the_way)
{
	start();
	map(AT, N, RW);
	fill(AT, N);
	assert_int_equal(USER_TOP - GIB,
			 rig_map(&space, USER_TOP - GIB, P, RW, ANON | MAP_FIXED | MAP_GROWSDOWN));
	pushed = USER_TOP - GIB;
	grown = 0;
	space.limit_as = (N + 1 + 2) * P;
	rig_pause = push_in_pause;
	assert_int_equal(TO, remap(AT, N, N, FIXED, TO));
	rig_pause = NULL;
	assert_int_equal(2, grown);
	assert_int_equal((N + 1 + 2) * P, space.mapped_bytes);
	assert_filled(TO, N);
	end();
}

static struct object *cut;
static unsigned cut_at;

static int cut_in_pause(struct vm_wait *wait)
{
	(void)wait;
	if (cut_at && --cut_at == 0) {
		rig_pause = NULL;
		assert_int_equal(0, object_set_size(cut, 9 * P));
	}
	return 0;
}

/* R91 R93: a truncation between any two pieces takes pages away at both places. */
TEST(truncated_meanwhile)
{
	bool came = true;

	start();
	for (unsigned nth = 1; came; nth++) {
		struct map_request request = { .addr = AT,
					       .len = CUT * P,
					       .prot = RW,
					       .max_prot = RW,
					       .flags = (nth % 2 ? MAP_SHARED : MAP_PRIVATE) |
							MAP_FIXED };
		vaddr_t at;

		cut = request.object = rig_file(CUT * P);
		assert_int_equal(0, vm_map(&space, &request, &at));
		fill(AT, CUT);
		cut_at = (nth + 1) / 2;
		rig_pause = cut_in_pause;
		assert_int_equal(TO, remap(AT, CUT, CUT, nth / 2 % 2 ? KEEP : FIXED, TO));
		came = cut_at == 0;
		rig_pause = NULL;
		rig_check();
		assert_filled(TO, 9);
		if (came) {
			assert_int_equal(-1, fake_load(TO + 9 * P));
			assert_int_equal(VM_BUS, rig_outcome);
			assert_int_equal(-1, fake_load(TO + (CUT - 1) * P));
			assert_int_equal(9, space.resident);
		}
		assert_int_equal(0, vm_unmap(&space, AT, TO + CUT * P - AT));
		object_put(cut);
		assert_int_equal(0, rig_files);
	}
	end();
}

/* A truncation that pauses half-way, and pages that move then from where it has not been. */
static int move_in_pause(struct vm_wait *wait)
{
	(void)wait;
	rig_pause = NULL;
	assert_int_equal(TO, remap(AT, N, N, FIXED, TO));
	return 0;
}

TEST(moved_in_a_truncation)
{
	struct map_request request = { .addr = AT,
				       .len = N * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED };
	vaddr_t at;

	start();
	request.object = rig_file(N * P);
	assert_int_equal(0, vm_map(&space, &request, &at));
	fill(AT, N);
	rig_pause = move_in_pause;
	assert_int_equal(0, object_set_size(request.object, 2 * P));
	assert_null(rig_pause);
	rig_check();
	assert_filled(TO, 2);
	assert_int_equal(2, space.resident);
	object_put(request.object);
	end();
}

/* R45: each allocation fails once: nothing has changed, or all has. */
TEST(failures)
{
	bool done = false;

	start();
	map(AT, N, RW);
	fill(AT, N);
	for (uint64_t nth = 1; !done; nth++) {
		long result;

		alloc_fail_at = nth;
		result = remap(AT + 5 * P, N - 9, N, FIXED, TO);
		alloc_fail_at = 0;
		rig_check();
		done = result == TO;
		if (done)
			break;
		assert_int_equal(-ENOMEM, result);
		assert_int_equal(1, space.nvmas);
		assert_int_equal(N * P, space.data_bytes);
		assert_filled(AT, N);
		mm_trim();
	}
	assert_int_equal(6, fake_load(TO));
	assert_int_equal((unsigned char)(N - 3), fake_load(AT + (N - 4) * P));
	end();
}

/* Linux's errors that root does not see there, and limits. */
TEST(refuses)
{
	start();
	map(AT, 4, RW);
	assert_int_equal(-EPERM, remap(AT, 4, 4, FIXED, 0));
	space.nvmas += VMA_COUNT_MAX - 5;
	assert_int_equal(-ENOMEM, remap(AT, 4, 4, FIXED, TO));
	space.nvmas -= VMA_COUNT_MAX - 5;
	space.limit_data = 6 * P;
	assert_int_equal(-ENOMEM, remap(AT, 4, 7, MREMAP_MAYMOVE, 0));
	assert_int_equal(-ENOMEM, remap(AT, 4, 4, KEEP, TO));
	assert_int_equal(AT, remap(AT, 4, 6, 0, 0));
	end();
}

/* A stack that is moved is a stack there; the heap's part is none. */
TEST(stack_and_heap)
{
	start();
	assert_int_equal(AT, rig_map(&space, AT, 8 * P, RW, ANON | MAP_FIXED | MAP_GROWSDOWN));
	assert_int_equal(0, fake_store(AT + P, 1));
	assert_int_equal(TO, remap(AT, 8, 8, FIXED, TO));
	assert_int_equal(1, fake_load(TO + P));
	assert_int_equal(0, fake_store(TO - P, 2));
	assert_int_equal(1, space.stats.grow);
	assert_int_equal(space.brk_start + 8 * P, vm_brk(&space, space.brk_start + 8 * P));
	assert_int_equal(0, fake_store(space.brk_start, 3));
	assert_int_equal(AT, remap(space.brk_start, 8, 8, FIXED, AT));
	assert_int_equal(3, fake_load(AT));
	assert_int_equal(0, vma_find(&space, AT)->flags);
	assert_int_equal(space.brk_start + 9 * P, vm_brk(&space, space.brk_start + 9 * P));
	end();
}

/* R90: in place where it can be, else where there is room; and what is refused at once. */
TEST(in_place)
{
	long moved;

	start();
	map(AT, 8, RW);
	fill(AT, 8);
	assert_int_equal(AT, remap(AT, 8, 4, 0, 0));
	assert_int_equal(AT, remap(AT, 4, 8, 0, 0));
	assert_filled(AT, 4);
	assert_int_equal(0, fake_load(AT + 4 * P));
	assert_int_equal(AT, remap(AT, 3, 3, 0, 0));
	assert_int_equal(-EFAULT, remap(AT + 8 * P, 1, 2, MREMAP_MAYMOVE, 0));
	assert_int_equal(-EFAULT, remap(AT, 9, 10, MREMAP_MAYMOVE, 0));
	assert_int_equal(-EINVAL, remap(AT, 0, 1, MREMAP_MAYMOVE, 0));
	assert_int_equal(-EINVAL, remap(AT, 1, 1, 8, 0));
	assert_int_equal(-EINVAL, remap(AT, 1, 1, MREMAP_FIXED, TO));
	assert_int_equal(-EINVAL, remap(AT, 1, 2, KEEP, TO));
	assert_int_equal(-EINVAL, remap(AT, 1, 1, FIXED, TO + 1));
	assert_int_equal(-EINVAL, remap(AT, 4, 4, FIXED, AT + P));
	assert_int_equal(-EINVAL, remap(AT, 1, 1, FIXED, USER_TOP));
	assert_int_equal(-EINVAL, remap(AT, USER_TOP / P, 1, 0, 0));
	assert_int_equal(-ENOMEM, remap(AT, 8, USER_TOP / P, MREMAP_MAYMOVE, 0));
	map(AT + 8 * P, 1, PROT_READ);
	assert_int_equal(-ENOMEM, remap(AT, 8, 9, 0, 0));
	moved = remap(AT, 8, 9, MREMAP_MAYMOVE, 0);
	assert_true(moved > 0 && moved != AT);
	assert_filled((vaddr_t)moved, 4);
	assert_int_equal(TO, remap((vaddr_t)moved, 9, 3, FIXED, TO));
	assert_filled(TO, 3);
	moved = remap(TO, 3, 3, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	assert_filled((vaddr_t)moved, 3);
	end();
}

/* R90: what stays behind without its pages is one again with what was beside it. */
TEST(keeps_the_middle)
{
	start();
	map(AT, 8, RW);
	fill(AT, 8);
	assert_int_equal(TO, remap(AT + 2 * P, 4, 4, KEEP, TO));
	assert_int_equal(2, space.nvmas);
	assert_int_equal(3, fake_load(TO));
	assert_int_equal(0, fake_load(AT + 2 * P));
	assert_int_equal(7, fake_load(AT + 6 * P));
	end();
}

/* What grows up to its like is one with it. */
TEST(grows_up_to_the_next)
{
	start();
	map(AT, 4, RW);
	map(AT + 6 * P, 2, RW);
	fill(AT, 4);
	assert_int_equal(2, space.nvmas);
	assert_int_equal(AT, remap(AT, 4, 6, 0, 0));
	assert_int_equal(1, space.nvmas);
	assert_filled(AT, 4);
	end();
}

/* R90: of a length of 0 what is shared is mapped once more, and one with what it continues. */
TEST(duplicates)
{
	start();
	assert_int_equal(AT,
			 rig_map(&space, AT, 4 * P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED));
	fill(AT, 4);
	assert_int_equal(TO, remap(AT, 0, 2, FIXED, TO));
	assert_int_equal(2, space.nvmas);
	assert_filled(TO, 2);
	assert_int_equal(TO + 2 * P, remap(AT + 2 * P, 0, 2, FIXED, TO + 2 * P));
	assert_int_equal(2, space.nvmas);
	assert_filled(TO, 4);
	assert_filled(AT, 4);
	assert_int_equal(0, fake_store(TO + 3 * P, 77));
	assert_int_equal(77, fake_load(AT + 3 * P));
	end();
}

/* ---- whole leaf tables ---- */

#define TABLE MMU_LEAF_ENTRIES

/* Where both ranges lie alike in their tables, these are moved, and no entry is. */
TEST(moves_tables)
{
	const vaddr_t from = AT, to = AT + 3 * GIB;
	size_t tables;

	start();
	map(from, 3 * TABLE + 10, RW);
	fill(from, TABLE + 3); /* the third table is not there */
	fill(from + 2 * TABLE * P, TABLE + 10);
	tables = space.tables;
	fake_counts.tables_moved = 0;
	assert_int_equal(to, remap(from, 3 * TABLE + 10, 3 * TABLE + 10, FIXED, to));
	assert_int_equal(3, fake_counts.tables_moved);
	assert_int_equal(tables, space.tables);
	assert_int_equal(2 * TABLE + 13, space.resident);
	rig_check();
	assert_int_equal(-1, fake_load(from));
	assert_filled(to, TABLE + 3);
	assert_filled(to + 2 * TABLE * P, TABLE + 10);
	assert_int_equal(0, fake_load(to + (TABLE + 3) * P));
	assert_kind(0, &space, COW);
	end();
}

/* An empty table that is at the new address gives way; what a translation says of the old one is fenced. */
TEST(moves_tables_to_where_one_is)
{
	const vaddr_t from = AT, to = AT + 2 * TABLE * P;
	size_t tables;

	start();
	map(from, TABLE, RW);
	fill(from, TABLE);
	tables = space.tables;
	/* A table stays if its last page goes while an untouched mapping needs it. */
	map(to, 1, RW);
	fill(to, 1);
	map(to + P, TABLE - 1, PROT_READ);
	assert_int_equal(0, vm_unmap(&space, to, P));
	assert_int_equal(0, vm_unmap(&space, to + P, (TABLE - 1) * P));
	assert_int_equal(tables + 1, space.tables);
	fake_counts.tables_moved = 0;
	assert_int_equal(to, remap(from, TABLE, TABLE, FIXED, to));
	assert_int_equal(1, fake_counts.tables_moved);
	assert_int_equal(tables, space.tables);
	rig_check();
	assert_filled(to, TABLE);
	assert_int_equal(0, fake_tlb_debts());
	assert_int_equal(from, remap(to, TABLE, TABLE, KEEP, from));
	assert_filled(from, TABLE);
	for (unsigned i = 0; i < TABLE; i++)
		assert_int_equal(0, fake_load(to + i * P));
	end();
}

/* Chosen addresses lie so that tables can be moved, if runs are made; those of whole tables alone are aligned. */
TEST(chooses_alike)
{
	vaddr_t at, moved;

	start();
	at = (vaddr_t)rig_map(&space, 0, 2 * TABLE * P, RW, ANON);
	assert_int_equal(space.mmap_top, at + 2 * TABLE * P);
	thp_mode = THP_ALWAYS;
	at = (vaddr_t)rig_map(&space, 0, 2 * TABLE * P, RW, ANON);
	assert_true(IS_ALIGNED(at, TABLE * P));
	at = (vaddr_t)rig_map(&space, 0, (2 * TABLE + 1) * P, RW, ANON);
	assert_false(IS_ALIGNED(at, TABLE * P));
	fill(at, 2 * TABLE + 1);
	fake_counts.tables_moved = 0;
	moved = (vaddr_t)remap(at, 2 * TABLE + 1, 5 * TABLE, MREMAP_MAYMOVE, 0);
	assert_int_equal(at % (TABLE * P), moved % (TABLE * P));
	assert_in_range(fake_counts.tables_moved, 1, 2);
	assert_filled(moved, 2 * TABLE + 1);
	assert_int_equal(
		AT, (vaddr_t)rig_map(&space, AT, TABLE * P, RW, ANON)); /* a hint that is free */
	thp_mode = THP_NEVER;
	end();
}

/* Upwards, where the old layout is asked for; and where no such range is free. */
TEST(chooses_alike_upwards)
{
	vaddr_t at;

	start();
	thp_mode = THP_ALWAYS;
	space.mmap_up = true;
	space.mmap_top = AT + 5 * P;
	at = (vaddr_t)rig_map(&space, 0, TABLE * P, RW, ANON);
	assert_int_equal(AT + TABLE * P, at);
	at = (vaddr_t)rig_map(&space, 0, P, RW, ANON);
	assert_int_equal(AT + 5 * P, at);
	space.mmap_up = false;
	space.mmap_top = USER_BASE + (TABLE + 7) * P;
	at = (vaddr_t)rig_map(&space, 0, TABLE * P, RW, ANON);
	assert_int_equal(USER_BASE + 7 * P, at); /* not aligned, as before */
	thp_mode = THP_NEVER;
	end();
}
