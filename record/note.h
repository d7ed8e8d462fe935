/* SPDX-License-Identifier: MIT */
/* What threads and processes do, for the journal (record/journal.h). */
#pragma once

#include "record/journal.h"

struct process;
struct thread;

/*
 * Writes a record of the running thread's; waits for room, and not even a kill ends the wait: the
 * reader is outside of the machine. Call if journal_is_on(), with no spinning lock held.
 */
void journal_note(const struct journal_record *record);

/* A thread is about to begin; begun: false if it was not started after all. */
void journal_note_begin(const struct thread *thread, uint64_t flags, bool begun);

/* The running process has another program. */
void journal_note_exec(void);

/* The running program marks an instant: one of FAULTLINE_MARK_*, and a text of up to 32 bytes. */
#define JOURNAL_MARK_BYTES 32
void journal_note_mark(unsigned which, const char *text, size_t nbytes);

/* The running thread ends; the status is its own, or the signal that kills the process. */
void journal_note_end(int status, bool all);

/* A process was chosen to be killed for its memory. Does not wait: may be called with spinning locks held. */
void journal_note_oom(const struct process *victim);

/* The journal is half full: the running thread has to wait in journal_catch_up(). */
void journal_owe(void);

/* Waits until the reader has caught up, if the thread has to. Call with no spinning lock held. */
void journal_catch_up(void);
