/* SPDX-License-Identifier: MIT */
/* The journal's ring. */
#include "record/journal.h"

#include "arch/context.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/timerq.h"
#include "lib/string.h"
#include "mm/host.h"
#include "mm/phys/page_alloc.h"
#include "mm/record.h"
#include "record/change.h"
#include "record/fault.h"
#include "sync/preempt.h"
#include "sync/spinlock.h"

#define LEAST		 8192 /* bytes of a ring, with its header */
#define POLLS_PER_SECOND 1000 /* who waits for room looks so often: the reader cannot interrupt */

_Static_assert(sizeof(struct journal_record) == 64, "the format");
_Static_assert(sizeof(struct journal_around) == 64, "the format");
_Static_assert(sizeof(struct journal_run) == 64, "the format");
_Static_assert(offsetof(struct journal_header, head) == 64, "the format");
_Static_assert(offsetof(struct journal_header, tail) == 128, "the format");

struct journal_header *journal; /* const after boot */

/* Guards `until`, mm_record.full and mm_record.over, and that the timer is armed if the first is set and the second is not. */
static struct spinlock journal_lock = SPINLOCK_INIT(LOCK_JOURNAL);
static struct timer poll_timer; /* armed under journal_lock, or just after it */

/* Looks what the reader has read, and whether it reads no more. Returns whether threads have to wait for it. */
static bool look_again(void)
{
	int64_t until = (int64_t)(atomic_load(&journal->tail) + journal->nrecords / 2);

	assert_hardened(spin_lock_held(&journal_lock));
	if (atomic_load(&journal->stop))
		mm_record.over = true;
	atomic_store_relaxed(&journal->until, mm_record.over ? INT64_MIN : until);
	return !mm_record.over && (int64_t)atomic_load_relaxed(&journal->head) > until;
}

static void poll_again(void)
{
	timer_arm(&poll_timer, arch_time() + clock_timebase() / POLLS_PER_SECOND);
}

static void poll_room(struct timer *timer)
{
	bool full;

	(void)timer;
	spin_lock_irqoff(&journal_lock);
	full = look_again();
	atomic_store_relaxed(&mm_record.full, full || mm_record.over);
	spin_unlock_irqoff(&journal_lock);
	if (full)
		poll_again();
	else
		(void)waitq_wake_all(&mm_record.room);
}

bool journal_fills(uint64_t number)
{
	unsigned long irq = spin_lock_irqsave(&journal_lock);
	uint64_t last = number + (uint64_t)hart_count * JOURNAL_MOST; /* rounds of other harts */
	bool full = look_again(), was_full = mm_record.full, over;

	if (full && (int64_t)(last - journal->tail) >= (int64_t)journal->nrecords) {
		atomic_store(&journal->ended, 1);
		mm_record.over = true;
	}
	over = mm_record.over;
	atomic_store_relaxed(&mm_record.full, full || was_full || over);
	spin_unlock_irqrestore(&journal_lock, irq);
	if (full && !was_full)
		poll_again();
	return !over;
}

/* The ring is one piece of memory: it is found by its first bytes. */
void journal_start(unsigned kib)
{
	size_t nbytes = MAX((size_t)kib << 10, (size_t)LEAST);
	struct journal_header *header;
	struct page *page = NULL;
	unsigned order = 0;

	while (order < PAGE_ORDER_MAX && (size_t)PAGE_SIZE << order < nbytes)
		order++;
	nbytes = MAX(nbytes, (size_t)PAGE_SIZE << order);
	if ((size_t)PAGE_SIZE << order == nbytes)
		page = page_alloc(order, PAGE_KERNEL, PAGE_NORMAL);
	if (!page) {
		log_error("boot",
			  "no %u KiB of memory in one piece for the journal: nothing is recorded",
			  kib);
		return;
	}
	header = page_address(page);
	memset(header, 0, nbytes);
	header->version = JOURNAL_VERSION;
	header->record_bytes = sizeof(struct journal_record);
	header->nrecords = (nbytes - PAGE_SIZE) / sizeof(struct journal_record);
	header->until = (int64_t)header->nrecords / 2;
	header->ticks_per_second = clock_timebase();
	header->address = page_to_paddr(page);
	timer_init(&poll_timer, poll_room);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* the reader looks for the magic */
	memcpy(header->magic, JOURNAL_MAGIC, sizeof(JOURNAL_MAGIC));
	journal = header;
	mm_record.round = record_round;
	mm_record.changed = record_change;
}

void journal_write(const struct journal_record *record)
{
	uint64_t number;

	preempt_disable();
	number = journal_take(journal, 1);
	if (likely(journal_has_room(journal, number)) || journal_fills(number)) {
		struct journal_record *to = journal_place(journal, number);

		memcpy((char *)to + sizeof(to->seq), (const char *)record + sizeof(to->seq),
		       sizeof(*to) - sizeof(to->seq));
		to->hart = (uint8_t)hart_this()->index;
		to->time = arch_time();
		to->who = arch_this_thread()->who;
		journal_publish(to, number);
	}
	if (unlikely(mm_record.full))
		__atomic_fetch_or(&arch_this_thread()->work, ARCH_WORK_JOURNAL, __ATOMIC_RELAXED);
	preempt_enable();
}

void journal_wait(void)
{
	for (;;) {
		uint64_t seq = waitq_sample(&mm_record.room);

		if (!atomic_load_relaxed(&mm_record.full) || atomic_load_relaxed(&mm_record.over))
			return;
		counter_add(&journal->waits, 1);
		mm_host.wait_always(&mm_record.room, seq);
	}
}

void journal_note(const struct journal_record *record)
{
	journal_wait();
	journal_write(record);
}

void journal_catch_up(void)
{
	unsigned long *work = &arch_this_thread()->work;

	if (!(atomic_load_relaxed(work) & ARCH_WORK_JOURNAL))
		return;
	__atomic_fetch_and(work, ~ARCH_WORK_JOURNAL, __ATOMIC_RELAXED);
	journal_wait();
}
