/* SPDX-License-Identifier: MIT */
/* How interrupts are dispatched: one for each trap, however many are pending. */
#include "abi/errno.h"
#include "base/log.h"
#include "drivers/irq.h"
#include "test.h"

#define MANY 1000u

static bool pending[IRQ_MAX], masked[IRQ_MAX];
static unsigned handled[IRQ_MAX], claimed, completed, warnings;
static bool comes_again; /* the device interrupts once more before its handler returns */

void log_write(enum log_level level, const char *tag, const char *fmt, ...)
{
	(void)level;
	(void)tag;
	(void)fmt;
	warnings++;
}

static void chip_mask(unsigned irq)
{
	masked[irq] = true;
}

static void chip_unmask(unsigned irq)
{
	masked[irq] = false;
}

static unsigned chip_claim(void)
{
	assert_int_equal(claimed, completed);
	assert_true(claimed < MANY);
	for (unsigned irq = 1; irq < IRQ_MAX; irq++)
		if (pending[irq] && !masked[irq]) {
			pending[irq] = false;
			claimed++;
			return irq;
		}
	return 0;
}

static void chip_complete(unsigned irq)
{
	completed++;
	assert_in_range(irq, 1, IRQ_MAX - 1);
}

static const struct irq_chip chip = { chip_mask, chip_mask, chip_unmask, chip_claim,
				      chip_complete };

static void handle(void *arg)
{
	unsigned irq = (unsigned)(uintptr_t)arg;

	handled[irq]++;
	pending[irq] |= comes_again;
}

void test_setup(void)
{
	irq_dispatch(); /* there is no controller yet */
	assert_int_equal(-ENODEV, irq_register(5, handle, (void *)5));
	irq_set_chip(&chip);
	assert_int_equal(0, irq_register(5, handle, (void *)5));
	assert_int_equal(0, irq_register(8, handle, (void *)8));
}

TEST(registers_once)
{
	assert_int_equal(-EINVAL, irq_register(0, handle, NULL));
	assert_int_equal(-EINVAL, irq_register(IRQ_MAX, handle, NULL));
	assert_int_equal(-EBUSY, irq_register(8, handle, NULL));
	assert_int_equal(0, irq_register_masked(9, handle, (void *)9));
	pending[9] = true;
	irq_dispatch();
	assert_int_equal(0, handled[9]);
	irq_unmask(9);
	irq_dispatch();
	assert_int_equal(1, handled[9]);
	irq_mask(9);
	pending[9] = true;
	irq_dispatch();
	assert_int_equal(1, handled[9]);
}

TEST(one_without_a_handler)
{
	pending[77] = true;
	irq_dispatch();
	assert_int_equal(1, warnings);
	assert_int_equal(1, completed);
}

/* R130 */
TEST(one_interrupt_for_each_trap)
{
	comes_again = true;
	pending[5] = pending[8] = true;
	irq_dispatch();
	assert_int_equal(1, handled[5] + handled[8]);
	comes_again = false;
	for (unsigned traps = 0; traps < 2; traps++)
		irq_dispatch();
	assert_int_equal(2, handled[5]);
	assert_int_equal(1, handled[8]);
	assert_int_equal(3, completed);
}
