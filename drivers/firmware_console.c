/* SPDX-License-Identifier: MIT */
/* The firmware's console as a device, used if no supported UART is found: its input is polled. */
#include "drivers/firmware_console.h"

#include "arch/console.h"
#include "lib/bits.h"
#include "sync/spinlock.h"

#define RING_SIZE 256u /* a power of two */

static struct {
	struct spinlock lock;
	/* guarded by lock: */
	char ring[RING_SIZE];
	unsigned head, tail; /* head: where the next byte is stored */
} input = { .lock = SPINLOCK_INIT(LOCK_DEVICE) };

static void firmware_console_log_write(struct log_sink *sink, const char *s, size_t n)
{
	arch_console_write(s, n);
}

/* Guarded as the struct says. */
struct log_sink firmware_log_sink = { .write = firmware_console_log_write,
				      .panic_write = firmware_console_log_write };

static size_t firmware_console_read(struct chardev *dev, void *to, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&input.lock);
	size_t done = 0;

	while (done < n && input.tail != input.head)
		((char *)to)[done++] = input.ring[input.tail++ % RING_SIZE];
	spin_unlock_irqrestore(&input.lock, flags);
	return done;
}

static bool firmware_console_ended(struct chardev *dev)
{
	return false;
}

static size_t firmware_console_write(struct chardev *dev, const void *from, size_t n)
{
	arch_console_write(from, n);
	return n;
}

static unsigned firmware_console_ready(struct chardev *dev)
{
	unsigned long flags = spin_lock_irqsave(&input.lock);
	unsigned ready = input.tail != input.head ? CHARDEV_READABLE : 0;

	spin_unlock_irqrestore(&input.lock, flags);
	return ready | CHARDEV_WRITABLE;
}

static void firmware_console_drain(struct chardev *dev)
{
}

static const struct chardev_ops console_ops = {
	.read = firmware_console_read,
	.ended = firmware_console_ended,
	.write = firmware_console_write,
	.ready = firmware_console_ready,
	.drain = firmware_console_drain,
};

/* const */
struct chardev firmware_console = {
	.name = "firmware",
	.ops = &console_ops,
	.readable = WAITQ_INIT(firmware_console.readable),
	.writable = WAITQ_INIT(firmware_console.writable),
};

/* Stores what has come, as far as there is room: the rest stays with the firmware. */
void firmware_console_poll(void)
{
	char bytes[16];
	unsigned long flags = spin_lock_irqsave(&input.lock);
	size_t room = RING_SIZE - (input.head - input.tail), n;

	spin_unlock_irqrestore(&input.lock, flags);
	n = arch_console_read(bytes, MIN(room, sizeof(bytes)));
	flags = spin_lock_irqsave(&input.lock);
	for (size_t i = 0; i < n; i++)
		input.ring[input.head++ % RING_SIZE] = bytes[i];
	spin_unlock_irqrestore(&input.lock, flags);
	if (n > 0)
		waitq_wake_all(&firmware_console.readable);
}
