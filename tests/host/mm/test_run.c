/* SPDX-License-Identifier: MIT */
/* Runs: faults that continue a sweep fill pages ahead (R14 R51 R130), and none is filled for a page that is touched alone. */
#include "one_space.h"

#include "arch/hart.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/run.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"
#include "sync/interleave.h"

#define P PAGE_SIZE

/* Pages of one leaf table. AT is the first of one. */
#define TABLE MMU_LEAF_ENTRIES

static void start_runs(void)
{
	start();
	thp_mode = THP_ALWAYS;
}

static void end_runs(void)
{
	thp_mode = THP_NEVER;
	end();
}

static struct mmu_entry entry_at(vaddr_t va)
{
	struct mmu_entry *slot = arch_mmu_lookup(&space.mmu, va);

	return slot ? entry_load(slot) : ENTRY_NONE;
}

static bool is_there(vaddr_t va)
{
	return !entry_empty(entry_at(va));
}

static bool is_frame(vaddr_t va)
{
	struct mmu_entry entry = entry_at(va);

	return entry_has_page(entry) && entry_pfn(entry) != zero_pfn;
}

/* How many pages from `va` on are there, up to `most`. */
static size_t there(vaddr_t va, size_t most)
{
	size_t n = 0;

	while (n < most && is_there(va + n * P))
		n++;
	return n;
}

static void write_at(vaddr_t va)
{
	assert_int_equal(0, fake_store(va, 7));
}

static void read_at(vaddr_t va)
{
	assert_int_equal(0, fake_load(va));
}

static size_t fills(void)
{
	return space.stats.kind[FAULT_FILL];
}

TEST(run_doubles_in_a_sweep)
{
	static const size_t after[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, TABLE };

	start_runs();
	map(AT, TABLE, RW);
	for (size_t i = 0; i < TABLE; i++)
		write_at(AT + i * P);
	assert_int_equal(10, fills());
	assert_int_equal(TABLE, space.resident);
	assert_int_equal(TABLE - 10, space.stats.ahead);
	assert_int_equal(0, vm_madvise(&space, AT, TABLE * P, MADV_DONTNEED));
	for (size_t i = 0, at = 0; i < ARRAY_SIZE(after); at = after[i++]) {
		while (at && !is_there(AT + at * P - P))
			at--;
		for (size_t page = i ? after[i - 1] / 2 : 0; page < at; page++)
			write_at(AT + page * P);
		write_at(AT + at * P);
		assert_int_equal(after[i], there(AT, TABLE));
	}
	end_runs();
}

/* What was filled ahead and not written does not count: a run is as long as the row that was written. */
TEST(run_counts_what_was_written)
{
	start_runs();
	map(AT, TABLE, RW);
	for (size_t i = 0; i <= 4; i++)
		write_at(AT + i * P);
	assert_int_equal(8, there(AT, TABLE));
	write_at(AT + 8 * P); /* 5 to 7 were not written */
	assert_int_equal(9, there(AT, TABLE));
	end_runs();
}

TEST(run_is_not_for_a_page_touched_alone)
{
	start_runs();
	map(AT, TABLE, RW);
	for (size_t i = 0; i < TABLE; i += 16)
		write_at(AT + i * P);
	assert_int_equal(TABLE / 16, space.resident);
	assert_int_equal(0, space.stats.ahead);
	end_runs();
}

TEST(run_goes_downwards)
{
	start_runs();
	map(AT, TABLE, RW);
	for (size_t i = TABLE; i-- > 0;)
		write_at(AT + i * P);
	assert_int_equal(10, fills());
	assert_int_equal(TABLE, space.resident);
	end_runs();
}

/* The row is counted across tables, and the run ends with its table and with the VMA. */
TEST(run_has_ends)
{
	start_runs();
	map(AT + (TABLE - 4) * P, 4 + 6, RW);
	map(AT + (TABLE + 6) * P, 8, RW | PROT_EXEC);
	for (size_t i = TABLE - 4; i < TABLE; i++)
		write_at(AT + i * P);
	assert_int_equal(4, space.resident);
	write_at(AT + TABLE * P);
	assert_int_equal(8, space.resident);
	for (size_t i = 1; i <= 4; i++)
		write_at(AT + (TABLE + i) * P);
	assert_int_equal(10, space.resident);
	for (size_t i = 6; i < 14; i++)
		write_at(AT + (TABLE + i) * P); /* no run: programs may fetch from it */
	assert_int_equal(18, space.resident);
	assert_int_equal(1 + 3 + 1, space.stats.ahead);
	end_runs();
}

/* It takes entries that are EMPTY and those of the zero page, up to another page. */
TEST(run_stops_at_a_page)
{
	start_runs();
	map(AT, 32, RW);
	thp_mode = THP_NEVER;
	for (size_t i = 8; i < 12; i++)
		read_at(AT + i * P);
	write_at(AT + 14 * P);
	thp_mode = THP_ALWAYS;
	for (size_t i = 0; i < 9; i++)
		write_at(AT + i * P);
	assert_int_equal(15, space.resident); /* 8 at the eighth, and then 9 to 13 */
	for (size_t i = 0; i < 14; i++)
		assert_true(is_frame(AT + i * P));
	assert_false(is_there(AT + 15 * P));
	for (size_t i = 9; i < 14; i++)
		read_at(AT + i * P);
	end_runs();
}

/* What was read from the zero page is written: the old translation is fenced before the new one. */
TEST(run_replaces_the_zero_page)
{
	start_runs();
	map(AT, 64, RW);
	for (size_t i = 0; i < 64; i++)
		read_at(AT + i * P);
	assert_int_equal(0, space.resident);
	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(0, fake_load(AT + i * P));
		assert_int_equal(0, fake_store(AT + i * P, (unsigned char)(i + 1)));
	}
	for (size_t i = 0; i < 64; i++)
		assert_int_equal((int)i + 1, fake_load(AT + i * P));
	assert_int_equal(64, space.resident);
	assert_kind(7, &space, COW);
	end_runs();
}

TEST(run_of_reads_maps_the_zero_page)
{
	start_runs();
	map(AT, 2 * TABLE, RW);
	for (size_t i = 0; i < 2 * TABLE; i++)
		read_at(AT + i * P);
	assert_int_equal(10 + 1, fills());
	assert_int_equal(10 + 1, space.stats.zero_maps);
	assert_int_equal(0, space.resident);
	assert_int_equal(PAGE_ONE_REF, zero_page->counts);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * TABLE * P, MADV_DONTNEED));
	for (size_t i = 2 * TABLE; i-- > 0;)
		read_at(AT + i * P);
	assert_int_equal(2 * 11, fills());
	end_runs();
}

/* Read ahead of what was written, and written ahead of what was read: only what was written is a row for writes. */
TEST(run_of_reads_and_writes)
{
	start_runs();
	map(AT, 64, RW);
	for (size_t i = 0; i < 8; i++)
		read_at(AT + i * P);
	write_at(AT + 8 * P);
	assert_int_equal(1, space.resident);
	read_at(AT + 9 * P);
	assert_int_equal(9 + 8,
			 there(AT, 64)); /* those that were read and the written one are in use */
	assert_int_equal(1, space.resident);
	end_runs();
}

TEST(run_obeys_the_switches)
{
	start_runs();
	map(AT, 3 * 16, RW);
	thp_mode = THP_MADVISE;
	assert_int_equal(0, vm_madvise(&space, AT + 16 * P, 16 * P, MADV_HUGEPAGE));
	assert_int_equal(0, vm_madvise(&space, AT + 32 * P, 16 * P, MADV_NOHUGEPAGE));
	assert_int_equal(3, space.nvmas);
	for (size_t i = 0; i < 48; i++)
		write_at(AT + i * P);
	assert_int_equal(16 + 5 + 16, fills());
	assert_int_equal(0, vm_madvise(&space, AT, 48 * P, MADV_DONTNEED));
	thp_mode = THP_ALWAYS;
	for (size_t i = 0; i < 48; i++)
		write_at(AT + i * P);
	assert_int_equal(37 + 5 + 5 + 16, fills());
	assert_int_equal(0, vm_madvise(&space, AT, 48 * P, MADV_DONTNEED));
	space.thp_disabled = true;
	for (size_t i = 0; i < 48; i++)
		write_at(AT + i * P);
	assert_int_equal(63 + 48, fills());
	space.thp_disabled = false;
	assert_int_equal(0, vm_madvise(&space, AT + 32 * P, 16 * P, MADV_HUGEPAGE));
	assert_int_equal(2, space.nvmas);
	assert_int_equal(0, vm_madvise(&space, AT, 16 * P, MADV_HUGEPAGE));
	assert_int_equal(1, space.nvmas);
	end_runs();
}

/* Locked memory that is to be filled by faults only, a file's pages, and an access of another process. */
TEST(run_is_not_for_other_memory)
{
	struct object *file;
	struct page *page;

	start_runs();
	file = rig_file(8 * P);
	map_file(file, AT, 8, 0, &vma_object_private, 0);
	for (size_t i = 0; i < 8; i++)
		write_at(AT + i * P);
	map(AT + 16 * P, 8, RW);
	assert_int_equal(0, vm_lock(&space, AT + 16 * P, 8 * P, VMA_LOCKED | VMA_ONFAULT));
	for (size_t i = 16; i < 24; i++)
		write_at(AT + i * P);
	map(AT + 32 * P, 8, RW);
	for (size_t i = 32; i < 40; i++) {
		assert_int_equal(0, get_user_page(&space, AT + i * P, VM_PROT_WRITE, &page));
		put_user_page(&space, page, VM_PROT_WRITE);
	}
	assert_int_equal(0, space.stats.ahead);
	object_put(file);
	end_runs();
}

/* Where the kernel maintains A and D, a page that was filled ahead has both: it never faults again. */
TEST(run_with_soft_ad)
{
	start_runs();
	arch_ad_soft_set(true);
	map(AT, 64, RW);
	for (size_t i = 0; i < 64; i++)
		write_at(AT + i * P);
	assert_int_equal(7, fills());
	assert_int_equal(7, fake_counts.faults);
	end_runs();
	arch_ad_soft_set(false);
}

/* Near the low watermark there is no run, and no process is made to wait or to reclaim for one. */
TEST(run_ends_where_memory_is_short)
{
	struct page *kept[2048];
	size_t n = 0;

	start_runs();
	map(AT, 256, RW);
	for (size_t i = 0; i < 32; i++)
		write_at(AT + i * P);
	while (page_alloc_above_low() > 5)
		kept[n++] = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	write_at(AT + 32 * P);
	assert_in_range(there(AT, 256), 33, 38);
	while (page_alloc_above_low() > 0)
		kept[n++] = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	for (size_t i = 33; i < 40; i++)
		write_at(AT + i * P);
	assert_in_range(there(AT, 256), 40, 41);
	while (n > 0)
		page_put(kept[--n]);
	end_runs();
}

/* ---- what happens while frames are zeroed, with no lock held ---- */

static void (*meddle)(void);

static void meddle_once(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)class, (void)what;
	if (kind != INTERLEAVE_DECIDED)
		return;
	interleave_hook = NULL;
	meddle();
	meddle = NULL;
}

static void unmap_ahead(void)
{
	assert_int_equal(0, vm_unmap(&space, AT + 9 * P, 4 * P));
}

static void protect_all(void)
{
	assert_int_equal(0, vm_protect(&space, AT, 64 * P, PROT_READ));
}

static void fill_ahead(void)
{
	thp_mode = THP_NEVER;
	write_at(AT + 11 * P);
	thp_mode = THP_ALWAYS;
}

static void kill_space(void)
{
	space.dying = true;
}

static void sweep_to_8_with(void (*what)(void))
{
	start_runs();
	map(AT, 64, RW);
	for (size_t i = 0; i < 8; i++)
		write_at(AT + i * P);
	meddle = what;
	interleave_hook = meddle_once;
	assert_int_equal(0, fault(AT + 8 * P, VM_PROT_WRITE));
	assert_null(meddle);
}

TEST(run_meets_an_unmapping)
{
	sweep_to_8_with(unmap_ahead);
	assert_false(is_there(AT + 9 * P) || is_there(AT + 12 * P));
	end_runs();
}

TEST(run_meets_a_loss_of_permissions)
{
	sweep_to_8_with(protect_all);
	for (size_t i = 9; i < 16; i++)
		assert_false(is_there(AT + i * P));
	end_runs();
}

TEST(run_meets_another_page)
{
	sweep_to_8_with(fill_ahead);
	assert_int_equal(7, fake_load(AT + 11 * P));
	assert_int_equal(12, there(AT, 64));
	end_runs();
}

TEST(run_meets_a_kill)
{
	sweep_to_8_with(kill_space);
	assert_int_equal(9, there(AT, 64));
	space.dying = false;
	end_runs();
}

/* ---- a space that threads share ---- */

TEST(run_beside_readers)
{
	const vaddr_t at =
		AT + 16 * P; /* it has no two whole blocks: none of them gets a large entry */

	start_runs();
	space_share(&space);
	map(at, 2 * TABLE, RW);
	for (size_t i = 0; i < 2 * TABLE; i++)
		write_at(at + i * P);
	assert_int_equal(SPACE_OPEN, space.at_lock);
	assert_int_equal(2 * TABLE, space_resident(&space));
	space_count(&space);
	assert_int_equal(2 * TABLE, space.resident);
	assert_int_equal(13, fills());
	assert_int_equal(2 * TABLE - 13, space.stats.ahead);
	assert_int_equal(0, vm_madvise(&space, at, 2 * TABLE * P, MADV_DONTNEED));
	assert_int_equal(0, space.resident);
	for (size_t i = 0; i < 2 * TABLE; i++)
		read_at(at + i * P);
	space_count(&space);
	assert_int_equal(0, space.resident);
	assert_int_equal(13 + 13, fills());
	end_runs();
}

/* A reader replaces no zero page: it stops there, and the fault of such a page is alone. */
TEST(run_of_a_reader_stops_at_the_zero_page)
{
	start_runs();
	space_share(&space);
	map(AT, 64, RW);
	thp_mode = THP_NEVER;
	read_at(AT + 10 * P);
	thp_mode = THP_ALWAYS;
	for (size_t i = 0; i < 64; i++)
		write_at(AT + i * P);
	for (size_t i = 0; i < 64; i++)
		assert_true(is_frame(AT + i * P));
	space_count(&space);
	assert_int_equal(64, space.resident);
	end_runs();
}

/* ---- pages that become writable ---- */

/* After a child of fork is gone, the first writes of the pages are not a fault each. */
TEST(run_of_the_last_user)
{
	struct space child;

	start_runs();
	map(AT, 64, RW);
	for (size_t i = 0; i < 64; i++)
		write_at(AT + i * P);
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	write_at(AT + 5 * P); /* with a child it is a copy, and nothing else */
	assert_kind(1, &space, COW);
	assert_int_equal(0, entry_prot(entry_at(AT + 6 * P)) & VM_PROT_WRITE);
	rig_destroy(&child);
	for (size_t i = 10; i < 64; i++)
		write_at(AT + i * P);
	assert_kind(7, &space, REUSE);
	for (size_t i = 9; i > 5; i--)
		write_at(AT + i * P);
	assert_kind(7 + 1, &space, REUSE);
	assert_int_equal(64, space.resident);
	end_runs();
}

/* The run ends at a page that another space has, and at the zero page. */
TEST(run_of_the_last_user_ends)
{
	struct space child;

	start_runs();
	map(AT, 64, RW);
	thp_mode = THP_NEVER;
	for (size_t i = 0; i < 12; i++)
		write_at(AT + i * P);
	read_at(AT + 12 * P);
	assert_int_equal(0, vm_protect(&space, AT, 64 * P, PROT_READ));
	assert_int_equal(0, vm_protect(&space, AT, 64 * P, RW));
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
	rig_run(&child);
	for (size_t i = 0; i < 12; i++)
		if (i != 7)
			assert_int_equal(
				0, fake_store(AT + i * P,
					      9)); /* copies: the page is the parent's alone */
	rig_run(&space);
	thp_mode = THP_ALWAYS;
	for (size_t i = 0; i < 5; i++)
		write_at(AT + i * P);
	for (size_t i = 5; i < 12; i++)
		assert_int_equal(i < 7 ? VM_PROT_WRITE : 0,
				 entry_prot(entry_at(AT + i * P)) & VM_PROT_WRITE);
	rig_destroy(&child);
	for (size_t i = 5; i < 12; i++)
		assert_int_equal(7, fake_load(AT + i * P));
	for (size_t i = 5; i < 13; i++)
		write_at(AT + i * P);
	end_runs();
}
