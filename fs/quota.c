/* How much of the memory the files of the tree may take. */
#include "fs/quota.h"

#include "mm/object.h"
#include "mm/page_alloc.h"
#include "sync/atomic.h"

/*
 * Without a bound a program that writes a file to its end would leave no frame to the others, and
 * killing it would give nothing back.
 */
static uint64_t used; /* frames that files were charged for; atomic */

uint64_t quota_room(struct inode *inode, uint64_t pos)
{
	uint64_t limit = page_alloc_total_count() / 2;
	uint64_t taken = atomic_load_relaxed(&used);
	uint64_t npages = limit > taken ? limit - taken : 0;

	if (inode->dev != INODE_DEV_ROOT)
		return UINT64_MAX;
	if (npages == 0) {
		struct page *page = object_page_resident(inode->object, pos >> PAGE_SHIFT);

		if (!page)
			return 0;
		page_put(page);
		npages = 1;
	}
	return (npages << PAGE_SHIFT) - (pos & PAGE_MASK);
}

void quota_update(struct inode *inode, uint64_t npages)
{
	if (inode->dev != INODE_DEV_ROOT || npages == inode->charged)
		return;
	counter_add(&used, npages - inode->charged);
	inode->charged = npages;
}
