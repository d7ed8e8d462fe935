/* SPDX-License-Identifier: MIT */
/* The journal's ring. */
#include "record/journal.h"

#include "arch/context.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "lib/string.h"
#include "sync/preempt.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

#define POLLS_PER_SECOND 1000 /* who waits for room looks so often: the reader cannot interrupt */

#define OVER (INT64_MIN / 2) /* `until` when nothing is written any more, whatever is given back */

_Static_assert(sizeof(struct journal_record) == 64, "the format");
_Static_assert(sizeof(struct journal_around) == 64, "the format");
_Static_assert(offsetof(struct journal_header, head) == 64, "the format");
_Static_assert(offsetof(struct journal_header, tail) == 128, "the format");

struct journal_header *journal; /* const after boot */

static struct spinlock journal_lock = SPINLOCK_INIT(LOCK_JOURNAL);
/* under journal_lock: */
static bool polling;   /* the timer is armed */
static uint64_t known; /* what the reader had read when `until` was last made larger */

static uint32_t nspaces; /* atomic */

static uint64_t
	reserve; /* records that other harts may write after the same look for room; set at boot */

static struct waitq room = WAITQ_INIT(room);
static struct timer poll_timer; /* armed under journal_lock */

bool journal_is_over(void)
{
	if (atomic_load(&journal->stop))
		atomic_store_relaxed(&journal->until, OVER);
	return atomic_load_relaxed(&journal->until) < OVER / 2;
}

bool journal_finds_room(void)
{
	unsigned long irq = spin_lock_irqsave(&journal_lock);
	uint64_t tail = atomic_load(&journal->tail);

	counter_add(&journal->until, (int64_t)(tail - known));
	known = tail;
	spin_unlock_irqrestore(&journal_lock, irq);
	return (int64_t)atomic_load_relaxed(&journal->head) <= atomic_load_relaxed(&journal->until);
}

bool journal_has_queue(const struct waitq *queue)
{
	return queue == &room;
}

bool journal_is_fine(void)
{
	return journal_has_room() || journal_is_over();
}

static void poll_again(void)
{
	timer_arm(&poll_timer, arch_time() + clock_timebase() / POLLS_PER_SECOND);
}

static void poll_room(struct timer *timer)
{
	bool found = journal_is_fine();

	(void)timer;
	spin_lock_irqoff(&journal_lock);
	polling = !found;
	spin_unlock_irqoff(&journal_lock);
	if (found)
		(void)waitq_wake_all(&room);
	else
		poll_again();
}

void journal_start(void *memory, size_t nbytes, paddr_t address)
{
	struct journal_header *header = memory;

	header->version = JOURNAL_VERSION;
	header->record_bytes = sizeof(struct journal_record);
	header->nrecords = (nbytes - PAGE_SIZE) / sizeof(struct journal_record);
	header->until = (int64_t)header->nrecords / 2 - JOURNAL_MOST;
	header->ticks_per_second = clock_timebase();
	header->address = address;
	timer_init(&poll_timer, poll_room);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* the reader looks for the magic */
	memcpy(header->magic, JOURNAL_MAGIC, sizeof(JOURNAL_MAGIC));
	journal = header;
}

void journal_add_hart(void)
{
	reserve += JOURNAL_MOST;
}

struct waitq *journal_await(uint64_t *seq_ret)
{
	unsigned long irq;
	bool was;

	*seq_ret = waitq_sample(&room);
	irq = spin_lock_irqsave(&journal_lock);
	was = polling;
	polling = true;
	spin_unlock_irqrestore(&journal_lock, irq);
	counter_add(&journal->waits, 1);
	if (!was)
		poll_again();
	return &room;
}

/* Is there no place for the record of that number? */
static bool is_full(uint64_t number)
{
	return number + reserve - atomic_load_relaxed(&journal->tail) >= journal->nrecords;
}

static void append(const struct journal_record *record)
{
	uint64_t number = journal_take(journal, 1);
	struct journal_record *to = journal_place(journal, number);

	if (unlikely(is_full(number))) {
		atomic_store_relaxed(&journal->until, OVER);
		atomic_store(&journal->ended, 1);
		return;
	}
	memcpy((char *)to + sizeof(to->seq), (const char *)record + sizeof(to->seq),
	       sizeof(*to) - sizeof(to->seq));
	to->hart = (uint8_t)hart_this()->index;
	to->time = arch_time();
	to->who = arch_this_thread()->who;
	journal_publish(to, number);
}

bool journal_write(const struct journal_record *record)
{
	bool fine;

	preempt_disable();
	fine = journal_has_room();
	if (likely(fine))
		append(record);
	preempt_enable();
	return fine || journal_is_over();
}

bool journal_write_now(const struct journal_record *record)
{
	bool fine;

	preempt_disable();
	fine = journal_has_room();
	if (likely(fine) || !journal_is_over())
		append(record);
	preempt_enable();
	return !fine;
}

int32_t journal_pid(void)
{
	return (int32_t)arch_this_thread()->who;
}

uint32_t journal_new_space(void)
{
	return __atomic_add_fetch(&nspaces, 1, __ATOMIC_RELAXED);
}
