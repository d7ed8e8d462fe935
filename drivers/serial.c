/* SPDX-License-Identifier: MIT */
/* virtio-serial's control queues, which announce and name ports (virtio 1.1, section 5.3.6). */
#include "drivers/serial.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timerq.h"
#include "drivers/irq.h"
#include "drivers/patience.h"
#include "drivers/serial_port.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"

#define VIRTIO_CONSOLE_F_MULTIPORT 2ull
#define CONFIG_MAX_PORTS	   4 /* offset in the configuration space */

enum {
	CONTROL_DEVICE_READY = 0,
	CONTROL_PORT_ADD = 1,
	CONTROL_PORT_READY = 3,
	CONTROL_PORT_OPEN = 6,
	CONTROL_PORT_NAME = 7,
};

struct control {
	uint32_t id;
	uint16_t event;
	uint16_t value;
};

#define PORTS_MAX	8u
#define CONTROL_BUFS	32u
#define CONTROL_BUF_LEN (PAGE_SIZE / 2 / CONTROL_BUFS)

struct control_message {
	struct control head;
	/* Only in CONTROL_PORT_NAME; not terminated. */
	char name[CONTROL_BUF_LEN - sizeof(struct control)];
};
#define CONTROL_SENDS 8u /* messages in flight */

/* How long to wait for ports in all, and since the last one if their number is not known. */
#define MEET_NS	 (10 * NSEC_PER_SEC)
#define QUIET_NS (NSEC_PER_SEC / 20)
/* How long to wait, only once, for the device to make room for a control message. */
#define SEND_NS	 (5 * NSEC_PER_SEC)

/*
 * Interrupts are off for so many ports with news at most. The others have their turn after a pause,
 * in which other interrupts come.
 */
#define PORTS_AT_ONCE 2u
#define PAUSE_NS      (10 * NSEC_PER_SEC / 1000000)

static const char name_prefix[] = "faultline.";

struct serial {
	struct virtio_device dev; /* const after boot */
	struct spinlock lock;
	/* guarded by lock: */
	struct virtq control_rx, control_tx;
	struct control *sends; /* a ring of CONTROL_SENDS */
	unsigned send_next;
	bool gave_up; /* it has made no room for a message: no more are sent */
	bool warned;  /* the log says that the control queues are broken */
	struct timer pause;
	unsigned turn; /* atomic: begins with another port each time */
	/* const after boot: */
	bool booted;
	unsigned nports; /* slots, with or without a port */
	struct serial_port *ports[PORTS_MAX];
	bool added[PORTS_MAX];
};

/*
 * Waits until the device has taken a message, unless it has failed to before. Returns whether there
 * is room for a message. Called with serial->lock held.
 */
static bool control_room(struct serial *serial)
{
	struct patience patience = patience_of(SEND_NS);
	uint32_t len;

	do {
		while (virtq_take(&serial->control_tx, &len))
			;
		if (serial->control_tx.nfree > 0)
			return true;
	} while (!serial->gave_up && !serial->control_tx.broken && patience_lasts(&patience));
	serial->gave_up = true;
	return false;
}

/* Only while booting. Returns false if the device is stuck. The caller holds serial->lock. */
static bool control_send(struct serial *serial, uint32_t id, uint16_t event, uint16_t value)
{
	struct control *message;

	if (!control_room(serial))
		return false;
	message = &serial->sends[serial->send_next++ % CONTROL_SENDS];
	*message = (struct control){ .id = id, .event = event, .value = value };
	(void)virtq_add(&serial->control_tx, message, sizeof *message, false, message);
	virtq_kick(&serial->control_tx);
	return true;
}

static bool name_is_taken(const struct serial *serial, const char *name, size_t len)
{
	for (unsigned i = 0; i < serial->nports; i++)
		if (strncmp(serial->ports[i]->name, name, len) == 0 &&
		    serial->ports[i]->name[len] == '\0')
			return true;
	return false;
}

/* Names the port, if the name is valid as a file name and no other port has it. */
static void serial_set_port_name(struct serial *serial, struct serial_port *port, const char *name,
				 size_t len)
{
	size_t prefix = sizeof name_prefix - 1;

	while (len > 0 && name[len - 1] == '\0')
		len--;
	if (len <= prefix || len - prefix >= PORT_NAME_MAX ||
	    memcmp(name, name_prefix, prefix) != 0)
		return;
	for (size_t i = prefix; i < len; i++)
		if (name[i] < 'a' || name[i] > 'z')
			return;
	if (name_is_taken(serial, name + prefix, len - prefix))
		return;
	memcpy(port->name, name + prefix, len - prefix);
	port->name[len - prefix] = '\0';
}

/* Handles a copy, as the device may change the message. The caller holds serial->lock. */
static void control_receive(struct serial *serial, const void *message, uint32_t len)
{
	struct control_message copy;
	struct serial_port *port;
	uint32_t id;

	memcpy(&copy, message, sizeof copy);
	id = copy.head.id;
	if (len < sizeof copy.head || id >= serial->nports)
		return;
	port = serial->ports[id];
	switch (copy.head.event) {
	case CONTROL_PORT_ADD:
		if (serial->booted)
			break; /* hot-plugged: not supported, and not answered */
		serial->added[id] = true;
		control_send(serial, id, CONTROL_PORT_READY, 1);
		break;
	case CONTROL_PORT_NAME:
		if (!serial->booted)
			serial_set_port_name(serial, port, copy.name, len - sizeof copy.head);
		break;
	case CONTROL_PORT_OPEN:
		serial_port_host_open(port, copy.head.value != 0);
		break;
	default:
		break;
	}
}

/* Is this the first time that a control queue is found broken? The caller holds serial->lock. */
static bool control_broke(struct serial *serial)
{
	bool broke = (serial->control_rx.broken || serial->control_tx.broken) && !serial->warned;

	serial->warned |= broke;
	return broke;
}

/* Handles one message. Returns false if there is none. */
static bool control_take(struct serial *serial)
{
	unsigned long flags = spin_lock_irqsave(&serial->lock);
	uint32_t len;
	void *message = virtq_take(&serial->control_rx, &len);

	if (message) {
		control_receive(serial, message, len);
		(void)virtq_add(&serial->control_rx, message, CONTROL_BUF_LEN, true, message);
	}
	spin_unlock_irqrestore(&serial->lock, flags);
	return message != NULL;
}

/* Notifies the device of the buffers returned to it, if any. Returns as control_broke() does. */
static bool control_finish(struct serial *serial, bool any)
{
	unsigned long flags = spin_lock_irqsave(&serial->lock);
	bool broke;

	if (any)
		virtq_kick(&serial->control_rx);
	broke = control_broke(serial);
	spin_unlock_irqrestore(&serial->lock, flags);
	return broke;
}

/* Handles up to `most` of the messages that have arrived. Returns whether there were any. */
static bool control_poll(struct serial *serial, unsigned most)
{
	unsigned n = 0;
	bool broke;

	while (n < most && control_take(serial))
		n++;
	broke = control_finish(serial, n > 0);
	if (broke)
		log_error(
			"serial",
			"virtio-serial, interrupt %u: the device returned an invalid control buffer; "
			"its ports no longer open or close",
			serial->dev.irq);
	return n > 0;
}

/*
 * Collects bytes and messages, and wakes threads. Bytes come before the message that the host has
 * closed its end.
 */
static void serial_poll(struct serial *serial)
{
	unsigned first = atomic_add(&serial->turn, 1), news = 0;

	for (unsigned i = 0; i < serial->nports && news < PORTS_AT_ONCE; i++) {
		struct serial_port *port = serial->ports[(first + i) % serial->nports];

		if (port->name[0] != '\0')
			news += serial_port_poll(port);
	}
	if (news == PORTS_AT_ONCE || control_poll(serial, 1))
		timer_arm(&serial->pause, clock_deadline_in(PAUSE_NS));
}

static void serial_after_pause(struct timer *timer)
{
	serial_poll(container_of(timer, struct serial, pause));
}

static void serial_interrupt(void *arg)
{
	struct serial *serial = arg;

	virtio_ack(&serial->dev);
	serial_poll(serial);
}

/* All queues must be set up before the device starts. */
static int make_queues(struct serial *serial)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	int err;

	if (!page)
		return -ENOMEM;
	memset(page_address(page), 0, PAGE_SIZE);
	for (unsigned i = 0; i < serial->nports; i++) {
		serial->ports[i] = kzalloc(sizeof(struct serial_port));
		if (!serial->ports[i])
			return -ENOMEM;
		err = serial_port_init(serial->ports[i], &serial->dev, i);
		if (err)
			return err;
	}
	err = virtq_init(&serial->control_rx, &serial->dev, 2, CONTROL_BUFS);
	if (err == 0)
		err = virtq_init(&serial->control_tx, &serial->dev, 3, CONTROL_SENDS);
	if (err)
		return err;
	serial->sends = (struct control *)((char *)page_address(page) + PAGE_SIZE / 2);
	for (unsigned i = 0; i < serial->control_rx.size; i++) {
		char *buf = (char *)page_address(page) + i * CONTROL_BUF_LEN;

		(void)virtq_add(&serial->control_rx, buf, CONTROL_BUF_LEN, true, buf);
	}
	return 0;
}

static bool is_met(const struct serial *serial, unsigned i)
{
	return serial->added[i] && serial->ports[i]->name[0] != '\0';
}

static unsigned ports_met(const struct serial *serial)
{
	unsigned n = 0;

	for (unsigned i = 0; i < serial->nports; i++)
		n += is_met(serial, i);
	return n;
}

/*
 * Waits for the announcements of ports. QEMU sends them later from a thread of its own (before
 * version 8, at once), and only the number of ports tells which is the last. The wait is bounded,
 * in case the device never stops sending.
 */
static void meet_ports(struct serial *serial, unsigned promised)
{
	struct patience all = patience_of(MEET_NS), quiet = patience_of(QUIET_NS);
	bool more = true;

	virtq_kick(&serial->control_rx);
	control_send(serial, 0, CONTROL_DEVICE_READY, 1);
	while (more && !serial->warned) {
		if (control_poll(serial, serial->control_rx.size))
			quiet = patience_of(QUIET_NS);
		more = patience_lasts(&all) &&
		       (promised > 0 ? ports_met(serial) < promised : patience_lasts(&quiet));
	}
	serial->booted = true;
}

/* Returns false if the device does not accept the message. */
static bool open_port(struct serial *serial, struct serial_port *port, bool open)
{
	unsigned long flags = spin_lock_irqsave(&serial->lock);
	bool sent = control_send(serial, port->id, CONTROL_PORT_OPEN, open);

	spin_unlock_irqrestore(&serial->lock, flags);
	return sent;
}

/*
 * Opens the guest's end of the port, so that bytes flow. The buffers are offered after that,
 * because QEMU checks for waiting input, and for its end, when it gets buffers, but not when the
 * guest opens its end. Returns false if this failed: the port is closed again and has no name.
 */
static bool start_port(struct serial *serial, struct serial_port *port)
{
	const char *failure = NULL;

	if (!open_port(serial, port, true))
		failure = "the device does not open it";
	else if (serial_port_start(port) != 0)
		failure = "no memory for its buffers";
	else if (strcmp(port->name, "log") == 0)
		serial_port_take_log(port);
	else if (chardev_register(&port->dev) != 0)
		failure = "too many devices";
	if (!failure)
		return true;
	log_error("serial", "port %s: %s", port->name, failure);
	open_port(serial, port, false);
	port->name[0] = '\0';
	return false;
}

int serial_init(struct virtio_device *dev, unsigned *promised)
{
	struct serial *serial = kzalloc(sizeof *serial);
	uint64_t features;
	int err;

	if (!serial)
		return -ENOMEM;
	serial->dev = *dev;
	spin_init(&serial->lock, LOCK_DEVICE);
	timer_init_alone(&serial->pause, serial_after_pause);
	err = virtio_begin(&serial->dev, VIRTIO_CONSOLE_F_MULTIPORT, &features);
	if (err == 0 && !(features & VIRTIO_CONSOLE_F_MULTIPORT))
		err = -ENODEV;
	if (err == 0) {
		serial->nports = MIN(virtio_config32(&serial->dev, CONFIG_MAX_PORTS), PORTS_MAX);
		err = make_queues(serial);
	}
	if (err) {
		virtio_fail(&serial->dev);
		return err; /* nothing is freed: the device may know the memory */
	}
	virtio_start(&serial->dev);
	meet_ports(serial, *promised);
	for (unsigned i = 0; i < serial->nports; i++)
		if (is_met(serial, i) && start_port(serial, serial->ports[i]) && *promised > 0)
			--*promised;
	err = irq_register(serial->dev.irq, serial_interrupt, serial);
	if (err)
		log_error("serial", "interrupt %u: error %d; input will not arrive",
			  serial->dev.irq, err);
	return 0;
}
