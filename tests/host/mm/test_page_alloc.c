/* SPDX-License-Identifier: MIT */
/* Tests of frames: layout from ranges of RAM, the buddy allocator against a model, its checks. */
#include "memory.h"

#include <string.h>

#include "abi/errno.h"
#include "base/hart.h"
#include "fake.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/phys/memmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/ranges.h"
#include "mm/swap/relieve.h"

TEST(layout)
{
	struct phys_range reserved[] = {
		{ FAKE_PHYS_BASE + 0x80000,
		  FAKE_PHYS_BASE + 0x80001 }, /* one byte takes its frame */
		{ FAKE_PHYS_BASE, FAKE_PHYS_BASE + 0x20000 },
		{ FAKE_PHYS_BASE + 0x1f000,
		  FAKE_PHYS_BASE + 0x20800 }, /* overlaps, ends inside a frame */
		{ 0x1000, 0x2000 },	      /* not RAM */
	};
	struct ledger ledger;

	memory_start(2048, reserved, 4);
	assert_int_equal(PAGE_RESERVED, page_kind(pfn_to_page(paddr_to_pfn(FAKE_PHYS_BASE))));
	assert_int_equal(PAGE_RESERVED,
			 page_kind(pfn_to_page(paddr_to_pfn(FAKE_PHYS_BASE + 0x20000))));
	assert_int_equal(PAGE_RESERVED,
			 page_kind(pfn_to_page(paddr_to_pfn(FAKE_PHYS_BASE + 0x80000))));
	assert_null(pfn_to_page(1));
	assert_null(pfn_to_page(paddr_to_pfn(FAKE_PHYS_BASE) + 2048));
	assert_int_equal(0, ledger_check(&ledger));
	assert_int_equal(2048, ledger.total);
	/* 33 + 1 reserved, 24 of struct pages, 2 of kernel tables */
	assert_int_equal(33 + 1 + 24 + 2, ledger.kind[PAGE_RESERVED]);
	phys_release((struct phys_range){ FAKE_PHYS_BASE + 0x100, FAKE_PHYS_BASE + 0x4000 });
	assert_int_equal(0, ledger_check(&ledger));
	assert_int_equal(33 + 1 + 24 + 2 - 3, ledger.kind[PAGE_RESERVED]);
}

TEST(holes)
{
	struct phys_range ram[] = {
		{ FAKE_PHYS_BASE + 0x300800,
		  FAKE_PHYS_BASE + 0x800000 }, /* the larger one, second */
		{ FAKE_PHYS_BASE + 0x10, FAKE_PHYS_BASE + 0x100fff },
		{ FAKE_PHYS_BASE + 0x100000,
		  FAKE_PHYS_BASE + 0x200000 }, /* touches no whole frame of it */
		{ FAKE_PHYS_BASE + 0x100000, FAKE_PHYS_BASE + 0x100000 }, /* empty */
		{ FAKE_PHYS_BASE + 0x180000, FAKE_PHYS_BASE + 0x200000 }, /* twice */
		{ UINT64_MAX - 5, UINT64_MAX },
	};

	fake_arena_init(2048);
	assert_int_equal(0, phys_init(ram, ARRAY_SIZE(ram), NULL, 0));
	assert_int_equal(2, page_segment_count);
	assert_int_equal((0x800000 - 0x301000) / PAGE_SIZE, page_segments[0].count);
	for (pfn_t pfn = paddr_to_pfn(FAKE_PHYS_BASE); pfn < paddr_to_pfn(FAKE_PHYS_BASE) + 2048;
	     pfn++) {
		struct page *page = pfn_to_page(pfn);
		paddr_t offset = pfn_to_paddr(pfn) - FAKE_PHYS_BASE;
		bool ours = (offset >= 0x1000 && offset < 0x200000) || offset >= 0x301000;

		assert_int_equal(ours, page != NULL);
		if (page)
			assert_int_equal(pfn, page_to_pfn(page));
	}
	assert_int_equal(0, ledger_check(NULL));
}

/* What boot needs side by side is taken from the first range that has room for it. */
TEST(small_range_before_a_large_one)
{
	const struct phys_range ram[] = {
		{ FAKE_PHYS_BASE, FAKE_PHYS_BASE + PAGE_SIZE },
		{ FAKE_PHYS_BASE + 0x100000, FAKE_PHYS_BASE + 0x800000 },
	};

	fake_arena_init(2048);
	assert_int_equal(0, phys_init(ram, ARRAY_SIZE(ram), NULL, 0));
	assert_int_equal(2, page_segment_count);
	assert_int_equal(0, ledger_check(NULL));
}

/* The struct pages of free memory look as misleading as they can: each frame as a block of the largest order that it may have. */
TEST(memory_that_is_not_zero)
{
	const struct phys_range reserved = { FAKE_PHYS_BASE + 0x123000, FAKE_PHYS_BASE + 0x456000 };
	const struct phys_range ram = { FAKE_PHYS_BASE, FAKE_PHYS_BASE + 2000 * PAGE_SIZE };
	struct page *pages[6];
	struct page *array;

	fake_arena_init(2000);
	array = fake_phys_to_virt(FAKE_PHYS_BASE); /* where the struct pages will be */
	for (pfn_t n = 0; n < 2000; n++) {
		pfn_t pfn = paddr_to_pfn(FAKE_PHYS_BASE) + n;
		unsigned order = (unsigned)__builtin_ctzl(pfn | 1ul << PAGE_ORDER_MAX);

		memset(&array[n], 0x55, sizeof(array[n]));
		page_start(&array[n], PAGE_FREE, order, PAGE_BLOCK | PAGE_SLAB | PAGE_POISONED);
	}
	assert_int_equal(0, phys_init(&ram, 1, &reserved, 1));
	assert_ptr_equal(array, page_segments[0].pages);
	assert_int_equal(0, ledger_check(NULL));
	for (unsigned order = 0; order < ARRAY_SIZE(pages); order++) {
		pages[order] = page_alloc(order, PAGE_KERNEL, PAGE_NORMAL);
		assert_non_null(pages[order]);
	}
	assert_int_equal(0, ledger_check(NULL));
	for (unsigned order = 0; order < ARRAY_SIZE(pages); order++)
		page_free(pages[order], order);
	page_alloc_trim();
	assert_int_equal(0, ledger_check(NULL));
}

/* Each a boot of its own. */
static void refused(const struct phys_range *ram, unsigned nram, const struct phys_range *reserved,
		    unsigned nreserved, int error)
{
	fake_arena_init(2048);
	assert_int_equal(error, phys_init(ram, nram, reserved, nreserved));
}

static const struct phys_range all = { FAKE_PHYS_BASE, FAKE_PHYS_BASE + 2048 * PAGE_SIZE };

TEST(no_ram)
{
	struct phys_range none = { 0, 0 };

	refused(&none, 1, NULL, 0, -EINVAL);
}

TEST(too_little_ram)
{
	struct phys_range small = { FAKE_PHYS_BASE, FAKE_PHYS_BASE + 64 * PAGE_SIZE };

	refused(&small, 1, NULL, 0, -ENOMEM);
}

TEST(all_reserved)
{
	struct phys_range endless = { FAKE_PHYS_BASE - 5, UINT64_MAX };

	refused(&all, 1, &endless, 1, -ENOMEM);
}

TEST(too_many_ranges)
{
	struct phys_range many[200];

	for (unsigned i = 0; i < 200; i++)
		many[i] = (struct phys_range){ FAKE_PHYS_BASE + i * 2 * PAGE_SIZE,
					       FAKE_PHYS_BASE + (i * 2 + 1) * PAGE_SIZE };
	refused(&all, 1, many, 200, -E2BIG);
}

TEST(too_many_banks)
{
	struct phys_range many[100];

	for (unsigned i = 0; i < 100; i++)
		many[i] = (struct phys_range){ FAKE_PHYS_BASE + i * 2 * PAGE_SIZE,
					       FAKE_PHYS_BASE + (i * 2 + 1) * PAGE_SIZE };
	refused(many, 100, NULL, 0, -E2BIG);
}

#define MAP_UNITS 300u

/*
 * Sets of ranges against a map of units: they stay sorted, apart, and complete; the lowest gap is
 * found.
 */
TEST(ranges_against_model)
{
	for (unsigned round = 0; round < test_steps(300); round++) {
		static struct ranges set;
		bool map[MAP_UNITS + 1] = { false };
		unsigned first = 1, size = 1 + (unsigned)test_below(8);

		set.count = 0;
		for (unsigned i = 0; i < 40; i++) {
			unsigned start = 1 + (unsigned)test_below(MAP_UNITS - 10);
			unsigned end = start + 1 + (unsigned)test_below(9);

			assert_int_equal(0, ranges_add(&set, (struct phys_range){ start, end }));
			for (unsigned unit = start; unit < end; unit++)
				map[unit] = true;
		}
		for (unsigned i = 0; i < set.count; i++) {
			for (paddr_t unit = set.range[i].start; unit < set.range[i].end; unit++)
				assert_true(map[unit]);
			assert_false(map[set.range[i].start - 1] || map[set.range[i].end]);
		}
		for (unsigned unit = 1, run = 0; unit < MAP_UNITS && run < size; unit++) {
			run = map[unit] ? 0 : run + 1;
			first = unit + 1 - run;
		}
		if (first + size <= MAP_UNITS)
			assert_int_equal(
				first, ranges_gap(&set, (struct phys_range){ 1, MAP_UNITS }, size));
	}
}

#define LIVE_MAX 512

struct live {
	struct page *page;
	unsigned order;
	unsigned char mark;
};

/* From now on the test runs on one hart or the other. */
static void two_harts(void)
{
	hart_count = 2;
}

static void run_on(unsigned hart)
{
	arch_hart_set(&harts[hart]);
}

static void against_model(void)
{
	static struct live live[LIVE_MAX];
	static unsigned char owner[4096]; /* of each frame: 0 or 1 + slot % 255 */
	unsigned nlive = 0;
	size_t start_free;

	memory_start(4096, NULL, 0);
	memset(owner, 0, sizeof(owner));
	start_free = page_alloc_free_count();
	for (unsigned step = 0; step < test_steps(30000); step++) {
		run_on((unsigned)test_below(hart_count));
		if (nlive < LIVE_MAX && test_below(100) < 52) {
			struct live *l = &live[nlive];

			l->order = test_below(4) ? 0 : (unsigned)test_below(PAGE_ORDER_MAX + 2);
			l->page = page_alloc(l->order, PAGE_KERNEL,
					     test_below(2) ? PAGE_NORMAL : PAGE_RESERVE);
			if (!l->page)
				continue;
			assert_int_equal(0, page_to_pfn(l->page) & ((1ul << l->order) - 1));
			l->mark = (unsigned char)(1 + test_below(255));
			for (size_t i = 0; i < 1ul << l->order; i++) {
				size_t frame =
					page_to_pfn(l->page) + i - paddr_to_pfn(FAKE_PHYS_BASE);

				assert_int_equal(0, owner[frame]);
				owner[frame] = l->mark;
				*(unsigned char *)page_address(l->page + i) = l->mark;
			}
			nlive++;
		} else if (nlive) {
			unsigned which = (unsigned)test_below(nlive);
			struct live l = live[which];

			live[which] = live[--nlive];
			for (size_t i = 0; i < 1ul << l.order; i++) {
				assert_int_equal(l.mark,
						 *(unsigned char *)page_address(l.page + i));
				owner[page_to_pfn(l.page) + i - paddr_to_pfn(FAKE_PHYS_BASE)] = 0;
			}
			if (test_below(2))
				page_put(l.page);
			else
				page_free(l.page, l.order);
		}
		if (step % 1000 == 0) {
			size_t used = 0;

			for (unsigned i = 0; i < nlive; i++)
				used += 1ul << live[i].order;
			assert_int_equal(start_free - used, page_alloc_free_count());
			assert_int_equal(0, ledger_check(NULL));
		}
	}
	while (nlive--)
		page_put(live[nlive].page);
	mm_trim();
	assert_int_equal(start_free, page_alloc_free_count());
	assert_int_equal(0, ledger_check(NULL));
}

/* R111: random allocations of all orders: no two overlap, contents stay, counts agree. */
TEST(random_against_model)
{
	against_model();
}

TEST(random_on_two_harts)
{
	two_harts();
	against_model();
}

/* After everything came back one by one, the largest blocks are there again. */
TEST(merge)
{
	static struct page *pages[4096];
	struct page *large;
	size_t n = 0;

	memory_start(4096, NULL, 0);
	while ((pages[n] = page_alloc(0, PAGE_ANON, PAGE_RESERVE)))
		n++;
	assert_int_equal(0, page_alloc_free_count());
	for (size_t i = 0; i < n; i++)
		page_put(pages[i * 7919 % n]); /* n is prime to 7919 */
	assert_int_equal(n, page_alloc_free_count());
	large = page_alloc(PAGE_ORDER_MAX, PAGE_KERNEL, PAGE_NORMAL);
	assert_non_null(large);
	page_free(large, PAGE_ORDER_MAX);
	assert_int_equal(0, ledger_check(NULL));
}

TEST(reserve)
{
	static struct page *pages[4096];
	struct page *last;
	size_t n = 0;

	memory_start(2048, NULL, 0);
	while ((pages[n] = page_alloc(0, PAGE_ANON, PAGE_NORMAL)))
		n++;
	assert_true(page_alloc_free_count() >= 16);
	last = page_alloc(0, PAGE_ANON, PAGE_RESERVE);
	assert_non_null(last);
	assert_null(page_alloc(0, PAGE_ANON, PAGE_NORMAL));
	page_put(last);
	while (n--)
		page_put(pages[n]);
}

/* The reserve is kept by two harts, each of which may allocate a share without a look at the other. */
TEST(reserve_of_two_harts)
{
	enum { RESERVE = 50, LOW = 2 * RESERVE };
	static struct page *pages[4096];
	size_t n = 0;
	uint64_t seq;

	two_harts();
	memory_start(2048, NULL, 0);
	page_alloc_set_reserve(RESERVE);
	seq = waitq_sample(&page_alloc_low);
	for (unsigned round = 0; round < 3; round++) {
		do {
			run_on(n < 1200 || test_below(8) == 0);
			pages[n] = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
			assert_int_equal(seq + (page_alloc_free_count() < LOW),
					 waitq_sample(&page_alloc_low));
		} while (pages[n++]);
		n--;
		assert_int_equal(RESERVE, page_alloc_free_count());
		while (n > 300) {
			run_on(n % 2);
			page_put(pages[--n]);
		}
		(void)page_alloc_missing();
		seq = waitq_sample(&page_alloc_low);
	}
	while (n--)
		page_put(pages[n]);
	assert_int_equal(0, ledger_check(NULL));
}

/* What one hart has freed the other one finds, alone or as a block. */
TEST(frames_of_the_other_hart)
{
	static struct page *pages[4096];
	struct page *block;
	size_t n = 0, all;

	two_harts();
	memory_start(2048, NULL, 0);
	all = page_alloc_free_count();
	while ((pages[n] = page_alloc(0, PAGE_ANON, PAGE_RESERVE)))
		n++;
	assert_int_equal(all, n);
	run_on(1);
	while (n > 1)
		page_put(pages[--n]);
	page_free_zeroed(page_alloc_zeroed(PAGE_KERNEL));
	run_on(0);
	block = page_alloc(PAGE_ORDER_MAX - 1, PAGE_KERNEL, PAGE_NORMAL);
	assert_non_null(block);
	while ((pages[n] = page_alloc(0, PAGE_ANON, PAGE_RESERVE)))
		n++;
	assert_int_equal(all, n + (1ul << (PAGE_ORDER_MAX - 1)));
	while (n--)
		page_put(pages[n]);
	page_free(block, PAGE_ORDER_MAX - 1);
	assert_int_equal(all, page_alloc_free_count());
	assert_int_equal(0, ledger_check(NULL));
}

/* Who keeps memory free is woken at the low watermark, once, and told how much there is to do. */
TEST(watermarks)
{
	enum { RESERVE = 50, LOW = 2 * RESERVE, HIGH = 3 * RESERVE };
	static struct page *pages[4096];
	struct page *block;
	size_t n = 0;
	uint64_t seq;

	memory_start(2048, NULL, 0);
	page_alloc_set_reserve(RESERVE);
	seq = waitq_sample(&page_alloc_low);
	assert_int_equal(0, page_alloc_missing());
	assert_int_equal(RESERVE, page_alloc_reserve_count());
	assert_int_equal(page_alloc_free_count() - LOW, page_alloc_above_low());
	while (page_alloc_free_count() > LOW)
		pages[n++] = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	assert_int_equal(0, page_alloc_above_low());
	assert_int_equal(seq, waitq_sample(&page_alloc_low));
	for (unsigned i = 0; i < 10; i++)
		pages[n++] = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	assert_int_equal(seq + 1, waitq_sample(&page_alloc_low));
	assert_int_equal(HIGH - LOW + 10, page_alloc_missing());
	assert_int_equal(0, page_alloc_above_low());
	block = page_alloc(2, PAGE_KERNEL, PAGE_NORMAL);
	assert_int_equal(seq + 2, waitq_sample(&page_alloc_low));
	assert_int_equal(HIGH - LOW + 14, page_alloc_missing());
	page_free(block, 2);
	while (page_alloc_free_count() < HIGH)
		page_put(pages[--n]);
	assert_int_equal(0, page_alloc_missing());
	pages[n++] = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	assert_int_equal(seq + 2, waitq_sample(&page_alloc_low));
	while (n--)
		page_put(pages[n]);
}

TEST(counts)
{
	struct page *pages[4], *one;
	size_t before;

	memory_start(2048, NULL, 0);
	before = page_alloc_free_count();
	one = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	page_map_get(one);
	page_counts_add(one, 3 * PAGE_ONE_MAP);
	assert_int_equal(4, one->maps);
	assert_int_equal(5, one->refs);
	page_put(one);
	for (unsigned i = 0; i < 4; i++)
		pages[i] = one;
	assert_int_equal(before - 1, page_alloc_free_count());
	page_map_put(one);
	page_map_put_many(pages, 2);
	assert_int_equal(1, one->maps);
	assert_int_equal(before - 1, page_alloc_free_count());
	page_map_put_many(pages, 1);
	assert_int_equal(before, page_alloc_free_count());
	for (unsigned i = 0; i < 4; i++) {
		pages[i] = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		page_map_get(pages[i]);
		page_put(pages[i]);
	}
	page_map_put_many(pages, 4);
	assert_int_equal(before, page_alloc_free_count());
	assert_int_equal(0, ledger_check(NULL));
}

/* R45: the switch makes exactly the Nth fail. */
TEST(fail_switch)
{
	struct page *page;

	memory_start(2048, NULL, 0);
	alloc_fail_at = 3;
	for (unsigned i = 1; i <= 5; i++) {
		page = page_alloc(0, PAGE_ANON, PAGE_RESERVE);
		assert_int_equal(i == 3, page == NULL);
		if (page)
			page_put(page);
	}
	assert_int_equal(0, alloc_fail_at);
}

/* R45: failnth= counts the allocations of all threads and says which one it refuses; a test may count one thread's. */
TEST(fail_at_boot)
{
	struct page *page;

	memory_start(2048, NULL, 0);
	alloc_fail_boot(0);
	assert_false(alloc_fail_armed());
	alloc_fail_boot(1);
	fake_log_errors = 0;
	assert_null(page_alloc(0, PAGE_KERNEL, PAGE_NORMAL));
	assert_int_equal(1, fake_log_errors);
	assert_non_null(strstr(fake_log_last_error, "failnth="));
	assert_true(alloc_fail_forced());
	assert_int_equal(ALLOC_FAIL_REFUSE, alloc_fail_take());
	assert_int_equal(ALLOC_FAIL_ASK, alloc_fail_take());
	assert_true(alloc_fail_set(1, &page, ALLOC_FAIL_REFUSE)); /* of another thread */
	page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	assert_non_null(page);
	page_free(page, 0);
	assert_false(alloc_fail_set(0, NULL, ALLOC_FAIL_ASK));
}

TEST(misuse_is_found)
{
	struct page *page, *large;

	memory_start(2048, NULL, 0);
	page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	large = page_alloc(2, PAGE_KERNEL, PAGE_NORMAL);
	assert_true(panics(page_free(large + 1, 0)));
	assert_true(panics(page_free(large, 1)));
	page_map_get(page);
	assert_true(panics(page_free(page, 0)));
	page_map_put(page);
	page_put(page);
	assert_true(panics(page_free(page, 0)));
	assert_true(panics(page_put(page)));
	assert_true(panics(page_free(zero_page, 0)));
	/* Written after it was freed: found when it is handed out again, last in, first out. */
	*((char *)page_address(page) + 77) = 1;
	assert_true(panics(page_alloc(0, PAGE_ANON, PAGE_NORMAL)));
}

/* Misuse of a block is found: all its frames are looked at, to the last one. */
TEST(misuse_of_a_block_is_found)
{
	struct page *block;

	memory_start(2048, NULL, 0);
	block = page_alloc(2, PAGE_KERNEL, PAGE_NORMAL);
	page_free(block, 2);
	assert_ptr_equal(block, page_alloc(2, PAGE_KERNEL, PAGE_NORMAL));
	page_free(block, 2);
	*((char *)page_address(block + 3) + 77) = 1;
	assert_true(panics(page_alloc(2, PAGE_KERNEL, PAGE_NORMAL)));
	assert_non_null(strstr(test_panic_text, "was written at offset 0x48"));
}

/* A frame that was freed with zeros still has them, or its next owner would get what was written meanwhile. */
TEST(zeros_are_kept)
{
	struct page *page;

	memory_start(2048, NULL, 0);
	page = page_alloc_zeroed(PAGE_KERNEL);
	assert_non_null(page);
	page_free_zeroed(page);
	assert_ptr_equal(page, page_alloc_zeroed(PAGE_KERNEL));
	page_free_zeroed(page);
	*((char *)page_address(page) + PAGE_SIZE - 1) = 1;
	assert_true(panics(page_alloc_zeroed(PAGE_KERNEL)));
	assert_non_null(strstr(test_panic_text, "was written at offset 0xff8"));
}

/* What a page counts is neither less than nothing nor more than fits, and a write ends once. */
TEST(misuse_of_counts_is_found)
{
	struct page *page;

	memory_start(2048, NULL, 0);
	page = page_alloc(0, PAGE_OBJECT, PAGE_NORMAL);
	assert_true(panics(page_unpin(page)));
	page_clear(page, PAGE_PINS_MASK);
	assert_true(panics(page_turn(page, PAGE_ANON, PAGE_OBJECT)));
	page_turn(page, PAGE_ANON, PAGE_OBJECT);
	page->refs = PAGE_REFS_MAX - 1;
	page_get(page);
	assert_true(panics(page_get(page)));
	page->refs = 0;
	assert_true(panics(page_get(page)));
	assert_true(panics(page_to_pfn((const struct page *)&page)));
}
