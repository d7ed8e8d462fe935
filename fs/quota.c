/* How much of the memory the files of the tree may take. */
#include "fs/quota.h"

#include "mm/alloc_fail.h"
#include "mm/page_alloc.h"
#include "sync/atomic.h"

/*
 * Without a bound a program that writes a file to its end would leave no frame to the others, and
 * killing it would give nothing back.
 */
/* A name, its inode and its object are up to so many to a frame of the kernel's own memory. */
#define NAMES_PER_FRAME 4

static uint64_t used;  /* frames that files were charged for; atomic */
static uint64_t names; /* of the tree; atomic */

/* Frames that are left for more. */
static uint64_t frames_left(void)
{
	uint64_t limit = page_alloc_total_count() / 2;
	uint64_t taken = atomic_load_relaxed(&used) + atomic_load_relaxed(&names) / NAMES_PER_FRAME;

	return limit > taken ? limit - taken : 0;
}

bool quota_name_made(void)
{
	if (alloc_fails() || frames_left() == 0)
		return false;
	counter_add(&names, 1);
	return true;
}

void quota_name_gone(void)
{
	counter_add(&names, -1ul);
}

bool quota_page_made(void)
{
	if (alloc_fails() || frames_left() == 0)
		return false;
	counter_add(&used, 1);
	return true;
}

void quota_page_gone(void)
{
	counter_add(&used, -1ul);
}
