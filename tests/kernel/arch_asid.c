/* SPDX-License-Identifier: MIT */
/* Address-space numbers while a hart comes to a space, or runs it: a hart that the tests pretend, or an interrupt. */
#include "arch/irqflags.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "arch/usercopy.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
#include "sync/preempt.h"
#include "tests/kernel/arch_space.h"
#include "tests/kernel/ktest.h"

#define PLACE PAGE_SIZE

/* Whoever needs more of them until all are given has too many to try. */
#define NUMBERS 16

static uint64_t generation_here(void)
{
	return hart_this()->asid_generation;
}

/* The space gets another number than it had last. */
static void take_another(struct arch_space *as)
{
	arch_mmu_activate(NULL);
	as->mmu.generation = 0; /* long ago */
	arch_mmu_activate(&as->mmu);
}

/* One space takes numbers, but not that of another one, until the next generation begins; false: there are too many. */
static bool roll_over(struct arch_space *taker, const struct mmu *keeper)
{
	uint64_t before = generation_here();

	for (unsigned i = 0; i < NUMBERS && generation_here() == before; i++) {
		take_another(taker);
		EXPECT_TRUE(taker->mmu.asid != keeper->asid);
	}
	return generation_here() != before;
}

/* Another hart, which has said that it comes to the space, and does no more. */
static void pretend_coming(struct mmu *mmu)
{
	hart_count = 2;
	harts[1].entering = mmu;
	harts[1].asid_generation = generation_here();
}

static void pretend_nobody(void)
{
	hart_count = 1;
	harts[1].entering = NULL;
	harts[1].asid_generation = 0;
}

/* The hart may have looked at the generation of the space before, and is going to look at its own. */
static void keep_through_two_generations(struct arch_space *as, struct arch_space *taker)
{
	uint64_t number = as->mmu.asid, before = generation_here();

	if (!number || !roll_over(taker, &as->mmu))
		return;
	EXPECT_EQ(generation_here(), as->mmu.generation);
	EXPECT_TRUE(harts[1].asid_generation != before);
	EXPECT_TRUE(harts[1].asid_generation != generation_here());
	EXPECT_TRUE(roll_over(taker, &as->mmu));
	EXPECT_EQ(number, as->mmu.asid);
}

KTEST(arch_asid_of_a_space_that_a_hart_comes_to_is_kept)
{
	struct arch_space as, taker;
	unsigned long irq;

	if (hart_are_several())
		return;
	ASSERT_TRUE(arch_space_start(&as));
	ASSERT_TRUE(arch_space_start(&taker));
	irq = arch_irq_save();
	arch_mmu_activate(&as.mmu);
	pretend_coming(&as.mmu);
	keep_through_two_generations(&as, &taker);
	pretend_nobody();
	arch_mmu_activate(NULL);
	arch_irq_restore(irq);
	arch_space_end(&as);
	arch_space_end(&taker);
}

/* Another hart, which runs the space without a number, would not see the fences that name one. */
KTEST(arch_asid_is_not_given_to_a_space_that_runs_without)
{
	struct arch_space as;
	unsigned long irq;

	if (hart_are_several())
		return;
	ASSERT_TRUE(arch_space_start(&as));
	irq = arch_irq_save();
	as.mmu.harts = 2;
	arch_mmu_activate(&as.mmu);
	EXPECT_EQ(0, as.mmu.asid);
	EXPECT_EQ(3, as.mmu.harts);
	arch_mmu_activate(NULL);
	as.mmu.harts = 0;
	arch_irq_restore(irq);
	arch_space_end(&as);
}

/* ---- a hart that comes while another fences ---- */

#define ROUNDS	128
#define OFFSETS 64  /* two instructions each: more than a tick of the clock has */
#define AHEAD	100 /* ticks */

static struct arch_space *visited;

/* Stands for another hart: what it owes, it finds or does not, as that hart would. */
static void come(struct timer *unused)
{
	arch_mmu_activate(&visited->mmu);
}

static bool is_there(void)
{
	uint64_t word;

	return arch_copy_in(&word, PLACE, sizeof(word)) == 0;
}

static void wait_until(uint64_t time, unsigned turns)
{
	while (arch_time() < time)
		;
	for (unsigned i = 0; i < turns; i++)
		preempt_barrier();
}

/* Unmaps the page of the space, which this hart does not run. Somewhere in there, or near it, the interrupt comes. */
static void unmap_while_one_comes(struct arch_space *as, struct mmu_entry *slot, unsigned turns)
{
	struct timer timer;
	struct mmu_flush flush;
	uint64_t deadline;

	mmu_flush_init(&flush);
	mmu_flush_add(&flush, PLACE);
	timer_init(&timer, come);
	deadline = arch_time() + AHEAD;
	timer_arm(&timer, deadline);
	(void)entry_swap(slot, ENTRY_NONE);
	wait_until(deadline - 1, turns);
	arch_mmu_flush(&as->mmu, &flush);
	(void)timer_cancel(&timer);
}

/*
 * Where time is counted in instructions, the interrupt comes at each instruction of the fence in one of the rounds. The hart
 * may have looked at its mark before there was one: then it has to be seen that it runs the space.
 */
KTEST(arch_mmu_flush_while_a_hart_comes)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	struct arch_space as;
	struct mmu_entry *slot;

	ASSERT_TRUE(page && arch_space_start(&as));
	ASSERT_TRUE(arch_space_map(&as, PLACE, page_to_pfn(page)));
	slot = arch_mmu_lookup(&as.mmu, PLACE);
	visited = &as;
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct mmu_entry entry = entry_load(slot);

		preempt_disable();
		arch_mmu_activate(&as.mmu);
		EXPECT_TRUE(is_there());
		arch_mmu_activate(NULL);
		unmap_while_one_comes(&as, slot, i % OFFSETS);
		arch_mmu_activate(&as.mmu);
		EXPECT_TRUE(!is_there());
		arch_mmu_map(slot, PLACE, entry);
		arch_mmu_activate(NULL);
		preempt_enable();
	}
	arch_space_end(&as);
	page_put(page);
}
