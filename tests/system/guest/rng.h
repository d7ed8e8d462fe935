/* SPDX-License-Identifier: MIT */
/* A driver of virtio-rng, the simplest device there is: a buffer goes out, random bytes come back. */
#pragma once

#include "abi/uio_device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE	      4096ul
#define VIRTIO_ID_RNG 4

enum {
	REG_MAGIC = 0x000,
	REG_VERSION = 0x004,
	REG_DEVICE_ID = 0x008,
	REG_DRIVER_FEATURES = 0x020,
	REG_DRIVER_FEATURES_SEL = 0x024,
	REG_GUEST_PAGE_SIZE = 0x028,
	REG_QUEUE_SEL = 0x030,
	REG_QUEUE_NUM = 0x038,
	REG_QUEUE_ALIGN = 0x03c,
	REG_QUEUE_PFN = 0x040,
	REG_QUEUE_READY = 0x044,
	REG_QUEUE_NOTIFY = 0x050,
	REG_INTERRUPT_STATUS = 0x060,
	REG_INTERRUPT_ACK = 0x064,
	REG_STATUS = 0x070,
	REG_QUEUE_DESC = 0x080,
	REG_QUEUE_DRIVER = 0x090,
	REG_QUEUE_DEVICE = 0x0a0,
};

struct rng {
	int fd;
	volatile unsigned char *regs;
	struct uio_dma dma; /* three pages; the last one is the buffer */
	volatile unsigned char *memory;
	volatile unsigned char *ring; /* a page with the queue, by default the first of `memory` */
	uint64_t ring_addr;
	uint16_t asked;
};

static inline uint32_t rng_reg(const struct rng *rng, unsigned reg)
{
	return *(volatile uint32_t *)(rng->regs + reg);
}

static inline void rng_set(const struct rng *rng, unsigned reg, uint32_t value)
{
	*(volatile uint32_t *)(rng->regs + reg) = value;
}

/* Returns the descriptor of the virtio-rng that process 1 has given to this one, or -ENODEV. */
int rng_device(void);

/* Begins a session with that device. Returns its descriptor, or a negative errno. */
int rng_find(void);

/* Maps the registers and starts the device. Returns false if that fails, and errno says why. */
bool rng_start(struct rng *rng, int fd);

/* rng_start() with the queue in a page of other memory, and its physical address. */
bool rng_start_elsewhere(struct rng *rng, int fd, volatile void *ring, uint64_t ring_addr);

/* Maps `rng->dma` and the registers, in a process that has not done so. */
bool rng_map(struct rng *rng);

/* Asks for n bytes, which come into rng_buffer(). */
void rng_ask(struct rng *rng, uint32_t n);

static inline volatile unsigned char *rng_buffer(const struct rng *rng)
{
	return rng->memory + 2 * PAGE;
}

/* Has the device answered all that was asked for? */
bool rng_is_done(const struct rng *rng);

/* How many bytes the last answer has. */
uint32_t rng_length(const struct rng *rng);

/* Tells the device that its interrupt was seen, and the kernel that the next one is wanted. */
void rng_interrupt_done(const struct rng *rng);
