/* SPDX-License-Identifier: MIT */
/* Readers of pipes beside splice, and pipes of other sizes. */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/wait.h"
#include "desc/pipe_impl.h"
#include "desc/poll.h"
#include "linux/fs/file/pipe_size.h"
#include "linux/fs/file/pipe_splice.h"
#include "linux/fs/file/splice.h"
#include "linux/fs/tmpfs/memfd.h"
#include "mm/check/ledger.h"
#include "mm/object/page_cache.h"
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

#ifdef FAULTLINE_HARDENED

/* ---- pages that files lend ---- */

/* The ledger finds that no table has these open files, and nothing else. */
#define NO_HOLDER 3

static struct file *lender;

/* A file of one page, in a pipe. */
static void begin_lending(void)
{
	uint8_t bytes[3] = "abc";
	struct user_iter iter = user_iter_kernel(bytes, sizeof(bytes));
	uint64_t pos = 0;

	lender = memfd_file_create();
	ASSERT_TRUE(lender);
	EXPECT_EQ(0, pipe_create(O_NONBLOCK, &reader, &writer));
	EXPECT_EQ(3, lender->ops->write(lender, &iter, &pos));
}

static void end_lending(void)
{
	file_put(reader);
	file_put(writer);
	file_put(lender);
}

static uint32_t lent_refs(void)
{
	struct page *page = object_page_resident(lender->ops->object(lender), 0);
	uint32_t refs = page->refs - 1;

	page_put(page);
	return refs;
}

static ssize_t splice_three(void)
{
	uint64_t pos = 0;

	return splice_to_pipe(lender, &pos, writer, 3, true);
}

static ssize_t read_three(void)
{
	uint8_t bytes[3] = { 0 };
	struct user_iter iter = user_iter_kernel(bytes, sizeof(bytes));
	ssize_t got = reader->ops->read(reader, &iter, NULL);

	EXPECT_TRUE(got != 3 || (bytes[0] == 'a' && bytes[1] == 'b' && bytes[2] == 'c'));
	return got;
}

/* R111: a reference for each slot, which the ledger finds, and which ends with the bytes, or with the pipe. */
KTEST(splice_refers_to_a_page)
{
	uint64_t before = atomic_load(&pages_in_pipes);

	begin_lending();
	EXPECT_EQ(3, splice_three());
	EXPECT_EQ(3, splice_three());
	EXPECT_EQ(3u, lent_refs());
	EXPECT_EQ(before + 2, atomic_load(&pages_in_pipes));
	EXPECT_EQ(NO_HOLDER, ledger_check(NULL));
	EXPECT_EQ(3, read_three());
	EXPECT_EQ(2u, lent_refs());
	EXPECT_EQ(0, lender->ops->truncate(lender, 0));
	EXPECT_EQ(NO_HOLDER, ledger_check(NULL));
	EXPECT_EQ(3, pipe_bytes(reader));
	end_lending();
	EXPECT_EQ(before, atomic_load(&pages_in_pipes));
	EXPECT_EQ(0, ledger_check(NULL));
}

/* R132: as other pages, where there are many in pipes: a pipe gets one, and then what it has a page for. */
KTEST(splice_refers_to_few_pages)
{
	uint64_t many = page_alloc_total_count();

	begin_lending();
	EXPECT_EQ(3, splice_three());
	(void)atomic_add(&pages_in_pipes, many);
	EXPECT_EQ(-EAGAIN, splice_three());
	EXPECT_EQ(2u, lent_refs());
	EXPECT_EQ(3, read_three());
	EXPECT_EQ(1u, lent_refs());
	EXPECT_EQ(3, splice_three()); /* a copy */
	EXPECT_EQ(1u, lent_refs());
	EXPECT_EQ(-EAGAIN, splice_three());
	(void)atomic_add(&pages_in_pipes, -many);
	EXPECT_EQ(3, splice_three());
	EXPECT_EQ(2u, lent_refs());
	EXPECT_EQ(3, read_three());
	EXPECT_EQ(3, read_three());
	EXPECT_EQ(NO_HOLDER, ledger_check(NULL));
	end_lending();
}

#endif
