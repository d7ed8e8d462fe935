/* SPDX-License-Identifier: MIT */
/* The states of an index of the page cache (mm/object/page_index.h): each transition from each state. */
#include "rig.h"

#include "mm/object/object_io.h"
#include "mm/object/page_cache.h"
#include "mm/object/page_index.h"

#define INDEX  5u
#define SLOT   7u
#define STATES (INDEX_PAGE + 1u)
#define FREE   (BIT(INDEX_EMPTY) | BIT(INDEX_FAILED) | BIT(INDEX_DROPPED))

static const struct object_ops ops = { .name = "indexed" };
static struct object object;
static struct radix_spare nodes;
static struct page *page;

static void insert(void)
{
	index_insert(&object, INDEX, index_find(&object, INDEX), page, &nodes);
}

static void read_begin(void)
{
	index_read_begin(&object, INDEX, index_find(&object, INDEX), page, &nodes);
}

static void read_begin_run(void)
{
	assert_int_equal(1, index_read_begin_run(&object, INDEX, &page, 1));
}

static void read_done(void)
{
	assert_int_equal(0, index_read_done(&object, &page, 1));
}

static void read_fail(void)
{
	index_read_fail(&object, page);
}

static void read_undo(void)
{
	index_read_undo(&object, page, INDEX_ENTRY_EMPTY, &nodes);
}

static void drop(void)
{
	index_drop(&object, page);
}

static void swap_out(void)
{
	index_swap_out(&object, INDEX, SLOT, false);
}

static void swap_in(void)
{
	index_swap_in(&object, INDEX, page);
}

static void remove_it(void)
{
	index_remove(&object, INDEX, &nodes);
}

static void move(void)
{
	index_move(&object, page, INDEX + 1, &nodes);
}

static const struct transition {
	const char *name;
	void (*make)(void);
	unsigned from; /* states, as bits; in the others it is refused */
	enum index_state to;
} transitions[] = {
	{ "insert", insert, FREE, INDEX_PAGE },
	{ "read_begin", read_begin, FREE, INDEX_READING },
	{ "read_done", read_done, BIT(INDEX_READING), INDEX_PAGE },
	{ "read_fail", read_fail, BIT(INDEX_READING), INDEX_FAILED },
	{ "read_undo", read_undo, BIT(INDEX_READING), INDEX_EMPTY },
	{ "drop", drop, BIT(INDEX_PAGE), INDEX_DROPPED },
	{ "swap_out", swap_out, BIT(INDEX_PAGE), INDEX_SWAPPED },
	{ "swap_in", swap_in, BIT(INDEX_SWAPPED), INDEX_PAGE },
	{ "remove", remove_it, BIT(STATES) - 1, INDEX_EMPTY },
	{ "move", move, BIT(INDEX_PAGE), INDEX_EMPTY },
};

#define NTRANSITIONS (sizeof(transitions) / sizeof(transitions[0]))

static enum index_state state(void)
{
	return index_entry_state(index_find(&object, INDEX));
}

/* An object whose pages 0 and INDEX have nodes, and page 0 is there. Its lock is held. */
static void start(void)
{
	struct page *other;

	rig_start(2048);
	radix_spare_init(&nodes);
	object_init(&object, &ops, 16 * PAGE_SIZE);
	assert_int_equal(0, object_nodes_fill(&nodes, 8, PAGE_NORMAL));
	other = page_alloc_zeroed(PAGE_OBJECT);
	page = page_alloc_zeroed(PAGE_OBJECT);
	assert_true(other && page);
	page->owner = &object;
	page->index = INDEX;
	spin_lock(&object.lock);
	index_insert(&object, 0, INDEX_ENTRY_EMPTY, other, &nodes);
}

static void bring_to(enum index_state wanted)
{
	if (wanted == INDEX_READING || wanted == INDEX_FAILED)
		read_begin();
	else if (wanted != INDEX_EMPTY)
		insert();
	if (wanted == INDEX_FAILED)
		read_fail();
	else if (wanted == INDEX_DROPPED)
		drop();
	else if (wanted == INDEX_SWAPPED)
		swap_out();
	assert_int_equal(wanted, state());
}

static const struct transition *tried;
static enum index_state from;

/* The object counts what its indices hold. */
static void try_legal(void)
{
	start();
	bring_to(from);
	tried->make();
	assert_int_equal(tried->to, state());
	assert_int_equal(1 + (tried->to == INDEX_PAGE) + (tried->make == move), object.npages);
	assert_int_equal(tried->to == INDEX_SWAPPED, object.nswapped);
}

static void try_illegal(void)
{
	start();
	bring_to(from);
	assert_true(panics(tried->make()));
}

TEST(each_transition_from_each_state)
{
	for (tried = transitions; tried < transitions + NTRANSITIONS; tried++)
		for (unsigned s = 0; s < STATES; s++) {
			from = (enum index_state)s;
			isolated_run(tried->from >> s & 1 ? try_legal : try_illegal);
		}
}

/* A run of pages that are read begins at EMPTY only. */
TEST(runs_begin_where_nothing_is_known)
{
	start();
	read_begin_run();
	assert_int_equal(INDEX_READING, state());
	read_fail();
	assert_int_equal(0, index_read_begin_run(&object, INDEX, &page, 1));
}

TEST(transitions_need_the_lock)
{
	start();
	bring_to(INDEX_PAGE);
	spin_unlock(&object.lock);
	assert_true(panics(read_begin_run()));
	assert_true(panics(read_done()));
	assert_true(panics(remove_it()));
	assert_true(panics(move()));
}

static void end_cancelled(unsigned how)
{
	if (how == 0)
		read_undo();
	else if (how == 1)
		read_fail();
	else
		assert_int_equal(1, index_read_done(&object, &page, 1));
}

/*
 * R75: a truncation removes the index of a read. The end of the read, however it ends, leaves it alone, and a read that
 * has begun there since.
 */
TEST(reads_that_were_cancelled_change_nothing)
{
	struct page *next;

	start();
	next = page_alloc_zeroed(PAGE_OBJECT);
	for (unsigned how = 0; how < 3; how++) {
		read_begin();
		remove_it();
		end_cancelled(how);
		assert_int_equal(INDEX_EMPTY, state());
		assert_int_equal(1, object.npages);
		read_begin();
		remove_it();
		index_read_begin(&object, INDEX, INDEX_ENTRY_EMPTY, next, &nodes);
		end_cancelled(how);
		assert_int_equal(INDEX_READING, state());
		assert_int_equal(0, index_read_done(&object, &next, 1));
		assert_int_equal(2, object.npages);
		remove_it();
	}
}

TEST(an_undone_read_leaves_what_was_there)
{
	struct index_entry before;

	start();
	bring_to(INDEX_FAILED);
	before = index_find(&object, INDEX);
	read_begin();
	index_read_undo(&object, page, before, &nodes);
	assert_int_equal(INDEX_FAILED, state());
	read_begin();
	before = index_find(&object, INDEX);
	assert_true(panics(index_read_undo(&object, page, before, &nodes)));
}

/* What the caller has seen of the index is what it still holds. */
TEST(an_old_entry_is_refused)
{
	struct index_entry failed;

	start();
	bring_to(INDEX_FAILED);
	failed = index_find(&object, INDEX);
	remove_it();
	bring_to(INDEX_DROPPED);
	assert_true(panics(index_insert(&object, INDEX, failed, page, &nodes)));
}

TEST(pages_with_bytes_to_write_are_not_dropped)
{
	start();
	bring_to(INDEX_PAGE);
	page_set_dirty(page);
	assert_true(panics(drop()));
	page_start_write(page);
	assert_true(panics(drop()));
	page_end_write(page);
	assert_true(panics(page_end_write(page)));
	drop();
	assert_int_equal(INDEX_DROPPED, state());
}

/* A page that is being read is not read into again. */
TEST(one_read_into_a_frame)
{
	start();
	bring_to(INDEX_READING);
	assert_true(panics(index_read_begin(&object, INDEX + 1, INDEX_ENTRY_EMPTY, page, &nodes)));
	page->owner = NULL;
	assert_true(panics(read_done()));
}
