/* SPDX-License-Identifier: MIT */
/* R43, R84. Swap at its limits: no request is left, no slot, no memory; errors; what must not go; spaces that end. */
#include "one_swap.h"

#include "mm/check/alloc_fail.h"
#include "mm/swap/clock_hand.h"
#include "mm/fault/get_user_page.h"
#include "sync/interleave.h"
#include "mm/object/object.h"
#include "mm/object/page_cache.h"
#include "mm/swap/page_age.h"
#include "mm/swap/swap_io.h"

#define READS 12u

/* All pages are on the disk, and the reads of the first n have begun. */
static void begin_reads(unsigned npages, unsigned n)
{
	begin(SLOTS);
	map(AT, npages, RW);
	write_pages(0, npages);
	push_out();
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(VM_WAIT, fault(AT + 2 * i * P, VM_PROT_READ));
}

/* ---- requests ---- */

TEST(no_room_for_another_read)
{
	struct vm_wait wait = { 0 }, again = { 0 };

	begin_reads(2 * READS + 4, READS);
	assert_int_equal(READS, disk_count);
	assert_int_equal(VM_WAIT, vm_fault(&space, AT + 2 * READS * P, VM_PROT_READ, &wait));
	assert_int_equal(VM_WAIT, vm_fault(&space, AT + 2 * READS * P, VM_PROT_READ, &again));
	assert_int_equal(READS, disk_count);
	assert_ptr_equal(again.queue, wait.queue);
	assert_int_equal(WAITS_FOR_SWAP_ROOM, again.why);
	assert_false(woken(&wait));
	rig_check();
	disk_end(3, 0);
	assert_true(woken(&wait));
	assert_int_equal(VM_WAIT, vm_fault(&space, AT + 2 * READS * P, VM_PROT_READ, &wait));
	assert_int_equal(READS, disk_count);
	assert_int_equal(READS + 1, disk_reads);
	check_pages(0, 2 * READS + 4);
	finish();
}

/* Eight pages are being written. The others wait for room, and stay what they are. */
TEST(no_room_for_another_write)
{
	begin_apart(SLOTS);
	map(AT, 400, RW);
	write_pages(0, 400);
	start_writes();
	assert_false(swap_may_write());
	assert_int_equal(8, disk_writes);
	assert_in_range(disk_pages_written, 8, 399);
	assert_int_equal(disk_pages_written, swap_writing());
	rig_check();
	check_pages(0, 400);
	assert_int_equal(0, disk_reads);
	disk_end(5, 0);
	assert_true(swap_may_write());
	push_out();
	push_out(); /* those that were in use during their write */
	assert_int_equal(0, swap_writing());
	assert_int_equal(400, space.swapped);
	check_pages(0, 400);
	finish();
}

/* R84: a disk that fails once fails often: the log has the first error only. */
TEST(one_read_error_is_logged)
{
	begin_reads(8, 3);
	fake_log_errors = 0;
	disk_end(1, -EIO);
	assert_int_equal(1, fake_log_errors);
	disk_end(0, -EIO);
	disk_end(0, 0);
	assert_int_equal(1, fake_log_errors);
	/* Those faults were given up: the next ones read again. */
	assert_int_equal(VM_WAIT, fault(AT, VM_PROT_READ));
	assert_int_equal(VM_WAIT, fault(AT + 2 * P, VM_PROT_WRITE));
	check_pages(0, 8);
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
	assert_int_equal(1, fake_log_errors);
	push_out();
	assert_int_equal(1, fake_log_errors);
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
			assert_int_equal(0,
					 get_user_page(&space, AT + i * P, access[i], &pages[i]));
		}
		(void)reclaim(10000);
		disk_end_all();
		assert_int_equal(2, ledger_check(NULL)); /* it does not know of the references */
		assert_int_equal(2, space.resident);
		assert_int_equal(8, space.swapped);
		((unsigned char *)page_address(pages[1]))[77] = 99;
		for (unsigned i = 0; i < 2; i++)
			put_user_page(&space, pages[i], access[i]);
		push_out();
		assert_int_equal(10, space.swapped);
		assert_int_equal(99, fake_load(AT + P + 77));
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
	assert_int_equal(0, vm_lock(&space, AT, 10 * P, VMA_LOCKED));
	push_out();
	assert_int_equal(10, space.resident);
	child = fork_space();
	push_out();
	assert_int_equal(10, space.resident);
	assert_int_equal(10, child->swapped);
	rig_run(child);
	check_pages(0, 5);
	assert_int_equal(0, fake_store(AT, 1));
	assert_int_equal(0, disk_reads);
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
	assert_int_equal(10, swap_free());
	check_pages(0, 1);
	assert_int_equal(10, swap_free());
	write_pages(1, 1);
	assert_int_equal(11, swap_free());
	write_pages(6, 6);
	push_out();
	assert_int_equal(4, swap_free());
	check_pages(2, 1);
	assert_int_equal(5, swap_free());
	check_pages(0, 12);
	finish();
}

/* The first ten pages are used all the time. */
static int use_some(struct vm_wait *wait)
{
	int result = disk_pause(wait);

	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(byte_of(i), fake_load(AT + i * P + i));
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
	assert_int_equal(22, swap_free());
	write_pages(10, 70);
	rig_pause = use_some;
	for (unsigned i = 0; i < 10; i++)
		(void)reclaim(10000);
	rig_pause = disk_pause;
	disk_end_all();
	rig_check();
	assert_int_equal(32, space.swapped);
	for (unsigned i = 0; i < 10; i++) {
		uint8_t there;

		assert_int_equal(1, vm_mincore(&space, AT + i * P, 1, &there));
		assert_int_equal(1, there);
	}
	check_pages(0, 80);
	finish();
}

/*
 * Four slots that became free while their pages were read have other bytes now, and are read again.
 * They are not neighbours, which would be read at once.
 */
static void begin_reads_of_reused_slots(void)
{
	begin(8);
	map(AT, 8, RW);
	write_pages(0, 8);
	push_out();
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(VM_WAIT, fault(AT + 2 * i * P, VM_PROT_READ));
	assert_int_equal(0, vm_unmap(&space, AT, 8 * P));
	assert_int_equal(8, swap_free());
	map(AT, 8, RW);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(0, fake_store(AT + i * P, (unsigned char)(200 + i)));
	rig_pause = leave_at_a_wait;
	assert_int_equal(-EINTR, reclaim(10000));
	rig_pause = disk_pause;
	while (disk_count > 4)
		disk_end(4, 0);
	rig_check();
	assert_int_equal(8, space.swapped);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(VM_WAIT, fault(AT + 2 * i * P, VM_PROT_READ));
	assert_int_equal(8, disk_count);
}

/* The old reads end first, then the new ones: nobody learns of the old ones. */
static void end_reads_of_reused_slots(int result)
{
	for (unsigned i = 0; i < 4; i++)
		disk_end(0, result);
	rig_check();
	assert_int_equal(VM_WAIT, fault(AT, VM_PROT_READ));
	assert_int_equal(4, disk_count);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(200 + i, fake_load(AT + i * P));
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
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(200 + i, fake_load(AT + i * P));
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
	assert_int_equal(0, reclaim(100));
	assert_true(alloc_fail_set(0, NULL, ALLOC_FAIL_ASK));
	rig_check();
	assert_int_equal(100, space.resident);
	assert_int_equal(SLOTS, swap_free());
	push_out();
	assert_int_equal(100, space.swapped);
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
	assert_int_equal(N, space.swapped);
	for (unsigned i = 0; i < N; i += 8)
		check_pages(i, 1);
	objects = rig_objects();
	assert_int_equal(0, vm_unmap(&space, AT, N * P));
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
		assert_int_equal(2, space.swapped);
		if (result == VM_WAIT)
			break;
		assert_int_equal(VM_OOM, result);
	}
	assert_int_equal(1, disk_reads);
	check_pages(0, 2);
	finish();
}

static bool yes(void)
{
	return true;
}

/*
 * A process on its way out that still needs a page, for its robust list say, reads it into a frame of
 * the reserve: nobody is killed for it.
 */
TEST(the_ending_read_into_the_reserve) /* R43 */
{
	bool (*no)(void) = mm_host.is_ending;

	begin_reads(2, 0);
	page_alloc_set_reserve(page_alloc_free_count());
	assert_int_equal(VM_OOM, fault(AT, VM_PROT_READ));
	mm_host.is_ending = yes;
	check_pages(0, 2);
	mm_host.is_ending = no;
	page_alloc_set_reserve(0);
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
			assert_int_equal(0, vm_unmap(&space, AT, 8 * P));
		for (unsigned i = 0; i < 16; i++) {
			struct vm_wait wait = { 0 };

			assert_int_equal(VM_WAIT,
					 vm_fault(child, AT + i * P, VM_PROT_WRITE, &wait));
		}
		drop_space(child);
		assert_int_equal(SLOTS - (shared ? 8 : 16), swap_free());
		rig_check();
		disk_end_all();
		rig_check();
		disk_reads = 0;
		check_pages(8, 8);
		assert_int_equal(0, disk_reads);
		push_out();
	}
	finish();
}

/* The kill of a process that waits for a page waits for nothing. */
TEST(killed_during_reads)
{
	begin_reads(8, 4);
	vm_oom_reap(&space);
	assert_int_equal(0, space.swapped);
	assert_int_equal(SLOTS, swap_free());
	rig_check();
	disk_end(2, 0);
	assert_int_equal(VM_DYING, fault(AT + 2 * P, VM_PROT_READ));
	disk_end_all();
	assert_int_equal(VM_DYING, fault(AT, VM_PROT_READ));
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
	assert_int_equal(1, ledger_check(NULL));
	swap_slot_put(entry_swap_slot(entry));
	space.swapped++;
	assert_int_equal(1, ledger_check(NULL));
	space.swapped--;
	*slot = entry_make_swap(SLOTS + 1);
	assert_int_equal(2,
			 ledger_check(NULL)); /* no such slot; and that of the entry has too many */
	*slot = entry;
	rig_check();
	check_pages(0, 1);
	swap_slot_get(entry_swap_slot(entry));
	assert_int_equal(2, ledger_check(NULL)); /* the entry may not be writable either */
	swap_slot_put(entry_swap_slot(entry));
	finish();
}

/* ---- how much is written, and waited for ---- */

#define MANY_PAGES 1500u

static unsigned share; /* of a hundred pages: those in use all the time */

static int use_a_share(struct vm_wait *wait)
{
	for (unsigned i = 0; i < MANY_PAGES; i++)
		if (i * 7919 % 100 < share)
			check_pages(i, 1);
	return disk_pause(wait);
}

/* No more than two requests are filled for a few frames, however the cold pages lie. */
TEST(no_more_is_written_than_needed)
{
	for (share = 0; share < 100; share += 20) {
		unsigned written = disk_pages_written;

		if (share == 0)
			begin(2 * MANY_PAGES);
		else
			push_out();
		map(AT, MANY_PAGES, RW);
		write_pages(0, MANY_PAGES);
		written = disk_pages_written;
		rig_pause = use_a_share;
		assert_true(reclaim(32) >= 32);
		rig_pause = disk_pause;
		assert_in_range(disk_pages_written - written, 1, 2 * BLOCK_PAGES_MAX);
		assert_int_equal(0, vm_unmap(&space, AT, GIB));
	}
	finish();
}

/* A shared mapping of a file, of which the first pages are read and so many behind them are written. */
static struct object *use_file(vaddr_t at, unsigned nclean, unsigned ndirty)
{
	struct map_request request = { .addr = at,
				       .len = (nclean + ndirty) * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = MAP_SHARED | MAP_FIXED,
				       .object = rig_file((nclean + ndirty) * P) };

	assert_int_equal(0, vm_map(&space, &request, &at));
	for (unsigned i = 0; i < nclean; i++)
		assert_int_equal(rig_byte(i * P), fake_load(at + i * P));
	for (unsigned i = nclean; i < nclean + ndirty; i++)
		assert_int_equal(0, fake_store(at + i * P, 1));
	return request.object;
}

/*
 * What is free and what is being written is as much as is needed, to the page: the pages of a request that is not full go
 * with it, and no more are looked for.
 */
TEST(a_request_need_not_be_full)
{
	struct object *files[2];

	begin(SLOTS);
	map(AT, BLOCK_PAGES_MAX, RW);
	write_pages(0, BLOCK_PAGES_MAX);
	files[0] = use_file(AT + MIB, 5, 3);
	files[1] = use_file(AT + 2 * MIB, 20, 0);
	rig_pause = leave_at_a_wait;
	assert_int_equal(-EINTR, reclaim(BLOCK_PAGES_MAX + 5));
	rig_pause = disk_pause;
	assert_int_equal(BLOCK_PAGES_MAX + 3, swap_writing());
	assert_int_equal(20, files[1]->npages);
	object_put(files[0]);
	object_put(files[1]);
	finish();
}

/* A request is filled as long as the hand comes to pages for it one after the other, in spaces and in objects. */
TEST(a_request_is_not_kept)
{
	uint64_t turns = reclaim_counts.turns;
	unsigned filled[2] = { 0 };
	struct space *other;

	begin(SLOTS);
	other = malloc(sizeof(*other)); /* which the hand comes to after the first one, in vain */
	rig_create(other);
	map(AT, 3, RW);
	write_pages(0, 3);
	for (vaddr_t at = AT + MIB; at < AT + 4 * MIB; at += MIB)
		assert_int_equal(
			at, rig_map(&space, at, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED));
	assert_int_equal(0, fake_store(AT + 2 * MIB, 1)); /* the object in the middle has a page */
	while (reclaim_counts.turns < turns + 6) {
		bool in_objects = !clock_hand.space;
		unsigned before = swap_filling(), after;

		swap_out_prepare();
		hand_move();
		after = swap_filling();
		assert_true(after == 0 || after > before);
		filled[in_objects] += after > before;
	}
	assert_true(filled[false] > 0 && filled[true] > 0);
	drop_space(other);
	finish();
}

static struct page *others_page;
static uint64_t turns_before;

/* Another thread fills a request in the last turn, after all have been submitted. */
static void fill_in_the_last_turn(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_UNLOCK || class != LOCK_SPACES)
		return;
	page_set_used(others_page);
	page_set_used(others_page);
	if (reclaim_counts.turns - turns_before < 5)
		return;
	interleave_hook = NULL;
	spin_lock(&swap_cache.lock);
	page_set_cold(others_page);
	swap_cache.ops->write_page(&swap_cache, others_page);
	spin_unlock(&swap_cache.lock);
}

/* R43: a page that is being written will be free: no process is killed meanwhile. */
TEST(what_others_write_is_waited_for)
{
	begin(SLOTS);
	map(AT, 1, RW);
	write_pages(0, 1);
	start_writes();
	others_page = object_page_resident(&swap_cache, 1);
	page_put(others_page);
	disk_end(0, -EIO); /* it stays, dirty, and no entry maps it */
	turns_before = reclaim_counts.turns;
	interleave_hook = fill_in_the_last_turn;
	assert_int_equal(1, reclaim(1));
	assert_null(interleave_hook);
	check_pages(0, 1);
	finish();
}
