/* SPDX-License-Identifier: MIT */
/* Drivers, as far as a machine without programs reaches them. */
#include "abi/errno.h"
#include "base/chardev.h"
#include "base/clock.h"
#include "drivers/serial_port.h"
#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "tests/kernel/ktest.h"

/* The device takes what it has room for; the harness writes to it next. */
KTEST(device_uart_takes_a_line)
{
	static const char line[] = "# written to the device\n";
	struct chardev *uart = chardev_find("uart") ?: chardev_find("firmware");
	size_t sent = 0;

	ASSERT_TRUE(uart);
	for (unsigned tries = 0; tries < 1000 && sent < sizeof(line) - 1; tries++)
		sent += uart->ops->write(uart, line + sent, sizeof(line) - 1 - sent);
	EXPECT_EQ(sizeof(line) - 1, sent);
}

/* The machine's clock was asked: 2020 is long ago, 2100 far away. */
KTEST(device_wall_clock_is_set)
{
	uint64_t year = clock_wall_ns() / NSEC_PER_SEC / 31556952 + 1970;

	EXPECT_TRUE(year >= 2020);
	EXPECT_TRUE(year < 2100);
}

#ifdef FAULTLINE_HARDENED

/* R45: one of a port's two buffers can be had, the other one cannot */
KTEST(device_port_without_memory_has_no_buffers)
{
	static struct serial_port port;

	for (unsigned at = 1; at <= 2; at++) {
		memset(&port, 0, sizeof(port));
		alloc_fail_at = at;
		EXPECT_EQ(-ENOMEM, serial_port_start(&port));
		EXPECT_EQ(0, alloc_fail_at);
		alloc_fail_at = 0;
	}
}

#endif
