/* SPDX-License-Identifier: MIT */
/* Fids in a hash table with linear probing: a fid is at its own slot or in the used ones behind it. */
#include "fid_table.h"

#include <errno.h>
#include <string.h>

static unsigned own_slot(uint32_t number)
{
	return number % FID_SLOTS;
}

static unsigned next_slot(unsigned slot)
{
	return (slot + 1) % FID_SLOTS;
}

/* Returns the slot that has the number, or the free one where it belongs. */
static unsigned fid_find(const struct fid_table *table, uint32_t number)
{
	unsigned slot = own_slot(number);

	while (table->slots[slot].used && table->slots[slot].number != number)
		slot = next_slot(slot);
	return slot;
}

struct fid *fid_get(struct fid_table *table, uint32_t number)
{
	struct fid *fid = &table->slots[fid_find(table, number)];

	return fid->used ? fid : NULL;
}

int fid_set(struct fid_table *table, uint32_t number, uint64_t file)
{
	struct fid *fid = &table->slots[fid_find(table, number)];

	if (!fid->used && table->count == FIDS_MAX)
		return -EMFILE;
	table->count += !fid->used;
	*fid = (struct fid){ .file = file, .number = number, .used = true };
	return 0;
}

/* Would a look-up that begins at `own` and ends at `at` pass by the slot `gap`? */
static bool passes(unsigned own, unsigned gap, unsigned at)
{
	return (gap - own) % FID_SLOTS < (at - own) % FID_SLOTS;
}

/* A gap would end the look-ups of those behind it, so each that can move into it does, and leaves the next gap. */
static void close_gap(struct fid_table *table, unsigned gap)
{
	for (unsigned at = next_slot(gap); table->slots[at].used; at = next_slot(at)) {
		if (!passes(own_slot(table->slots[at].number), gap, at))
			continue;
		table->slots[gap] = table->slots[at];
		table->slots[at].used = false;
		gap = at;
	}
}

bool fid_drop(struct fid_table *table, uint32_t number)
{
	unsigned slot = fid_find(table, number);

	if (!table->slots[slot].used)
		return false;
	table->slots[slot].used = false;
	table->count--;
	close_gap(table, slot);
	return true;
}

void fid_drop_all(struct fid_table *table)
{
	if (table->count > 0)
		memset(table, 0, sizeof(*table));
}
