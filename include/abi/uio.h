/* SPDX-License-Identifier: MIT */
/* The buffers of readv and writev. */
#pragma once

#include <stdint.h>

struct abi_iovec {
	uint64_t base;
	uint64_t len;
};

/* The most buffers in one call. */
#define IOV_MAX 1024

/* The most bytes that one read or write transfers. */
#define ABI_RW_MAX 0x7ffff000UL

/* Flags of preadv2 and pwritev2. */
#define RWF_HIPRI     0x01u
#define RWF_DSYNC     0x02u
#define RWF_SYNC      0x04u
#define RWF_NOWAIT    0x08u
#define RWF_APPEND    0x10u
#define RWF_NOAPPEND  0x20u
/* RWF_ATOMIC, 0x40, is for disks that write so. */
#define RWF_SUPPORTED 0x3fu
