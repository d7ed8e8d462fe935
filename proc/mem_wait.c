/* Memory for those who may wait for it: ask, apply the out-of-memory policy, ask again. */
#include "proc/mem_wait.h"

#include "mm/slab.h"
#include "proc/oom.h"
#include "sync/lockorder.h"

int mem_wait(void)
{
	lockorder_assert_none_spinning();
	return oom_relieve();
}

struct page *mem_wait_page(unsigned order, enum page_kind kind)
{
	struct page *page;

	while (!(page = page_alloc(order, kind, PAGE_NORMAL)))
		if (mem_wait())
			return NULL;
	return page;
}

void *mem_wait_kmalloc(size_t size)
{
	void *p;

	while (!(p = kmalloc(size)))
		if (mem_wait())
			return NULL;
	return p;
}

void *mem_wait_kzalloc(size_t size)
{
	void *p;

	while (!(p = kzalloc(size)))
		if (mem_wait())
			return NULL;
	return p;
}
