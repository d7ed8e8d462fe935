/* SPDX-License-Identifier: MIT */
/* The header of a swap area, as mkswap writes it into the first page of a disk. */
#pragma once

#include "lib/types.h"

#define SWAP_HEADER_BYTES 4096u
#define SWAP_BAD_MAX	  637u /* as many as fit between the header's fields and its magic */
#define SWAP_PAGES_LEAST  10u

struct swap_header {
	size_t npages; /* of the area, the header's page 0 included */
	size_t usable; /* of these: without page 0 and the bad pages */
	size_t nbad;
	uint32_t bad[SWAP_BAD_MAX]; /* each is 1 to npages - 1; none is there twice */
};

/*
 * Reads the header in the SWAP_HEADER_BYTES at `page`, which come from a disk of disk_pages pages
 * and are not trusted. Returns 0, or -EINVAL and the reason as a text in *why_ret.
 */
int swap_header_read(const void *page, uint64_t disk_pages, struct swap_header *header_ret,
		     const char **why_ret);
