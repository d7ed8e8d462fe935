/* SPDX-License-Identifier: MIT */
/* HTIF, the host interface of the simulator Spike: a console without interrupts, and an end with a status. */
#include "drivers/mmio.h"
#include "drivers/uart_kind.h"

/*
 * Two registers of 64 bits, accessed by halves, the low one first. A command, to the host or in its
 * reply, is a device, a function and 48 bits of payload. Each byte that is written is replied to, in
 * the same register as a byte that has come.
 */
enum { FROM_HOST = 0x0, TO_HOST = 0x8, SIZE = 0x10 };
#define SYSTEM_END  (0ull << 56)
#define CONSOLE_GET (1ull << 56)
#define CONSOLE_PUT (1ull << 56 | 1ull << 48)
#define COMMAND	    (~0ull << 48) /* device and function */
#define TRIES	    100000u	  /* how often to look whether the host has taken a command */

/* guarded by output.lock of the one UART: */
static bool asked;    /* for a byte of input, which has not come */
static int kept = -1; /* one that came when something else was done; or -1 */

static uint64_t uart_htif_reg_read(const struct uart_regs *regs, size_t reg)
{
	uint64_t low = mmio_read32(regs->base, reg);

	return low | (uint64_t)mmio_read32(regs->base, reg + 4) << 32;
}

static void uart_htif_reg_write(const struct uart_regs *regs, size_t reg, uint64_t value)
{
	mmio_write32(regs->base, reg, (uint32_t)value);
	mmio_write32(regs->base, reg + 4, (uint32_t)(value >> 32));
}

/* Takes a reply, if there is one. */
static void uart_htif_take_reply(const struct uart_regs *regs)
{
	uint64_t reply = uart_htif_reg_read(regs, FROM_HOST);

	if (reply == 0)
		return;
	uart_htif_reg_write(regs, FROM_HOST, 0);
	if ((reply & COMMAND) != CONSOLE_GET)
		return;
	asked = false;
	kept = (int)(reply & 0xff);
}

static void uart_htif_send(const struct uart_regs *regs, uint64_t command)
{
	for (unsigned i = 0; i < TRIES && uart_htif_reg_read(regs, TO_HOST) != 0; i++)
		uart_htif_take_reply(regs);
	uart_htif_take_reply(regs);
	uart_htif_reg_write(regs, TO_HOST, command);
}

static void uart_htif_ask(const struct uart_regs *regs)
{
	if (!asked)
		uart_htif_send(regs, CONSOLE_GET);
	asked = true;
}

/* A byte that comes before it was asked for may be lost. */
static void uart_htif_start(const struct uart_regs *regs)
{
	uart_htif_take_reply(regs);
	uart_htif_ask(regs);
}

static void uart_htif_want(const struct uart_regs *regs, unsigned interrupts)
{
}

static int uart_htif_get(const struct uart_regs *regs)
{
	int byte;

	uart_htif_take_reply(regs);
	byte = kept;
	kept = -1;
	uart_htif_ask(regs);
	return byte;
}

static bool uart_htif_has_room(const struct uart_regs *regs)
{
	return true;
}

static void uart_htif_put(const struct uart_regs *regs, uint8_t byte)
{
	uart_htif_send(regs, CONSOLE_PUT | byte);
}

static void uart_htif_end(const struct uart_regs *regs, unsigned status)
{
	uart_htif_send(regs, SYSTEM_END | (status & 0xff) << 1 | 1);
}

const struct uart_kind uart_htif = {
	.compatible = "ucb,htif0",
	.size = SIZE,
	.polled = true,
	.start = uart_htif_start,
	.want = uart_htif_want,
	.get = uart_htif_get,
	.has_room = uart_htif_has_room,
	.put = uart_htif_put,
	.end = uart_htif_end,
};
