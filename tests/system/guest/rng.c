/* SPDX-License-Identifier: MIT */
/* A driver of virtio-rng, the simplest device there is: a buffer goes out, random bytes come back. */
#include "rng.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define QUEUE_SIZE 8

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

struct avail {
	uint16_t flags, idx, ring[QUEUE_SIZE];
};

struct used {
	uint16_t flags, idx;
	struct {
		uint32_t id, len;
	} ring[QUEUE_SIZE];
};

#define DESC_WRITE 2
#define AVAIL_AT   (QUEUE_SIZE * sizeof(struct desc)) /* where legacy devices expect it */
#define USED_AT	   512				      /* they are told that this is the alignment */

static volatile struct desc *descs(const struct rng *rng)
{
	return (volatile struct desc *)rng->ring;
}

static volatile struct avail *avail(const struct rng *rng)
{
	return (volatile struct avail *)(rng->ring + AVAIL_AT);
}

static volatile struct used *used(const struct rng *rng)
{
	return (volatile struct used *)(rng->ring + USED_AT);
}

int rng_device(void)
{
	struct uio_info info;

	for (int fd = UIO_FIRST_FD; ioctl(fd, UIO_INFO, &info) == 0; fd++)
		if (info.id == VIRTIO_ID_RNG)
			return fd;
	return -ENODEV;
}

int rng_find(void)
{
	int device = rng_device(), session;

	if (device < 0)
		return device;
	session = ioctl(device, UIO_SESSION, 0);
	return session < 0 ? -errno : session;
}

bool rng_map(struct rng *rng)
{
	rng->regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, rng->fd, 0);
	rng->memory = mmap(NULL, rng->dma.size, PROT_READ | PROT_WRITE, MAP_SHARED, rng->fd,
			   (off_t)rng->dma.offset);
	rng->ring = rng->memory;
	return rng->regs != MAP_FAILED && rng->memory != MAP_FAILED;
}

static void set_address(const struct rng *rng, unsigned reg, uint64_t addr)
{
	rng_set(rng, reg, (uint32_t)addr);
	rng_set(rng, reg + 4, (uint32_t)(addr >> 32));
}

static void add_status(const struct rng *rng, uint32_t bit)
{
	rng_set(rng, REG_STATUS, rng_reg(rng, REG_STATUS) | bit);
}

static void set_queue(const struct rng *rng)
{
	rng_set(rng, REG_QUEUE_SEL, 0);
	rng_set(rng, REG_QUEUE_NUM, QUEUE_SIZE);
	if (rng_reg(rng, REG_VERSION) == 1) {
		rng_set(rng, REG_GUEST_PAGE_SIZE, PAGE);
		rng_set(rng, REG_QUEUE_ALIGN, USED_AT);
		rng_set(rng, REG_QUEUE_PFN, (uint32_t)(rng->ring_addr / PAGE));
		return;
	}
	set_address(rng, REG_QUEUE_DESC, rng->ring_addr);
	set_address(rng, REG_QUEUE_DRIVER, rng->ring_addr + AVAIL_AT);
	set_address(rng, REG_QUEUE_DEVICE, rng->ring_addr + USED_AT);
	rng_set(rng, REG_QUEUE_READY, 1);
}

bool rng_start(struct rng *rng, int fd)
{
	return rng_start_elsewhere(rng, fd, NULL, 0);
}

bool rng_start_elsewhere(struct rng *rng, int fd, volatile void *ring, uint64_t ring_addr)
{
	*rng = (struct rng){ .fd = fd, .dma.size = 3 * PAGE };
	if (ioctl(fd, UIO_DMA_ALLOC, &rng->dma) != 0 || !rng_map(rng))
		return false;
	rng->ring = ring ? ring : rng->memory;
	rng->ring_addr = ring ? ring_addr : rng->dma.addr;
	rng_set(rng, REG_STATUS, 0);
	add_status(rng, 1);
	add_status(rng, 2);
	if (rng_reg(rng, REG_VERSION) != 1) {
		rng_set(rng, REG_DRIVER_FEATURES_SEL, 1);
		rng_set(rng, REG_DRIVER_FEATURES, 1); /* VIRTIO_F_VERSION_1 */
		add_status(rng, 8);
	}
	set_queue(rng);
	add_status(rng, 4);
	return true;
}

void rng_ask(struct rng *rng, uint32_t n)
{
	unsigned slot = rng->asked % QUEUE_SIZE;

	descs(rng)[slot].addr = rng->dma.addr + 2 * PAGE;
	descs(rng)[slot].len = n;
	descs(rng)[slot].flags = DESC_WRITE;
	avail(rng)->ring[slot] = (uint16_t)slot;
	__sync_synchronize();
	avail(rng)->idx = ++rng->asked;
	__sync_synchronize();
	rng_set(rng, REG_QUEUE_NOTIFY, 0);
}

bool rng_is_done(const struct rng *rng)
{
	return used(rng)->idx == rng->asked;
}

uint32_t rng_length(const struct rng *rng)
{
	return used(rng)->ring[(rng->asked - 1) % QUEUE_SIZE].len;
}

void rng_interrupt_done(const struct rng *rng)
{
	uint32_t one = 1;

	rng_set(rng, REG_INTERRUPT_ACK, rng_reg(rng, REG_INTERRUPT_STATUS));
	if (write(rng->fd, &one, sizeof(one)) != sizeof(one))
		perror("write to the device");
}
