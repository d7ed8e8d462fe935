/* SPDX-License-Identifier: MIT */
/* Makes room after an allocation has failed: first what is cheap, processes last. */
#include "mm/swap/relieve.h"

#include "abi/errno.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "mm/host.h"
#include "mm/object/object.h"
#include "mm/phys/kmalloc.h"
#include "mm/phys/kmap.h"
#include "mm/phys/page_alloc.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/swap_cache.h"
#include "sync/atomic.h"
#include "sync/lockorder.h"

void (*relieve_hook)(void);

/*
 * The order matters. Dropping pages may free index nodes, which are slab objects; empty slabs
 * become single frames; single frames are merged into blocks.
 */
static void trim_caches(void)
{
	void (*hook)(void) = atomic_load(&relieve_hook);

	if (hook)
		hook();
	kstack_trim();
	slab_trim();
	page_alloc_trim();
}

/*
 * Where hundreds of threads wait for memory, each of them would search all memory for pages to
 * reclaim before the next process is killed. So a search in vain counts for all threads, for some
 * times as long as it has taken: then searches take a small part of the time. It counts no longer
 * if pages have been dropped since or given up by MADV_FREE, if slots of swap have become free, or if
 * pages of files that could not be dropped are not mapped any more: only a process that has ended kept them in use.
 */
#define VAIN_TIMES  10
#define VAIN_MAX_NS (NSEC_PER_SEC / 10)

/* Of the last search in vain: until when it counts, in ticks, and the counts then; all atomic. */
static uint64_t vain_until, vain_dropped, vain_unmapped, vain_lazyfree;

static void search_was_vain(uint64_t begun)
{
	uint64_t now = arch_time();
	uint64_t lasts = MIN((now - begun) * VAIN_TIMES, clock_ns_to_ticks(VAIN_MAX_NS));

	atomic_store_relaxed(&vain_dropped, counter_read(&reclaim_counts.dropped));
	atomic_store_relaxed(&vain_unmapped, counter_read(&pages_unmapped));
	atomic_store_relaxed(&vain_lazyfree, counter_read(&reclaim_counts.lazyfree));
	atomic_store_relaxed(&vain_until, now + lasts);
}

static bool is_search_vain(void)
{
	return arch_time() < atomic_load_relaxed(&vain_until) && swap_is_full() &&
	       counter_read(&reclaim_counts.dropped) - atomic_load_relaxed(&vain_dropped) <
		       RECLAIM_BATCH &&
	       counter_read(&pages_unmapped) - atomic_load_relaxed(&vain_unmapped) <
		       RECLAIM_BATCH &&
	       counter_read(&reclaim_counts.lazyfree) - atomic_load_relaxed(&vain_lazyfree) <
		       RECLAIM_BATCH;
}

/*
 * The caller repeats this step as long as it frees a batch of frames, even if other threads allocate
 * them. The next steps are about processes.
 */
static int step_reclaim(struct relief *relief)
{
	size_t before = page_alloc_free_count();
	bool vain = is_search_vain();
	uint64_t begun = arch_time();
	ssize_t went = vain ? 0 : reclaim(RECLAIM_BATCH);

	if (went < 0)
		return (int)went;
	trim_caches();
	if (went >= RECLAIM_BATCH || page_alloc_free_count() >= before + RECLAIM_BATCH)
		return 0;
	relief->turn = 1;
	if (!vain)
		search_was_vain(begun);
	return 0;
}

int relieve(struct relief *relief)
{
	lockorder_assert_none_spinning();
	if (unlikely(alloc_fail_forced()))
		return mm_host.relieve(relief);
	if (vm_pause())
		return -EINTR;
	if (relief->turn > 0)
		return mm_host.relieve(relief);
	return step_reclaim(relief);
}

bool wait_and_retry(int *result, struct vm_wait *wait, struct relief *relief)
{
	if (*result == -EAGAIN)
		return true;
	if (*result != -ENOMEM && *result != VM_OOM)
		return vm_wait_again(result, wait);
	*result = relieve(relief);
	return *result == 0;
}

struct page *page_alloc_relieved(unsigned order, enum page_kind kind)
{
	struct relief relief = { 0 };
	struct page *page = NULL;

	while (!page && !relieve(&relief))
		page = page_alloc(order, kind, PAGE_NORMAL);
	return page;
}

void *slab_alloc_relieved(struct slab_cache *cache, enum page_alloc_from last)
{
	struct relief relief = { 0 };
	void *object = NULL;

	while (!object && !relieve(&relief))
		object = slab_alloc_from(cache, relief.turn ? last : PAGE_NORMAL);
	return object;
}

int tables_fill_relieved(struct mmu_tables *tables, unsigned count)
{
	struct relief relief = { 0 };
	int result = -ENOMEM;

	while (wait_and_retry(&result, NULL, &relief))
		result = tables_fill(tables, count);
	return result;
}

void mm_trim(void)
{
	object_trim();
	trim_caches();
}
