/* virtio-serial: the control queue, by which ports come up and are named (virtio 1.1, section 5.3.6). */
#include "drivers/serial.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "base/log.h"
#include "drivers/irq.h"
#include "drivers/serial_port.h"
#include "drivers/uart.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/page_alloc.h"
#include "mm/slab.h"

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
	/* a name follows CONTROL_PORT_NAME, without NUL */
};

#define PORTS_MAX	8u
#define CONTROL_BUFS	VIRTQ_SIZE_MAX
#define CONTROL_BUF_LEN (PAGE_SIZE / 2 / CONTROL_BUFS)
#define CONTROL_SENDS	8u /* answers in flight */

/* How long the ports' announcements are waited for after the last one. */
#define QUIET_NS 300000ul

static const char name_prefix[] = "faultline.";

struct serial {
	struct virtio_device dev;
	struct spinlock lock;
	/* guarded by lock: */
	struct virtq control_rx, control_tx;
	struct control *sends; /* a ring of CONTROL_SENDS */
	unsigned send_next;
	/* Filled while the machine boots; only read afterwards. */
	bool booted;
	unsigned nports; /* slots, whether a port is there or not */
	struct serial_port *ports[PORTS_MAX];
	bool added[PORTS_MAX];
};

/* => serial locked */
static void control_send(struct serial *serial, uint32_t id, uint16_t event, uint16_t value)
{
	struct control *message = &serial->sends[serial->send_next++ % CONTROL_SENDS];
	uint32_t len;

	while (virtq_take(&serial->control_tx, &len))
		;
	*message = (struct control){ .id = id, .event = event, .value = value };
	if (virtq_add(&serial->control_tx, message, sizeof *message, false, message) == 0)
		virtq_kick(&serial->control_tx);
}

/* Keeps what may be the name of a file; anything else in it leaves the port unnamed. */
static void set_name(struct serial_port *port, const char *name, size_t len)
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
	memcpy(port->name, name + prefix, len - prefix);
	port->name[len - prefix] = '\0';
}

/* => serial locked */
static void control_receive(struct serial *serial, const struct control *message, uint32_t len)
{
	struct control copy = *message;
	struct serial_port *port;

	if (len < sizeof copy || copy.id >= serial->nports)
		return;
	port = serial->ports[copy.id];
	switch (copy.event) {
	case CONTROL_PORT_ADD:
		if (serial->booted)
			break; /* plugged in later: not supported, and not answered */
		serial->added[copy.id] = true;
		control_send(serial, copy.id, CONTROL_PORT_READY, 1);
		break;
	case CONTROL_PORT_NAME:
		if (!serial->booted)
			set_name(port, (const char *)(message + 1), len - sizeof copy);
		break;
	case CONTROL_PORT_OPEN:
		serial_port_host_open(port, copy.value != 0);
		break;
	default:
		break;
	}
}

/* Handles what came; did anything? */
static bool control_poll(struct serial *serial)
{
	unsigned long flags = spin_lock_irqsave(&serial->lock);
	struct control *message;
	uint32_t len;
	bool any = false;

	while ((message = virtq_take(&serial->control_rx, &len)) != NULL) {
		control_receive(serial, message, len);
		(void)virtq_add(&serial->control_rx, message, CONTROL_BUF_LEN, true, message);
		any = true;
	}
	if (any)
		virtq_kick(&serial->control_rx);
	spin_unlock_irqrestore(&serial->lock, flags);
	return any;
}

static void serial_interrupt(void *arg)
{
	struct serial *serial = arg;

	virtio_ack(&serial->dev);
	/* Bytes before the news that there will be no more. */
	for (unsigned i = 0; i < serial->nports; i++)
		if (serial->ports[i]->name[0] != '\0')
			serial_port_poll(serial->ports[i]);
	control_poll(serial);
}

/* All queues have to stand before the device starts. */
static int make_queues(struct serial *serial)
{
	struct page *page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	int err;

	if (!page)
		return -ENOMEM;
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

/* QEMU answers at once; another device may take its time. */
static void meet_ports(struct serial *serial)
{
	uint64_t until = clock_ns() + QUIET_NS;

	virtq_kick(&serial->control_rx);
	control_send(serial, 0, CONTROL_DEVICE_READY, 1);
	for (bool late = false; !late;) {
		late = clock_ns() >=
		       until; /* and then one more look: we may have been stopped for long */
		if (control_poll(serial)) {
			until = clock_ns() + QUIET_NS;
			late = false;
		}
	}
	serial->booted = true;
}

static void open_port(struct serial *serial, struct serial_port *port, bool open)
{
	unsigned long flags = spin_lock_irqsave(&serial->lock);

	control_send(serial, port->id, CONTROL_PORT_OPEN, open);
	spin_unlock_irqrestore(&serial->lock, flags);
}

/*
 * Opens our end, so that bytes flow. First that, then the buffers: QEMU looks for input that waits, or for
 * its end, when it is told of buffers, and not when it is told that we are here.
 */
static void start_port(struct serial *serial, struct serial_port *port)
{
	int err;

	open_port(serial, port, true);
	err = serial_port_start(port);
	if (err) {
		log_error("serial", "port %s: no memory for its buffers", port->name);
		open_port(serial, port, false);
		port->name[0] = '\0';
		return;
	}
	if (strcmp(port->name, "log") == 0)
		serial_port_take_log(port, &uart_log_sink);
	else if (chardev_register(&port->dev) != 0)
		log_error("serial", "port %s: one device too many", port->name);
}

int serial_init(struct virtio_device *dev)
{
	struct serial *serial = kzalloc(sizeof *serial);
	uint64_t features;
	int err;

	if (!serial)
		return -ENOMEM;
	serial->dev = *dev;
	spin_init(&serial->lock, LOCK_DEVICE);
	err = virtio_begin(&serial->dev, VIRTIO_CONSOLE_F_MULTIPORT, &features);
	if (err == 0 && !(features & VIRTIO_CONSOLE_F_MULTIPORT))
		err = -ENODEV;
	if (err == 0) {
		serial->nports = MIN(virtio_config32(&serial->dev, CONFIG_MAX_PORTS), PORTS_MAX);
		err = make_queues(serial);
	}
	if (err) {
		virtio_fail(
			&serial->dev); /* its memory stays with it: the device may have seen it */
		return err;
	}
	virtio_start(&serial->dev);
	meet_ports(serial);
	for (unsigned i = 0; i < serial->nports; i++)
		if (serial->added[i] && serial->ports[i]->name[0] != '\0')
			start_port(serial, serial->ports[i]);
	err = irq_register(serial->dev.irq, serial_interrupt, serial);
	if (err)
		log_error("serial", "interrupt %u: error %d; input will not arrive",
			  serial->dev.irq, err);
	return 0;
}
