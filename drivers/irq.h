/* SPDX-License-Identifier: MIT */
/* External interrupts: who handles which. */
#pragma once

#include "lib/types.h"

#define IRQ_MAX 128

/* Runs with interrupts off: acknowledges the device, queues, wakes; no more. */
typedef void (*irq_handler)(void *arg);

/* What an interrupt controller can do. */
struct irq_chip {
	void (*enable)(unsigned irq);
	unsigned (*claim)(void); /* the next pending one; 0: none */
	void (*complete)(unsigned irq);
};

/* The machine's controller, once at boot. */
void irq_set_chip(const struct irq_chip *chip);

/* 0; -EINVAL: no such interrupt; -EBUSY: taken; -ENODEV: no controller. The interrupt is enabled. */
int irq_register(unsigned irq, irq_handler handler, void *arg);

/* Serves all that is pending on this hart. => interrupts off */
void irq_dispatch(void);
