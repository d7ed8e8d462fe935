/* SPDX-License-Identifier: MIT */
/* The Linux layer's: the request PROCMAP_QUERY of /proc/PID/maps: one mapping, without the text. */
#pragma once

#include <stdint.h>

struct procmap_query {
	uint64_t size; /* of the caller's structure */
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};

_Static_assert(sizeof(struct procmap_query) == 104, "as in the ABI");

#define PROCMAP_QUERY		 0xc0686611u
#define PROCMAP_QUERY_SIZE_LEAST 24u /* up to query_addr */

/* The first four are those of vma_flags, too. */
#define PROCMAP_QUERY_VMA_READABLE	   0x01u
#define PROCMAP_QUERY_VMA_WRITABLE	   0x02u
#define PROCMAP_QUERY_VMA_EXECUTABLE	   0x04u
#define PROCMAP_QUERY_VMA_SHARED	   0x08u
#define PROCMAP_QUERY_COVERING_OR_NEXT_VMA 0x10u
#define PROCMAP_QUERY_FILE_BACKED_VMA	   0x20u
#define PROCMAP_QUERY_FLAGS		   0x3ful
