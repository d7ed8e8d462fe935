/* SPDX-License-Identifier: MIT */
/* Memory objects: bytes, sizes, truncation and what it does to those who map them. */
#include "abi/errno.h"
#include "lib/bits.h"
#include "mm/object_io.h"
#include "mm/object_size.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define AREA  0x40000ul
#define PAGES 4

static struct object *object_of(unsigned pages)
{
	struct object *object = object_create_anon(0);

	for (uint64_t i = 0; object && i < pages; i++) {
		uint64_t word = i + 1;

		EXPECT_EQ(8, object_write_kernel(object, i * PAGE_SIZE, &word, 8));
	}
	if (object)
		EXPECT_EQ(0, object_set_size(object, pages * PAGE_SIZE));
	return object;
}

static uint64_t word_at(struct object *object, uint64_t pos)
{
	uint64_t word = 0;

	return object_read_kernel(object, pos, &word, 8) == 8 ? word : UINT64_MAX;
}

/* R95: a hole reads as zeros and takes no frame, the end of the bytes ends a read */
KTEST(object_holes_take_no_frame)
{
	struct object *object = object_create_anon(0);
	uint8_t bytes[16];

	ASSERT_TRUE(object);
	EXPECT_EQ(3, object_write_kernel(object, 1ul << 30, "end", 3));
	EXPECT_EQ((1ul << 30) + 3, object_size(object));
	EXPECT_EQ(1, object->npages);
	EXPECT_EQ(0, word_at(object, 1ul << 29));
	EXPECT_EQ(1, object->npages);
	EXPECT_EQ(3, object_read_kernel(object, 1ul << 30, bytes, sizeof(bytes)));
	EXPECT_EQ(0, object_read_kernel(object, (1ul << 30) + 3, bytes, sizeof(bytes)));
	object_put(object);
}

/* R15: sizes that no file can have */
KTEST(object_sizes_beyond_the_largest_are_refused)
{
	struct object *object = object_create_anon(0);

	ASSERT_TRUE(object);
	EXPECT_EQ(0, object_set_size(object, OBJECT_SIZE_MAX));
	EXPECT_EQ(-EFBIG, object_set_size(object, OBJECT_SIZE_MAX + 1));
	EXPECT_EQ(-EFBIG, object_set_size(object, UINT64_MAX));
	EXPECT_EQ(-EFBIG, object_write_kernel(object, OBJECT_SIZE_MAX, "x", 1));
	EXPECT_EQ(1, object_write_kernel(object, OBJECT_SIZE_MAX - 1, "xy", 2));
	EXPECT_EQ(OBJECT_SIZE_MAX, object_size(object));
	object_put(object);
}

/*
 * R75: after a truncation pages, entries and frames beyond the end are gone, private copies too:
 * BUS
 */
KTEST(object_truncation_drops_what_is_mapped_beyond)
{
	struct object *object = object_of(PAGES);
	struct uspace *us = space_new();
	size_t before;

	ASSERT_TRUE(object && us);
	ASSERT_TRUE(space_map_object(us, AREA, PAGES * PAGE_SIZE, READ_WRITE, object, 0) == AREA);
	for (vaddr_t i = 0; i < PAGES; i++)
		EXPECT_EQ(i + 1, space_load(us, AREA + i * PAGE_SIZE));
	EXPECT_EQ(0, space_store(us, AREA + 3 * PAGE_SIZE, 44));
	EXPECT_EQ(PAGES, us->space.resident);
	before = page_alloc_free_count();
	EXPECT_EQ(0, object_set_size(object, PAGE_SIZE + 100));
	EXPECT_EQ(2, us->space.resident);
	EXPECT_EQ(before + 3, page_alloc_free_count());
	EXPECT_EQ(2, object->npages);
	EXPECT_EQ(2, space_load(us, AREA + PAGE_SIZE));
	EXPECT_EQ(VM_BUS, space_touch(us, AREA + 2 * PAGE_SIZE, READ));
	EXPECT_EQ(VM_BUS, space_touch(us, AREA + 3 * PAGE_SIZE, WRITE));
	space_end(us);
	object_put(object);
}

/* R91: the last page's tail reads zero after a truncation in its middle and a growth */
KTEST(object_tail_is_zero_after_truncation)
{
	struct object *object = object_of(2);
	struct uspace *us = space_new();

	ASSERT_TRUE(object && us);
	EXPECT_EQ(5, object_write_kernel(object, 2000, "words", 5));
	ASSERT_TRUE(space_map_object(us, AREA, 2 * PAGE_SIZE, READ, object, 0) == AREA);
	EXPECT_EQ(1, space_load(us, AREA));
	EXPECT_EQ(0, object_set_size(object, 1000));
	EXPECT_EQ(0, object_set_size(object, 2 * PAGE_SIZE));
	EXPECT_EQ(1, space_load(us, AREA));
	EXPECT_EQ(0, space_load(us, AREA + 2000));
	EXPECT_EQ(0, space_load(us, AREA + PAGE_SIZE));
	EXPECT_EQ(0, word_at(object, PAGE_SIZE));
	space_end(us);
	object_put(object);
}

/* R75: every space that maps the object is told, at whatever offset */
KTEST(object_truncation_reaches_every_space)
{
	struct object *object = object_of(PAGES);
	struct uspace *us = space_new(), *child;

	ASSERT_TRUE(object && us);
	ASSERT_TRUE(space_map_object(us, AREA, 2 * PAGE_SIZE, READ_WRITE, object, 2 * PAGE_SIZE) >
		    0);
	ASSERT_TRUE(space_map_object(us, 4 * AREA, PAGES * PAGE_SIZE, READ_WRITE, object, 0) > 0);
	EXPECT_EQ(0, space_store(us, AREA, 9));
	EXPECT_EQ(4, space_load(us, 4 * AREA + 3 * PAGE_SIZE));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(0, object_set_size(object, PAGE_SIZE));
	EXPECT_EQ(VM_BUS, space_touch(us, AREA, READ));
	EXPECT_EQ(VM_BUS, space_touch(child, AREA, READ));
	EXPECT_EQ(VM_BUS, space_touch(child, 4 * AREA + 3 * PAGE_SIZE, READ));
	EXPECT_EQ(1, space_load(child, 4 * AREA));
	space_end(child);
	space_end(us);
	object_put(object);
}

/* R75: a mapping keeps the object alive, without a descriptor */
KTEST(object_lives_as_long_as_it_is_mapped)
{
	struct object *object = object_of(1);
	struct uspace *us = space_new();

	ASSERT_TRUE(object && us);
	ASSERT_TRUE(space_map_object(us, AREA, PAGE_SIZE, READ, object, 0) == AREA);
	object_put(object);
	EXPECT_EQ(1, space_load(us, AREA));
	space_end(us);
}

/*
 * R71: pages of a file are the same frames for all who only read; others come with them, up to 16
 * around
 */
KTEST(object_pages_are_mapped_for_all_and_around)
{
	struct object *object = object_of(PAGES);
	struct uspace *us = space_new(), *other = space_new();

	ASSERT_TRUE(object && us && other);
	ASSERT_TRUE(space_map_object(us, AREA, PAGES * PAGE_SIZE, READ, object, 0) == AREA);
	ASSERT_TRUE(space_map_object(other, AREA, PAGES * PAGE_SIZE, READ, object, 0) == AREA);
	EXPECT_EQ(0, space_touch(us, AREA + PAGE_SIZE, READ));
	EXPECT_EQ(PAGES, us->space.resident);
	EXPECT_EQ(PAGES - 1, us->space.stats.around);
	EXPECT_EQ(1, kind_count(us, FAULT_FILL));
	EXPECT_EQ(0, space_touch(other, AREA, READ));
	EXPECT_TRUE(space_page(us, AREA) == space_page(other, AREA));
	EXPECT_EQ(2, space_page(us, AREA)->maps);
	space_end(other);
	space_end(us);
	object_put(object);
}

/* ETXTBSY both ways, counted (R71) */
KTEST(object_text_and_writers_exclude_each_other)
{
	struct object *object = object_of(1);

	ASSERT_TRUE(object);
	EXPECT_EQ(0, object_get_write(object));
	EXPECT_EQ(0, object_get_write(object));
	EXPECT_EQ(-ETXTBSY, object_deny_write(object));
	object_put_write(object);
	EXPECT_EQ(-ETXTBSY, object_deny_write(object));
	object_put_write(object);
	EXPECT_EQ(0, object_deny_write(object));
	EXPECT_EQ(0, object_deny_write(object));
	EXPECT_EQ(-ETXTBSY, object_get_write(object));
	object_allow_write(object);
	EXPECT_EQ(-ETXTBSY, object_get_write(object));
	object_allow_write(object);
	EXPECT_EQ(0, object_get_write(object));
	object_put_write(object);
	object_put(object);
}
