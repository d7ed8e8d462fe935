/* SPDX-License-Identifier: MIT */
/* PAGEMAP_SCAN, a request of /proc/PID/pagemap: which pages have what is asked for, and were written since they were protected. */
#include "mm/verbs/page_scan.h"

#include "abi/errno.h"
#include "abi/pagemap.h"
#include "linux/fs/proc/node.h"
#include "mm/fault/user_copy.h"
#include "mm/phys/kmalloc.h"
#include "proc/mem_wait.h"

/* The regions that are copied out together: of one scan under the mmap lock. */
#define REGIONS_MOST (PAGE_SIZE / sizeof(struct scan_region))

#define SCAN_FLAGS (PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC)

_Static_assert(SCAN_WP_ALLOWED == PAGE_IS_WPALLOWED && SCAN_WRITTEN == PAGE_IS_WRITTEN &&
		       SCAN_FILE == PAGE_IS_FILE && SCAN_PRESENT == PAGE_IS_PRESENT &&
		       SCAN_SWAPPED == PAGE_IS_SWAPPED && SCAN_ZERO == PAGE_IS_PFNZERO &&
		       SCAN_LARGE == PAGE_IS_HUGE,
	       "the categories are those of the ABI");
_Static_assert(sizeof(struct scan_region) == sizeof(struct abi_page_region) &&
		       offsetof(struct scan_region, end) == offsetof(struct abi_page_region, end) &&
		       offsetof(struct scan_region, categories) ==
			       offsetof(struct abi_page_region, categories),
	       "regions are copied out as they are");

/* The bytes of n things of that size from `start` on are addresses of a program, as far as that can be said without looking. */
static bool is_of_user(uint64_t start, uint64_t n, uint64_t size)
{
	return start <= USER_TOP && n <= (USER_TOP - start) / size;
}

/* In Linux's order. */
static int check_args(const struct abi_pm_scan_arg *arg)
{
	if (arg->size != sizeof(*arg) || arg->flags & ~SCAN_FLAGS ||
	    (arg->category_inverted | arg->category_mask | arg->category_anyof_mask |
	     arg->return_mask) &
		    ~PAGE_IS_ANY ||
	    !IS_ALIGNED(arg->start, PAGE_SIZE))
		return -EINVAL;
	if (!is_of_user(arg->start, arg->end - arg->start, 1))
		return -EFAULT;
	if (!arg->vec && arg->vec_len)
		return -EINVAL;
	return is_of_user(arg->vec, arg->vec_len, sizeof(struct abi_page_region)) ? 0 : -EFAULT;
}

/* Scans until the regions are full or all is done, with the mmap lock. */
static int scan_some(struct uspace *uspace, struct page_scan *scan)
{
	int err = uspace_lock_killable(uspace);

	if (err)
		return err;
	err = vm_page_scan(&uspace->space, scan);
	uspace_unlock(uspace);
	return err;
}

/* Copies regions out as they come, to `vec`, with room for vec_len. Returns how many, or an error. */
static int64_t scan_all(struct uspace *uspace, struct page_scan *scan, vaddr_t vec,
			uint64_t vec_len)
{
	const size_t most = scan->room;
	uint64_t done = 0;
	int err;

	do {
		scan->count = 0;
		scan->room = MIN(most, vec_len - done);
		err = scan_some(uspace, scan);
		if (scan->count &&
		    user_copy_out(vec + done * sizeof(scan->regions[0]), scan->regions,
				  scan->count * sizeof(scan->regions[0])))
			return -EFAULT;
		done += scan->count;
	} while (!err && scan->is_full && done < vec_len && scan->left);
	return err ? err : (int64_t)done;
}

static struct page_scan scan_of(const struct abi_pm_scan_arg *arg)
{
	return (struct page_scan){ .inverted = arg->category_inverted,
				   .all = arg->category_mask,
				   .any = arg->category_anyof_mask,
				   .shown = arg->return_mask,
				   .end = ALIGN_UP(arg->end, PAGE_SIZE),
				   .protects = arg->flags & PM_SCAN_WP_MATCHING,
				   .checks = arg->flags & PM_SCAN_CHECK_WPASYNC,
				   .room = MIN(arg->vec_len, REGIONS_MOST),
				   .at = arg->start,
				   .left = arg->max_pages ?: UINT64_MAX };
}

/* As on Linux, a walk that has failed is said to have reached its end, but not where the regions could not be stored. */
static int64_t scan_request(struct uspace *uspace, vaddr_t arg)
{
	const vaddr_t answer = arg + offsetof(struct abi_pm_scan_arg, walk_end);
	struct abi_pm_scan_arg ask;
	struct page_scan scan;
	int64_t result;
	int err = user_copy_in(&ask, arg, sizeof(ask)) ?: check_args(&ask);

	if (err)
		return err;
	scan = scan_of(&ask);
	if (scan.room) {
		scan.regions = mem_wait_kmalloc(scan.room * sizeof(scan.regions[0]));
		if (!scan.regions)
			return -ENOMEM;
	}
	result = scan_all(uspace, &scan, ask.vec, ask.vec_len);
	kfree(scan.regions);
	if (result < 0 && result != -EFAULT)
		scan.at = scan.end;
	err = user_copy_out(answer, &scan.at, sizeof(scan.at));
	return err ? err : result;
}

int proc_pagemap_ioctl(struct file *file, unsigned long request, vaddr_t arg)
{
	struct uspace *uspace;
	int64_t result;

	if (request != PAGEMAP_SCAN)
		return -EINVAL;
	uspace = proc_memory_get(file);
	if (!uspace)
		return -ESRCH;
	result = scan_request(uspace, arg);
	uspace_put(uspace);
	return (int)result;
}
