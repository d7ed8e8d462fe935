/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the request PAGEMAP_SCAN of /proc/PID/pagemap. */
#pragma once

#include <stdint.h>

#define PAGEMAP_SCAN 0xc0606610u

/* pm_scan_arg.flags */
#define PM_SCAN_WP_MATCHING   1ul
#define PM_SCAN_CHECK_WPASYNC 2ul

/* Categories of a page. */
#define PAGE_IS_WPALLOWED  0x01ul
#define PAGE_IS_WRITTEN	   0x02ul
#define PAGE_IS_FILE	   0x04ul
#define PAGE_IS_PRESENT	   0x08ul
#define PAGE_IS_SWAPPED	   0x10ul
#define PAGE_IS_PFNZERO	   0x20ul
#define PAGE_IS_HUGE	   0x40ul
#define PAGE_IS_SOFT_DIRTY 0x80ul
#define PAGE_IS_ANY	   0xfful

struct abi_page_region {
	uint64_t start, end;
	uint64_t categories;
};

struct abi_pm_scan_arg {
	uint64_t size; /* of this structure */
	uint64_t flags;
	uint64_t start, end;
	uint64_t walk_end;     /* the answer: where the walk has stopped */
	uint64_t vec, vec_len; /* struct abi_page_region: the answer */
	uint64_t max_pages;    /* 0: no limit */
	uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};

_Static_assert(sizeof(struct abi_pm_scan_arg) == 96, "as in the ABI");
