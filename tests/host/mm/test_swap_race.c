/* SPDX-License-Identifier: MIT */
/* R82 to R84. What other threads do between two steps of a fault, of an unmap, of a request's end. */
#include "one_swap.h"

#include <string.h>

#include "linux/mem/peek.h"
#include "mm/object/object.h"
#include "mm/swap/swap_io.h"
#include "sync/interleave.h"

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
	assert_int_equal(0, vm_unmap(&space, AT, GIB));
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
		assert_int_equal(cases[i].outcome, fault(AT, VM_PROT_WRITE));
		disk_at_once = false;
		assert_null(meanwhile);
		rig_check();
		assert_int_equal(cases[i].nused, SLOTS - swap_free());
		if (cases[i].outcome == 0)
			check_pages(0, 1);
		if (forked)
			drop_space(forked);
		forked = NULL;
		assert_int_equal(0, vm_unmap(&space, AT, GIB));
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
		assert_int_equal(0, vm_unmap(&space, AT, 4 * P));
		assert_null(meanwhile);
		rig_check();
		assert_int_equal(SLOTS, swap_free());
	}
	finish();
}

/* Page 1 was read into the frame of page 0, and its slot has another page now. */
static void use_frame_and_slot_again(void)
{
	disk_end_all();
	assert_int_equal(VM_WAIT, fault(AT + P, VM_PROT_READ));
	assert_int_equal(0, vm_unmap(&space, AT + P, P));
	write_pages(2, 3);
	rig_pause = leave_at_a_wait;
	assert_int_equal(-EINTR, reclaim(10000));
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
	assert_int_equal(0, vm_unmap(&space, AT, P));
	assert_null(meanwhile);
	rig_check();
	check_pages(2, 3);
	finish();
}

static unsigned locks_until; /* so many locks of a space are taken before the others come */

static void at_a_lock_of_the_space(enum interleave_kind kind, enum lock_class class, void *what)
{
	void (*now)(void) = meanwhile;

	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_SPACE || !now || locks_until-- != 0)
		return;
	meanwhile = NULL;
	now();
}

/* The entry does not have the page as dirty then, so that reclaim may drop it without a write. */
static void goes_out_and_is_read(void)
{
	reclaim_all();
	disk_end_all();
	(void)fake_load(AT);
}

/* A debugger writes to a page that its program may only read, and nothing of that is lost. */
TEST(a_poked_page_is_dirty_whatever_comes_between)
{
	unsigned char byte = 0;
	unsigned ncame = 0;

	begin(SLOTS);
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, byte));
	assert_int_equal(0, vm_protect(&space, AT, P, PROT_READ));
	for (meanwhile = NULL; !meanwhile; ncame++) {
		goes_out_and_is_read();
		locks_until = ncame;
		meanwhile = goes_out_and_is_read;
		interleave_hook = at_a_lock_of_the_space;
		byte++;
		assert_int_equal(0, vm_poke(&space, AT, &byte, 1));
		interleave_hook = NULL;
		push_out();
		assert_int_equal(byte, fake_load(AT));
	}
	meanwhile = NULL;
	assert_true(ncame > 3);
	finish();
}

/* Reclaim is about to put nodes aside when another thread ends the use of the area. */
TEST(the_area_ends_while_reclaim_prepares)
{
	size_t nodes;

	begin(SLOTS);
	nodes = rig_objects();
	interleave_hook = at_the_lock;
	meanwhile = disk_stop;
	swap_out_prepare();
	assert_null(meanwhile);
	assert_true(rig_objects() < nodes);
	nodes = rig_objects();
	swap_out_prepare();
	assert_int_equal(nodes, rig_objects());
	disk_start(SLOTS);
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
	assert_int_equal(0, fake_store(AT + MIB, 1));
	start_writes();
	assert_int_equal(4 * SECTORS_PER_PAGE, disk_requests[0]->sector);
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

/* ---- a thread that has seen the last area ---- */

static bool released;

/* Another hart holds the lock, and releases it when this one has come to wait for it. */
static void at_the_held_lock(enum interleave_kind kind, enum lock_class class, void *what)
{
	(void)what;
	if (kind != INTERLEAVE_LOCK || class != LOCK_SWAP_CACHE || released)
		return;
	assert_true(spin_is_taken(&swap_cache.lock));
	spin_release(&swap_cache.lock);
	released = true;
}

TEST(the_lock_of_the_cache_is_older_than_the_area)
{
	assert_int_equal(LOCK_SWAP_CACHE, spin_class(&swap_cache.lock));
	begin(SLOTS);
	disk_stop();
	spin_acquire(&swap_cache.lock);
	interleave_hook = at_the_held_lock;
	disk_start(SLOTS);
	interleave_hook = NULL;
	assert_true(released);
	finish();
}

/* ---- a copy that replaces a page ---- */

#define CHANGES 7 /* of the entry, until its page is copied under the lock */

static struct space *sharer; /* maps what the space's entry maps */
static unsigned changes;

static void end_sharer(void)
{
	drop_space(sharer);
	sharer = NULL;
}

/* Another thread of the program has written to the page, and forked again. */
static void change_the_page(void)
{
	changes++;
	end_sharer();
	write_pages(0, 1);
	sharer = fork_space();
}

static void at_the_copy(enum interleave_kind kind, enum lock_class class, void *what)
{
	static bool inside;

	(void)class, (void)what;
	if (inside)
		return;
	inside = true;
	if (kind == INTERLEAVE_DECIDED && changes < CHANGES) {
		change_the_page();
	} else if (kind == INTERLEAVE_UNMAPPED && changes == CHANGES && sharer) {
		(void)reclaim(10000);
		disk_end_all();
		end_sharer();
	}
	inside = false;
}

/*
 * R84: a page that a copy has replaced is sent to swap before it is put, and nobody else needs it
 * any more: it leaves the cache with the slot.
 */
TEST(a_replaced_page_goes_to_swap_before_it_is_put)
{
	begin(SLOTS);
	map(AT, 1, RW);
	write_pages(0, 1);
	sharer = fork_space();
	changes = 0;
	interleave_hook = at_the_copy;
	write_pages(0, 1);
	interleave_hook = NULL;
	assert_int_equal(CHANGES, changes);
	assert_null(sharer);
	rig_check();
	assert_int_equal(SLOTS, swap_free());
	check_pages(0, 1);
	finish();
	assert_int_equal(0, swap_cache.npages);
}
