/* SPDX-License-Identifier: MIT */
/* virtio's split queues; what the device writes is checked (virtio 1.1, section 2.6). */
#include "abi/errno.h"
#include "drivers/mmio.h"
#include "drivers/virtio.h"
#include "lib/virtio_regs.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/page_alloc.h"

/* The legacy layout aligns the used ring to this power of two, the modern one to less. */
#define USED_ALIGN 1024u

/* The offset of the used ring, behind descriptors and available ring, each with its last field. */
static size_t used_offset(uint16_t size)
{
	size_t avail = sizeof(struct virtq_avail) + (size + 1u) * sizeof(uint16_t);

	return ALIGN_UP(size * sizeof(struct virtq_desc) + avail, USED_ALIGN);
}

static size_t queue_bytes(uint16_t size)
{
	return used_offset(size) + sizeof(struct virtq_used) +
	       size * sizeof(struct virtq_used_elem) + sizeof(uint16_t);
}

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

static int virtq_allocate(struct virtq *vq)
{
	unsigned order = 0;

	while (PAGE_SIZE << order < queue_bytes(vq->size))
		order++;
	vq->page = page_alloc(order, PAGE_KERNEL, PAGE_NORMAL);
	if (!vq->page)
		return -ENOMEM;
	vq->slots = kzalloc(vq->size * sizeof(struct virtq_slot));
	if (!vq->slots) {
		page_free(vq->page, order);
		return -ENOMEM;
	}
	memset(page_address(vq->page), 0, PAGE_SIZE << order);
	return 0;
}

int virtq_init(struct virtq *vq, struct virtio_device *dev, uint16_t index, uint16_t size)
{
	uint32_t max;

	mmio_write32(dev->regs, VIRTIO_QUEUE_SEL, index);
	max = mmio_read32(dev->regs, VIRTIO_QUEUE_NUM_MAX);
	if (max == 0)
		return -ENOENT;
	vq->dev = dev;
	vq->index = index;
	max = MIN(max, (uint32_t)VIRTQ_SIZE_MAX);
	/* Indexes wrap around at 2^16, so the size of the ring must be a power of two. */
	vq->size = (uint16_t)BIT(bit_highest(MIN(size, max)));
	if (virtq_allocate(vq) != 0)
		return -ENOMEM;
	vq->desc = page_address(vq->page);
	vq->avail = (struct virtq_avail *)(vq->desc + vq->size);
	vq->used = (struct virtq_used *)((char *)page_address(vq->page) + used_offset(vq->size));
	vq->free_head = 0;
	vq->nfree = vq->size;
	vq->used_seen = 0;
	vq->broken = false;
	for (uint16_t i = 0; i < vq->size; i++)
		vq->slots[i].next = (uint16_t)(i + 1);
	configure_device(vq);
	return 0;
}

/* The first free descriptors, as they are linked, become the chain. */
int virtq_add_chain(struct virtq *vq, const struct virtq_buf *bufs, unsigned count, void *token)
{
	uint16_t head = vq->free_head;
	struct virtq_slot *slot = &vq->slots[head];

	if (vq->nfree < count)
		return -ENOSPC;
	slot->token = token;
	slot->count = (uint16_t)count;
	slot->len = 0;
	for (unsigned i = 0; i < count; i++) {
		uint16_t id = vq->free_head;

		vq->free_head = vq->slots[id].next;
		vq->desc[id] = (struct virtq_desc){
			.addr = bufs[i].addr,
			.len = bufs[i].len,
			.flags = (uint16_t)((bufs[i].device_writes ? VIRTQ_DESC_WRITE : 0) |
					    (i + 1 < count ? VIRTQ_DESC_NEXT : 0)),
			.next = i + 1 < count ? vq->free_head : 0,
		};
		slot->len += bufs[i].len;
	}
	vq->nfree = (uint16_t)(vq->nfree - count);
	vq->avail->ring[vq->avail->idx % vq->size] = head;
	__atomic_store_n(&vq->avail->idx, (uint16_t)(vq->avail->idx + 1), __ATOMIC_RELEASE);
	return 0;
}

int virtq_add(struct virtq *vq, const void *buf, uint32_t len, bool device_writes, void *token)
{
	struct virtq_buf one = { arch_virt_to_phys(buf), len, device_writes };

	return virtq_add_chain(vq, &one, 1, token);
}

/* The chain's last descriptor goes before the free ones. */
static void free_chain(struct virtq *vq, uint16_t head)
{
	uint16_t count = vq->slots[head].count, last = head;

	for (uint16_t i = 1; i < count; i++)
		last = vq->slots[last].next;
	vq->slots[last].next = vq->free_head;
	vq->free_head = head;
	vq->nfree = (uint16_t)(vq->nfree + count);
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
	free_chain(vq, (uint16_t)elem.id);
	*len_ret = elem.len;
	return token;
}
