/* SPDX-License-Identifier: MIT */
/* /dev/uio0 and so on: devices that programs drive. The requests of ioctl are Faultline's own. */
#pragma once

#include <stdint.h>

/* What the device is. */
struct uio_info {
	char name[32];	     /* of its node in the device tree */
	char compatible[32]; /* the kind of device, as "virtio,mmio" */
	uint64_t addr;	     /* physical address of its registers */
	uint64_t size;	     /* of its registers, in bytes: mmap maps them at offset 0 */
	uint32_t irq;	     /* number of its interrupt */
	uint32_t reserved;   /* 0 */
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

#define UIO_INFO      0x80585500u /* _IOR('U', 0, struct uio_info) */
#define UIO_DMA_ALLOC 0xc0185501u /* _IOWR('U', 1, struct uio_dma) */
#define UIO_NOTIFY    0x40105502u /* _IOW('U', 2, struct uio_notify) */

#define UIO_DMA_SIZE_MAX  (4u << 20)  /* of one UIO_DMA_ALLOC */
#define UIO_DMA_TOTAL_MAX (16u << 20) /* of all, until the driver's end */
