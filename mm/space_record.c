/* SPDX-License-Identifier: MIT */
/* Writes changes of entries to the journal. */
#include "mm/space_record.h"

#include "mm/host.h"
#include "mm/zero_page.h"

/* Kinds of pages, as docs/journal.md has them. */
enum recorded_page {
	RECORDED_NONE,
	RECORDED_ZERO,
	RECORDED_PRIVATE,
	RECORDED_OBJECT,
	RECORDED_OTHER
};

static enum recorded_page recorded_page(pfn_t pfn)
{
	if (pfn == zero_pfn)
		return RECORDED_ZERO;
	switch (page_kind(pfn_to_page(pfn))) {
	case PAGE_ANON:
		return RECORDED_PRIVATE;
	case PAGE_OBJECT:
		return RECORDED_OBJECT;
	default:
		return RECORDED_OTHER;
	}
}

uint64_t recorded_entry(struct mmu_entry entry)
{
	uint64_t word = entry_state(entry) | (uint64_t)entry_prot(entry) << 2 |
			(uint64_t)entry_flags(entry) << 5;

	if (entry_has_page(entry))
		return word | (uint64_t)recorded_page(entry_pfn(entry)) << 8 |
		       (uint64_t)entry_pfn(entry) << 16;
	return entry_empty(entry) ? 0 : word | entry_swap_slot(entry) << 16;
}

static void write(const struct journal_record *line)
{
	if (journal_write_now(line))
		mm_host.journal_fills();
}

void space_record_entry(struct space *space, vaddr_t va, struct mmu_entry before,
			struct mmu_entry after)
{
	const struct journal_record line = {
		.type = JOURNAL_ENTRY,
		.space = space->number,
		.arg = { va, recorded_entry(before), recorded_entry(after) },
	};

	assert_hardened(spin_lock_held(&space->lock));
	write(&line);
}

void space_record_range(struct space *space, enum journal_type type, vaddr_t start, vaddr_t end,
			uint64_t more, uint64_t other)
{
	const struct journal_record line = {
		.type = (uint8_t)type,
		.space = space->number,
		.arg = { start, end, more, other },
	};

	if (start < end)
		write(&line);
}
