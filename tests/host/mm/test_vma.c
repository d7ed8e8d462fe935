/* SPDX-License-Identifier: MIT */
/* The VMA tree against a naive list: look-up, gaps, splits and merges. */
#include "rig.h"

#include "linux/mem/mem.h"
#include "mm/space/vma_modify.h"
#include "mm/verbs/unmap.h"

#define PAGES 400u
#define BASE  0x10000000ul
#define P     PAGE_SIZE

static struct space space;
static unsigned char prot_at[PAGES]; /* 0: free; else permissions + 1 */
static bool stack_at[PAGES];

static vaddr_t va_of(unsigned page)
{
	return BASE + page * P;
}

static bool same(unsigned a, unsigned b)
{
	return prot_at[a] == prot_at[b] && stack_at[a] == stack_at[b];
}

static struct vma *new_vma(unsigned from, unsigned to, unsigned prot, unsigned flags)
{
	struct vma *vma = vma_alloc();

	vma->start = va_of(from);
	vma->end = va_of(to);
	vma->prot = prot;
	vma->flags = flags;
	vma->max_prot = 7;
	vma->backend = &vma_anon;
	return vma;
}

static void put(unsigned from, unsigned to, unsigned prot, unsigned flags)
{
	struct list dead = LIST_INIT(dead);
	struct vma *vma = new_vma(from, to, prot, flags);

	space_lock(&space);
	if (test_below(2)) {
		if (!vma_place(&space, vma, &dead))
			list_add(&dead, &vma->object_link);
	} else {
		vma_insert(&space, vma);
		vma_merge(vma, &dead);
	}
	space_unlock(&space);
	vma_free_dead(&dead);
	for (unsigned i = from; i < to; i++) {
		prot_at[i] = (unsigned char)(prot + 1);
		stack_at[i] = flags & VMA_STACK;
	}
}

static void take(unsigned from, unsigned to)
{
	assert_int_equal(0, unmap_range(&space, va_of(from), va_of(to)));
	for (unsigned i = from; i < to; i++) {
		prot_at[i] = 0;
		stack_at[i] = false;
	}
}

/* What the tree must hold, from the array. */
static void check_vmas(void)
{
	struct vma *vma = vma_first(&space);
	size_t n = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		unsigned from = i;

		if (!prot_at[i])
			continue;
		while (i + 1 < PAGES && same(from, i + 1))
			i++;
		assert_non_null(vma);
		assert_int_equal(va_of(from), vma->start);
		assert_int_equal(va_of(i + 1), vma->end);
		assert_int_equal(prot_at[from], vma->prot + 1);
		vma = vma_next(vma);
		n++;
	}
	assert_null(vma);
	assert_int_equal(n, space.nvmas);
}

static void check_lookup(void)
{
	unsigned page = (unsigned)test_below(PAGES), next = page;
	struct vma *found, *after;

	space_lock(&space);
	found = vma_find(&space, va_of(page) + test_below(P));
	after = vma_find_next(&space, va_of(page));
	space_unlock(&space);
	while (next < PAGES && !prot_at[next])
		next++;
	assert_int_equal(prot_at[page] != 0, found != NULL);
	if (found)
		assert_true(found->start <= va_of(page) && va_of(page) < found->end);
	assert_int_equal(next < PAGES, after != NULL);
	if (after)
		assert_true(after->start <= va_of(next) && va_of(next) < after->end);
}

/* May the kernel choose this page? Not below a stack, as far as its guard reaches. */
static bool choosable(unsigned page)
{
	if (prot_at[page])
		return false;
	for (unsigned i = page; i < PAGES; i++) {
		if (prot_at[i])
			return !stack_at[i] || va_of(i) - va_of(page) > STACK_GUARD_GAP;
	}
	return true;
}

static void check_gap(void)
{
	unsigned len = 1 + (unsigned)test_below(30), top = (unsigned)test_below(PAGES + 1), run = 0;
	vaddr_t at = 0, want = 0;
	int result;

	for (unsigned i = top; i-- > 0 && run < len;) {
		run = choosable(i) ? run + 1 : 0;
		want = va_of(i);
	}
	space_lock(&space);
	result = vma_find_gap(&space, len * P, va_of(top), &at);
	space_unlock(&space);
	assert_int_equal(0, result); /* there is always room below the window */
	if (run == len)
		assert_int_equal(want, at);
	else
		assert_true(at < BASE);
}

static void check_gap_up(void)
{
	unsigned len = 1 + (unsigned)test_below(30), bottom = (unsigned)test_below(PAGES), run = 0;
	vaddr_t at = 0, want = 0;
	int result;

	for (unsigned i = bottom; i < PAGES && run < len; i++) {
		run = choosable(i) ? run + 1 : 0;
		want = va_of(i + 1) - run * P;
	}
	space_lock(&space);
	result = vma_find_gap_up(&space, len * P, va_of(bottom), &at);
	space_unlock(&space);
	assert_int_equal(0, result); /* there is always room above the window */
	if (run == len)
		assert_int_equal(want, at);
	else
		assert_true(at + len * P > BASE + PAGES * P);
}

static void step(void)
{
	unsigned from = (unsigned)test_below(PAGES);
	unsigned to = MIN(PAGES, from + 1 + (unsigned)test_below(test_below(4) ? 6 : 60));
	unsigned prot = test_below(3) ? VM_PROT_READ : VM_PROT_READ | VM_PROT_WRITE;

	take(from, to);
	if (test_below(3))
		put(from, to, prot, test_below(20) ? 0 : VMA_STACK);
	check_lookup();
	check_gap();
	check_gap();
	check_gap_up();
	check_gap_up();
}

TEST(against_a_list)
{
	unsigned steps = test_steps(20000);

	rig_start(1024);
	rig_create(&space);
	for (unsigned n = 0; n < steps; n++) {
		step();
		if (n % 20 == 0)
			check_vmas();
		if (n % 500 == 0)
			rig_check();
	}
	rig_destroy(&space);
	rig_check();
	print_message("# %u steps\n", steps);
}

/* Ten thousand mappings: each look-up goes down a tree of at most 1.44 log2(n) levels. */
TEST(many_stay_balanced)
{
	const unsigned n = 10000;

	rig_start(2048);
	rig_create(&space);
	for (unsigned i = 0; i < n; i++)
		rig_map(&space, BASE + 2 * P * ((i * 7919u) % n), P, RW, ANON | MAP_FIXED);
	assert_int_equal(n, space.nvmas);
	assert_true(space.vmas.root->height <= 19);
	space_lock(&space);
	assert_non_null(vma_find(&space, BASE + 2 * P * 5000));
	assert_null(vma_find(&space, BASE + 2 * P * 5000 + P));
	space_unlock(&space);
	rig_check();
	assert_int_equal(0, vm_unmap(&space, BASE, 2 * n * P));
	assert_int_equal(0, space.nvmas);
	rig_destroy(&space);
	rig_check();
}

TEST(most_mappings)
{
	long last = 0;

	rig_start(8192);
	rig_create(&space);
	for (unsigned i = 0; last >= 0; i++)
		last = rig_map(&space, BASE + 2 * P * i, P, RW, ANON | MAP_FIXED);
	assert_int_equal(-ENOMEM, last);
	assert_int_equal(VMA_COUNT_MAX + 1, space.nvmas);
	assert_int_equal(0, vm_unmap(&space, BASE, P));
	assert_int_equal(GIB, rig_map(&space, GIB, 3 * P, RW, ANON | MAP_FIXED));
	assert_int_equal(-ENOMEM, vm_unmap(&space, GIB + P, P));
	assert_int_equal(-ENOMEM, vm_protect(&space, GIB + P, P, PROT_READ));
	assert_int_equal(0, vm_unmap(&space, GIB, 3 * P));
	assert_int_equal(GIB,
			 rig_map(&space, GIB, 3 * P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED));
	assert_int_equal(-ENOMEM, vm_remap_pages(&space, GIB + P, P, 0, 0));
	rig_destroy(&space);
	rig_check();
}

/* What may split the page's mapping, beside munmap and mmap. */
static int protect_page(vaddr_t va)
{
	return vm_protect(&space, va, P, PROT_READ);
}

static int lock_page(vaddr_t va)
{
	return vm_lock(&space, va, P, VMA_LOCKED | VMA_ONFAULT);
}

static int advise_page(vaddr_t va)
{
	return vm_madvise(&space, va, P, MADV_DONTFORK);
}

/* SECURITY.md: page after page, no call gets past the limit, and moving a border needs no room. */
TEST(splits_keep_to_the_limit)
{
	int (*const calls[])(vaddr_t) = { protect_page, lock_page, advise_page };
	const int errors[] = { -ENOMEM, -ENOMEM, -EAGAIN };

	rig_start(8192);
	rig_create(&space);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(BASE, rig_map(&space, BASE, 64 * P, RW, ANON | MAP_FIXED));
		space.nvmas += VMA_COUNT_MAX - 6;
		assert_int_equal(0, calls[i](BASE));
		assert_int_equal(0, calls[i](BASE + 10 * P));
		assert_int_equal(0, calls[i](BASE + 20 * P));
		assert_int_equal(VMA_COUNT_MAX, space.nvmas);
		assert_int_equal(errors[i], calls[i](BASE + 30 * P));
		assert_int_equal(errors[i], calls[i](BASE + 63 * P));
		assert_int_equal(0, calls[i](BASE + 11 * P));
		assert_int_equal(0, calls[i](BASE + 19 * P));
		assert_int_equal(VMA_COUNT_MAX, space.nvmas);
		space.nvmas -= VMA_COUNT_MAX - 6;
		rig_check();
		assert_int_equal(0, vm_unmap(&space, BASE, 64 * P));
	}
	rig_destroy(&space);
	rig_check();
}
