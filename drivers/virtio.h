/* SPDX-License-Identifier: MIT */
/* virtio over memory-mapped registers, and its split queues (virtio 1.1, sections 2.6 and 4.2). */
#pragma once

#include "lib/types.h"
#include "mm/phys/page.h"

#define VIRTIO_ID_BLOCK	  2
#define VIRTIO_ID_CONSOLE 3

#define VIRTIO_F_VERSION_1 (1ull << 32)

/* Most descriptors of a queue. */
#define VIRTQ_SIZE_MAX 256

struct virtio_device {
	volatile void *regs;
	uint32_t version; /* 1: legacy, 2: modern */
	uint32_t id;	  /* VIRTIO_ID_*; 0: an empty slot */
	uint32_t irq;
};

/* One buffer of a chain. */
struct virtq_buf {
	paddr_t addr;
	uint32_t len;
	bool device_writes;
};

/*
 * The driver's own record of a descriptor, against which the device's entries are checked. The
 * record and not the descriptor says how a chain goes on, because the device can write to those. Guarded by the queue's lock,
 * which is the driver's.
 */
struct virtq_slot {
	void *token;	/* of a chain's first descriptor; NULL: a later one, or free */
	uint64_t len;	/* of a chain's first: bytes of all its buffers */
	uint16_t count; /* of a chain's first: its descriptors */
	uint16_t next;	/* of the chain, or of the free ones */
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
	struct virtq_slot *slots; /* as many as `size` */
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

/* Resets the device, which then accesses none of the memory that it was given. */
void virtio_reset(struct virtio_device *dev);

/*
 * Resets the device and waits until it says that it is reset. Returns 0, or -EIO if it does not say
 * so for a second: then it may still access memory.
 */
int virtio_reset_wait(struct virtio_device *dev);

/* Has the device found that it cannot go on without a reset? */
bool virtio_needs_reset(struct virtio_device *dev);

/* Reads 32 bits of the device's configuration space. */
uint32_t virtio_config32(struct virtio_device *dev, size_t offset);

/* Reads and acknowledges the causes of the interrupt (VIRTIO_INTERRUPT_*). */
uint32_t virtio_ack(struct virtio_device *dev);

/*
 * Offers a chain of 1 to VIRTQ_SIZE_MAX buffers to the device: first those that it reads, then
 * those that it writes. `token` is not NULL; virtq_take() returns it with the chain. Returns 0, or
 * -ENOSPC if so many descriptors are not free.
 */
int virtq_add_chain(struct virtq *vq, const struct virtq_buf *bufs, unsigned count, void *token);

/* Offers the device one buffer, which is in the direct map, as virtq_add_chain() does. */
int virtq_add(struct virtq *vq, const void *buf, uint32_t len, bool device_writes, void *token);

/* Notifies the device of new buffers. */
void virtq_kick(struct virtq *vq);

/*
 * Takes the next chain that the device has finished with. Returns its token, and in *len_ret the
 * number of bytes that the device says it wrote, no more than the chain has; NULL if there is none
 * or the queue is broken.
 */
void *virtq_take(struct virtq *vq, uint32_t *len_ret);
