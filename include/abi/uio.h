/* SPDX-License-Identifier: MIT */
/* Scattered buffers of readv and writev. */
#pragma once

#include <stdint.h>

struct abi_iovec {
	uint64_t base;
	uint64_t len;
};

/* Most buffers in one call. */
#define IOV_MAX 1024

/* Most bytes that one read or write moves, whatever was asked for. */
#define ABI_RW_MAX 0x7ffff000UL
