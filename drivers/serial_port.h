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
	uint32_t read; /* of these, read by the kernel */
};

struct tx_buf {
	uint8_t *data;
	struct tx_buf *next_free;
};

/* The state of the host's end. The input has not ended if the host has not yet opened it. */
enum serial_host { HOST_NEVER, HOST_OPEN, HOST_CLOSED };

struct serial_port {
	/* const after boot: */
	uint32_t id;
	char name[PORT_NAME_MAX]; /* without "faultline."; empty: no name yet */
	struct chardev dev;
	/* only of the port that the log uses; guarded as struct log_sink says */
	struct log_sink sink;
	struct spinlock lock;
	/* guarded by lock: */
	struct virtq rx, tx;
	struct rx_buf rx_bufs[RX_BUFS];
	struct rx_buf *filled[RX_BUFS]; /* a ring, in order of arrival */
	unsigned filled_head, filled_tail;
	struct tx_buf tx_bufs[TX_BUFS];
	struct tx_buf *tx_free;
	unsigned news; /* CHARDEV_READABLE, CHARDEV_WRITABLE: threads are still to be woken */
	bool stalled;  /* the last wait for the device timed out */
	bool warned;   /* the log says that the device is broken */
	/* atomic, written by the handler of control messages: */
	enum serial_host host;
};

extern const struct chardev_ops serial_port_ops;

/* Creates the port's queues before the device is started. Returns 0, -ENOENT or -ENOMEM. */
int serial_port_init(struct serial_port *port, struct virtio_device *dev, uint32_t id);

/* Allocates and offers buffers after the device is started. Returns 0 or -ENOMEM. */
int serial_port_start(struct serial_port *port);

/*
 * Collects finished buffers, and wakes the threads that may go on then. Called by the interrupt
 * handler. Returns whether there was any news for them.
 */
bool serial_port_poll(struct serial_port *port);

/* Records that the host has opened or closed its end. */
void serial_port_host_open(struct serial_port *port, bool open);

/* Moves the log to this port, which is not registered as a chardev. */
void serial_port_take_log(struct serial_port *port);
