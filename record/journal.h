/* SPDX-License-Identifier: MIT */
/* The journal: what a machine does with memory, written for a reader outside of it (docs/journal.md). */
#pragma once

#include "arch/hart.h"
#include "arch/page.h"
#include "arch/timer.h"
#include "base/hart.h"
#include "lib/bits.h"
#include "lib/types.h"
#include "sync/atomic.h"

struct waitq;

/* The format, which docs/journal.md describes. A change of it needs another version. */
#define JOURNAL_MAGIC	"Faultline/journal" /* 18 bytes with its NUL */
#define JOURNAL_VERSION 4

enum journal_type {
	JOURNAL_ROUND = 1, /* a round of a fault has changed an entry, or refused the access */
	JOURNAL_AROUND, /* which pages a round has mapped around its own: struct journal_around */
	JOURNAL_FAULT,	/* a fault of a thread is over */
	JOURNAL_BEGIN,	/* a thread begins, of an old process or of a new one */
	JOURNAL_EXEC,	/* a process has another program, and a space of its own */
	JOURNAL_END,	/* a thread ends */
	JOURNAL_ENTRY,	/* an entry has changed otherwise */
	JOURNAL_CLEAR,	/* the entries of a range were cleared */
	JOURNAL_DOWNGRADE, /* they have lost permissions */
	JOURNAL_COPY_OF,   /* fork has copied them from the parent */
	JOURNAL_MOVE,	   /* mremap has moved them */
	JOURNAL_AREA,	   /* a range has another VMA, or part of one */
	JOURNAL_NO_AREA,   /* nothing is mapped in a range */
	JOURNAL_OOM,	   /* memory has run out, and a process was chosen to be killed */
	JOURNAL_SUPPLY,	   /* a page of an object has its bytes */
	JOURNAL_MARK,	   /* a program has marked an instant */
	JOURNAL_WAIT,	   /* a fault has waited, and goes on */
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
	uint64_t who;	/* pid, and above it tid, of the thread that has written it */
	uint32_t space; /* number of the address space; 0: none */
	uint32_t more;
	uint64_t time; /* ticks */
	uint64_t arg[4];
};

/* ROUND: the FAULT record comes next, but for AROUNDs. It is written when the fault is over. */
#define JOURNAL_ENDS 0x8000u

/* AROUND follows its ROUND, and is about the same space. */
#define JOURNAL_FRAMES 12
struct journal_around {
	uint32_t seq;
	uint8_t type, hart;
	uint16_t pages; /* a bit for each page from the address on */
	uint64_t entry; /* the address, and in its low bits all of their entries but the frame */
	uint32_t frames[JOURNAL_FRAMES]; /* of the pages in order */
};

/* On a page of its own, before the records. Each of the writers of it has a line of the cache. */
struct journal_header {
	/* const: */
	char magic[24];
	uint32_t version, record_bytes;
	uint64_t nrecords;	   /* of the ring */
	uint64_t ticks_per_second; /* of `time` */
	uint64_t address;	   /* its own physical one: what says otherwise is a copy */
	uint64_t spare;
	/* atomic, written by the kernel: */
	uint64_t head;	/* records that were written or begun so far */
	uint64_t waits; /* how often a thread has waited for room */
	uint64_t ended; /* 1: there was no room for a change, and nothing more is written */
	int64_t until;	/* there is room for faults until `head` is more than this */
	uint64_t spare_kernel[4];
	/* atomic, written by the reader: */
	uint64_t tail; /* records read so far */
	uint64_t stop; /* 1: it reads no more */
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

/* Another hart is about to begin. Call at boot. */
void journal_add_hart(void);

/*
 * Half of the ring is kept for what cannot wait, because its writer holds a lock. Everything else first
 * looks whether there is room in the other half, so that nothing is lost. If there is none, the thread
 * waits on the queue that journal_await() returns, with the sequence that it samples, and looks again.
 * Between the look and the writing preemption is off; room for what is written later is claimed. Once
 * the journal is over, nothing is written any more. All may be called with spinning locks held, but who
 * waits must hold none.
 */
#define JOURNAL_MOST 4 /* records that a fault needs room for */

/* Looks what the reader has read since. */
bool journal_finds_room(void);

/* Is there room for the records of a fault? Not if the journal is over. */
static inline bool journal_has_room_yet(void) /* as far as is known */
{
	const struct journal_header *ring = journal;

	return likely((int64_t)atomic_load_relaxed(&ring->head) <=
		      atomic_load_relaxed(&ring->until));
}

static inline bool journal_has_room(void)
{
	return journal_has_room_yet() || journal_finds_room();
}

/* Has the journal ended, or does the reader read no more? Call if there is no room. */
bool journal_is_over(void);

struct waitq *journal_await(uint64_t *seq_ret);

/* Is it that queue? */
bool journal_has_queue(const struct waitq *queue);

/* Claims room for a fault's records, after journal_has_room(), and gives it back. */
static inline void journal_claim(void)
{
	counter_add(&journal->until, -JOURNAL_MOST);
}

static inline void journal_give_back(void)
{
	counter_add(&journal->until, JOURNAL_MOST);
}

/*
 * For writers in place: takes n records, one after the other, in room that was looked for. The order of
 * records is that of these calls, on whatever hart. Returns the number of the first. The reader waits for
 * each until it is published, so its writer must not wait for anything meanwhile.
 */
static inline uint64_t journal_take(struct journal_header *ring, unsigned n)
{
	return __atomic_fetch_add(&ring->head, n, __ATOMIC_RELAXED);
}

/* The place of the record of that number. */
static inline struct journal_record *journal_place(struct journal_header *ring, uint64_t number)
{
	return (struct journal_record *)((char *)ring + PAGE_SIZE) + number % ring->nrecords;
}

/* The record is complete. */
static inline void journal_publish(struct journal_record *record, uint64_t number)
{
	atomic_store(&record->seq, (uint32_t)number + 1);
}

/* Writes a record; sets seq, hart, time and who. Returns false if there is no room. */
bool journal_write(const struct journal_record *record);

/*
 * Writes a record without a look for room. Returns whether more than half of the ring is full: the caller
 * then has its thread wait as soon as that may (journal_await() until journal_is_fine()). If there is no
 * room at all, the journal ends.
 */
bool journal_write_now(const struct journal_record *record);

/* Has the reader kept up, so that half of the ring is free? */
bool journal_is_fine(void);

/*
 * The journal's own instructions are counted on each hart, so that the cost of a fault can leave them out.
 * journal_work_end() adds those since arch_instructions() was `begun`, and returns what that is when the
 * journal is done. `beside`: those that it does not see.
 */
static inline uint64_t journal_work_end(uint64_t begun, unsigned beside)
{
	uint64_t end = arch_instructions() + beside;

	counter_add(&hart_this()->journal_work, end - begun);
	return end;
}

static inline uint64_t journal_work(void) /* of this hart, up to now */
{
	return counter_read(&hart_this()->journal_work);
}

/* Returns the pid of the running process, or 0. */
int32_t journal_pid(void);

/* Returns the number of a new address space. */
uint32_t journal_new_space(void);
