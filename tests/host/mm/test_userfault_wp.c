/* SPDX-License-Identifier: MIT */
/* Pages that their program has write-protected: what waits, and what keeps the mark of the entry or drops it (R230). */
#include "large.h"
#include "one_swap.h"

#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/collapse.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/userfault.h"

#define N 8

static struct userfault *userfault;
static struct vm_wait asked; /* the last wait for the program */

/* Waits for the disk only. */
static int serve(vaddr_t va, unsigned access)
{
	struct space *running = list_entry(fake_active(), struct space, mmu);

	vm_wait_init(&asked);
	for (;;) {
		rig_outcome = vm_fault(running, va, access, &asked);
		if (rig_outcome == VM_RECORDED)
			rig_outcome = VM_OK;
		if (rig_outcome != VM_WAIT || asked.why == WAITS_FOR_USERFAULT)
			return rig_outcome;
		assert_true(disk_count > 0);
		disk_end(0, 0);
	}
}

static void begin_wp(size_t npages)
{
	begin_large();
	thp_mode = THP_NEVER;
	userfault = userfault_create();
	assert_non_null(userfault);
	map(AT, npages, RW);
	fake_fault = serve;
}

static void end_wp(void)
{
	rig_pause = NULL;
	thp_mode = THP_NEVER;
	rig_check();
	rig_destroy(&space);
	userfault_put(userfault);
	check_gone();
}

static int set(size_t first, size_t n, unsigned modes)
{
	return vm_userfault_register(&space, AT + first * P, AT + (first + n) * P, userfault,
				     modes);
}

static int protect(size_t first, size_t n)
{
	return vm_userfault_protect(&space, AT + first * P, AT + (first + n) * P, true);
}

static int allow(size_t first, size_t n)
{
	return vm_userfault_protect(&space, AT + first * P, AT + (first + n) * P, false);
}

/* Does a write to the page wait for the program? If not, it is done. */
static bool waits(size_t i)
{
	if (fake_store(place_of(i), byte_at(i)) == 0)
		return false;
	assert_true(rig_outcome == VM_WAIT && asked.why == WAITS_FOR_USERFAULT);
	assert_true(asked.is_protected && asked.writes && asked.va == AT + i * P);
	return true;
}

static void begin_written(size_t npages)
{
	begin_wp(npages);
	write_range(0, npages);
	assert_int_equal(0, set(0, npages, VMA_UF_WP));
}

TEST(wp_waits_at_writes)
{
	begin_written(N);
	assert_false(waits(2)); /* nothing is protected yet */
	assert_int_equal(0, protect(1, 3));
	for (size_t i = 0; i < N; i++)
		assert_int_equal(i >= 1 && i < 4, waits(i));
	check_range(0, N);
	assert_int_equal(0, protect(1, 3));
	assert_int_equal(0, allow(2, 1));
	assert_true(waits(1) && !waits(2) && waits(3));
	assert_int_equal(0, allow(0, N));
	for (size_t i = 0; i < N; i++)
		assert_false(waits(i));
	assert_int_equal(N, space.resident); /* no page was copied */
	end_wp();
}

TEST(wp_of_what_is_registered)
{
	begin_wp(N);
	assert_int_equal(-ENOENT, protect(0, 1));
	assert_int_equal(0, set(0, 2, VMA_UF_MISSING));
	assert_int_equal(-ENOENT, protect(0, 1));
	assert_int_equal(0, set(2, 2, VMA_UF_WP));
	write_range(2, 6);
	assert_int_equal(-ENOENT, protect(2, 3));
	assert_true(waits(2) && !waits(4)); /* as far as it went */
	assert_int_equal(-ENOENT, protect(2 * N, 1));
	assert_int_equal(0, vm_unmap(&space, AT + 2 * P, P));
	assert_int_equal(0, protect(2, 2)); /* over a hole */
	assert_true(waits(3));
	assert_int_equal(0, set(3, 1, VMA_UF_MISSING | VMA_UF_WP));
	assert_true(waits(3));
	end_wp();
}

/* The mark is the page's: what comes after it is not protected, and no registration finds one from before. */
TEST(wp_dropped)
{
	begin_written(N);
	assert_int_equal(0, protect(0, N));
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED));
	assert_false(waits(0));
	assert_int_equal(0, vm_userfault_unregister(&space, AT, AT + 4 * P));
	assert_true(!waits(1) && waits(4));
	assert_int_equal(0, set(0, 4, VMA_UF_WP));
	assert_true(!waits(1) && !waits(2) && !waits(3));
	vm_userfault_forget(&space, userfault);
	assert_false(waits(4));
	assert_int_equal(0, set(0, N, VMA_UF_WP));
	assert_int_equal(0, protect(5, 1));
	userfault_close(userfault);
	assert_true(!waits(5) && !waits(6));
	end_wp();
}

/* The parent keeps its marks; the child has none that count. */
TEST(wp_and_fork)
{
	struct space child;

	begin_written(N);
	assert_int_equal(0, protect(0, 4));
	begin_child(&child);
	assert_true(waits(0));
	rig_run(&child);
	assert_true(!waits(0) && !waits(5));
	check_range(0, N);
	rig_run(&space);
	assert_true(waits(0) && waits(1) && !waits(5));
	assert_int_equal(0, allow(1, 1));
	assert_false(waits(1)); /* into a copy */
	rig_run(&child);
	check_range(0, N);
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	assert_true(waits(0));
	check_range(0, N);
	end_wp();
}

TEST(wp_and_mprotect)
{
	static const unsigned prots[] = { PROT_NONE, PROT_READ, PROT_EXEC };

	begin_written(2 * N + MANY);
	assert_int_equal(0, protect(0, 2 * N + MANY));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(0, vm_protect(&space, AT, 2 * N * P, prots[i]));
		rig_check();
		assert_int_equal(-1, fake_store(AT, 1));
		assert_int_equal(VM_SEGV_ACCERR, rig_outcome);
		assert_int_equal(0, vm_protect(&space, AT, P, RW)); /* a few, and many */
		assert_true(waits(0));
		assert_int_equal(0, vm_protect(&space, AT, (2 * N + MANY) * P, RW));
		assert_true(waits(1));
		check_range(0, 2 * N);
	}
	assert_int_equal(0, vm_lock(&space, AT, N * P, VMA_LOCKED));
	assert_true(waits(2));
	end_wp();
}

TEST(wp_does_not_move_along)
{
	vaddr_t to = 0;

	begin_written(N);
	assert_int_equal(0, protect(0, N));
	assert_int_equal(0, vm_remap(&space, AT, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				     AT + N * P, &to));
	assert_int_equal(0, fake_store(AT + N * P, 1));
	assert_true(waits(2));
	assert_int_equal(0, set(N, 2, VMA_UF_WP));
	assert_int_equal(0, fake_store(AT + (N + 1) * P, 1)); /* its old mark is gone, too */
	end_wp();
}

TEST(wp_through_swap)
{
	struct space child;

	begin_written(N);
	begin_disk(64);
	fake_fault = serve;
	assert_int_equal(0, protect(0, 4));
	assert_int_equal(0, vm_madvise(&space, AT, N * P, MADV_PAGEOUT));
	disk_end_all();
	assert_int_equal(N, space.swapped);
	assert_true(waits(0)); /* a write brings the page, and waits */
	assert_int_equal(byte_at(1), fake_load(place_of(1)));
	assert_true(waits(1));
	assert_false(waits(5));
	assert_int_equal(0, allow(2, 1)); /* while it is away */
	assert_false(waits(2));
	assert_int_equal(0, protect(6, 1));
	assert_true(waits(6));
	assert_int_equal(0, vm_madvise(&space, AT + 3 * P, P, MADV_PAGEOUT));
	disk_end_all();
	begin_child(&child);
	rig_run(&child);
	fake_fault = serve;
	assert_false(waits(3));
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	assert_true(waits(3));
	check_range(0, N);
	assert_int_equal(0, vm_unmap(&space, AT, N * P));
	disk_stop();
	end_wp();
}

/* A mark in swap is none of the entry's permissions. */
TEST(wp_in_swap_and_mprotect)
{
	begin_written(N);
	begin_disk(64);
	fake_fault = serve;
	assert_int_equal(0, protect(0, N));
	assert_int_equal(0, vm_madvise(&space, AT, N * P, MADV_PAGEOUT));
	disk_end_all();
	assert_int_equal(N, space.swapped);
	assert_int_equal(0, vm_protect(&space, AT, N * P, PROT_NONE));
	assert_int_equal(0, vm_protect(&space, AT, N * P, RW));
	assert_int_equal(N, space.swapped);
	assert_true(waits(0) && waits(1));
	check_range(0, N);
	assert_int_equal(0, vm_unmap(&space, AT, N * P));
	disk_stop();
	end_wp();
}

/* A run of writes fills no page that is protected as a hole. */
TEST(wp_of_holes_stops_runs)
{
	begin_wp(64);
	thp_mode = THP_ALWAYS;
	userfault->has_holes = true;
	assert_int_equal(0, set(0, 64, VMA_UF_WP));
	assert_int_equal(0, protect(0, 64));
	for (size_t i = 0; i < 16; i++) {
		assert_true(waits(i));
		assert_int_equal(0, allow(i, 1));
		assert_false(waits(i));
	}
	assert_true(waits(16));
	end_wp();
}

/* Pages that were filled ahead and not used yet are there: reclaim does not drop their protection. */
TEST(wp_of_pages_filled_ahead)
{
	begin_wp(64);
	begin_disk(128);
	fake_fault = serve;
	thp_mode = THP_ALWAYS;
	write_range(0, 17);
	assert_true(space.resident > 17);
	thp_mode = THP_NEVER;
	assert_int_equal(0, set(0, 64, VMA_UF_WP));
	assert_int_equal(0, protect(0, 64));
	assert_int_equal(0, vm_madvise(&space, AT, 64 * P, MADV_PAGEOUT));
	push_out();
	assert_true(waits(3) && waits(18));
	assert_int_equal(0, vm_unmap(&space, AT, 64 * P));
	disk_stop();
	end_wp();
}

/* brk holds the mmap lock, so it does not wait for the program. */
TEST(wp_of_the_break)
{
	vaddr_t base;

	begin_wp(N);
	base = space.brk;
	assert_int_equal(base + 100, vm_brk(&space, base + 100));
	assert_int_equal(0, fake_store(base + 80, 1));
	assert_int_equal(0, vm_userfault_register(&space, base, base + P, userfault, VMA_UF_WP));
	assert_int_equal(0, vm_userfault_protect(&space, base, base + P, true));
	assert_int_equal(base + 50, vm_brk(&space, base + 50));
	assert_int_equal(base + 50, vm_brk(&space, base + 70)); /* refused */
	assert_int_equal(0, vm_userfault_protect(&space, base, base + P, false));
	assert_int_equal(base + 90, vm_brk(&space, base + 90));
	assert_int_equal(0, fake_load(base + 80));
	end_wp();
}

TEST(wp_of_large_entries)
{
	begin_wp(2 * BLOCK);
	thp_mode = THP_ALWAYS;
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	write_range(0, 2 * BLOCK);
	assert_int_equal(2, space.large);
	assert_int_equal(0, set(0, 2 * BLOCK, VMA_UF_WP));
	assert_int_equal(0, protect(0, 2 * BLOCK));
	assert_int_equal(2, space.large);
	assert_true(waits(0) && waits(BLOCK - 1) && waits(BLOCK));
	check_range(0, 2 * BLOCK);
	assert_int_equal(0, allow(0, BLOCK));
	assert_true(!waits(5) && waits(BLOCK + 5));
	assert_int_equal(2, space.large);
	assert_int_equal(0, allow(BLOCK + 3, 1)); /* a part of it */
	assert_int_equal(1, space.large);
	assert_true(waits(BLOCK + 2) && !waits(BLOCK + 3) && waits(BLOCK + 4));
	assert_int_equal(-EINVAL, vm_madvise(&space, AT + BLOCK * P, BLOCK * P, MADV_COLLAPSE));
	assert_true(waits(BLOCK + 4));
	check_range(0, 2 * BLOCK);
	end_wp();
}

/* Runs of writes pass no mark: pages that become writable ahead of their use. */
TEST(wp_stops_runs)
{
	struct space child;

	begin_written(64);
	thp_mode = THP_ALWAYS;
	assert_int_equal(0, protect(20, 1));
	begin_child(&child);
	rig_destroy(&child);
	for (size_t i = 0; i < 20; i++)
		assert_false(waits(i));
	assert_true(waits(20));
	for (size_t i = 21; i < 64; i++)
		assert_false(waits(i));
	assert_true(waits(20));
	end_wp();
}

TEST(wp_given)
{
	struct page *page;

	begin_wp(N);
	assert_int_equal(0, set(0, N, VMA_UF_MISSING | VMA_UF_WP));
	for (size_t i = 0; i < 2; i++) {
		page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		memset(page_address(page), 0, P);
		assert_int_equal(0, userfault_give(&space, AT + i * P, &page, i == 0));
		assert_null(page);
	}
	assert_true(waits(0) && !waits(1));
	assert_int_equal(0, fake_load(AT));
	assert_int_equal(0, allow(0, 1));
	assert_false(waits(0));
	end_wp();
}

/* Memory that is registered for writes only can be given pages, too. */
TEST(wp_given_without_missing)
{
	struct page *page = NULL;

	begin_wp(N);
	assert_int_equal(0, set(0, N, VMA_UF_WP));
	assert_int_equal(0, userfault_give(&space, AT, &page, false));
	assert_int_equal(0, userfault_give(&space, AT + P, &page, true));
	assert_true(!waits(0) && waits(1));
	assert_int_equal(-EEXIST, userfault_give(&space, AT, &page, false));
	end_wp();
}

TEST(wp_async)
{
	begin_written(N);
	userfault->is_async = true;
	assert_int_equal(0, protect(0, N));
	assert_false(waits(3));
	assert_true(entry_is_wp(entry_at(&space, AT + 2 * P)));
	assert_false(entry_is_wp(entry_at(&space, AT + 3 * P)));
	end_wp();
}

/* What has no page is protected only if that was asked for. */
TEST(wp_of_holes)
{
	begin_wp(2 * N);
	assert_int_equal(0, set(0, N, VMA_UF_WP));
	assert_int_equal(0, protect(0, N));
	assert_false(waits(0));
	userfault->has_holes = true;
	assert_int_equal(0, protect(0, N));
	assert_true(waits(0) && waits(1) && waits(N - 1));
	assert_int_equal(0, fake_load(AT + P));
	assert_int_equal(0, allow(1, 1));
	assert_false(waits(1));
	assert_int_equal(
		0, set(N, N,
		       VMA_UF_WP | VMA_UF_MISSING)); /* there, the program is asked for the page */
	assert_int_equal(0, protect(N, N));
	assert_int_equal(-1, fake_store(AT + N * P, 1));
	assert_true(asked.why == WAITS_FOR_USERFAULT && !asked.is_protected);
	end_wp();
}

TEST(wp_for_the_kernel)
{
	struct page *page;

	begin_written(N);
	assert_int_equal(0, protect(0, N));
	assert_int_equal(0, get_user_page(&space, AT, VM_PROT_READ, &page));
	put_user_page(&space, page, VM_PROT_READ);
	rig_pause = leave_at_a_wait; /* killed */
	assert_int_equal(-EINTR, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	userfault->user_only = true;
	assert_int_equal(-EFAULT, get_user_page(&space, AT, VM_PROT_WRITE, &page));
	assert_true(waits(0));
	userfault->refuses = true;
	assert_int_equal(-1, fake_store(AT, 1));
	assert_int_equal(VM_BUS, rig_outcome);
	end_wp();
}

TEST(wp_beside_readers)
{
	begin_wp(N);
	space_share(&space);
	write_range(0, N);
	assert_int_equal(0, set(0, N, VMA_UF_WP));
	assert_int_equal(0, protect(0, 2));
	assert_true(waits(0) && !waits(2));
	assert_int_equal(0, allow(0, 1));
	assert_true(!waits(0) && waits(1));
	end_wp();
}

TEST(wp_who_waits)
{
	struct vm_wait wait = { .why = WAITS_FOR_USERFAULT,
				.space = &space,
				.va = AT,
				.writes = true,
				.is_protected = true };
	struct userfault_message message;
	struct userfault_waiter waiter;

	begin_written(N);
	assert_false(userfault_enter(&wait, AT + 5, 1, &waiter));
	assert_int_equal(0, protect(0, 1));
	assert_true(userfault_enter(&wait, AT + 5, 1, &waiter));
	assert_true(userfault_next(userfault, &message));
	assert_true(message.is_protected && message.writes && message.address == AT + 5);
	userfault_leave(&waiter);
	wait.is_protected = false; /* it was missing, and has come */
	assert_false(userfault_enter(&wait, AT + 5, 1, &waiter));
	end_wp();
}

TEST(wp_out_of_memory)
{
	begin_wp(2 * BLOCK);
	thp_mode = THP_ALWAYS;
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	write_range(0, BLOCK);
	assert_int_equal(0, set(0, 2 * BLOCK, VMA_UF_WP));
	alloc_fail_at = 1;
	assert_int_equal(-ENOMEM, protect(1, 2));
	alloc_fail_at = 0;
	assert_int_equal(1, space.large);
	assert_false(waits(1));
	end_wp();
}
