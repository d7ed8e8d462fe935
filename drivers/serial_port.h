/* SPDX-License-Identifier: MIT */
/* One port of a virtio-serial device: its two queues and their buffers. */
#pragma once

#include "base/chardev.h"
#include "base/log.h"
#include "drivers/virtio.h"
#include "sync/spinlock.h"

#define PORT_NAME_MAX 32

#define RX_BUFS	   4
#define RX_BUF_LEN (PAGE_SIZE / RX_BUFS)
#define TX_ORDER   2
#define TX_BUFS	   (1u << TX_ORDER)
#define TX_BUF_LEN PAGE_SIZE

struct rx_buf {
	uint8_t *data;
	uint32_t len;  /* filled by the device */
	uint32_t read; /* of these, taken by a reader */
};

struct tx_buf {
	uint8_t *data;
	struct tx_buf *next_free;
};

/* The other end. One that has not opened yet may still do so: that is no end of input. */
enum serial_host { HOST_NEVER, HOST_OPEN, HOST_CLOSED };

struct serial_port {
	uint32_t id;
	char name[PORT_NAME_MAX]; /* without "faultline."; empty: not named yet */
	struct chardev dev;
	struct log_sink sink; /* the log's port only */
	struct spinlock lock;
	/* guarded by lock: */
	struct virtq rx, tx;
	struct rx_buf rx_bufs[RX_BUFS];
	struct rx_buf *filled[RX_BUFS]; /* a ring in the order of arrival */
	unsigned filled_head, filled_tail;
	struct tx_buf tx_bufs[TX_BUFS];
	struct tx_buf *tx_free;
	bool stalled; /* the device was waited for in vain, the last time */
	bool warned;  /* that the device is broken */
	/* atomic, written by the control queue's handler: */
	enum serial_host host;
};

extern const struct chardev_ops serial_port_ops;

/* Makes the port's queues on a device that has not been started. 0; -ENOENT; -ENOMEM */
int serial_port_init(struct serial_port *port, struct virtio_device *dev, uint32_t id);

/* Makes its buffers and offers those that receive. 0 or -ENOMEM. => the device has been started */
int serial_port_start(struct serial_port *port);

/* Collects what the device is done with, and wakes. => from the interrupt, or polled */
void serial_port_poll(struct serial_port *port);

/* The host opened or closed its end. */
void serial_port_host_open(struct serial_port *port, bool open);

/* The log goes to this port from now on. => not a registered chardev */
void serial_port_take_log(struct serial_port *port, struct log_sink *from);
