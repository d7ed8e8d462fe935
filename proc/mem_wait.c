/* SPDX-License-Identifier: MIT */
/* Allocation for callers that may wait for memory, by way of relieve() (mm/swap/relieve.h). */
#include "proc/mem_wait.h"

#include "lib/string.h"
#include "mm/swap/relieve.h"

struct page *mem_wait_page(unsigned order, enum page_kind kind)
{
	return page_alloc_wait(order, kind);
}

/*
 * Whether memory is fragmented: enough pages are free, but no block of that size. Killing a process
 * would not help then, because it would free single pages too.
 */
static bool is_scattered(size_t size)
{
	return size > PAGE_SIZE && page_alloc_above_low() > size / PAGE_SIZE;
}

static __attribute__((noinline, cold)) void *kmalloc_relieved(size_t size SITE_PARAM)
{
	struct relief relief = { 0 };
	void *p = NULL;

	while (!p && !is_scattered(size) && !relieve(&relief))
		p = kmalloc_at(size SITE_ARG);
	return p;
}

void *mem_wait_kmalloc_at(size_t size SITE_PARAM)
{
	void *p = kmalloc_at(size SITE_ARG);

	return likely(p != NULL) ? p : kmalloc_relieved(size SITE_ARG);
}

void *mem_wait_kzalloc_at(size_t size SITE_PARAM)
{
	void *p = mem_wait_kmalloc_at(size SITE_ARG);

	if (p)
		memset(p, 0, size);
	return p;
}
