/* SPDX-License-Identifier: MIT */
/* Events in the midst of a poll: no look and no sleep may miss them. */
#include "tests/kernel/late_event.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/poll.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "desc/fdtable.h"
#include "desc/file.h"
#include "desc/pipe.h"
#include "desc/poll.h"
#include "mm/fault/user_copy.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/interleave.h"
#include "sync/irq.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "trap/poll_set.h"

#ifdef FAULTLINE_HARDENED

#define BUFFER 0x40000ul

static const struct thread *polling;
static void (*happen_now)(void);
static unsigned points_left;

/* At locks of the scheduler and the timers, the thread may be about to switch. */
static bool is_event_point(enum interleave_kind kind, enum lock_class class)
{
	return (kind == INTERLEAVE_LOCK || kind == INTERLEAVE_UNLOCK) && class < LOCK_RUNQ &&
	       lockorder_this_hart()->depth == 0 && current_thread() == polling;
}

/* Interrupts may be off for the lock alone: as far as other threads go, this is before it or after. */
static void at_point(enum interleave_kind kind, enum lock_class class, void *what)
{
	bool enable;

	(void)what;
	if (!is_event_point(kind, class) || points_left-- != 0)
		return;
	interleave_hook = NULL;
	enable = !arch_irq_enabled();
	if (enable)
		irq_enable();
	happen_now();
	if (enable)
		irq_disable();
}

void late_event_arm(unsigned n, void (*happen)(void))
{
	polling = current_thread();
	happen_now = happen;
	points_left = n;
	interleave_hook = at_point;
}

bool late_event_disarm(void)
{
	bool has_happened = interleave_hook == NULL;

	interleave_hook = NULL;
	return has_happened;
}

/* Returns whether the wait has a point of that number. */
static bool try_wait_at_point(struct late_wait *wait)
{
	bool has_happened;
	int pid;

	wait->is_over = false; /* before it can run */
	pid = ktest_spawn(wait->wait, wait);
	EXPECT_TRUE(pid > 0);
	if (pid <= 0)
		return false;
	ktest_settle();
	has_happened = late_event_disarm();
	if (has_happened && !wait->is_over)
		ktest_note("the event at point %u is missed", wait->point);
	EXPECT_EQ(has_happened, wait->is_over);
	if (!wait->is_over)
		(void)ktest_kill(pid);
	EXPECT_EQ(EXITED(has_happened ? 0 : EINTR), ktest_reap(pid));
	return has_happened;
}

void late_wait_expect(struct late_wait *wait)
{
	for (wait->point = 0; try_wait_at_point(wait); wait->point++)
		;
	EXPECT_TRUE(wait->point >= 2); /* before and after it joins those that wait */
}

/* Returns false when the poll has no point of that number. */
static bool try_at(const struct late_event *event, unsigned n)
{
	struct poll_entry entry = { .ask.events = event->asked, .file = event->begin() };
	struct poller poller;
	bool has_happened;
	uint64_t before;

	if (!entry.file) {
		EXPECT_TRUE(entry.file);
		return false;
	}
	poller_init(&poller);
	before = waitq_sample(&poller.woken);
	late_event_arm(n, event->happen);
	poll_look(&poller, &entry);
	has_happened = late_event_disarm();
	if (has_happened && !entry.ask.revents && waitq_sample(&poller.woken) == before) {
		ktest_note("the event at point %u is missed", n);
		EXPECT_TRUE(entry.ask.revents);
	}
	if (!has_happened) {
		EXPECT_EQ(0, entry.ask.revents);
		event->happen();
		EXPECT_TRUE(waitq_sample(&poller.woken) != before);
		poll_look(NULL, &entry);
		EXPECT_TRUE(entry.ask.revents);
	}
	poll_forget(&entry);
	event->end();
	return has_happened;
}

void late_event_expect(const struct late_event *event)
{
	/* The thread `epoll` wakes some, and is not to lose its turn to us where the host is slow. */
	uint64_t slice = sched_slice_set(clock_ns_to_ticks(600 * NSEC_PER_SEC));
	unsigned n = 0;

	while (try_at(event, n))
		n++;
	(void)sched_slice_set(slice);
	EXPECT_TRUE(n >= 2); /* before and after it watches a queue */
}

/* ---- pipes ---- */

static struct file *reader, *writer;

static bool map_buffer(void)
{
	return current_map(BUFFER, PAGE_SIZE) && user_copy_out(BUFFER, "x", 1) == 0;
}

static struct file *begin_empty(void)
{
	return pipe_create(0, &reader, &writer) == 0 ? reader : NULL;
}

static void write_byte(void)
{
	struct user_iter iter = user_iter_one(BUFFER, 1);

	EXPECT_EQ(1, writer->ops->write(writer, &iter, NULL));
}

static void close_writer(void)
{
	file_put(writer);
	writer = NULL;
}

static struct file *begin_full(void)
{
	struct user_iter iter;

	if (pipe_create(O_NONBLOCK, &reader, &writer) != 0)
		return NULL;
	do
		iter = user_iter_one(BUFFER, PAGE_SIZE);
	while (writer->ops->write(writer, &iter, NULL) == PAGE_SIZE);
	return writer;
}

static void read_page(void)
{
	struct user_iter iter = user_iter_one(BUFFER, PAGE_SIZE);

	EXPECT_EQ(PAGE_SIZE, reader->ops->read(reader, &iter, NULL));
}

static void close_reader(void)
{
	file_put(reader);
	reader = NULL;
}

static void end_pipe(void)
{
	if (reader)
		file_put(reader);
	if (writer)
		file_put(writer);
}

KTEST_IN_PROCESS(pipe_poll_misses_no_event)
{
	static const struct late_event events[] = {
		{ begin_empty, write_byte, end_pipe, POLLIN },
		{ begin_empty, close_writer, end_pipe, POLLHUP },
		{ begin_full, read_page, end_pipe, POLLOUT },
		{ begin_full, close_reader, end_pipe, POLLERR },
	};

	ASSERT_TRUE(map_buffer());
	for (unsigned i = 0; i < ARRAY_SIZE(events); i++)
		late_event_expect(&events[i]);
}

/* ---- a poll of two pipes, to its end ---- */

#define ASKS_AT	  (BUFFER + 8)
#define LONG_TIME clock_ns_to_ticks(600 * NSEC_PER_SEC)

static unsigned event_point;
static bool with_time, is_over;

static bool put_asks(void)
{
	struct abi_pollfd asks[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct fdtable *table = current_thread()->fdtable;
	struct file *other_reader, *other_writer;

	if (pipe_create(0, &other_reader, &other_writer) != 0)
		return false;
	file_get(reader);
	asks[0].fd = fdtable_install(table, reader, 0, false);
	asks[1].fd = fdtable_install(table, other_reader, 0, false);
	return fdtable_install(table, other_writer, 0, false) >= 0 && map_buffer() &&
	       user_copy_out(ASKS_AT, asks, sizeof(asks)) == 0;
}

/* The event concerns the first pipe. At the points of the second one the first has been looked at. */
static int poll_two(void *arg)
{
	int result;

	(void)arg;
	if (!put_asks())
		return 99;
	late_event_arm(event_point, write_byte);
	result = poll_all(ASKS_AT, 2, with_time ? arch_time() + LONG_TIME : UINT64_MAX);
	is_over = true;
	return result;
}

/* Returns whether the poll has a point of that number. */
static bool poll_with_event(void)
{
	bool has_happened;
	int pid, status = -1;

	if (pipe_create(0, &reader, &writer) != 0)
		return false;
	is_over = false;
	pid = ktest_spawn(poll_two, NULL);
	if (pid < 0) {
		EXPECT_EQ(0, pid);
		end_pipe();
		return false;
	}
	ktest_settle();
	has_happened = late_event_disarm();
	if (!has_happened)
		write_byte(); /* while it sleeps */
	ktest_settle();
	if (!is_over) {
		ktest_note("the event at point %u is missed", event_point);
		EXPECT_TRUE(is_over);
		(void)ktest_kill(pid);
	}
	EXPECT_EQ(pid, ktest_wait(pid, 0, &status));
	EXPECT_EQ(EXITED(1), status);
	end_pipe();
	return has_happened;
}

KTEST_IN_PROCESS(poll_sleeps_through_no_event)
{
	ASSERT_TRUE(map_buffer());
	for (unsigned i = 0; i < 2; i++) {
		with_time = i != 0;
		event_point = 0;
		while (poll_with_event())
			event_point++;
		EXPECT_TRUE(event_point >= 6); /* two queues of files, and its own */
	}
}

#endif
