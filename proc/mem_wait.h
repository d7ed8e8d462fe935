/* SPDX-License-Identifier: MIT */
/* Allocation for callers that may wait for memory. */
#pragma once

#include "mm/check/alloc_site.h"
#include "mm/phys/page_alloc.h"

/*
 * Like page_alloc() and kmalloc(), but if there is no memory, call relieve() and retry. Return NULL
 * if the running thread has been killed, if there is no process left to kill, or, for a block
 * larger than a page, if memory is too fragmented. Call with no spinning lock held.
 */
struct page *mem_wait_page(unsigned order, enum page_kind kind);
void *mem_wait_kmalloc_at(size_t size SITE_PARAM);
void *mem_wait_kzalloc_at(size_t size SITE_PARAM);
#define mem_wait_kmalloc(size) mem_wait_kmalloc_at(size SITE_HERE)
#define mem_wait_kzalloc(size) mem_wait_kzalloc_at(size SITE_HERE)
