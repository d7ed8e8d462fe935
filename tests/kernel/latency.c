/* SPDX-License-Identifier: MIT */
/* R130. What is measured of the time in which a hart hears no interrupt or keeps its thread, and what is not. */
#include "sync/latency.h"

#include "arch/irqflags.h"
#include "arch/mmu.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "mm/phys/kmalloc.h"
#include "proc/wait.h"
#include "sync/irq.h"
#include "sync/spinlock.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/latency.h"

#ifdef FAULTLINE_LATENCY

#define LONG 20000u /* instructions */

/* What was measured before the test: it is put back, for the run's own figures. */
static struct latency before;

#define FENCE_MOST 50u /* instructions, where the firmware does not have a part in it */

bool latency_clock_is_exact(void)
{
	uint64_t ticks = 1000, tick = clock_ticks_to_ns(1), begin = arch_time(), count, passed;
	unsigned long flags = arch_irq_save();

	count = arch_instructions();
	arch_mmu_fence_local(PAGE_SIZE);
	if (arch_instructions() - count > FENCE_MOST) {
		arch_irq_restore(flags);
		return false;
	}
	while (arch_time() == begin)
		;
	begin = arch_time();
	count = arch_instructions();
	while (arch_time() - begin < ticks)
		;
	passed = arch_instructions() - count;
	arch_irq_restore(flags);
	return passed + 200 > ticks * tick && passed < ticks * tick + 200;
}

/* false: the clock tells no instructions, but the host's time, which others take as well. */
static bool begin_test(void)
{
	struct latency *latency = latency_this_hart();

	if (!latency_clock_is_exact())
		return false;
	before = *latency;
	latency->on = true;
	for (unsigned i = 0; i < LATENCY_KINDS; i++)
		latency->kinds[i].longest = (struct latency_stretch){ 0 };
	return true;
}

static void end_test(void)
{
	struct latency *latency = latency_this_hart();

	for (unsigned i = 0; i < LATENCY_KINDS; i++)
		latency->kinds[i].longest = before.kinds[i].longest;
	latency->on = before.on;
}

static void spend(uint64_t instructions)
{
	uint64_t start = arch_instructions();

	while (arch_instructions() - start < instructions)
		;
}

static uint64_t longest(enum latency_kind kind)
{
	return latency_this_hart()->kinds[kind].longest.instructions;
}

/* By a function of its own, whose addresses are known. */
static __attribute__((noinline)) void hold_interrupts(void)
{
	unsigned long flags = irq_save(), inner = irq_save();

	spend(LONG);
	irq_restore(inner);
	spend(LONG);
	irq_restore(flags);
}

KTEST_ALONE(latency_of_interrupts_is_that_of_the_outermost)
{
	struct latency_stretch stretch;

	if (!begin_test())
		return;
	hold_interrupts();
	stretch = latency_this_hart()->kinds[LATENCY_INTERRUPTS].longest;
	EXPECT_TRUE(stretch.instructions >= 2ul * LONG);
	EXPECT_TRUE(stretch.from > (vaddr_t)hold_interrupts && stretch.to > stretch.from);
	EXPECT_TRUE(stretch.to < (vaddr_t)hold_interrupts + 1024);
	end_test();
}

KTEST_ALONE(latency_of_a_lock_counts_for_preemption_alone)
{
	static struct spinlock outer = SPINLOCK_INIT(LOCK_FS), inner = SPINLOCK_INIT(LOCK_SPACE);

	if (!begin_test())
		return;
	spin_lock(&outer);
	spend(LONG);
	spin_lock(&inner);
	spin_unlock(&inner);
	spend(LONG);
	spin_unlock(&outer);
	EXPECT_TRUE(longest(LATENCY_PREEMPTION) >= 2ul * LONG);
	EXPECT_TRUE(longest(LATENCY_INTERRUPTS) < LONG);
	end_test();
}

static struct timer timer;
static bool rang;

static void ring(struct timer *unused)
{
	spend(LONG);
	atomic_store(&rang, true);
}

/* They are off from the trap to the return from it. */
KTEST_ALONE(latency_of_a_handler_is_measured)
{
	if (!begin_test())
		return;
	timer_init(&timer, ring);
	rang = false;
	timer_arm(&timer, arch_time() + 1);
	while (!atomic_load(&rang))
		;
	EXPECT_TRUE(longest(LATENCY_INTERRUPTS) >= LONG);
	EXPECT_TRUE(longest(LATENCY_PREEMPTION) < LONG);
	end_test();
}

/* The idle thread waits with interrupts off and keeps its hart: that keeps nobody waiting. */
KTEST_ALONE(latency_of_an_idle_hart_is_none)
{
	static struct waitq nobody = WAITQ_INIT(nobody);

	if (!begin_test())
		return;
	thread_sleep_always(&nobody, waitq_sample(&nobody),
			    arch_time() + clock_ns_to_ticks(20 * NSEC_PER_SEC / 1000));
	EXPECT_TRUE(longest(LATENCY_PREEMPTION) < LONG);
	EXPECT_TRUE(longest(LATENCY_INTERRUPTS) < LONG);
	end_test();
}

KTEST_ALONE(latency_of_what_is_exempt_is_none)
{
	unsigned long flags;

	if (!begin_test())
		return;
	preempt_disable();
	flags = irq_save();
	latency_exempt_begin();
	spend(LONG);
	latency_exempt_end();
	irq_restore(flags);
	preempt_enable();
	EXPECT_TRUE(longest(LATENCY_PREEMPTION) < LONG);
	EXPECT_TRUE(longest(LATENCY_INTERRUPTS) < LONG);
	end_test();
}

#define SLABS 3000u

#ifdef FAULTLINE_ALL_CHECKS /* of null and misaligned pointers, too */
#define TRIM_LONG LONG
#else
#define TRIM_LONG (LONG / 2)
#endif

/* Of half a frame, with what is between two in the hardened kernel. */
struct half {
	struct half *next;
	char bytes[1900];
};

static SLAB_CACHE(half_cache, struct half);

/* Frees all of a list, or every second one. */
static struct half *free_halves(struct half *list, bool all)
{
	struct half *left = NULL, *next;

	for (bool keep = false; list; list = next, keep = !keep && !all) {
		next = list->next;
		if (keep) {
			list->next = left;
			left = list;
		} else {
			slab_free(&half_cache, list);
		}
	}
	return left;
}

/* R131. Each slab has a free object, and the empty one is at the end of their list. */
KTEST_ALONE(latency_of_a_trim_does_not_grow_with_the_slabs)
{
	struct half *first = slab_alloc(&half_cache), *list = NULL, *half;

	if (!begin_test()) {
		slab_free(&half_cache, first);
		return;
	}
	for (unsigned i = 1; i < 2 * SLABS && (half = slab_alloc(&half_cache)); i++) {
		half->next = list;
		list = half;
	}
	EXPECT_TRUE(list != NULL);
	slab_free(&half_cache, first);
	list = free_halves(list, false);
	slab_trim();
	EXPECT_TRUE(longest(LATENCY_PREEMPTION) < TRIM_LONG);
	EXPECT_TRUE(free_halves(list, true) == NULL);
	end_test();
}

#endif
