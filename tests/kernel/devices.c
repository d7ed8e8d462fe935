/* SPDX-License-Identifier: MIT */
/* Drivers, as far as a machine without programs reaches them. */
#include "abi/errno.h"
#include "arch/timer.h"
#include "base/chardev.h"
#include "base/clock.h"
#include "drivers/serial_port.h"
#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"

/* It has taken a line in far less time, on a busy machine too. */
#define LINE_NS (60 * NSEC_PER_SEC)

/* The device takes what it has room for, and tells of more room; the harness writes to it next. */
KTEST(device_uart_takes_a_line)
{
	static const char line[] = "# written to the device\n";
	struct chardev *uart = chardev_find("uart") ?: chardev_find("firmware");
	uint64_t deadline = arch_time() + clock_ns_to_ticks(LINE_NS);
	size_t sent = 0;
	int err = 0;

	ASSERT_TRUE(uart);
	while (sent < sizeof(line) - 1 && err == 0) {
		uint64_t seq = waitq_sample(&uart->writable);
		size_t took = uart->ops->write(uart, line + sent, sizeof(line) - 1 - sent);

		sent += took;
		if (took == 0)
			err = thread_wait_until(&uart->writable, seq, deadline);
	}
	EXPECT_EQ(0, err);
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
