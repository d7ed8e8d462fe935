/* SPDX-License-Identifier: MIT */
/* Fence debts: what is owed, what pays, and that a fence that was left out is caught (R8). */
#include "rig.h"

#include <string.h>

#include "mm/check/fence_debt.h"

#define AT 0x40000000ul
#define P  PAGE_SIZE

static struct space space;

static void start(void)
{
	rig_start(1024);
	rig_create(&space);
	rig_run(&space);
	assert_int_equal(AT, rig_map(&space, AT, 64 * P, RW, ANON | MAP_FIXED | MAP_POPULATE));
}

/* Takes the right to write, or all, from one entry, as a verb would, and leaves the fence out. */
static struct mmu_entry lessen(vaddr_t va, unsigned prot)
{
	struct mmu_entry *slot = arch_mmu_lookup(&space.mmu, va);
	struct mmu_entry old = entry_load(slot);
	struct mmu_entry new = prot ? entry_with(old, prot, entry_flags(old)) : ENTRY_NONE;

	entry_swap(slot, new);
	debt_owe(&space, va, old, new);
	return old;
}

static void fence(unsigned count, const vaddr_t *va, bool all)
{
	struct mmu_flush flush = { .all = all };

	for (unsigned i = 0; i < count; i++)
		mmu_flush_add(&flush, va[i]);
	space_fence(&space, &flush);
}

TEST(missing_fence_at_the_end_of_a_verb)
{
	start();
	space_lock(&space);
	debt_assert_none(&space);
	lessen(AT, VM_PROT_READ);
	assert_true(panics(debt_assert_none(&space)));
	assert_non_null(strstr(test_panic_text, "0x40000000"));
	fence(1, (vaddr_t[]){ AT + P }, false); /* the wrong one */
	assert_true(panics(debt_assert_none(&space)));
	fence(1, (vaddr_t[]){ AT }, false);
	debt_assert_none(&space);
	space_unlock(&space);
}

TEST(missing_fence_before_a_frame_goes)
{
	struct mmu_entry old;

	start();
	space_lock(&space);
	old = lessen(AT + 3 * P, 0);
	assert_true(panics(debt_assert_frame(&space, pfn_to_page(entry_pfn(old)))));
	debt_assert_frame(&space, zero_page);
	fence(0, NULL, true);
	debt_assert_frame(&space, pfn_to_page(entry_pfn(old)));
	space_unlock(&space);
}

TEST(missing_break_before_make)
{
	start();
	space_lock(&space);
	lessen(AT + 3 * P, 0);
	assert_true(panics(debt_assert_entry(&space, AT + 3 * P)));
	debt_assert_entry(&space, AT + 4 * P);
	fence(1, (vaddr_t[]){ AT + 3 * P }, false);
	debt_assert_entry(&space, AT + 3 * P);
	space_unlock(&space);
}

TEST(more_prot_owe_nothing)
{
	struct mmu_entry *slot, old;

	start();
	space_lock(&space);
	slot = arch_mmu_lookup(&space.mmu, AT);
	old = entry_load(slot);
	debt_owe(&space, AT, entry_with(old, VM_PROT_READ, ENTRY_ACCESSED), old);
	debt_owe(&space, AT, ENTRY_NONE, old);
	debt_assert_none(&space);
	space_unlock(&space);
}

TEST(many_are_paid_by_one)
{
	vaddr_t va[64];

	start();
	space_lock(&space);
	for (unsigned i = 0; i < 64; i++) {
		va[i] = AT + i * P;
		lessen(va[i], VM_PROT_READ);
	}
	fence(MMU_FLUSH_MAX, va, false);
	assert_true(panics(debt_assert_none(&space)));
	fence(64, va, false); /* more than a flush holds: it becomes one of everything */
	debt_assert_none(&space);
	space_unlock(&space);
}

/* A piece of a verb that changes more entries than a leaf table has would keep the lock for too long. */
TEST(piece_without_end)
{
	struct mmu_entry old;

	start();
	space_lock(&space);
	old = lessen(AT, VM_PROT_READ);
	for (unsigned i = 1; i < MMU_LEAF_ENTRIES; i++)
		debt_owe(&space, AT, old, ENTRY_NONE);
	assert_true(panics(debt_owe(&space, AT + P, old, ENTRY_NONE)));
	assert_non_null(strstr(test_panic_text, "more than 512 entries before its fence"));
	fence(0, NULL, true);
	debt_owe(&space, AT, old, ENTRY_NONE);
	fence(1, (vaddr_t[]){ AT }, false);
	space_unlock(&space);
}

/*
 * What the fences are for: without one, the fake TLB still lets a write through to a page that was
 * taken.
 */
TEST(stale_entry_is_seen)
{
	start();
	assert_int_equal(0, fake_store(AT, 1));
	space_lock(&space);
	lessen(AT, VM_PROT_READ);
	space_unlock(&space);
	assert_int_equal(1, fake_tlb_debts());
	assert_int_equal(0, fake_store(AT, 2));
	space_lock(&space);
	fence(1, (vaddr_t[]){ AT }, false);
	space_unlock(&space);
	assert_int_equal(0, fake_tlb_debts());
}
