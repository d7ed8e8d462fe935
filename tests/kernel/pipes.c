/* SPDX-License-Identifier: MIT */
/* Sleeping readers of pipes, woken by a kill and by the end; what pipes carry is tested in tests/user. */
#include "desc/pipe.h"

#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/wait.h"
#include "proc/pid.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define BUFFER 0x40000ul

static struct file *reader, *writer;

static ssize_t do_read(vaddr_t at, size_t n)
{
	struct user_iter iter = user_iter_one(at, n);

	return reader->ops->read(reader, &iter, NULL);
}

static int read_for_ever(void *arg)
{
	EXPECT_TRUE(current_map(BUFFER, PAGE_SIZE));
	EXPECT_EQ(-EINTR, do_read(BUFFER, 1));
	return 4;
}

KTEST_IN_PROCESS(pipe_wait_ends_by_a_kill)
{
	int pid, status;

	ASSERT_TRUE(pipe_create(0, &reader, &writer) == 0);
	pid = ktest_spawn(read_for_ever, NULL);
	ktest_settle();
	EXPECT_EQ(0, ktest_kill(pid));
	EXPECT_EQ(pid, ktest_wait(pid, 0, &status));
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
	int pids[2], status = -1;

	ASSERT_TRUE(pipe_create(0, &reader, &writer) == 0);
	for (unsigned i = 0; i < 2; i++)
		pids[i] = ktest_spawn(read_the_end, NULL);
	ktest_settle(); /* both sleep */
	file_put(writer);
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(pids[i], ktest_wait(pids[i], 0, &status));
		EXPECT_EQ(EXITED(0), status);
	}
	file_put(reader);
}

#ifdef FAULTLINE_HARDENED

#define PIPE_PAGES 16

static const struct thread *blocked, *reading;
static bool is_blocked;

static int write_too_much(void *arg)
{
	struct user_iter iter = user_iter_one(BUFFER, (PIPE_PAGES + 1) * PAGE_SIZE);

	EXPECT_TRUE(current_map(BUFFER, iter.left));
	EXPECT_EQ((PIPE_PAGES + 1) * PAGE_SIZE, writer->ops->write(writer, &iter, NULL));
	return 0;
}

/* The reader's memory is looked for: as far as the writer goes, that may take long. */
static void look_at_writer(enum interleave_kind kind, enum lock_class class, void *what)
{
	if (kind == INTERLEAVE_LOCK && class == LOCK_SPACE && current_thread() == reading)
		is_blocked = sched_is_asleep(blocked);
}

/* A reader whose memory is not there yet lets writers go on with what it has taken out. */
KTEST_IN_PROCESS_ALONE(pipe_read_wakes_writers_before_it_faults)
{
	struct uspace *us = current_process()->uspace;
	int pid, status = -1;

	ASSERT_TRUE(pipe_create(0, &reader, &writer) == 0);
	EXPECT_TRUE(current_map(BUFFER, (PIPE_PAGES + 1) * PAGE_SIZE));
	EXPECT_EQ(0, space_touch(us, BUFFER, WRITE));
	pid = ktest_spawn(write_too_much, NULL);
	ktest_settle();
	spin_lock(&process_tree_lock);
	blocked = process_find(pid)->leader;
	spin_unlock(&process_tree_lock);
	EXPECT_TRUE(sched_is_asleep(blocked));
	reading = current_thread();
	is_blocked = true;
	interleave_hook = look_at_writer;
	EXPECT_EQ(2 * PAGE_SIZE, do_read(BUFFER, 2 * PAGE_SIZE));
	interleave_hook = NULL;
	EXPECT_TRUE(!is_blocked);
	for (unsigned i = 2; i <= PIPE_PAGES; i++)
		EXPECT_EQ(PAGE_SIZE, do_read(BUFFER, PAGE_SIZE));
	EXPECT_EQ(pid, ktest_wait(pid, 0, &status));
	EXPECT_EQ(EXITED(0), status);
	file_put(reader);
	file_put(writer);
}

#endif
