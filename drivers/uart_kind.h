/* SPDX-License-Identifier: MIT */
/* The registers of a kind of UART: all that drivers/uart.c has to know of it. */
#pragma once

#include "lib/types.h"

struct uart_regs {
	volatile void *base;
	unsigned shift; /* registers are 1 << shift bytes apart, where that differs */
};

/* Interrupts. */
#define UART_INPUT 1u /* there is input */
#define UART_ROOM  2u /* there is room for output */

struct uart_kind {
	const char *compatible; /* in the device tree */
	size_t size;		/* the least bytes of registers, with a shift of 0 */
	bool bytes;		/* registers are accessed as bytes */
	bool polled;		/* it has no interrupts */
	/* Sends and receives from now on, without interrupts. The rate stays the firmware's. */
	void (*start)(const struct uart_regs *regs);
	/* Asks for these interrupts and no others. */
	void (*want)(const struct uart_regs *regs, unsigned interrupts);
	/* Returns the next byte of input, or -1 if there is none. */
	int (*get)(const struct uart_regs *regs);
	/* Is there room for a byte? */
	bool (*has_room)(const struct uart_regs *regs);
	void (*put)(const struct uart_regs *regs, uint8_t byte);
	/* Has it sent all bytes? NULL: none is left in it after put(). */
	bool (*is_idle)(const struct uart_regs *regs);
	/* Ends the machine with a status; returns if it can't. NULL: it can't. */
	void (*end)(const struct uart_regs *regs, unsigned status);
};

extern const struct uart_kind uart_16550, uart_sifive, uart_htif;
