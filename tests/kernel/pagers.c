/* SPDX-License-Identifier: MIT */
/* User-level pagers: how many reads there are at a time, and which calls end with the last user, at any moment (R147). */
#include "abi/errno.h"
#include "arch/timer.h"
#include "desc/file.h"
#include "ipc/endpoint.h"
#include "ipc/pager.h"
#include "ipc/transfer.h"
#include "lib/string.h"
#include "mm/object/page_cache.h"
#include "tests/kernel/race.h"

#define NPAGES 16
#define READS  4 /* of an object, at a time */

static struct file *receive_end, *send_end, *pager_file;
static struct object *object;

static bool open_pager(void)
{
	receive_end = endpoint_create();
	if (!receive_end || endpoint_badge(receive_end, 1, false, &send_end) != 0 ||
	    pager_create(send_end, NPAGES * PAGE_SIZE, &pager_file) != 0)
		return false;
	object = pager_file->ops->object(pager_file);
	return true;
}

static void close_ends(void)
{
	file_put(send_end);
	file_put(receive_end);
}

/* Begins to read the page, or waits for what is to come before. Returns as object_page() does. */
static int ask(uint64_t index, struct vm_wait *wait)
{
	struct page *page;
	int result = object_page(object, index, &page, wait);

	if (result == 0)
		page_put(page);
	return result;
}

/* Returns the rcvid of a call for a page; or -ETIMEDOUT if none has come. */
static int64_t receive_call(uint64_t *index_ret)
{
	struct ipc_words words;
	uint64_t badge;
	int64_t rcvid = endpoint_receive(receive_end, &words, &badge, 0);

	if (rcvid > 0) {
		EXPECT_EQ(IPC_READ_PAGE, words.word[0]);
		*index_ret = words.word[1];
	}
	return rcvid;
}

/* The one answers with nothing, and so the page is an error for its reader. */
static int refuse(int64_t rcvid)
{
	const struct ipc_words words = { { 0 } };

	return endpoint_reply(receive_end, (uint64_t)rcvid, &words, false);
}

/* So many frames wait for the server, and no more; an answer makes room for the next one. */
KTEST(pager_has_few_reads)
{
	struct vm_wait waits[READS], next;
	int64_t rcvids[READS];
	uint64_t index = 0;

	ASSERT_TRUE(open_pager());
	for (unsigned i = 0; i < READS; i++) {
		vm_wait_init(&waits[i]);
		EXPECT_EQ(VM_WAIT, ask(i, &waits[i]));
		rcvids[i] = receive_call(&index);
		EXPECT_EQ(i, index);
	}
	vm_wait_init(&next);
	EXPECT_EQ(VM_WAIT, ask(READS, &next));
	EXPECT_EQ(-ETIMEDOUT, receive_call(&index));
	EXPECT_EQ(next.seq, waitq_sample(next.queue));
	EXPECT_EQ(0, refuse(rcvids[2]));
	EXPECT_TRUE(next.seq != waitq_sample(next.queue));
	EXPECT_EQ(-EIO, ask(2, &waits[2]));
	EXPECT_EQ(VM_WAIT, ask(READS, &next));
	EXPECT_TRUE(receive_call(&index) > 0);
	EXPECT_EQ(READS, index);
	file_put(pager_file);
	for (unsigned i = 0; i < READS; i++)
		EXPECT_EQ(-ESRCH, refuse(rcvids[i]));
	close_ends();
}

/* Whoever reads a page while the last user leaves starts no call that stays. */
KTEST(pager_without_users_asks_nobody)
{
	struct vm_wait wait;
	uint64_t index = 0;

	ASSERT_TRUE(open_pager());
	object_get(object);
	vm_wait_init(&wait);
	EXPECT_EQ(VM_WAIT, ask(0, &wait));
	file_put(pager_file);
	EXPECT_EQ(-ETIMEDOUT, receive_call(&index));
	EXPECT_EQ(-EIO, ask(0, &wait));
	vm_wait_init(&wait);
	EXPECT_EQ(-EIO, ask(1, &wait));
	EXPECT_EQ(-ETIMEDOUT, receive_call(&index));
	object_put(object);
	close_ends();
}

/* What an object counts as in the memory for open files ends with it. */
KTEST(pager_is_counted)
{
	uint64_t before = files_open(), with_ends;

	receive_end = endpoint_create();
	ASSERT_TRUE(receive_end && endpoint_badge(receive_end, 1, false, &send_end) == 0);
	with_ends = files_open();
	ASSERT_TRUE(pager_create(send_end, PAGE_SIZE, &pager_file) == 0);
	EXPECT_TRUE(files_open() >= with_ends + READS * PAGE_SIZE / FILE_BYTES);
	object = pager_file->ops->object(pager_file);
	object_use(object);
	file_put(pager_file);
	EXPECT_TRUE(files_open() >= with_ends + READS * PAGE_SIZE / FILE_BYTES);
	object_unuse(object);
	EXPECT_EQ(with_ends, files_open());
	close_ends();
	EXPECT_EQ(before, files_open());
}

/* ---- races ---- */

static void begin_pager(void)
{
	EXPECT_TRUE(open_pager());
	object_get(object);
	file_get(receive_end);
}

/* More pages than there are reads, and some of them again. */
static void ask_for_pages(void)
{
	for (unsigned i = 0; i < 3 * READS; i++) {
		struct vm_wait wait;
		int result;

		vm_wait_init(&wait);
		result = ask(race_lot(READS + 2), &wait);
		EXPECT_TRUE(result == 0 || result == VM_WAIT || result == -EIO);
	}
}

static void supply_page(int64_t rcvid)
{
	const struct ipc_words words = { { PAGE_SIZE } };
	struct call_hold hold;

	if (endpoint_hold(receive_end, (uint64_t)rcvid, &hold) == 0) {
		memset(page_address(hold.transfer->receive.page[0]), 1, PAGE_SIZE);
		hold.transfer->received = PAGE_SIZE;
		endpoint_unhold(&hold);
	}
	(void)endpoint_reply(receive_end, (uint64_t)rcvid, &words, false);
}

/* Answers some of the calls, leaves others, and is gone. */
static void serve_and_end(void)
{
	for (unsigned i = 0; i < 2 * READS; i++) {
		struct ipc_words words;
		uint64_t badge;
		int64_t rcvid =
			endpoint_receive(receive_end, &words, &badge, arch_time() + race_lot(300));

		if (rcvid > 0 && race_lot(3))
			supply_page(rcvid);
	}
	file_put(receive_end);
}

static void leave_object(void)
{
	for (unsigned n = race_lot(8000); n > 0; n--)
		spin_pause();
	file_put(pager_file);
}

/* No read of it is under way, and no call has been left. */
static void end_pager(void)
{
	uint64_t index;

	EXPECT_EQ(1, refcount_read(&object->refs));
	EXPECT_EQ(-ETIMEDOUT, receive_call(&index));
	object_put(object);
	close_ends();
}

RACE(race_pager_is_left_while_its_server_answers, .rounds = 60, .begin = begin_pager,
     .sides = { ask_for_pages, serve_and_end, leave_object }, .end = end_pager)
