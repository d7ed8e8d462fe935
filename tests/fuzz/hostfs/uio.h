/* SPDX-License-Identifier: MIT */
/* What hostfs has of the kernel besides its endpoint: a device's registers, memory for DMA, interrupts. */
#pragma once

#include <sys/types.h>

#include "hostfs_device.h"

#define ENDPOINT_FD 4
#define DEVICE_FD   5

/* Of the next run of hostfs. */
struct uio_setup {
	uint32_t version;   /* of virtio-mmio: 1 or 2 */
	uint32_t queue_max; /* the most descriptors that the device takes */
	unsigned npages;    /* there is no more memory for DMA than this */
	bool is_other;	    /* it is another device */
};

void uio_begin(const struct uio_setup *setup);

/* How many requests there is memory for; 0: hostfs cannot start. */
unsigned uio_requests(void);

/* The next interrupts cannot be unmasked; and the device says that it has failed. */
extern bool uio_fails;
void uio_needs_reset(void);

/* The memory at a physical address if all n bytes are in one block that hostfs has; else NULL. */
uint8_t *uio_at(uint64_t addr, size_t n);

/* The queue as the device knows it by its registers. Fails the run if it is not in hostfs's memory. */
struct queue_view {
	uint16_t size;
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
};
struct queue_view uio_queue(void);

/* The memory of a request, and which request the n bytes at `at` belong to: -1 if they are not all of one. */
uint8_t *uio_request(unsigned number);
int uio_request_of(const void *at, size_t n);

/* hostfs waits for an interrupt without its endpoint. The fuzzer lets the device go on. Returns 0, or an errno. */
int uio_waits(void);
