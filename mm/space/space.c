/* SPDX-License-Identifier: MIT */
/* Creates and destroys address spaces; limits, busy ranges and fences. */
#include "mm/space/space.h"

#include "abi/errno.h"
#include "lib/string.h"
#include "mm/check/fence_debt.h"
#include "mm/phys/reservation.h"
#include "mm/phys/table_pages.h"
#include "mm/record.h"
#include "mm/space/commit.h"
#include "mm/swap/reclaim.h"
#include "mm/swap/relieve.h"
#include "mm/verbs/unmap.h"
#include "mm/vm_wait.h"

struct spinlock spaces_lock = SPINLOCK_INIT(LOCK_SPACES);
struct list spaces = LIST_INIT(spaces); /* guarded by spaces_lock */

static uint32_t nrecorded; /* spaces so far; atomic */

uint64_t space_lent_limit(const struct space *space, enum memory_limit which)
{
	return space->lent ? mm_host.limit(which) : 0;
}

bool space_lent_may_expand(const struct space *space, uint64_t mapped, uint64_t data)
{
	return (mapped <= space->limit_as || mapped <= space_lent_limit(space, LIMIT_MAPPED)) &&
	       (data <= space->limit_data ||
		(!space->limit_data && data <= mm_host.limit(LIMIT_DATA)));
}

int space_create(struct space *space)
{
	struct mmu_tables root = { 0 };

	/*
	 * Only the middle. What is before it, the lock and the tables, is set below, and so is what
	 * is after it, but for the unmaps, of which none is there yet.
	 */
	memset((char *)space + offsetof(struct space, vmas), 0,
	       offsetof(struct space, unmaps) - offsetof(struct space, vmas));
	space->limit_as = space->limit_data = space->limit_stack = UINT64_MAX;
	space->mmap_top = USER_TOP;
	space->tables = 1;
	if (mm_record.changed) {
		space->recorded = true;
		space->at_idle = AT_IDLE_RECORD;
		space->number = __atomic_add_fetch(&nrecorded, 1, __ATOMIC_RELAXED);
	}
	if (tables_fill_wait(&root, 1))
		return -ENOMEM;
	if (debts_create(space)) {
		tables_free(&root);
		return -ENOMEM;
	}
	spin_init(&space->lock, LOCK_SPACE);
	space->keepers = 0;
	tree_init(&space->vmas);
	waitq_init(&space->busy_done);
	arch_mmu_create(&space->mmu, mmu_tables_pop(&root));
	spin_lock(&spaces_lock);
	list_add_tail(&spaces, &space->link);
	spin_unlock(&spaces_lock);
	return 0;
}

void space_destroy(struct space *space)
{
	struct mmu_tables tables = { 0 };

	space_lock(space);
	space->ending = true;
	space_unlock(space);
	unmap_pieces(space, USER_BASE, USER_TOP);
	assert(tree_empty(&space->vmas) && space->resident == 0);
	if (commit_is_strict())
		space_settle(space);
	assert_hardened(space->committed_bytes == 0 && atomic_load_relaxed(&space->charged) == 0);
	if (unlikely(space->recorded)) {
		space_lock(space);
		note_areas(space, 0, USER_TOP);
		space_unlock(space);
	}
	if (unlikely(reservation_count()))
		(void)reservations_drop(space);
	reclaim_space_gone(space);
	while (unlikely(atomic_load(&space->keepers))) /* they run, on other harts */
		spin_pause();
	arch_mmu_destroy(&space->mmu, &tables);
	assert(tables.count == space->tables);
	tables_free(&tables);
	space_unshare(space);
	debts_destroy(space);
}

enum vm_outcome space_await_verb(struct space *space, struct vm_wait *wait)
{
	assert_hardened(spin_lock_held(&space->lock));
	space->at_idle |= AT_IDLE_WAKE;
	wait->why = WAITS_FOR_VERB;
	wait->queue = &space->busy_done;
	wait->seq = waitq_sample(&space->busy_done);
	return VM_WAIT;
}

void space_busy(struct space *space, vaddr_t start, vaddr_t end)
{
	space_lock(space);
	space_busy_locked(space, start, end);
	space_unlock(space);
}

void space_idle(struct space *space)
{
	space_lock(space);
	space_unlock_idle(space);
}

void space_unlock_at_idle(struct space *space)
{
	unsigned left;

	if (space->at_idle & AT_IDLE_RECORD)
		mm_record.changed(space, CHANGE_VERB, space->busy_start, space->busy_end, 0);
	left = space->at_idle;
	space->busy_start = 0;
	space->busy_end = 0;
	space->at_idle = left & AT_IDLE_RECORD;
	space_unlock(space);
	if (left & AT_IDLE_SETTLE)
		space_settle(space);
	if (left & AT_IDLE_WAKE)
		waitq_wake_all(&space->busy_done);
}

void space_fence(struct space *space, struct mmu_flush *flush)
{
	assert_hardened(spin_lock_held(&space->lock));
	if (!flush->count && !flush->all && !flush->tables)
		return;
	debt_pay(space, flush);
	arch_mmu_flush(&space->mmu, flush);
	space->stats.fences++;
}
