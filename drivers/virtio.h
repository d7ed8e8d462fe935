/* SPDX-License-Identifier: MIT */
/* virtio over memory-mapped registers, and its split queues (virtio 1.1, sections 2.6 and 4.2). */
#pragma once

#include "lib/types.h"
#include "mm/phys/page.h"

#define VIRTIO_ID_CONSOLE 3

#define VIRTIO_F_VERSION_1 (1ull << 32)

/* Most descriptors of a queue. With so few, a queue takes one page even in the legacy layout. */
#define VIRTQ_SIZE_MAX 32

struct virtio_device {
	volatile void *regs;
	uint32_t version; /* 1: legacy, 2: modern */
	uint32_t id;	  /* VIRTIO_ID_*; 0: an empty slot */
	uint32_t irq;
};

/* The driver's own record of a buffer, against which the device's entries are checked. */
struct virtq_slot {
	void *token; /* NULL: free */
	uint32_t len;
	uint16_t next_free;
};

/* The driver that owns the queue guards it with a lock. */
struct virtq {
	struct virtio_device *dev;
	uint16_t index;
	uint16_t size;
	uint16_t free_head; /* size: none is free */
	uint16_t nfree;
	uint16_t used_seen;
	bool broken; /* the device wrote an invalid entry: nothing more is taken from it */
	struct page *page;
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	struct virtq_slot slots[VIRTQ_SIZE_MAX];
};

/*
 * Looks for a device at pa. Returns 0; -ENODEV if there is none or the slot is empty; -EINVAL if
 * its version is unknown; or -ENOMEM.
 */
int virtio_probe(struct virtio_device *dev, paddr_t pa, size_t len, uint32_t irq);

/*
 * Resets the device and negotiates features: *features_ret is a subset of `wanted` (and
 * VIRTIO_F_VERSION_1). Returns 0 or -EIO.
 */
int virtio_begin(struct virtio_device *dev, uint64_t wanted, uint64_t *features_ret);

/*
 * Sets up queue `index` with at most `size` descriptors, rounded down to a power of two. Returns 0,
 * -ENOENT if the device has no such queue, or -ENOMEM.
 */
int virtq_init(struct virtq *vq, struct virtio_device *dev, uint16_t index, uint16_t size);

/* Starts the device. All queues have been set up. */
void virtio_start(struct virtio_device *dev);

/* Tells the device that the driver has given up on it. */
void virtio_fail(struct virtio_device *dev);

/* Reads 32 bits of the device's configuration space. */
uint32_t virtio_config32(struct virtio_device *dev, size_t offset);

/* Reads and acknowledges the causes of the interrupt. */
uint32_t virtio_ack(struct virtio_device *dev);

/*
 * Offers a buffer in the direct map to the device. `token` is not NULL; virtq_take() returns it
 * with the buffer. Returns 0 or -ENOSPC.
 */
int virtq_add(struct virtq *vq, const void *buf, uint32_t len, bool device_writes, void *token);

/* Notifies the device of new buffers. */
void virtq_kick(struct virtq *vq);

/*
 * Takes the next buffer that the device has finished with. Returns its token, and in *len_ret the
 * number of bytes that the device wrote; NULL if there is none or the queue is broken.
 */
void *virtq_take(struct virtq *vq, uint32_t *len_ret);
