/* SPDX-License-Identifier: MIT */
/* The UART, and the device that ends QEMU. */
#include <stdarg.h>

#include "lib/assert.h"
#include "lib/format.h"
#include "strict.h"
#include "witness.h"

#define UART	 ((volatile uint8_t *)0x10000000) /* ns16550a: data, ..., line status */
#define LSR	 5
#define LSR_DATA 0x01
#define LSR_ROOM 0x20

#define TEST_DEVICE ((volatile uint32_t *)0x100000)
#define TEST_PASS   0x5555u
#define TEST_FAIL   0x3333u
#define TEST_RESET  0x7777u

#define STATUS_PANIC 3

static void put_byte(char c)
{
	while (!(UART[LSR] & LSR_ROOM))
		;
	UART[0] = (uint8_t)c;
}

void console_put(char c)
{
	if (c == '\n')
		put_byte('\r');
	put_byte(c);
}

int console_get(void)
{
	return UART[LSR] & LSR_DATA ? UART[0] : -1;
}

static void say_args(const char *fmt, va_list args)
{
	char line[256];

	kvsnprintf(line, sizeof(line), fmt, args);
	for (const char *c = line; *c; c++)
		console_put(*c);
}

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say_args(fmt, args);
	va_end(args);
}

static void test_device(uint32_t command)
{
	*TEST_DEVICE = command;
}

void power_off(bool reboot)
{
	if (witness_findings())
		power_off_with(STATUS_FOUND);
	test_device(reboot ? TEST_RESET : TEST_PASS);
	for (;;)
		;
}

void power_off_with(unsigned status)
{
	test_device(TEST_FAIL | status << 16);
	for (;;)
		;
}

void firmware_panic(const char *what, uint64_t address)
{
	say("\nstrict: panic: %s: %#lx (mcause %#lx, mepc %#lx, mtval %#lx)\n", what, address,
	    csr_read(mcause), csr_read(mepc), csr_read(mtval));
	power_off_with(STATUS_PANIC);
}

/* For lib/. */
void panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say("\nstrict: panic: ");
	say_args(fmt, args);
	say("\n");
	power_off_with(STATUS_PANIC);
}
