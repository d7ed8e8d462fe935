/* SPDX-License-Identifier: MIT */
/* virtio over memory-mapped registers, and its split queues (virtio 1.1, sections 2.6 and 4.2). */
#pragma once

#include "lib/types.h"
#include "mm/phys/page.h"

#define VIRTIO_ID_CONSOLE 3

#define VIRTIO_F_VERSION_1 (1ull << 32)

/* Descriptors of one queue: few, so that a queue takes one page even in the legacy layout. */
#define VIRTQ_SIZE_MAX 32

struct virtio_device {
	volatile void *regs;
	uint32_t version; /* 1: legacy, 2: modern */
	uint32_t id;	  /* VIRTIO_ID_*; 0: nothing plugged in */
	uint32_t irq;
};

/* One descriptor's buffer, as the driver knows it: what the device writes back is held against this. */
struct virtq_slot {
	void *token; /* NULL: free */
	uint32_t len;
	uint16_t next_free;
};

/* Guarded by its driver's lock. */
struct virtq {
	struct virtio_device *dev;
	uint16_t index;
	uint16_t size;
	uint16_t free_head; /* size: none */
	uint16_t nfree;
	uint16_t used_seen;
	bool broken; /* the device wrote nonsense: nothing more is taken from it */
	struct page *page;
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	struct virtq_slot slots[VIRTQ_SIZE_MAX];
};

/* Looks at the slot at pa. 0; -ENODEV: no virtio, or nothing plugged in; -EINVAL: of an unknown version; -ENOMEM */
int virtio_probe(struct virtio_device *dev, paddr_t pa, size_t len, uint32_t irq);

/* Resets it and agrees on features: *features_ret of those wanted. 0 or -EIO. */
int virtio_begin(struct virtio_device *dev, uint64_t wanted, uint64_t *features_ret);

/* Sets queue `index` up with up to `size` descriptors, a power of two. 0; -ENOENT: no such queue; -ENOMEM */
int virtq_init(struct virtq *vq, struct virtio_device *dev, uint16_t index, uint16_t size);

/* All queues stand: the device may start. */
void virtio_start(struct virtio_device *dev);

/* The device is of no use: tell it so. */
void virtio_fail(struct virtio_device *dev);

/* Reads 32 bits of the device's configuration. */
uint32_t virtio_config32(struct virtio_device *dev, size_t offset);

/* Reads and acknowledges the interrupt's reasons. */
uint32_t virtio_ack(struct virtio_device *dev);

/* Offers one buffer in real memory; `token` comes back with it and is not NULL. 0 or -ENOSPC. */
int virtq_add(struct virtq *vq, const void *buf, uint32_t len, bool device_writes, void *token);

/* Tells the device that there are new buffers. */
void virtq_kick(struct virtq *vq);

/* The next buffer that the device is done with: its token and the bytes it wrote; NULL: none, or the queue is broken. */
void *virtq_take(struct virtq *vq, uint32_t *len_ret);
