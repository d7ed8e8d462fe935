/* SPDX-License-Identifier: MIT */
/* Entries that change under the hand that changes them, as hardware and other harts may do it. */
#include "one_space.h"

/* The next entry to be changed loses its A bit first, as if it were aged. */
static unsigned meddled;

static void age(struct mmu_entry *slot)
{
	fake_meddle = NULL;
	meddled++;
	__atomic_fetch_and(&slot->word, ~FAKE_A, __ATOMIC_RELAXED);
}

static void begin(void)
{
	start();
	meddled = 0;
	map(AT, 1, RW);
	assert_int_equal(0, fake_store(AT, 5));
}

static unsigned flags_at(struct space *s, vaddr_t va)
{
	return entry_flags(entry_load(arch_mmu_lookup(&s->mmu, va)));
}

/* A fault that finds another entry than it has judged starts over. */
TEST(fault_starts_over)
{
	begin();
	protect_many(PROT_READ);
	fake_meddle = age;
	assert_int_equal(0, fake_store(AT, 6));
	assert_int_equal(1, meddled);
	assert_int_equal(1, space.stats.retry[RETRY_RACE]);
	assert_int_equal(6, fake_load(AT));
	end();
}

/* mprotect lessens what is there now, and keeps the rest of it. */
TEST(protect_keeps_what_changed)
{
	begin();
	fake_meddle = age;
	assert_int_equal(0, vm_protect(&space, AT, PAGE_SIZE, PROT_READ));
	assert_int_equal(1, meddled);
	assert_false(flags_at(&space, AT) & ENTRY_ACCESSED);
	assert_int_equal(-1, fake_store(AT, 6));
	assert_int_equal(5, fake_load(AT));
	end();
}

/* So does fork, for both. */
TEST(fork_keeps_what_changed)
{
	struct space child;

	begin();
	assert_int_equal(0, space_create(&child));
	fake_meddle = age;
	assert_int_equal(0, vm_fork(&space, &child));
	assert_int_equal(1, meddled);
	assert_false(flags_at(&space, AT) & ENTRY_ACCESSED);
	assert_false(flags_at(&child, AT) & ENTRY_ACCESSED);
	assert_int_equal(0, fake_store(AT, 6));
	rig_run(&child);
	assert_int_equal(5, fake_load(AT));
	rig_run(NULL);
	rig_destroy(&child);
	end();
}
