/* SPDX-License-Identifier: MIT */
/* Kernel threads that are made to run into one another, as on several harts, by a seed. */
#include "tests/kernel/weave.h"

#ifdef FAULTLINE_HARDENED

#include "arch/irqflags.h"
#include "base/hart.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/space/space.h"
#include "proc/kthread.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"

/* One in so many times the hart is lost at a point. */
#define AT_LOCKS   4
#define AT_DECIDED 2
#define AT_ENTRIES 8

/* One loss in so many is for up to so many turns of the others. */
#define LONG_IN	   4
#define LONG_TURNS 16

static struct weave *figures;
static uint64_t state;
static void (*body)(unsigned index);
static struct thread *weavers[WEAVERS_MAX];
static unsigned nrunning;
static struct waitq all_done = WAITQ_INIT(all_done);
static struct mm_host real_host;

/* splitmix64: the harness's own, so that other tests' draws change nothing here */
uint64_t weave_below(uint64_t n)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

static bool is_weaver(const struct thread *thread)
{
	for (unsigned i = 0; i < WEAVERS_MAX; i++)
		if (weavers[i] == thread)
			return true;
	return false;
}

/* May a weaver lose the hart here? */
static bool may_switch(void)
{
	return arch_irq_enabled() && arch_preempt()->count == 0 && is_weaver(current_thread());
}

/* Mostly for a turn of the others, sometimes for many. */
static void switch_at(unsigned point)
{
	uint64_t turns = weave_below(LONG_IN) ? 1 : 2 + weave_below(LONG_TURNS);

	figures->switches[point]++;
	while (turns--)
		sched_yield();
}

/* What the walker of another hart, or one who looks for idle pages there, might do at any time. */
static void touch_entry(struct mmu_entry *slot)
{
	struct mmu_entry old = entry_load(slot);

	if (!is_weaver(current_thread()) || entry_empty(old) || weave_below(AT_ENTRIES) != 0)
		return;
	if (entry_cas(slot, old,
		      entry_with(old, entry_prot(old), entry_flags(old) ^ ENTRY_ACCESSED)))
		figures->entries++;
}

static void at_point(enum interleave_kind kind, enum lock_class class, void *what)
{
	if (kind == INTERLEAVE_GRANTING) {
		touch_entry(what);
		return;
	}
	if (kind == INTERLEAVE_MUTEX || class > LOCK_LAST_PREEMPTIBLE || !may_switch())
		return;
	figures->steps++;
	if (weave_below(kind == INTERLEAVE_DECIDED ? AT_DECIDED : AT_LOCKS) != 0)
		return;
	if (kind == INTERLEAVE_DECIDED)
		switch_at(WEAVE_DECIDED);
	else if (kind == INTERLEAVE_UNMAPPED)
		switch_at(WEAVE_UNMAPPED);
	else
		switch_at((kind == INTERLEAVE_LOCK ? WEAVE_LOCK : WEAVE_UNLOCK) + class);
}

static int pause_always(struct vm_wait *wait)
{
	if (wait || !may_switch())
		return real_host.pause(wait);
	figures->steps++;
	switch_at(WEAVE_PAUSE);
	return 0;
}

static void weaver(void *arg)
{
	unsigned index = (unsigned)(uintptr_t)arg;

	body(index);
	weavers[index] = NULL;
	atomic_add(&nrunning, -1u);
	waitq_wake_all(&all_done);
}

static void wait_for_all(void)
{
	for (;;) {
		uint64_t seq = waitq_sample(&all_done);

		if (atomic_load(&nrunning) == 0)
			return;
		thread_wait_always(&all_done, seq);
	}
}

void weave_run(struct weave *weave, uint64_t seed, unsigned n, void (*fn)(unsigned index))
{
	figures = weave;
	state = seed;
	body = fn;
	real_host = mm_host;
	mm_host.pause = pause_always;
	latency_exempt_begin();
	preempt_disable(); /* they begin together */
	for (unsigned i = 0; i < n; i++) {
		weavers[i] = kthread_spawn("weaver", weaver, (void *)(uintptr_t)i);
		EXPECT_TRUE(weavers[i]);
		atomic_add(&nrunning, weavers[i] != NULL);
	}
	interleave_hook = at_point;
	preempt_enable();
	latency_exempt_end();
	wait_for_all();
	interleave_hook = NULL;
	mm_host = real_host;
}

static void report_side(const struct weave *weave, const char *when, unsigned first)
{
	char line[160];
	size_t pos = 0;

	for (unsigned class = 0; class < LOCK_CLASSES; class ++)
		if (weave->switches[first + class])
			kappendf(line, sizeof(line), &pos, "%s %lu, ", lock_class_name(class),
				 (unsigned long)weave->switches[first + class]);
	ktest_note("switches %s: %.*s", when, (int)(pos > 2 ? pos - 2 : 0), line);
}

void weave_report(const struct weave *weave, uint64_t seed, unsigned rounds)
{
	ktest_note("seeds %lu to %lu: %lu steps", (unsigned long)seed,
		   (unsigned long)(seed + rounds - 1), (unsigned long)weave->steps);
	ktest_note(
		"switches at pauses %lu, between decide and publish %lu, before pages are put %lu",
		(unsigned long)weave->switches[WEAVE_PAUSE],
		(unsigned long)weave->switches[WEAVE_DECIDED],
		(unsigned long)weave->switches[WEAVE_UNMAPPED]);
	ktest_note("entries changed %lu", (unsigned long)weave->entries);
	report_side(weave, "before locks", WEAVE_LOCK);
	report_side(weave, "after locks", WEAVE_UNLOCK);
}

#endif
