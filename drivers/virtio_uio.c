/* SPDX-License-Identifier: MIT */
/* Virtio devices that the kernel has no driver for: programs may drive them. */
#include "drivers/virtio_uio.h"

#include "abi/errno.h"
#include "base/uio_device.h"
#include "drivers/irq.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/phys/memmap.h"

/* const after boot. */
struct virtio_uio {
	struct virtio_device virtio;
	struct uio_device uio;
};

/* Filled at boot. */
/* const after boot: */
static struct virtio_uio devices[UIO_DEVICES_MAX];
static unsigned ndevices;

static struct virtio_uio *to_virtio_uio(struct uio_device *dev)
{
	return container_of(dev, struct virtio_uio, uio);
}

static int reset(struct uio_device *dev)
{
	return virtio_reset_wait(&to_virtio_uio(dev)->virtio);
}

static void mask(struct uio_device *dev)
{
	irq_mask(dev->irq);
}

static void unmask(struct uio_device *dev)
{
	irq_unmask(dev->irq);
}

static const struct uio_device_ops ops = {
	.reset = reset,
	.mask = mask,
	.unmask = unmask,
};

/* The interrupt stays masked until the program asks for it again. */
static void virtio_uio_interrupt(void *arg)
{
	struct uio_device *dev = arg;

	irq_mask(dev->irq);
	if (dev->interrupt)
		dev->interrupt(dev);
}

static void copy_name(char *to, size_t size, const char *from)
{
	memcpy(to, from, MIN(strlen(from), size - 1));
}

/* What is had before something fails is not given back: this is done at boot. */
int virtio_uio_init(const struct virtio_device *dev, const char *name, paddr_t addr, size_t size)
{
	struct virtio_uio *made = &devices[ndevices];
	int err;

	if (!IS_ALIGNED(addr | size, PAGE_SIZE))
		return -EINVAL;
	if (ndevices == UIO_DEVICES_MAX)
		return -ENOSPC;
	*made = (struct virtio_uio){ 0 };
	made->virtio = *dev;
	copy_name(made->uio.name, sizeof(made->uio.name), name);
	copy_name(made->uio.compatible, sizeof(made->uio.compatible), "virtio,mmio");
	made->uio.addr = addr;
	made->uio.size = size;
	made->uio.irq = dev->irq;
	made->uio.id = dev->id;
	made->uio.ops = &ops;
	err = virtio_reset_wait(&made->virtio);
	if (err == 0)
		err = phys_add_device(addr, size >> PAGE_SHIFT, &made->uio.pages);
	if (err == 0)
		err = irq_register_masked(dev->irq, virtio_uio_interrupt, &made->uio);
	if (err)
		return err;
	ndevices++; /* from here on the handler has its address */
	return uio_device_register(&made->uio);
}
