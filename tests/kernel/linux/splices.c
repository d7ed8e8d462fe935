/* SPDX-License-Identifier: MIT */
/* Readers of pipes beside splice, and pipes of other sizes. */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/wait.h"
#include "desc/poll.h"
#include "linux/fs/file/pipe_size.h"
#include "linux/fs/file/pipe_splice.h"
#include "proc/thread.h"
#include "sync/interleave.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"

#define BUFFER 0x40000ul

static struct file *reader, *writer;

static void put_three(void)
{
	uint8_t bytes[3] = "abc";
	struct user_iter iter = user_iter_kernel(bytes, sizeof(bytes));

	EXPECT_EQ(3, writer->ops->write(writer, &iter, NULL));
}

#ifdef FAULTLINE_HARDENED

static const struct thread *reading;

/* Splice takes the oldest bytes after the reader has seen that there are some, and before it has the lock. */
static void splice_overtakes(enum interleave_kind kind, enum lock_class class, void *what)
{
	struct pipe_slot slot;

	if (kind != INTERLEAVE_MUTEX || class != LOCK_PIPE || current_thread() != reading)
		return;
	interleave_hook = NULL;
	EXPECT_EQ(1, pipe_take(reader, &slot, true));
}

/* R153: a look without the lock is not believed. */
KTEST_IN_PROCESS_ALONE(pipe_reader_that_splice_overtakes_waits)
{
	uint8_t bytes[6];
	struct user_iter iter = user_iter_kernel(bytes, sizeof(bytes));

	EXPECT_EQ(0, pipe_create(O_NONBLOCK, &reader, &writer));
	put_three();
	reading = current_thread();
	interleave_hook = splice_overtakes;
	EXPECT_EQ(-EAGAIN, reader->ops->read(reader, &iter, NULL));
	EXPECT_TRUE(!interleave_hook);
	interleave_hook = NULL;
	pipe_give_back(reader, 1);
	EXPECT_EQ(2, reader->ops->read(reader, &iter, NULL));
	EXPECT_EQ('b', bytes[0]);
	file_put(reader);
	file_put(writer);
}

#endif

static int read_six(void *arg)
{
	struct user_iter iter = user_iter_one(BUFFER, 6);

	EXPECT_TRUE(current_map(BUFFER, PAGE_SIZE));
	return (int)reader->ops->read(reader, &iter, NULL);
}

/*
 * R132: bytes that splice has taken may come back: until then, another reader finds neither the end nor the bytes behind
 * them, and waits.
 */
KTEST_IN_PROCESS(pipe_reader_waits_for_what_splice_has_taken)
{
	struct pipe_slot slot, other;
	int pid, status = -1;

	EXPECT_EQ(0, pipe_create(0, &reader, &writer));
	put_three();
	EXPECT_EQ(1, pipe_take(reader, &slot, true));
	put_three();
	file_put(writer);
	EXPECT_EQ(3u, slot.len);
	EXPECT_EQ(0u, reader->ops->poll(reader, NULL));
	EXPECT_EQ(-EAGAIN, pipe_take(reader, &other, true));
	pid = ktest_spawn(read_six, NULL);
	ktest_settle(); /* it sleeps */
	EXPECT_EQ(0, ktest_wait(pid, WNOHANG, &status));
	pipe_give_back(reader, 1);
	EXPECT_EQ(pid, ktest_wait(pid, 0, &status));
	EXPECT_EQ(EXITED(5), status);
	EXPECT_EQ(0, pipe_take(reader, &slot, true));
	file_put(reader);
}

/* When all that was left has been used, that is the end for those who wait. */
KTEST_IN_PROCESS(pipe_end_comes_when_splice_has_used_all)
{
	struct pipe_slot slot;
	int pid, status = -1;

	EXPECT_EQ(0, pipe_create(0, &reader, &writer));
	put_three();
	file_put(writer);
	EXPECT_EQ(1, pipe_take(reader, &slot, true));
	pid = ktest_spawn(read_six, NULL);
	ktest_settle(); /* it sleeps */
	pipe_give_back(reader, 3);
	EXPECT_EQ(pid, ktest_wait(pid, 0, &status));
	EXPECT_EQ(EXITED(0), status);
	EXPECT_EQ(POLLHUP, reader->ops->poll(reader, NULL));
	file_put(reader);
}

/* A pipe of another size takes memory that counts as that of open files. */
KTEST_IN_PROCESS(pipe_size_without_memory)
{
	uint64_t all = files_most() * FILE_BYTES;

	EXPECT_EQ(0, pipe_create(0, &reader, &writer));
	file_memory_add((ssize_t)all);
	EXPECT_EQ(-ENOMEM, pipe_set_size(writer, 1 << 17, true));
	EXPECT_EQ(1 << 16, pipe_size(reader));
	file_memory_add(-(ssize_t)all);
	EXPECT_EQ(1 << 17, pipe_set_size(writer, 1 << 17, true));
	EXPECT_EQ(1 << 17, pipe_size(reader));
	file_put(reader);
	file_put(writer);
}
