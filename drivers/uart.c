/* SPDX-License-Identifier: MIT */
/* Serial consoles: input by interrupt, and output as the device has room. */
#include "drivers/uart.h"

#include "abi/errno.h"
#include "base/chardev.h"
#include "base/power.h"
#include "drivers/irq.h"
#include "drivers/patience.h"
#include "drivers/uart_kind.h"
#include "lib/bits.h"
#include "mm/phys/kmap.h"
#include "sync/spinlock.h"

#define RING_SIZE  1024u   /* a power of two */
#define BURST	   64u	   /* bytes that are sent at a time with interrupts off */
#define LOG_BURST  16u	   /* bytes of the log that are sent at a time with interrupts off */
#define ROOM_TRIES 100000u /* how often a polled write checks for room */

static const struct uart_kind *const kinds[] = { &uart_16550, &uart_sifive, &uart_htif };

struct uart {
	struct chardev dev;   /* const */
	struct log_sink sink; /* guarded as struct log_sink says */
	/* const, once it was found: */
	const struct uart_kind *kind; /* NULL: there is none */
	struct uart_regs regs;
	uint32_t irq;
	struct {
		struct spinlock lock;
		/* guarded by lock: */
		uint8_t ring[RING_SIZE];
		unsigned head, tail; /* head: where the next byte is stored */
		bool waits; /* it was full: the device is not read until it is half empty */
	} input;
	struct {
		struct spinlock lock; /* the log's sink takes it too */
		/* guarded by lock, as are the registers of transmitter and interrupts: */
		bool log_writes; /* a line of the log is being written, and other output waits */
		bool returned;	 /* the log has written a carriage return, and not the newline */
		unsigned wanted; /* interrupts */
	} output;
	/* Private to the hart that ends the kernel, for wait_until_idle(). */
	bool stalled; /* it did not send all in time */
};

static struct uart *to_uart(struct chardev *dev)
{
	return container_of(dev, struct uart, dev);
}

static bool uart_has_room(const struct uart *uart)
{
	return uart->kind->has_room(&uart->regs);
}

static void uart_put(const struct uart *uart, uint8_t byte)
{
	uart->kind->put(&uart->regs, byte);
}

/* Called with output.lock held. */
static void want_interrupts(struct uart *uart, unsigned set, unsigned clear)
{
	uart->output.wanted = (uart->output.wanted & ~clear) | set;
	uart->kind->want(&uart->regs, uart->output.wanted);
}

/*
 * Turns reception on or off. While it is off, the device's FIFO fills up, and the sender waits if
 * it can. Called with input.lock held and interrupts off.
 */
static void receive(struct uart *uart, bool on)
{
	uart->input.waits = !on;
	spin_lock(&uart->output.lock);
	want_interrupts(uart, on ? UART_INPUT : 0, on ? 0 : UART_INPUT);
	spin_unlock(&uart->output.lock);
}

static size_t uart_read(struct chardev *dev, void *to, size_t n)
{
	struct uart *uart = to_uart(dev);
	unsigned long flags = spin_lock_irqsave(&uart->input.lock);
	size_t done = 0;

	while (done < n && uart->input.tail != uart->input.head)
		((uint8_t *)to)[done++] = uart->input.ring[uart->input.tail++ % RING_SIZE];
	if (uart->input.waits && uart->input.head - uart->input.tail <= RING_SIZE / 2)
		receive(uart, true);
	spin_unlock_irqrestore(&uart->input.lock, flags);
	return done;
}

static bool uart_ended(struct chardev *dev)
{
	return false;
}

/* Writes what there is room for. If bytes are left, enables the interrupt for room. */
static size_t write_burst(struct uart *uart, const uint8_t *from, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&uart->output.lock);
	size_t done = 0;

	while (!uart->output.log_writes && done < n && uart_has_room(uart))
		uart_put(uart, from[done++]);
	if (done < n)
		want_interrupts(uart, UART_ROOM, 0);
	spin_unlock_irqrestore(&uart->output.lock, flags);
	return done;
}

static size_t uart_write(struct chardev *dev, const void *from, size_t n)
{
	size_t done = 0, want, took;

	do {
		want = MIN(n - done, (size_t)BURST);
		took = write_burst(to_uart(dev), (const uint8_t *)from + done, want);
		done += took;
	} while (took == want && done < n);
	return done;
}

static unsigned uart_ready(struct chardev *dev)
{
	struct uart *uart = to_uart(dev);
	unsigned long flags = spin_lock_irqsave(&uart->input.lock);
	unsigned ready = uart->input.tail != uart->input.head ? CHARDEV_READABLE : 0;

	spin_unlock_irqrestore(&uart->input.lock, flags);
	flags = spin_lock_irqsave(&uart->output.lock);
	if (!uart->output.log_writes && uart_has_room(uart))
		ready |= CHARDEV_WRITABLE;
	else
		want_interrupts(uart, UART_ROOM, 0);
	spin_unlock_irqrestore(&uart->output.lock, flags);
	return ready;
}

static void uart_wait_for_room(const struct uart *uart)
{
	for (unsigned i = 0; i < ROOM_TRIES && !uart_has_room(uart); i++)
		;
}

/* How long to wait until all is sent; and if that has not been long enough, the next times. */
#define IDLE_NS	   (2 * NSEC_PER_SEC)
#define STALLED_NS (IDLE_NS / 64)

/* A machine that goes off takes with it what its UART has not sent. */
static void wait_until_idle(struct uart *uart)
{
	struct patience patience = patience_of(uart->stalled ? STALLED_NS : IDLE_NS);

	if (!uart->kind->is_idle)
		return;
	do
		uart->stalled = !uart->kind->is_idle(&uart->regs);
	while (uart->stalled && patience_lasts(&patience));
}

static void uart_drain(struct chardev *dev)
{
	wait_until_idle(to_uart(dev));
}

static const struct chardev_ops uart_ops = {
	.read = uart_read,
	.ended = uart_ended,
	.write = uart_write,
	.ready = uart_ready,
	.drain = uart_drain,
};

/* Both directions of some kinds use the same registers. Called with input.lock held. */
static int uart_get(struct uart *uart)
{
	int byte;

	spin_lock(&uart->output.lock);
	byte = uart->kind->get(&uart->regs);
	spin_unlock(&uart->output.lock);
	return byte;
}

static void uart_interrupt(void *arg)
{
	struct uart *uart = arg;
	bool got = false;
	int byte = 0;

	spin_lock(&uart->input.lock);
	while (uart->input.head - uart->input.tail < RING_SIZE && (byte = uart_get(uart)) >= 0) {
		uart->input.ring[uart->input.head++ % RING_SIZE] = (uint8_t)byte;
		got = true;
	}
	if (uart->input.head - uart->input.tail == RING_SIZE)
		receive(uart, false);
	spin_unlock(&uart->input.lock);
	if (got)
		waitq_wake_all(&uart->dev.readable);
	if (uart_has_room(uart)) {
		spin_lock(&uart->output.lock);
		want_interrupts(uart, 0, UART_ROOM);
		spin_unlock(&uart->output.lock);
		waitq_wake_all(&uart->dev.writable);
	}
}

/* ---- the log ---- */

static void uart_put_polled(const struct uart *uart, uint8_t byte)
{
	uart_wait_for_room(uart);
	uart_put(uart, byte);
}

/* A terminal needs a carriage return at the end of each line. */
static void uart_log_panic_write(struct log_sink *sink, const char *s, size_t n)
{
	struct uart *uart = container_of(sink, struct uart, sink);

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\n')
			uart_put_polled(uart, '\r');
		uart_put_polled(uart, (uint8_t)s[i]);
	}
	wait_until_idle(uart);
}

/*
 * Writes what there is room for, or one byte if `anyway` is set. Returns how many bytes of the line
 * it wrote.
 */
static size_t log_burst(struct uart *uart, const char *s, size_t n, bool anyway)
{
	unsigned long flags = spin_lock_irqsave(&uart->output.lock);
	size_t done = 0;

	uart->output.log_writes = true;
	while (done < MIN(n, (size_t)LOG_BURST) && (anyway || uart_has_room(uart))) {
		anyway = false;
		uart->output.returned = s[done] == '\n' && !uart->output.returned;
		uart_put(uart, uart->output.returned ? '\r' : (uint8_t)s[done++]);
	}
	spin_unlock_irqrestore(&uart->output.lock, flags);
	return done;
}

static void log_burst_done(struct uart *uart)
{
	unsigned long flags = spin_lock_irqsave(&uart->output.lock);

	uart->output.log_writes = false;
	spin_unlock_irqrestore(&uart->output.lock, flags);
}

/* Waits for room with interrupts on. If there is none for too long, bytes are lost. */
static void uart_log_write(struct log_sink *sink, const char *s, size_t n)
{
	struct uart *uart = container_of(sink, struct uart, sink);
	size_t done = 0, step;
	unsigned tries = 0;

	while (done < n) {
		step = log_burst(uart, s + done, n - done, tries == ROOM_TRIES);
		tries = step ? 0 : tries + 1;
		done += step;
	}
	log_burst_done(uart);
}

/* ---- the UARTs of the machine ---- */

#define UART(which, label)                                                                \
	{                                                                                 \
		.dev = { .name = (label),                                                 \
			 .ops = &uart_ops,                                                \
			 .readable = WAITQ_INIT((which).dev.readable),                    \
			 .writable = WAITQ_INIT((which).dev.writable) },                  \
		.sink = { .write = uart_log_write, .panic_write = uart_log_panic_write }, \
		.input.lock = SPINLOCK_INIT(LOCK_DEVICE),                                 \
		.output.lock = SPINLOCK_INIT(LOCK_CONSOLE),                               \
	}

/* Each is guarded as the struct says. */
static struct uart console = UART(console, "uart"), second = UART(second, "uart1");

static const struct uart_kind *uart_kind_of(const struct dt *dt, dt_node node)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (dt_compatible(dt, node, kinds[i]->compatible))
			return kinds[i];
	return dt_compatible(dt, node, "ns16550") ? &uart_16550 : NULL;
}

/* Returns the first UART but one, or -ENOENT. */
static dt_node find_other(const struct dt *dt, dt_node but)
{
	for (dt_node node = dt_root(dt); node >= 0; node = dt_next(dt, node))
		if (node != but && dt_available(dt, node) && uart_kind_of(dt, node))
			return node;
	return -ENOENT;
}

/* Returns the console that /chosen names, or else any UART. */
static dt_node find_console(const struct dt *dt)
{
	const char *place = dt_string(dt, dt_path(dt, "/chosen"), "stdout-path");
	dt_node node = place ? dt_path(dt, place) : -ENOENT;

	return node >= 0 && uart_kind_of(dt, node) ? node : find_other(dt, -ENOENT);
}

static int uart_start(struct uart *uart, const struct dt *dt, dt_node node)
{
	const struct uart_kind *kind = node >= 0 ? uart_kind_of(dt, node) : NULL;
	uint64_t addr, size;
	uint32_t cell;

	if (!kind || !dt_available(dt, node))
		return -ENODEV;
	uart->regs.shift = dt_cell(dt, node, "reg-shift", 0, &cell) == 0 ? cell : 0;
	/* Registers that are accessed otherwise are not supported. */
	if (kind->bytes && dt_cell(dt, node, "reg-io-width", 0, &cell) == 0 && cell != 1)
		return -ENODEV;
	if (kind->polled && dt_reg(dt, node, 0, &addr, &size) != 0)
		return -ENODEV; /* its place is a secret of the firmware's */
	if (dt_reg(dt, node, 0, &addr, &size) != 0 || uart->regs.shift > 3 ||
	    size < kind->size << uart->regs.shift)
		return -EINVAL;
	if (dt_cell(dt, node, "interrupts", 0, &uart->irq) != 0)
		uart->irq = 0;
	uart->regs.base = kmap_device(addr, size);
	if (!uart->regs.base)
		return -ENOMEM;
	kind->start(&uart->regs);
	uart->kind = kind;
	return 0;
}

static void uart_machine_end(unsigned status)
{
	console.kind->end(&console.regs, status);
}

int uart_init(const struct dt *dt)
{
	int err = uart_start(&console, dt, find_console(dt));

	if (err)
		return err;
	if (console.kind->end)
		power_set_exit(uart_machine_end);
	return chardev_register(&console.dev);
}

bool uart_is_polled(void)
{
	return console.kind && console.kind->polled;
}

void uart_poll(void)
{
	unsigned long flags = irq_save();

	uart_interrupt(&console);
	irq_restore(flags);
}

struct log_sink *uart_log_sink(void)
{
	return console.kind ? &console.sink : NULL;
}

struct log_sink *uart_second_log_sink(const struct dt *dt)
{
	return uart_start(&second, dt, find_other(dt, find_console(dt))) ? NULL : &second.sink;
}

int uart_listen(void)
{
	unsigned long flags;
	int err;

	if (!console.kind)
		return -ENODEV;
	if (console.kind->polled)
		return 0;
	err = irq_register(console.irq, uart_interrupt, &console);
	if (err)
		return err;
	flags = spin_lock_irqsave(&console.input.lock);
	receive(&console, true);
	spin_unlock_irqrestore(&console.input.lock, flags);
	return 0;
}
