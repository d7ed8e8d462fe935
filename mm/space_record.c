/* SPDX-License-Identifier: MIT */
/* Writes changes of entries to the journal. */
#include "mm/space_record.h"

#include "arch/timer.h"
#include "lib/string.h"
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

/* Writes a record, whose making has begun at that count of instructions. */
static void write(const struct journal_record *line, uint64_t begun)
{
	if (journal_write_now(line))
		mm_host.journal_fills();
	journal_work_end(begun);
}

void space_record_entry(struct space *space, vaddr_t va, struct mmu_entry before,
			struct mmu_entry after)
{
	const uint64_t begun = arch_instructions();
	const struct journal_record line = {
		.type = JOURNAL_ENTRY,
		.space = space->number,
		.arg = { va, recorded_entry(before), recorded_entry(after) },
	};

	assert_hardened(spin_lock_held(&space->lock));
	write(&line, begun);
}

void space_record_range(struct space *space, enum journal_type type, vaddr_t start, vaddr_t end,
			uint64_t more, uint64_t other)
{
	const uint64_t begun = arch_instructions();
	const struct journal_record line = {
		.type = (uint8_t)type,
		.space = space->number,
		.arg = { start, end, more, other },
	};

	if (start < end)
		write(&line, begun);
}

/* ---- VMAs ---- */

/* VMAs that are written under one hold of the lock. */
#define RECORD_VMAS 32

/* What is behind memory without an object. */
static void label_memory(const struct vma *vma, struct journal_record *line)
{
	const char *name = "";

	if (vma->flags & VMA_HEAP)
		name = "[heap]";
	else if ((vma->flags & VMA_STACK) && vma->end >= vma->space->stack_top)
		name = "[stack]";
	memcpy(&line->arg[2], name, strlen(name));
	line->what |= JOURNAL_ANON << 8;
}

static void label_object(struct object *object, struct journal_record *line)
{
	static const char of_zeros[] = "zero (deleted)"; /* of /dev/zero, as on Linux */
	unsigned backing = JOURNAL_MEMORY;

	spin_lock(&object->lock);
	memcpy(&line->arg[2], object->name, JOURNAL_NAME);
	if (object->name[0])
		backing = object->backing;
	else if (object->ops->inode)
		backing = JOURNAL_FILE;
	else
		memcpy(&line->arg[2], of_zeros, sizeof(of_zeros));
	spin_unlock(&object->lock);
	if (object->ops->unevictable)
		backing = JOURNAL_DEVICE;
	line->what |= (uint16_t)(backing << 8);
}

void space_record_area(const struct vma *vma, vaddr_t start, vaddr_t end)
{
	const uint64_t begun = arch_instructions();
	struct journal_record line = {
		.type = JOURNAL_AREA,
		.space = vma->space->number,
		.what = (uint16_t)(vma->prot | (vma_is_shared(vma) ? 8 : 0)),
		.arg = { start, end },
	};

	assert_hardened(spin_lock_held(&vma->space->lock));
	if (vma->object) {
		line.more = (uint32_t)vma_index(vma, start);
		label_object(vma->object, &line);
	} else {
		label_memory(vma, &line);
	}
	write(&line, begun);
}

/* Writes what is mapped in [start, end), of at most n VMAs. Returns where it stopped. */
static vaddr_t record_piece(struct space *space, vaddr_t start, vaddr_t end, unsigned n)
{
	struct vma *vma = vma_find_next(space, start);

	while (start < end && n--) {
		vaddr_t from = vma ? MIN(vma->start, end) : end;

		from = MAX(from, start);
		space_record_range(space, JOURNAL_NO_AREA, start, from, 0, 0);
		start = from;
		if (from == end)
			break;
		start = MIN(vma->end, end);
		space_record_area(vma, from, start);
		vma = vma_next(vma);
	}
	return start;
}

void space_record_areas(struct space *space, vaddr_t start, vaddr_t end)
{
	(void)record_piece(space, start, end, VMA_COUNT_MAX);
}

void space_record_verb(struct space *space)
{
	vaddr_t at = space->busy_start;

	assert_hardened(spin_lock_held(&space->lock));
	while (at < space->busy_end) {
		at = record_piece(space, at, space->busy_end, RECORD_VMAS);
		if (at == space->busy_end)
			break;
		spin_unlock(&space->lock);
		(void)vm_pause(); /* a kill does not end the verb's record */
		spin_lock(&space->lock);
	}
}
