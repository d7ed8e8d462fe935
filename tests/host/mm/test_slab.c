/* SPDX-License-Identifier: MIT */
/* Tests of small objects: random allocation against a model, slabs given back, misuse found. */
#include "memory.h"

#include <string.h>

#include "arch/context.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "mm/check/slab_check.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/relieve.h"

struct thing {
	uint64_t a[13];
	char tail;
};

static SLAB_CACHE(thing_cache, struct thing);

#define LIVE_MAX 600

struct live {
	unsigned char *p;
	size_t size;
	unsigned char mark;
};

static size_t random_size(void)
{
	switch (test_below(4)) {
	case 0:
		return 1 + test_below(20000);
	case 1:
		return 1ul << test_below(13);
	default:
		return 1 + test_below(300);
	}
}

static void check_live(const struct live *l)
{
	for (size_t i = 0; i < l->size; i++)
		assert_int_equal(l->mark, l->p[i]);
}

/* R111: no two overlap, contents stay, and all frames come back. */
TEST(random_against_model)
{
	static struct live live[LIVE_MAX];
	unsigned nlive = 0;
	size_t before;

	memory_start(4096, NULL, 0);
	before = page_alloc_free_count();
	for (unsigned step = 0; step < test_steps(20000); step++) {
		if (nlive < LIVE_MAX && test_below(100) < 55) {
			struct live *l = &live[nlive];
			bool typed = test_below(4) == 0;

			l->size = typed ? sizeof(struct thing) : random_size();
			l->p = typed ? slab_alloc(&thing_cache) : kmalloc(l->size);
			if (!l->p)
				continue;
			assert_int_equal(0, (uintptr_t)l->p % 8);
			l->mark = (unsigned char)test_random();
			memset(l->p, l->mark, l->size);
			nlive++;
		} else if (nlive) {
			unsigned which = (unsigned)test_below(nlive);

			check_live(&live[which]);
			kfree(live[which].p);
			live[which] = live[--nlive];
		}
		if (step % 2000 == 0)
			assert_int_equal(0, ledger_check(NULL));
	}
	while (nlive--) {
		check_live(&live[nlive]);
		kfree(live[nlive].p);
	}
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
	assert_int_equal(0, ledger_check(NULL));
}

/* Without mm_trim(), an emptied cache keeps one slab at most. */
TEST(empty_slabs_go_back)
{
	static struct thing *things[1000];
	size_t before;

	memory_start(2048, NULL, 0);
	before = page_alloc_free_count();
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 1000; i++)
			things[i] = slab_alloc(&thing_cache);
		assert_true(page_alloc_free_count() < before - 20);
		assert_true(slab_frames() > 20);
		for (unsigned i = 0; i < 1000; i++)
			slab_free(&thing_cache, things[i]);
		assert_int_equal(before - 1, page_alloc_free_count());
	}
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
}

/* R131: a trim looks at a cache's slabs in pieces, and finds the empty ones behind others. */
TEST(trim_finds_empty_slabs_behind_others)
{
	static struct thing *things[8000];
	size_t n = sizeof(things) / sizeof(*things), before;

	memory_start(2048, NULL, 0);
	before = page_alloc_free_count();
	for (size_t i = 0; i < n; i++)
		things[i] = slab_alloc(&thing_cache);
	assert_true(slab_frames() > 130);
	for (size_t i = 1; i < n; i++)
		if (i % 40 || i > n - 100)
			slab_free(&thing_cache, things[i]);
	mm_trim();
	for (size_t i = 40; i <= n - 100; i += 40)
		slab_free(&thing_cache, things[i]);
	slab_free(&thing_cache, things[0]);
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
	assert_int_equal(0, ledger_check(NULL));
}

/* Each slab has a free object: any of them may be the empty one that a trim finds. */
TEST(trim_finds_an_empty_slab_anywhere)
{
	static struct thing *things[8000];
	size_t n = sizeof(things) / sizeof(*things), nslabs = 0, starts[8000];

	memory_start(2048, NULL, 0);
	for (size_t i = 0; i < n; i++) {
		things[i] = slab_alloc(&thing_cache);
		if (i == 0 || ((uintptr_t)things[i] ^ (uintptr_t)things[i - 1]) >= PAGE_SIZE)
			starts[nslabs++] = i;
	}
	assert_true(nslabs > 130);
	for (size_t slab = 0; slab < nslabs; slab++)
		slab_free(&thing_cache, things[starts[slab]]);
	mm_trim();
	for (size_t slab = 0; slab < nslabs - 1; slab += 20) {
		size_t before = page_alloc_free_count();

		for (size_t i = starts[slab] + 1; i < starts[slab + 1]; i++)
			slab_free(&thing_cache, things[i]);
		assert_int_equal(before, page_alloc_free_count());
		mm_trim();
		assert_int_equal(before + 1, page_alloc_free_count());
	}
	assert_int_equal(0, ledger_check(NULL));
}

TEST(zeroed_and_sizes)
{
	memory_start(4096, NULL, 0);
	for (size_t size = 1; size <= 70000; size += size / 3 + 1) {
		unsigned char *p = kmalloc(size);

		assert_non_null(p);
		memset(p, 0xff, size);
		kfree(p);
		p = kzalloc(size);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(0, p[i]);
		kfree(p);
	}
	assert_int_equal(16, kmalloc_size(1));
	assert_int_equal(128, kmalloc_size(65));
	assert_int_equal(PAGE_SIZE, kmalloc_size(SLAB_SIZE_MAX + 1));
	assert_int_equal(4 * PAGE_SIZE, kmalloc_size(2 * PAGE_SIZE + 1));
	assert_null(kmalloc((PAGE_SIZE << PAGE_ORDER_MAX) + 1));
	assert_null(kmalloc(SIZE_MAX));
	kfree(NULL);
	assert_int_equal(0, ledger_check(NULL));
}

/* R45: out of memory is an answer, at every allocation that a call makes. */
TEST(failures)
{
	static void *all[8192];
	size_t n = 0, before;
	void *p;

	memory_start(2048, NULL, 0);
	before = page_alloc_free_count();
	for (uint64_t nth = 1; nth <= 2; nth++) {
		alloc_fail_at = nth;
		p = kmalloc(100);
		assert_null(p);
	}
	alloc_fail_at = 0;
	while (n < 8192 && (all[n] = kmalloc(1024)))
		n++;
	assert_true(n > 4000 && n < 8192);
	assert_null(kzalloc(1024));
	assert_null(kmalloc(10000));
	while (n)
		kfree(all[--n]);
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
	assert_int_equal(0, ledger_check(NULL));
}

TEST(misuse_is_found)
{
	struct thing *a, *b;
	char *p;

	memory_start(2048, NULL, 0);
	a = slab_alloc(&thing_cache);
	b = slab_alloc(&thing_cache);
	slab_free(&thing_cache, a);
	assert_true(panics(slab_free(&thing_cache, a)));	     /* twice */
	assert_true(panics(slab_free(&thing_cache, (char *)b + 8))); /* inside */
	assert_true(panics(kfree((char *)b + 16)));
	p = kmalloc(64);
	assert_true(panics(slab_free(&thing_cache, p))); /* another cache's */
	p[64] = 1;
	assert_true(panics(kfree(p))); /* written behind its end */
	a->a[3] = 1;
	assert_true(panics(slab_alloc(&thing_cache))); /* written while free */
}

/*
 * R32: stacks are aligned so that one bit tells the guard, separate, and come back; the guard is
 * not mapped.
 */
/* The blocks that this file has asked for at a line. */
static uint32_t blocks_of_line(unsigned line)
{
	uint32_t n = 0;

	assert_null(alloc_site_get(ALLOC_SITES_MAX));
	for (uint32_t number = 1; number < ALLOC_SITES_MAX; number++) {
		const struct alloc_site *site = alloc_site_get(number);

		if (site && site->line == line && strstr(site->file, "test_slab.c"))
			n += site->blocks;
	}
	return n;
}

TEST(blocks_are_counted_by_who_has_asked_for_them)
{
	static const size_t sizes[] = { 0, 100, 2048, 2049, 20000 };
	void *blocks[2 * ARRAY_SIZE(sizes)], *other;
	unsigned line, line_of_other, n = 0;

	memory_start(512, NULL, 0);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			line = __LINE__ + 1;
			blocks[n++] = kmalloc(sizes[i]);
			assert_int_equal(n, blocks_of_line(line));
		}
	line_of_other = __LINE__ + 1;
	other = kzalloc(100);
	assert_int_equal(n, blocks_of_line(line));
	assert_int_equal(1, blocks_of_line(line_of_other));
	while (n > 0) {
		kfree(blocks[--n]);
		assert_int_equal(n, blocks_of_line(line));
	}
	kfree(other);
	assert_int_equal(0, blocks_of_line(line_of_other));
}

TEST(stacks)
{
	static char *stacks[200];
	size_t before;

	memory_start(4096, NULL, 0);
	before = page_alloc_free_count();
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 200; i++) {
			stacks[i] = kstack_alloc();
			assert_non_null(stacks[i]);
			assert_int_equal(KSTACK_SIZE, (uintptr_t)stacks[i] % (2 * KSTACK_SIZE));
			memset(stacks[i], (int)i, KSTACK_SIZE);
		}
		for (unsigned i = 0; i < 200; i++) {
			assert_int_equal(i, (unsigned char)stacks[i][0]);
			assert_int_equal(i, (unsigned char)stacks[i][KSTACK_SIZE - 1]);
		}
		assert_int_equal(0, ledger_check(NULL));
		for (unsigned i = 0; i < 200; i++)
			kstack_free(stacks[i]);
		assert_int_equal(0, ledger_check(NULL));
	}
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
	assert_int_equal(0, kstack_frames());
	for (uint64_t nth = 1; nth <= KSTACK_SIZE / PAGE_SIZE; nth++) {
		alloc_fail_at = nth;
		assert_null(kstack_alloc());
	}
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
}

/* As many as there are slots or frames, then NULL, and nothing is lost. */
TEST(stacks_run_out)
{
	static void *stacks[2048];
	unsigned n = 0;
	size_t before;

	memory_start(2048, NULL, 0);
	before = page_alloc_free_count();
	while (n < 2048 && (stacks[n] = kstack_alloc()))
		n++;
	assert_true(n > 200 && n < 600);
	assert_int_equal(0, ledger_check(NULL));
	while (n)
		kstack_free(stacks[--n]);
	mm_trim();
	assert_int_equal(before, page_alloc_free_count());
}

TEST(devices)
{
	volatile char *a, *b;

	memory_start(2048, NULL, 0);
	a = kmap_device(0x10000005, 0x100);
	b = kmap_device(0xc000000, 0x600000);
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(5, (uintptr_t)a & PAGE_MASK);
	assert_true(b + 0x600000 <= a);
	assert_null(kmap_device(0x1000, 0));
	assert_null(kmap_device(0x1000, 1ul << 40));
	assert_null(kmap_device(UINT64_MAX - 5, 100));
	assert_int_equal(0, ledger_check(NULL));
}

/* Large ones take many tables: at some time there is no memory for them. */
TEST(devices_run_out)
{
	unsigned n = 0;

	memory_start(512, NULL, 0);
	while (n < 512 && kmap_device(0x40000000, 64ul << 20))
		n++;
	assert_true(n > 5 && n < 20);
	assert_int_equal(0, ledger_check(NULL));
}

/* Finds one by its name: it is there once. */
static struct slab_info info_of(const char *name)
{
	const struct slab_cache *cache = NULL;
	struct slab_info info, found = { 0 };
	unsigned n = 0;

	while ((cache = slab_next(cache, &info)))
		if (strcmp(info.name, name) == 0) {
			found = info;
			n++;
		}
	assert_int_equal(1, n);
	return found;
}

static void count_thing(void *object, void *arg)
{
	struct thing *thing = object;
	unsigned *n = arg;

	assert_int_equal(7, thing->tail);
	++*n;
}

/* R111: the ledger sees each object in use once, and knows where it begins. */
TEST(the_ledger_visits_what_is_in_use)
{
	struct thing *thing[100];
	struct slab_range range;
	unsigned n = 0;
	char *large;

	memory_start(512, NULL, 0);
	for (unsigned i = 0; i < 100; i++) {
		thing[i] = slab_alloc(&thing_cache);
		thing[i]->tail = i % 3 ? 7 : 0;
	}
	for (unsigned i = 0; i < 100; i += 3)
		slab_free(&thing_cache, thing[i]);
	slab_visit(&thing_cache, count_thing, &n);
	assert_int_equal(66, n);
	range = slab_range_of(&thing[1]->tail);
	assert_int_equal((uintptr_t)thing[1], range.start);
	assert_int_equal((uintptr_t)(thing[1] + 1), range.end);
	large = kmalloc(PAGE_SIZE);
	range = slab_range_of(large + 5);
	assert_int_equal((uintptr_t)large + 5, range.start);
	assert_int_equal((uintptr_t)large + 6, range.end);
	kfree(large);
	for (unsigned i = 0; i < 100; i++)
		if (i % 3)
			slab_free(&thing_cache, thing[i]);
}

/* /proc/slabinfo. */
TEST(what_each_cache_has)
{
	struct slab_info before, after;
	void *thing[100];

	memory_start(512, NULL, 0);
	kfree(kmalloc(100));
	slab_free(&thing_cache, slab_alloc(&thing_cache));
	mm_trim();
	before = info_of("struct thing");
	assert_int_equal(sizeof(struct thing), before.size);
	assert_int_equal(0, before.used);
	assert_int_equal(0, before.slabs);
	for (unsigned i = 0; i < 100; i++)
		thing[i] = slab_alloc(&thing_cache);
	after = info_of("struct thing");
	assert_int_equal(100, after.used);
	assert_int_equal((100 + after.per_slab - 1) / after.per_slab, after.slabs);
	assert_int_equal(128, info_of("kmalloc-128").size);
	for (unsigned i = 0; i < 100; i++)
		slab_free(&thing_cache, thing[i]);
	mm_trim();
	assert_int_equal(0, info_of("struct thing").used);
}
