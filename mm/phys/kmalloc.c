/* SPDX-License-Identifier: MIT */
/* Kernel memory by size: a slab cache for each size class, whole frames for larger sizes. */
#include "lib/string.h"
#include "mm/check/slab_check.h"
#include "mm/phys/page_alloc.h"
#include "mm/phys/kmalloc.h"

#define CLASSES 8 /* 16 to 2048 bytes */

#define CLASS(n, size) SLAB_CACHE_INIT(classes[n], "kmalloc-" #size, size, 16)

static struct slab_cache classes[CLASSES] = { CLASS(0, 16),   CLASS(1, 32),  CLASS(2, 64),
					      CLASS(3, 128),  CLASS(4, 256), CLASS(5, 512),
					      CLASS(6, 1024), CLASS(7, 2048) };

/* The class of a size, by how many times 16 bytes it is above 16. */
static const uint8_t class_numbers[SLAB_SIZE_MAX / 16] = {
	[0] = 0,	[1] = 1,	 [2 ... 3] = 2,	  [4 ... 7] = 3,
	[8 ... 15] = 4, [16 ... 31] = 5, [32 ... 63] = 6, [64 ... 127] = 7,
};

static struct slab_cache *class_of(size_t size)
{
	return &classes[size ? class_numbers[(size - 1) / 16] : 0];
}

static unsigned order_of(size_t size)
{
	unsigned order = 0;

	while (order <= PAGE_ORDER_MAX && PAGE_SIZE << order < size)
		order++;
	return order;
}

static void *kmalloc_frames_alloc(size_t size)
{
	struct page *page = page_alloc(order_of(size), PAGE_KERNEL, PAGE_NORMAL);

	return page ? page_address(page) : NULL;
}

size_t kmalloc_size(size_t size)
{
	return size <= SLAB_SIZE_MAX ? class_of(size)->size : PAGE_SIZE << order_of(size);
}

#ifdef FAULTLINE_HARDENED

/* A block of frames has the number of its site in `owner`. */
static void enter_site(void *block, struct alloc_site *site)
{
	struct page *page = virt_to_page(block);

	if (page_has(page, PAGE_SLAB))
		slab_check_note(block, alloc_site_enter(site));
	else
		page->owner = (void *)(uintptr_t)alloc_site_enter(site);
}

static void frames_leave_site(const struct page *page)
{
	alloc_site_leave((uint32_t)(uintptr_t)page->owner);
}

#else

#define enter_site(block, site) ((void)0)

static inline void frames_leave_site(const struct page *page)
{
	(void)page;
}

#endif

void *kmalloc_at(size_t size SITE_PARAM)
{
	void *p = size <= SLAB_SIZE_MAX ? slab_alloc(class_of(size)) : kmalloc_frames_alloc(size);

	if (p)
		enter_site(p, site);
	/* gcc-analyzer-suppress malloc-leak ; what is returned has not leaked */
	return p;
}

void *kzalloc_at(size_t size SITE_PARAM)
{
	void *p = kmalloc_at(size SITE_ARG);

	if (p)
		memset(p, 0, size);
	return p;
}

void kfree(void *p)
{
	struct page *page;

	if (!p)
		return;
	page = virt_to_page(p);
	if (page_has(page, PAGE_SLAB)) {
		slab_free(page->owner, p);
	} else {
		frames_leave_site(page);
		page_free(page, page_order(page));
	}
}
