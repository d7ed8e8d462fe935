/* SPDX-License-Identifier: MIT */
/* Switching swap on: what is refused leaves the disk free, and a killed caller leaves no memory behind. */
#include "mm/swap/swap.h"

#include <string.h>

#include "mm/check/alloc_fail.h"
#include "mm/space/commit.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap_cache.h"
#include "rig.h"
#include "tests/host/lib/test.h"

#define DISK_PAGES 256u

static struct block_device disk, other;
static struct block_request *pending;
static uint8_t header[4096];
static unsigned submitted;
static int read_result;

static void disk_submit(struct block_device *dev, struct block_request *request)
{
	(void)dev;
	if (request->write) { /* it forgets what it is given */
		request->done(request, 0);
		return;
	}
	assert_int_equal(0, request->sector);
	assert_int_equal(1, request->npages);
	submitted++;
	pending = request;
}

static const struct block_ops ops = { .submit = disk_submit };

/* The thread that serves the disk. */
static void answer(void)
{
	struct block_request *request = pending;

	pending = NULL;
	if (read_result == 0)
		memcpy(page_address(pfn_to_page(request->pages[0] >> PAGE_SHIFT)), header,
		       sizeof(header));
	request->done(request, read_result);
}

static int pause_answering(struct vm_wait *wait)
{
	if (wait && pending)
		answer();
	return 0;
}

static int pause_killed(struct vm_wait *wait)
{
	return wait ? -EINTR : 0;
}

/* The kill comes together with the answer. */
static int pause_answered_and_killed(struct vm_wait *wait)
{
	if (wait && pending)
		answer();
	return -EINTR;
}

static void make_header(uint32_t last)
{
	memset(header, 0, sizeof(header));
	header[1024] = 1;
	memcpy(header + 1028, &last, sizeof(last));
	memcpy(header + 4086, "SWAPSPACE2", 10);
}

static void begin(void)
{
	rig_start(1024);
	disk = (struct block_device){ .name = "vda",
				      .sectors = DISK_PAGES * SECTORS_PER_PAGE,
				      .ops = &ops };
	other = disk;
	other.name = "vdb";
	make_header(DISK_PAGES - 1);
	read_result = 0;
	rig_pause = pause_answering;
}

TEST(a_disk_with_a_header_is_used_once)
{
	size_t objects;

	begin();
	objects = rig_objects();
	assert_int_equal(0, swap_on(&disk));
	assert_int_equal(-EBUSY, swap_on(&disk));
	assert_int_equal(-EPERM, swap_on(&other));
	assert_int_equal(1, submitted);
	rig_check();
	swap_area_stop();
	assert_int_equal(objects, rig_objects());
	rig_check();
}

TEST(what_is_refused_is_free_again)
{
	size_t free_before, objects;

	begin();
	free_before = rig_free();
	objects = rig_objects();
	disk.read_only = true;
	assert_int_equal(-EROFS, swap_on(&disk));
	assert_int_equal(0, submitted);
	disk.read_only = false;
	read_result = -EIO;
	assert_int_equal(-EIO, swap_on(&disk));
	read_result = 0;
	header[4086] = 'x';
	assert_int_equal(-EINVAL, swap_on(&disk));
	make_header(DISK_PAGES);
	assert_int_equal(-EINVAL, swap_on(&other));
	assert_int_equal(free_before, rig_free());
	assert_int_equal(objects, rig_objects());
	make_header(DISK_PAGES - 1);
	assert_int_equal(0, swap_on(&other));
}

TEST(a_killed_caller_leaves_the_read_to_its_end)
{
	size_t free_before, objects;

	begin();
	free_before = rig_free();
	objects = rig_objects();
	rig_pause = pause_killed;
	assert_int_equal(-EINTR, swap_on(&disk));
	assert_non_null(pending);
	answer();
	assert_int_equal(free_before, rig_free());
	assert_int_equal(objects, rig_objects());
	rig_pause = pause_answered_and_killed;
	assert_int_equal(0, swap_on(&disk));
	swap_area_stop();
	assert_int_equal(objects, rig_objects());
}

TEST(without_memory_nothing_is_claimed)
{
	size_t free_before;

	begin();
	free_before = rig_free();
	for (unsigned nth = 1; nth <= 2; nth++) {
		alloc_fail_at = nth;
		assert_int_equal(-ENOMEM, swap_on(&disk));
		alloc_fail_at = 0;
	}
	assert_int_equal(free_before, rig_free());
	assert_int_equal(0, submitted);
	assert_int_equal(0, swap_on(&disk));
}

/* The counts of the slots may take a sixteenth of memory: the rest of a larger disk is not used. */
TEST(a_disk_that_is_larger_than_memory_can_count)
{
	uint32_t npages, nbad = 4, bad[4];

	begin();
	npages = (uint32_t)page_alloc_total_count() / 16 * 1024;
	bad[0] = 5;
	bad[1] = npages - 1;
	bad[2] = npages;
	bad[3] = npages + 999;
	disk.sectors = (npages + 1000ul) * SECTORS_PER_PAGE;
	make_header(npages + 999);
	memcpy(header + 1032, &nbad, sizeof(nbad));
	memcpy(header + 1536, bad, sizeof(bad));
	fake_log_errors = 0;
	assert_int_equal(0, swap_on(&disk));
	assert_int_equal(1, fake_log_errors);
	assert_int_equal(npages, swap_total());
	assert_int_equal(npages - 3, swap_free());
	rig_check();
	swap_area_stop();
}

/* R45: without memory for the counts of the slots the disk is free again. */
TEST(without_memory_for_slots_nothing_is_claimed)
{
	size_t free_before, objects;
	int result;

	begin();
	free_before = rig_free();
	objects = rig_objects();
	for (unsigned nth = 3;; nth++) {
		alloc_fail_at = nth;
		result = swap_on(&disk);
		alloc_fail_at = 0;
		if (!result)
			break;
		assert_int_equal(-ENOMEM, result);
		assert_int_equal(0, swap_total());
		assert_int_equal(free_before, rig_free());
		assert_int_equal(objects, rig_objects());
	}
	assert_true(submitted > 1);
	swap_area_stop();
}

/* swapoff in its steps: refused, cancelled, done. */
TEST(the_area_is_switched_off)
{
	size_t objects, limit;

	begin();
	objects = rig_objects();
	limit = commit_limit();
	assert_int_equal(-EINVAL, swap_off_begin(&disk));
	assert_int_equal(0, swap_on(&disk));
	assert_int_equal(limit + DISK_PAGES - 1, commit_limit());
	assert_int_equal(-EINVAL, swap_off_begin(&other));
	assert_int_equal(0, swap_off_begin(&disk));
	assert_int_equal(-EINVAL, swap_off_begin(&disk));
	swap_off_cancel();
	assert_int_equal(0, swap_off_begin(&disk));
	assert_int_equal(0, swap_off_end());
	assert_int_equal(limit, commit_limit());
	assert_int_equal(objects, rig_objects());
	assert_int_equal(0, swap_on(&other));
	assert_int_equal(0, swap_off_begin(&other));
	assert_int_equal(0, swap_off_end());
	rig_check();
}

/* commit=strict: what has been promised has no room without the area. */
TEST(promises_need_the_area) /* R90 */
{
	const vaddr_t at = 0x40000000, other_at = 0x80000000;
	static struct space space;
	size_t most;

	begin();
	commit_set_strict(true);
	most = commit_limit();
	assert_int_equal(0, swap_on(&disk));
	rig_create(&space);
	rig_run(&space);
	assert_int_equal(at, rig_map(&space, at, (most + 1) * PAGE_SIZE, RW, ANON | MAP_FIXED));
	assert_int_equal(-ENOMEM, swap_off_begin(&disk));
	assert_int_equal(most + DISK_PAGES - 1, commit_limit());
	assert_false(swap_is_full());
	assert_int_equal(0, vm_unmap(&space, at, PAGE_SIZE));
	assert_int_equal(most, commit_charged());
	assert_int_equal(0, swap_off_begin(&disk));
	assert_int_equal(-ENOMEM, rig_map(&space, other_at, PAGE_SIZE, RW, ANON | MAP_FIXED));
	swap_off_cancel();
	assert_int_equal(other_at, rig_map(&space, other_at, PAGE_SIZE, RW, ANON | MAP_FIXED));
	assert_int_equal(-ENOMEM, swap_off_begin(&disk));
	assert_int_equal(0, vm_unmap(&space, other_at, PAGE_SIZE));
	assert_int_equal(0, swap_off_begin(&disk));
	assert_int_equal(0, swap_off_end());
	assert_int_equal(most, commit_limit());
	rig_check();
	rig_destroy(&space);
	commit_set_strict(false);
}

/* What is out has no room in memory, or is on its way. */
TEST(the_area_is_still_needed)
{
	static struct space space;
	struct page *hog;
	struct list hogs = LIST_INIT(hogs);

	begin();
	assert_int_equal(0, swap_on(&disk));
	rig_create(&space);
	rig_run(&space);
	assert_int_equal(0x40000000,
			 rig_map(&space, 0x40000000, 100 * PAGE_SIZE, RW, ANON | MAP_FIXED));
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(0, fake_store(0x40000000 + i * PAGE_SIZE, 1));
	(void)reclaim(1000);
	assert_int_equal(100, space.swapped);
	while (page_alloc_free_count() > 90 && (hog = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL)))
		list_add(&hogs, &hog->link);
	assert_int_equal(-ENOMEM, swap_off_begin(&disk));
	while (!list_empty(&hogs)) {
		hog = list_first_entry(&hogs, struct page, link);
		list_del(&hog->link);
		page_free(hog, 0);
	}
	assert_int_equal(0, swap_off_begin(&disk));
	assert_int_equal(-EAGAIN, swap_off_end());
	rig_destroy(&space);
	assert_int_equal(0, swap_off_end());
	rig_check();
}

/* The counts of the slots must not take all memory. */
TEST(a_disk_that_is_far_too_large)
{
	uint32_t last = 1u << 20;

	begin();
	disk.sectors = (uint64_t)(last + 1) * SECTORS_PER_PAGE;
	make_header(last);
	header[1032] = 2; /* bad pages: one that is used, and one beyond */
	header[1536] = 7;
	memcpy(header + 1540, &last, sizeof(last));
	assert_int_equal(0, swap_on(&disk));
	assert_in_range(swap_total(), 1024, last / 2);
	assert_int_equal(swap_total() - 2, swap_free());
	assert_int_equal(0, swap_off_begin(&disk));
	assert_int_equal(0, swap_off_end());
	rig_check();
}
