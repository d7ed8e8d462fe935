/* SPDX-License-Identifier: MIT */
/* The UART of SiFive's FU540 and its successors (FU540-C000 manual, chapter 13). */
#include "drivers/mmio.h"
#include "drivers/uart_kind.h"

/* Registers of 32 bits. */
enum { TXDATA = 0, RXDATA = 4, TXCTRL = 8, RXCTRL = 0xc, IE = 0x10, IP = 0x14, SIZE = 0x1c };
#define TXDATA_FULL   (1u << 31)
#define RXDATA_EMPTY  (1u << 31)
#define CTRL_ENABLE   1u
#define CTRL_MARK(n)  ((n) << 16) /* see IE_TRANSMIT and IE_RECEIVE */
#define IE_TRANSMIT   1u	  /* fewer bytes than the mark are left to be sent */
#define IE_RECEIVE    2u	  /* more bytes than the mark have come */
#define TRANSMIT_MARK 1u
#define IP_TRANSMIT   IE_TRANSMIT /* so: none is left in the FIFO */

static void uart_sifive_start(const struct uart_regs *regs)
{
	mmio_write32(regs->base, IE, 0);
	mmio_write32(regs->base, TXCTRL, CTRL_ENABLE | CTRL_MARK(TRANSMIT_MARK));
	mmio_write32(regs->base, RXCTRL, CTRL_ENABLE | CTRL_MARK(0u));
}

static void uart_sifive_want(const struct uart_regs *regs, unsigned interrupts)
{
	mmio_write32(regs->base, IE,
		     (interrupts & UART_INPUT ? IE_RECEIVE : 0) |
			     (interrupts & UART_ROOM ? IE_TRANSMIT : 0));
}

static int uart_sifive_get(const struct uart_regs *regs)
{
	uint32_t data = mmio_read32(regs->base, RXDATA);

	return data & RXDATA_EMPTY ? -1 : (int)(data & 0xff);
}

static bool uart_sifive_has_room(const struct uart_regs *regs)
{
	return !(mmio_read32(regs->base, TXDATA) & TXDATA_FULL);
}

static void uart_sifive_put(const struct uart_regs *regs, uint8_t byte)
{
	mmio_write32(regs->base, TXDATA, byte);
}

static bool uart_sifive_is_idle(const struct uart_regs *regs)
{
	return mmio_read32(regs->base, IP) & IP_TRANSMIT;
}

const struct uart_kind uart_sifive = {
	.compatible = "sifive,uart0",
	.size = SIZE,
	.start = uart_sifive_start,
	.want = uart_sifive_want,
	.get = uart_sifive_get,
	.has_room = uart_sifive_has_room,
	.put = uart_sifive_put,
	.is_idle = uart_sifive_is_idle,
};
