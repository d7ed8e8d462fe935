/* SPDX-License-Identifier: MIT */
/* Events of registered memory: what verbs tell, who waits for it, and that no page is given meanwhile (R231). */
#include "large.h"

#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/fault/userfault_event.h"

#define N   8
#define ALL (USERFAULT_FORKED | USERFAULT_MOVED | USERFAULT_DROPPED | USERFAULT_UNMAPPED)

static struct userfault *userfault;
static struct userfault_news heard[8]; /* what the program was told */
static unsigned nheard;
static unsigned grabs;

static int give(struct space *to, size_t i, unsigned char byte)
{
	struct page *page = page_alloc(0, PAGE_ANON, PAGE_NORMAL);
	int result;

	assert_non_null(page);
	memset(page_address(page), byte, P);
	result = userfault_give(to, AT + i * P, &page, false);
	if (page)
		page_put(page);
	return result;
}

static void set_part(size_t first, size_t n, struct userfault *with)
{
	assert_int_equal(0, vm_userfault_register(&space, AT + first * P, AT + (first + n) * P,
						  with, VMA_UF_MISSING));
}

static void grab_counted(struct space *child)
{
	assert_non_null(child);
	grabs++;
}

static void tell_alone(struct space *of)
{
	userfault_end_events(userfault_take_events(of));
}

/* The program reads in the place of the wait. */
static int hear(struct vm_wait *wait)
{
	if (!wait)
		return 0;
	assert_true(nheard < ARRAY_SIZE(heard));
	assert_int_equal(-EAGAIN, give(&space, N - 1, 'x'));
	assert_true(userfault_next_event(userfault, &heard[nheard]));
	nheard++;
	return 0;
}

static int is_killed(struct vm_wait *wait)
{
	return wait ? -EINTR : 0;
}

static int closes(struct vm_wait *wait)
{
	if (wait)
		userfault_close(userfault);
	return 0;
}

static void begin_events(unsigned tells)
{
	begin_large();
	thp_mode = THP_NEVER;
	userfault = userfault_create();
	assert_non_null(userfault);
	userfault->tells = tells;
	map(AT, N, RW);
	set_part(0, N, userfault);
	nheard = grabs = 0;
	rig_pause = hear;
	mm_host.grab_space = grab_counted;
	mm_host.tell = tell_alone;
}

/* Nothing is under way, and nobody but the test has the userfault. */
static void check_quiet(void)
{
	struct userfault_news news;

	assert_null(space.events);
	assert_int_equal(0, userfault->changing);
	assert_int_equal(0, userfault->nevents);
	assert_int_equal(1, userfault->refs.n);
	assert_true(list_empty(&userfault->events));
	assert_false(userfault_next_event(userfault, &news));
}

static void end_events(void)
{
	rig_pause = NULL;
	check_quiet();
	rig_check();
	rig_destroy(&space);
	userfault_put(userfault);
	check_gone();
}

static void check_heard(unsigned i, unsigned kind, size_t first, size_t end)
{
	assert_true(i < nheard);
	assert_int_equal(kind, heard[i].kind);
	assert_int_equal(AT + first * P, heard[i].start);
	assert_int_equal(AT + end * P, heard[i].end);
}

static bool is_registered(struct space *in, size_t i, const struct userfault *with)
{
	const struct vma *vma = vma_find(in, AT + i * P);

	return vma && vma->flags & VMA_USERFAULT && vma->userfault == with;
}

TEST(userfault_event_unmap)
{
	struct userfault *other;

	begin_events(ALL);
	assert_int_equal(0, give(&space, 1, 'a'));
	other = userfault_create();
	other->tells = ALL & ~USERFAULT_UNMAPPED;
	assert_int_equal(0, vm_userfault_unregister(&space, AT + 3 * P, AT + 5 * P));
	set_part(3, 1, other);
	assert_int_equal(0, vm_unmap(&space, AT, 6 * P));
	assert_int_equal(1, userfault->changing);
	assert_int_equal(0, other->changing);
	assert_int_equal(-EAGAIN, give(&space, 6, 'a'));
	tell_alone(&space);
	assert_int_equal(1, nheard);
	check_heard(0, USERFAULT_UNMAPPED, 0, 6);
	assert_int_equal(0, give(&space, 6, 'a'));
	map(AT, 2, RW); /* what is mapped there now is nobody's */
	assert_int_equal(0, vm_unmap(&space, AT, 2 * P));
	assert_null(space.events);
	userfault_put(other);
	end_events();
}

/* Each descriptor is told once of an unmapping; mmap over it is one. */
TEST(userfault_event_map_over)
{
	struct userfault *other;

	begin_events(USERFAULT_UNMAPPED);
	other = userfault_create();
	other->tells = USERFAULT_UNMAPPED;
	assert_int_equal(0, vm_userfault_unregister(&space, AT + P, AT + 2 * P));
	set_part(1, 1, other);
	map(AT, 4, RW);
	assert_true(space.events && space.events->next && !space.events->next->next);
	assert_int_equal(1, other->changing);
	userfault_close(other); /* it does not hear, and nobody waits for that */
	tell_alone(&space);
	assert_int_equal(1, nheard);
	check_heard(0, USERFAULT_UNMAPPED, 0, 4);
	assert_int_equal(1, other->refs.n);
	userfault_put(other);
	end_events();
}

/* The pages are there until it was told. */
static int hear_of_drop(struct vm_wait *wait)
{
	if (wait && nheard == 0)
		assert_int_equal('a', fake_load(AT + P));
	return hear(wait);
}

TEST(userfault_event_drop)
{
	begin_events(ALL);
	assert_int_equal(0, give(&space, 1, 'a'));
	rig_pause = hear_of_drop;
	assert_int_equal(0, vm_madvise(&space, AT, 3 * P, MADV_DONTNEED));
	assert_int_equal(1, nheard);
	check_heard(0, USERFAULT_DROPPED, 0, 3);
	assert_int_equal(0, space.resident);
	assert_int_equal(0, vm_madvise(&space, AT, P, MADV_COLD));
	assert_int_equal(1, nheard);
	assert_int_equal(0, vm_madvise(&space, AT, 2 * P, MADV_DONTNEED));
	assert_int_equal(2, nheard);
	end_events();
}

/* What was there goes while it is told. */
static int unmap_it(struct vm_wait *wait)
{
	if (wait) {
		assert_true(userfault_next_event(userfault, &heard[nheard++]));
		assert_int_equal(0, vm_userfault_unregister(&space, AT, AT + N * P));
		assert_int_equal(0, vm_unmap(&space, AT, 2 * P));
	}
	return 0;
}

TEST(userfault_event_drop_of_what_has_gone)
{
	begin_events(ALL);
	assert_int_equal(0, give(&space, 3, 'a'));
	rig_pause = unmap_it;
	assert_int_equal(-ENOMEM, vm_madvise(&space, AT, 4 * P, MADV_DONTNEED));
	assert_int_equal(1, space.resident);
	end_events();
}

TEST(userfault_event_move)
{
	vaddr_t to = 0;

	begin_events(ALL);
	assert_int_equal(0, give(&space, 1, 'm'));
	map(AT + 20 * P, 4, RW);
	set_part(20, 4, userfault);
	assert_int_equal(0, vm_remap(&space, AT + P, 3 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				     AT + 20 * P, &to));
	tell_alone(&space);
	assert_int_equal(4, nheard);
	check_heard(0, USERFAULT_UNMAPPED, 20, 22);
	check_heard(1, USERFAULT_MOVED, 1, 4);
	assert_int_equal(AT + 20 * P, heard[1].to);
	check_heard(2, USERFAULT_UNMAPPED, 3, 4);
	check_heard(3, USERFAULT_UNMAPPED, 1, 3);
	assert_true(is_registered(&space, 20, userfault) && is_registered(&space, 21, userfault));
	assert_int_equal('m', fake_load(AT + 20 * P));
	assert_int_equal(0, give(&space, 21, 'n'));
	assert_int_equal('n', fake_load(AT + 21 * P));
	end_events();
}

/* A move that fails is not told of. */
TEST(userfault_event_move_without_memory)
{
	vaddr_t to = 0;

	begin_events(USERFAULT_MOVED | USERFAULT_UNMAPPED);
	assert_int_equal(0, give(&space, 1, 'm'));
	for (unsigned i = 1;; i++) {
		int result;

		alloc_fail_at = i;
		result = vm_remap(&space, AT + P, 2 * P, 3 * P, MREMAP_MAYMOVE | MREMAP_FIXED,
				  AT + 600 * P, &to);
		alloc_fail_at = 0;
		if (!result)
			break;
		assert_int_equal(-ENOMEM, result);
		check_quiet();
		assert_true(is_registered(&space, 1, userfault));
	}
	tell_alone(&space);
	assert_int_equal(2, nheard);
	end_events();
}

/* ---- fork ---- */

static struct space child;

static void fork_it(void)
{
	rig_create(&child);
	assert_int_equal(0, vm_fork(&space, &child));
}

/* Ends the one event of a fork. Returns the userfault of which nobody will hear. */
static struct userfault *end_fork(void)
{
	struct userfault *lost;

	assert_null(userfault_end_event(userfault_take_events(&space), true, &lost));
	return lost;
}

static int hear_of_child(struct vm_wait *wait)
{
	struct userfault_news news;

	if (!wait)
		return 0;
	hear(wait);
	assert_false(userfault_next_event(userfault, &news)); /* it is taken */
	assert_int_equal(0, userfault->nevents);
	assert_false(list_empty(&userfault->events));
	if (nheard == 1) { /* there was no descriptor: it is told again */
		userfault_put(heard[0].child);
		userfault_child_told(userfault, heard[0].child, false);
		assert_int_equal(1, userfault->nevents);
	} else {
		userfault_child_told(userfault, heard[1].child, true);
	}
	return 0;
}

TEST(userfault_event_fork)
{
	struct userfault *own;

	begin_events(ALL);
	assert_int_equal(0, give(&space, 1, 'p'));
	assert_int_equal(0, vm_madvise(&space, AT + 2 * P, P, MADV_DONTFORK));
	assert_int_equal(0, vm_madvise(&space, AT + 3 * P, P, MADV_WIPEONFORK));
	assert_int_equal(0, vm_userfault_unregister(&space, AT + 4 * P, AT + 5 * P));
	fork_it();
	rig_pause = hear_of_child;
	assert_null(end_fork());
	assert_int_equal(2, nheard);
	assert_int_equal(2, grabs);
	own = heard[1].child;
	assert_ptr_equal(&child, heard[1].child_space);
	assert_int_equal(1, own->refs.n);
	assert_int_equal(ALL, own->tells);
	assert_true(is_registered(&child, 0, own) && is_registered(&child, 3, own) &&
		    is_registered(&child, 5, own) && !is_registered(&child, 4, own));
	assert_null(vma_find(&child, AT + 2 * P));
	assert_true(is_registered(&space, 0, userfault));
	rig_run(&child);
	assert_int_equal('p', fake_load(AT + P));
	assert_int_equal(-1, fake_load(AT));
	assert_int_equal(VM_WAIT, rig_outcome);
	assert_int_equal(0, give(&child, 0, 'c'));
	assert_int_equal('c', fake_load(AT));
	assert_int_equal(0, fake_load(AT + 4 * P));
	rig_run(&space);
	rig_pause = NULL;
	rig_destroy(&child);
	userfault_put(own);
	end_events();
}

static struct userfault_event *second;

/* The first child is taken: what is told next is the second. */
static int hear_second(struct vm_wait *wait)
{
	if (!wait)
		return 0;
	hear(wait);
	assert_ptr_not_equal(heard[0].child, heard[1].child);
	userfault_child_told(userfault, heard[1].child, true);
	return 0;
}

static int hear_both(struct vm_wait *wait)
{
	struct userfault *lost;

	if (!wait)
		return 0;
	hear(wait);
	rig_pause = hear_second;
	assert_null(userfault_end_event(second, true, &lost));
	assert_null(lost);
	userfault_child_told(userfault, heard[0].child, true);
	return 0;
}

TEST(userfault_event_fork_is_taken_once)
{
	struct userfault_event *first;
	struct space other;
	struct userfault *lost;

	begin_events(USERFAULT_FORKED);
	fork_it();
	first = userfault_take_events(&space);
	rig_create(&other);
	assert_int_equal(0, vm_fork(&space, &other));
	second = userfault_take_events(&space);
	rig_pause = hear_both;
	assert_null(userfault_end_event(first, true, &lost));
	assert_null(lost);
	assert_int_equal(2, nheard);
	rig_pause = NULL;
	rig_destroy(&child);
	rig_destroy(&other);
	userfault_put(heard[0].child);
	userfault_put(heard[1].child);
	end_events();
}

/* The program will not hear of the child: it was closed, or the thread killed. */
static void check_lost(int (*ends)(struct vm_wait *))
{
	struct userfault *lost;

	begin_events(USERFAULT_FORKED);
	fork_it();
	rig_pause = ends;
	lost = end_fork();
	rig_pause = NULL;
	assert_non_null(lost);
	assert_int_equal(1, lost->refs.n);
	assert_true(is_registered(&child, 0, lost));
	vm_userfault_forget(&child, lost);
	assert_false(is_registered(&child, 0, lost));
	userfault_put(lost);
	rig_destroy(&child);
	end_events();
}

TEST(userfault_event_fork_is_lost)
{
	check_lost(is_killed);
	check_lost(closes);
}

/* It is killed while somebody makes what the program gets. */
static int killed_when_taken(struct vm_wait *wait)
{
	if (!wait)
		return 0;
	hear(wait);
	return -EINTR;
}

TEST(userfault_event_fork_is_lost_when_taken)
{
	struct userfault *lost;

	begin_events(USERFAULT_FORKED);
	fork_it();
	rig_pause = killed_when_taken;
	lost = end_fork();
	rig_pause = NULL;
	assert_ptr_equal(heard[0].child, lost);
	assert_int_equal(2, lost->refs.n);
	userfault_child_told(userfault, lost, true);
	vm_userfault_forget(&child, lost);
	userfault_put(lost);
	userfault_put(lost);
	rig_destroy(&child);
	end_events();
}

TEST(userfault_event_fork_without_memory)
{
	begin_events(USERFAULT_FORKED);
	assert_int_equal(0, give(&space, 1, 'p'));
	for (unsigned i = 1;; i++) {
		struct userfault_event *events;
		int result;

		rig_create(&child);
		alloc_fail_at = i;
		result = vm_fork(&space, &child);
		alloc_fail_at = 0;
		events = userfault_take_events(&space);
		while (events) {
			struct userfault *lost;

			events = userfault_end_event(events, false, &lost);
			assert_non_null(lost);
			vm_userfault_forget(&child, lost);
			userfault_put(lost);
		}
		rig_destroy(&child);
		check_quiet();
		if (!result)
			break;
		assert_int_equal(-ENOMEM, result);
	}
	end_events();
}

/* Without the feature a child has none of it. */
TEST(userfault_event_fork_not_told)
{
	begin_events(ALL & ~USERFAULT_FORKED);
	fork_it();
	assert_null(space.events);
	assert_false(vma_find(&child, AT)->flags & VMA_USERFAULT);
	rig_destroy(&child);
	end_events();
}

/* Many threads wait, and a close lets all go on. */
TEST(userfault_event_order)
{
	struct userfault_event *first, *second;

	begin_events(USERFAULT_UNMAPPED);
	assert_int_equal(0, vm_unmap(&space, AT, P));
	first = userfault_take_events(&space);
	assert_int_equal(0, vm_unmap(&space, AT + P, P));
	second = userfault_take_events(&space);
	assert_int_equal(2, userfault->changing);
	userfault_end_events(first);
	assert_int_equal(1, userfault->changing);
	assert_int_equal(-EAGAIN, give(&space, 5, 'x'));
	rig_pause = closes;
	userfault_end_events(second);
	assert_int_equal(1, nheard);
	end_events();
}
