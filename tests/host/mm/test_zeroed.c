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
	assert_int_equal(0, fake_store(AT, 1));
	zeroed_prepare();
	assert_int_equal(1, zeroed_count());
}

/* R11 R51: it comes zeroed, and the next fault makes another ready */
TEST(first_write_takes_it)
{
	struct page *ahead;
	size_t before;

	start_ahead();
	ahead = frame_cache_this()->prezeroed;
	before = page_alloc_free_count();
	assert_int_equal(0, fake_store(AT + PAGE_SIZE, 7));
	assert_int_equal(7, fake_load(AT + PAGE_SIZE));
	assert_int_equal(0, fake_load(AT + PAGE_SIZE + 1));
	assert_kind(2, &space, FILL);
	assert_int_equal(1, ahead->maps);
	assert_int_equal(before - 1, page_alloc_free_count());
	assert_int_equal(0, zeroed_count());
	assert_int_equal(0, fake_load(AT + 2 * PAGE_SIZE));
	assert_int_equal(1, zeroed_count());
	assert_ptr_not_equal(ahead, frame_cache_this()->prezeroed);
	end();
}

/* A file's bytes are not zeros, and a page that others hold is copied. */
TEST(others_leave_it)
{
	struct object *file = NULL;
	struct page *ahead;

	start_ahead();
	ahead = frame_cache_this()->prezeroed;
	file = rig_file(2 * PAGE_SIZE);
	map_file(file, AT + 16 * PAGE_SIZE, 2, 0, NULL, 0);
	assert_int_equal(0, fake_store(AT + 16 * PAGE_SIZE, 7));
	assert_int_equal(rig_byte(1), fake_load(AT + 16 * PAGE_SIZE + 1));
	assert_int_equal(rig_byte(PAGE_SIZE), fake_load(AT + 17 * PAGE_SIZE));
	assert_int_equal(0, fake_store(AT + 17 * PAGE_SIZE, 7));
	assert_int_equal(rig_byte(PAGE_SIZE + 1), fake_load(AT + 17 * PAGE_SIZE + 1));
	assert_ptr_equal(ahead, frame_cache_this()->prezeroed);
	object_put(file);
	end();
}

/* R43: it is the last frame that page_alloc() finds */
TEST(last_frame)
{
	struct page *page, *list = NULL;
	size_t before, n = 0;

	start_ahead();
	before = page_alloc_free_count();
	while ((page = page_alloc(0, PAGE_KERNEL, PAGE_RESERVE))) {
		page->owner = list;
		list = page;
		n++;
	}
	assert_int_equal(before, n);
	assert_int_equal(0, zeroed_count());
	assert_int_equal(0, page_alloc_free_count());
	assert_int_equal(VM_OOM, fault(AT + PAGE_SIZE, VM_PROT_WRITE));
	while ((page = list)) {
		list = page->owner;
		page_free(page, 0);
	}
	assert_int_equal(0, fault(AT + PAGE_SIZE, VM_PROT_WRITE));
	assert_int_equal(0, zeroed_count());
	end();
}

/* Its place in a block is no hole: who wants the block gets it. */
TEST(blocks_come_back)
{
	size_t before;

	start_ahead();
	before = rig_free();
	assert_int_equal(0, zeroed_count());
	zeroed_prepare();
	zeroed_prepare();
	assert_int_equal(before, page_alloc_free_count());
	assert_true(zeroed_drop());
	assert_false(zeroed_drop());
	assert_int_equal(before, rig_free());
	end();
}

/* Nobody writes to free memory unseen, be it poison or zeros. */
TEST(written_meanwhile)
{
	char *bytes;

	start_ahead();
	bytes = page_address(frame_cache_this()->prezeroed);
	bytes[PAGE_SIZE - 1] = 1;
	assert_true(panics(zeroed_take()));
	rig_destroy(&space);
}
