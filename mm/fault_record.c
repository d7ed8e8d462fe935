/* SPDX-License-Identifier: MIT */
/* Writes the rounds of faults to the journal. */
#include "mm/fault_record.h"

#include "base/journal.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/space_record.h"

int fault_record_claim(struct fault *fault, struct fault_record *record)
{
	if (!journal_claim(JOURNAL_CLAIM)) {
		fault->wait->queue = journal_await(&fault->wait->seq);
		return VM_WAIT;
	}
	record->room = JOURNAL_CLAIM;
	fault->prepared->record = record;
	/* Nothing was found before the round that begins now. */
	fault->slot = NULL;
	fault->kind = FAULT_KINDS;
	fault->layout = 0;
	return VM_AGAIN;
}

void fault_record_end(struct fault_record *record)
{
	journal_give_back(record->room);
	record->room = 0;
}

void fault_record_begin(struct fault *fault)
{
	struct fault_record *record = fault->prepared->record;
	const struct mmu_entry *slot = arch_mmu_lookup(&fault->space->mmu, fault->va);

	memcpy(record->counted, fault->space->stats.kind, sizeof(fault->space->stats.kind));
	record->window = ALIGN_DOWN(fault->va, FAULT_AROUND * PAGE_SIZE);
	record->used = 0;
	if (!slot)
		return;
	slot -= (fault->va - record->window) >> PAGE_SHIFT;
	for (unsigned i = 0; i < FAULT_AROUND; i++)
		if (!entry_empty(entry_load(&slot[i])))
			record->used |= 1u << i;
}

static void record_write(struct fault *fault, struct journal_record *line)
{
	struct fault_record *record = fault->prepared->record;

	line->space = fault->space->number;
	if (likely(record->room)) {
		record->room--;
		journal_write(line);
	} else if (journal_write_now(line)) {
		mm_host.journal_fills(); /* many rounds */
	}
}

/* The other pages of the object that the round has mapped. */
static void record_around(struct fault *fault)
{
	struct fault_record *record = fault->prepared->record;
	const struct mmu_entry *slot = fault->slot - ((fault->va - record->window) >> PAGE_SHIFT);

	for (unsigned i = 0; i < FAULT_AROUND; i++) {
		vaddr_t va = record->window + i * PAGE_SIZE;
		struct journal_record line = { .type = JOURNAL_AROUND, .arg = { va } };

		if (va == fault->va || record->used & 1u << i || entry_empty(entry_load(&slot[i])))
			continue;
		line.arg[2] = recorded_entry(entry_load(&slot[i]));
		record_write(fault, &line);
	}
}

/* Returns which kinds of faults the round has counted, a bit for each. */
static unsigned counted_kinds(const struct fault *fault)
{
	unsigned kinds = 0;

	for (unsigned i = 0; i < FAULT_KINDS; i++)
		if (fault->space->stats.kind[i] != fault->prepared->record->counted[i])
			kinds |= 1u << i;
	return kinds;
}

/* Page numbers: the first, and from bit 32 on how many. */
static uint64_t recorded_vma(const struct vma *vma)
{
	return vma->start >> PAGE_SHIFT | (vma->end - vma->start) >> PAGE_SHIFT << 32;
}

/* While a verb is at work on the range, the journal does not have its VMAs yet. */
static void record_area(struct fault *fault)
{
	const struct space *space = fault->space;
	const struct vma *vma = fault->vma;

	if (fault->va >= space->busy_start && fault->va < space->busy_end)
		space_record_area(vma, MAX(vma->start, space->busy_start),
				  MIN(vma->end, space->busy_end));
}

int fault_record_round(struct fault *fault, int outcome)
{
	struct fault_record *record = fault->prepared->record;
	struct journal_record line = { .type = JOURNAL_ROUND, .arg = { fault->va } };
	unsigned kinds;

	if (!record)
		return outcome;
	kinds = counted_kinds(fault);
	if (kinds & ~(1u << FAULT_DENY_MAPERR))
		record_area(fault);
	if (kinds) {
		line.what = (uint16_t)kinds;
		line.more = fault->access;
		if (outcome >= VM_OK) {
			line.arg[1] = recorded_entry(fault->entry);
			line.arg[2] = recorded_entry(entry_load(fault->slot));
			line.arg[3] = recorded_vma(fault->vma);
		}
		record_write(fault, &line);
	}
	if (kinds & 1u << FAULT_FILL && fault->attr.object && outcome == VM_OK)
		record_around(fault);
	if (outcome < VM_AGAIN)
		fault_record_end(record);
	return outcome == VM_OK ? VM_RECORDED : outcome;
}
