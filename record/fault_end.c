/* SPDX-License-Identifier: MIT */
/* Writes faults that are over to the journal. */
#include "record/fault_end.h"

#include "arch/context.h"
#include "arch/timer.h"
#include "arch/upcall.h"
#include "base/os_layer.h"
#include "lib/bits.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "proc/uspace.h"
#include "record/note.h"
#include "record/round.h"

#define NOTE_WAITED 0x8000u /* it has waited */

/* What the fault has cost that has this trace record, without the journal. */
static uint32_t cost_of(const struct trace_fault *record, const struct vm_wait *wait, uint64_t now)
{
	uint64_t work = wait->object ? fault_record_work(wait) : 0;
	uint32_t cost = (uint32_t)now - record->cost;

	if (wait->record)
		work = wait->record->more;
	return cost - (uint32_t)MIN(work, (uint64_t)cost); /* two harts have different counts */
}

void fault_note(const struct trace_fault *record, const struct vm_wait *wait, vaddr_t addr,
		unsigned access, int result, bool waited)
{
	uint64_t now = arch_instructions();
	unsigned kind = wait->kind < FAULT_KINDS ? wait->kind : JOURNAL_NO_KIND;
	struct journal_record own = { .type = JOURNAL_FAULT, .space = current_space()->number };
	struct journal_record *line = wait->record ?: &own;

	if (fault_is_waiting(wait)) /* a signal has ended it */
		fault_record_wait(wait, current_space()->number, ALIGN_DOWN(addr, PAGE_SIZE),
				  access);
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
