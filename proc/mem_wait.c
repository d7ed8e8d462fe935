/* SPDX-License-Identifier: MIT */
/* Memory for those who may wait for it, through the one door (mm/relieve.h). */
#include "proc/mem_wait.h"

#include "lib/string.h"
#include "mm/relieve.h"

/* Free frames, more than any reserve, that show that memory has not run out. */
#define SCATTERED_LEAST 512

struct page *mem_wait_page(unsigned order, enum page_kind kind)
{
	return page_alloc_wait(order, kind);
}

/*
 * There are frames enough, but no such block of them together: killing somebody, who has single
 * frames too, would not help.
 */
static bool is_scattered(size_t size)
{
	return size > PAGE_SIZE && page_alloc_free_count() > SCATTERED_LEAST + size / PAGE_SIZE;
}

void *mem_wait_kmalloc(size_t size)
{
	struct relief relief = { 0 };
	void *p;

	while (!(p = kmalloc(size)))
		if (is_scattered(size) || relieve(&relief))
			return NULL;
	return p;
}

void *mem_wait_kzalloc(size_t size)
{
	void *p = mem_wait_kmalloc(size);

	if (p)
		memset(p, 0, size);
	return p;
}
