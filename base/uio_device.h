/* SPDX-License-Identifier: MIT */
/* The interface of a device that a program may drive: drivers find it and can stop it, ipc makes a file of it. */
#pragma once

#include "lib/types.h"

struct page;
struct uio_device;

struct uio_device_ops {
	/*
	 * Stops the device: it accesses no memory any more. Returns 0, or -EIO if it does not answer
	 * for a while. Called in a thread, with no spinning lock held; it does not sleep.
	 */
	int (*reset)(struct uio_device *dev);
	/* Mask and unmask its interrupt, which is masked at first. Never sleep. */
	void (*mask)(struct uio_device *dev);
	void (*unmask)(struct uio_device *dev);
};

struct uio_device {
	/* const: */
	char name[32];	     /* in the device tree, cut off if it is longer */
	char compatible[32]; /* the kind of device, as the device tree calls it */
	paddr_t addr;	     /* of the registers; page-aligned */
	size_t size;	     /* of the registers, in bytes; whole pages */
	struct page *pages;  /* of the registers: PAGE_DEVICE, each with a reference */
	unsigned irq;
	uint32_t id; /* of virtio devices: the kind of device, as virtio numbers them */
	const struct uio_device_ops *ops;
	void *driver; /* private to the driver */
	/*
	 * The driver calls this with interrupts off when the interrupt has come, after masking it.
	 * NULL: no interrupt is wanted. Set at boot, while the interrupt is masked.
	 */
	void (*interrupt)(struct uio_device *dev);
	void *user; /* private to the code that has set that */
};

#define UIO_DEVICES_MAX 8

/* Drivers register devices at boot, and ipc looks them up. Returns 0 or -ENOSPC. */
int uio_device_register(struct uio_device *dev);
struct uio_device *uio_device_at(unsigned i); /* NULL if i is past the last */
