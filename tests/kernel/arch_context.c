/* SPDX-License-Identifier: MIT */
/* Contracts of arch/context.h, frame.h, upcall.h and backtrace.h: threads, frames, names. */
#include "arch/context.h"

#include "arch/backtrace.h"
#include "arch/frame.h"
#include "arch/hart.h"
#include "arch/irqflags.h"
#include "arch/upcall.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmap.h"
#include "tests/kernel/ktest.h"

static struct arch_thread other;
static struct arch_thread *self;
static unsigned turns;

/* Begins with interrupts off, with its argument, on a stack and hart of its own. */
static void other_runs(void *arg)
{
	EXPECT_TRUE(!arch_irq_enabled());
	EXPECT_EQ((uintptr_t)&turns, (uintptr_t)arg);
	EXPECT_EQ((uintptr_t)&other, (uintptr_t)arch_this_thread());
	EXPECT_EQ((uintptr_t)self->hart, (uintptr_t)arch_this_hart());
	for (;;) {
		turns++;
		EXPECT_EQ(turns % 3 == 0, arch_switch(&other, self, turns % 2 == 0));
	}
}

/* Whether a function is among those that a thread is in, and each address is within one. */
static bool is_in(const struct arch_thread *thread, const char *function)
{
	vaddr_t addrs[8];
	unsigned n = arch_backtrace_get(thread, addrs, ARRAY_SIZE(addrs)), found = 0;
	size_t offset = 0;

	EXPECT_TRUE(n >= 1 && n <= ARRAY_SIZE(addrs));
	for (unsigned i = 0; i < n; i++) {
		const char *name = arch_symbol(addrs[i] - 1, &offset);

		if (!name)
			continue;
		EXPECT_TRUE(offset < arch_symbol_size(addrs[i] - 1));
		found += strcmp(name, function) == 0;
	}
	return found == 1;
}

KTEST(arch_switch_there_and_back)
{
	void *kstack = kstack_alloc();
	unsigned long irq;

	ASSERT_TRUE(kstack);
	EXPECT_TRUE(IS_ALIGNED((uintptr_t)kstack - KSTACK_SIZE, 2 * KSTACK_SIZE));
	turns = 0;
	self = arch_this_thread();
	arch_thread_init(&other, kstack, other_runs, &turns);
	irq = arch_irq_save();
	for (unsigned i = 1; i <= 100;
	     i++) /* the word of the switch that begins a thread comes to nobody */
		EXPECT_EQ(i % 2 == 0, arch_switch(self, &other, i % 3 == 1));
	arch_irq_restore(irq);
	EXPECT_EQ(100, turns);
	EXPECT_EQ((uintptr_t)self, (uintptr_t)arch_this_thread());
	EXPECT_TRUE(is_in(&other, "other_runs"));
	EXPECT_TRUE(is_in(NULL, "arch_switch_there_and_back"));
	EXPECT_TRUE(!is_in(NULL, "other_runs"));
	EXPECT_EQ(0, arch_symbol_size((vaddr_t)&other));
	kstack_free(kstack);
}

KTEST(arch_frame_of_a_new_image)
{
	struct trap_frame *frame = arch_thread_frame(&other);

	memset(frame, 0xff, sizeof(*frame));
	arch_frame_start(frame, 0x10074, 0x3ffffff0);
	EXPECT_EQ(0x10074, frame_pc(frame));
	EXPECT_EQ(0x3ffffff0, frame_sp(frame));
	EXPECT_TRUE(frame_is_user(frame));
	for (unsigned n = 0; n < 6; n++)
		EXPECT_EQ(0, frame_arg(frame, n));
	frame_set_pc(frame, 0x20000);
	frame_set_sp(frame, 0x30000);
	frame_set_result(frame, -5);
	EXPECT_EQ(0x20000, frame_pc(frame));
	EXPECT_EQ(0x30000, frame_sp(frame));
	EXPECT_EQ(0, frame_arg(frame, 0)); /* as the program gave it: a call may be made again */
}

static unsigned lines, named;
static vaddr_t caller;

static vaddr_t from_hex(const char *digits)
{
	vaddr_t value = 0;

	for (; *digits; digits++)
		value = value << 4 | (vaddr_t)(*digits <= '9' ? *digits - '0' : *digits - 'a' + 10);
	return value;
}

/* A line is two blanks, 16 digits, a blank, the name and how far behind its beginning the address is. */
static void count_line(const char *line)
{
	const char *name = strstr(line, "arch_backtrace_names_callers+0x");
	char address[17] = "";

	lines++;
	if (!name)
		return;
	named++;
	memcpy(address, line + 2, 16);
	EXPECT_EQ(caller, from_hex(address) - from_hex(strchr(name, '+') + 3));
}

/* R7 */
KTEST(arch_backtrace_names_callers)
{
	lines = named = 0;
	caller = (vaddr_t)arch_backtrace_names_callers;
	arch_backtrace(NULL, count_line);
	EXPECT_TRUE(lines >= 2);
	EXPECT_EQ(1, named);
	lines = 0;
	arch_frame_print(arch_thread_frame(&other), count_line);
	EXPECT_TRUE(lines > 0);
}

KTEST(arch_symbol_of_code_only)
{
	size_t offset = 99;
	const char *name = arch_symbol((vaddr_t)trap_timer + 2, &offset);

	ASSERT_TRUE(name);
	EXPECT_STR("trap_timer", name);
	EXPECT_EQ(2, offset);
	EXPECT_TRUE(!arch_symbol((vaddr_t)&lines, &offset));
	EXPECT_TRUE(!arch_symbol(0x1000, &offset));
}
