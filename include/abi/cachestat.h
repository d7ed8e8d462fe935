/* SPDX-License-Identifier: MIT */
/* The Linux layer's: what cachestat(2) reads and writes. */
#pragma once

#include <stdint.h>

struct abi_cachestat_range {
	uint64_t off;
	uint64_t len; /* 0: up to the end */
};

/* In pages. */
struct abi_cachestat {
	uint64_t cache;
	uint64_t dirty;
	uint64_t writeback;
	uint64_t evicted;
	uint64_t recently_evicted;
};
