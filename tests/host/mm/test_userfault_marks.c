/* SPDX-License-Identifier: MIT */
/* What has no page and is write-protected or poisoned all the same: marks of entries, and what keeps or drops them (R230). */
#include "one_swap.h"

#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/userfault.h"
#include "mm/object/object_size.h"
#include "mm/space/large_entry.h"

#define N      8
#define BLOCK  MMU_LEAF_ENTRIES
#define ALONE  (AT + 4096 * P)	/* private memory without an object */
#define BESIDE (AT + 64 * P)	/* the same object as AT, not registered */
#define OWN    (AT + 128 * P)	/* a private mapping of it */
#define WIDE   (2 * BLOCK + 16) /* pages of ALONE */

static struct userfault *userfault;
static struct object *object;
static struct vm_wait last;

static void map_at(vaddr_t at, size_t npages, unsigned flags, struct object *of)
{
	struct map_request request = { .addr = at,
				       .len = npages * P,
				       .prot = RW,
				       .max_prot = RW,
				       .flags = flags | MAP_FIXED | (of ? 0 : MAP_ANONYMOUS),
				       .object = of };
	vaddr_t got;

	assert_int_equal(0, vm_map(&space, &request, &got));
}

static void begin_marks(void)
{
	begin(SLOTS);
	userfault = userfault_create();
	object = object_create_anon(N * P);
	assert_true(userfault && object);
	userfault->has_holes = true;
	map_at(AT, N, MAP_SHARED, object);
	map_at(BESIDE, N, MAP_SHARED, object);
	map_at(OWN, N, MAP_PRIVATE, object);
	map_at(ALONE, WIDE, MAP_PRIVATE, NULL);
}

static void end_marks(void)
{
	rig_pause = NULL;
	rig_check();
	disk_end_all();
	assert_int_equal(0, vm_unmap(&space, AT, GIB));
	assert_int_equal(1, space.tables); /* the root */
	userfault_put(userfault);
	object_put(object);
	rig_check();
	disk_stop();
	end();
}

static int set(vaddr_t at, size_t npages, unsigned how)
{
	return vm_userfault_register(&space, at, at + npages * P, userfault, how);
}

static int protect(vaddr_t at, size_t npages, bool wp)
{
	return vm_userfault_protect(&space, at, at + npages * P, wp);
}

/* What an access ends with; it waits for the disk. */
static int outcome_of(vaddr_t va, unsigned access)
{
	struct space *running = list_entry(fake_active(), struct space, mmu);
	int result;

	vm_wait_init(&last);
	while ((result = vm_fault(running, va, access, &last)) == VM_WAIT &&
	       last.why != WAITS_FOR_USERFAULT)
		disk_end_all();
	return result;
}

/* Does a write wait until its program allows it? If not, it is done. */
static bool waits(vaddr_t va)
{
	int result = outcome_of(va, VM_PROT_WRITE);

	if (result == VM_OK)
		result = outcome_of(va, VM_PROT_WRITE);
	if (result == VM_OK)
		return false;
	assert_int_equal(VM_WAIT, result);
	assert_true(last.writes && last.va == va);
	return last.is_protected;
}

static bool is_marked(vaddr_t va)
{
	return entry_state(entry_at(&space, va)) == ENTRY_MARKED;
}

static int give(vaddr_t va, unsigned char byte, bool wp)
{
	struct page *page = NULL;
	int result;

	if (byte) {
		page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		assert_non_null(page);
		memset(page_address(page), byte, P);
	}
	result = userfault_give(&space, va, &page, wp);
	if (page)
		page_put(page);
	return result;
}

TEST(marks_have_writes_wait)
{
	struct page *page;

	begin_marks();
	assert_int_equal(0, set(ALONE, WIDE, VMA_UF_WP));
	assert_int_equal(0, protect(ALONE + P, 4, true));
	assert_true(!is_marked(ALONE) && is_marked(ALONE + P) && !is_marked(ALONE + 5 * P));
	assert_true(!waits(ALONE) && waits(ALONE + P) && waits(ALONE + 4 * P));
	assert_true(is_marked(ALONE + P)); /* nothing is made for a write that waits */
	assert_int_equal(0, fake_load(ALONE + 2 * P));
	assert_true(entry_has_page(entry_at(&space, ALONE + 2 * P)));
	assert_true(waits(ALONE + 2 * P)); /* what is read is protected, too */
	assert_int_equal(0, get_user_page(&space, ALONE + 3 * P, VM_PROT_READ, &page));
	put_user_page(&space, page, VM_PROT_READ);
	assert_true(waits(ALONE + 3 * P));
	assert_int_equal(0, protect(ALONE, N, false));
	for (size_t i = 0; i < N; i++)
		assert_false(waits(ALONE + i * P));
	end_marks();
}

TEST(marks_beside_readers)
{
	begin_marks();
	space_share(&space);
	assert_int_equal(0, set(ALONE, WIDE, VMA_UF_WP));
	assert_int_equal(0, protect(ALONE, 4, true));
	assert_int_equal(0, fake_load(ALONE + P));
	assert_true(waits(ALONE) && waits(ALONE + P) && !waits(ALONE + 4 * P));
	end_marks();
}

/* They mean nothing where nobody can remove them, or need not. */
TEST(marks_that_do_not_count)
{
	struct userfault *other;

	begin_marks();
	other = userfault_create();
	assert_non_null(other);
	assert_int_equal(0, set(ALONE, N, VMA_UF_WP));
	assert_int_equal(0, protect(ALONE, N, true));
	assert_int_equal(0, vm_userfault_unregister(&space, ALONE, ALONE + 4 * P));
	assert_true(is_marked(ALONE) && !waits(ALONE) && waits(ALONE + 4 * P));
	assert_int_equal(0, fake_load(ALONE + P));
	assert_false(waits(ALONE + P));
	assert_int_equal(
		0, vm_userfault_register(&space, ALONE, ALONE + 4 * P, other, VMA_UF_MISSING));
	assert_int_equal(0, give(ALONE + 2 * P, 0, false)); /* not -EEXIST */
	assert_int_equal(VM_WAIT, outcome_of(ALONE + 3 * P, VM_PROT_WRITE));
	assert_false(last.is_protected);
	userfault->is_async = true;
	assert_int_equal(0, fake_load(ALONE + 4 * P));
	assert_true(entry_is_wp(entry_at(&space, ALONE + 4 * P)));
	assert_true(!waits(ALONE + 4 * P) && !waits(ALONE + 5 * P));
	assert_true(is_marked(ALONE + 6 * P));
	userfault->is_async = false;
	assert_true(waits(ALONE + 6 * P));
	userfault_close(userfault);
	assert_true(!waits(ALONE + 6 * P) && is_marked(ALONE + 7 * P));
	vm_userfault_forget(&space, userfault);
	vm_userfault_forget(&space, other);
	assert_false(waits(ALONE + 7 * P));
	userfault_put(other);
	end_marks();
}

TEST(marks_and_missing_pages)
{
	begin_marks();
	assert_int_equal(0, set(ALONE, N, VMA_UF_WP | VMA_UF_MISSING));
	assert_int_equal(0, protect(ALONE, N, true));
	assert_false(waits(ALONE)); /* for the page it does */
	assert_int_equal(-EEXIST, give(ALONE, 0, false));
	assert_int_equal(0, give(ALONE, 'g', true));
	assert_int_equal(0, give(ALONE + P, 'g', false));
	assert_true(waits(ALONE) && !waits(ALONE + P));
	assert_int_equal(0, protect(ALONE + 2 * P, 1, false));
	assert_int_equal(0, give(ALONE + 2 * P, 0, false));
	assert_int_equal(-EEXIST, userfault_poison(&space, ALONE + 3 * P));
	end_marks();
}

/* Without an object a mark goes with what was there, or was not. */
TEST(marks_are_dropped)
{
	uint8_t there[N];

	begin_marks();
	assert_int_equal(0, set(ALONE, WIDE, VMA_UF_WP));
	assert_int_equal(0, protect(ALONE, WIDE, true));
	assert_int_equal(N, vm_mincore(&space, ALONE, N, there));
	assert_int_equal(0, there[0] | there[1]);
	assert_int_equal(0, vm_madvise(&space, ALONE, P, MADV_DONTNEED));
	assert_false(is_marked(ALONE) || waits(ALONE));
	assert_int_equal(0, vm_madvise(&space, ALONE + P, P, MADV_FREE));
	assert_int_equal(0, vm_protect(&space, ALONE + P, 2 * P, PROT_NONE));
	assert_int_equal(0, vm_protect(&space, ALONE + P, 2 * P, RW));
	assert_true(waits(ALONE + P) && waits(ALONE + 2 * P));
	assert_int_equal(0, vm_unmap(&space, ALONE + 3 * P, P));
	map_at(ALONE + 3 * P, 1, MAP_PRIVATE, NULL);
	assert_false(is_marked(ALONE + 3 * P));
	assert_int_equal(0, space.swapped);
	end_marks();
}

/* Where there is an object, they are the mapping's, and outlast the page. */
TEST(marks_of_an_object)
{
	begin_marks();
	assert_int_equal(0, fake_store(BESIDE, 'b'));
	assert_int_equal(0, fake_store(AT + P, 'a'));
	assert_int_equal(0, fake_store(AT + 2 * P, 'a'));
	assert_int_equal(0, fake_store(AT + 3 * P, 'a'));
	assert_int_equal(0, set(AT, N, VMA_UF_WP));
	assert_int_equal(0, protect(AT, 6, true));
	assert_true(is_marked(AT) && !is_marked(AT + P) && is_marked(AT + 4 * P));
	for (size_t i = 0; i < 6; i++)
		assert_true(waits(AT + i * P));
	assert_int_equal('b', fake_load(AT));
	assert_true(waits(AT) && !waits(AT + 6 * P) && !waits(BESIDE) && !waits(BESIDE + P));
	assert_int_equal(0, vm_madvise(&space, AT, 2 * P, MADV_DONTNEED));
	assert_true(is_marked(AT) && is_marked(AT + P) && waits(AT) && waits(AT + P));
	assert_int_equal('b', fake_load(AT));
	vm_truncate_hole(object, 2 * P, 3 * P);
	assert_true(is_marked(AT + 2 * P) && waits(AT + 2 * P));
	assert_int_equal(0, protect(AT, N, false));
	assert_int_equal(0, entry_flags(entry_at(&space, AT + 3 * P)) & ENTRY_COW);
	for (size_t i = 0; i < N; i++)
		assert_false(waits(AT + i * P));
	end_marks();
}

TEST(marks_of_a_private_mapping)
{
	begin_marks();
	assert_int_equal(0, fake_store(BESIDE, 'b'));
	assert_int_equal(0, fake_store(OWN + P, 'o'));
	assert_int_equal(0, set(OWN, N, VMA_UF_WP));
	assert_int_equal(0, protect(OWN, 4, true));
	assert_int_equal('b', fake_load(OWN));
	assert_true(waits(OWN) && waits(OWN + P) && waits(OWN + 2 * P));
	assert_int_equal(0, vm_madvise(&space, OWN, 4 * P, MADV_DONTNEED));
	assert_int_equal(0, fake_load(OWN + P));
	assert_true(waits(OWN + P) && waits(OWN + 3 * P));
	assert_int_equal(0, protect(OWN, 4, false));
	assert_false(waits(OWN + P));
	assert_int_equal('b', fake_load(BESIDE));
	end_marks();
}

/* A truncation takes them along, and ends. */
TEST(marks_and_truncation)
{
	begin_marks();
	assert_int_equal(0, fake_store(AT + 5 * P, 'a'));
	assert_int_equal(0, set(AT, N, VMA_UF_WP));
	assert_int_equal(0, protect(AT, N, true));
	assert_int_equal(0, object_set_size(object, 2 * P));
	assert_true(is_marked(AT + P) && !is_marked(AT + 2 * P) && !is_marked(AT + 5 * P));
	assert_int_equal(VM_BUS, outcome_of(AT + 5 * P, VM_PROT_WRITE));
	assert_int_equal(0, protect(AT, N, true));
	assert_int_equal(VM_WAIT,
			 outcome_of(AT + 5 * P, VM_PROT_WRITE)); /* it is protected first */
	assert_int_equal(VM_BUS, outcome_of(AT + 5 * P, VM_PROT_READ));
	assert_int_equal(0, object_set_size(object, N * P));
	assert_true(waits(AT + 5 * P));
	end_marks();
}

/* Reclaim takes a page of the object, and leaves the mark. */
TEST(marks_and_reclaim)
{
	begin_marks();
	for (size_t i = 0; i < N; i++)
		assert_int_equal(0, fake_store(AT + i * P, (uint8_t)('a' + i)));
	assert_int_equal(0, set(AT, N, VMA_UF_WP));
	assert_int_equal(0, protect(AT, 4, true));
	assert_int_equal(0, vm_madvise(&space, AT, N * P, MADV_PAGEOUT));
	disk_end_all();
	assert_true(is_marked(AT) && is_marked(AT + 3 * P) &&
		    entry_empty(entry_at(&space, AT + 4 * P)));
	assert_true(waits(AT) && !waits(AT + 4 * P));
	assert_int_equal(VM_OK, outcome_of(AT + P, VM_PROT_READ));
	assert_int_equal('b', fake_load(AT + P));
	assert_true(waits(AT + P));
	end_marks();
}

TEST(marks_and_fork)
{
	struct space *child;

	begin_marks();
	assert_int_equal(0, fake_store(AT, 'a'));
	assert_int_equal(0, set(AT, N, VMA_UF_WP));
	assert_int_equal(0, set(ALONE, N, VMA_UF_WP | VMA_UF_MISSING));
	assert_int_equal(0, protect(AT, N, true));
	assert_int_equal(0, protect(ALONE, N, true));
	assert_int_equal(0, userfault_poison(&space, OWN) + ENOENT);
	child = fork_space();
	rig_run(child);
	assert_true(!waits(AT) && !waits(AT + P) && !waits(ALONE) && !waits(ALONE + P));
	assert_int_equal(0, fake_load(ALONE + 2 * P));
	rig_check();
	drop_space(child);
	rig_run(&space);
	assert_true(waits(AT) && waits(AT + P) && is_marked(ALONE));
	end_marks();
}

TEST(marks_move)
{
	vaddr_t to = 0;

	begin_marks();
	assert_int_equal(0, set(ALONE, N, VMA_UF_WP));
	assert_int_equal(0, protect(ALONE, N, true));
	assert_int_equal(0, vm_remap(&space, ALONE, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				     ALONE + WIDE * P, &to));
	assert_true(!waits(to) && !waits(to + P) && waits(ALONE + 2 * P));
	end_marks();
}

/* Page tables for marks come from where others do, and are given back. */
TEST(marks_out_of_memory)
{
	unsigned long failed = 0;
	int result = -ENOMEM;

	begin_marks();
	assert_int_equal(0, set(ALONE, WIDE, VMA_UF_WP));
	for (uint64_t at = 1; result; at++) {
		alloc_fail_at = at;
		result = protect(ALONE, WIDE, true);
		alloc_fail_at = 0;
		assert_true(result == 0 || result == -ENOMEM);
		failed += result != 0;
		rig_check();
	}
	assert_true(failed >= 3); /* three leaf tables, and one above them */
	assert_true(is_marked(ALONE) && is_marked(ALONE + (WIDE - 1) * P));
	end_marks();
}

static unsigned npauses;

static int count_pause(struct vm_wait *wait)
{
	(void)wait;
	npauses++;
	return 0;
}

static int be_killed(struct vm_wait *wait)
{
	(void)wait;
	return -EINTR;
}

/* The lock is held for a leaf table at a time, and a kill ends it. */
TEST(marks_in_pieces)
{
	begin_marks();
	assert_int_equal(0, set(ALONE, WIDE, VMA_UF_WP));
	npauses = 0;
	rig_pause = count_pause;
	assert_int_equal(0, protect(ALONE, WIDE, true));
	assert_true(npauses >= 2);
	rig_pause = be_killed;
	assert_int_equal(-EINTR, protect(ALONE, WIDE, false));
	rig_pause = NULL;
	assert_false(waits(ALONE));
	assert_true(waits(ALONE + (WIDE - 1) * P));
	end_marks();
}

/* A waiter is asked for what the entry is now. */
TEST(marks_who_waits)
{
	struct vm_wait wait = { .why = WAITS_FOR_USERFAULT,
				.space = &space,
				.va = ALONE,
				.writes = true,
				.is_protected = true };
	struct userfault_waiter waiter;

	begin_marks();
	assert_int_equal(0, set(ALONE, N, VMA_UF_WP | VMA_UF_MISSING));
	assert_false(userfault_enter(&wait, ALONE, 1, &waiter));
	assert_int_equal(0, protect(ALONE, 1, true));
	assert_true(userfault_enter(&wait, ALONE, 1, &waiter));
	userfault_leave(&waiter);
	wait.is_protected = false;
	assert_true(userfault_enter(&wait, ALONE, 1, &waiter)); /* a mark is no page */
	userfault_leave(&waiter);
	assert_int_equal(0, protect(ALONE, 1, false));
	assert_int_equal(0, userfault_poison(&space, ALONE));
	assert_false(userfault_enter(&wait, ALONE, 1, &waiter));
	end_marks();
}

TEST(poison_refuses_each_access)
{
	struct page *page;
	struct space *child;

	begin_marks();
	assert_int_equal(-ENOENT, userfault_poison(&space, ALONE));
	assert_int_equal(0, set(ALONE, N, VMA_UF_MISSING));
	assert_int_equal(0, give(ALONE + P, 'g', false));
	assert_int_equal(-EEXIST, userfault_poison(&space, ALONE + P));
	assert_int_equal(0, userfault_poison(&space, ALONE));
	assert_int_equal(-EEXIST, userfault_poison(&space, ALONE));
	assert_int_equal(VM_BUS, outcome_of(ALONE, VM_PROT_READ));
	assert_int_equal(VM_BUS, outcome_of(ALONE, VM_PROT_WRITE));
	assert_int_equal(-EFAULT, get_user_page(&space, ALONE, VM_PROT_READ, &page));
	assert_int_equal(-EHWPOISON, vm_madvise(&space, ALONE, P, MADV_POPULATE_READ));
	assert_int_equal(-ENOMEM, vm_lock(&space, ALONE, P, VMA_LOCKED));
	assert_int_equal(0, vm_unlock(&space, ALONE, P));
	assert_int_equal(-EEXIST, give(ALONE, 0, false));
	assert_int_equal(0, vm_userfault_unregister(&space, ALONE, ALONE + N * P));
	child = fork_space();
	rig_run(child);
	assert_int_equal(VM_BUS, outcome_of(ALONE, VM_PROT_READ));
	assert_int_equal(0, vm_madvise(child, ALONE, P, MADV_DONTNEED));
	assert_int_equal(VM_OK, outcome_of(ALONE, VM_PROT_READ));
	rig_check();
	drop_space(child);
	rig_run(&space);
	assert_int_equal(0, set(ALONE, N, VMA_UF_MISSING));
	assert_int_equal(VM_BUS, outcome_of(ALONE, VM_PROT_READ));
	assert_int_equal(0, give(ALONE, 'g', false));
	assert_int_equal('g', fake_load(ALONE));
	end_marks();
}

TEST(poison_of_an_object)
{
	begin_marks();
	assert_int_equal(0, fake_store(BESIDE, 'b'));
	assert_int_equal(0, set(AT, N, VMA_UF_MISSING));
	assert_int_equal(0, userfault_poison(&space, AT)); /* this mapping's alone */
	assert_int_equal(0, userfault_poison(&space, AT + P));
	assert_int_equal(VM_BUS, outcome_of(AT, VM_PROT_READ));
	assert_int_equal('b', fake_load(BESIDE));
	vm_truncate_hole(object, 0, P);
	assert_int_equal(VM_BUS, outcome_of(AT, VM_PROT_READ));
	assert_int_equal(0, protect(AT, 1, true) + ENOENT);
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_DONTNEED));
	assert_int_equal('b', fake_load(AT));
	assert_int_equal(0, give(AT + P, 'g', false));
	assert_int_equal('g', fake_load(AT + P));
	assert_int_equal(0, object_set_size(object, P));
	assert_int_equal(-EFAULT, userfault_poison(&space, AT + 2 * P));
	end_marks();
}

TEST(poison_out_of_memory)
{
	begin_marks();
	assert_int_equal(0, set(ALONE, N, VMA_UF_MISSING));
	for (uint64_t at = 1; at <= 2; at++) {
		alloc_fail_at = at;
		assert_int_equal(-ENOMEM, userfault_poison(&space, ALONE));
		alloc_fail_at = 0;
		rig_check();
	}
	assert_int_equal(0, userfault_poison(&space, ALONE));
	userfault->changing = 1;
	assert_int_equal(-EAGAIN, userfault_poison(&space, ALONE + P));
	userfault->changing = 0;
	end_marks();
}
