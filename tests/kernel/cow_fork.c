/* SPDX-License-Identifier: MIT */
/* Copy-on-write: who shares what after a fork, who copies, who does not need to. */
#include "lib/bits.h"
#include "mm/object_io.h"
#include "mm/phys/page_alloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_space.h"

#define PAGES 4

/* A heap of PAGES pages, the first `written` of them with their number in the first word. */
static struct uspace *heap(unsigned written)
{
	struct uspace *us = space_new();

	if (!us)
		return NULL;
	vm_brk(&us->space, HEAP_AT + PAGES * PAGE_SIZE);
	for (vaddr_t i = 0; i < written; i++)
		EXPECT_EQ(0, space_store(us, HEAP_AT + i * PAGE_SIZE, i + 1));
	return us;
}

static bool is_shared_cow(struct uspace *us, vaddr_t va)
{
	struct mmu_entry entry = space_entry(us, va);

	return entry_prot(entry) == VM_PROT_READ && (entry_flags(entry) & ENTRY_COW);
}

/* R60: both sides keep the very frames, and neither may write to them */
KTEST(fork_shares_each_private_page)
{
	struct uspace *us = heap(3), *child;
	size_t before;

	ASSERT_TRUE(us);
	before = page_alloc_free_count();
	child = space_fork(us);
	ASSERT_TRUE(child);
	for (vaddr_t va = HEAP_AT; va < HEAP_AT + 3 * PAGE_SIZE; va += PAGE_SIZE) {
		EXPECT_TRUE(space_page(us, va) && space_page(us, va) == space_page(child, va));
		EXPECT_EQ(2, space_page(us, va)->maps);
		EXPECT_TRUE(is_shared_cow(us, va) && is_shared_cow(child, va));
	}
	EXPECT_EQ(3, child->space.resident);
	EXPECT_EQ(3, child->space.tables);
	/* Three tables, and what slabs need for a space, a VMA, its debts. */
	EXPECT_TRUE(before - page_alloc_free_count() <= 3 + 5);
	space_end(child);
	space_end(us);
}

/* R60: the writer gets a copy, the other keeps the page */
KTEST(fork_writer_alone_gets_a_copy)
{
	struct uspace *us = heap(2), *child;
	struct page *page;

	ASSERT_TRUE(us);
	child = space_fork(us);
	ASSERT_TRUE(child);
	page = space_page(us, HEAP_AT);
	EXPECT_EQ(0, space_store(child, HEAP_AT + 8, 77));
	EXPECT_EQ(1, kind_count(child, FAULT_COW));
	EXPECT_TRUE(space_page(us, HEAP_AT) == page && space_page(child, HEAP_AT) != page);
	EXPECT_EQ(1, page->maps);
	EXPECT_EQ(1, space_load(child, HEAP_AT));
	EXPECT_EQ(77, space_load(child, HEAP_AT + 8));
	EXPECT_EQ(0, space_load(us, HEAP_AT + 8));
	EXPECT_EQ(2, space_page(us, HEAP_AT + PAGE_SIZE)->maps);
	space_end(child);
	space_end(us);
}

/* R62: the last holder's write copies nothing, and fences nobody */
KTEST(fork_last_holder_copies_nothing)
{
	struct uspace *us = heap(1), *child;
	struct page *page;
	uint64_t fences;

	ASSERT_TRUE(us);
	child = space_fork(us);
	ASSERT_TRUE(child);
	page = space_page(us, HEAP_AT);
	EXPECT_EQ(0, space_store(child, HEAP_AT, 9));
	fences = us->space.stats.fences;
	EXPECT_EQ(0, space_store(us, HEAP_AT, 10));
	EXPECT_EQ(1, kind_count(us, FAULT_REUSE));
	EXPECT_EQ(0, kind_count(us, FAULT_COW));
	EXPECT_TRUE(space_page(us, HEAP_AT) == page);
	EXPECT_EQ(fences, us->space.stats.fences);
	EXPECT_EQ(9, space_load(child, HEAP_AT));
	space_end(child);
	space_end(us);
}

/* R62: the same when the other holder has gone without writing */
KTEST(fork_page_is_reused_when_the_child_has_gone)
{
	struct uspace *us = heap(1), *child;
	size_t before;

	ASSERT_TRUE(us);
	child = space_fork(us);
	ASSERT_TRUE(child);
	space_end(child);
	before = page_alloc_free_count();
	EXPECT_EQ(0, space_store(us, HEAP_AT, 5));
	EXPECT_EQ(1, kind_count(us, FAULT_REUSE));
	EXPECT_EQ(before, page_alloc_free_count());
	EXPECT_EQ(READ_WRITE, entry_prot(space_entry(us, HEAP_AT)));
	space_end(us);
}

/* R62: the last entry's page is copied as long as somebody reads it by reference, and reused afterwards */
KTEST(fork_last_holder_copies_what_is_read)
{
	struct uspace *us = heap(2), *child;
	struct page *page, *other;

	ASSERT_TRUE(us);
	child = space_fork(us);
	ASSERT_TRUE(child);
	page = space_page(us, HEAP_AT);
	other = space_page(us, HEAP_AT + PAGE_SIZE);
	page_get(page);
	page_get(other);
	space_end(child);
	EXPECT_EQ(0, space_store(us, HEAP_AT, 5));
	EXPECT_TRUE(space_page(us, HEAP_AT) != page);
	page_put(page);
	page_put(other);
	EXPECT_EQ(0, space_store(us, HEAP_AT + PAGE_SIZE, 5));
	EXPECT_TRUE(space_page(us, HEAP_AT + PAGE_SIZE) == other);
	space_end(us);
}

/* R62: a pinned page always reuses */
KTEST(fork_pinned_page_reuses)
{
	struct uspace *us = heap(1), *child;
	struct page *page;

	ASSERT_TRUE(us);
	child = space_fork(us);
	ASSERT_TRUE(child);
	page = space_page(us, HEAP_AT);
	space_end(child);
	page->pins = 1;
	EXPECT_EQ(0, space_touch(us, HEAP_AT, WRITE));
	EXPECT_EQ(1, kind_count(us, FAULT_REUSE));
	EXPECT_TRUE(space_page(us, HEAP_AT) == page);
	page->pins = 0;
	space_end(us);
}

/* R63: three generations; each writes once; the last of them reuses */
KTEST(fork_grandchildren_each_have_their_own)
{
	struct uspace *us = heap(1), *child, *grandchild;

	ASSERT_TRUE(us);
	child = space_fork(us);
	ASSERT_TRUE(child);
	grandchild = space_fork(child);
	ASSERT_TRUE(grandchild);
	EXPECT_EQ(3, space_page(child, HEAP_AT)->maps);
	EXPECT_EQ(0, space_store(grandchild, HEAP_AT, 30));
	EXPECT_EQ(0, space_store(us, HEAP_AT, 10));
	EXPECT_EQ(1, space_page(child, HEAP_AT)->maps);
	EXPECT_EQ(0, space_store(child, HEAP_AT, 20));
	EXPECT_EQ(1, kind_count(us, FAULT_COW));
	EXPECT_EQ(0, kind_count(child, FAULT_COW));
	EXPECT_EQ(1, kind_count(child, FAULT_REUSE));
	EXPECT_EQ(10, space_load(us, HEAP_AT));
	EXPECT_EQ(20, space_load(child, HEAP_AT));
	EXPECT_EQ(30, space_load(grandchild, HEAP_AT));
	space_end(grandchild);
	space_end(child);
	space_end(us);
}

/* R63: the zero page of a forked heap: each writer gets zeros of its own */
KTEST(fork_zero_page_is_copied_as_zeros)
{
	struct uspace *us = heap(0), *child;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, space_touch(us, HEAP_AT, READ));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_TRUE(space_page(child, HEAP_AT) == zero_page);
	EXPECT_EQ(0, child->space.resident);
	EXPECT_EQ(0, space_store(child, HEAP_AT + 8, 3));
	EXPECT_EQ(0, space_load(child, HEAP_AT));
	EXPECT_EQ(0, space_load(us, HEAP_AT + 8));
	EXPECT_TRUE(space_page(us, HEAP_AT) == zero_page);
	space_end(child);
	space_end(us);
}

/* R19: holes are inherited as holes; each side fills its own; no table is made for them */
KTEST(fork_keeps_lazy_holes)
{
	struct uspace *us = heap(0), *child;

	ASSERT_TRUE(us);
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(1, child->space.tables);
	EXPECT_EQ(us->space.brk, child->space.brk);
	EXPECT_EQ(0, space_store(us, HEAP_AT, 1));
	EXPECT_EQ(0, space_load(child, HEAP_AT));
	EXPECT_EQ(0, space_store(child, HEAP_AT + PAGE_SIZE, 2));
	EXPECT_EQ(0, space_load(us, HEAP_AT + PAGE_SIZE));
	EXPECT_EQ(1, kind_count(us, FAULT_FILL) - us->space.stats.zero_maps);
	space_end(child);
	space_end(us);
}

/* R64, R8: the parent's writable entries of one leaf table cost one fence; a second fork, none */
KTEST(fork_fences_the_parent_once_a_table)
{
	struct uspace *us = heap(3), *child, *second;

	ASSERT_TRUE(us);
	child = space_fork(us);
	EXPECT_EQ(1, us->space.stats.fences);
	ASSERT_TRUE(child);
	space_end(child);
	second = space_fork(us);
	EXPECT_EQ(1, us->space.stats.fences);
	ASSERT_TRUE(second);
	space_end(second);
	EXPECT_EQ(0, space_store(us, HEAP_AT, 9));
	second = space_fork(us);
	EXPECT_EQ(2, us->space.stats.fences);
	ASSERT_TRUE(second);
	space_end(second);
	space_end(us);
}

/* R61: what the program may not write is denied, shared or not; the page is not copied */
KTEST(fork_does_not_make_read_only_memory_writable)
{
	struct uspace *us = heap(1), *child;
	struct page *page;

	ASSERT_TRUE(us);
	EXPECT_EQ(0, vm_protect(&us->space, HEAP_AT, PAGE_SIZE, READ));
	child = space_fork(us);
	ASSERT_TRUE(child);
	page = space_page(child, HEAP_AT);
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(child, HEAP_AT, WRITE));
	EXPECT_EQ(VM_SEGV_ACCERR, space_touch(us, HEAP_AT, WRITE));
	EXPECT_TRUE(space_page(child, HEAP_AT) == page);
	EXPECT_EQ(2, page->maps);
	EXPECT_EQ(0, vm_protect(&child->space, HEAP_AT, PAGE_SIZE, READ_WRITE));
	EXPECT_EQ(0, space_store(child, HEAP_AT, 4));
	EXPECT_EQ(1, kind_count(child, FAULT_COW));
	EXPECT_EQ(1, space_load(us, HEAP_AT));
	space_end(child);
	space_end(us);
}

/*
 * R63: private pages of a file: unwritten ones stay the file's, written ones are shared like any
 * other
 */
KTEST(fork_of_private_file_pages)
{
	struct object *object = object_create_anon(2 * PAGE_SIZE);
	struct uspace *us = space_new(), *child;
	uint64_t word = 0;

	ASSERT_TRUE(us && object);
	ASSERT_TRUE(space_map_object(us, HEAP_AT, 2 * PAGE_SIZE, READ_WRITE, object, 0) > 0);
	EXPECT_EQ(0, space_touch(us, HEAP_AT, READ));
	EXPECT_EQ(0, space_store(us, HEAP_AT + PAGE_SIZE, 6));
	child = space_fork(us);
	ASSERT_TRUE(child);
	EXPECT_EQ(PAGE_OBJECT, space_page(child, HEAP_AT)->kind);
	EXPECT_EQ(0, space_store(child, HEAP_AT, 1));
	EXPECT_EQ(0, space_store(child, HEAP_AT + PAGE_SIZE, 2));
	EXPECT_EQ(0, space_load(us, HEAP_AT));
	EXPECT_EQ(6, space_load(us, HEAP_AT + PAGE_SIZE));
	EXPECT_EQ(8, object_read_kernel(object, PAGE_SIZE, &word, 8));
	EXPECT_EQ(0, word);
	space_end(child);
	space_end(us);
	object_put(object);
}

/* R66: forks upon forks, each written to, gone in another order: the harness counts the frames */
KTEST(fork_storm_leaves_nothing_behind)
{
	struct uspace *us = heap(PAGES), *child[8];

	ASSERT_TRUE(us);
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < ARRAY_SIZE(child); i++) {
			child[i] = space_fork(us);
			ASSERT_TRUE(child[i]);
			EXPECT_EQ(0, space_store(child[i], HEAP_AT + i % PAGES * PAGE_SIZE, i));
		}
		EXPECT_EQ(0, space_store(us, HEAP_AT, round));
		for (unsigned i = 0; i < ARRAY_SIZE(child); i++)
			space_end(child[i * 3 % ARRAY_SIZE(child)]);
	}
	EXPECT_EQ(PAGES, us->space.resident);
	for (vaddr_t va = HEAP_AT; va < HEAP_AT + PAGES * PAGE_SIZE; va += PAGE_SIZE)
		EXPECT_EQ(1, space_page(us, va)->maps);
	space_end(us);
}
