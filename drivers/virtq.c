/* SPDX-License-Identifier: MIT */
/* virtio's split queues; what the device writes is checked (virtio 1.1, section 2.6). */
#include "abi/errno.h"
#include "drivers/mmio.h"
#include "drivers/virtio.h"
#include "drivers/virtio_regs.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/page_alloc.h"

/* Offset of the used ring in the page, which the legacy layout aligns to a power of two. */
#define USED_ALIGN 1024u

_Static_assert(VIRTQ_SIZE_MAX * sizeof(struct virtq_desc) + sizeof(struct virtq_avail) +
			       2 * VIRTQ_SIZE_MAX + 2 <=
		       USED_ALIGN,
	       "descriptors and available ring fit below the used ring");
_Static_assert(USED_ALIGN + sizeof(struct virtq_used) + 8 * VIRTQ_SIZE_MAX + 2 <= 4096,
	       "a queue takes one page");

static void write_address(struct virtio_device *dev, size_t reg, const void *address)
{
	uint64_t pa = arch_virt_to_phys(address);

	mmio_write32(dev->regs, reg, (uint32_t)pa);
	mmio_write32(dev->regs, reg + 4, (uint32_t)(pa >> 32));
}

static void configure_device(struct virtq *vq)
{
	struct virtio_device *dev = vq->dev;

	mmio_write32(dev->regs, VIRTIO_QUEUE_NUM, vq->size);
	if (dev->version == 1) {
		mmio_write32(dev->regs, VIRTIO_QUEUE_ALIGN, USED_ALIGN);
		mmio_write32(dev->regs, VIRTIO_QUEUE_PFN, (uint32_t)page_to_pfn(vq->page));
		return;
	}
	write_address(dev, VIRTIO_QUEUE_DESC, vq->desc);
	write_address(dev, VIRTIO_QUEUE_DRIVER, vq->avail);
	write_address(dev, VIRTIO_QUEUE_DEVICE, vq->used);
	mmio_write32(dev->regs, VIRTIO_QUEUE_READY, 1);
}

/*
 * The legacy layout puts the used ring at the first multiple of USED_ALIGN after the available
 * ring, which for every size up to VIRTQ_SIZE_MAX is USED_ALIGN itself.
 */
int virtq_init(struct virtq *vq, struct virtio_device *dev, uint16_t index, uint16_t size)
{
	uint32_t max;

	mmio_write32(dev->regs, VIRTIO_QUEUE_SEL, index);
	max = mmio_read32(dev->regs, VIRTIO_QUEUE_NUM_MAX);
	if (max == 0)
		return -ENOENT;
	vq->page = page_alloc(0, PAGE_KERNEL, PAGE_NORMAL);
	if (!vq->page)
		return -ENOMEM;
	memset(page_address(vq->page), 0, PAGE_SIZE);
	vq->dev = dev;
	vq->index = index;
	max = MIN(max, (uint32_t)VIRTQ_SIZE_MAX);
	/* Indexes wrap around at 2^16, so the size of the ring must be a power of two. */
	vq->size = (uint16_t)BIT(bit_highest(MIN(size, max)));
	vq->desc = page_address(vq->page);
	vq->avail = (struct virtq_avail *)(vq->desc + vq->size);
	vq->used = (struct virtq_used *)((char *)page_address(vq->page) + USED_ALIGN);
	vq->free_head = 0;
	vq->nfree = vq->size;
	vq->used_seen = 0;
	vq->broken = false;
	for (uint16_t i = 0; i < vq->size; i++)
		vq->slots[i] = (struct virtq_slot){ .next_free = (uint16_t)(i + 1) };
	configure_device(vq);
	return 0;
}

int virtq_add(struct virtq *vq, const void *buf, uint32_t len, bool device_writes, void *token)
{
	uint16_t id = vq->free_head;

	if (vq->nfree == 0)
		return -ENOSPC;
	vq->free_head = vq->slots[id].next_free;
	vq->nfree--;
	vq->slots[id].token = token;
	vq->slots[id].len = len;
	vq->desc[id] = (struct virtq_desc){
		.addr = arch_virt_to_phys(buf),
		.len = len,
		.flags = device_writes ? VIRTQ_DESC_WRITE : 0,
	};
	vq->avail->ring[vq->avail->idx % vq->size] = id;
	__atomic_store_n(&vq->avail->idx, (uint16_t)(vq->avail->idx + 1), __ATOMIC_RELEASE);
	return 0;
}

void virtq_kick(struct virtq *vq)
{
	mmio_write32(vq->dev->regs, VIRTIO_QUEUE_NOTIFY, vq->index);
}

void *virtq_take(struct virtq *vq, uint32_t *len_ret)
{
	struct virtq_used_elem elem;
	struct virtq_slot *slot;
	void *token;

	if (vq->broken || __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) == vq->used_seen)
		return NULL;
	/* Each field is read once, because the device may change it at any time. */
	elem.id = __atomic_load_n(&vq->used->ring[vq->used_seen % vq->size].id, __ATOMIC_RELAXED);
	elem.len = __atomic_load_n(&vq->used->ring[vq->used_seen % vq->size].len, __ATOMIC_RELAXED);
	if (elem.id >= vq->size || !vq->slots[elem.id].token || elem.len > vq->slots[elem.id].len) {
		vq->broken = true;
		return NULL;
	}
	slot = &vq->slots[elem.id];
	vq->used_seen++;
	token = slot->token;
	slot->token = NULL;
	slot->next_free = vq->free_head;
	vq->free_head = (uint16_t)elem.id;
	vq->nfree++;
	*len_ret = elem.len;
	return token;
}
