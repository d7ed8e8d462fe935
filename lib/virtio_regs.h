/* SPDX-License-Identifier: MIT */
/* virtio-mmio registers and split queue layout (virtio 1.1, sections 2.6 and 4.2.2): for drivers in the kernel and in programs. */
#pragma once

#include "lib/types.h"

#define VIRTIO_MAGIC_VALUE 0x74726976u /* "virt" */

/* VIRTIO_DEVICE_ID */
#define VIRTIO_ID_9P 9u

enum {
	VIRTIO_MAGIC = 0x000,
	VIRTIO_VERSION = 0x004,
	VIRTIO_DEVICE_ID = 0x008,
	VIRTIO_DEVICE_FEATURES = 0x010,
	VIRTIO_DEVICE_FEATURES_SEL = 0x014,
	VIRTIO_DRIVER_FEATURES = 0x020,
	VIRTIO_DRIVER_FEATURES_SEL = 0x024,
	VIRTIO_GUEST_PAGE_SIZE = 0x028, /* legacy */
	VIRTIO_QUEUE_SEL = 0x030,
	VIRTIO_QUEUE_NUM_MAX = 0x034,
	VIRTIO_QUEUE_NUM = 0x038,
	VIRTIO_QUEUE_ALIGN = 0x03c, /* legacy */
	VIRTIO_QUEUE_PFN = 0x040,   /* legacy */
	VIRTIO_QUEUE_READY = 0x044,
	VIRTIO_QUEUE_NOTIFY = 0x050,
	VIRTIO_INTERRUPT_STATUS = 0x060,
	VIRTIO_INTERRUPT_ACK = 0x064,
	VIRTIO_STATUS = 0x070,
	VIRTIO_QUEUE_DESC = 0x080, /* these three: low word, then high word */
	VIRTIO_QUEUE_DRIVER = 0x090,
	VIRTIO_QUEUE_DEVICE = 0x0a0,
	VIRTIO_CONFIG = 0x100,
};

#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER	  2u
#define VIRTIO_STATUS_DRIVER_OK	  4u
#define VIRTIO_STATUS_FEATURES_OK 8u
#define VIRTIO_STATUS_NEEDS_RESET 64u
#define VIRTIO_STATUS_FAILED	  128u

/* Bits of VIRTIO_INTERRUPT_STATUS. */
#define VIRTIO_INTERRUPT_QUEUE	1u
#define VIRTIO_INTERRUPT_CONFIG 2u /* its configuration or VIRTIO_STATUS_NEEDS_RESET changed */

#define VIRTQ_DESC_NEXT	 1u
#define VIRTQ_DESC_WRITE 2u

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];
};

struct virtq_used_elem {
	uint32_t id;
	uint32_t len;
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[];
};
