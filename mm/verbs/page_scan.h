/* SPDX-License-Identifier: MIT */
/* Finds the pages of a space that have what is asked for, and write-protects them: what was written since the last time. */
#pragma once

#include "mm/space/space.h"

/* What a page can have: its categories, a bit each. */
#define SCAN_WP_ALLOWED \
	1u /* a write to a protected page is allowed without asking (struct userfault) */
#define SCAN_WRITTEN 2u	 /* it is not protected: holes are not, either */
#define SCAN_FILE    4u	 /* it is an object's */
#define SCAN_PRESENT 8u	 /* the entry has a frame */
#define SCAN_SWAPPED 16u /* it is in swap */
#define SCAN_ZERO    32u /* it is the zero page */
#define SCAN_LARGE   64u /* by a large entry */

/* Pages that follow each other and have the same categories. */
struct scan_region {
	uint64_t start, end;
	uint64_t categories;
};

struct page_scan {
	/* What is asked for. A page matches that has, with `inverted` exchanged, all of `all`, and one of `any` if that is not 0. */
	uint64_t inverted, all, any;
	uint64_t shown; /* the categories that regions have */
	vaddr_t end;	/* page-aligned */
	bool protects; /* pages that match and are WRITTEN are protected; what is not WP_ALLOWED is passed over */
	bool checks;		     /* what is mapped and not WP_ALLOWED is an error */
	struct scan_region *regions; /* gets those that match; NULL: they are not counted either */
	size_t room;		     /* for so many */
	/* What each call goes on with: */
	vaddr_t at;    /* page-aligned; all before it was looked at */
	size_t count;  /* regions that were found */
	uint64_t left; /* so many more pages may be found */
	bool is_full;  /* a page that matches has no place */
};

/*
 * Looks at what is mapped in [scan->at, scan->end), in pieces, and moves scan->at. Returns 0: at the end, or where is_full is set; -EPERM with
 * `checks`; -ENOMEM: a large entry could not be split, or -EINTR, with a part done. The caller holds the mmap lock.
 */
int vm_page_scan(struct space *space, struct page_scan *scan);
