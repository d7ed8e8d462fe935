/* SPDX-License-Identifier: MIT */
/* A virtio queue for a fixed number of requests, each with descriptors of its own. */
/*
 * Drivers for many kinds of requests keep a list of free descriptors. Here request i has the
 * descriptors from i * QUEUE_CHAIN on, always. What the device writes is checked against our own
 * record, and never against the descriptors: a device that lies could have changed these.
 */
#include "hostfs_queue.h"

#include <errno.h>

void dma_pages_set(struct dma_page *pages, size_t npages, uint64_t addr)
{
	for (size_t i = 0; i < npages; i++) {
		pages[i].addr = addr + i * QUEUE_PAGE;
		pages[i].run = (uint32_t)((npages - i) * QUEUE_PAGE);
	}
}

unsigned pieces_add(struct piece *pieces, unsigned npieces, const struct dma_page *pages,
		    size_t offset, size_t n, bool device_writes)
{
	struct piece *last = NULL;

	while (n > 0) {
		const struct dma_page *page = &pages[offset / QUEUE_PAGE];
		uint64_t addr = page->addr + offset % QUEUE_PAGE;
		size_t len = page->run - offset % QUEUE_PAGE;

		if (len > n)
			len = n;
		if (last && last->addr + last->len == addr) {
			last->len += (uint32_t)len;
		} else {
			last = &pieces[npieces++];
			*last = (struct piece){ addr, (uint32_t)len, device_writes };
		}
		offset += len;
		n -= len;
	}
	return npieces;
}

int queue_init(struct queue *queue, void *memory, uint32_t max)
{
	uint16_t size = QUEUE_SIZE_MAX;

	while (size > max)
		size /= 2;
	if (size < QUEUE_CHAIN)
		return -EINVAL;
	*queue = (struct queue){ .size = size, .nrequests = size / QUEUE_CHAIN };
	queue->desc = memory;
	queue->avail = (volatile struct virtq_avail *)(queue->desc + size);
	queue->used = (volatile struct virtq_used *)((char *)memory + QUEUE_USED_AT);
	return 0;
}

void queue_offer(struct queue *queue, unsigned number, const struct piece *pieces, unsigned n)
{
	uint16_t first = (uint16_t)(number * QUEUE_CHAIN);
	uint32_t room = 0;

	for (uint16_t i = 0; i < n; i++) {
		volatile struct virtq_desc *desc = &queue->desc[first + i];
		bool more = i + 1u < n;

		desc->addr = pieces[i].addr;
		desc->len = pieces[i].len;
		desc->flags = (uint16_t)((pieces[i].device_writes ? VIRTQ_DESC_WRITE : 0) |
					 (more ? VIRTQ_DESC_NEXT : 0));
		desc->next = more ? (uint16_t)(first + i + 1) : 0;
		room += pieces[i].device_writes ? pieces[i].len : 0;
	}
	queue->request[number].offered = true;
	queue->request[number].room = room;
	queue->avail->ring[queue->offered++ % queue->size] = first;
	/* The device sees the new index after what it stands for. */
	__atomic_store_n(&queue->avail->idx, queue->offered, __ATOMIC_RELEASE);
}

int queue_take(struct queue *queue, uint32_t *len_ret)
{
	volatile struct virtq_used_elem *answer = &queue->used->ring[queue->taken % queue->size];
	uint32_t id, len, number;

	if (__atomic_load_n(&queue->used->idx, __ATOMIC_ACQUIRE) == queue->taken)
		return -EAGAIN;
	/* The device may change them at any time: each is read once. */
	id = answer->id;
	len = answer->len;
	number = id / QUEUE_CHAIN;
	if (id % QUEUE_CHAIN != 0 || number >= queue->nrequests ||
	    !queue->request[number].offered || len > queue->request[number].room)
		return -EIO;
	queue->request[number].offered = false;
	queue->taken++;
	*len_ret = len;
	return (int)number;
}
