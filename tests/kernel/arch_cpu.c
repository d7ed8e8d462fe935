/* SPDX-License-Identifier: MIT */
/* Contracts of arch's small headers: hart, irqflags, timer, page, bootmap, console. */
#include "arch/bootmap.h"
#include "arch/console.h"
#include "arch/hart.h"
#include "arch/irqflags.h"
#include "arch/page.h"
#include "arch/power.h"
#include "arch/timer.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "mm/phys/page_alloc.h"
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
KTEST(arch_timer_interrupts)
{
	uint64_t before = harts[0].counters[HART_TIMER_INTERRUPTS], limit = arch_time() + 10000000;

	arch_timer_set(arch_time() + 1000);
	while (harts[0].counters[HART_TIMER_INTERRUPTS] == before && arch_time() < limit)
		__asm__ volatile("" ::: "memory");
	EXPECT_TRUE(harts[0].counters[HART_TIMER_INTERRUPTS] > before);
}

KTEST(arch_hart_is_this_one)
{
	EXPECT_EQ((uintptr_t)&harts[0], (uintptr_t)arch_this_hart());
	EXPECT_EQ((uintptr_t)&harts[0], (uintptr_t)arch_this_thread()->hart);
	arch_icache_sync();
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

KTEST(arch_console_writes)
{
	static const char text[] = "# this line came by the firmware's console\n";

	arch_console_write(text, sizeof(text) - 1);
}
