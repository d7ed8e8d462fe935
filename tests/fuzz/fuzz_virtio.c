/* SPDX-License-Identifier: MIT */
/* A hostile virtio-serial device against the driver: whatever it answers, and whenever, the driver stands. */

/*
 * An input: 12 bytes that say what the device is (virtio/device.h), then a script: ops of the device
 * (virtio/script.c), done one a look at the clock while the machine boots, and between them ops of
 * the driver:
 *   I         the interrupt
 *   R PORT N  reads up to 16 N bytes; W PORT N writes them; E PORT: has the input ended?; D PORT drains
 *   Q PORT    is it ready to be read, to be written?
 *   L         a line is logged; P: one in a panic
 */
#include "abi/errno.h"
#include "drivers/serial.h"
#include "drivers/serial_port.h"
#include "lib/virtio_regs.h"
#include "fuzz.h"
#include "virtio/device.h"
#include "virtio/kernel.h"

#undef memcpy
#undef memcmp

#define REGISTERS_AT 0x10008000ul
#define PIECE	     4096

static struct {
	uint64_t got, put; /* bytes that went through */
} progress[CHARDEV_MAX];

static struct serial_port *port_of(struct chardev *dev)
{
	return dev->driver;
}

static unsigned rx_queue(const struct serial_port *port)
{
	return port->id == 0 ? 0 : 2 * port->id + 2;
}

/* Each descriptor is either free, once, or has its token. */
static void check_queue(const struct virtq *vq)
{
	bool is_free[VIRTQ_SIZE_MAX] = { false };
	uint16_t id = vq->free_head, busy = 0;

	for (uint16_t n = 0; n < vq->nfree; n++, id = vq->slots[id].next) {
		fuzz_check(id < vq->size && !is_free[id] && !vq->slots[id].token);
		is_free[id] = true;
	}
	for (id = 0; id < vq->size; id++)
		busy += vq->slots[id].token != NULL;
	fuzz_equal(busy + vq->nfree, vq->size);
}

static void check_name(const char *name)
{
	size_t n = strnlen(name, PORT_NAME_MAX);

	fuzz_check(n > 0 && n < PORT_NAME_MAX);
	for (size_t i = 0; i < n; i++)
		fuzz_check(name[i] >= 'a' && name[i] <= 'z');
}

static void check_devices(void)
{
	for (unsigned i = 0; i < kernel_ndevices; i++) {
		struct serial_port *port = port_of(kernel_devices[i]);

		check_name(port->name);
		check_queue(&port->rx);
		check_queue(&port->tx);
		fuzz_check(port->filled_head - port->filled_tail <= RX_BUFS);
		for (unsigned k = 0; k < i; k++)
			fuzz_check(strcmp(kernel_devices[k]->name, port->name) != 0);
	}
}

/* What was broken was told, and by name. */
static void check_told(void)
{
	bool broken = device_streams[2].nonsense && !device_streams[2].untold;

	for (unsigned i = 0; i < kernel_ndevices; i++) {
		struct serial_port *port = port_of(kernel_devices[i]);

		if (!port->rx.broken && !port->tx.broken)
			continue;
		broken = true;
		fuzz_check(kernel_errors > 0);
		if (kernel_ndevices == 1 && kernel_errors == 1)
			fuzz_check(strstr(kernel_last_error, port->name) != NULL);
		/* Its readers come to an end, its writers are not held up. */
		fuzz_check(!port->tx.broken || port->dev.ops->write(&port->dev, "x", 1) == 1);
	}
	fuzz_check(!broken || kernel_last_error[0] != '\0');
}

/* Bytes of an honest device come as it sent them; of any, never what it has not written. */
static void do_read(struct chardev *dev, unsigned index, size_t n)
{
	static uint8_t bytes[PIECE];
	struct device_stream *stream = &device_streams[rx_queue(port_of(dev))];
	size_t got = dev->ops->read(dev, bytes, n);

	fuzz_check(got <= n);
	for (size_t i = 0; i < got; i++) {
		fuzz_check(bytes[i] != DEVICE_POISON);
		if (!stream->dirty)
			fuzz_equal(bytes[i], device_pattern(progress[index].got + i));
	}
	progress[index].got += got;
	fuzz_check(stream->dirty ? progress[index].got <= stream->offered
				 : progress[index].got <= stream->sent);
}

static void do_write(struct chardev *dev, unsigned index, size_t n)
{
	static uint8_t bytes[PIECE];
	size_t put;

	for (size_t i = 0; i < n; i++)
		bytes[i] = device_pattern(progress[index].put + i);
	put = dev->ops->write(dev, bytes, n);
	fuzz_check(put <= n);
	progress[index].put += put;
}

static void do_ended(struct chardev *dev)
{
	struct serial_port *port = port_of(dev);
	bool ended = dev->ops->ended(dev);

	if (ended)
		fuzz_check(port->host == HOST_CLOSED || port->rx.broken);
	else if (port->rx.broken)
		fuzz_check(port->filled_head != port->filled_tail);
}

/* What it is ready for it does, and says so of nothing else. */
static void do_ready(struct chardev *dev, unsigned index)
{
	struct serial_port *port = port_of(dev);
	unsigned ready = dev->ops->ready(dev);
	uint64_t put = progress[index].put;

	fuzz_equal((ready & CHARDEV_READABLE) != 0, port->filled_head != port->filled_tail);
	fuzz_equal((ready & CHARDEV_CLOSED) != 0, port->host == HOST_CLOSED || port->rx.broken);
	if (ready & CHARDEV_WRITABLE) {
		do_write(dev, index, 1);
		fuzz_equal(progress[index].put, put + 1);
	} else {
		fuzz_check(!port->tx_free && !port->tx.broken);
	}
}

static void do_port_op(uint8_t op)
{
	unsigned index = device_byte();
	size_t n = op == 'R' || op == 'W' ? 16ul * device_byte() : 0;
	struct chardev *dev;

	if (kernel_ndevices == 0)
		return;
	index %= kernel_ndevices;
	dev = kernel_devices[index];
	if (op == 'R')
		do_read(dev, index, n);
	else if (op == 'W')
		do_write(dev, index, n);
	else if (op == 'E')
		do_ended(dev);
	else if (op == 'Q')
		do_ready(dev, index);
	else
		dev->ops->drain(dev);
}

static void do_op(uint8_t op)
{
	device_driver_runs();
	if (op == 'I' && kernel_handler)
		kernel_interrupt();
	else if (op == 'R' || op == 'W' || op == 'E' || op == 'D' || op == 'Q')
		do_port_op(op);
	else if (op == 'L')
		log_error("fuzz", "a line");
	else if (op == 'P' && kernel_sink)
		kernel_sink->panic_write(kernel_sink, "panic", 5);
	device_driver_done();
	fuzz_check(fake_irq_on);
	check_devices();
}

/* Starts the driver. Returns whether it has accepted the device. */
static bool boot(void)
{
	unsigned promised = DEVICE_PROMISED(device_head.flags), missing = promised;
	struct virtio_device dev;
	int err;

	device_driver_runs();
	err = virtio_probe(&dev, REGISTERS_AT, 0x1000, 8);
	fuzz_equal(virtio_probe(&dev, REGISTERS_AT, VIRTIO_CONFIG - 1, 8), -EINVAL);
	fuzz_check(err == 0 || err == -ENODEV || err == -EINVAL || err == -ENOMEM);
	if (err == 0 && dev.id == VIRTIO_ID_CONSOLE) {
		err = serial_init(&dev, &missing);
		fuzz_check(missing <= promised);
		fuzz_check(promised - missing <= kernel_ndevices + (kernel_sink != NULL));
		fuzz_check(err == 0 || err == -ENODEV || err == -EIO || err == -ENOMEM ||
			   err == -ENOENT);
		if (err)
			fuzz_check(!kernel_handler && kernel_ndevices == 0 && !kernel_sink);
	} else if (err == 0) {
		err = -ENODEV;
	}
	kernel_boots = false;
	device_driver_done();
	check_devices();
	return err == 0;
}

bool fuzz_one(const uint8_t *data, size_t size)
{
	bool good;

	device_start(data, size);
	kernel_start(device_head.allocations, device_head.irq_fails & 1,
		     device_head.flags & DEVICE_NO_ROOM);
	memset(progress, 0, sizeof(progress));
	good = boot();
	while (good && !device_script_ended())
		do_op(device_until_driver());
	if (good) {
		do_op('I');
		if (kernel_handler)
			check_told();
	}
	kernel_end();
	return good && kernel_ndevices > 0;
}
