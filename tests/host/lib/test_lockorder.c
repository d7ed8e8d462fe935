/* SPDX-License-Identifier: MIT */
/* The lock order's checker: what it allows, and that it sees each way to break the rules. */
#include <signal.h>
#include <string.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#include "sync/spinlock.h"
#include "test.h"

static struct lockorder hart_order;
static bool no_hart;

struct lockorder *lockorder_this_hart(void)
{
	return no_hart ? NULL : &hart_order;
}

/* Two of a class, a at the lower address. */
static struct {
	struct spinlock a, b;
} spaces;
static struct spinlock object, alloc, waitq, unchecked;

void test_setup(void)
{
	memset(&hart_order, 0, sizeof(hart_order));
	spin_init(&spaces.a, LOCK_SPACE);
	spin_init(&spaces.b, LOCK_SPACE);
	spin_init(&object, LOCK_OBJECT);
	spin_init(&alloc, LOCK_PAGE_ALLOC);
	spin_init(&waitq, LOCK_WAITQ);
	spin_init(&unchecked, LOCK_NONE);
	no_hart = false;
}

TEST(in_order)
{
	spin_lock(&spaces.a);
	spin_lock(&object);
	spin_lock(&alloc);
	assert_true(spin_lock_held(&object));
	assert_false(spin_lock_held(&waitq));
	/* in any order out */
	spin_unlock(&object);
	spin_unlock(&spaces.a);
	assert_true(spin_lock_held(&alloc));
	spin_unlock(&alloc);
	lockorder_assert_none_spinning();
}

#ifdef __x86_64__

#define TRAP_FLAG 0x100ul /* SIGTRAP after each instruction; off in the signal's handler */

static unsigned interrupts;

static void interrupt(int signal)
{
	unsigned depth = hart_order.depth;

	(void)signal;
	interrupts++;
	spin_lock_irqoff(&waitq);
	assert_true(spin_lock_held(&waitq));
	spin_unlock_irqoff(&waitq);
	assert_int_equal(hart_order.depth, depth);
}

static void take_and_drop(void)
{
	spin_lock(&spaces.a);
	spin_lock(&object);
	spin_lock(&alloc);
	assert_true(spin_lock_held(&spaces.a) && spin_lock_held(&object) && spin_lock_held(&alloc));
	spin_unlock(&object); /* the ones behind it move */
	assert_true(spin_lock_held(&spaces.a) && spin_lock_held(&alloc));
	spin_unlock(&spaces.a);
	spin_unlock(&alloc);
}

/* An interrupt's handler takes a lock, too, after whichever instruction it comes. */
TEST(interrupts_in_between)
{
	static const struct lockorder none;
	struct sigaction action = { .sa_handler = interrupt };

	assert_int_equal(sigaction(SIGTRAP, &action, NULL), 0);
	__writeeflags(__readeflags() | TRAP_FLAG);
	take_and_drop();
	__writeeflags(__readeflags() & ~TRAP_FLAG);
	assert_true(interrupts > 200);
	assert_memory_equal(&none, &hart_order, sizeof(none));
}

#endif

TEST(out_of_order)
{
	spin_lock(&object);
	assert_true(panics(spin_lock(&spaces.a)));
	assert_non_null(strstr(test_panic_text, "space lock"));
	assert_non_null(strstr(test_panic_text, "object lock"));
}

/* The outer lock was taken first, but what was taken last is not all that counts. */
TEST(below_one_of_many)
{
	spin_lock(&spaces.a);
	spin_lock(&alloc);
	assert_true(panics(spin_lock(&object)));
}

TEST(two_of_a_class)
{
	spin_lock(&spaces.a);
	spin_lock(&spaces.b);
	spin_unlock(&spaces.a);
	spin_unlock(&spaces.b);
	spin_lock_two(&spaces.b, &spaces.a);
	spin_unlock(&spaces.b);
	spin_unlock(&spaces.a);
	spin_lock(&spaces.b);
	spin_lock_nested(&spaces.a);
	spin_unlock(&spaces.a);
	assert_true(panics(spin_lock(&spaces.a)));
}

TEST(nested_excuses_only_its_class)
{
	spin_lock(&object);
	assert_true(panics(spin_lock_nested(&spaces.a)));
}

TEST(twice)
{
	spin_lock(&spaces.a);
	assert_true(panics(spin_lock(&spaces.a)));
	assert_non_null(strstr(test_panic_text, "twice"));
}

TEST(twice_nested)
{
	spin_lock(&spaces.a);
	assert_true(panics(spin_lock_nested(&spaces.a)));
}

TEST(release_of_what_is_not_held)
{
	assert_true(panics(spin_unlock(&object)));
}

TEST(sleep_with_a_spinning_lock)
{
	lockorder_assert_none_spinning();
	spin_lock(&alloc);
	assert_true(panics(lockorder_assert_none_spinning()));
}

TEST(waiting_locks)
{
	struct lockorder thread = { 0 };
	char pipe = 0, mmap = 0;

	lockorder_take_waiting(&thread, &pipe, LOCK_PIPE, false);
	lockorder_take_waiting(&thread, &mmap, LOCK_MMAP, false);
	assert_true(lockorder_holds_waiting(&thread, &pipe));
	assert_true(panics(lockorder_assert_none_waiting(&thread)));
	lockorder_drop_waiting(&thread, &pipe);
	assert_false(lockorder_holds_waiting(&thread, &pipe));
	assert_true(panics(lockorder_take_waiting(&thread, &pipe, LOCK_PIPE, false)));
	lockorder_drop_waiting(&thread, &mmap);
	lockorder_assert_none_waiting(&thread);
	assert_true(panics(lockorder_drop_waiting(&thread, &mmap)));
}

TEST(waiting_under_spinning)
{
	struct lockorder thread = { 0 };
	char mmap = 0;

	spin_lock(&alloc);
	assert_true(panics(lockorder_take_waiting(&thread, &mmap, LOCK_MMAP, false)));
}

TEST(classes_of_the_wrong_kind)
{
	struct lockorder thread = { 0 };

	assert_true(panics(lockorder_take_waiting(&thread, &thread, LOCK_SPACE, false)));
	assert_true(panics(lockorder_take(&thread, LOCK_MMAP, false)));
}

TEST(too_many)
{
	static struct spinlock locks[LOCKORDER_DEPTH + 1];

	for (unsigned i = 0; i < LOCKORDER_DEPTH; i++) {
		spin_init(&locks[i], LOCK_OBJECT);
		spin_lock(&locks[i]);
	}
	spin_init(&locks[LOCKORDER_DEPTH], LOCK_OBJECT);
	assert_true(panics(spin_lock(&locks[LOCKORDER_DEPTH])));
}

/* The oldest goes first from a record that is full; what lies behind it is not its own. */
TEST(full_to_empty)
{
	struct {
		struct lockorder order;
		struct lockorder_held behind[2];
	} it = { .behind = { { &it, LOCK_PIPE }, { &it, LOCK_MMAP } } };
	char locks[LOCKORDER_DEPTH];

	for (unsigned i = 0; i < LOCKORDER_DEPTH; i++)
		lockorder_take_waiting(&it.order, &locks[i], LOCK_PIPE, i != 0);
	for (unsigned i = 0; i < LOCKORDER_DEPTH; i++) {
		lockorder_drop_waiting(&it.order, &locks[i]);
		assert_false(lockorder_holds_waiting(&it.order, &locks[i]));
	}
	lockorder_assert_none_waiting(&it.order);
	assert_int_equal(LOCK_PIPE, it.behind[0].class);
	assert_int_equal(LOCK_MMAP, it.behind[1].class);
	assert_ptr_equal(&it, it.behind[1].lock);
}

TEST(unchecked_and_before_harts)
{
	spin_lock(&alloc);
	spin_lock(&unchecked);
	assert_true(spin_lock_held(&unchecked));
	spin_unlock(&unchecked);
	spin_unlock(&alloc);
	no_hart = true;
	spin_lock(&alloc);
	spin_lock(&object);
	spin_unlock(&object);
	spin_unlock(&alloc);
}

TEST(every_class_has_a_name)
{
	for (enum lock_class class = LOCK_NONE; class < LOCK_CLASSES; class ++)
		assert_non_null(lock_class_name(class));
	assert_string_equal("no class", lock_class_name(LOCK_CLASSES));
}
