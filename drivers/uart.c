/* SPDX-License-Identifier: MIT */
/* The serial console: a 16550 with input by interrupt and output as its FIFO has room. */
#include "drivers/uart.h"

#include "abi/errno.h"
#include "base/chardev.h"
#include "base/log.h"
#include "drivers/irq.h"
#include "drivers/mmio.h"
#include "lib/bits.h"
#include "mm/phys/kmap.h"
#include "sync/spinlock.h"

/* Registers of the 16550, in units of the register spacing. */
enum { RBR = 0, THR = 0, IER = 1, FCR = 2, LCR = 3, LSR = 5 };
#define IER_RECEIVE	 1u
#define IER_TRANSMIT	 2u
#define FCR_ENABLE_CLEAR 7u
#define FCR_TRIGGER_14	 0xc0u /* interrupts after 14 bytes, or a moment after the last */
#define LCR_8N1		 3u
#define LSR_READY	 1u
#define LSR_ROOM	 0x20u

#define RING_SIZE  1024u   /* a power of two */
#define BURST	   64u	   /* bytes that are sent at a time with interrupts off */
#define LOG_BURST  16u	   /* the same for the log */
#define ROOM_TRIES 100000u /* how often a polled write checks for room */

static volatile void *regs;
static unsigned shift;
static uint32_t irq;

static struct {
	struct spinlock lock;
	/* guarded by lock: */
	uint8_t ring[RING_SIZE];
	unsigned head, tail; /* head: where the next byte is stored */
	bool waits;	     /* it was full: the device is not read until it is half empty */
} input = { .lock = SPINLOCK_INIT(LOCK_DEVICE) };

/* Guards the transmitter and IER. The log's sink takes it too. */
static struct spinlock output_lock = SPINLOCK_INIT(LOCK_CONSOLE);
/* Guarded by output_lock: a line of the log is being written, and other output waits. */
static bool log_writes;
/* Guarded by output_lock: the value of IER. */
static uint8_t wanted;

static uint8_t reg_read(unsigned reg)
{
	return mmio_read8(regs, (size_t)reg << shift);
}

static void reg_write(unsigned reg, uint8_t value)
{
	mmio_write8(regs, (size_t)reg << shift, value);
}

/* Called with output_lock held. */
static void want_interrupts(uint8_t set, uint8_t clear)
{
	wanted = (uint8_t)((wanted & ~clear) | set);
	reg_write(IER, wanted);
}

/*
 * Turns reception on or off. While it is off, the device's FIFO fills up, and the sender waits if
 * it can. Called with input.lock held and interrupts off.
 */
static void receive(bool on)
{
	input.waits = !on;
	spin_lock(&output_lock);
	want_interrupts(on ? IER_RECEIVE : 0, on ? 0 : IER_RECEIVE);
	spin_unlock(&output_lock);
}

static size_t uart_read(struct chardev *dev, void *to, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&input.lock);
	size_t done = 0;

	while (done < n && input.tail != input.head)
		((uint8_t *)to)[done++] = input.ring[input.tail++ % RING_SIZE];
	if (input.waits && input.head - input.tail <= RING_SIZE / 2)
		receive(true);
	spin_unlock_irqrestore(&input.lock, flags);
	return done;
}

static bool uart_ended(struct chardev *dev)
{
	return false;
}

/* Writes what there is room for. If bytes are left, enables the interrupt for room. */
static size_t write_burst(const uint8_t *from, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&output_lock);
	size_t done = 0;

	while (!log_writes && done < n && (reg_read(LSR) & LSR_ROOM))
		reg_write(THR, from[done++]);
	if (done < n)
		want_interrupts(IER_TRANSMIT, 0);
	spin_unlock_irqrestore(&output_lock, flags);
	return done;
}

static size_t uart_write(struct chardev *dev, const void *from, size_t n)
{
	size_t done = 0, want, took;

	do {
		want = MIN(n - done, (size_t)BURST);
		took = write_burst((const uint8_t *)from + done, want);
		done += took;
	} while (took == want && done < n);
	return done;
}

static unsigned uart_ready(struct chardev *dev)
{
	unsigned long flags = spin_lock_irqsave(&input.lock);
	unsigned ready = input.tail != input.head ? CHARDEV_READABLE : 0;

	spin_unlock_irqrestore(&input.lock, flags);
	flags = spin_lock_irqsave(&output_lock);
	if (!log_writes && (reg_read(LSR) & LSR_ROOM))
		ready |= CHARDEV_WRITABLE;
	else
		want_interrupts(IER_TRANSMIT, 0);
	spin_unlock_irqrestore(&output_lock, flags);
	return ready;
}

static void uart_drain(struct chardev *dev)
{
	for (unsigned i = 0; i < ROOM_TRIES && !(reg_read(LSR) & LSR_ROOM); i++)
		;
}

static const struct chardev_ops uart_ops = {
	.read = uart_read,
	.ended = uart_ended,
	.write = uart_write,
	.ready = uart_ready,
	.drain = uart_drain,
};

static struct chardev uart = {
	.name = "uart",
	.ops = &uart_ops,
	.readable = WAITQ_INIT(uart.readable),
	.writable = WAITQ_INIT(uart.writable),
};

static void uart_interrupt(void *arg)
{
	bool got = false;

	spin_lock(&input.lock);
	while (input.head - input.tail < RING_SIZE && (reg_read(LSR) & LSR_READY)) {
		input.ring[input.head++ % RING_SIZE] = reg_read(RBR);
		got = true;
	}
	if (input.head - input.tail == RING_SIZE)
		receive(false);
	spin_unlock(&input.lock);
	if (got)
		waitq_wake_all(&uart.readable);
	if (reg_read(LSR) & LSR_ROOM) {
		spin_lock(&output_lock);
		want_interrupts(0, IER_TRANSMIT);
		spin_unlock(&output_lock);
		waitq_wake_all(&uart.writable);
	}
}

static void put_polled(uint8_t byte)
{
	for (unsigned i = 0; i < ROOM_TRIES && !(reg_read(LSR) & LSR_ROOM); i++)
		;
	reg_write(THR, byte);
}

/* A terminal needs a carriage return at the end of each line. */
static void log_panic_write(struct log_sink *sink, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n')
			put_polled('\r');
		put_polled((uint8_t)s[i]);
	}
}

/*
 * Writes what there is room for, or one byte if `anyway` is set. Returns how many bytes it wrote.
 */
static size_t log_burst(const char *s, size_t n, bool anyway)
{
	unsigned long flags = spin_lock_irqsave(&output_lock);
	size_t done = 0;

	log_writes = true;
	while (done < MIN(n, (size_t)LOG_BURST) && (anyway || (reg_read(LSR) & LSR_ROOM))) {
		if (s[done] == '\n') /* LSR_ROOM means an empty FIFO, so there is room for both */
			reg_write(THR, '\r');
		reg_write(THR, (uint8_t)s[done++]);
		anyway = false;
	}
	spin_unlock_irqrestore(&output_lock, flags);
	return done;
}

static void log_burst_done(void)
{
	unsigned long flags = spin_lock_irqsave(&output_lock);

	log_writes = false;
	spin_unlock_irqrestore(&output_lock, flags);
}

/* Waits for room with interrupts on. If there is none for too long, bytes are lost. */
static void log_sink_write(struct log_sink *sink, const char *s, size_t n)
{
	size_t done = 0, step;
	unsigned tries = 0;

	while (done < n) {
		step = log_burst(s + done, n - done, tries == ROOM_TRIES);
		tries = step ? 0 : tries + 1;
		done += step;
	}
	log_burst_done();
}

struct log_sink uart_log_sink = { .write = log_sink_write, .panic_write = log_panic_write };

/* Returns the console that /chosen names, or else any 16550. */
static dt_node find_node(const struct dt *dt)
{
	const char *path = dt_string(dt, dt_path(dt, "/chosen"), "stdout-path");
	dt_node node = path ? dt_path(dt, path) : -ENOENT;

	if (node >= 0 &&
	    (dt_compatible(dt, node, "ns16550a") || dt_compatible(dt, node, "ns16550")))
		return node;
	return dt_next_compatible(dt, -1, "ns16550a");
}

int uart_init(const struct dt *dt)
{
	dt_node node = find_node(dt);
	uint64_t addr, size;
	uint32_t cell;

	if (node < 0 || !dt_available(dt, node))
		return -ENODEV;
	shift = dt_cell(dt, node, "reg-shift", 0, &cell) == 0 ? cell : 0;
	/* Registers that are not accessed as bytes are not supported. */
	if (dt_cell(dt, node, "reg-io-width", 0, &cell) == 0 && cell != 1)
		return -ENODEV;
	if (dt_reg(dt, node, 0, &addr, &size) != 0 || shift > 3 || size < (8ull << shift))
		return -EINVAL;
	if (dt_cell(dt, node, "interrupts", 0, &irq) != 0)
		irq = 0;
	regs = kmap_device(addr, size);
	if (!regs)
		return -ENOMEM;
	reg_write(IER, 0);
	reg_write(LCR, LCR_8N1);
	reg_write(FCR, FCR_ENABLE_CLEAR | FCR_TRIGGER_14);
	return chardev_register(&uart);
}

int uart_listen(void)
{
	int err;

	if (!regs)
		return -ENODEV;
	err = irq_register(irq, uart_interrupt, NULL);
	if (err == 0) {
		unsigned long flags = spin_lock_irqsave(&input.lock);

		receive(true);
		spin_unlock_irqrestore(&input.lock, flags);
	}
	return err;
}
