/* SPDX-License-Identifier: MIT */
/* Pipes between processes in kernel mode, through their user memory. */
#include "fs/pipe.h"

#include "abi/errno.h"
#include "abi/limits.h"
#include "abi/signal.h"
#include "lib/bits.h"
#include "mm/user_copy.h"
#include "proc/process.h"
#include "proc/reap.h"
#include "proc/sched.h"
#include "proc/signal/kill.h"
#include "proc/signal/send.h"
#include "proc/thread.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define BUFFER	     0x40000ul
#define BUFFER_PAGES 64
#define PIPE_BYTES   65536 /* as on Linux */

static struct file *reader, *writer;

static bool open_pipe(unsigned flags)
{
	struct uspace *us = current_process()->uspace;
	long at;

	uspace_lock(us);
	at = space_map(us, BUFFER, BUFFER_PAGES * PAGE_SIZE, READ_WRITE, 0);
	uspace_unlock(us);
	return at == BUFFER && pipe_create(flags, &reader, &writer) == 0;
}

static ssize_t do_read(vaddr_t at, size_t n)
{
	struct user_iter iter = user_iter_one(at, n);

	return reader->ops->read(reader, &iter, NULL);
}

static ssize_t do_write(vaddr_t at, size_t n)
{
	struct user_iter iter = user_iter_one(at, n);

	return writer->ops->write(writer, &iter, NULL);
}

/*
 * R25: bytes in order, over the edges of pages, into untouched ones; the end where the writer has
 * gone
 */
KTEST_IN_PROCESS(pipe_carries_bytes_and_its_end)
{
	uint8_t seen[8] = { 0 };

	ASSERT_TRUE(open_pipe(0));
	EXPECT_EQ(0, user_copy_out(BUFFER + PAGE_SIZE - 4, "acrossed", 8));
	EXPECT_EQ(8, do_write(BUFFER + PAGE_SIZE - 4, 8));
	EXPECT_EQ(6, do_read(BUFFER + 3 * PAGE_SIZE - 3, 6));
	EXPECT_EQ(2, do_read(BUFFER + 3 * PAGE_SIZE + 3, 100));
	EXPECT_EQ(0, user_copy_in(seen, BUFFER + 3 * PAGE_SIZE - 3, 8));
	EXPECT_EQ(0, memcmp(seen, "acrossed", 8));
	file_put(writer);
	EXPECT_EQ(0, do_read(BUFFER, 10));
	file_put(reader);
}

KTEST_IN_PROCESS(pipe_full_and_empty_without_waiting)
{
	size_t before;

	ASSERT_TRUE(open_pipe(O_NONBLOCK));
	before = current_process()->uspace->space.resident;
	EXPECT_EQ(0, before);
	EXPECT_EQ(-EAGAIN, do_read(BUFFER, 1));
	EXPECT_EQ(PIPE_BYTES, do_write(BUFFER, BUFFER_PAGES * PAGE_SIZE));
	EXPECT_EQ(-EAGAIN, do_write(BUFFER, 1));
	EXPECT_EQ(1, do_read(BUFFER, 1));
	EXPECT_EQ(-EAGAIN, do_write(BUFFER, PIPE_BUF)); /* all or nothing up to PIPE_BUF */
	EXPECT_EQ(PIPE_BUF - 1, do_read(BUFFER, PIPE_BUF - 1));
	EXPECT_EQ(PIPE_BUF, do_write(BUFFER, PIPE_BUF));
	EXPECT_EQ(PIPE_BYTES, do_read(BUFFER, BUFFER_PAGES * PAGE_SIZE));
	file_put(writer);
	file_put(reader);
}

/* EPIPE, and SIGPIPE with it */
KTEST_IN_PROCESS(pipe_without_readers_is_broken)
{
	ASSERT_TRUE(open_pipe(0));
	file_put(reader);
	EXPECT_EQ(-EPIPE, do_write(BUFFER, 1));
	EXPECT_TRUE(current_killed());
	file_put(writer);
}

static int write_much(void *arg)
{
	struct uspace *us = current_process()->uspace;
	size_t left = (size_t)arg;

	uspace_lock(us);
	EXPECT_EQ(BUFFER, space_map(us, BUFFER, BUFFER_PAGES * PAGE_SIZE, READ_WRITE, 0));
	uspace_unlock(us);
	for (uint64_t i = 0; i < left; i += 8)
		EXPECT_EQ(0, user_copy_out(BUFFER + i, &i, 8));
	EXPECT_EQ(left, do_write(BUFFER, left));
	file_put(writer);
	return 0;
}

/* Reads all there is in odd pieces and compares each word as it comes. */
static int read_much(void *arg)
{
	size_t n = (size_t)arg, done = 0, wrong = 0;
	struct usage usage;
	int pid, status;

	if (!open_pipe(0))
		return 99;
	pid = ktest_spawn(write_much, arg);
	for (;;) {
		ssize_t got = do_read(BUFFER + done, 1 + done % 5000);

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	EXPECT_EQ(n, done);
	for (uint64_t i = 0, word; i < n; i += 8)
		wrong += user_copy_in(&word, BUFFER + i, 8) != 0 || word != i;
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(pid, process_wait(pid, 0, &status, &usage));
	EXPECT_EQ(EXITED(0), status);
	file_put(reader);
	return 0;
}

/*
 * R25: 200 KiB through 64 KiB: the writer waits for room, the reader for bytes, none is lost or
 * out of order
 */
KTEST(pipe_passes_more_than_it_holds)
{
	EXPECT_EQ(EXITED(0), ktest_run(read_much, (void *)(200ul << 10)));
}

static int read_for_ever(void *arg)
{
	struct uspace *us = current_process()->uspace;

	uspace_lock(us);
	EXPECT_EQ(BUFFER, space_map(us, BUFFER, PAGE_SIZE, READ_WRITE, 0));
	uspace_unlock(us);
	EXPECT_EQ(-EINTR, do_read(BUFFER, 1));
	return 4;
}

KTEST_IN_PROCESS(pipe_wait_ends_by_a_kill)
{
	struct usage usage;
	int pid, status;

	ASSERT_TRUE(open_pipe(0));
	pid = ktest_spawn(read_for_ever, NULL);
	ktest_settle();
	EXPECT_EQ(0, process_kill(pid, SIGKILL));
	EXPECT_EQ(pid, process_wait(pid, 0, &status, &usage));
	file_put(reader);
	file_put(writer);
}

/*
 * R27, as on Linux: a piece within a page goes whole or not at all; whole ones before it are told
 */
KTEST_IN_PROCESS(pipe_partial_transfers_lose_nothing)
{
	vaddr_t end = BUFFER + BUFFER_PAGES * PAGE_SIZE;

	ASSERT_TRUE(open_pipe(0));
	EXPECT_EQ(-EFAULT, do_write(end, 10));
	EXPECT_EQ(-EFAULT, do_write(end - 6, 10));
	EXPECT_EQ(6, do_write(end - 6, 6));
	EXPECT_EQ(-EFAULT, do_read(end - 4, 10));
	EXPECT_EQ(-EFAULT, do_read(end, 10));
	EXPECT_EQ(6, do_read(BUFFER, 10));
	EXPECT_EQ(PAGE_SIZE, do_write(end - PAGE_SIZE, PAGE_SIZE + 10));
	EXPECT_EQ(PAGE_SIZE, do_read(BUFFER, 2 * PAGE_SIZE));
	file_put(reader);
	file_put(writer);
}

static int read_the_end(void *arg)
{
	return (int)do_read(BUFFER, 1);
}

/* The last writer's end is told to all who wait for bytes, not to one of them. */
KTEST_IN_PROCESS(pipe_end_wakes_all_readers)
{
	struct usage usage;
	int pids[2], status = -1;

	ASSERT_TRUE(open_pipe(0));
	for (unsigned i = 0; i < 2; i++)
		pids[i] = ktest_spawn(read_the_end, NULL);
	ktest_settle(); /* both sleep */
	file_put(writer);
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(pids[i], process_wait(pids[i], 0, &status, &usage));
		EXPECT_EQ(EXITED(0), status);
	}
	file_put(reader);
}
