/* SPDX-License-Identifier: MIT */
/* Devices that programs drive, and sessions with them. The requests of ioctl are Faultline's own. */
/*
 * Process 1 has a descriptor of each device from the start, the first one at UIO_FIRST_FD. There is no
 * other way to a device: it has no name. The descriptor of a device maps nothing; UIO_SESSION makes
 * a session of it, by which one program drives the device until the session ends.
 */
#pragma once

#include <stdint.h>

#define UIO_FIRST_FD 3

/* What the device is. */
struct uio_info {
	char name[32];	     /* of its node in the device tree */
	char compatible[32]; /* the kind of device, as "virtio,mmio" */
	uint64_t addr;	     /* physical address of its registers */
	uint64_t size;	     /* of its registers, in bytes: mmap maps them at offset 0 */
	uint32_t irq;	     /* number of its interrupt */
	uint32_t id;	     /* of virtio devices: the kind of device, as virtio numbers them */
};

/* Memory that the device may access. */
struct uio_dma {
	uint64_t size;	 /* in bytes, rounded up to whole pages; given by the program */
	uint64_t offset; /* where mmap maps it */
	uint64_t addr;	 /* its physical address; it is contiguous */
};

/* A pulse for each interrupt, instead of a read(). */
struct uio_notify {
	int32_t fd;    /* a send end; -1: no pulses any more */
	uint32_t zero; /* 0 */
	uint64_t bits; /* of the pulse */
};

/* Of a device and of a session: */
#define UIO_INFO 0x80585500u /* _IOR('U', 0, struct uio_info) */

/* Of a device: ends its session, if there is one, and begins another. Returns its descriptor. */
#define UIO_SESSION 0x5503u /* _IO('U', 3); the argument is 0 */

/* Of a session: */
#define UIO_DMA_ALLOC 0xc0185501u /* _IOWR('U', 1, struct uio_dma) */
#define UIO_NOTIFY    0x40105502u /* _IOW('U', 2, struct uio_notify) */

#define UIO_DMA_SIZE_MAX  (4u << 20)  /* of one UIO_DMA_ALLOC */
#define UIO_DMA_TOTAL_MAX (16u << 20) /* of all of a session */
