/* SPDX-License-Identifier: MIT */
/* Contracts of arch's small headers: hart, irqflags, isa, timer, page, bootmap, console. */
#include "abi/hwprobe.h"
#include "arch/bootmap.h"
#include "arch/console.h"
#include "arch/hart.h"
#include "arch/harts.h"
#include "arch/irqflags.h"
#include "arch/isa.h"
#include "arch/page.h"
#include "arch/power.h"
#include "arch/timer.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/page_alloc.h"
#include "proc/kthread.h"
#include "proc/sched.h"
#include "record/trace.h"
#include "tests/kernel/ktest.h"

/* That it switches off, each end of the system tests' machines shows. */
_Static_assert(__builtin_types_compatible_p(__typeof__(arch_power_off), void(void)), "power.h");
_Static_assert(__builtin_types_compatible_p(__typeof__(arch_reboot), void(void)), "power.h");

KTEST(arch_irq_off_and_as_before)
{
	unsigned long outer = arch_irq_save(), inner;

	EXPECT_TRUE(!arch_irq_enabled());
	inner = arch_irq_save();
	arch_irq_restore(inner);
	EXPECT_TRUE(!arch_irq_enabled());
	arch_irq_enable();
	EXPECT_TRUE(arch_irq_enabled());
	arch_irq_disable();
	EXPECT_TRUE(!arch_irq_enabled());
	arch_irq_restore(outer);
	EXPECT_TRUE(arch_irq_enabled());
}

/* QEMU's processors do not care whether an address is aligned. */
KTEST(arch_isa_is_that_of_the_harts)
{
	uint64_t rv64gc = 1ul << RISCV_HWPROBE_IMA_FD | 1ul << RISCV_HWPROBE_IMA_C;

	EXPECT_EQ(rv64gc, arch_isa_extensions() & rv64gc);
	EXPECT_EQ(RISCV_HWPROBE_MISALIGNED_FAST, arch_misaligned_speed());
}

KTEST(arch_time_goes_on)
{
	uint64_t start = arch_time(), now = start;

	for (unsigned i = 0; i < 100000 && now == start; i++)
		now = arch_time();
	EXPECT_TRUE(now > start);
}

/*
 * The clock's deadline is taken away for a moment: a timer interrupt comes all the same, for ours.
 */
KTEST_ALONE(arch_timer_interrupts)
{
	uint64_t before = harts[0].counters[HART_TIMER_INTERRUPTS], limit = arch_time() + 10000000;

	arch_timer_set(arch_time() + 1000);
	while (harts[0].counters[HART_TIMER_INTERRUPTS] == before && arch_time() < limit)
		__asm__ volatile("" ::: "memory");
	EXPECT_TRUE(harts[0].counters[HART_TIMER_INTERRUPTS] > before);
}

/* A deadline that is far away rings no timer, however far: not even one that would overflow. */
KTEST_ALONE(arch_timer_far_deadlines)
{
	static const uint64_t far[] = { 1ul << 50, 1ul << 52,	   (1ul << 52) + 1,
					1ul << 63, UINT64_MAX - 1, UINT64_MAX };

	for (unsigned i = 0; i < ARRAY_SIZE(far); i++) {
		unsigned long irq = arch_irq_save();
		uint64_t before = harts[0].counters[HART_TIMER_INTERRUPTS], start;

		arch_timer_set(far[i]);
		arch_irq_restore(irq);
		for (start = arch_time(); arch_time() - start < 1000;)
			__asm__ volatile("" ::: "memory");
		irq = arch_irq_save();
		EXPECT_EQ(before, harts[0].counters[HART_TIMER_INTERRUPTS]);
		timerq_rearm();
		arch_irq_restore(irq);
	}
}

/* Numbers that the compiler keeps in registers: in an array they would be in memory. */
struct numbers {
	uint64_t a, b, c, d, e, f, g, h, i, j;
};

/* Each of them changes, by all bits of another one. */
static inline void change(struct numbers *n)
{
	n->a = n->a * 3 + n->j;
	n->b = n->b * 5 + n->a;
	n->c = n->c * 7 + n->b;
	n->d = n->d * 9 + n->c;
	n->e = n->e * 11 + n->d;
	n->f = n->f * 13 + n->e;
	n->g = n->g * 15 + n->f;
	n->h = n->h * 17 + n->g;
	n->i = n->i * 19 + n->h;
	n->j = n->j * 21 + n->i;
}

static struct numbers change_often(struct numbers n, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		change(&n);
	return n;
}

/* Does the same again and again until a timer interrupt has come. Returns false if none comes. */
static bool change_until_interrupt(struct numbers start, unsigned count,
				   const struct numbers *expected)
{
	uint64_t before = harts[0].counters[HART_TIMER_INTERRUPTS], limit = arch_time() + 10000000;

	do {
		struct numbers changed = change_often(start, count);

		EXPECT_EQ(0, memcmp(expected, &changed, sizeof(changed)));
	} while (harts[0].counters[HART_TIMER_INTERRUPTS] == before && arch_time() < limit);
	return harts[0].counters[HART_TIMER_INTERRUPTS] != before;
}

/* An interrupt changes no register, whichever of them are in use where it comes. */
KTEST_ALONE(arch_irq_keeps_registers)
{
	for (unsigned i = 0; i < 100; i++) {
		unsigned long irq = arch_irq_save();
		uint64_t before = harts[0].counters[HART_TIMER_INTERRUPTS], after, changed;

		arch_timer_set(arch_time());
		changed = arch_irq_check_registers(ktest_random() | 1);
		after = harts[0].counters[HART_TIMER_INTERRUPTS];
		arch_irq_restore(irq);
		EXPECT_EQ(0, changed);
		ASSERT_TRUE(changed == 0 && after > before);
	}
}

/* An interrupt spoils nothing, wherever in a long computation it comes. */
KTEST_ALONE(arch_irq_keeps_a_computation)
{
	const struct numbers start = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	const unsigned count = 20000, times = 20;
	unsigned long irq = arch_irq_save();
	uint64_t began = arch_time(), took;
	struct numbers expected = change_often(start, count);

	took = arch_time() - began;
	arch_irq_restore(irq);
	for (unsigned i = 0; i < times; i++) {
		arch_timer_set(arch_time() + took * (i + 1) / times);
		ASSERT_TRUE(change_until_interrupt(start, count, &expected));
	}
}

KTEST_ALONE(arch_hart_is_this_one)
{
	EXPECT_EQ((uintptr_t)&harts[0], (uintptr_t)arch_this_hart());
	EXPECT_EQ((uintptr_t)&harts[0], (uintptr_t)arch_this_thread()->hart);
	arch_icache_sync();
}

/* A hart that is not there counts for nothing, whatever stands in its place. */
KTEST_ALONE(hart_sums_leave_out_absent_harts)
{
	struct hart *absent = &harts[hart_count];
	uint64_t faults = 0, signals = 0;

	if (hart_count == HART_MAX) {
		ktest_skip("all harts are there");
		return;
	}
	for (unsigned i = 0; i < hart_count; i++) {
		faults += harts[i].faults->count;
		signals += harts[i].counters[HART_HANDLED];
	}
	absent->faults->count = absent->counters[HART_HANDLED] = 1000;
	EXPECT_EQ(faults, trace_count());
	EXPECT_EQ(signals, hart_counter_sum(HART_HANDLED));
	absent->faults->count = absent->counters[HART_HANDLED] = 0;
}

KTEST(arch_page_zero_and_copy)
{
	struct page *pages = page_alloc(2, PAGE_KERNEL, PAGE_NORMAL);
	uint64_t *words, *second, *third;
	size_t n = PAGE_SIZE / sizeof(*words);
	unsigned wrong = 0;

	ASSERT_TRUE(pages);
	words = page_address(pages);
	second = words + n;
	third = second + n;
	for (size_t i = 0; i < 4 * n; i++)
		words[i] = i + 1;
	arch_page_copy(second, third);
	for (size_t i = 0; i < 4 * n; i++)
		wrong += words[i] != (i / n == 1 ? i + n : i) + 1;
	arch_page_zero(third);
	for (size_t i = 0; i < 4 * n; i++)
		wrong += words[i] != (i / n == 2 ? 0 : (i / n == 1 ? i + n : i) + 1);
	page_free(pages, 2);
	EXPECT_EQ(0, wrong);
}

/* R110: the direct map is the inverse of itself, and the image lies where it says. */
KTEST(arch_boot_map)
{
	struct phys_range image = arch_image(), init = arch_image_init();
	void *shown = arch_phys_to_virt(image.start);

	EXPECT_EQ(image.start, arch_virt_to_phys(shown));
	EXPECT_TRUE(IS_ALIGNED(image.start | image.end | init.start | init.end, PAGE_SIZE));
	EXPECT_TRUE(init.start >= image.start && init.end <= image.end);
	/* The first bytes of the image are its code, and the direct map shows them. */
	EXPECT_TRUE(*(const uint32_t *)shown != 0);
}

/* tests/kernel/console.py looks for the line: each byte comes out once, however many a call has. */
KTEST(arch_console_writes)
{
	static char line[1002] = "# by the firmware's console: ";
	size_t done = 0;

	for (size_t i = strlen(line); i < sizeof(line) - 2; i++)
		line[i] = (char)('a' + i % 26);
	line[sizeof(line) - 2] = '\n';
	for (size_t n = 0; n < 20; done += n++)
		arch_console_write(line + done, n);
	arch_console_write(line + done, sizeof(line) - 1 - done);
}

#define LETTERS 50

static bool others_written;

static void write_bs(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < LETTERS; i++)
		arch_console_write("b", 1);
	atomic_store(&others_written, true);
}

/* tests/kernel/console.py counts the letters. */
KTEST(arch_console_writes_of_two_threads)
{
	arch_console_write("# letters: ", 11);
	ASSERT_TRUE(kthread_spawn("bs", write_bs, NULL));
	for (unsigned i = 0; i < LETTERS; i++)
		arch_console_write("a", 1);
	while (!atomic_load(&others_written))
		sched_yield();
	others_written = false;
	arch_console_write("\n", 1);
	ktest_settle();
}

/* The firmware starts a hart once, and interrupts it. (This hart stands for any.) */
KTEST_ALONE(arch_hart_is_started_once_and_interrupted)
{
	struct hart *hart = hart_this();
	uint64_t before = hart->counters[HART_IPIS], limit = arch_time() + 10000000;

	EXPECT_TRUE(!arch_harts_refusal());
	EXPECT_TRUE(arch_hart_start(hart->id, arch_this_thread()) < 0);
	hart_kick(hart, HART_KICK_SCHED);
	while (counter_read(&hart->counters[HART_IPIS]) == before && arch_time() < limit)
		;
	EXPECT_TRUE(hart->counters[HART_IPIS] > before);
	EXPECT_EQ(0, hart->kicks);
}
