/* SPDX-License-Identifier: MIT */
/* One port of a virtio-serial device: bytes in and out (virtio 1.1, section 5.3). */
#include "drivers/serial_port.h"

#include "abi/errno.h"
#include "base/console.h"
#include "drivers/patience.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/page_alloc.h"

/* How long to poll the device, and the shorter time after a wait that has timed out. */
#define DRAIN_NS   (5 * NSEC_PER_SEC)
#define STALLED_NS (DRAIN_NS / 64)

/* Port 0 has the first two queues. The control queues come next, then those of the other ports. */
static uint16_t first_queue(uint32_t id)
{
	return (uint16_t)(id == 0 ? 0 : 2 * id + 2);
}

static void rx_offer(struct serial_port *port, struct rx_buf *buf)
{
	buf->read = 0;
	/* This cannot fail: the queue has a slot for each buffer. */
	(void)virtq_add(&port->rx, buf->data, RX_BUF_LEN, true, buf);
}

/* Called with port->lock held. */
static void rx_collect(struct serial_port *port)
{
	struct rx_buf *buf;
	uint32_t len;

	while ((buf = virtq_take(&port->rx, &len)) != NULL) {
		buf->len = len;
		port->filled[port->filled_head++ % RX_BUFS] = buf;
		port->news |= CHARDEV_READABLE;
	}
}

/* Called with port->lock held. */
static void tx_collect(struct serial_port *port)
{
	struct tx_buf *buf;
	uint32_t len;

	while ((buf = virtq_take(&port->tx, &len)) != NULL) {
		buf->next_free = port->tx_free;
		port->tx_free = buf;
		port->news |= CHARDEV_WRITABLE;
	}
}

static size_t serial_port_read(struct chardev *dev, void *to, size_t n)
{
	struct serial_port *port = dev->driver;
	unsigned long flags = spin_lock_irqsave(&port->lock);
	bool offered = false;
	size_t done = 0;

	rx_collect(port);
	while (done < n && port->filled_tail != port->filled_head) {
		struct rx_buf *buf = port->filled[port->filled_tail % RX_BUFS];
		uint32_t part = (uint32_t)MIN(n - done, buf->len - buf->read);

		memcpy((char *)to + done, buf->data + buf->read, part);
		done += part;
		buf->read += part;
		if (buf->read < buf->len)
			break;
		port->filled_tail++;
		rx_offer(port, buf);
		offered = true;
	}
	if (offered)
		virtq_kick(&port->rx);
	spin_unlock_irqrestore(&port->lock, flags);
	return done;
}

/* A host that has never opened its end may still do so. */
static bool host_has_closed(const struct serial_port *port)
{
	return __atomic_load_n(&port->host, __ATOMIC_ACQUIRE) == HOST_CLOSED;
}

/* The host closes its end after its last byte is in one of the buffers. */
static bool serial_port_ended(struct chardev *dev)
{
	struct serial_port *port = dev->driver;
	/* Read this first: if the host has closed its end by now, all its bytes are found below. */
	bool host_closed = host_has_closed(port);
	unsigned long flags = spin_lock_irqsave(&port->lock);
	bool ended;

	rx_collect(port);
	ended = port->filled_tail == port->filled_head && (host_closed || port->rx.broken);
	spin_unlock_irqrestore(&port->lock, flags);
	return ended;
}

/* Called with port->lock held, or in a panic. */
static size_t tx_write(struct serial_port *port, const void *from, size_t n)
{
	size_t done = 0;

	if (port->tx.broken)
		return n;
	tx_collect(port);
	while (done < n && port->tx_free) {
		struct tx_buf *buf = port->tx_free;
		uint32_t part = (uint32_t)MIN(n - done, TX_BUF_LEN);

		port->tx_free = buf->next_free;
		memcpy(buf->data, (const char *)from + done, part);
		(void)virtq_add(&port->tx, buf->data, part, false, buf);
		done += part;
	}
	if (done > 0)
		virtq_kick(&port->tx);
	return done;
}

static size_t serial_port_write(struct chardev *dev, const void *from, size_t n)
{
	struct serial_port *port = dev->driver;
	unsigned long flags = spin_lock_irqsave(&port->lock);
	size_t done = tx_write(port, from, n);

	spin_unlock_irqrestore(&port->lock, flags);
	return done;
}

/* A broken device accepts and discards all output. */
static unsigned serial_port_ready(struct chardev *dev)
{
	struct serial_port *port = dev->driver;
	bool host_closed = host_has_closed(port);
	unsigned long flags = spin_lock_irqsave(&port->lock);
	unsigned ready = 0;

	rx_collect(port);
	tx_collect(port);
	if (port->filled_tail != port->filled_head)
		ready |= CHARDEV_READABLE;
	if (port->tx_free || port->tx.broken)
		ready |= CHARDEV_WRITABLE;
	if (host_closed || port->rx.broken)
		ready |= CHARDEV_CLOSED;
	spin_unlock_irqrestore(&port->lock, flags);
	return ready;
}

/*
 * Waits until the device has sent all output. A host that has closed its end reads no more, so the
 * device may keep the buffers. Called with port->lock held, or in a panic.
 */
static void tx_drain(struct serial_port *port)
{
	struct patience patience = patience_of(port->stalled ? STALLED_NS : DRAIN_NS);

	do {
		tx_collect(port);
		port->stalled = port->tx.nfree < port->tx.size && !port->tx.broken;
	} while (port->stalled && !host_has_closed(port) && patience_lasts(&patience));
}

static void serial_port_drain(struct chardev *dev)
{
	struct serial_port *port = dev->driver;
	unsigned long flags = spin_lock_irqsave(&port->lock);

	tx_drain(port);
	spin_unlock_irqrestore(&port->lock, flags);
}

const struct chardev_ops serial_port_ops = {
	.read = serial_port_read,
	.ended = serial_port_ended,
	.write = serial_port_write,
	.ready = serial_port_ready,
	.drain = serial_port_drain,
};

static int make_buffers(struct serial_port *port)
{
	struct page *rx = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	struct page *tx = page_alloc(TX_ORDER, PAGE_KERNEL, PAGE_NORMAL);

	if (!rx || !tx) {
		if (rx)
			page_free(rx, 0);
		if (tx)
			page_free(tx, TX_ORDER);
		return -ENOMEM;
	}
	/* A device may claim to have written bytes that it did not write. */
	memset(page_address(rx), 0, PAGE_SIZE);
	for (unsigned i = 0; i < RX_BUFS; i++)
		port->rx_bufs[i].data = (uint8_t *)page_address(rx) + i * RX_BUF_LEN;
	/* No more buffers than the queue has room for. */
	for (unsigned i = 0; i < MIN(TX_BUFS, (unsigned)port->tx.size); i++) {
		port->tx_bufs[i].data = (uint8_t *)page_address(tx) + i * TX_BUF_LEN;
		port->tx_bufs[i].next_free = port->tx_free;
		port->tx_free = &port->tx_bufs[i];
	}
	return 0;
}

int serial_port_init(struct serial_port *port, struct virtio_device *dev, uint32_t id)
{
	int err;

	port->id = id;
	spin_init(&port->lock, LOCK_DEVICE);
	port->dev = (struct chardev){ .name = port->name, .ops = &serial_port_ops, .driver = port };
	waitq_init(&port->dev.readable);
	waitq_init(&port->dev.writable);
	err = virtq_init(&port->rx, dev, first_queue(id), RX_BUFS);
	if (err == 0)
		err = virtq_init(&port->tx, dev, (uint16_t)(first_queue(id) + 1), TX_BUFS);
	return err;
}

int serial_port_start(struct serial_port *port)
{
	int err = make_buffers(port);

	if (err)
		return err;
	for (unsigned i = 0; i < MIN((unsigned)RX_BUFS, (unsigned)port->rx.size); i++)
		rx_offer(port, &port->rx_bufs[i]);
	virtq_kick(&port->rx);
	return 0;
}

/* Returns true the first time that a queue is found broken. Called with port->lock held. */
static bool serial_port_broke(struct serial_port *port)
{
	bool broke = (port->rx.broken || port->tx.broken) && !port->warned;

	port->warned |= broke;
	return broke;
}

/*
 * Threads are woken for what has come since the last time, even if this call has not collected it:
 * a reader may have collected it itself just before it went to sleep.
 */
bool serial_port_poll(struct serial_port *port)
{
	unsigned long flags = spin_lock_irqsave(&port->lock);
	unsigned news;
	bool broke;

	rx_collect(port);
	tx_collect(port);
	news = port->news;
	port->news = 0;
	broke = serial_port_broke(port);
	spin_unlock_irqrestore(&port->lock, flags);
	/* The lock is not held here, because the log may use this very port. */
	if (broke)
		log_error(
			"serial",
			"port %s: the device returned an invalid buffer; the port is no longer used",
			port->name);
	if (broke || (news & CHARDEV_READABLE))
		waitq_wake_all(&port->dev.readable);
	if (broke || (news & CHARDEV_WRITABLE))
		waitq_wake_all(&port->dev.writable);
	return broke || news;
}

void serial_port_host_open(struct serial_port *port, bool open)
{
	__atomic_store_n(&port->host, open ? HOST_OPEN : HOST_CLOSED, __ATOMIC_RELEASE);
	waitq_wake_all(&port->dev.readable);
	waitq_wake_all(&port->dev.writable);
}

static void serial_port_log_panic_write(struct log_sink *sink, const char *s, size_t n)
{
	struct serial_port *port = container_of(sink, struct serial_port, sink);

	while (n > 0) {
		size_t done = tx_write(port, s, n);

		s += done;
		n -= done;
		tx_drain(port);
		if (done == 0)
			break; /* the device has stopped: the rest of the text is lost */
	}
}

static void serial_port_log_write(struct log_sink *sink, const char *s, size_t n)
{
	struct serial_port *port = container_of(sink, struct serial_port, sink);
	unsigned long flags = spin_lock_irqsave(&port->lock);

	serial_port_log_panic_write(sink, s, n);
	spin_unlock_irqrestore(&port->lock, flags);
}

void serial_port_take_log(struct serial_port *port)
{
	spin_init(&port->lock, LOCK_CONSOLE);
	port->sink.write = serial_port_log_write;
	port->sink.panic_write = serial_port_log_panic_write;
	console_move_log(&port->sink, "log continues on port faultline.log");
}
