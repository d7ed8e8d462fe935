/* SPDX-License-Identifier: MIT */
/* Keeps the readers of a space out, and counts what they have done; pays the fence that fork owes. */
#include "mm/space/space_lock.h"

#include "arch/witness.h"
#include "lib/string.h"
#include "mm/check/fence_debt.h"
#include "mm/phys/kmalloc.h"

/* Each is guarded as struct space_reader says. */
struct space_readers {
	struct space_reader of[HART_MAX];
};

static SLAB_CACHE(readers_cache, struct space_readers);

/* What readers count: the kinds of faults that they resolve. */
static const uint8_t kinds[] = { FAULT_ACCESSED, FAULT_SPURIOUS, FAULT_FILL };

/*
 * Counts for the space and the VMA what the reader has: by atomic additions, because the readers of
 * other harts may do the same.
 */
static void reader_count(struct space *space, struct space_reader *reader)
{
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint32_t *kind = &reader->faults.kind[kinds[i]];

		if (!*kind)
			continue;
		counter_add(&space->stats.kind[kinds[i]], *kind);
		counter_add(&reader->vma->faults.kind[kinds[i]], *kind);
		if (kinds[i] == FAULT_FILL)
			counter_add(&space->resident, *kind - reader->zero_maps);
		*kind = 0;
	}
	if (reader->zero_maps)
		counter_add(&space->stats.zero_maps, reader->zero_maps);
	reader->zero_maps = 0;
	if (reader->ahead) {
		counter_add(&space->resident, reader->ahead);
		counter_add(&space->stats.ahead, reader->ahead);
		reader->ahead = 0;
	}
}

void space_reader_turn(struct space *space, struct space_reader *self, struct vma *vma)
{
	if (self->vma)
		reader_count(space, self);
	self->vma = vma;
}

/* Closes the space, waits for the readers, and counts what they have. */
static void space_close(struct space *space)
{
	struct space_reader *readers = space->readers, *end = readers + hart_count;

	atomic_store_relaxed(&space->at_lock, SPACE_NOTHING);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (struct space_reader *reader = readers; reader < end; reader++)
		for (unsigned round = 1; atomic_load_relaxed(&reader->inside); round++)
			spin_round(round);
	/* All that they did comes before what follows. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (struct space_reader *reader = readers; reader < end; reader++)
		if (reader->vma)
			space_reader_turn(space, reader, NULL);
	/* Readers only add pages, so there never were more than there are now. */
	space_add_resident(space, 0);
}

struct space_reader *space_lock_open(struct space *space)
{
	if (atomic_load_relaxed(&space->at_lock) != SPACE_OPEN)
		return NULL;
	spin_lock(&space->lock);
	if (atomic_load_relaxed(&space->at_lock) == SPACE_OPEN)
		return &space->readers[hart_this()->index];
	spin_unlock(&space->lock);
	return NULL;
}

void space_owe(struct space *space)
{
	assert_hardened(spin_lock_held(&space->lock));
	debt_defer(space);
	if (space->at_lock != SPACE_OWES)
		arch_witness_owe(true);
	atomic_store_relaxed(&space->at_lock, SPACE_OWES);
}

static void space_pay(struct space *space)
{
	struct mmu_flush flush;

	mmu_flush_init(&flush);
	flush.all = true;
	space_fence(space, &flush);
	atomic_store_relaxed(&space->at_lock, SPACE_NOTHING);
	arch_witness_owe(false);
}

void space_settle_lock(void *of)
{
	struct space *space = of;

	assert_hardened(spin_lock_held(&space->lock));
	if (space->at_lock == SPACE_OWES)
		space_pay(space);
	else
		space_close(space);
}

void space_share(struct space *space)
{
	struct space_readers *readers;

	if (atomic_load_relaxed(&space->readers))
		return;
	readers = slab_alloc(&readers_cache);
	if (!readers)
		return;
	memset(readers, 0, sizeof(*readers));
	space_lock(space);
	if (!space->readers) { /* another thread may have been quicker */
		/* gcc-analyzer-suppress malloc-leak ; the space has it now, and space_unshare() frees it */
		atomic_store(&space->readers, readers->of);
		readers = NULL;
	}
	space_unlock(space);
	if (readers)
		slab_free(&readers_cache, readers);
}

void space_unshare(struct space *space)
{
	if (space->readers)
		slab_free(&readers_cache, space->readers);
}

/* The counts are not of one moment. */
static size_t not_counted(const struct space_reader *reader)
{
	uint32_t fills = atomic_load_relaxed(&reader->faults.kind[FAULT_FILL]);
	uint32_t zero_maps = atomic_load_relaxed(&reader->zero_maps);

	return (fills > zero_maps ? fills - zero_maps : 0) + atomic_load_relaxed(&reader->ahead);
}

size_t space_resident(const struct space *space)
{
	const struct space_reader *readers = atomic_load_relaxed(&space->readers);
	size_t resident = atomic_load_relaxed(&space->resident);

	for (unsigned i = 0; readers && i < hart_count; i++)
		resident += not_counted(&readers[i]);
	return resident;
}
