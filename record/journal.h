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

/* The format, which docs/journal.md describes. A change of it needs another version. */
#define JOURNAL_MAGIC	"Faultline/journal" /* 18 bytes with its NUL */
#define JOURNAL_VERSION 5

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
	JOURNAL_RUN,	   /* pages ahead of a fault are there: struct journal_run */
	JOURNAL_RAISE,	   /* the entries of a range may be written, and are not copy-on-write */
	JOURNAL_SPLIT,	   /* a large entry has become entries of pages */
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

/* ROUND and ENTRY: the entries are large ones, which map 2 MiB from their first frame on. */
#define JOURNAL_LARGE 0x4000u

/* RUN: all of their entries but the frame are alike. */
#define JOURNAL_RUN_FRAMES 6
struct journal_run {
	uint32_t seq;
	uint8_t type, hart;
	uint16_t what; /* 1: all have the first of the frames */
	uint64_t who;
	uint32_t space;
	uint32_t pages; /* how many */
	uint64_t time;
	uint64_t entry; /* the address of the first, and the low bits of an entry */
	uint32_t frames[JOURNAL_RUN_FRAMES];
};

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
	int64_t until;	/* half of the ring is free until `head` is more than this */
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

/* Starts it in a ring of so many KiB. Without memory for it, the log says so, and nothing is recorded. Call before there are threads. */
void journal_start(unsigned kib);

/*
 * Half of the ring is kept for what cannot wait, because its writer holds a lock. Everything else waits until the other half
 * has room (mm_record.full): faults before they change anything (mm/fault/fault_record.h), threads before they write by
 * journal_note(). Who fills more than half with a lock held waits later (journal_catch_up()). If there is no room at all,
 * the journal is over: nothing is written any more. So it is when the reader stops.
 */

/*
 * For writers in place: takes n records, one after the other. The order of records is that of these calls, on whatever
 * hart. Returns the number of the first. The reader waits for each until it is published, so its writer must not wait for
 * anything meanwhile. It goes on with journal_fills() if there is no room any more behind the last one.
 */
static inline uint64_t journal_take(struct journal_header *ring, unsigned n)
{
	return __atomic_fetch_add(&ring->head, n, __ATOMIC_RELAXED);
}

/* Is half of the ring free, as far as is known, if the record of that number is the last? */
static inline bool journal_has_room(const struct journal_header *ring, uint64_t number)
{
	return likely((int64_t)number < atomic_load_relaxed(&ring->until));
}

/*
 * There is no room, as far as is known: looks, and has waiters wait. Returns false if the journal is over, or is so now because
 * the record of that number has no place. 0: those written have. A fault that has begun always finds place for the records of
 * its round.
 */
#define JOURNAL_MOST 4 /* records of a round */
bool journal_fills(uint64_t number);

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

/* Writes a record; sets seq, hart, time and who. If more than half of the ring is full, the running thread waits later. */
void journal_write(const struct journal_record *record);

/* Waits until half of the ring is free. Not even a kill ends the wait: the reader is outside of the machine. */
void journal_wait(void);

/* Waits, and writes a record. */
void journal_note(const struct journal_record *record);

/* Waits, if the running thread has to since it has written with a lock held. */
void journal_catch_up(void);

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
