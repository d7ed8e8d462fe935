/* SPDX-License-Identifier: MIT */
/* The firmware's console as a device, used if no supported UART is found. */
#include "drivers/firmware_console.h"

#include "arch/console.h"

static void log_sink_write(struct log_sink *sink, const char *s, size_t n)
{
	arch_console_write(s, n);
}

struct log_sink firmware_log_sink = { .write = log_sink_write, .panic_write = log_sink_write };

static size_t console_read(struct chardev *dev, void *to, size_t n)
{
	return 0;
}

static bool console_ended(struct chardev *dev)
{
	return true;
}

static size_t console_write(struct chardev *dev, const void *from, size_t n)
{
	arch_console_write(from, n);
	return n;
}

static unsigned console_ready(struct chardev *dev)
{
	return CHARDEV_WRITABLE | CHARDEV_CLOSED;
}

static void console_drain(struct chardev *dev)
{
}

static const struct chardev_ops console_ops = {
	.read = console_read,
	.ended = console_ended,
	.write = console_write,
	.ready = console_ready,
	.drain = console_drain,
};

struct chardev firmware_console = {
	.name = "firmware",
	.ops = &console_ops,
	.readable = WAITQ_INIT(firmware_console.readable),
	.writable = WAITQ_INIT(firmware_console.writable),
};
