/* SPDX-License-Identifier: MIT */
/* QEMU's virtio-9p device, driven by a program: registers, memory for DMA and interrupts by a session. */
#pragma once

#include "hostfs_relay.h"

/*
 * Memory of a request. Request or reply is short, and at its start. The data of the other, if it is a Twrite or an
 * Rread, begin with a page: so they are copied in whole words.
 */
#define DEVICE_DATA_AT	     4096u
#define DEVICE_REQUEST_BYTES (DEVICE_DATA_AT + RELAY_MSIZE)

struct device {
	int fd;
	volatile uint8_t *regs;
	struct queue queue;
	unsigned nrequests; /* that there is memory for */
	uint8_t *memory;    /* of all requests, one behind the other */
	struct dma_page pages[QUEUE_REQUESTS_MAX * DEVICE_REQUEST_BYTES / QUEUE_PAGE];
};

/*
 * Starts the device that the session of that descriptor is with. Returns 0; -ENODEV if it is no virtio-9p; -EIO
 * if it does not behave like one; or what mmap and UIO_DMA_ALLOC fail with.
 */
int device_start(struct device *device, int fd);

/* Lets interrupts come, each of which is a pulse by this send end. Returns 0 or a negative errno. */
int device_set_pulse(struct device *device, int send);

/* Where the client's message of n bytes belongs, and where the reply to it will be, with its room. */
uint8_t *device_request(struct device *device, unsigned number, size_t n);
uint8_t *device_reply(struct device *device, unsigned number, size_t n, size_t *room_ret);

/* Gives the device the request, whose n bytes are at device_request(). */
void device_send(struct device *device, unsigned number, size_t n);

/*
 * An interrupt has come. Call device_seen(), then queue_take() until there is nothing more, then
 * device_unmask(): so none is missed. device_seen() returns 0, or -EIO if the device has failed.
 */
int device_seen(struct device *device);
int device_unmask(struct device *device);

/* Waits for an interrupt without the endpoint. It may return early. Returns 0 or a negative errno. */
int device_wait(struct device *device);
