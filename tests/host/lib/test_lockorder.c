/* SPDX-License-Identifier: MIT */
/* The lock order's checker: what it allows, and that it sees each way to break the rules. */
#include <string.h>

#include "sync/spinlock.h"
#include "test.h"

static struct lockorder hart_order;
static bool no_hart;
static bool looked_with_irq_on;

struct lockorder *lockorder_this_hart(void)
{
	looked_with_irq_on |= arch_irq_enabled();
	return no_hart ? NULL : &hart_order;
}

/* Two of a class, a at the lower address. */
static struct {
	struct spinlock a, b;
} spaces;
static struct spinlock object, alloc, waitq, unchecked;

static int setup(void **state)
{
	(void)state;
	memset(&hart_order, 0, sizeof(hart_order));
	spin_init(&spaces.a, LOCK_SPACE);
	spin_init(&spaces.b, LOCK_SPACE);
	spin_init(&object, LOCK_OBJECT);
	spin_init(&alloc, LOCK_PAGE_ALLOC);
	spin_init(&waitq, LOCK_WAITQ);
	spin_init(&unchecked, LOCK_NONE);
	no_hart = false;
	return 0;
}

static void test_in_order(void **state)
{
	(void)state;
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

/* An interrupt takes locks too: it must not find the record half changed. */
static void test_no_interrupt_in_between(void **state)
{
	(void)state;
	arch_irq_enable();
	looked_with_irq_on = false;
	spin_lock(&spaces.a);
	assert_false(looked_with_irq_on);
	assert_true(arch_irq_enabled());
	spin_unlock(&spaces.a);
	assert_false(looked_with_irq_on);
	assert_true(arch_irq_enabled());
}

static void test_out_of_order(void **state)
{
	(void)state;
	spin_lock(&object);
	assert_true(panics(spin_lock(&spaces.a)));
	assert_non_null(strstr(test_panic_text, "space lock"));
	assert_non_null(strstr(test_panic_text, "object lock"));
}

/* The outer lock was taken first, but what was taken last is not all that counts. */
static void test_below_one_of_many(void **state)
{
	(void)state;
	spin_lock(&spaces.a);
	spin_lock(&alloc);
	assert_true(panics(spin_lock(&object)));
}

static void test_two_of_a_class(void **state)
{
	(void)state;
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

static void test_nested_excuses_only_its_class(void **state)
{
	(void)state;
	spin_lock(&object);
	assert_true(panics(spin_lock_nested(&spaces.a)));
}

static void test_twice(void **state)
{
	(void)state;
	spin_lock(&spaces.a);
	assert_true(panics(spin_lock(&spaces.a)));
	assert_non_null(strstr(test_panic_text, "twice"));
}

static void test_twice_nested(void **state)
{
	(void)state;
	spin_lock(&spaces.a);
	assert_true(panics(spin_lock_nested(&spaces.a)));
}

static void test_release_of_what_is_not_held(void **state)
{
	(void)state;
	assert_true(panics(spin_unlock(&object)));
}

static void test_sleep_with_a_spinning_lock(void **state)
{
	(void)state;
	lockorder_assert_none_spinning();
	spin_lock(&alloc);
	assert_true(panics(lockorder_assert_none_spinning()));
}

static void test_waiting_locks(void **state)
{
	struct lockorder thread = { 0 };
	char pipe = 0, mmap = 0;

	(void)state;
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

static void test_waiting_under_spinning(void **state)
{
	struct lockorder thread = { 0 };
	char mmap = 0;

	(void)state;
	spin_lock(&alloc);
	assert_true(panics(lockorder_take_waiting(&thread, &mmap, LOCK_MMAP, false)));
}

static void test_classes_of_the_wrong_kind(void **state)
{
	struct lockorder thread = { 0 };

	(void)state;
	assert_true(panics(lockorder_take_waiting(&thread, &thread, LOCK_SPACE, false)));
	assert_true(panics(lockorder_take(&thread, LOCK_MMAP, false)));
}

static void test_too_many(void **state)
{
	static struct spinlock locks[LOCKORDER_DEPTH + 1];

	(void)state;
	for (unsigned i = 0; i < LOCKORDER_DEPTH; i++) {
		spin_init(&locks[i], LOCK_OBJECT);
		spin_lock(&locks[i]);
	}
	spin_init(&locks[LOCKORDER_DEPTH], LOCK_OBJECT);
	assert_true(panics(spin_lock(&locks[LOCKORDER_DEPTH])));
}

static void test_trylock(void **state)
{
	(void)state;
	assert_true(spin_trylock(&object));
	assert_true(spin_lock_held(&object));
	assert_false(spin_trylock(&object));
	spin_unlock(&object);
	assert_false(spin_lock_held(&object));
}

static void test_unchecked_and_before_harts(void **state)
{
	(void)state;
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

static void test_every_class_has_a_name(void **state)
{
	(void)state;
	for (enum lock_class class = LOCK_NONE; class < LOCK_CLASSES; class ++)
		assert_non_null(lock_class_name(class));
	assert_string_equal(lock_class_name(LOCK_CLASSES), "no class");
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_order),
		TEST(test_no_interrupt_in_between),
		TEST(test_out_of_order),
		TEST(test_below_one_of_many),
		TEST(test_two_of_a_class),
		TEST(test_nested_excuses_only_its_class),
		TEST(test_twice),
		TEST(test_twice_nested),
		TEST(test_release_of_what_is_not_held),
		TEST(test_sleep_with_a_spinning_lock),
		TEST(test_waiting_locks),
		TEST(test_waiting_under_spinning),
		TEST(test_classes_of_the_wrong_kind),
		TEST(test_too_many),
		TEST(test_trylock),
		TEST(test_unchecked_and_before_harts),
		TEST(test_every_class_has_a_name),
	};

	return test_group("sync-lockorder", tests);
}
