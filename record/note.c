/* SPDX-License-Identifier: MIT */
/* Writes what threads and processes do to the journal. */
#include "record/note.h"

#include "base/hart.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "proc/uspace.h"
#include "proc/wait.h"

_Static_assert(THREAD_NAME_LEN == 16, "a name is two words of a record");

void journal_note(const struct journal_record *record)
{
	uint64_t seq;

	while (!journal_write(record)) {
		struct waitq *queue = journal_await(&seq);

		thread_wait_always(queue, seq);
	}
}

/* Returns the number of a process's space, or 0. */
static uint32_t number_of_space(const struct process *process)
{
	return process->uspace ? process->uspace->space.number : 0;
}

void journal_note_begin(const struct thread *thread, uint64_t flags, bool begun)
{
	const struct process *process = thread->process;
	struct journal_record record = {
		.type = begun ? JOURNAL_BEGIN : JOURNAL_END,
		.space = number_of_space(process),
		.arg = { (uint64_t)thread->tid, (uint64_t)process->pid, flags },
	};

	journal_note(&record);
}

void journal_note_exec(void)
{
	const struct thread *thread = current_thread();
	struct journal_record record = {
		.type = JOURNAL_EXEC,
		.space = number_of_space(thread->process),
	};

	memcpy(record.arg, thread->name, THREAD_NAME_LEN);
	journal_note(&record);
}

void journal_note_mark(unsigned which, const char *text, size_t nbytes)
{
	const struct thread *thread = current_thread();
	struct journal_record record = {
		.type = JOURNAL_MARK,
		.what = (uint16_t)which,
		.space = number_of_space(thread->process),
		.more = (uint32_t)nbytes,
	};

	_Static_assert(sizeof(record.arg) == JOURNAL_MARK_BYTES, "the text fills the record");
	memcpy(record.arg, text, nbytes);
	journal_note(&record);
}

void journal_note_end(int status, bool all)
{
	const struct thread *thread = current_thread();
	struct journal_record record = {
		.type = JOURNAL_END,
		.space = number_of_space(thread->process),
		.what = all,
		.more = (uint32_t)status,
		.arg = { (uint64_t)thread->tid, (uint64_t)thread->process->pid },
	};

	journal_note(&record);
}

void journal_note_oom(const struct process *victim)
{
	struct journal_record record = {
		.type = JOURNAL_OOM,
		.space = number_of_space(victim),
		.arg = { (uint64_t)victim->pid,
			 atomic_load_relaxed(&victim->uspace->space.resident) },
	};

	if (journal_write_now(&record))
		journal_owe();
}

void journal_owe(void)
{
	struct thread *thread = hart_this()->current;

	if (thread)
		__atomic_fetch_or(&thread->arch.work, ARCH_WORK_JOURNAL, __ATOMIC_RELAXED);
}

void journal_catch_up(void)
{
	struct thread *thread = current_thread();
	uint64_t seq;

	if (!(atomic_load_relaxed(&thread->arch.work) & ARCH_WORK_JOURNAL))
		return;
	__atomic_fetch_and(&thread->arch.work, ~ARCH_WORK_JOURNAL, __ATOMIC_RELAXED);
	while (!journal_is_fine()) {
		struct waitq *queue = journal_await(&seq);

		thread_wait_always(queue, seq);
	}
}
