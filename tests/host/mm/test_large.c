/* SPDX-License-Identifier: MIT */
/* Large entries (superpages): when a block gets one, and what each verb and fault does to it (R8 R14 R60 R62 R63 R90 R93 R94). */
#include "large.h"

#include "arch/hart.h"
#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"
#include "mm/phys/page_alloc.h"
#include "mm/record.h"
#include "mm/space/tlb_gather.h"
#include "mm/space/vma_modify.h"
#include "mm/swap/relieve.h"
#include "sync/interleave.h"

static size_t fills(void)
{
	return space.stats.kind[FAULT_FILL];
}

/* ---- which blocks get one ---- */

/* Only once the block before is written in full, and that becomes large then. */
TEST(large_for_a_sweep)
{
	begin_large();
	map(AT, 3 * BLOCK, RW);
	write_range(0, BLOCK);
	assert_int_equal(10, fills());
	assert_int_equal(0, space.large);
	assert_int_equal(BLOCK, space.resident);
	write_page(BLOCK);
	assert_true(is_large(&space, AT) && is_large(&space, AT + BLOCK * P));
	assert_int_equal(2 * BLOCK, space.resident);
	write_range(BLOCK + 1, 3 * BLOCK);
	assert_int_equal(12, fills());
	assert_int_equal(3, space.large);
	assert_int_equal(0, space.stats.kind[FAULT_REUSE]);
	check_range(0, 3 * BLOCK);
	end_large();
}

TEST(large_for_a_sweep_downwards)
{
	begin_large();
	map(AT, 3 * BLOCK, RW);
	for (size_t i = 3 * BLOCK; i-- > 2 * BLOCK;)
		write_page(i);
	assert_int_equal(0, space.large);
	for (size_t i = 2 * BLOCK; i-- > 0;)
		write_page(i);
	assert_int_equal(3, space.large);
	assert_int_equal(12, fills());
	check_range(0, 3 * BLOCK);
	end_large();
}

/* One page is missing, or is only read: the block is not swept. */
TEST(large_not_after_a_hole)
{
	for (size_t hole = 0; hole < 2; hole++) {
		begin_large();
		map(AT, 2 * BLOCK, RW);
		write_range(0, 100);
		write_range(101, BLOCK);
		if (hole)
			assert_int_equal(0, fake_load(AT + 100 * P));
		write_range(BLOCK, BLOCK + 2);
		assert_int_equal(0, space.large);
		check_range(BLOCK, BLOCK + 2);
		end_large();
	}
}

/* After a sweep, pages that are touched alone cost one frame each again: a block of which one page is written was not swept. */
TEST(large_not_for_pages_touched_alone)
{
	begin_large();
	map(AT, 6 * BLOCK, RW);
	write_range(0, BLOCK);
	write_page(BLOCK);
	for (size_t block = 2; block < 6; block++)
		write_page(block * BLOCK);
	assert_int_equal(2 * BLOCK + 4, space.resident);
	assert_int_equal(0, vm_unmap(&space, AT, 6 * BLOCK * P));
	map(AT, 6 * BLOCK, RW);
	for (size_t i = 6 * BLOCK; i-- > 5 * BLOCK;)
		write_page(i);
	for (size_t block = 5; block > 0; block--)
		write_page(block * BLOCK - 1);
	assert_int_equal(2 * BLOCK + 4, space.resident);
	end_large();
}

/* Zeros that are written cannot be told from those that were there: the sweep goes on by small pages, which become large then. */
TEST(large_for_a_sweep_of_zeros)
{
	begin_large();
	map(AT, 5 * BLOCK, RW);
	for (size_t i = 0; i < 5 * BLOCK; i++)
		assert_int_equal(0, fake_store(place_of(i), 0));
	assert_int_equal(4, space.large);
	check_zeros(0, 5 * BLOCK);
	end_large();
}

/* The sweep has begun in the middle of the block before, or goes on elsewhere than at its end. */
TEST(large_not_for_other_writes)
{
	begin_large();
	map(AT, 4 * BLOCK, RW);
	write_range(3, BLOCK + 1);
	assert_int_equal(0, space.large);
	assert_int_equal(0, vm_madvise(&space, AT, 4 * BLOCK * P, MADV_DONTNEED));
	write_range(0, BLOCK);
	write_page(2 * BLOCK + 1);
	write_page(3 * BLOCK);
	write_page(BLOCK - 1);
	assert_int_equal(0, space.large);
	end_large();
}

/* A block that the VMA has only a part of, at either end, and a block before that it has only a part of. The whole one may be. */
TEST(large_not_at_a_border)
{
	begin_large();
	map(AT, BLOCK + 100, RW);
	write_range(0, BLOCK + 100);
	assert_true(is_large(&space, AT));
	assert_int_equal(1, space.large);
	map(AT + 4 * BLOCK * P + P, 2 * BLOCK - 1, RW);
	write_range(4 * BLOCK + 1, 6 * BLOCK);
	assert_int_equal(1, space.large);
	map(AT + 9 * BLOCK * P - P, BLOCK + 1, RW);
	for (size_t i = 10 * BLOCK; i-- > 9 * BLOCK - 1;)
		write_page(i);
	assert_true(is_large(&space, AT + 9 * BLOCK * P));
	assert_int_equal(2, space.large);
	check_range(0, BLOCK + 100);
	check_range(4 * BLOCK + 1, 6 * BLOCK);
	check_range(9 * BLOCK - 1, 10 * BLOCK);
	end_large();
}

static void sweep_gets_none(void)
{
	write_range(0, BLOCK + 4);
	assert_int_equal(0, space.large);
	check_range(0, BLOCK + 4);
	assert_int_equal(0, vm_unmap(&space, AT, 2 * BLOCK * P));
	map(AT, 2 * BLOCK, RW);
}

TEST(large_obeys_the_switches)
{
	begin_large();
	map(AT, 2 * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_NOHUGEPAGE));
	sweep_gets_none();
	thp_mode = THP_MADVISE;
	sweep_gets_none();
	thp_mode = THP_NEVER;
	sweep_gets_none();
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	sweep_gets_none();
	thp_mode = THP_ALWAYS;
	space.thp_disabled = true;
	sweep_gets_none();
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	sweep_gets_none();
	space.thp_disabled = false;
	assert_int_equal(0, vm_lock(&space, AT, 2 * BLOCK * P, VMA_LOCKED | VMA_ONFAULT));
	sweep_gets_none();
	assert_int_equal(0, vm_unlock(&space, AT, 2 * BLOCK * P));
	end_large();
}

/* Nor gets any memory that programs may run in, or of a file. */
TEST(large_not_for_other_memory)
{
	struct object *file;

	begin_large();
	map(AT, 2 * BLOCK, RW | PROT_EXEC);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	sweep_gets_none();
	assert_int_equal(0, vm_unmap(&space, AT, 2 * BLOCK * P));
	file = rig_file(2 * BLOCK * P);
	map_file(file, AT, 2 * BLOCK, 0, &vma_object_private, 0);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	write_range(0, BLOCK + 4);
	assert_int_equal(0, space.large);
	object_put(file);
	end_large();
}

static enum vm_outcome record_round(struct fault *of, enum vm_outcome outcome)
{
	(void)of;
	return outcome;
}

static struct {
	unsigned split[SPLIT_REASONS], upgraded;
	size_t ahead; /* pages of runs */
} told;

static void record_change(struct space *of, enum change what, uint64_t start, uint64_t last,
			  uint64_t more)
{
	assert_true(spin_lock_held(&of->lock));
	if (what == CHANGE_SPLIT) {
		assert_true(start % (BLOCK * P) == 0 && last < SPLIT_REASONS);
		told.split[last]++;
	} else if (what == CHANGE_FILLED) {
		for (vaddr_t va = start; va < last; va += P)
			assert_true(entry_has_page(entry_at(of, va)));
		told.ahead += (last - start) / P;
	} else if (what == CHANGE_LARGE) {
		assert_true(entry_has_page((struct mmu_entry){ more }));
		told.upgraded++;
	}
}

/* The journal is told of each page that a run fills, and of each large entry that is split, and why. */
TEST(large_of_the_recorded)
{
	mm_record.round = record_round;
	mm_record.changed = record_change;
	begin_large();
	assert_true(space.recorded);
	map(AT, 3 * BLOCK, RW);
	write_range(0, BLOCK + 4);
	assert_int_equal(1, space.large);
	assert_int_equal(BLOCK - 10, told.ahead);
	assert_int_equal(BLOCK - 10, space.stats.ahead);
	assert_int_equal(0, vm_protect(&space, AT + BLOCK * P, BLOCK * P, VM_PROT_READ));
	assert_int_equal(0, vm_protect(&space, AT + BLOCK * P, BLOCK * P, RW));
	assert_int_equal(1, told.upgraded);
	assert_int_equal(0, vm_unmap(&space, AT + (BLOCK + 9) * P, P));
	assert_int_equal(1, told.split[SPLIT_PART]);
	assert_int_equal(1, large_counts.split[SPLIT_PART]);
	assert_int_equal(1, large_split_count());
	assert_int_equal(0, large_counts.blocks);
	check_range(0, BLOCK + 4);
	end_large();
}

TEST(large_not_for_the_dying)
{
	begin_large();
	map(AT, 2 * BLOCK, RW);
	write_range(0, BLOCK);
	space.dying = true;
	assert_int_equal(VM_DYING, fault(AT + BLOCK * P, VM_PROT_WRITE));
	space.dying = false;
	assert_int_equal(BLOCK, space.resident);
	end_large();
}

/* A read maps the zero page, and with that a table: the block stays one of small pages. */
TEST(large_not_after_a_read)
{
	begin_large();
	map(AT, 2 * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	assert_int_equal(0, fake_load(AT));
	write_page(1);
	assert_int_equal(0, space.large);
	assert_int_equal(1, space.resident);
	end_large();
}

/* MADV_HUGEPAGE: the first write to any page of a block, also with the mode "madvise". */
TEST(large_on_advice)
{
	static const size_t at[] = { 0, 1, 77, BLOCK - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		begin_large();
		thp_mode = i % 2 ? THP_MADVISE : THP_ALWAYS;
		map(AT - 5 * P, 5 + BLOCK + 7, RW);
		assert_int_equal(
			0, vm_madvise(&space, AT - 5 * P, (5 + BLOCK + 7) * P, MADV_HUGEPAGE));
		write_page(at[i]);
		assert_true(is_large(&space, AT));
		assert_int_equal(1, fills());
		assert_int_equal(BLOCK, space.resident);
		write_page(BLOCK); /* not all of this block is there */
		assert_int_equal(0, fake_store(AT - 5 * P, 1));
		assert_int_equal(1, space.large);
		check_range(at[i], at[i] + 1);
		check_zeros(0, at[i]);
		check_zeros(at[i] + 1, BLOCK);
		end_large();
	}
}

static void prevent_blocks(struct page **kept, size_t *n)
{
	while ((kept[*n] = page_alloc(9, PAGE_KERNEL, PAGE_OPTIONAL)))
		(*n)++;
}

/* Small pages do as well. */
TEST(large_if_there_is_a_block)
{
	struct page *kept[32];
	size_t n = 0;

	begin_large();
	map(AT, 2 * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	prevent_blocks(kept, &n);
	for (size_t i = 0; i < 200; i++)
		write_page(i);
	assert_true(large_counts.refused > 0);
	assert_int_equal(0, space.large);
	check_range(0, 200);
	while (n > 0)
		page_free(kept[--n], 9);
	write_page(BLOCK + 3);
	assert_true(is_large(&space, AT + BLOCK * P));
	check_range(0, 200);
	end_large();
}

/* Where frames of blocks would be the last above the low watermark, they are left to others. */
TEST(large_leaves_the_low_watermark)
{
	struct page *kept[32];
	size_t n = 0;

	begin_large();
	map(AT, BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_HUGEPAGE));
	while (page_alloc_above_low() >= BLOCK)
		kept[n++] = page_alloc(8, PAGE_KERNEL, PAGE_OPTIONAL);
	write_page(0);
	assert_int_equal(0, space.large);
	check_range(0, 1);
	while (n > 0)
		page_free(kept[--n], 8);
	end_large();
}

/* ---- munmap, mprotect, madvise, mlock of a part ---- */

/* Removes `n` pages from `first` on, of three blocks that are large. So many of them are split. */
static void unmap_part(size_t first, size_t n, size_t splits)
{
	begin_large();
	map_large(3);
	assert_int_equal(0, vm_unmap(&space, AT + first * P, n * P));
	rig_check();
	assert_int_equal(splits, large_split_count());
	assert_int_equal(3 * BLOCK - n, space.resident);
	check_range(0, first);
	check_range(first + n, 3 * BLOCK);
	assert_int_equal(-1, fake_load(place_of(first)));
	assert_int_equal(-1, fake_load(place_of(first + n - 1)));
	write_range(0, first);
	write_range(first + n, 3 * BLOCK);
	end_large();
}

TEST(large_unmap_parts)
{
	unmap_part(0, 1, 1);
	unmap_part(0, BLOCK, 0);
	unmap_part(BLOCK, BLOCK, 0);
	unmap_part(0, BLOCK + 1, 1);
	unmap_part(BLOCK + 10, 20, 1);
	unmap_part(2 * BLOCK - 1, 1, 1);
	unmap_part(2 * BLOCK - 1, 2, 2);
	unmap_part(BLOCK - 5, BLOCK + 10, 2);
	unmap_part(3 * BLOCK - 1, 1, 1);
	unmap_part(0, 3 * BLOCK, 0);
}

static void drop_part(size_t first, size_t n, size_t splits)
{
	begin_large();
	map_large(3);
	assert_int_equal(0, vm_madvise(&space, AT + first * P, n * P, MADV_DONTNEED));
	rig_check();
	assert_int_equal(splits, large_split_count());
	assert_int_equal(3 * BLOCK - n, space.resident);
	check_range(0, first);
	check_range(first + n, 3 * BLOCK);
	check_zeros(first, first + n);
	write_range(first, first + n);
	check_range(0, 3 * BLOCK);
	end_large();
}

TEST(large_drop_parts)
{
	drop_part(0, 1, 1);
	drop_part(BLOCK, BLOCK, 0);
	drop_part(BLOCK - 1, 2, 2);
	drop_part(BLOCK + 10, 20, 1);
	drop_part(BLOCK - 5, BLOCK + 10, 2);
	drop_part(0, 3 * BLOCK, 0);
}

/* No TLB keeps the translation of a whole block of which there are pages now. */
TEST(large_split_is_fenced)
{
	uint64_t flushes;

	begin_large();
	map_large(1);
	flushes = fake_counts.flush_all;
	assert_int_equal(0, vm_lock(&space, AT + 9 * P, P, VMA_LOCKED)); /* no entry changes */
	assert_int_equal(1, large_split_count());
	assert_int_equal(flushes + 1, fake_counts.flush_all);
	end_large();
}

/* What was dropped as a whole has no table, and may become large again. */
TEST(large_again_after_a_drop)
{
	begin_large();
	map_large(2);
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_DONTNEED));
	assert_int_equal(1, space.large);
	write_page(100);
	assert_int_equal(2, space.large);
	check_zeros(0, 100);
	check_range(100, 101);
	check_range(BLOCK, 2 * BLOCK);
	end_large();
}

TEST(large_protect_part)
{
	begin_large();
	map_large(2);
	assert_int_equal(0, vm_protect(&space, AT + 10 * P, (BLOCK - 10) * P, PROT_READ));
	assert_int_equal(1, large_split_count());
	assert_int_equal(1, space.large);
	rig_check();
	write_range(0, 10);
	assert_int_equal(-1, fake_store(AT + 10 * P, 1));
	assert_int_equal(-1, fake_store(AT + BLOCK * P - P, 1));
	write_range(BLOCK, 2 * BLOCK);
	check_range(0, 2 * BLOCK);
	assert_int_equal(0, vm_protect(&space, AT + BLOCK * P, 5 * P, PROT_NONE));
	assert_int_equal(0, space.large);
	assert_int_equal(-1, fake_load(AT + BLOCK * P));
	assert_int_equal(-1, fake_load(AT + BLOCK * P + 4 * P));
	assert_int_equal(0, vm_protect(&space, AT, 2 * BLOCK * P, RW));
	write_range(0, 2 * BLOCK);
	check_range(0, 2 * BLOCK);
	end_large();
}

/* A block keeps its size, and mprotect gives all of it the permissions back. */
TEST(large_protect_whole)
{
	static const unsigned less[] = { PROT_READ, PROT_NONE };

	for (size_t i = 0; i < ARRAY_SIZE(less); i++) {
		begin_large();
		map_large(2);
		assert_int_equal(0, vm_protect(&space, AT, 2 * BLOCK * P, less[i]));
		assert_int_equal(2, space.large);
		rig_check();
		for (size_t page = 0; page < 2 * BLOCK; page += 50) {
			assert_int_equal(less[i] ? byte_at(page) : -1, fake_load(place_of(page)));
			assert_int_equal(-1, fake_store(place_of(page), 1));
		}
		assert_int_equal(0, vm_protect(&space, AT, 2 * BLOCK * P, RW));
		check_range(3, 4);
		fake_counts.faults = 0;
		write_range(0, 2 * BLOCK);
		assert_int_equal(0, fake_counts.faults);
		assert_kind(0, &space, REUSE);
		assert_int_equal(2, space.large);
		assert_int_equal(0, large_split_count());
		check_range(0, 2 * BLOCK);
		end_large();
	}
}

/* mprotect of a few pages gives their entries permissions at once: but not to those of a block. */
TEST(large_protect_few)
{
	begin_large();
	map_large(1);
	assert_int_equal(0, vm_protect(&space, AT, BLOCK * P, PROT_READ));
	assert_int_equal(0, vm_protect(&space, AT + 7 * P, 4 * P, RW));
	assert_int_equal(0, space.large);
	write_range(7, 11);
	assert_int_equal(-1, fake_store(AT + 6 * P, 1));
	assert_int_equal(-1, fake_store(AT + 11 * P, 1));
	check_range(0, BLOCK);
	end_large();
}

/* The border between two VMAs moves into a block. */
TEST(large_border_moves)
{
	for (unsigned up = 0; up < 2; up++) {
		begin_large();
		map_large(4);
		assert_int_equal(0, vm_protect(&space, AT, 2 * BLOCK * P, PROT_READ));
		assert_int_equal(2, space.nvmas);
		assert_int_equal(4, space.large);
		if (up)
			assert_int_equal(0, vm_protect(&space, AT + 2 * BLOCK * P, (BLOCK + 9) * P,
						       PROT_READ));
		else
			assert_int_equal(
				0, vm_protect(&space, AT + (BLOCK - 9) * P, (BLOCK + 9) * P, RW));
		assert_int_equal(2, space.nvmas);
		assert_int_equal(3, space.large);
		rig_check();
		for (size_t i = 0; i < 4 * BLOCK; i++) {
			bool writable = i >= (up ? 3 * BLOCK + 9 : BLOCK - 9);

			assert_int_equal(writable ? 0 : -1, fake_store(place_of(i), byte_at(i)));
		}
		check_range(0, 4 * BLOCK);
		end_large();
	}
}

TEST(large_lock)
{
	begin_large();
	map_large(2);
	assert_int_equal(0, vm_lock(&space, AT, BLOCK * P, VMA_LOCKED));
	assert_int_equal(2, space.large);
	assert_int_equal(0, vm_lock(&space, AT + BLOCK * P, 3 * P, VMA_LOCKED));
	assert_int_equal(1, space.large);
	assert_int_equal((BLOCK + 3) * P, space.locked_bytes);
	rig_check();
	assert_int_equal(0, vm_unlock(&space, AT + 9 * P, 3 * P));
	assert_int_equal(0, space.large);
	assert_int_equal(BLOCK * P, space.locked_bytes);
	check_range(0, 2 * BLOCK);
	write_range(0, 2 * BLOCK);
	assert_int_equal(0, vm_unlock(&space, AT, 2 * BLOCK * P));
	check_range(0, 2 * BLOCK);
	end_large();
}

/* What mlock brings may be large. */
TEST(large_by_populating)
{
	begin_large();
	map(AT, 2 * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	assert_int_equal(0, vm_lock(&space, AT, 2 * BLOCK * P, VMA_LOCKED));
	assert_int_equal(2, space.large);
	assert_int_equal(2 * BLOCK, space.resident);
	assert_int_equal(2, fills());
	assert_kind(0, &space, SPURIOUS);
	assert_int_equal(0, vm_lock(&space, AT + 9 * P, (BLOCK + 20) * P, VMA_LOCKED));
	assert_kind(1, &space, SPURIOUS); /* the others are passed */
	assert_int_equal(0, vm_unlock(&space, AT, 2 * BLOCK * P));
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_DONTNEED));
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_POPULATE_WRITE));
	assert_int_equal(2, space.large);
	end_large();
}

TEST(large_mincore)
{
	uint8_t present[2 * BLOCK];

	begin_large();
	map(AT, 2 * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	write_page(BLOCK + 9);
	for (size_t done = 0; done < 2 * BLOCK;) {
		ssize_t n = vm_mincore(&space, AT + done * P, 2 * BLOCK - done, present + done);

		assert_true(n > 0);
		done += (size_t)n;
	}
	for (size_t i = 0; i < 2 * BLOCK; i++)
		assert_int_equal(i >= BLOCK, present[i] & 1);
	end_large();
}

/* ---- mremap ---- */

#define TO (AT + 16 * BLOCK * P)

/* The pages of AT are found at `to`. */
static void check_moved(vaddr_t to, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++)
		assert_int_equal(byte_at(i), fake_load(to + (i - first) * P + i % P));
}

static void move(size_t first, size_t n, vaddr_t to, size_t new_n)
{
	vaddr_t at;

	assert_int_equal(0, vm_remap(&space, AT + first * P, n * P, new_n * P,
				     MREMAP_MAYMOVE | MREMAP_FIXED, to, &at));
	assert_int_equal(to, at);
	rig_check();
}

TEST(large_moves_whole)
{
	begin_large();
	map_large(2);
	move(0, 2 * BLOCK, TO, 2 * BLOCK);
	assert_int_equal(2, space.large);
	assert_int_equal(0, large_split_count());
	check_moved(TO, 0, 2 * BLOCK);
	assert_int_equal(-1, fake_load(AT));
	for (size_t i = 0; i < 2 * BLOCK; i++)
		assert_int_equal(0, fake_store(TO + i * P + i % P, byte_at(i)));
	check_moved(TO, 0, 2 * BLOCK);
	end_large();
}

TEST(large_moves_by_pages)
{
	begin_large();
	map_large(2);
	move(0, 2 * BLOCK, TO + P, 2 * BLOCK);
	assert_int_equal(0, space.large);
	check_moved(TO + P, 0, 2 * BLOCK);
	assert_int_equal(2 * BLOCK, space.resident);
	end_large();
}

/* A part of the first and of the last block, and a whole one between, to the same place in their blocks. */
TEST(large_moves_in_part)
{
	begin_large();
	map_large(4);
	move(BLOCK - 3, BLOCK + 10, TO + (BLOCK - 3) * P, BLOCK + 10);
	assert_int_equal(2, space.large);
	assert_true(is_large(&space, TO + BLOCK * P));
	check_moved(TO + (BLOCK - 3) * P, BLOCK - 3, 2 * BLOCK + 7);
	check_range(0, BLOCK - 3);
	check_range(2 * BLOCK + 7, 4 * BLOCK);
	assert_int_equal(-1, fake_load(AT + (BLOCK - 3) * P));
	assert_int_equal(-1, fake_load(AT + (2 * BLOCK + 6) * P));
	end_large();
}

TEST(large_shrinks_and_grows)
{
	vaddr_t at;

	begin_large();
	map_large(2);
	assert_int_equal(0, vm_remap(&space, AT, 2 * BLOCK * P, (BLOCK + 1) * P, 0, 0, &at));
	assert_int_equal(1, space.large);
	check_range(0, BLOCK + 1);
	assert_int_equal(-1, fake_load(AT + (BLOCK + 1) * P));
	assert_int_equal(0, vm_remap(&space, AT, (BLOCK + 1) * P, 3 * BLOCK * P, 0, 0, &at));
	check_range(0, BLOCK + 1);
	check_zeros(BLOCK + 1, 3 * BLOCK);
	end_large();
}

/* ---- fork ---- */

static void store_in(struct space *of, size_t page, unsigned char byte)
{
	rig_run(of);
	assert_int_equal(0, fake_store(place_of(page), byte));
}

static void expect_in(struct space *of, size_t page, unsigned char byte)
{
	rig_run(of);
	assert_int_equal(byte, fake_load(place_of(page)));
}

/* Both share the block, and a write splits the writer's entry and copies one page. */
/* What a piece of fork changes, the next fence pays: a large entry, and all pages of the table behind it, are two pieces. */
TEST(large_fork_before_a_table)
{
	struct space child;

	begin_large();
	map_large(2); /* for the first one, the child needs a table */
	map(AT + 2 * BLOCK * P, BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT + 2 * BLOCK * P, BLOCK * P, MADV_NOHUGEPAGE));
	write_range(2 * BLOCK, 3 * BLOCK);
	assert_int_equal(2, space.large);
	assert_int_equal(0, vm_madvise(&space, AT, 3 * BLOCK * P, MADV_HUGEPAGE)); /* one VMA */
	begin_child(&child);
	assert_int_equal(2, child.large);
	rig_run(&child);
	check_range(0, 3 * BLOCK);
	rig_destroy(&child);
	rig_run(&space);
	check_range(0, 3 * BLOCK);
	end_large();
}

TEST(large_fork_shares)
{
	struct space child;
	size_t free_before;

	begin_large();
	map_large(2);
	begin_child(&child);
	assert_int_equal(2, space.large);
	assert_int_equal(2, child.large);
	assert_int_equal(2 * BLOCK, child.resident);
	rig_check();
	rig_run(&child);
	check_range(0, 2 * BLOCK);
	assert_int_equal(2, child.large);
	free_before = rig_free();
	store_in(&child, 5, 200);
	assert_int_equal(1, child.large);
	assert_int_equal(2, space.large);
	assert_kind(1, &child, COW);
	assert_int_equal(free_before - 2, rig_free()); /* a table, and a copy */
	rig_check();
	expect_in(&space, 5, byte_at(5));
	store_in(&space, 7, 201); /* the parent's entry is split, too */
	assert_int_equal(1, space.large);
	assert_kind(1, &space, COW);
	expect_in(&child, 7, byte_at(7));
	expect_in(&space, 5, byte_at(5));
	rig_run(&space);
	check_range(BLOCK, 2 * BLOCK);
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	check_range(8, 2 * BLOCK);
	end_large();
}

/* A gather that has all pages of a table has no room for a large entry behind it: the piece ends. */
TEST(large_behind_a_whole_table)
{
	struct gather gather;
	vaddr_t reached;

	begin_large();
	thp_mode = THP_NEVER;
	map(AT, 2 * BLOCK, RW);
	write_range(0, BLOCK);
	thp_mode = THP_ALWAYS;
	write_page(BLOCK);
	assert_int_equal(1, space.large);
	gather_init(&gather, &space);
	gather_take_frame(&gather);
	space_lock(&space);
	reached = gather_zap(&gather, vma_find(&space, AT), AT, AT + 2 * BLOCK * P);
	gather_fence(&gather);
	space_unlock(&space);
	assert_int_equal(AT + BLOCK * P, reached);
	assert_int_equal(BLOCK, gather.npages);
	gather_free(&gather);
	gather_again(&gather);
	space_lock(&space);
	assert_int_equal(AT + 2 * BLOCK * P,
			 gather_zap(&gather, vma_find(&space, AT), reached, AT + 2 * BLOCK * P));
	gather_fence(&gather);
	space_unlock(&space);
	assert_int_equal(1, gather.npages);
	gather_free(&gather);
	gather_end(&gather);
	assert_int_equal(0, space.large);
	assert_int_equal(0, space.resident);
	end_large();
}

/* More in a row than a piece copies, and across the border of a table: AT is one. */
TEST(large_fork_of_many)
{
	enum { BEFORE = 2, BEHIND = 13, ALL = BEFORE + BEHIND };
	const vaddr_t start = AT - BEFORE * MMU_LARGE_SIZE;
	struct space child;

	begin_large();
	map(start, ALL * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, start, ALL * MMU_LARGE_SIZE, MADV_HUGEPAGE));
	for (size_t i = 0; i < ALL; i++)
		assert_int_equal(0, fake_store(start + i * MMU_LARGE_SIZE, (unsigned char)(i + 1)));
	assert_int_equal(ALL, space.large);
	begin_child(&child);
	assert_int_equal(ALL, child.large);
	assert_int_equal(ALL * BLOCK, child.resident);
	rig_check();
	rig_run(&child);
	assert_int_equal(0, vm_unmap(&child, AT - MMU_LARGE_SIZE, (BEHIND - 1) * MMU_LARGE_SIZE));
	for (size_t i = 0; i < ALL; i++) {
		const bool is_left = i < BEFORE - 1 || i >= ALL - 2;

		assert_int_equal(is_left, is_large(&child, start + i * MMU_LARGE_SIZE));
		assert_int_equal(is_left ? (int)i + 1 : -1, fake_load(start + i * MMU_LARGE_SIZE));
	}
	rig_check();
	rig_run(&space);
	for (size_t i = 0; i < ALL; i++)
		assert_int_equal(i + 1, fake_load(start + i * MMU_LARGE_SIZE));
	rig_destroy(&child);
	assert_int_equal(0, vm_unmap(&space, AT - MMU_LARGE_SIZE, (BEHIND + 1) * MMU_LARGE_SIZE));
	assert_int_equal(BEFORE - 1, space.large);
	assert_int_equal((BEFORE - 1) * BLOCK, space.resident);
	end_large();
}

/* After the child is gone one fault makes the block writable again. */
TEST(large_fork_child_exits)
{
	struct space child;

	begin_large();
	map_large(2);
	begin_child(&child);
	rig_destroy(&child);
	rig_check();
	rig_run(&space);
	fake_counts.faults = 0;
	write_range(0, 2 * BLOCK);
	assert_int_equal(2, fake_counts.faults);
	assert_kind(2, &space, REUSE);
	assert_kind(0, &space, COW);
	assert_int_equal(2, space.large);
	check_range(0, 2 * BLOCK);
	end_large();
}

/* If the child has split it, and copied a page, nothing is left of that. */
TEST(large_fork_child_splits_and_exits)
{
	struct space child;

	begin_large();
	map_large(1);
	begin_child(&child);
	store_in(&child, 9, 200);
	store_in(&child, BLOCK - 1, 200);
	assert_int_equal(0, child.large);
	rig_destroy(&child);
	rig_run(&space);
	check_range(0, BLOCK);
	fake_counts.faults = 0;
	write_range(0, BLOCK);
	assert_int_equal(1, fake_counts.faults);
	assert_int_equal(1, space.large);
	check_range(0, BLOCK);
	end_large();
}

/* While the child still has single pages of the block, none of these is the parent's alone. */
TEST(large_fork_child_keeps_pages)
{
	struct space child;

	begin_large();
	map_large(1);
	begin_child(&child);
	rig_run(&child);
	assert_int_equal(0, vm_unmap(&child, AT, (BLOCK - 1) * P));
	rig_check();
	rig_run(&space);
	assert_int_equal(0, fake_store(place_of(BLOCK - 1), 99));
	assert_int_equal(0, fake_store(place_of(3), 98));
	expect_in(&child, BLOCK - 1, byte_at(BLOCK - 1));
	expect_in(&space, 3, 98);
	expect_in(&space, BLOCK - 1, 99);
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	write_range(0, BLOCK);
	check_range(0, BLOCK);
	end_large();
}

/* The parent drops the block first, whole or in part: the child has all of it. */
TEST(large_fork_parent_drops)
{
	for (unsigned part = 0; part < 2; part++) {
		struct space child;

		begin_large();
		map_large(1);
		begin_child(&child);
		rig_run(&space);
		assert_int_equal(0, vm_unmap(&space, AT, (part ? 100 : BLOCK) * P));
		rig_check();
		rig_run(&child);
		check_range(0, BLOCK);
		write_range(0, BLOCK);
		check_range(0, BLOCK);
		assert_int_equal(!part, child.large);
		if (part) {
			rig_run(&space);
			check_range(100, BLOCK);
		}
		rig_destroy(&child);
		end_large();
	}
}

/* Three spaces, which write and exit in each order: everybody sees its own bytes. */
TEST(large_fork_tree)
{
	static const unsigned char orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
						    { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

	for (unsigned o = 0; o < 6; o++) {
		struct space more[2], *all[3] = { &space, &more[0], &more[1] };

		begin_large();
		map_large(1);
		begin_child(&more[0]);
		rig_create(&more[1]);
		assert_int_equal(0, vm_fork(&more[0], &more[1]));
		rig_check();
		for (unsigned i = 0; i < 3; i++) {
			unsigned who = orders[o][i];

			if (o % 2 || i < 2) /* in some, one only reads */
				store_in(all[who], 11 + who, (unsigned char)(240 + who));
			rig_check();
		}
		for (unsigned i = 0; i < 3; i++)
			for (unsigned page = 0; page < 3; page++) {
				bool own = page == i && (o % 2 || orders[o][2] != i);

				expect_in(all[i], 11 + page,
					  own ? (unsigned char)(240 + i) : byte_at(11 + page));
			}
		for (unsigned i = 0; i < 3; i++) {
			unsigned who = orders[o][i];

			rig_run(all[who]);
			assert_int_equal(0, vm_unmap(all[who], AT, BLOCK * P));
			rig_check();
			for (unsigned k = i + 1; k < 3; k++) {
				store_in(all[orders[o][k]], 100 + k, (unsigned char)(200 + i));
				expect_in(all[orders[o][k]], 20, byte_at(20));
			}
			rig_check();
		}
		rig_destroy(&more[1]);
		rig_destroy(&more[0]);
		end_large();
	}
}

/* A child of a child, whose block nobody has split: the last one has it for its own. */
TEST(large_fork_chain)
{
	struct space child, grandchild;

	begin_large();
	map_large(1);
	begin_child(&child);
	rig_create(&grandchild);
	assert_int_equal(0, vm_fork(&child, &grandchild));
	rig_destroy(&child);
	rig_run(&space);
	assert_int_equal(0, vm_unmap(&space, AT, BLOCK * P));
	rig_run(&grandchild);
	fake_counts.faults = 0;
	write_range(0, BLOCK);
	assert_int_equal(1, fake_counts.faults);
	check_range(0, BLOCK);
	rig_check();
	rig_destroy(&grandchild);
	end_large();
}

/* ---- pages that are referenced ---- */

/* The child gets a copy of a pinned page, and the parent keeps the page. */
TEST(large_fork_with_a_pin)
{
	struct space child;
	struct page *page;

	begin_large();
	map_large(2);
	assert_int_equal(0, get_user_page(&space, AT + 20 * P, VM_PROT_WRITE, &page));
	assert_int_equal(2, space.large);
	begin_child(&child);
	assert_int_equal(1, space.large); /* the block that has no pin */
	assert_int_equal(1, child.large);
	rig_run(&space);
	assert_int_equal(0, fake_store(AT + 20 * P, 77));
	assert_int_equal(77, *(unsigned char *)page_address(page));
	*(unsigned char *)page_address(page) = 78;
	assert_int_equal(78, fake_load(AT + 20 * P));
	rig_run(&child);
	assert_int_equal(0, fake_load(AT + 20 * P));
	check_range(0, 2 * BLOCK);
	put_user_page(&space, page, VM_PROT_WRITE);
	rig_destroy(&child);
	rig_run(&space);
	end_large();
}

/* A pin survives that its block loses and gains permissions. */
TEST(large_pin_and_protect)
{
	struct page *page;

	begin_large();
	map_large(1);
	assert_int_equal(0, get_user_page(&space, AT + 20 * P, VM_PROT_WRITE, &page));
	assert_int_equal(0, vm_protect(&space, AT, BLOCK * P, PROT_READ));
	assert_int_equal(0, vm_protect(&space, AT, BLOCK * P, RW));
	assert_int_equal(0, fake_store(AT + 20 * P, 77));
	assert_int_equal(77, *(unsigned char *)page_address(page));
	*(unsigned char *)page_address(page) = 78;
	assert_int_equal(78, fake_load(AT + 20 * P));
	put_user_page(&space, page, VM_PROT_WRITE);
	write_range(0, BLOCK);
	check_range(1, BLOCK);
	end_large();
}

/* What is pinned when its block goes lives until it is put. */
TEST(large_pin_outlives_the_block)
{
	struct page *page, *reader;

	begin_large();
	map_large(1);
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	assert_int_equal(0, get_user_page(&space, AT + 9 * P, VM_PROT_READ, &reader));
	assert_int_equal(0, vm_unmap(&space, AT, BLOCK * P));
	assert_int_equal(0, space.resident);
	assert_int_equal(byte_at(0), *(unsigned char *)page_address(page));
	assert_int_equal(byte_at(9), ((unsigned char *)page_address(reader))[9]);
	put_user_page(&space, page, VM_PROT_WRITE);
	put_user_page(&space, reader, VM_PROT_READ);
	end_large();
}

/* A reader keeps the bytes that it has found: a later write fault gives the program another page. */
TEST(large_reader_keeps_its_bytes)
{
	struct space child;
	struct page *page;

	begin_large();
	map_large(1);
	begin_child(&child);
	assert_int_equal(0, get_user_page(&space, AT + 9 * P, VM_PROT_READ, &page));
	rig_destroy(&child);
	rig_run(&space);
	assert_int_equal(0, fake_store(place_of(9), 99));
	assert_int_equal(0, fake_store(place_of(10), 98));
	assert_int_equal(byte_at(9), ((unsigned char *)page_address(page))[9]);
	assert_int_equal(99, fake_load(place_of(9)));
	assert_kind(1, &space, COW);
	put_user_page(&space, page, VM_PROT_READ);
	end_large();
}

/* A reader that has come by the child keeps its bytes when the child is gone. */
TEST(large_reader_of_the_child)
{
	struct space child;
	struct page *page;

	begin_large();
	map_large(1);
	begin_child(&child);
	assert_int_equal(0, get_user_page(&child, AT + 9 * P, VM_PROT_READ, &page));
	rig_run(&child);
	assert_int_equal(0, vm_unmap(&child, AT, BLOCK * P));
	rig_run(&space);
	assert_int_equal(0, fake_store(place_of(9), 99));
	assert_int_equal(byte_at(9), ((unsigned char *)page_address(page))[9]);
	put_user_page(&child, page, VM_PROT_READ);
	rig_destroy(&child);
	rig_run(&space);
	end_large();
}

/* After the reader has gone the whole is writable by one fault. */
TEST(large_after_a_reader)
{
	struct space child;
	struct page *page;

	begin_large();
	map_large(1);
	begin_child(&child);
	assert_int_equal(0, get_user_page(&space, AT + 9 * P, VM_PROT_READ, &page));
	put_user_page(&space, page, VM_PROT_READ);
	rig_destroy(&child);
	rig_run(&space);
	fake_counts.faults = 0;
	write_range(0, BLOCK);
	assert_int_equal(1, fake_counts.faults);
	assert_int_equal(1, space.large);
	end_large();
}

/* get_user_page() for writing fills a block on advice, and makes a shared block's page its own. */
TEST(large_pin_faults)
{
	struct space child;
	struct page *page;

	begin_large();
	map(AT, BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_HUGEPAGE));
	assert_int_equal(0, get_user_page(&space, AT + 3 * P, VM_PROT_WRITE, &page));
	assert_true(is_large(&space, AT));
	put_user_page(&space, page, VM_PROT_WRITE);
	begin_child(&child);
	assert_int_equal(0, get_user_page(&child, AT + 3 * P, VM_PROT_WRITE, &page));
	memset(page_address(page), 5, P);
	expect_in(&space, 3, 0);
	expect_in(&child, 3, 5);
	put_user_page(&child, page, VM_PROT_WRITE);
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	end_large();
}

/* A debugger's write to memory that is read-only: of its own, of others' too, and where nothing is yet. */
TEST(large_forced)
{
	const unsigned access = VM_PROT_WRITE | ACCESS_FORCE;
	struct space child;
	struct page *page;

	begin_large();
	map_large(1);
	map(TO, BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, TO, BLOCK * P, MADV_HUGEPAGE));
	assert_int_equal(0, vm_protect(&space, AT, BLOCK * P, PROT_READ));
	assert_int_equal(0, vm_protect(&space, TO, BLOCK * P, PROT_READ));
	begin_child(&child);
	assert_int_equal(0, get_user_page(&space, AT + 4 * P, access, &page));
	((unsigned char *)page_address(page))[4] = 200;
	put_user_page(&space, page, access);
	expect_in(&child, 4, byte_at(4));
	rig_destroy(&child);
	expect_in(&space, 4, 200);
	assert_int_equal(0, get_user_page(&space, AT + 5 * P, access, &page));
	((unsigned char *)page_address(page))[5] = 201;
	put_user_page(&space, page, access);
	expect_in(&space, 5, 201);
	check_range(6, BLOCK);
	assert_int_equal(-1, fake_store(AT, 1));
	assert_int_equal(-1, fake_store(place_of(5), 1));
	assert_int_equal(0, get_user_page(&space, TO + 6 * P, access, &page));
	memset(page_address(page), 202, P);
	put_user_page(&space, page, access);
	assert_int_equal(202, fake_load(TO + 6 * P));
	assert_int_equal(0, fake_load(TO + 5 * P));
	assert_int_equal(-1, fake_store(TO + 6 * P, 1));
	rig_check();
	end_large();
}

/* The block is the child's, but wiped, or not at all, where madvise has said so. */
TEST(large_fork_as_advised)
{
	struct space child;

	begin_large();
	map_large(3);
	assert_int_equal(0, vm_madvise(&space, AT, BLOCK * P, MADV_WIPEONFORK));
	assert_int_equal(0, vm_madvise(&space, AT + BLOCK * P, (BLOCK + 9) * P, MADV_DONTFORK));
	begin_child(&child);
	assert_int_equal(0, child.large);
	assert_int_equal(2, space.large);
	rig_run(&child);
	check_zeros(0, BLOCK);
	assert_int_equal(-1, fake_load(AT + BLOCK * P));
	assert_int_equal(-1, fake_load(AT + (2 * BLOCK + 8) * P));
	check_range(2 * BLOCK + 9, 3 * BLOCK);
	rig_destroy(&child);
	rig_run(&space);
	check_range(0, 3 * BLOCK);
	end_large();
}

/* ---- A and D ---- */

/* Where the kernel maintains A and D, one fault does for the whole. */
TEST(large_with_soft_ad)
{
	begin_large();
	arch_ad_soft_set(true);
	map_large(2);
	assert_int_equal(2, fake_counts.faults);
	assert_int_equal(0, vm_protect(&space, AT, 2 * BLOCK * P, PROT_READ));
	assert_int_equal(0, vm_protect(&space, AT, 2 * BLOCK * P, RW));
	write_range(0, 2 * BLOCK);
	assert_int_equal(2, fake_counts.faults);
	assert_int_equal(0, vm_unmap(&space, AT, 9 * P));
	check_range(9, 2 * BLOCK);
	write_range(9, 2 * BLOCK);
	assert_int_equal(2, fake_counts.faults);
	end_large();
	arch_ad_soft_set(false);
}

static void use_it(struct mmu_entry *slot)
{
	fake_meddle = NULL;
	__atomic_fetch_or(&slot->word, FAKE_A | FAKE_D, __ATOMIC_RELAXED);
}

/* The hardware sets A and D while the entry is split, while it loses permissions, and while fork copies it. */
TEST(large_used_meanwhile)
{
	const unsigned used = ENTRY_ACCESSED | ENTRY_DIRTY;

	for (unsigned what = 0; what < 3; what++) {
		struct mmu_entry *slot;
		struct space child;

		begin_large();
		map_large(1);
		slot = arch_mmu_lookup_large(&space.mmu, AT);
		*slot = entry_with(entry_load(slot), RW, 0);
		fake_mmu_reset();
		rig_run(&space);
		fake_meddle = use_it;
		if (what == 0)
			assert_int_equal(0, vm_unmap(&space, AT, P));
		if (what == 1)
			assert_int_equal(0, vm_protect(&space, AT, BLOCK * P, PROT_READ));
		if (what == 2)
			begin_child(&child);
		assert_null(fake_meddle);
		for (size_t i = 1; i < BLOCK; i++) {
			assert_int_equal(used, entry_flags(entry_at(&space, AT + i * P)) & used);
			if (what == 2)
				assert_int_equal(used,
						 entry_flags(entry_at(&child, AT + i * P)) & used);
		}
		rig_run(&space);
		check_range(1, BLOCK);
		if (what == 2)
			rig_destroy(&child);
		end_large();
	}
}

/* ---- out of memory ---- */

static struct page *pinned;

static long part_unmap(void)
{
	return vm_unmap(&space, AT + 9 * P, BLOCK * P);
}

static long part_protect(void)
{
	return vm_protect(&space, AT + 9 * P, BLOCK * P, PROT_READ);
}

static long part_drop(void)
{
	return vm_madvise(&space, AT + 9 * P, BLOCK * P, MADV_DONTNEED);
}

static long part_lock(void)
{
	return vm_lock(&space, AT + 9 * P, BLOCK * P, VMA_LOCKED);
}

static long part_move(void)
{
	vaddr_t at;

	return vm_remap(&space, AT + 9 * P, BLOCK * P, BLOCK * P, MREMAP_MAYMOVE | MREMAP_FIXED,
			TO + 9 * P, &at);
}

static long move_askew(void)
{
	vaddr_t at;

	return vm_remap(&space, AT, 2 * BLOCK * P, 2 * BLOCK * P, MREMAP_MAYMOVE | MREMAP_FIXED,
			TO + 9 * P, &at);
}

static struct space failed_child;

static long fork_and_write(void)
{
	int result = space_create(&failed_child);

	if (result)
		return result;
	result = vm_fork(&space, &failed_child);
	if (!result) {
		struct vm_wait wait = { 0 };

		result = vm_fault(&failed_child, AT + 5 * P, VM_PROT_WRITE, &wait);
	}
	rig_destroy(&failed_child);
	rig_run(&space);
	return result;
}

static long fork_pinned(void)
{
	assert_int_equal(0, get_user_page(&space, AT + 20 * P, VM_PROT_WRITE, &pinned));
	return fork_and_write();
}

static const struct {
	long (*run)(void);
	size_t first, end; /* pages that are gone if it succeeds */
} failing[] = {
	{ part_unmap, 9, BLOCK + 9 }, { part_protect, 0, 0 },	   { part_drop, 9, BLOCK + 9 },
	{ part_lock, 0, 0 },	      { part_move, 9, BLOCK + 9 }, { move_askew, 0, 2 * BLOCK },
	{ fork_and_write, 0, 0 },     { fork_pinned, 0, 0 },
};

static int refuse(struct relief *relief)
{
	(void)relief;
	return -ENOMEM;
}

/* Each allocation fails in turn. What fails changes no byte, and can be done after all. */
TEST(large_out_of_memory)
{
	for (size_t i = 0; i < ARRAY_SIZE(failing); i++) {
		bool reached = true;

		for (uint64_t nth = 1; reached; nth++) {
			long result;

			begin_large();
			mm_host.relieve = refuse;
			pinned = NULL;
			map_large(3);
			(void)alloc_fail_set(nth, NULL, ALLOC_FAIL_REFUSE);
			result = failing[i].run();
			reached = alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
			assert_true(result == 0 ||
				    (reached && (result == -ENOMEM || result == VM_OOM)));
			if (pinned)
				put_user_page(&space, pinned, VM_PROT_WRITE);
			rig_check();
			check_range(0, failing[i].first);
			check_range(failing[i].end, 3 * BLOCK);
			if (result)
				check_range(0, 3 * BLOCK);
			end_large();
			assert_true(nth < 100);
		}
	}
}

/* ---- what others do meanwhile ---- */

static void (*meddle)(void);

static void meddle_at_unlock(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)class, (void)what;
	if (kind != INTERLEAVE_UNLOCK || spin_lock_held(&space.lock) || !meddle)
		return;
	interleave_hook = NULL;
	meddle();
	meddle = NULL;
}

static void write_beside(void)
{
	write_page(3);
}

/* Another thread's write fills the block that madvise drops a part of, between two holds of the lock. */
TEST(large_comes_while_a_part_is_dropped)
{
	begin_large();
	map(AT, 2 * BLOCK, RW);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	meddle = write_beside;
	interleave_hook = meddle_at_unlock;
	assert_int_equal(0, vm_madvise(&space, AT + 9 * P, BLOCK * P, MADV_DONTNEED));
	interleave_hook = NULL;
	assert_null(meddle);
	check_range(3, 4);
	end_large();
}

/* A killed process is stripped of its memory. */
TEST(large_oom_reap)
{
	struct space child;

	begin_large();
	map_large(2);
	begin_child(&child);
	space.dying = true;
	vm_oom_reap(&space);
	assert_int_equal(0, space.resident);
	assert_int_equal(0, space.large);
	rig_run(&child);
	check_range(0, 2 * BLOCK);
	rig_destroy(&child);
	space.dying = false;
	rig_run(&space);
	end_large();
}

/* ---- threads ---- */

TEST(large_beside_readers)
{
	begin_large();
	space_share(&space);
	map(AT, 3 * BLOCK, RW);
	write_range(0, 3 * BLOCK);
	assert_int_equal(3, space.large);
	check_range(0, 3 * BLOCK);
	assert_int_equal(0, vm_protect(&space, AT, 3 * BLOCK * P, PROT_NONE));
	assert_int_equal(0, vm_protect(&space, AT, 3 * BLOCK * P, RW));
	check_range(0, 3 * BLOCK);
	write_range(0, 3 * BLOCK);
	assert_int_equal(3, space.large);
	space_count(&space);
	assert_int_equal(3 * BLOCK, space.resident);
	end_large();
}
