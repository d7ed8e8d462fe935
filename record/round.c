/* SPDX-License-Identifier: MIT */
/* Writes the rounds of faults to the journal. */
#include "record/round.h"

#include "arch/context.h"
#include "arch/timer.h"
#include "base/hart.h"
#include "lib/string.h"
#include "mm/fault/zero_page.h"
#include "mm/host.h"
#include "record/change.h"

/* Instructions of the journal that it does not count, because they come before or after that. */
#define BESIDE 45

#define AROUND_MOST ((FAULT_AROUND + JOURNAL_FRAMES - 2) / JOURNAL_FRAMES) /* records of a round */

_Static_assert(1 + AROUND_MOST + 1 <= JOURNAL_MOST,
	       "there is room for each round that is the only one");

/* The object of a struct vm_wait whose fault has been here and has read nothing. It is no object's address. */
static const char nothing_read;

/* Adds the instructions since the end of the last round. Two harts have different counts. */
static void add_between(struct vm_wait *wait, uint64_t now)
{
	uint64_t had = wait->rounds >> 32,
		 n = now > wait->recorded_at ? now - wait->recorded_at : 0;

	n = MIN(had + n, (uint64_t)UINT32_MAX);
	wait->rounds = (uint32_t)wait->rounds | n << 32;
}

/* At the end of a round, or if there is no room for one: if it was the first of the access. */
static inline void start_work(struct vm_wait *wait)
{
	if (!wait->object)
		wait->recorded_work = journal_work();
}

/* The fault goes on later, in another round or another call of vm_fault(). */
static inline void goes_on(struct vm_wait *wait, enum vm_outcome outcome)
{
	if (outcome == VM_WAIT)
		wait->waits_since = arch_time();
	if (wait->object)
		return;
	wait->object = (const struct object *)&nothing_read;
	if (outcome == VM_WAIT)
		return;
	wait->queue = NULL;
	wait->why = 0;
}

enum vm_outcome fault_record_find_room(struct fault *fault)
{
	if (likely(journal_has_room()))
		return VM_OK;
	if (!journal_is_over())
		return VM_RECORD;
	fault->space->recorded = false;
	fault->wait->record = NULL;
	return VM_OK;
}

void fault_record_wait(const struct vm_wait *wait, uint32_t space, vaddr_t va, unsigned access)
{
	const struct journal_record line = {
		.type = JOURNAL_WAIT,
		.space = space,
		.what = wait->why,
		.more = access,
		.arg = { va, wait->waits_since },
	};

	if (journal_write_now(&line))
		mm_host.journal_fills();
}

/*
 * The first round of a call that is not the first of its access: it has waited.
 * Not inline: bench row cow_write_fault, recorded.
 */
static __attribute__((noinline)) enum vm_outcome begin_call(struct fault *fault, uint64_t now)
{
	struct vm_wait *wait = fault->wait;

	if (fault_waits_for_room(wait)) {
		wait->recorded_work = journal_work() - fault_record_work(wait);
		wait->queue = NULL;
	} else {
		add_between(wait, now);
	}
	now = arch_instructions();
	fault_record_wait(wait, fault->space->number, fault->va, fault->access);
	wait->why = 0;
	fault->begun = journal_work_end(now, 0);
	return fault_record_find_room(fault);
}

enum vm_outcome fault_record_begin_again(struct fault *fault, uint64_t now)
{
	fault->begun = now;
	if (unlikely(!fault->prepared))
		return begin_call(fault, now);
	add_between(fault->wait, now);
	return VM_OK;
}

/* The other pages of the object that the round has mapped. */
static void write_around(const struct fault *fault, uint64_t number)
{
	const struct mmu_entry *slot = fault->slot - ((fault->va - fault->window) >> PAGE_SHIFT);
	unsigned left = fault->around;
	const uint32_t *frames = fault->around_frames;
	struct mmu_entry entry = entry_load(slot + bit_lowest(left));

	while (left) {
		struct journal_around *line =
			(struct journal_around *)journal_place(journal, number);
		unsigned later = left;

		line->type = JOURNAL_AROUND;
		line->hart = (uint8_t)hart_this()->index;
		line->entry = fault->window | (recorded_entry(entry) & (PAGE_SIZE - 1));
		memcpy(line->frames, frames, sizeof(line->frames));
		for (unsigned i = 0; i < JOURNAL_FRAMES && later; i++)
			later &= later - 1;
		line->pages = (uint16_t)(left ^ later);
		frames += JOURNAL_FRAMES;
		left = later;
		journal_publish((struct journal_record *)line, number++);
	}
}

/*
 * Writes a round that is counted as these kinds, has mapped `naround` pages more, and has changed the entry
 * from `before` to `after`. `ends`: it is the fault's last. Returns the record of its end then, or NULL.
 */
static inline struct journal_record *write_round(struct fault *fault, unsigned kinds,
						 uint64_t before, uint64_t after, uint64_t rounds,
						 unsigned naround, bool ends)
{
	/* Loaded once: the compiler cannot know that the records are elsewhere. */
	const vaddr_t va = fault->va;
	const unsigned access = fault->access;
	const uint32_t space = fault->space->number;
	struct vm_wait *const wait = fault->wait;
	struct journal_header *ring = journal;
	unsigned between = (naround + JOURNAL_FRAMES - 1) / JOURNAL_FRAMES;
	uint64_t number = journal_take(ring, 1 + between + ends);
	struct journal_record *line = journal_place(ring, number);

	line->type = JOURNAL_ROUND;
	line->hart = (uint8_t)hart_this()->index;
	line->who = arch_this_thread()->who;
	line->space = space;
	line->what = (uint16_t)(kinds | (ends ? JOURNAL_ENDS : 0));
	line->more = access;
	line->time = arch_time();
	line->arg[0] = va;
	line->arg[1] = before;
	line->arg[2] = after;
	line->arg[3] = rounds;
	journal_publish(line, number);
	if (naround)
		write_around(fault, number + 1);
	line = NULL;
	if (ends) {
		number += 1 + between;
		line = journal_place(ring, number); /* the rest is as in the round's */
		line->type = JOURNAL_FAULT;
		wait->record_number = number;
	}
	wait->record = line;
	return line;
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

void fault_record_grown(struct fault *fault, const struct vma *stack)
{
	uint64_t begun = arch_instructions();

	space_record_area(stack, stack->start, stack->end);
	fault->begun += arch_instructions() - begun; /* they are not the round's */
}

/* Does the thread's fault end with this round? */
static inline bool fault_ends(const struct fault *fault)
{
	return !(fault->access & ACCESS_INSIDE);
}

/*
 * At the end of a round, whose recording has begun at that count: counts its instructions, and those of the
 * whole fault in the record of its end, if there is one. Returns arch_instructions().
 */
static inline uint64_t end_work(const struct vm_wait *wait, struct journal_record *line,
				uint64_t begun)
{
	uint64_t end = journal_work_end(begun, BESIDE), work = end - begun;

	if (unlikely(wait->object))
		work = journal_work() - wait->recorded_work;
	if (line)
		line->more = (uint32_t)work;
	return end;
}

/* Writes a round that has changed the entry, or refused the access. */
static struct journal_record *record_kinds(struct fault *fault, unsigned kinds, bool changed,
					   unsigned naround, bool ends)
{
	uint64_t before = 0, after = 0;

	if (changed) {
		before = recorded_entry(fault->entry);
		after = recorded_entry(entry_load(fault->slot));
	}
	return write_round(fault, kinds, before, after, fault->wait->rounds, naround, ends);
}

/* Something has to be prepared before the next round. That one needs room then. */
static enum vm_outcome record_prepare(struct fault *fault, uint64_t begun)
{
	struct vm_wait *wait = fault->wait;

	wait->rounds += begun - fault->begun;
	start_work(wait);
	goes_on(wait, VM_PREPARE);
	if (!fault->prepared)
		journal_claim();
	wait->recorded_at = journal_work_end(begun, BESIDE);
	wait->record = NULL;
	return VM_PREPARE;
}

/* A round that has not resolved the fault. Not inline: bench row bss_read_fault, recorded. */
static __attribute__((noinline)) enum vm_outcome record_other(struct fault *fault,
							      enum vm_outcome outcome,
							      uint64_t begun)
{
	struct vm_wait *wait = fault->wait;
	struct journal_record *line = NULL;

	wait->rounds += begun - fault->begun;
	wait->record = NULL;
	start_work(wait);
	if (vm_outcome_is_segv(outcome)) {
		if (fault->kind != FAULT_DENY_MAPERR && record_area(fault))
			begun = arch_instructions(); /* it counts for itself */
		line = record_kinds(fault, 1u << fault->kind, false, 0, fault_ends(fault));
	} else if (outcome == VM_AGAIN && fault->kind == FAULT_SWAPPED) {
		if (record_area(fault))
			begun = arch_instructions(); /* it counts for itself, too */
		(void)record_kinds(fault, 1u << FAULT_SWAPPED, true, 0, false);
	}
	if (outcome == VM_AGAIN && !fault->prepared)
		journal_claim();
	else if (vm_outcome_is_last(outcome) && fault->prepared)
		journal_give_back();
	goes_on(wait, outcome);
	wait->recorded_at = end_work(wait, line, begun);
	return outcome;
}

/* Ends a round that has resolved the fault, and may not be the first. */
static enum vm_outcome end_other(struct fault *fault, struct journal_record *line, uint64_t begun)
{
	if (fault->prepared)
		journal_give_back();
	(void)end_work(fault->wait, line, begun);
	return VM_RECORDED;
}

/* A round that has resolved it, of whatever kind. */
static enum vm_outcome record_resolved(struct fault *fault, uint64_t begun)
{
	unsigned kinds = 1u << fault->kind, naround = 0;
	struct journal_record *line;

	start_work(fault->wait);
	fault->wait->rounds += begun - fault->begun;
	if (record_area(fault))
		begun = arch_instructions(); /* it counts for itself */
	if (fault->kind == FAULT_FILL && fault->page) {
		if (fault_got_frame(fault))
			kinds |= fault_is_copy(fault) && fault_is_write(fault) ? 1u << FAULT_COW
									       : 0;
		else if (fault_is_write(fault))
			kinds |= 1u << FAULT_REMAP;
		else
			naround = fault->naround;
	}
	line = record_kinds(fault, kinds, true, naround, fault_ends(fault));
	return end_other(fault, line, begun);
}

/*
 * Most faults, without a call and a saved register: a thread's own, for which anonymous memory is mapped, or
 * copied, or stays.
 */
enum vm_outcome fault_record_round(struct fault *fault, enum vm_outcome outcome)
{
	enum recorded_page page = RECORDED_PRIVATE;
	struct vm_wait *wait = fault->wait;
	uint64_t begun, before = 0;
	struct journal_record *line;
	unsigned kinds;
	uint64_t work;

	begun = arch_instructions();
	if (unlikely(outcome != VM_OK))
		return outcome == VM_PREPARE ? record_prepare(fault, begun)
					     : record_other(fault, outcome, begun);
	if (unlikely(fault->va < fault->space->busy_end) || unlikely(!fault_ends(fault)) ||
	    unlikely(fault->attr.object))
		return record_resolved(fault, begun);
	if (likely(fault->kind == FAULT_FILL)) {
		kinds = 1u << FAULT_FILL;
		page = fault->page ? RECORDED_PRIVATE : RECORDED_ZERO;
	} else if (fault->kind == FAULT_REUSE) {
		kinds = 1u << FAULT_REUSE;
		before = recorded_present(fault->entry, RECORDED_PRIVATE);
	} else if (likely(fault->kind == FAULT_COW)) {
		/* Only zeros are copied in a first round. */
		bool zeros = !wait->object || entry_pfn_if_any(fault->entry) == zero_pfn;

		kinds = 1u << FAULT_COW;
		before = recorded_present(fault->entry, zeros ? RECORDED_ZERO : RECORDED_PRIVATE);
	} else {
		return record_resolved(fault, begun);
	}
	line = write_round(fault, kinds, before, recorded_present(entry_load(fault->slot), page),
			   wait->rounds + (begun - fault->begun), 0, true);
	if (unlikely(wait->object))
		return end_other(fault, line, begun);
	work = arch_instructions() - begun + BESIDE;
	counter_add(&hart_this()->journal_work, work);
	line->more = (uint32_t)work;
	return VM_RECORDED;
}

enum vm_outcome fault_record_aside(struct fault *fault, enum vm_outcome outcome)
{
	struct vm_wait *wait = fault->wait;

	wait->waits_since = arch_time();
	if (outcome == VM_OOM)
		wait->why = WAITS_FOR_MEMORY;
	if (outcome != VM_RECORD) {
		journal_give_back();
		return outcome;
	}
	fault->kind = FAULT_KINDS; /* nothing was looked at */
	start_work(wait);
	goes_on(wait, VM_AGAIN);
	wait->recorded_at = arch_instructions();
	wait->recorded_work = journal_work() - wait->recorded_work;
	wait->why = WAITS_FOR_JOURNAL;
	wait->queue = journal_await(&wait->seq);
	return VM_WAIT;
}
