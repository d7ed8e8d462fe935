/* SPDX-License-Identifier: MIT */
/* Writes the rounds of faults to the journal. */
#include "mm/fault_record.h"

#include "arch/timer.h"
#include "base/journal.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/phys/zeroed.h"
#include "mm/space_record.h"

/*
 * Instructions that struct fault_prepared takes: only because of the journal, if nothing had to be prepared.
 */
#define PREPARED_BESIDE 95

/* The object of a struct vm_wait whose fault has been here and has read nothing. It is no object's address. */
static const char nothing_read;

/* Adds the instructions from one moment to another. Two harts have different counts. */
static uint32_t instructions_add(uint32_t sum, uint64_t from, uint64_t to)
{
	uint64_t n = to > from ? to - from : 0;

	return n > UINT32_MAX - sum ? UINT32_MAX : sum + (uint32_t)n;
}

/* Was room the last that the fault had to wait for? Then recorded_work is what it had taken up to then. */
static bool waits_for_room(const struct vm_wait *wait)
{
	return journal_has_queue(wait->queue);
}

/* The fault is here for the first time, or again after it has waited. */
static void claim_begin(struct fault *fault)
{
	struct vm_wait *wait = fault->wait;

	if (!wait->object) {
		wait->object = (const struct object *)&nothing_read;
		wait->recorded_work = journal_work();
		wait->in_rounds = wait->between = 0;
	} else if (waits_for_room(wait)) {
		wait->recorded_work = journal_work() - fault_record_work(wait);
	} else {
		wait->between = instructions_add(wait->between, wait->recorded_at, fault->begun);
	}
	wait->queue = NULL;
}

uint64_t fault_record_work(const struct vm_wait *wait)
{
	if (!wait->object)
		return 0;
	if (waits_for_room(wait))
		return wait->recorded_work + (arch_instructions() - wait->recorded_at);
	return journal_work() - wait->recorded_work;
}

/*
 * Only a round with nothing prepared takes the prezeroed frame (mm/cow.c), and the next one would have been
 * such a round without the journal.
 */
static void lend_zeros(struct fault_prepared *prepared)
{
	prepared->record->lends = true;
	prepared->copy = zeroed_take();
	if (prepared->copy)
		prepared->copy_pfn = prepared->copy->zeroed_pfn;
}

/* The round did not need it. */
static void return_zeros(struct fault_prepared *prepared)
{
	if (prepared->copy)
		zeroed_give(prepared->copy);
	prepared->copy = NULL;
	prepared->record->lends = false;
}

int fault_record_claim(struct fault *fault, struct fault_record *record)
{
	struct vm_wait *wait = fault->wait;
	bool found = journal_claim(JOURNAL_CLAIM);

	claim_begin(fault);
	/* Nothing was found before the round that begins now. */
	fault->slot = NULL;
	fault->kind = FAULT_KINDS;
	fault->layout = 0;
	if (!found) {
		wait->recorded_at = journal_work_end(fault->begun);
		wait->recorded_work = journal_work() - wait->recorded_work;
		wait->queue = journal_await(&wait->seq);
		return VM_WAIT;
	}
	record->room = JOURNAL_CLAIM;
	fault->prepared->record = record;
	lend_zeros(fault->prepared);
	wait->recorded_at = journal_work_end(fault->begun);
	return VM_AGAIN;
}

void fault_record_end(struct fault_record *record)
{
	journal_give_back(record->room);
	record->room = 0;
}

/* Looks at what is there before a round. */
static void look_before(struct fault *fault, struct fault_record *record)
{
	const struct mmu_entry *slot = NULL;

	if (fault->va < USER_TOP) /* a program may ask for any address */
		slot = arch_mmu_lookup(&fault->space->mmu, fault->va);
	record->layout = fault->space->layout;
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

void fault_record_begin(struct fault *fault)
{
	struct vm_wait *wait = fault->wait;

	fault->begun = arch_instructions();
	if (!fault->prepared)
		return;
	wait->between = instructions_add(wait->between, wait->recorded_at, fault->begun);
	look_before(fault, fault->prepared->record);
	wait->recorded_at = journal_work_end(fault->begun);
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

/* Has the round changed the VMA itself, which is a stack? Returns whether this was written. */
static bool record_grown(const struct fault *fault)
{
	const struct vma *vma = fault->vma;

	if (fault->space->layout == fault->prepared->record->layout)
		return false;
	space_record_area(vma, vma->start, vma->end);
	return true;
}

/*
 * While a verb is at work on the range, the journal does not have its VMAs yet. Returns whether this one
 * was written.
 */
static bool record_area(struct fault *fault)
{
	const struct space *space = fault->space;
	const struct vma *vma = fault->vma;

	if (fault->va < space->busy_start || fault->va >= space->busy_end)
		return false;
	space_record_area(vma, MAX(vma->start, space->busy_start), MIN(vma->end, space->busy_end));
	return true;
}

/* Writes what the round has changed or refused: it was counted as these kinds. */
static void record_kinds(struct fault *fault, unsigned kinds, int outcome)
{
	const struct vm_wait *wait = fault->wait;
	struct journal_record line = {
		.type = JOURNAL_ROUND,
		.arg = { fault->va, 0, 0, wait->in_rounds | (uint64_t)wait->between << 32 },
	};

	if (kinds) {
		line.what = (uint16_t)kinds;
		line.more = fault->access;
		if (outcome >= VM_OK) {
			line.arg[1] = recorded_entry(fault->entry);
			line.arg[2] = recorded_entry(entry_load(fault->slot));
		}
		record_write(fault, &line);
	}
	if (kinds & 1u << FAULT_FILL && fault->attr.object && outcome == VM_OK)
		record_around(fault);
}

int fault_record_round(struct fault *fault, int outcome)
{
	struct fault_record *record = fault->prepared->record;
	struct vm_wait *wait = fault->wait;
	uint64_t begun = arch_instructions();
	unsigned kinds;

	if (!record)
		return outcome;
	wait->in_rounds = instructions_add(wait->in_rounds, wait->recorded_at, begun);
	kinds = counted_kinds(fault);
	if (record_grown(fault))
		begun = arch_instructions(); /* it counts for itself */
	if (kinds & ~(1u << FAULT_DENY_MAPERR) && record_area(fault))
		begun = arch_instructions(); /* the same */
	record_kinds(fault, kinds, outcome);
	if (record->lends)
		return_zeros(fault->prepared);
	if (outcome < VM_AGAIN) {
		fault_record_end(record);
		begun -= fault->prepared->needed ? 0 : PREPARED_BESIDE;
	}
	wait->recorded_at = journal_work_end(begun);
	return outcome == VM_OK ? VM_RECORDED : outcome;
}
