/* SPDX-License-Identifier: MIT */
/* What threads and processes do, for the journal. Call if journal_is_on(); all but the last with no spinning lock held. */
#pragma once

#include "record/journal.h"

struct arch_thread;
struct space;

/* A thread of that space is about to begin; begun: false if it was not started after all. */
void journal_note_begin(const struct arch_thread *thread, const struct space *space, uint64_t flags,
			bool begun);

/* The running process has another program, and a space of its own. */
void journal_note_exec(const struct space *space, const char name[JOURNAL_NAME]);

/* The running program marks an instant: one of FAULTLINE_MARK_*, and a text of up to 32 bytes. */
#define JOURNAL_MARK_BYTES 32
void journal_note_mark(const struct space *space, unsigned which, const char *text, size_t nbytes);

/* The running thread ends; the status is its own, or the signal that kills the process. */
void journal_note_end(const struct space *space, int status, bool all);

/* A process was chosen to be killed for its memory, which is that space. */
void journal_note_oom(const struct space *victim, int pid);
