/* SPDX-License-Identifier: MIT */
/* Writes what threads and processes do to the journal. */
#include "record/note.h"

#include "arch/context.h"
#include "lib/string.h"
#include "mm/space/space.h"

/* pid and tid, as in struct journal_record */
#define TID(who) ((who) >> 32)
#define PID(who) ((uint32_t)(who))

void journal_note_begin(const struct arch_thread *thread, const struct space *space, uint64_t flags,
			bool begun)
{
	struct journal_record record = {
		.type = begun ? JOURNAL_BEGIN : JOURNAL_END,
		.space = space->number,
		.arg = { TID(thread->who), PID(thread->who), flags },
	};

	journal_note(&record);
}

void journal_note_exec(const struct space *space, const char name[JOURNAL_NAME])
{
	struct journal_record record = { .type = JOURNAL_EXEC, .space = space->number };

	memcpy(record.arg, name, JOURNAL_NAME);
	journal_note(&record);
}

void journal_note_mark(const struct space *space, unsigned which, const char *text, size_t nbytes)
{
	struct journal_record record = {
		.type = JOURNAL_MARK,
		.what = (uint16_t)which,
		.space = space->number,
		.more = (uint32_t)nbytes,
	};

	_Static_assert(sizeof(record.arg) == JOURNAL_MARK_BYTES, "the text fills the record");
	memcpy(record.arg, text, nbytes);
	journal_note(&record);
}

void journal_note_end(const struct space *space, int status, bool all)
{
	uint64_t who = arch_this_thread()->who;
	struct journal_record record = {
		.type = JOURNAL_END,
		.space = space->number,
		.what = all,
		.more = (uint32_t)status,
		.arg = { TID(who), PID(who) },
	};

	journal_note(&record);
}

void journal_note_oom(const struct space *victim, int pid)
{
	struct journal_record record = {
		.type = JOURNAL_OOM,
		.space = victim->number,
		.arg = { (uint64_t)pid, atomic_load_relaxed(&victim->resident) },
	};

	journal_write(&record);
}
