/* SPDX-License-Identifier: MIT */
/* R82 to R84. Requests that end in every order, well or badly, while parent and child change what they are for. */
#include "one_swap.h"

#include <string.h>

#include "mm/object/object.h"

/*
 * Parent and child share five pages. Of these 0, 2 and 4 are being written, each by a request of its
 * own. 1 and 3 are out, and 1 is being read.
 */
#define PAGES	 5u
#define REQUESTS 4u

enum { PARENT, CHILD, GRANDCHILD, SPACES };

static struct space *spaces_of[SPACES];
static unsigned char bytes[SPACES][PAGES]; /* the first byte of each page */
static bool mapped[SPACES][PAGES];

static void forks(unsigned from, unsigned to)
{
	spaces_of[to] = malloc(sizeof(struct space));
	rig_create(spaces_of[to]);
	assert_int_equal(0, vm_fork(spaces_of[from], spaces_of[to]));
	memcpy(bytes[to], bytes[from], sizeof(bytes[to]));
	memcpy(mapped[to], mapped[from], sizeof(mapped[to]));
}

static void exits(unsigned who)
{
	if (spaces_of[who])
		drop_space(spaces_of[who]);
	spaces_of[who] = NULL;
}

/* Faults return at once: a store that would have to wait is not made. */
static int serve_at_once(vaddr_t va, unsigned access)
{
	struct vm_wait wait = { 0 };
	struct mmu *active = fake_active();

	return vm_fault(list_entry(active, struct space, mmu), va, access, &wait);
}

static void stores(unsigned who, unsigned page, unsigned char byte)
{
	rig_run(spaces_of[who]);
	fake_fault = serve_at_once;
	if (fake_store(AT + page * P, byte) == 0)
		bytes[who][page] = byte;
	fake_fault = serve_waiting;
	rig_run(&space);
}

static void loads(unsigned who, unsigned page)
{
	int byte;

	rig_run(spaces_of[who]);
	fake_fault = serve_at_once;
	byte = fake_load(AT + page * P);
	if (byte >= 0)
		assert_int_equal(bytes[who][page], byte);
	fake_fault = serve_waiting;
	rig_run(&space);
}

static void unmaps(unsigned who, unsigned page)
{
	assert_int_equal(0, vm_unmap(spaces_of[who], AT + page * P, P));
	mapped[who][page] = false;
}

/* ---- what happens between two ends of requests ---- */

static void nothing(void)
{
}

static void the_parent_stores(void)
{
	stores(PARENT, 0, 50);
	stores(PARENT, 1, 51);
}

static void the_child_loads(void)
{
	loads(CHILD, 2);
	loads(CHILD, 1);
}

static void both_unmap(void)
{
	unmaps(PARENT, 2);
	unmaps(PARENT, 1);
	unmaps(CHILD, 2);
}

static void the_child_unmaps_and_the_parent_stores(void)
{
	unmaps(CHILD, 4);
	unmaps(CHILD, 1);
	stores(PARENT, 4, 60);
	stores(PARENT, 1, 61);
}

static void the_child_forks(void)
{
	forks(CHILD, GRANDCHILD);
	stores(GRANDCHILD, 0, 70);
	stores(CHILD, 2, 71);
}

static void the_child_exits(void)
{
	exits(CHILD);
	stores(PARENT, 4, 80);
}

static void all_is_unmapped(void)
{
	for (unsigned page = 0; page < PAGES; page++)
		unmaps(PARENT, page);
	exits(CHILD);
}

static void memory_is_short(void)
{
	loads(PARENT, 0);
	stores(CHILD, 2, 90);
	rig_pause = leave_at_a_wait;
	(void)reclaim(10000);
	rig_pause = disk_pause;
	object_trim();
}

static void (*const events[])(void) = {
	nothing,	 the_parent_stores, the_child_loads, both_unmap,
	the_child_forks, the_child_exits,   all_is_unmapped, the_child_unmaps_and_the_parent_stores,
	memory_is_short,
};

/* ---- a run ---- */

static void set_the_scene(void)
{
	map(AT, PAGES, RW);
	for (unsigned page = 0; page < PAGES; page++) {
		mapped[PARENT][page] = true;
		bytes[PARENT][page] = (unsigned char)(10 + page);
		assert_int_equal(0, fake_store(AT + page * P, bytes[PARENT][page]));
	}
	push_out();
	for (unsigned page = 0; page < PAGES; page++)
		assert_int_equal(bytes[PARENT][page], fake_load(AT + page * P));
	for (unsigned page = 0; page < PAGES; page += 2) {
		bytes[PARENT][page] += 10;
		assert_int_equal(0, fake_store(AT + page * P, bytes[PARENT][page]));
	}
	spaces_of[PARENT] = &space;
	forks(PARENT, CHILD);
	start_writes();
	loads(CHILD, 1);
	assert_int_equal(REQUESTS, disk_count);
}

/* Ends requests in the k-th order, those that come meanwhile too. The set bits of `errors` fail. */
static void end_in_order(unsigned k, unsigned errors, void (*event)(void), unsigned when)
{
	for (unsigned i = 0; disk_count || i <= when; i++) {
		unsigned n = disk_count, which = n ? k % n : 0;

		if (i == when) {
			event();
			rig_check();
		}
		if (!n)
			continue;
		disk_end(which, errors & 1 ? -EIO : 0);
		k /= n;
		errors >>= 1;
	}
}

/* Errors of reads are for those that have waited, and nobody has: whoever looks now reads again. */
static void check_bytes(unsigned who)
{
	rig_run(spaces_of[who]);
	for (unsigned page = 0; page < PAGES; page++) {
		int byte = fake_load(AT + page * P);

		if (!mapped[who][page]) {
			assert_int_equal(-1, byte);
			continue;
		}
		assert_int_equal(bytes[who][page], byte);
	}
	rig_run(&space);
}

static void check_all(void)
{
	for (unsigned who = 0; who < SPACES; who++)
		if (spaces_of[who])
			check_bytes(who);
}

static void run(unsigned order, unsigned errors, void (*event)(void), unsigned when)
{
	set_the_scene();
	end_in_order(order, errors, event, when);
	rig_check();
	check_all();
	if (order % 4 == 0) {
		push_out();
		check_all();
	}
	exits(CHILD);
	exits(GRANDCHILD);
	assert_int_equal(0, vm_unmap(&space, AT, PAGES * P));
	assert_int_equal(SLOTS, swap_free());
}

static void run_all(unsigned first, unsigned end)
{
	begin_apart(SLOTS);
	for (unsigned event = first; event < end; event++)
		for (unsigned order = 0; order < 24; order++)
			for (unsigned errors = 0; errors < 1u << REQUESTS; errors++)
				run(order, errors, events[event],
				    event ? (order + errors + event) % (REQUESTS + 1) : 0);
	finish();
}

TEST(every_order_with_every_error)
{
	run_all(0, ARRAY_SIZE(events));
}

/* Each event at each moment, with some of the errors. */
TEST(every_moment)
{
	begin_apart(SLOTS);
	for (unsigned event = 1; event < ARRAY_SIZE(events); event++)
		for (unsigned order = 0; order < 24; order++)
			for (unsigned when = 0; when <= REQUESTS; when++)
				run(order, (unsigned)test_below(1u << REQUESTS), events[event],
				    when);
	finish();
}
