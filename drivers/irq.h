/* SPDX-License-Identifier: MIT */
/* External interrupts: registers their handlers and dispatches to them. */
#pragma once

#include "lib/types.h"

#define IRQ_MAX 128

/* Runs with interrupts off. It only acknowledges the device, queues data, and wakes threads. */
typedef void (*irq_handler)(void *arg);

/* The operations of an interrupt controller. */
struct irq_chip {
	void (*enable)(unsigned irq); /* the interrupt is masked then */
	/* An interrupt that comes while it is masked is pending, and comes when it is unmasked. */
	void (*mask)(unsigned irq);
	void (*unmask)(unsigned irq);
	unsigned (*claim)(void); /* claims the next pending interrupt; 0: none */
	void (*complete)(unsigned irq);
};

/* Sets the machine's interrupt controller. Call once at boot. */
void irq_set_chip(const struct irq_chip *chip);

/*
 * Registers the handler and enables the interrupt. Returns 0; -EINVAL if there is no such
 * interrupt; -EBUSY if it has a handler; -ENODEV if there is no interrupt controller.
 */
int irq_register(unsigned irq, irq_handler handler, void *arg);

/* Registers the handler as irq_register() does, but leaves the interrupt masked until irq_unmask(). */
int irq_register_masked(unsigned irq, irq_handler handler, void *arg);

/* Mask and unmask an interrupt that has a handler. The handler may call them too. */
void irq_mask(unsigned irq);
void irq_unmask(unsigned irq);

/* Handles one of the interrupts that are pending on this hart, if there is any. Called with interrupts off (R130). */
void irq_dispatch(void);
