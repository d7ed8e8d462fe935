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
