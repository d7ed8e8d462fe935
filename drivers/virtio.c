/* SPDX-License-Identifier: MIT */
/* virtio over memory-mapped registers: probing, features, start (virtio 1.1, section 4.2). */
#include "drivers/virtio.h"

#include "abi/errno.h"
#include "arch/irqflags.h"
#include "base/timerq.h"
#include "drivers/mmio.h"
#include "drivers/patience.h"
#include "lib/virtio_regs.h"
#include "mm/phys/kmap.h"

int virtio_probe(struct virtio_device *dev, paddr_t pa, size_t len, uint32_t irq)
{
	if (len < VIRTIO_CONFIG)
		return -EINVAL;
	dev->regs = kmap_device(pa, len);
	if (!dev->regs)
		return -ENOMEM;
	if (mmio_read32(dev->regs, VIRTIO_MAGIC) != VIRTIO_MAGIC_VALUE)
		return -ENODEV;
	dev->version = mmio_read32(dev->regs, VIRTIO_VERSION);
	dev->id = mmio_read32(dev->regs, VIRTIO_DEVICE_ID);
	dev->irq = irq;
	if (dev->id == 0)
		return -ENODEV;
	return dev->version == 1 || dev->version == 2 ? 0 : -EINVAL;
}

static void add_status(struct virtio_device *dev, uint32_t bits)
{
	mmio_write32(dev->regs, VIRTIO_STATUS, mmio_read32(dev->regs, VIRTIO_STATUS) | bits);
}

static uint32_t device_features(struct virtio_device *dev, uint32_t word)
{
	mmio_write32(dev->regs, VIRTIO_DEVICE_FEATURES_SEL, word);
	return mmio_read32(dev->regs, VIRTIO_DEVICE_FEATURES);
}

static void driver_features(struct virtio_device *dev, uint32_t word, uint32_t bits)
{
	mmio_write32(dev->regs, VIRTIO_DRIVER_FEATURES_SEL, word);
	mmio_write32(dev->regs, VIRTIO_DRIVER_FEATURES, bits);
}

int virtio_begin(struct virtio_device *dev, uint64_t wanted, uint64_t *features_ret)
{
	bool modern = dev->version == 2;
	uint64_t features;

	mmio_write32(dev->regs, VIRTIO_STATUS, 0);
	add_status(dev, VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER);
	features = device_features(dev, 0);
	if (modern)
		features |= (uint64_t)device_features(dev, 1) << 32;
	features &= wanted | VIRTIO_F_VERSION_1;
	driver_features(dev, 0, (uint32_t)features);
	if (modern) {
		if (!(features & VIRTIO_F_VERSION_1))
			return -EIO;
		driver_features(dev, 1, (uint32_t)(features >> 32));
		add_status(dev, VIRTIO_STATUS_FEATURES_OK);
		if (!(mmio_read32(dev->regs, VIRTIO_STATUS) & VIRTIO_STATUS_FEATURES_OK))
			return -EIO;
	} else {
		mmio_write32(dev->regs, VIRTIO_GUEST_PAGE_SIZE, PAGE_SIZE);
	}
	*features_ret = features;
	return 0;
}

void virtio_start(struct virtio_device *dev)
{
	add_status(dev, VIRTIO_STATUS_DRIVER_OK);
}

void virtio_fail(struct virtio_device *dev)
{
	add_status(dev, VIRTIO_STATUS_FAILED);
}

/*
 * QEMU resets a device in the thread of the hart. Where requests or files are open, as at virtio-9p
 * and disks, that thread waits for events in place of QEMU's main thread, and can take the one by
 * which the write of the hart's last deadline tells the main thread that its sleep has become
 * shorter. Then no timer interrupt comes until something else wakes the main thread. A second write
 * of the deadline tells it again. Interrupts are off so that no thread runs in between: it would
 * keep the hart for ever.
 */
void virtio_reset(struct virtio_device *dev)
{
	unsigned long flags = irq_save();

	mmio_write32(dev->regs, VIRTIO_STATUS, 0);
	timerq_rearm();
	irq_restore(flags);
}

int virtio_reset_wait(struct virtio_device *dev)
{
	struct patience patience = patience_of(NSEC_PER_SEC);

	virtio_reset(dev);
	while (mmio_read32(dev->regs, VIRTIO_STATUS) != 0)
		if (!patience_lasts(&patience))
			return -EIO;
	return 0;
}

bool virtio_needs_reset(struct virtio_device *dev)
{
	return mmio_read32(dev->regs, VIRTIO_STATUS) & VIRTIO_STATUS_NEEDS_RESET;
}

uint32_t virtio_config32(struct virtio_device *dev, size_t offset)
{
	return mmio_read32(dev->regs, VIRTIO_CONFIG + offset);
}

uint32_t virtio_ack(struct virtio_device *dev)
{
	uint32_t reasons = mmio_read32(dev->regs, VIRTIO_INTERRUPT_STATUS);

	mmio_write32(dev->regs, VIRTIO_INTERRUPT_ACK, reasons);
	return reasons;
}
