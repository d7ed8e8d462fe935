/* SPDX-License-Identifier: MIT */
/* The frame that is zeroed ahead: spent by first writes, and free for everything else. */
#include "one_space.h"

#include "mm/phys/page_alloc.h"
#include "mm/phys/zeroed.h"

/* A space whose tables are there, and a frame that is zeroed. */
static void start_ahead(void)
{
	start();
	map(AT, 8, RW);
	assert_int_equal(fake_store(AT, 1), 0);
	zeroed_prepare();
	assert_int_equal(zeroed_count(), 1);
}

/* R11 R51: it comes zeroed, and the next fault makes another ready */
static void test_first_write_takes_it(void **state)
{
	struct page *ahead;
	size_t before;

	(void)state;
	start_ahead();
	ahead = prezeroed;
	before = page_alloc_free_count();
	assert_int_equal(fake_store(AT + PAGE_SIZE, 7), 0);
	assert_int_equal(fake_load(AT + PAGE_SIZE), 7);
	assert_int_equal(fake_load(AT + PAGE_SIZE + 1), 0);
	assert_kind(&space, FILL, 2);
	assert_int_equal(ahead->maps, 1);
	assert_int_equal(page_alloc_free_count(), before - 1);
	assert_int_equal(zeroed_count(), 0);
	assert_int_equal(fake_load(AT + 2 * PAGE_SIZE), 0);
	assert_int_equal(zeroed_count(), 1);
	assert_ptr_not_equal(prezeroed, ahead);
	end();
}

/* R51 R53: in the zero page's place too, which loses an entry and nothing else */
static void test_upgrade_takes_it(void **state)
{
	(void)state;
	start_ahead();
	assert_int_equal(fake_load(AT + PAGE_SIZE), 0);
	assert_int_equal(fake_store(AT + PAGE_SIZE, 7), 0);
	assert_int_equal(fake_load(AT + PAGE_SIZE), 7);
	assert_kind(&space, COW, 1);
	assert_int_equal(zero_page->counts, PAGE_ONE_REF);
	assert_int_equal(space.resident, 2);
	end();
}

/* A file's bytes are not zeros, and a page that others hold is copied. */
static void test_others_leave_it(void **state)
{
	struct object *file = NULL;
	struct page *ahead;

	(void)state;
	start_ahead();
	ahead = prezeroed;
	file = rig_file(2 * PAGE_SIZE);
	map_file(file, AT + 16 * PAGE_SIZE, 2, 0, NULL, 0);
	assert_int_equal(fake_store(AT + 16 * PAGE_SIZE, 7), 0);
	assert_int_equal(fake_load(AT + 16 * PAGE_SIZE + 1), rig_byte(1));
	assert_int_equal(fake_load(AT + 17 * PAGE_SIZE), rig_byte(PAGE_SIZE));
	assert_int_equal(fake_store(AT + 17 * PAGE_SIZE, 7), 0);
	assert_int_equal(fake_load(AT + 17 * PAGE_SIZE + 1), rig_byte(PAGE_SIZE + 1));
	assert_ptr_equal(prezeroed, ahead);
	object_put(file);
	end();
}

/* R43: it is the last frame that page_alloc() finds */
static void test_last_frame(void **state)
{
	struct page *page, *list = NULL;
	size_t before, n = 0;

	(void)state;
	start_ahead();
	before = page_alloc_free_count();
	while ((page = page_alloc(0, PAGE_KERNEL, PAGE_RESERVE))) {
		page->owner = list;
		list = page;
		n++;
	}
	assert_int_equal(n, before);
	assert_int_equal(zeroed_count(), 0);
	assert_int_equal(page_alloc_free_count(), 0);
	assert_int_equal(fault(AT + PAGE_SIZE, VM_PROT_WRITE), VM_OOM);
	while ((page = list)) {
		list = page->owner;
		page_free(page, 0);
	}
	assert_int_equal(fault(AT + PAGE_SIZE, VM_PROT_WRITE), 0);
	assert_int_equal(zeroed_count(), 0);
	end();
}

/* Its place in a block is no hole: who wants the block gets it. */
static void test_blocks_come_back(void **state)
{
	size_t before;

	(void)state;
	start_ahead();
	before = rig_free();
	assert_int_equal(zeroed_count(), 0);
	zeroed_prepare();
	zeroed_prepare();
	assert_int_equal(page_alloc_free_count(), before);
	assert_true(zeroed_drop());
	assert_false(zeroed_drop());
	assert_int_equal(rig_free(), before);
	end();
}

/* Nobody writes to free memory unseen, be it poison or zeros. */
static void test_written_meanwhile(void **state)
{
	char *bytes;

	(void)state;
	start_ahead();
	bytes = page_address(prezeroed);
	bytes[PAGE_SIZE - 1] = 1;
	assert_true(panics(zeroed_take()));
	rig_destroy(&space);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		isolated_test(test_first_write_takes_it), isolated_test(test_upgrade_takes_it),
		isolated_test(test_others_leave_it),	  isolated_test(test_last_frame),
		isolated_test(test_blocks_come_back),	  isolated_test(test_written_meanwhile),
	};

	return test_group("mm_zeroed", tests);
}
