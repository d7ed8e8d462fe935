/* SPDX-License-Identifier: MIT */
/* Message queues: whichever allocation fails, nothing is left of the call, and what a queue had goes with it. */
#include "abi/errno.h"
#include "abi/fcntl.h"
#include "abi/resource.h"
#include "abi/signal.h"
#include "desc/file.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "linux/mem/quota.h"
#include "linux/mqueue/mqueue.h"
#include "linux/process/cred.h"
#include "linux/process/linux_process.h"
#include "linux/process/user.h"
#include "linux/signal/arrive.h"
#include "linux/signal/send.h"
#include "linux/sysv/msg.h"
#include "mm/check/alloc_fail.h"
#include "mm/check/ledger.h"
#include "proc/process.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

#define NAME	 "a queue"
#define NEW	 (O_RDWR | O_CREAT | O_EXCL)
#define MESSAGES 20

static const struct abi_mq_attr sizes = { .maxmsg = MESSAGES, .msgsize = 3000 };

static void allow_queues(void)
{
	current_linux_process()->rlimits[RLIMIT_MSGQUEUE].cur = RLIM_INFINITY;
}

static struct msg_msg *message(size_t size, int priority)
{
	struct msg_msg *msg = sysv_msg_alloc(size);

	if (msg)
		msg->type = priority;
	return msg;
}

/* The last descriptor of a queue without a name frees what is in it. */
KTEST_IN_PROCESS(mqueue_takes_its_messages_with_it)
{
	const struct user *user = current_cred()->user;
	uint64_t charged = user->mqueue, left;
	struct file *file;

	allow_queues();
	left = quota_left();
	ASSERT_TRUE(mqueue_open(NAME, NEW, 0600, &sizes, &file) == 0);
	EXPECT_EQ(charged + MESSAGES * (3000 + 48 + 48), user->mqueue);
	for (int i = 0; i < MESSAGES; i++) {
		struct msg_msg *msg = message(100 * (size_t)i, i % 3);

		ASSERT_TRUE(msg);
		EXPECT_EQ(0, mqueue_send(file, msg, NULL));
	}
	EXPECT_EQ(0, mqueue_unlink(NAME));
	EXPECT_EQ(-ENOENT, mqueue_unlink(NAME));
	EXPECT_EQ(charged + MESSAGES * (3000 + 48 + 48), user->mqueue);
	file_put(file);
	EXPECT_EQ(charged, user->mqueue);
	EXPECT_EQ(left, quota_left());
	EXPECT_EQ(0, ledger_check(NULL));
}

/* Messages of one priority keep their order among many others. */
KTEST_IN_PROCESS(mqueue_has_a_total_order)
{
	const struct abi_mq_attr many = { .maxmsg = 300, .msgsize = 8 };
	uint64_t random = 1, number, last = 0;
	int64_t priority = MQ_PRIO_MAX;
	struct msg_msg *msg;
	struct file *file;

	allow_queues();
	ASSERT_TRUE(mqueue_open(NAME, NEW, 0600, &many, &file) == 0);
	EXPECT_EQ(0, mqueue_unlink(NAME));
	for (uint64_t i = 0; i < 300; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		msg = message(sizeof(i), (int)(random >> 40) % 7);
		ASSERT_TRUE(msg);
		memcpy(msg->text, &i, sizeof(i));
		EXPECT_EQ(0, mqueue_send(file, msg, NULL));
	}
	for (int i = 0; i < 300; i++) {
		EXPECT_EQ(0, mqueue_receive(file, NULL, &msg));
		memcpy(&number, msg->text, sizeof(number));
		EXPECT_TRUE(msg->type < priority || (msg->type == priority && number > last));
		priority = msg->type;
		last = number;
		sysv_msg_free(msg);
	}
	file_put(file);
}

/* However many programs a process has executed since it asked, the last one is not told. */
KTEST_IN_PROCESS(mqueue_tells_no_later_program)
{
	const struct abi_sigevent event = { .notify = SIGEV_SIGNAL, .signo = SIGUSR1 };
	static const unsigned execs[] = { 0, 1, 255, 1u << 8, 1u << 16 };
	struct process *self = current_process();
	const uint64_t all = ~0ull;
	struct signal_info info;
	struct msg_msg *msg;
	struct file *file;
	uint64_t mask;

	allow_queues();
	EXPECT_EQ(0, signal_mask(SIG_BLOCK, &all, &mask));
	ASSERT_TRUE(mqueue_open(NAME, NEW, 0600, &sizes, &file) == 0);
	EXPECT_EQ(0, mqueue_unlink(NAME));
	for (unsigned i = 0; i < ARRAY_SIZE(execs); i++) {
		EXPECT_EQ(0, mqueue_notify(file, &event));
		self->uspace->serial += execs[i];
		msg = message(1, 0);
		ASSERT_TRUE(msg);
		EXPECT_EQ(0, mqueue_send(file, msg, NULL));
		EXPECT_EQ(execs[i] == 0 ? SIGUSR1 : 0, signal_take_any(SIGNAL_BIT(SIGUSR1), &info));
		EXPECT_EQ(0, mqueue_receive(file, NULL, &msg));
		sysv_msg_free(msg);
	}
	file_put(file);
}

#ifdef FAULTLINE_HARDENED

/* Makes a queue and sends to it while allocation number `at` fails. Returns whether there was one. */
static bool live_failing_at_allocation(unsigned at)
{
	struct file *file = NULL;
	struct msg_msg *msg;
	bool failed;
	int err;

	alloc_fail_at = at;
	err = mqueue_open(NAME, NEW, 0600, &sizes, &file);
	if (!err) {
		msg = message(3000, 1);
		err = msg ? mqueue_send(file, msg, NULL) : -ENOMEM;
	}
	failed = alloc_fail_at == 0;
	alloc_fail_at = 0;
	EXPECT_TRUE(failed ? err == -ENOMEM || err == -ENOSPC : err == 0);
	EXPECT_EQ(file ? 0 : -ENOENT, mqueue_unlink(NAME));
	if (file)
		file_put(file);
	return failed;
}

/* R45 */
KTEST_IN_PROCESS(mqueue_without_memory_leaves_nothing)
{
	const struct user *user = current_cred()->user;
	uint64_t charged = user->mqueue, left, files;
	unsigned at = 1;

	allow_queues();
	left = quota_left();
	files = files_open();
	while (at < 50 && live_failing_at_allocation(at)) {
		at++;
		EXPECT_EQ(charged, user->mqueue);
		EXPECT_EQ(left, quota_left());
		EXPECT_EQ(files, files_open());
	}
	/* The file, the queue, what is charged for it and its name, the name, the message. */
	ktest_note("%u allocations in all", at - 1);
	EXPECT_TRUE(at - 1 >= 5 && at < 50);
	EXPECT_EQ(0, ledger_check(NULL));
}

#endif
