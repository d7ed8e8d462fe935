/* SPDX-License-Identifier: MIT */
/* Faults that a program resolves: what asks, who waits, what can be given, and what stays registered (R230). */
#include "large.h"

#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/get_user_page.h"
#include "mm/fault/userfault.h"

#define N 8

static struct userfault *userfault;
static unsigned asked;	      /* waits since the test began */
static struct vm_wait last;   /* the last of them */
static unsigned char give_as; /* what the page has that answers; 0: the zero page; 255: nothing */

static int give(size_t i, unsigned char byte)
{
	struct page *page = NULL;
	int result;

	if (byte) {
		page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
		assert_non_null(page);
		memset(page_address(page), byte, P);
	}
	result = userfault_give(&space, AT + i * P, &page, false);
	assert_true(!page || result != 0);
	if (page)
		page_put(page);
	return result;
}

/* The program that resolves faults, in the place of the wait. */
static int answer(struct vm_wait *wait)
{
	if (!wait)
		return 0;
	assert_int_equal(WAITS_FOR_USERFAULT, wait->why);
	asked++;
	last = *wait;
	if (give_as == 255)
		return -EINTR;
	assert_int_equal(0, give((wait->va - AT) / P, give_as));
	return 0;
}

/* The rig's access ends where it has to wait; here it is tried again. */
static bool is_asked(vaddr_t va, unsigned access)
{
	struct vm_wait wait;

	vm_wait_init(&wait);
	return rig_outcome == VM_WAIT && vm_fault(&space, va, access, &wait) == VM_WAIT &&
	       answer(&wait) == 0;
}

static int load(vaddr_t va)
{
	int value;

	do
		value = fake_load(va);
	while (value == -1 && is_asked(va, VM_PROT_READ));
	return value;
}

static int store(vaddr_t va, unsigned char value)
{
	int result;

	do
		result = fake_store(va, value);
	while (result == -1 && is_asked(va, VM_PROT_WRITE));
	return result;
}

static int set(size_t first, size_t n)
{
	return vm_userfault_register(&space, AT + first * P, AT + (first + n) * P, userfault,
				     VMA_UF_MISSING);
}

static int unset(size_t first, size_t n)
{
	return vm_userfault_unregister(&space, AT + first * P, AT + (first + n) * P);
}

static void begin_userfault(size_t npages)
{
	begin_large();
	userfault = userfault_create();
	assert_non_null(userfault);
	map(AT, npages, RW);
	asked = 0;
	give_as = 255;
	rig_pause = answer;
}

static void end_userfault(void)
{
	rig_pause = NULL;
	thp_mode = THP_NEVER;
	rig_check();
	rig_destroy(&space);
	userfault_put(userfault);
	check_gone();
}

static bool is_registered(size_t i)
{
	const struct vma *vma = vma_find(&space, AT + i * P);

	return vma && vma->flags & VMA_USERFAULT;
}

TEST(userfault_asks_where_nothing_is)
{
	begin_userfault(N);
	assert_int_equal(0, store(AT, 7));
	assert_int_equal(0, set(0, N));
	give_as = 'g';
	assert_int_equal(7, load(AT));
	assert_int_equal(0, store(AT, 8));
	assert_int_equal(0, asked);
	assert_int_equal('g', load(AT + P + 5));
	assert_int_equal(1, asked);
	assert_true(last.space == &space && last.va == AT + P && !last.writes);
	assert_int_equal(0, store(AT + 2 * P + 1, 'w'));
	assert_true(asked == 2 && last.va == AT + 2 * P && last.writes);
	assert_int_equal('w', load(AT + 2 * P + 1));
	assert_int_equal('g', load(AT + 2 * P));
	give_as = 0;
	assert_int_equal(0, store(AT + 3 * P, 'z')); /* the zero page, and a copy of it */
	assert_int_equal(0, load(AT + 3 * P + 1));
	assert_int_equal(3, asked);
	assert_int_equal(4, space.resident);
	end_userfault();
}

TEST(userfault_gives_once)
{
	begin_userfault(N);
	assert_int_equal(-ENOENT, give(0, 'a'));
	assert_int_equal(0, set(0, N - 1));
	assert_int_equal(0, give(0, 'a'));
	assert_int_equal(-EEXIST, give(0, 'b'));
	assert_int_equal(-EEXIST, give(0, 0));
	assert_int_equal(0, give(1, 0));
	assert_int_equal(-EEXIST, give(1, 'b'));
	assert_int_equal('a', load(AT));
	assert_int_equal(0, load(AT + P));
	assert_int_equal(-ENOENT, give(N - 1, 'a'));
	assert_int_equal(-ENOENT, give(N, 'a')); /* nothing is mapped */
	assert_int_equal(0, vm_protect(&space, AT + 2 * P, P, PROT_NONE));
	assert_int_equal(0, give(2, 'c'));
	assert_int_equal(-EEXIST, give(2, 'd'));
	assert_int_equal(0, vm_protect(&space, AT + 2 * P, P, PROT_READ));
	assert_int_equal('c', load(AT + 2 * P));
	assert_int_equal(0, asked);
	end_userfault();
}

TEST(userfault_covers_one_mapping)
{
	begin_userfault(N);
	assert_false(userfault_covers(&space, AT, AT + P, VMA_USERFAULT));
	assert_int_equal(0, set(1, 4));
	assert_false(userfault_covers(&space, AT, AT + 2 * P, VMA_USERFAULT));
	assert_true(userfault_covers(&space, AT + P, AT + 5 * P, VMA_USERFAULT));
	assert_false(userfault_covers(&space, AT + P, AT + 6 * P, VMA_USERFAULT));
	end_userfault();
}

/* Neighbours become one mapping again; what another one has is refused. */
TEST(userfault_registers_ranges)
{
	struct userfault *other;

	begin_userfault(N);
	other = userfault_create();
	assert_int_equal(1, space.nvmas);
	assert_int_equal(-EINVAL, set(N, N));
	assert_int_equal(0, set(2, 2));
	assert_int_equal(3, space.nvmas);
	assert_int_equal(0, set(2, 2));
	assert_int_equal(0, set(1, 2));
	assert_true(!is_registered(0) && is_registered(1) && is_registered(3) && !is_registered(4));
	assert_int_equal(3, space.nvmas);
	assert_int_equal(-EBUSY,
			 vm_userfault_register(&space, AT, AT + 2 * P, other, VMA_UF_MISSING));
	assert_false(is_registered(0));
	assert_int_equal(
		0, vm_userfault_register(&space, AT + 4 * P, AT + 5 * P, other, VMA_UF_MISSING));
	assert_int_equal(4, space.nvmas); /* two of different ones stay two */
	assert_int_equal(0, unset(0, N));
	assert_int_equal(1, space.nvmas);
	assert_int_equal(0, unset(0, N));
	assert_int_equal(0, set(0, N));
	assert_int_equal(0, vm_unmap(&space, AT + 3 * P, P));
	assert_int_equal(2, space.nvmas);
	assert_int_equal(0, unset(2, 4)); /* over a hole */
	assert_true(is_registered(1) && !is_registered(2) && !is_registered(4) && is_registered(6));
	vm_userfault_forget(&space, other);
	assert_true(is_registered(1));
	vm_userfault_forget(&space, userfault);
	assert_true(!is_registered(1) && !is_registered(6));
	userfault_put(other);
	end_userfault();
}

/* Files' pages cannot be registered yet, nor a range that has some. */
TEST(userfault_not_of_a_file)
{
	struct object *file;

	begin_userfault(2);
	file = rig_file(4 * P);
	map_file(file, AT + 2 * P, 2, 0, &vma_object_private, 0);
	assert_int_equal(-EINVAL, set(0, 3));
	assert_false(is_registered(0));
	assert_int_equal(0, set(0, 2));
	end_userfault();
	object_put(file);
}

TEST(userfault_out_of_memory)
{
	begin_userfault(N);
	for (unsigned i = 0; i < 2; i++) {
		alloc_fail_at = i + 1;
		assert_int_equal(-ENOMEM, set(2, 2));
		alloc_fail_at = 0;
		assert_int_equal(1, space.nvmas);
	}
	assert_int_equal(0, set(2, 2));
	end_userfault();
}

/* ---- what verbs do ---- */

/* A child has none of it, and what moves is not registered where it comes to. */
TEST(userfault_stays_behind)
{
	struct space child;
	vaddr_t to = 0;

	begin_userfault(N);
	assert_int_equal(0, set(0, N));
	assert_int_equal(0, give(1, 'p'));
	begin_child(&child);
	rig_run(&child);
	assert_int_equal('p', load(AT + P));
	assert_int_equal(0, load(AT));
	assert_int_equal(0, store(AT + 2 * P, 1));
	assert_int_equal(0, asked);
	rig_check();
	rig_destroy(&child);
	rig_run(&space);
	assert_int_equal(0, vm_remap(&space, AT + P, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				     AT + 16 * P, &to));
	assert_int_equal('p', load(AT + 16 * P));
	assert_int_equal(0, load(AT + 17 * P));
	assert_int_equal(0, asked);
	assert_true(is_registered(0) && is_registered(3) && !is_registered(16));
	end_userfault();
}

TEST(userfault_after_a_drop)
{
	begin_userfault(N);
	assert_int_equal(0, set(0, N));
	assert_int_equal(0, give(1, 'a'));
	assert_int_equal(0, vm_madvise(&space, AT + P, P, MADV_DONTNEED));
	give_as = 'b';
	assert_int_equal('b', load(AT + P));
	assert_int_equal(1, asked);
	assert_int_equal(0, vm_unmap(&space, AT + 2 * P, P));
	assert_int_equal(-1, load(AT + 2 * P));
	assert_int_equal(VM_SEGV_MAPERR, rig_outcome);
	map(AT + 2 * P, 1, RW); /* new memory */
	assert_int_equal(0, load(AT + 2 * P));
	assert_int_equal(1, asked);
	end_userfault();
}

/* Neither runs nor superpages fill what the program is to give. */
TEST(userfault_no_pages_ahead)
{
	begin_userfault(2 * BLOCK);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	assert_int_equal(0, set(0, 2 * BLOCK));
	give_as = 'g';
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(0, store(AT + i * P, 1));
	assert_int_equal(40, asked);
	assert_int_equal(40, space.resident);
	assert_int_equal(0, space.large);
	end_userfault();
}

/* What a large entry maps is there; of what is dropped, each page is asked for. */
TEST(userfault_with_a_large_entry)
{
	begin_userfault(2 * BLOCK);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * BLOCK * P, MADV_HUGEPAGE));
	write_range(0, BLOCK);
	assert_int_equal(1, space.large);
	assert_int_equal(0, set(0, 2 * BLOCK));
	assert_int_equal(-EEXIST, give(3, 'a'));
	assert_int_equal(1, space.large);
	check_range(0, BLOCK);
	assert_int_equal(0, vm_madvise(&space, AT + 3 * P, P, MADV_DONTNEED));
	give_as = 'g';
	assert_int_equal('g', load(AT + 3 * P));
	assert_int_equal(1, asked);
	assert_int_equal(0, unset(0, 2 * BLOCK));
	end_userfault();
}

/* ---- who waits ---- */

static struct vm_wait wait_at(size_t i, bool writes)
{
	return (struct vm_wait){
		.why = WAITS_FOR_USERFAULT, .space = &space, .va = AT + i * P, .writes = writes
	};
}

static bool enter(size_t i, struct userfault_waiter *waiter)
{
	const struct vm_wait wait = wait_at(i, i & 1);

	return userfault_enter(&wait, wait.va + 3, (int)i + 100, waiter);
}

static bool is_awake(const struct userfault_waiter *waiter)
{
	return waitq_sample(&waiter->woken) != waiter->seq;
}

TEST(userfault_tells_each_once)
{
	struct userfault_waiter waiters[4];
	struct userfault_message message;

	begin_userfault(N);
	assert_int_equal(0, set(0, N));
	assert_false(userfault_next(userfault, &message));
	assert_true(enter(3, &waiters[0]) && enter(1, &waiters[1]) && enter(3, &waiters[2]) &&
		    enter(2, &waiters[3]));
	assert_int_equal(4, userfault->nwaiting);
	userfault_leave(&waiters[3]); /* without having been told of */
	for (size_t i = 0; i < 3; i++) {
		const size_t page = i == 1 ? 1 : 3;

		assert_true(userfault_next(userfault, &message));
		assert_int_equal(AT + page * P + 3, message.address);
		assert_int_equal(100 + page, message.tid);
		assert_true(message.writes);
	}
	assert_false(userfault_next(userfault, &message));
	userfault_wake(userfault, AT + 2 * P, AT + 4 * P);
	assert_true(is_awake(&waiters[0]) && !is_awake(&waiters[1]) && is_awake(&waiters[2]));
	assert_int_equal(1, userfault->nwaiting);
	for (size_t i = 0; i < 3; i++)
		userfault_leave(&waiters[i]);
	assert_int_equal(0, userfault->nwaiting);
	end_userfault();
}

/* Who is woken before it is told of is not told of. */
TEST(userfault_wakes_many)
{
	struct userfault_waiter waiters[100];
	struct userfault_message message;

	begin_userfault(200);
	assert_int_equal(0, set(0, 200));
	for (size_t i = 0; i < 100; i++)
		assert_true(enter(i * 7 % 100, &waiters[i]));
	userfault_wake(userfault, AT + 10 * P, AT + 90 * P);
	assert_int_equal(20, userfault->nwaiting);
	assert_int_equal(20, userfault->nuntold);
	for (size_t i = 0; i < 100; i++) {
		const size_t page = i * 7 % 100;

		assert_int_equal(page >= 10 && page < 90, is_awake(&waiters[i]));
	}
	for (size_t i = 0; i < 20; i++)
		assert_true(userfault_next(userfault, &message));
	assert_false(userfault_next(userfault, &message));
	for (size_t i = 0; i < 100; i++)
		userfault_leave(&waiters[i]);
	end_userfault();
}

/* What is there, or not registered any more, is not waited for. */
TEST(userfault_waits_for_what_is_missing)
{
	struct userfault_waiter waiter;

	begin_userfault(N);
	assert_false(enter(0, &waiter));
	assert_int_equal(0, set(0, N));
	assert_int_equal(0, give(0, 0));
	assert_false(enter(0, &waiter));
	assert_false(enter(N, &waiter));
	assert_true(enter(1, &waiter));
	assert_int_equal(0, unset(0, 1));
	assert_false(is_awake(&waiter));
	assert_int_equal(0, unset(1, 1));
	assert_true(is_awake(&waiter));
	userfault_leave(&waiter);
	end_userfault();
}

TEST(userfault_closes)
{
	struct userfault_waiter waiter;

	begin_userfault(N);
	assert_int_equal(0, set(0, N));
	assert_true(enter(1, &waiter));
	userfault_close(userfault);
	assert_true(is_awake(&waiter));
	userfault_leave(&waiter);
	assert_false(enter(1, &waiter));
	assert_int_equal(0, load(AT + P)); /* it is as in other memory */
	assert_int_equal(0, store(AT + 2 * P, 2));
	assert_int_equal(0, asked);
	end_userfault();
}

/* ---- who asks ---- */

TEST(userfault_for_the_kernel)
{
	struct page *page;

	begin_userfault(N);
	assert_int_equal(0, set(0, N));
	give_as = 'g';
	assert_int_equal(0, get_user_page(&space, AT + P, VM_PROT_WRITE, &page));
	assert_true(asked == 1 && last.writes);
	assert_int_equal('g', *(unsigned char *)page_address(page));
	put_user_page(&space, page, VM_PROT_WRITE);
	give_as = 255; /* killed */
	assert_int_equal(-EINTR, get_user_page(&space, AT + 2 * P, VM_PROT_READ, &page));
	userfault->user_only = true;
	assert_int_equal(-EFAULT, get_user_page(&space, AT + 2 * P, VM_PROT_READ, &page));
	assert_int_equal(2, asked);
	give_as = 'u';
	assert_int_equal('u', load(AT + 2 * P));
	userfault->refuses = true;
	assert_int_equal(-1, load(AT + 3 * P));
	assert_int_equal(VM_BUS, rig_outcome);
	assert_int_equal(3, asked);
	end_userfault();
}

/* Memory that threads share is looked at without the lock: whoever asks takes it. */
TEST(userfault_beside_readers)
{
	begin_userfault(N);
	space_share(&space);
	assert_int_equal(0, store(AT, 1));
	assert_int_equal(0, set(1, N - 1));
	give_as = 'g';
	assert_int_equal(0, store(AT + P, 2));
	assert_int_equal('g', load(AT + P + 1));
	assert_int_equal('g', load(AT + 2 * P));
	assert_int_equal(2, asked);
	end_userfault();
}
