/* SPDX-License-Identifier: MIT */
/* R81 to R84. Private pages that went to swap: the bytes come back, whatever is done to them meanwhile. */
#include "one_swap.h"

#include <string.h>

#include "mm/check/alloc_fail.h"
#include "mm/fault/readahead.h"
#include "mm/space/tlb_gather.h"
#include "mm/swap/reclaim_pass.h"
#include "mm/swap/swap_io.h"
#include "mm/swap/swap_off.h"

TEST(pages_go_out_and_come_back) /* R81 */
{
	begin(SLOTS);
	map(AT, 100, RW);
	write_pages(0, 100);
	push_out();
	assert_int_equal(0, space.resident);
	assert_int_equal(100, space.swapped);
	assert_int_equal(100, disk_pages_written);
	assert_true(disk_writes <= 8); /* in clusters */
	assert_int_equal(SLOTS - 100, swap_free());
	assert_int_equal(SLOTS, swap_census().usable); /* without the header */
	assert_int_equal(SLOTS - 100, swap_census().free);
	check_pages(0, 100);
	assert_int_equal(100, disk_pages_read);
	assert_int_equal(0, space.swapped);
	assert_kind(100, &space, SWAPPED);
	finish();
}

/* A page that was only read since it came back is not written again. */
TEST(clean_pages_are_not_written_again) /* R80 */
{
	begin(SLOTS);
	map(AT, 20, RW);
	write_pages(0, 20);
	push_out();
	check_pages(0, 20);
	write_pages(5, 1);
	push_out();
	assert_int_equal(21, disk_pages_written);
	check_pages(0, 20);
	finish();
}

/* Pages that were written in any order since they came back are written together, in new slots. */
TEST(dirty_pages_go_together)
{
	begin(SLOTS);
	map(AT, 200, RW);
	write_pages(0, 200);
	push_out();
	check_pages(0, 200);
	for (unsigned i = 0; i < 100; i++)
		write_pages(i * 37 % 200, 1);
	disk_writes = disk_pages_written = 0;
	push_out();
	assert_int_equal(100, disk_pages_written);
	assert_true(disk_writes <= 3);
	assert_int_equal(SLOTS - 200, swap_free());
	check_pages(0, 200);
	finish();
}

/* A pass over all pages. What it unmaps is not written yet. */
static void pass_once(struct reclaim_pass *pass, unsigned how)
{
	memset(pass, 0, sizeof(*pass));
	swap_out_prepare();
	reclaim_pass_init(pass, how, &space, AT);
	space_lock(&space);
	(void)reclaim_pass_space(pass, &space);
	gather_fence(&pass->gather);
	space_unlock(&space);
	gather_free(&pass->gather);
}

/* One request writes pages that came back before they were written, and were only read since: their slots are in another order. */
TEST(unwritten_pages_go_together) /* R80 */
{
	struct reclaim_pass pass;

	begin(SLOTS);
	map(AT, 32, RW);
	for (unsigned i = 0; i < 32; i++) {
		write_pages(i * 21 % 32, 1);
		pass_once(&pass, SEND_OUT);
	}
	assert_int_equal(32, space.swapped);
	check_pages(0, 32);
	push_out();
	assert_int_equal(32, disk_pages_written);
	assert_true(disk_writes <= 2);
	assert_int_equal(SLOTS - 32, swap_free());
	check_pages(0, 32);
	finish();
}

/* The slots from `first` on, of which a run has each. */
static void check_runs(const struct reclaim_pass *pass, unsigned nruns, uint64_t first,
		       size_t slots)
{
	assert_int_equal(nruns, pass->nruns);
	for (unsigned i = 0; i < nruns; i++) {
		assert_int_equal(first, pass->runs[i].first);
		assert_int_equal(first + slots - 1, pass->runs[i].last);
		first += slots + 1;
	}
}

/* Writes what the pass has unmapped: so many pages. All 32 have their contents still. */
static void write_and_check(struct reclaim_pass *pass, unsigned npages)
{
	write_unmapped(pass, true);
	swap_submit(true);
	disk_end_all();
	assert_int_equal(npages, disk_pages_written);
	check_pages(0, 32);
	finish();
}

/* Neighbours are one run, so that they are looked for once; the first run has slot 1, behind the header. 32 pages go in a pass. */
TEST(neighbouring_slots_are_one_run)
{
	struct reclaim_pass pass;

	begin(SLOTS);
	map(AT, 32, RW);
	write_pages(0, 32);
	pass_once(&pass, MAKE_COLD);
	check_runs(&pass, 0, 1, 0);
	pass_once(&pass, BY_AGE);
	check_runs(&pass, 1, 1, 32);
	write_and_check(&pass, 32);
}

/* Between two runs are other slots. A pass ends where there are too many of them. */
TEST(slots_apart_are_runs_apart)
{
	struct reclaim_pass pass;

	begin_apart(SLOTS);
	map(AT, 32, RW);
	write_pages(0, 32);
	pass_once(&pass, SEND_OUT);
	check_runs(&pass, PASS_RUNS, pass.runs[0].first, 1);
	assert_int_equal(PASS_RUNS, space.swapped);
	assert_int_equal(AT + PASS_RUNS * P, pass.next);
	write_and_check(&pass, PASS_RUNS);
}

/* Mappings without a page are passed quickly, and still not too many of them while others wait for the lock. */
TEST(a_pass_ends_after_many_mappings)
{
	struct reclaim_pass pass;

	begin(SLOTS);
	for (unsigned i = 0; i < 2 * PASS_VMAS; i++)
		map(AT + 2 * i * P, 1, RW);
	pass_once(&pass, BY_AGE);
	assert_int_equal(AT + (2 * PASS_VMAS - 1) * P, pass.next);
	finish();
}

static unsigned uses;

static int use_some_others(struct vm_wait *wait)
{
	(void)disk_pause(wait);
	for (unsigned i = 0; i < 5; i++)
		check_pages(uses++ * 37 % 1000, 1);
	return 0;
}

/* Pages are written before those between them are in use again. */
TEST(pages_in_use_leave_no_gaps)
{
	begin(1200);
	map(AT, 1000, RW);
	write_pages(0, 1000);
	uses = 0;
	rig_pause = use_some_others;
	(void)reclaim(700);
	rig_pause = disk_pause;
	assert_true(disk_pages_written >= 500);
	assert_true(disk_writes <= 15);
	disk_end_all();
	check_pages(0, 1000);
	finish();
}

TEST(a_page_shared_by_fork_goes_once_and_comes_once) /* R83 */
{
	struct space *child;

	begin(SLOTS);
	map(AT, 30, RW);
	write_pages(0, 30);
	child = fork_space();
	push_out();
	assert_int_equal(30, disk_pages_written);
	assert_int_equal(60, space.swapped + child->swapped);
	check_pages(0, 15);
	for (unsigned i = 15; i < 30; i++)
		assert_int_equal(0, fake_store(AT + i * P, 200)); /* to a copy of its own */
	rig_run(child);
	check_pages(0, 30);
	assert_int_equal(30, disk_pages_read);
	drop_space(child);
	finish();
}

TEST(fork_of_swapped_pages) /* R82 */
{
	struct space *child;

	begin(SLOTS);
	map(AT, 30, RW);
	write_pages(0, 30);
	push_out();
	child = fork_space();
	assert_int_equal(30, child->swapped);
	rig_check();
	for (unsigned i = 0; i < 30; i++)
		assert_int_equal(0, fake_store(AT + i * P + i % P, 200));
	rig_check();
	rig_run(child);
	check_pages(0, 30);
	rig_check();
	write_pages(0, 30);
	rig_run(&space);
	assert_int_equal(200, fake_load(AT + 7 * P + 7));
	drop_space(child);
	finish();
}

TEST(unmapped_pages_give_their_slots_back) /* R82 */
{
	begin(SLOTS);
	map(AT, 64, RW);
	write_pages(0, 64);
	push_out();
	assert_int_equal(0, vm_unmap(&space, AT + 10 * P, 20 * P));
	assert_int_equal(SLOTS - 44, swap_free());
	assert_int_equal(0, vm_madvise(&space, AT, 5 * P, MADV_DONTNEED));
	assert_int_equal(SLOTS - 39, swap_free());
	assert_int_equal(0, fake_load(AT + 2 * P + 2));
	check_pages(5, 5);
	check_pages(30, 34);
	finish();
}

TEST(permissions_of_swapped_pages) /* R82 */
{
	begin(SLOTS);
	map(AT, 10, RW);
	write_pages(0, 10);
	push_out();
	assert_int_equal(0, vm_protect(&space, AT, 10 * P, PROT_NONE));
	assert_int_equal(-1, fake_load(AT));
	assert_int_equal(VM_SEGV_ACCERR, rig_outcome);
	assert_int_equal(0, vm_protect(&space, AT, 10 * P, PROT_READ));
	check_pages(0, 10);
	assert_int_equal(-1, fake_store(AT, 1));
	push_out();
	assert_int_equal(0, vm_protect(&space, AT, 10 * P, RW));
	check_pages(0, 10);
	write_pages(0, 10);
	finish();
}

/* A program runs what has been read from the disk into another frame. */
TEST(swapped_text_is_synced) /* R8 */
{
	uint64_t before;

	begin(SLOTS);
	map(AT, 1, RW | PROT_EXEC);
	write_pages(0, 1);
	push_out();
	before = fake_text_syncs;
	check_pages(0, 1);
	assert_true(fake_text_syncs > before);
	finish();
}

TEST(swapped_pages_are_moved) /* R82 */
{
	vaddr_t at;

	begin(SLOTS);
	map(AT, 40, RW);
	write_pages(0, 40);
	push_out();
	assert_int_equal(0, vm_remap(&space, AT, 40 * P, 60 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				     AT + 3 * MIB, &at));
	rig_check();
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(byte_of(i), fake_load(at + i * P + i % P));
	finish();
}

TEST(mincore_and_mlock_of_swapped_pages) /* R82 */
{
	uint8_t there[8];

	begin(SLOTS);
	map(AT, 8, RW);
	write_pages(0, 8);
	push_out();
	check_pages(3, 1);
	assert_int_equal(8, vm_mincore(&space, AT, 8, there));
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(i == 3, there[i]);
	assert_int_equal(0, vm_lock(&space, AT, 8 * P, VMA_LOCKED));
	assert_int_equal(0, space.swapped);
	push_out();
	assert_int_equal(8, space.resident);
	check_pages(0, 8);
	finish();
}

/* R84: only those who need the page learn of the error, and the next read may succeed. */
TEST(a_read_fails)
{
	struct vm_wait wait = { 0 };

	begin(SLOTS);
	map(AT, 4, RW);
	write_pages(0, 4);
	push_out();
	assert_int_equal(VM_WAIT, vm_fault(&space, AT + P, VM_PROT_READ, &wait));
	assert_int_equal(WAITS_FOR_SWAP, wait.why);
	assert_int_equal(VM_WAIT, vm_fault(&space, AT + P, VM_PROT_WRITE, &wait));
	assert_int_equal(1, disk_count); /* one read for both */
	disk_end(0, -EIO);
	rig_check();
	assert_int_equal(VM_BUS, vm_fault(&space, AT + P, VM_PROT_READ, &wait));
	check_pages(0, 4);
	finish();
}

/* The page that could not be written stays, and is written later. */
TEST(a_write_fails)
{
	begin(SLOTS);
	map(AT, 4, RW);
	write_pages(0, 4);
	start_writes();
	rig_check();
	while (disk_count)
		disk_end(0, -EIO);
	rig_check();
	disk_reads = 0;
	check_pages(0, 4);
	assert_int_equal(0, disk_reads);
	push_out();
	check_pages(0, 4);
	finish();
}

/* A page that is used again while it is written stays; a store makes it dirty again. */
TEST(used_while_it_is_written)
{
	begin(SLOTS);
	map(AT, 3, RW);
	write_pages(0, 3);
	start_writes();
	check_pages(0, 1);
	assert_int_equal(0, fake_store(AT + P, 99));
	rig_check();
	disk_end_all();
	rig_check();
	assert_int_equal(0, disk_reads);
	assert_int_equal(2, space.resident);
	push_out();
	assert_int_equal(99, fake_load(AT + P));
	check_pages(2, 1);
	finish();
}

/* Unmapped while it is written: the slot is free only when the disk is done with it. */
TEST(unmapped_while_it_is_written)
{
	begin(SLOTS);
	map(AT, 3, RW);
	write_pages(0, 3);
	start_writes();
	assert_int_equal(0, vm_unmap(&space, AT, 3 * P));
	assert_int_equal(SLOTS - 3, swap_free());
	rig_check();
	disk_end_all();
	assert_int_equal(SLOTS, swap_free());
	finish();
}

TEST(unmapped_while_it_is_read)
{
	struct vm_wait wait = { 0 };

	begin(SLOTS);
	map(AT, 3, RW);
	write_pages(0, 3);
	push_out();
	assert_int_equal(VM_WAIT, vm_fault(&space, AT, VM_PROT_READ, &wait));
	assert_int_equal(0, vm_unmap(&space, AT, 3 * P));
	assert_int_equal(SLOTS, swap_free());
	rig_check();
	disk_end_all();
	finish();
}

/* With no slot left the other pages stay, and nothing is lost. */
TEST(full) /* R43, R84 */
{
	begin(16);
	map(AT, 40, RW);
	write_pages(0, 40);
	push_out();
	assert_int_equal(16, space.swapped);
	assert_int_equal(0, swap_free());
	check_pages(0, 40);
	push_out();
	check_pages(0, 40);
	assert_int_equal(0, vm_unmap(&space, AT, 20 * P));
	push_out();
	check_pages(20, 20);
	finish();
}

/* ---- between the drop of an entry's map and swap_page_unmapped() ---- */

/* Removes the entries of a range as munmap does, up to the drop of their maps. */
static void drop_maps(struct gather *gather, vaddr_t start, vaddr_t end)
{
	gather_init(gather, &space);
	space_lock(&space);
	assert_int_equal(end, gather_zap(gather, vma_find(&space, start), start, end));
	gather_fence(gather);
	space_unlock(&space);
	page_map_put_many(gather->pages, gather->npages);
}

/* The hand, and a trim, meet pages that another thread is about to take out of the cache. */
TEST(the_hand_meets_pages_that_are_going)
{
	struct gather gather;

	begin(SLOTS);
	map(AT, 20, RW);
	write_pages(0, 20);
	push_out();
	check_pages(0, 20);
	(void)reclaim(1); /* the hand has seen them */
	check_pages(0, 20);
	drop_maps(&gather, AT, AT + 20 * P);
	mm_trim();
	(void)reclaim(1000);
	for (unsigned i = 0; i < gather.npages; i++)
		swap_page_unmapped(gather.pages[i]);
	assert_int_equal(SLOTS, swap_free());
	finish();
}

/* The frame of a page that is gone is read into for a slot that another page has by then. */
TEST(a_frame_that_is_another_pages_by_now)
{
	struct vm_wait wait = { 0 };
	struct page *frame;

	begin(1);
	map(AT, 2, RW);
	write_pages(0, 1);
	push_out();
	assert_int_equal(VM_WAIT, vm_fault(&space, AT, VM_PROT_READ, &wait));
	frame = pfn_to_page(disk_requests[0]->pages[0] >> PAGE_SHIFT);
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED));
	assert_int_equal(1, swap_free());
	write_pages(1, 1);
	start_writes(); /* it gets the slot */
	check_pages(1, 1);
	swap_page_unmapped(frame);
	rig_check();
	disk_end_all();
	check_pages(1, 1);
	finish();
}

/* ---- madvise ---- */

/* MADV_PAGEOUT: the pages go at once, but for those that others map. */
TEST(paged_out_by_advice)
{
	struct space *child;

	begin(SLOTS);
	map(AT, 300, RW);
	write_pages(0, 300);
	assert_int_equal(0, vm_madvise(&space, AT + 10 * P, 280 * P, MADV_PAGEOUT));
	disk_end_all();
	rig_check();
	assert_int_equal(280, space.swapped);
	assert_int_equal(20, space.resident);
	assert_int_equal(280, disk_pages_written);
	check_pages(0, 300);
	assert_int_equal(280, disk_pages_read);
	child = fork_space();
	assert_int_equal(0, vm_madvise(&space, AT, 300 * P, MADV_PAGEOUT));
	assert_int_equal(0, space.swapped);
	drop_space(child);
	assert_int_equal(0, vm_lock(&space, AT, 300 * P, VMA_LOCKED));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT, P, MADV_PAGEOUT));
	finish();
}

/* MADV_COLD: these pages are the first to go, though they were used a moment ago. */
TEST(cold_by_advice)
{
	begin(SLOTS);
	map(AT, 100, RW);
	write_pages(0, 100);
	assert_int_equal(0, vm_madvise(&space, AT + 40 * P, 20 * P, MADV_COLD));
	assert_int_equal(0, space.swapped);
	assert_true(reclaim(20) >= 20);
	rig_check();
	assert_int_equal(20, space.swapped);
	check_pages(0, 40);
	check_pages(60, 40);
	assert_int_equal(0, disk_pages_read);
	check_pages(40, 20);
	finish();
}

TEST(a_kill_ends_the_advice)
{
	begin(SLOTS);
	map(AT, 400, RW);
	write_pages(0, 400);
	rig_pause = leave_at_a_wait;
	assert_int_equal(0, vm_madvise(&space, AT, 400 * P, MADV_PAGEOUT));
	rig_pause = disk_pause;
	assert_in_range(disk_count, 1, 8); /* it has waited for these */
	rig_check();
	check_pages(0, 400);
	finish();
}

/* ---- swapoff ---- */

/* All spaces together have all pages back, whatever their permissions and sharers. */
TEST(everything_is_brought_back)
{
	struct space *child;

	begin(SLOTS);
	map(AT, 700, RW); /* more than a leaf table */
	write_pages(0, 200);
	write_pages(600, 60);
	child = fork_space();
	assert_int_equal(0, vm_protect(&space, AT + 10 * P, 10 * P, PROT_NONE));
	push_out();
	assert_true(swap_area_freeze(true));
	assert_false(swap_area_freeze(true));
	assert_int_equal(0, swap_area_drain());
	assert_int_equal(0, swap_in_space(&space, NULL));
	rig_check();
	assert_int_equal(0, space.swapped);
	assert_int_equal(0, swap_area_drain()); /* the child's */
	assert_int_equal(0, swap_in_space(child, NULL));
	rig_check();
	assert_int_equal(260, disk_pages_read);
	assert_int_equal(SLOTS, swap_area_drain());
	push_out(); /* nothing goes any more */
	assert_int_equal(0, space.swapped);
	rig_check();
	assert_true(swap_area_freeze(false));
	assert_int_equal(-1, fake_load(AT + 12 * P));
	assert_int_equal(0, vm_protect(&space, AT + 10 * P, 10 * P, RW));
	check_pages(0, 200);
	rig_run(child);
	check_pages(600, 60);
	drop_space(child);
	finish();
}

static int fail_a_read(struct vm_wait *wait)
{
	if (wait && disk_count)
		disk_end(0, disk_pages_read > 3 ? -EIO : 0);
	return 0;
}

static int kill_at_a_wait(struct vm_wait *wait)
{
	return wait ? -EINTR : 0;
}

/* What came back stays, and the rest is still on the disk. */
TEST(bringing_back_fails)
{
	begin(SLOTS);
	map(AT, 20, RW);
	write_pages(0, 20);
	push_out();
	rig_pause = fail_a_read;
	assert_int_equal(-EIO, swap_in_space(&space, NULL));
	assert_int_equal(17, space.swapped);
	rig_check();
	rig_pause = kill_at_a_wait;
	assert_int_equal(-EINTR, swap_in_space(&space, NULL));
	rig_check();
	rig_pause = disk_pause;
	check_pages(0, 20);
	finish();
}

static unsigned change;

/* Something happens to the first page while it is read. */
static int change_at_a_wait(struct vm_wait *wait)
{
	if (!wait || !disk_count)
		return 0;
	rig_pause = disk_pause;
	switch (change++) {
	case 0:
		assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED));
		break;
	case 1:
		assert_int_equal(0, fake_store(AT, 99));
		break;
	case 2:
		assert_int_equal(0, vm_unmap(&space, AT, P));
		break;
	default:
		space.dying = true;
	}
	disk_end_all();
	return 0;
}

TEST(changes_while_it_is_brought_back)
{
	static const size_t left[] = { 0, 0, 0, 3 };

	begin(SLOTS);
	for (unsigned i = 0; i < 4; i++) {
		map(AT, 4, RW);
		write_pages(0, 4);
		push_out();
		rig_pause = change_at_a_wait;
		assert_int_equal(0, swap_in_space(&space, NULL));
		assert_int_equal(left[i] + (i == 3), space.swapped);
		rig_check();
		space.dying = false;
		rig_pause = disk_pause;
		assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
	}
	finish();
}

static unsigned wanted;

static bool is_wanted(struct space *one)
{
	(void)one;
	return wanted-- > 0;
}

/* Its last process has gone meanwhile. */
TEST(nobody_needs_the_rest)
{
	begin(SLOTS);
	map(AT, 20, RW);
	write_pages(0, 20);
	push_out();
	wanted = 5;
	assert_int_equal(0, swap_in_space(&space, is_wanted));
	assert_int_equal(15, space.swapped);
	check_pages(0, 20);
	finish();
}

/* Memory is needed for all that is out, or nothing is brought back. */
TEST(too_little_memory_to_bring_back)
{
	struct list hogs = LIST_INIT(hogs);
	struct page *hog;

	begin(SLOTS);
	map(AT, 100, RW);
	write_pages(0, 100);
	push_out();
	while (page_alloc_free_count() > 95 && (hog = page_alloc(0, PAGE_KERNEL, PAGE_RESERVE)))
		list_add(&hogs, &hog->link);
	assert_false(swap_off_fits());
	assert_int_equal(-ENOMEM, swap_in_space(&space, NULL));
	assert_int_equal(100, space.swapped);
	while (!list_empty(&hogs)) {
		hog = list_first_entry(&hogs, struct page, link);
		list_del(&hog->link);
		page_free(hog, 0);
	}
	(void)alloc_fail_set(1, NULL, ALLOC_FAIL_STARVE);
	assert_int_equal(-ENOMEM, swap_in_space(&space, NULL));
	(void)alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
	assert_int_equal(0, swap_in_space(&space, NULL));
	check_pages(0, 100);
	finish();
}

/* ---- against a naive model ---- */

#define SPACES 3u
#define PAGES  48u

struct world {
	struct space *spaces[SPACES]; /* NULL: there is none */
	unsigned char bytes[SPACES][PAGES];
};

/* Some writes fail. */
static void end_one(void)
{
	unsigned n;

	if (!disk_count)
		return;
	n = test_below(disk_count);
	disk_end(n, disk_requests[n]->write && !test_below(4) ? -EIO : 0);
}

static void random_step(struct world *world)
{
	unsigned who = test_below(SPACES), page = test_below(PAGES),
		 other = 1 + test_below(SPACES - 1);
	struct space *one = world->spaces[who];
	vaddr_t va = AT + page * P;

	if (!one)
		return;
	rig_run(one);
	switch (test_below(11)) {
	case 0:
	case 1:
	case 2:
		assert_int_equal(world->bytes[who][page], fake_load(va));
		break;
	case 3:
	case 4:
	case 5:
		world->bytes[who][page] = (unsigned char)test_below(256);
		assert_int_equal(0, fake_store(va, world->bytes[who][page]));
		break;
	case 6:
		(void)reclaim(1 + test_below(20));
		break;
	case 7:
		end_one();
		break;
	case 9:
		if (!test_below(20))
			assert_int_equal(0, swap_in_space(one, NULL));
		break;
	case 8:
		assert_int_equal(0, vm_madvise(one, va, P, MADV_DONTNEED));
		world->bytes[who][page] = 0;
		break;
	default:
		if (test_below(20) || other == who)
			break;
		if (world->spaces[other]) {
			rig_run(NULL);
			rig_destroy(world->spaces[other]);
			free(world->spaces[other]);
		}
		world->spaces[other] = malloc(sizeof(*one));
		rig_create(world->spaces[other]);
		assert_int_equal(0, vm_fork(one, world->spaces[other]));
		memcpy(world->bytes[other], world->bytes[who], PAGES);
	}
}

TEST(random_steps) /* R81, R82, R83, R84 */
{
	static struct world world;

	begin(100);
	world.spaces[0] = &space;
	map(AT, PAGES, RW);
	for (unsigned i = 0; i < 30000; i++) {
		random_step(&world);
		if (i % 50 == 0)
			rig_check();
	}
	for (unsigned who = 0; who < SPACES; who++) {
		if (!world.spaces[who])
			continue;
		rig_run(world.spaces[who]);
		for (unsigned page = 0; page < PAGES; page++)
			assert_int_equal(world.bytes[who][page], fake_load(AT + page * P));
		rig_run(NULL);
		rig_destroy(world.spaces[who]);
		if (world.spaces[who] != &space)
			free(world.spaces[who]);
	}
	disk_stop();
	check_gone();
}

/* Other reads may have taken the stream's place by the time that a read's pages are counted. */
TEST(pages_of_a_forgotten_stream_do_not_count)
{
	struct readahead readahead = { 0 };

	readahead_brought(&readahead, 1000000, 4);
	for (unsigned i = 0; i < READAHEAD_STREAMS; i++)
		assert_int_equal(0, readahead.streams[i].brought);
}
