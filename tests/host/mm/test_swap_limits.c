/* SPDX-License-Identifier: MIT */
/* R43, R84. Swap at its limits: no request is left, no slot, no memory; errors; what must not go; spaces that end. */
#include "one_swap.h"

#include <string.h>

#include "mm/check/alloc_fail.h"
#include "mm/get_user_page.h"
#include "mm/object.h"
#include "mm/swap_io.h"
#include "sync/interleave.h"

#define READS 16u /* that can be under way */

/* All pages are on the disk, and the reads of the first n have begun. */
static void begin_reads(unsigned npages, unsigned n)
{
	begin(SLOTS);
	map(AT, npages, RW);
	write_pages(0, npages);
	push_out();
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(fault(AT + i * P, VM_PROT_READ), VM_WAIT);
}

/* ---- requests ---- */

TEST(no_room_for_another_read)
{
	struct vm_wait wait, again;

	begin_reads(READS + 4, READS);
	assert_int_equal(disk_count, READS);
	assert_int_equal(vm_fault(&space, AT + READS * P, VM_PROT_READ, &wait), VM_WAIT);
	assert_int_equal(vm_fault(&space, AT + READS * P, VM_PROT_READ, &again), VM_WAIT);
	assert_int_equal(disk_count, READS);
	assert_ptr_equal(wait.queue, again.queue);
	assert_false(woken(&wait));
	rig_check();
	disk_end(3, 0);
	assert_true(woken(&wait));
	assert_int_equal(vm_fault(&space, AT + READS * P, VM_PROT_READ, &wait), VM_WAIT);
	assert_int_equal(disk_count, READS);
	assert_int_equal(disk_reads, READS + 1);
	check_pages(0, READS + 4);
	finish();
}

/* Eight clusters are being written. The other pages wait for room, and stay what they are. */
TEST(no_room_for_another_write)
{
	begin(SLOTS);
	map(AT, 400, RW);
	write_pages(0, 400);
	start_writes();
	assert_false(swap_may_write());
	assert_int_equal(disk_writes, 8);
	assert_in_range(disk_pages_written, 8, 399);
	assert_int_equal(swap_writing(), disk_pages_written);
	rig_check();
	check_pages(0, 400);
	assert_int_equal(disk_reads, 0);
	disk_end(5, 0);
	assert_true(swap_may_write());
	push_out();
	push_out(); /* those that were in use during their write */
	assert_int_equal(swap_writing(), 0);
	assert_int_equal(space.swapped, 400);
	check_pages(0, 400);
	finish();
}

/* R84: a disk that fails once fails often: the log has the first error only. */
TEST(one_read_error_is_logged)
{
	begin_reads(4, 3);
	fake_log_errors = 0;
	disk_end(1, -EIO);
	assert_int_equal(fake_log_errors, 1);
	disk_end(0, -EIO);
	disk_end(0, 0);
	assert_int_equal(fake_log_errors, 1);
	assert_int_equal(fault(AT, VM_PROT_READ), VM_BUS);
	assert_int_equal(fault(AT + P, VM_PROT_WRITE), VM_BUS);
	check_pages(0, 4);
	finish();
}

TEST(one_write_error_is_logged)
{
	begin(SLOTS);
	map(AT, 60, RW);
	write_pages(0, 60);
	start_writes();
	fake_log_errors = 0;
	while (disk_count)
		disk_end(0, -EIO);
	assert_int_equal(fake_log_errors, 1);
	push_out();
	assert_int_equal(fake_log_errors, 1);
	check_pages(0, 60);
	finish();
}

/* ---- what must not go ---- */

/* A reader and a writer of another process have pages: these stay, and what was written is not lost. */
TEST(pages_with_references_stay)
{
	const unsigned access[] = { VM_PROT_READ, VM_PROT_WRITE };
	struct page *pages[2];

	begin(SLOTS);
	map(AT, 10, RW);
	for (unsigned round = 0; round < 3; round++) {
		write_pages(0, 10);
		if (round == 1)
			push_out(); /* they are brought back, and stay in the swap cache */
		for (unsigned i = 0; i < 2; i++) {
			if (round == 1)
				check_pages(i, 1);
			assert_int_equal(get_user_page(&space, AT + i * P, access[i], &pages[i]),
					 0);
		}
		(void)reclaim(10000);
		disk_end_all();
		assert_int_equal(ledger_check(NULL), 2); /* it does not know of the references */
		assert_int_equal(space.resident, 2);
		assert_int_equal(space.swapped, 8);
		((unsigned char *)page_address(pages[1]))[77] = 99;
		for (unsigned i = 0; i < 2; i++)
			put_user_page(&space, pages[i], access[i]);
		push_out();
		assert_int_equal(space.swapped, 10);
		assert_int_equal(fake_load(AT + P + 77), 99);
		check_pages(0, 10);
	}
	finish();
}

/* Locked memory stays. A child does not inherit the lock: its entries go, and find the page again. */
TEST(locked_memory_stays)
{
	struct space *child;

	begin(SLOTS);
	map(AT, 10, RW);
	write_pages(0, 10);
	assert_int_equal(vm_lock(&space, AT, 10 * P, VMA_LOCKED), 0);
	push_out();
	assert_int_equal(space.resident, 10);
	child = fork_space();
	push_out();
	assert_int_equal(space.resident, 10);
	assert_int_equal(child->swapped, 10);
	rig_run(child);
	check_pages(0, 5);
	assert_int_equal(fake_store(AT, 1), 0);
	assert_int_equal(disk_reads, 0);
	drop_space(child);
	check_pages(0, 10);
	finish();
}

/* ---- slots ---- */

/* A page that comes back for a write gives its slot up, and so does any page if slots are scarce. */
TEST(slots_are_given_up)
{
	begin(16);
	map(AT, 12, RW);
	write_pages(0, 6);
	push_out();
	assert_int_equal(swap_free(), 10);
	check_pages(0, 1);
	assert_int_equal(swap_free(), 10);
	write_pages(1, 1);
	assert_int_equal(swap_free(), 11);
	write_pages(6, 6);
	push_out();
	assert_int_equal(swap_free(), 4);
	check_pages(2, 1);
	assert_int_equal(swap_free(), 5);
	check_pages(0, 12);
	finish();
}

/* The first ten pages are used all the time. */
static int use_some(struct vm_wait *wait)
{
	int result = disk_pause(wait);

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(fake_load(AT + i * P + i), byte_of(i));
	return result;
}

/* R84: with no slot left, pages that are used give up theirs, so that others can go. */
TEST(pages_in_use_give_slots_to_others)
{
	begin(32);
	map(AT, 80, RW);
	write_pages(0, 10);
	push_out();
	check_pages(0, 10);
	assert_int_equal(swap_free(), 22);
	write_pages(10, 70);
	rig_pause = use_some;
	for (unsigned i = 0; i < 10; i++)
		(void)reclaim(10000);
	rig_pause = disk_pause;
	disk_end_all();
	rig_check();
	assert_int_equal(space.swapped, 32);
	for (unsigned i = 0; i < 10; i++) {
		uint8_t there;

		assert_int_equal(vm_mincore(&space, AT + i * P, 1, &there), 1);
		assert_int_equal(there, 1);
	}
	check_pages(0, 80);
	finish();
}

/* Four slots that became free while their pages were read have other bytes now, and are read again. */
static void begin_reads_of_reused_slots(void)
{
	begin(4);
	map(AT, 4, RW);
	write_pages(0, 4);
	push_out();
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(fault(AT + i * P, VM_PROT_READ), VM_WAIT);
	assert_int_equal(vm_unmap(&space, AT, 4 * P), 0);
	assert_int_equal(swap_free(), 4);
	map(AT, 4, RW);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(fake_store(AT + i * P, (unsigned char)(200 + i)), 0);
	rig_pause = leave_at_a_wait;
	assert_int_equal(reclaim(10000), -EINTR);
	rig_pause = disk_pause;
	while (disk_count > 4)
		disk_end(4, 0);
	rig_check();
	assert_int_equal(space.swapped, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(fault(AT + i * P, VM_PROT_READ), VM_WAIT);
	assert_int_equal(disk_count, 8);
}

/* The old reads end first, then the new ones: nobody learns of the old ones. */
static void end_reads_of_reused_slots(int result)
{
	for (unsigned i = 0; i < 4; i++)
		disk_end(0, result);
	rig_check();
	assert_int_equal(fault(AT, VM_PROT_READ), VM_WAIT);
	assert_int_equal(disk_count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(fake_load(AT + i * P), 200 + i);
	finish();
}

TEST(slots_are_used_again_during_their_reads)
{
	begin_reads_of_reused_slots();
	end_reads_of_reused_slots(0);
}

TEST(slots_are_used_again_and_their_old_reads_fail)
{
	begin_reads_of_reused_slots();
	end_reads_of_reused_slots(-EIO);
}

TEST(slots_are_used_again_and_their_old_reads_end_last)
{
	begin_reads_of_reused_slots();
	for (unsigned i = 0; i < 4; i++)
		disk_end(4, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(fake_load(AT + i * P), 200 + i);
	finish();
}

/* ---- memory ---- */

/* R45: without memory for the index the pages stay, and their slots are free again. */
TEST(no_memory_for_the_index)
{
	begin(SLOTS);
	map(AT, 100, RW);
	write_pages(0, 100);
	(void)alloc_fail_set(1, NULL, ALLOC_FAIL_STARVE);
	assert_int_equal(reclaim(100), 0);
	assert_true(alloc_fail_set(0, NULL, ALLOC_FAIL_ASK));
	rig_check();
	assert_int_equal(space.resident, 100);
	assert_int_equal(swap_free(), SLOTS);
	push_out();
	assert_int_equal(space.swapped, 100);
	check_pages(0, 100);
	finish();
}

/* The index gives its nodes back, but for a few. */
TEST(nodes_come_back)
{
	enum { N = 4000, NODES = N / 64 + 16, KEPT = 32 }; /* 16 are there from the start */
	size_t objects;

	begin(2 * N + 100); /* not scarce */
	map(AT, N, RW);
	for (unsigned i = 0; i < N; i += 500) {
		write_pages(i, 500);
		push_out();
	}
	assert_int_equal(space.swapped, N);
	for (unsigned i = 0; i < N; i += 8)
		check_pages(i, 1);
	objects = rig_objects();
	assert_int_equal(vm_unmap(&space, AT, N * P), 0);
	map(AT, 1, RW);
	write_pages(0, 1);
	push_out();
	assert_in_range(objects - rig_objects(), NODES - KEPT - 2, NODES - KEPT + 10);
	check_pages(0, 1);
	finish();
}

/* R45: a fault that gets no memory changes nothing. */
TEST(no_memory_for_a_page)
{
	begin_reads(2, 0);
	for (unsigned nth = 1;; nth++) {
		int result;

		(void)alloc_fail_set(nth, NULL, ALLOC_FAIL_STARVE);
		result = fault(AT, VM_PROT_WRITE);
		(void)alloc_fail_set(0, NULL, ALLOC_FAIL_ASK);
		rig_check();
		assert_int_equal(space.swapped, 2);
		if (result == VM_WAIT)
			break;
		assert_int_equal(result, VM_OOM);
	}
	assert_int_equal(disk_reads, 1);
	check_pages(0, 2);
	finish();
}

/* ---- spaces that end ---- */

/* The child ends while its pages are read. They are the parent's too, or nobody's. */
TEST(a_space_ends_during_reads)
{
	begin_reads(16, 0);
	for (unsigned shared = 0; shared < 2; shared++) {
		struct space *child = fork_space();

		if (shared)
			assert_int_equal(vm_unmap(&space, AT, 8 * P), 0);
		for (unsigned i = 0; i < 16; i++) {
			struct vm_wait wait;

			assert_int_equal(vm_fault(child, AT + i * P, VM_PROT_WRITE, &wait),
					 VM_WAIT);
		}
		drop_space(child);
		assert_int_equal(swap_free(), SLOTS - (shared ? 8 : 16));
		rig_check();
		disk_end_all();
		rig_check();
		disk_reads = 0;
		check_pages(8, 8);
		assert_int_equal(disk_reads, 0);
		push_out();
	}
	finish();
}

/* The kill of a process that waits for a page waits for nothing. */
TEST(killed_during_reads)
{
	begin_reads(8, 4);
	vm_oom_reap(&space);
	assert_int_equal(space.swapped, 0);
	assert_int_equal(swap_free(), SLOTS);
	rig_check();
	disk_end(2, 0);
	assert_int_equal(fault(AT + 2 * P, VM_PROT_READ), VM_DYING);
	disk_end_all();
	assert_int_equal(fault(AT, VM_PROT_READ), VM_DYING);
	finish();
}

/* ---- what others do between two steps ---- */

static void (*meanwhile)(void);

static void at_decision(enum interleave_kind kind, enum lock_class class, void *what)
{
	void (*now)(void) = meanwhile;

	(void)class, (void)what;
	if (kind != INTERLEAVE_DECIDED || !now)
		return;
	meanwhile = NULL;
	now();
}

static void unmap_all(void)
{
	assert_int_equal(vm_unmap(&space, AT, GIB), 0);
}

static void reap_all(void)
{
	vm_oom_reap(&space);
}

static void fill_and_unmap(void)
{
	check_pages(0, 1);
	unmap_all();
}

static void fill_only(void)
{
	check_pages(0, 1);
}

static struct space *forked;

static void fork_it(void)
{
	forked = fork_space();
}

/* Between bringing the page and installing it the fault has references to the page and to the slot. */
TEST(changes_before_the_page_is_installed)
{
	static const struct {
		void (*what)(void);
		int outcome;
		uint64_t nused;
	} cases[] = {
		{ unmap_all, VM_SEGV_MAPERR, 0 },
		{ fill_and_unmap, VM_SEGV_MAPERR, 0 },
		{ fill_only, 0, 0 }, /* the fault's own reference makes it COW */
		{ fork_it, 0, 1 },
		{ NULL, 0, 0 }, /* nobody else needs the page, and the fault is for a write */
		{ reap_all, VM_DYING, 0 },
	};

	begin(SLOTS);
	interleave_hook = at_decision;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		map(AT, 1, RW);
		write_pages(0, 1);
		push_out();
		meanwhile = cases[i].what;
		disk_at_once = true;
		assert_int_equal(fault(AT, VM_PROT_WRITE), cases[i].outcome);
		disk_at_once = false;
		assert_null(meanwhile);
		rig_check();
		assert_int_equal(SLOTS - swap_free(), cases[i].nused);
		if (cases[i].outcome == 0)
			check_pages(0, 1);
		if (forked)
			drop_space(forked);
		forked = NULL;
		assert_int_equal(vm_unmap(&space, AT, GIB), 0);
	}
	finish();
}

/* As another thread that runs when the swap cache's lock is about to be taken. */
static void at_the_lock(enum interleave_kind kind, enum lock_class class, void *what)
{
	void (*now)(void) = meanwhile;

	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_SWAP_CACHE || !now)
		return;
	meanwhile = NULL;
	now();
}

static void reclaim_all(void)
{
	(void)reclaim(10000);
}

/* A page of which only the swap cache knows is about to be freed with its slot: nobody else drops it. */
TEST(reclaim_between_unmapping_and_freeing)
{
	static void (*const what[])(void) = { object_trim, reclaim_all };

	begin(SLOTS);
	interleave_hook = at_the_lock;
	for (unsigned i = 0; i < ARRAY_SIZE(what); i++) {
		map(AT, 4, RW);
		write_pages(0, 4);
		push_out();
		check_pages(0, 4);
		meanwhile = what[i];
		assert_int_equal(vm_unmap(&space, AT, 4 * P), 0);
		assert_null(meanwhile);
		rig_check();
		assert_int_equal(swap_free(), SLOTS);
	}
	finish();
}

/* Page 1 was read into the frame of page 0, and its slot has another page now. */
static void use_frame_and_slot_again(void)
{
	disk_end_all();
	assert_int_equal(fault(AT + P, VM_PROT_READ), VM_WAIT);
	assert_int_equal(vm_unmap(&space, AT + P, P), 0);
	write_pages(2, 3);
	rig_pause = leave_at_a_wait;
	assert_int_equal(reclaim(10000), -EINTR);
	rig_pause = disk_pause;
	check_pages(2, 3);
}

TEST(a_frame_is_another_page_s_before_it_is_freed)
{
	begin(3);
	map(AT, 5, RW);
	write_pages(0, 2);
	push_out();
	write_pages(0, 1);
	start_writes();
	check_pages(0, 1);
	interleave_hook = at_the_lock;
	meanwhile = use_frame_and_slot_again;
	assert_int_equal(vm_unmap(&space, AT, P), 0);
	assert_null(meanwhile);
	rig_check();
	check_pages(2, 3);
	finish();
}

/* As another thread that runs when a request is free again. */
static void at_the_free_request(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind == INTERLEAVE_UNLOCK && class == LOCK_SWAP_CACHE && !swap_writing() && meanwhile) {
		interleave_hook = NULL;
		meanwhile();
	}
}

static void write_others(void)
{
	map(AT + MIB, 1, RW);
	assert_int_equal(fake_store(AT + MIB, 1), 0);
	start_writes();
	assert_int_equal(disk_requests[0]->sector, 4 * SECTORS_PER_PAGE);
}

/* The log has the page whose write failed, though its request is used for another one by then. */
TEST(the_error_of_a_request_that_is_used_again)
{
	begin(SLOTS);
	map(AT, 3, RW);
	write_pages(0, 3);
	start_writes();
	check_pages(0, 3); /* they are used, and not written again at once */
	meanwhile = write_others;
	interleave_hook = at_the_free_request;
	disk_end(0, -EIO);
	assert_null(interleave_hook);
	assert_non_null(strstr(fake_log_last_error, "page 1 can't be written"));
	finish();
}

/* ---- the ledger ---- */

TEST(the_ledger_counts_references_to_slots)
{
	struct mmu_entry *slot, entry;

	begin(SLOTS);
	map(AT, 2, RW);
	write_pages(0, 2);
	push_out();
	slot = arch_mmu_lookup(&space.mmu, AT);
	entry = entry_load(slot);
	swap_slot_get(entry_swap_slot(entry));
	assert_int_equal(ledger_check(NULL), 1);
	swap_slot_put(entry_swap_slot(entry));
	space.swapped++;
	assert_int_equal(ledger_check(NULL), 1);
	space.swapped--;
	*slot = entry_make_swap(SLOTS + 1);
	assert_int_equal(ledger_check(NULL),
			 2); /* no such slot; and that of the entry has too many */
	*slot = entry;
	rig_check();
	check_pages(0, 1);
	swap_slot_get(entry_swap_slot(entry));
	assert_int_equal(ledger_check(NULL), 2); /* the entry may not be writable either */
	swap_slot_put(entry_swap_slot(entry));
	finish();
}
