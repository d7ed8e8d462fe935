/* SPDX-License-Identifier: MIT */
/* Memory for those who may wait for it. */
#pragma once

#include "mm/phys/page_alloc.h"

/*
 * As page_alloc() and kmalloc(), but where there is no memory room is made by relieve(), and the
 * request made again. NULL: the running thread is to end, or nobody is left to kill, or
 * there is memory but no block of that size. => no spinning lock held
 */
struct page *mem_wait_page(unsigned order, enum page_kind kind);
void *mem_wait_kmalloc(size_t size);
void *mem_wait_kzalloc(size_t size);
