/* SPDX-License-Identifier: MIT */
/* The journal's ring. */
#include "base/journal.h"

#include "arch/page.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "base/timerq.h"
#include "lib/string.h"
#include "sync/atomic.h"
#include "sync/spinlock.h"
#include "sync/waitq.h"

#define WORK_BESIDE	 50 /* instructions of calls, and of the count itself, that it does not see */
#define POLLS_PER_SECOND 1000 /* who waits for room looks so often: the reader cannot interrupt */

_Static_assert(sizeof(struct journal_record) == 64, "the format");
_Static_assert(offsetof(struct journal_header, head) == 64, "the format");
_Static_assert(offsetof(struct journal_header, tail) == 128, "the format");

struct journal_header *journal;

static struct spinlock journal_lock = SPINLOCK_INIT(LOCK_JOURNAL);
/* under journal_lock: */
static uint64_t claimed; /* records that are written or claimed */
static uint32_t nspaces;
static bool polling; /* the timer is armed */

static void (*running)(int32_t *pid_ret, int32_t *tid_ret);

static struct waitq room = WAITQ_INIT(room);
static struct timer poll_timer;

static bool has_stopped(void)
{
	return atomic_load(&journal->stop) != 0 || journal->ended != 0;
}

bool journal_has_queue(const struct waitq *queue)
{
	return queue == &room;
}

/* Is there room for n more, with half of the ring left over? */
static bool has_room(unsigned n)
{
	return has_stopped() || claimed - atomic_load(&journal->tail) + n <= journal->nrecords / 2;
}

static void poll_again(void)
{
	timer_arm(&poll_timer, arch_time() + clock_timebase() / POLLS_PER_SECOND);
}

static void poll_room(struct timer *timer)
{
	bool found;

	(void)timer;
	spin_lock_irqoff(&journal_lock);
	found = has_room(JOURNAL_CLAIM);
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
	header->ticks_per_second = clock_timebase();
	header->address = address;
	timer_init(&poll_timer, poll_room);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* the reader looks for the magic */
	memcpy(header->magic, JOURNAL_MAGIC, sizeof(JOURNAL_MAGIC));
	journal = header;
}

void journal_set_caller(void (*caller)(int32_t *pid_ret, int32_t *tid_ret))
{
	running = caller;
}

bool journal_claim(unsigned n)
{
	unsigned long irq = spin_lock_irqsave(&journal_lock);
	bool found = has_room(n);

	if (found)
		claimed += n;
	spin_unlock_irqrestore(&journal_lock, irq);
	return found;
}

void journal_give_back(unsigned n)
{
	unsigned long irq = spin_lock_irqsave(&journal_lock);

	claimed -= n;
	spin_unlock_irqrestore(&journal_lock, irq);
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
	__atomic_fetch_add(&journal->waits, 1, __ATOMIC_RELAXED);
	if (!was)
		poll_again();
	return &room;
}

static void append(const struct journal_record *record)
{
	struct journal_record *ring = (void *)((char *)journal + PAGE_SIZE), *to;
	uint64_t head = journal->head;

	if (has_stopped()) {
		claimed--;
		return;
	}
	to = &ring[head % journal->nrecords];
	*to = *record;
	to->hart = (uint8_t)hart_this()->index;
	to->time = arch_time();
	running(&to->pid, &to->tid);
	__atomic_store_n(&to->seq, (uint32_t)head + 1, __ATOMIC_RELEASE);
	__atomic_store_n(&journal->head, head + 1, __ATOMIC_RELEASE);
}

void journal_write(const struct journal_record *record)
{
	unsigned long irq = spin_lock_irqsave(&journal_lock);

	append(record);
	spin_unlock_irqrestore(&journal_lock, irq);
}

bool journal_write_now(const struct journal_record *record)
{
	unsigned long irq = spin_lock_irqsave(&journal_lock);
	bool fills;

	if (claimed++ - atomic_load(&journal->tail) >= journal->nrecords)
		__atomic_store_n(&journal->ended, 1, __ATOMIC_RELEASE);
	append(record);
	fills = !has_room(0);
	spin_unlock_irqrestore(&journal_lock, irq);
	return fills;
}

bool journal_is_fine(void)
{
	unsigned long irq = spin_lock_irqsave(&journal_lock);
	bool fine = has_room(0);

	spin_unlock_irqrestore(&journal_lock, irq);
	return fine;
}

uint64_t journal_work_end(uint64_t begun)
{
	uint64_t end = arch_instructions() + WORK_BESIDE;

	counter_add(&hart_this()->journal_work, end - begun);
	return end;
}

uint64_t journal_work(void)
{
	return counter_read(&hart_this()->journal_work);
}

int32_t journal_pid(void)
{
	int32_t pid, tid;

	running(&pid, &tid);
	return pid;
}

uint32_t journal_new_space(void)
{
	unsigned long irq = spin_lock_irqsave(&journal_lock);
	uint32_t number = ++nspaces;

	spin_unlock_irqrestore(&journal_lock, irq);
	return number;
}
