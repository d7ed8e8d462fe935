/* SPDX-License-Identifier: MIT */
/* The 16550, which most machines have. */
#include "drivers/mmio.h"
#include "drivers/uart_kind.h"

/* In units of the register spacing. */
enum { RBR = 0, THR = 0, IER = 1, FCR = 2, LCR = 3, LSR = 5, SIZE = 8 };
#define IER_RECEIVE	 1u
#define IER_TRANSMIT	 2u
#define FCR_ENABLE_CLEAR 7u
#define FCR_TRIGGER_14	 0xc0u /* interrupts after 14 bytes, or a moment after the last */
#define LCR_8N1		 3u
#define LSR_READY	 1u
#define LSR_ROOM	 0x20u /* the FIFO is empty */
#define LSR_IDLE	 0x40u /* so is the register that shifts out the bits of a byte */

static uint8_t uart_16550_reg_read(const struct uart_regs *regs, unsigned reg)
{
	return mmio_read8(regs->base, (size_t)reg << regs->shift);
}

static void uart_16550_reg_write(const struct uart_regs *regs, unsigned reg, uint8_t value)
{
	mmio_write8(regs->base, (size_t)reg << regs->shift, value);
}

static void uart_16550_start(const struct uart_regs *regs)
{
	uart_16550_reg_write(regs, IER, 0);
	uart_16550_reg_write(regs, LCR, LCR_8N1);
	uart_16550_reg_write(regs, FCR, FCR_ENABLE_CLEAR | FCR_TRIGGER_14);
}

static void uart_16550_want(const struct uart_regs *regs, unsigned interrupts)
{
	uart_16550_reg_write(regs, IER,
			     (uint8_t)((interrupts & UART_INPUT ? IER_RECEIVE : 0) |
				       (interrupts & UART_ROOM ? IER_TRANSMIT : 0)));
}

static int uart_16550_get(const struct uart_regs *regs)
{
	return uart_16550_reg_read(regs, LSR) & LSR_READY ? uart_16550_reg_read(regs, RBR) : -1;
}

static bool uart_16550_has_room(const struct uart_regs *regs)
{
	return uart_16550_reg_read(regs, LSR) & LSR_ROOM;
}

static void uart_16550_put(const struct uart_regs *regs, uint8_t byte)
{
	uart_16550_reg_write(regs, THR, byte);
}

static bool uart_16550_is_idle(const struct uart_regs *regs)
{
	return uart_16550_reg_read(regs, LSR) & LSR_IDLE;
}

const struct uart_kind uart_16550 = {
	.compatible = "ns16550a",
	.size = SIZE,
	.bytes = true,
	.start = uart_16550_start,
	.want = uart_16550_want,
	.get = uart_16550_get,
	.has_room = uart_16550_has_room,
	.put = uart_16550_put,
	.is_idle = uart_16550_is_idle,
};
