/* SPDX-License-Identifier: MIT */
/* Writes faults to the journal: their rounds, and what they end with. */
#include "record/fault.h"

#include "arch/context.h"
#include "arch/upcall.h"
#include "base/os_layer.h"
#include "mm/fault/zero_page.h"
#include "record/change.h"

/* Instructions of the journal that it does not count, because they come before or after that. */
#define BESIDE 45

#define AROUND_MOST ((FAULT_AROUND + JOURNAL_FRAMES - 2) / JOURNAL_FRAMES) /* records of a round */

_Static_assert(1 + AROUND_MOST + 1 <= JOURNAL_MOST, "there is room for each round");

/* The object of a struct vm_wait whose fault has been here and has read nothing. It is no object's address. */
static const char nothing_read;

/* The end of a round that may be the access's first. */
static inline void start_work(struct vm_wait *wait)
{
	if (!wait->object)
		wait->recorded_work = journal_work();
}

/* The fault goes on later, in another round or another call of vm_fault(). */
static inline void goes_on(struct vm_wait *wait, enum vm_outcome outcome)
{
	wait->waits_since = arch_time();
	if (outcome != VM_WAIT)
		wait->why = 0;
	if (!wait->object)
		wait->object = (const struct object *)&nothing_read;
}

/* Writes for what the access to that page has waited. */
static void write_wait(const struct vm_wait *wait, unsigned why, uint32_t space, vaddr_t va,
		       unsigned access)
{
	const struct journal_record line = {
		.type = JOURNAL_WAIT,
		.space = space,
		.what = (uint16_t)why,
		.more = access,
		.arg = { va, wait->waits_since },
	};

	journal_write(&line);
}

/* For what has the access waited before this round, if it is not its first? 0: for nothing. */
static inline unsigned waited_for(const struct fault *fault)
{
	return unlikely(fault->wait->object) ? fault->waited : 0;
}

/* Returns the instructions of a round that has ended then, and of all before it and between them, as in wait->rounds. */
static inline uint64_t count_rounds(const struct fault *fault, uint64_t end)
{
	const struct vm_wait *wait = fault->wait;
	uint64_t own = end - fault->begun, n = 0;

	if (likely(!wait->object))
		return own;
	if (fault->begun > wait->recorded_at) /* two harts have different counts */
		n = fault->begun - wait->recorded_at;
	n = MIN((wait->rounds >> 32) + n, (uint64_t)UINT32_MAX);
	return ((uint32_t)wait->rounds | n << 32) + own;
}

/* Writes for what the access has waited before the round. The instructions of a wait for room are the journal's. */
static void come_again(struct fault *fault, uint64_t end)
{
	struct vm_wait *wait = fault->wait;

	if (fault->waited == WAITS_FOR_JOURNAL) {
		wait->recorded_work += fault->begun - wait->recorded_at;
		wait->recorded_work = journal_work() - wait->recorded_work;
		wait->rounds += end - fault->begun;
	} else {
		wait->rounds = count_rounds(fault, end);
	}
	write_wait(wait, fault->waited, fault->space->number, fault->va, fault->access);
}

/* Counts a round that has ended then, of whatever kind, with all before it. */
static inline void keep_rounds(struct fault *fault, uint64_t end)
{
	if (unlikely(waited_for(fault)))
		come_again(fault, end);
	else
		fault->wait->rounds = count_rounds(fault, end);
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
		for (unsigned i = 0; i < JOURNAL_FRAMES && later; i++) {
			line->frames[i] = *frames++;
			later &= later - 1;
		}
		line->pages = (uint16_t)(left ^ later);
		left = later;
		journal_publish((struct journal_record *)line, number++);
	}
}

/*
 * Writes a round that is counted as these kinds, has mapped `naround` pages more, and has changed the entry
 * from `before` to `after`. `ends`: it is the fault's last. Returns the record of its end then, or NULL.
 */
static inline struct journal_record *write_round(struct journal_header *ring, struct fault *fault,
						 unsigned kinds, uint64_t before, uint64_t after,
						 uint64_t rounds, unsigned naround, bool ends)
{
	/* Loaded once: the compiler cannot know that the records are elsewhere. */
	const vaddr_t va = fault->va;
	const unsigned access = fault->access;
	const uint32_t space = fault->space->number;
	struct vm_wait *const wait = fault->wait;
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
static bool write_area(struct fault *fault)
{
	const struct space *space = fault->space;
	const struct vma *vma = fault->vma;

	if (fault->va < space->busy_start || fault->va >= space->busy_end)
		return false;
	record_area(vma, MAX(vma->start, space->busy_start), MIN(vma->end, space->busy_end));
	return true;
}

/* Does the thread's fault end with this round, which has done no more than its page? */
static inline bool is_usual(const struct fault *fault)
{
	return !(fault->access & (ACCESS_INSIDE | ACCESS_AHEAD));
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

/* Writes a round that has changed the entry in that slot, or refused the access: NULL. */
static struct journal_record *write_kinds(struct fault *fault, unsigned kinds,
					  const struct mmu_entry *slot, unsigned naround, bool ends)
{
	uint64_t before = 0, after = 0;

	if (slot) {
		before = recorded_entry(fault->entry);
		after = recorded_entry(entry_load(slot));
	}
	return write_round(journal, fault, kinds, before, after, fault->wait->rounds, naround,
			   ends);
}

static void look_for_room(void)
{
	if (unlikely(!journal_has_room(journal, atomic_load_relaxed(&journal->head))))
		(void)journal_fills(0);
}

/* Something has to be prepared before the next round. */
static enum vm_outcome record_prepare(struct fault *fault, uint64_t begun)
{
	struct vm_wait *wait = fault->wait;

	wait->rounds = count_rounds(fault, begun);
	start_work(wait);
	goes_on(wait, VM_PREPARE);
	wait->recorded_at = journal_work_end(begun, BESIDE);
	wait->record = NULL;
	return VM_PREPARE;
}

/* The pages ahead that the round has mapped the zero page in, or made writable. */
static void write_ahead(const struct fault *fault)
{
	const long step = fault->run < 0 ? -1 : 1;
	const vaddr_t next = fault->va + (vaddr_t)step * PAGE_SIZE;
	vaddr_t low = MIN(next, fault->va + (vaddr_t)fault->run * PAGE_SIZE);
	vaddr_t high = low + (vaddr_t)(fault->run * step) * PAGE_SIZE;

	if (fault->kind == FAULT_REUSE)
		record_change(fault->space, CHANGE_RAISED, low, high,
			      fault->attr.prot | (arch_sets_accessed() ? 0 : RAISED_USED));
	else
		record_change(fault->space, CHANGE_FILLED, low, high, 0);
}

/* A round that has resolved it, of whatever kind, with pages ahead: these are told next, and the fault's end after them. */
static enum vm_outcome record_run(struct fault *fault, enum vm_outcome outcome, uint64_t begun)
{
	struct vm_wait *wait = fault->wait;

	keep_rounds(fault, begun);
	start_work(wait);
	if (write_area(fault))
		begun = arch_instructions(); /* it counts for itself */
	wait->record = write_kinds(fault, 1u << fault->kind, fault->slot, 0, false);
	goes_on(wait, VM_RUN);
	wait->recorded_at = end_work(wait, NULL, begun);
	if (outcome == VM_OK)
		write_ahead(fault); /* it counts for itself */
	look_for_room();
	return outcome == VM_OK ? VM_RECORDED : outcome;
}

/* A round that has not resolved the fault. Not inline: bench row bss_read_fault, recorded. */
static __attribute__((noinline)) enum vm_outcome record_other(struct fault *fault,
							      enum vm_outcome outcome,
							      uint64_t begun)
{
	bool refused = vm_outcome_is_segv(outcome);
	bool partly = outcome == VM_AGAIN && /* the next round finds what is still to be done */
		      (fault->kind == FAULT_SWAPPED || fault->kind == FAULT_USER_WP);
	struct vm_wait *wait = fault->wait;
	struct journal_record *line = NULL;

	if (outcome == VM_RUN)
		return record_run(fault, outcome, begun);
	keep_rounds(fault, begun);
	wait->record = NULL;
	start_work(wait);
	if ((partly || (refused && fault->kind != FAULT_DENY_MAPERR)) && write_area(fault))
		begun = arch_instructions(); /* it counts for itself */
	if (refused)
		line = write_kinds(fault, 1u << fault->kind, NULL, 0, fault_ends(fault));
	else if (partly && fault->slot)
		(void)write_kinds(fault, 1u << fault->kind, fault->slot, 0, false);
	else if (partly)
		(void)write_kinds(fault, 1u << fault->kind | JOURNAL_LARGE,
				  arch_mmu_lookup_large(&fault->space->mmu, fault->va), 0, false);
	goes_on(wait, outcome);
	wait->recorded_at = end_work(wait, line, begun);
	if (outcome == VM_WAIT && wait->why == WAITS_FOR_JOURNAL) {
		fault->kind = FAULT_KINDS; /* nothing was looked at */
		/* From now on it is not what this hart's was before, but how much there was: the wait is added to it. */
		wait->recorded_work = journal_work() - wait->recorded_work;
		counter_add(&journal->waits, 1);
	}
	look_for_room();
	return outcome;
}

/* A round that has resolved it, of whatever kind. */
static enum vm_outcome record_resolved(struct fault *fault, uint64_t begun)
{
	unsigned kinds = 1u << fault->kind, naround = 0;
	const struct mmu_entry *slot = fault->slot;
	struct journal_record *line;

	if (unlikely(fault->access & ACCESS_AHEAD)) {
		fault->access &= ~ACCESS_AHEAD; /* it is in no record */
		if (slot)
			return record_run(fault, VM_OK, begun);
		slot = arch_mmu_lookup_large(&fault->space->mmu, fault->va);
		kinds |= JOURNAL_LARGE;
	}
	keep_rounds(fault, begun);
	start_work(fault->wait);
	if (write_area(fault))
		begun = arch_instructions(); /* it counts for itself */
	if (fault->kind == FAULT_FILL && slot == fault->slot && fault->page) {
		if (fault_got_frame(fault))
			kinds |= fault_is_copy(fault) && fault_is_write(fault) ? 1u << FAULT_COW
									       : 0;
		else if (fault_is_write(fault))
			kinds |= 1u << FAULT_REMAP;
		else
			naround = fault->naround;
	}
	line = write_kinds(fault, kinds, slot, naround, fault_ends(fault));
	(void)end_work(fault->wait, line, begun);
	look_for_room();
	return VM_RECORDED;
}

/*
 * Most faults, without a call and a saved register: a thread's own, for which anonymous memory is mapped, or
 * copied, or stays.
 */
enum vm_outcome record_round(struct fault *fault, enum vm_outcome outcome)
{
	enum recorded_page page = RECORDED_PRIVATE;
	struct vm_wait *wait = fault->wait;
	struct journal_header *ring = journal;
	struct journal_record *line;
	uint64_t begun, work, last, before = 0;
	unsigned kinds;

	begun = arch_instructions();
	if (unlikely(outcome != VM_OK))
		return outcome == VM_PREPARE && !waited_for(fault)
			       ? record_prepare(fault, begun)
			       : record_other(fault, outcome, begun);
	if (unlikely(fault->va < fault->space->busy_end) || unlikely(!is_usual(fault)) ||
	    unlikely(fault->attr.object) || unlikely(waited_for(fault)))
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
	line = write_round(ring, fault, kinds, before,
			   recorded_present(entry_load(fault->slot), page),
			   count_rounds(fault, begun), 0, true);
	last = wait->record_number; /* now: the compiler still has it */
	work = arch_instructions() - begun + BESIDE;
	counter_add(&hart_this()->journal_work, work);
	if (unlikely(wait->object))
		work = journal_work() - wait->recorded_work;
	line->more = (uint32_t)work;
	if (unlikely(!journal_has_room(ring, last)))
		(void)journal_fills(0);
	return VM_RECORDED;
}

/* ---- the end of a fault ---- */

#define NOTE_WAITED 0x8000u /* it has waited */

/* What the fault has cost that has this trace record, without the journal. */
static uint32_t cost_of(const struct trace_fault *record, const struct vm_wait *wait, uint64_t now)
{
	uint32_t cost = (uint32_t)now - record->cost;
	uint64_t work = 0;

	if (wait->record)
		work = wait->record->more;
	else if (wait->object && wait->why == WAITS_FOR_JOURNAL)
		work = wait->recorded_work + (now - wait->recorded_at);
	else if (wait->object)
		work = journal_work() - wait->recorded_work;
	return cost - (uint32_t)MIN(work, (uint64_t)cost); /* two harts have different counts */
}

void fault_note(const struct space *space, const struct trace_fault *record,
		const struct vm_wait *wait, vaddr_t addr, unsigned access, int result, bool waited)
{
	uint64_t now = arch_instructions();
	unsigned kind = wait->kind < FAULT_KINDS ? wait->kind : JOURNAL_NO_KIND;
	struct journal_record own = { .type = JOURNAL_FAULT, .space = space->number };
	struct journal_record *line = wait->record ?: &own;

	if (wait->object && wait->why) /* a signal has ended it */
		write_wait(wait, wait->why, space->number, ALIGN_DOWN(addr, PAGE_SIZE), access);
	if (result && !(access & TRAP_COPY))
		result = os_layer.refused_result();
	line->what = (uint16_t)(access | kind << 8 | (waited ? NOTE_WAITED : 0));
	line->arg[0] = record ? record->pc : frame_pc(arch_thread_frame(arch_this_thread()));
	line->arg[2] = record ? record->time : 0;
	line->more = record ? cost_of(record, wait, now) : 0;
	line->arg[1] = addr;
	line->arg[3] = now << 16 | (uint16_t)result;
	if (line == &own) {
		journal_note(line);
		return;
	}
	line->time = arch_time();
	journal_publish(line, wait->record_number);
}
