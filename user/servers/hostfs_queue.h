/* SPDX-License-Identifier: MIT */
/* A virtio queue for a fixed number of requests, each with descriptors of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/virtio_regs.h"

#define QUEUE_PAGE	   4096u
#define QUEUE_SIZE_MAX	   128u
#define QUEUE_CHAIN	   16u /* descriptors of a request: as many pieces it may have */
#define QUEUE_REQUESTS_MAX (QUEUE_SIZE_MAX / QUEUE_CHAIN)
#define QUEUE_BYTES	   8192u /* of memory, at most: aligned to a page, and physically contiguous */
#define QUEUE_USED_AT	   4096u /* offset of the used ring, and its alignment for legacy devices */

/* Memory that the device reads, or writes. */
struct piece {
	uint64_t addr; /* physical */
	uint32_t len;
	bool device_writes;
};

/* A page of memory for DMA. */
struct dma_page {
	uint64_t addr; /* physical */
	uint32_t run;  /* how many bytes follow each other from here on, at least */
};

/* The pages follow each other from `addr` on. */
void dma_pages_set(struct dma_page *pages, size_t npages, uint64_t addr);

/*
 * Appends to npieces pieces those of n bytes of memory, and returns how many there are now. Byte
 * `offset` of the memory is in pages[offset / QUEUE_PAGE]; pages that follow each other are one
 * piece. Takes time in proportion to the runs of pages, not to the pages.
 */
unsigned pieces_add(struct piece *pieces, unsigned npieces, const struct dma_page *pages,
		    size_t offset, size_t n, bool device_writes);

struct queue {
	uint16_t size;	    /* descriptors: a power of two */
	uint16_t nrequests; /* that have descriptors */
	uint16_t offered;   /* how many requests were offered so far */
	/* and how many answers were taken; both wrap around, as the rings' indexes do */
	uint16_t taken;
	struct {
		bool offered;
		uint32_t room; /* bytes that the device may write */
	} request[QUEUE_REQUESTS_MAX];
	volatile struct virtq_desc *desc;
	volatile struct virtq_avail *avail;
	volatile struct virtq_used *used;
};

/*
 * `memory` is QUEUE_BYTES of zeros. `max` is the most descriptors that the device takes. Returns 0, or
 * -EINVAL if that is too few for one request.
 */
int queue_init(struct queue *queue, void *memory, uint32_t max);

/*
 * Offers the request of that number, which the device does not have at the time: 1 to QUEUE_CHAIN pieces, those that the
 * device reads before those that it writes. The device has to be notified after that.
 */
void queue_offer(struct queue *queue, unsigned number, const struct piece *pieces, unsigned n);

/*
 * Takes an answer. Returns the request's number, and in *len_ret how many bytes the device says it
 * wrote: no more than there was room for. -EAGAIN: there is none; -EIO: the device answers what it
 * was not asked, or says that it wrote more than it was given. Then nothing that it says is of use.
 */
int queue_take(struct queue *queue, uint32_t *len_ret);
