/* SPDX-License-Identifier: MIT */
/* The journal: what a machine does with memory, written for a reader outside of it (docs/journal.md). */
#pragma once

#include "lib/bits.h"
#include "lib/types.h"

struct waitq;

/* The format, which docs/journal.md describes. A change of it needs another version. */
#define JOURNAL_MAGIC	"Faultline/journal" /* 18 bytes with its NUL */
#define JOURNAL_VERSION 2

enum journal_type {
	JOURNAL_ROUND = 1, /* a round of a fault has changed an entry, or refused the access */
	JOURNAL_AROUND,	   /* the same round has mapped another page of the object */
	JOURNAL_FAULT,	   /* a fault of a thread is over */
	JOURNAL_BEGIN,	   /* a thread begins, of an old process or of a new one */
	JOURNAL_EXEC,	   /* a process has another program, and a space of its own */
	JOURNAL_END,	   /* a thread ends */
	JOURNAL_ENTRY,	   /* an entry has changed otherwise */
	JOURNAL_CLEAR,	   /* the entries of a range were cleared */
	JOURNAL_DOWNGRADE, /* they have lost permissions */
	JOURNAL_COPY_OF,   /* fork has copied them from the parent */
	JOURNAL_MOVE,	   /* mremap has moved them */
	JOURNAL_AREA,	   /* a range has another VMA, or part of one */
	JOURNAL_NO_AREA,   /* nothing is mapped in a range */
	JOURNAL_OOM,	   /* memory has run out, and a process was chosen to be killed */
	JOURNAL_SUPPLY,	   /* a page of an object has its bytes */
	JOURNAL_MARK,	   /* a program has marked an instant */
};

/* What is behind a VMA. */
enum journal_backing {
	JOURNAL_ANON,
	JOURNAL_FILE,
	JOURNAL_MEMORY, /* shared memory without a file, or a memfd */
	JOURNAL_DEVICE,
	JOURNAL_KERNEL = 5, /* a page of the kernel's own */
};

/* The kind of a fault that was given up before anything was looked at. */
#define JOURNAL_NO_KIND 127

#define JOURNAL_NAME 16 /* bytes of a name: two words of a record */

struct journal_record {
	uint32_t seq; /* its number and 1, so that no record is 0; written last */
	uint8_t type; /* JOURNAL_* */
	uint8_t hart;
	uint16_t what;	/* depends on the type, as `more` and `arg` do */
	uint32_t space; /* number of the address space; 0: none */
	int32_t pid, tid;
	uint32_t more;
	uint64_t time; /* ticks */
	uint64_t arg[4];
};

/* On a page of its own, before the records. Each of the writers of it has a line of the cache. */
struct journal_header {
	char magic[24];
	uint32_t version, record_bytes;
	uint64_t nrecords;	   /* of the ring */
	uint64_t ticks_per_second; /* of `time` */
	uint64_t address;	   /* its own physical one: what says otherwise is a copy */
	uint64_t spare;
	/* by the kernel: */
	uint64_t head;	/* records written so far; atomic */
	uint64_t waits; /* how often a thread has waited for room; atomic */
	uint64_t ended; /* 1: there was no room for a change, and nothing more is written; atomic */
	uint64_t spare_kernel[5];
	/* by the reader: */
	uint64_t tail; /* records read so far; atomic */
	uint64_t stop; /* 1: it reads no more; atomic */
};

/* The ring, or NULL if nothing is recorded. Set at boot. */
extern struct journal_header *journal;

static inline bool journal_is_on(void)
{
	return unlikely(journal != NULL);
}

/*
 * Starts the journal in zeroed memory of so many bytes, at least JOURNAL_LEAST, which belong to it
 * from then on; `address` is the physical one. Call before there are threads.
 */
#define JOURNAL_LEAST 8192
void journal_start(void *memory, size_t nbytes, paddr_t address);

/*
 * Every record needs room that was claimed before, so that nothing is lost: journal_claim() takes room
 * for n records, at most JOURNAL_CLAIM, or returns false if there is none now. Then the caller waits on
 * the queue that journal_await() returns, with the sequence that it samples, and claims again. What was
 * claimed and not written is given back. Once the reader has stopped, there is always room, and
 * nothing is written. All may be called with spinning locks held, but who waits must hold none.
 */
#define JOURNAL_CLAIM 20
bool journal_claim(unsigned n);
void journal_give_back(unsigned n);
struct waitq *journal_await(uint64_t *seq_ret);

/* Is it that queue? */
bool journal_has_queue(const struct waitq *queue);

/* Sets the function that tells the running process and thread. Called by proc. */
void journal_set_caller(void (*caller)(int32_t *pid_ret, int32_t *tid_ret));

/* Writes a record into room that was claimed; sets seq, hart, time, pid and tid. */
void journal_write(const struct journal_record *record);

/*
 * Half of the ring is kept for what cannot wait, because its writer holds a lock. This writes a record
 * without a claim. Returns whether more than half is full: the caller then has its thread wait as
 * soon as that may (journal_await() until journal_is_fine()). If there is no room at all, the
 * journal ends.
 */
bool journal_write_now(const struct journal_record *record);

/* Has the reader kept up, so that half of the ring is free? */
bool journal_is_fine(void);

/*
 * The journal's own instructions are counted on each hart, so that the cost of a fault can leave them out.
 * journal_work_end() adds those since arch_instructions() was `begun`, and returns what that is when the
 * journal is done.
 */
uint64_t journal_work_end(uint64_t begun);
uint64_t journal_work(void); /* of this hart, up to now */

/* Returns the pid of the running process, or 0. */
int32_t journal_pid(void);

/* Returns the number of a new address space. */
uint32_t journal_new_space(void);
