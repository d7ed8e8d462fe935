/* SPDX-License-Identifier: MIT */
/* External interrupts: the table of handlers, and the loop that calls them. */
#include "drivers/irq.h"

#include "abi/errno.h"
#include "base/log.h"

/* An entry is filled at boot, before its interrupt is enabled, and is only read afterwards. */
static struct {
	irq_handler handler;
	void *arg;
} table[IRQ_MAX];

static const struct irq_chip *chip;

void irq_set_chip(const struct irq_chip *the_chip)
{
	chip = the_chip;
}

int irq_register_masked(unsigned irq, irq_handler handler, void *arg)
{
	if (irq == 0 || irq >= IRQ_MAX)
		return -EINVAL;
	if (table[irq].handler)
		return -EBUSY;
	if (!chip)
		return -ENODEV;
	table[irq].arg = arg;
	table[irq].handler = handler;
	chip->enable(irq);
	return 0;
}

int irq_register(unsigned irq, irq_handler handler, void *arg)
{
	int err = irq_register_masked(irq, handler, arg);

	if (err == 0)
		chip->unmask(irq);
	return err;
}

void irq_mask(unsigned irq)
{
	chip->mask(irq);
}

void irq_unmask(unsigned irq)
{
	chip->unmask(irq);
}

/*
 * What else is pending brings another trap, before which interrupts are on. A loop would go on as long as devices interrupt:
 * where others write to a port, it does so again before its handler is done.
 */
void irq_dispatch(void)
{
	unsigned irq = chip ? chip->claim() : 0;

	if (irq == 0)
		return;
	if (irq < IRQ_MAX && table[irq].handler)
		table[irq].handler(table[irq].arg);
	else
		log_warn("irq", "interrupt %u has no handler", irq);
	chip->complete(irq);
}
