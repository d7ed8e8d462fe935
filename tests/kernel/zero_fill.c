/* SPDX-License-Identifier: MIT */
/* The one zero page, and where data ends and zeros begin. */
#include "abi/mman.h"
#include "arch/page.h"
#include "mm/check/alloc_fail.h"
#include "mm/object_io.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define MIB  (1ul << 20)
#define AREA 0x40000ul

static uint64_t zero_bits(void)
{
	const uint64_t *words = page_address(zero_page);
	uint64_t bits = 0;

	for (size_t i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		bits |= words[i];
	return bits;
}

/* R50: heap and mappings of two spaces read the very same frame, read-only */
KTEST(zero_page_is_one_for_all)
{
	struct uspace *a = space_new(), *b = space_new();

	ASSERT_TRUE(a && b);
	vm_brk(&a->space, HEAP_AT + PAGE_SIZE);
	ASSERT_TRUE(space_map(b, AREA, 2 * PAGE_SIZE, READ_WRITE, 0) == AREA);
	EXPECT_EQ(0, space_touch(a, HEAP_AT, READ));
	EXPECT_EQ(0, space_touch(b, AREA + PAGE_SIZE, READ));
	EXPECT_TRUE(space_page(a, HEAP_AT) == zero_page);
	EXPECT_TRUE(space_page(b, AREA + PAGE_SIZE) == zero_page);
	EXPECT_EQ(VM_PROT_READ, entry_prot(space_entry(a, HEAP_AT)));
	EXPECT_EQ(1, a->space.stats.zero_maps);
	EXPECT_EQ(0, a->space.resident);
	space_end(b);
	space_end(a);
}

/* R50: reading 96 MiB costs page tables: 48 leaf tables, one middle one, the root */
KTEST(zero_reading_a_huge_area_costs_tables_only)
{
	struct uspace *us = space_new();
	size_t before;

	ASSERT_TRUE(us);
	ASSERT_TRUE(space_map(us, 0x40000000, 96 * MIB, READ_WRITE, 0) > 0);
	before = page_alloc_free_count();
	for (vaddr_t at = 0; at < 96 * MIB; at += 8 * PAGE_SIZE)
		ASSERT_TRUE(space_touch(us, 0x40000000 + at, READ) == 0);
	EXPECT_EQ(1 + 1 + 48, us->space.tables);
	EXPECT_EQ(before - 49, page_alloc_free_count());
	EXPECT_EQ(0, us->space.resident);
	EXPECT_EQ(PAGE_ONE_REF, zero_page->counts); /* no count wraps, however many entries */
	space_end(us);
}

/* R51: a store after a load makes a page of its own; break before make costs one fence */
KTEST(zero_store_after_load_gets_a_page)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	vm_brk(&us->space, HEAP_AT + PAGE_SIZE);
	EXPECT_EQ(0, space_touch(us, HEAP_AT, READ));
	EXPECT_EQ(0, space_touch(us, HEAP_AT, WRITE));
	EXPECT_EQ(1, kind_count(us, FAULT_COW));
	EXPECT_EQ(1, kind_count(us, FAULT_FILL));
	EXPECT_EQ(1, us->space.stats.fences);
	EXPECT_EQ(PAGE_ANON, space_page(us, HEAP_AT)->kind);
	EXPECT_EQ(0, space_load(us, HEAP_AT + 128));
	EXPECT_EQ(1, us->space.resident);
	space_end(us);
}

/* R51: without a load before it the store costs one fault, and no fence */
KTEST(zero_store_first_is_one_fault)
{
	struct uspace *us = space_new();

	ASSERT_TRUE(us);
	vm_brk(&us->space, HEAP_AT + 2 * PAGE_SIZE);
	EXPECT_EQ(0, space_touch(us, HEAP_AT, WRITE));
	EXPECT_EQ(1, kind_count(us, FAULT_FILL));
	EXPECT_EQ(0, kind_count(us, FAULT_COW));
	EXPECT_EQ(0, us->space.stats.fences);
	EXPECT_EQ(0, us->space.stats.zero_maps);
	space_end(us);
}

/* R53: never written, never freed, its own reference stays */
KTEST(zero_page_stays_as_it_is)
{
	struct uspace *us = space_new(), *child;
	uint64_t counts = zero_page->counts;

	ASSERT_TRUE(us);
	vm_brk(&us->space, HEAP_AT + 16 * PAGE_SIZE);
	for (vaddr_t i = 0; i < 16; i++)
		EXPECT_EQ(0, space_touch(us, HEAP_AT + i * PAGE_SIZE, READ));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(counts, zero_page->counts); /* entries do not count */
	for (vaddr_t i = 0; i < 8; i++)
		EXPECT_EQ(0, space_store(i % 2 ? us : child, HEAP_AT + i * PAGE_SIZE, ~0ul));
	space_end(child);
	space_end(us);
	EXPECT_EQ(counts, zero_page->counts);
	EXPECT_EQ(PAGE_ZERO, zero_page->kind);
	EXPECT_EQ(0, zero_bits());
}

/*
 * Maps two pages of an object that is full of ones as an ELF segment whose file part is `bytes`
 * long.
 */
static struct uspace *segment(struct object *object, size_t bytes)
{
	struct uspace *us = space_new();
	struct map_request request = { .addr = AREA,
				       .len = 3 * PAGE_SIZE,
				       .prot = READ_WRITE,
				       .max_prot = READ_WRITE,
				       .flags = MAP_PRIVATE | MAP_FIXED,
				       .object = object,
				       .backend = &vma_elf,
				       .file_end = AREA + bytes };
	vaddr_t at;

	if (!us || vm_map(&us->space, &request, &at))
		return NULL;
	return us;
}

static struct object *full_object(void)
{
	struct object *object = object_create_anon(0);
	static uint8_t ones[2 * PAGE_SIZE];

	memset(ones, 0xff, sizeof(ones));
	if (object)
		EXPECT_EQ(sizeof(ones), object_write_kernel(object, 0, ones, sizeof(ones)));
	return object;
}

/*
 * R52: file bytes up to the edge, zeros from there on, though the file goes on; the page is
 * private from the start
 */
KTEST(zero_begins_where_the_files_bytes_end)
{
	struct object *object = full_object();
	struct uspace *us = object ? segment(object, PAGE_SIZE + 1000) : NULL;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_touch(us, AREA + PAGE_SIZE, READ));
	EXPECT_EQ(~0ul, space_load(us, AREA + PAGE_SIZE + 992));
	EXPECT_EQ(0, space_load(us, AREA + PAGE_SIZE + 1000));
	EXPECT_EQ(0, space_load(us, AREA + 2 * PAGE_SIZE - 8));
	EXPECT_EQ(0, space_load(us, AREA + 2 * PAGE_SIZE));
	EXPECT_EQ(PAGE_ANON, space_page(us, AREA + PAGE_SIZE)->kind);
	EXPECT_TRUE(space_page(us, AREA + 2 * PAGE_SIZE) == zero_page);
	EXPECT_EQ(0, space_store(us, AREA + PAGE_SIZE + 1000, 5));
	space_end(us);
	EXPECT_EQ(2 * PAGE_SIZE, object_size(object));
	object_put(object);
}

/* R52, R63: a store to the file's part copies the page; the file keeps its bytes */
KTEST(zero_edge_store_leaves_the_file_alone)
{
	struct object *object = full_object();
	struct uspace *us = object ? segment(object, PAGE_SIZE + 1000) : NULL;
	uint64_t word = 0;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_store(us, AREA + PAGE_SIZE, 1));
	EXPECT_EQ(0, space_store(us, AREA, 2));
	EXPECT_EQ(2, us->space.resident);
	EXPECT_EQ(0, space_load(us, AREA + PAGE_SIZE + 1000));
	EXPECT_EQ(8, object_read_kernel(object, PAGE_SIZE, &word, 8));
	EXPECT_EQ(~0ul, word);
	EXPECT_EQ(8, object_read_kernel(object, 0, &word, 8));
	EXPECT_EQ(~0ul, word);
	space_end(us);
	object_put(object);
}
