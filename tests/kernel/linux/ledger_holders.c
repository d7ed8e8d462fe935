/* SPDX-License-Identifier: MIT */
/* The ledger (R111) of what Linux counts, and of processes that it has not finished. */
#include "mm/check/ledger.h"

#include "abi/signal.h"
#include "arch/frame.h"
#include "linux/fs/tmpfs/memfd.h"
#include "linux/fs/vfs/mount.h"
#include "linux/process/cred.h"
#include "linux/process/fork.h"
#include "linux/process/reap.h"
#include "linux/process/user.h"
#include "mm/swap/relieve.h"
#include "proc/mutex.h"
#include "proc/process.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/squeeze.h"
#include "tests/kernel/user_program.h"

#ifdef FAULTLINE_HARDENED

/* As in tests/kernel/ledger_finds.c: of so many, an address that is left on a stack does not hide all. */
#define TRIES 8u

/* R111, R172: an inode and a mount that have a reference and no holder */
KTEST(ledger_finds_an_inode_without_holder)
{
	struct inode *root = mount_tree_root();

	inode_get(root);
	EXPECT_EQ(1, ledger_check(NULL));
	inode_put(root);
	mount_get(root->mount);
	EXPECT_EQ(1, ledger_check(NULL));
	mount_put(root->mount);
	EXPECT_EQ(0, ledger_check(NULL));
}

/* R111: the credentials and the user that are there from the start on, and are never freed */
KTEST(ledger_finds_root_without_holder)
{
	unsigned n = 0;

	do
		(void)cred_get(&init_cred);
	while (++n < TRIES && ledger_check(NULL) == 0);
	EXPECT_EQ(1, ledger_check(NULL));
	while (n--)
		cred_put(&init_cred);
	EXPECT_EQ(0, ledger_check(NULL));
	n = 0;
	do
		user_get(&root_user);
	while (++n < TRIES && ledger_check(NULL) == 0);
	EXPECT_EQ(1, ledger_check(NULL));
	while (n--)
		user_put(&root_user);
	EXPECT_EQ(0, ledger_check(NULL));
}

/* Waits with a reference. */
static int wait_with_file(void *queue)
{
	struct file *volatile mine = memfd_file_create();

	thread_wait_always(queue, waitq_sample(queue));
	file_put(mine);
	return 0;
}

static struct waitq told = WAITQ_INIT(told), never_woken = WAITQ_INIT(never_woken);
static struct uspace *forking;
static struct mutex held;

PROGRAM(ends, EXIT(9));

static int fork_when_told(void *unused)
{
	const struct clone_request request = { .flags = SIGCHLD };
	struct usage usage;
	int status = 0;
	long pid;

	(void)unused;
	EXPECT_EQ(0, program_load(&ends));
	arch_frame_start(arch_thread_frame(arch_this_thread()), CODE_AT, 0);
	forking = current_process()->uspace;
	thread_wait_always(&told, waitq_sample(&told));
	pid = process_clone(&request);
	EXPECT_EQ(pid, process_wait(-1, 0, &status, &usage));
	EXPECT_EQ(EXITED(9), status);
	return 0;
}

static int want_lock(void *unused)
{
	(void)unused;
	mutex_lock(&held);
	mutex_unlock(&held);
	return 0;
}

/*
 * R111, R172: a process that fork has not finished has its image and its space, and its thread no registers yet. The file
 * has a reference that only a stack has, so that stacks are searched.
 */
KTEST(ledger_finds_what_an_unfinished_process_holds)
{
	int waiter = ktest_spawn(wait_with_file, &never_woken);
	int parent = ktest_spawn(fork_when_told, NULL);

	ASSERT_TRUE(waiter > 0 && parent > 0);
	ktest_settle();
	uspace_lock(forking);
	waitq_wake_all(&told);
	ktest_settle();
	EXPECT_EQ(0, ledger_check(NULL));
	uspace_unlock(forking);
	EXPECT_EQ(EXITED(0), ktest_reap(parent));
	waitq_wake_all(&never_woken);
	EXPECT_EQ(EXITED(0), ktest_reap(waiter));
}

/*
 * R111: the same for a process whose thread has no stack yet. The fork waits for memory, as one process is ending that
 * needs a lock. Two frames are enough for its slabs.
 */
KTEST(ledger_passes_a_thread_without_a_stack)
{
	int parent = ktest_spawn(fork_when_told, NULL), dying;
	struct page *taken, *two;

	mutex_init(&held, LOCK_PIPE);
	mutex_lock(&held);
	dying = ktest_spawn(want_lock, NULL);
	ASSERT_TRUE(parent > 0 && dying > 0);
	ktest_settle();
	EXPECT_EQ(0, ktest_kill(dying));
	mm_trim();
	taken = squeeze_all(squeeze(1000));
	two = taken;
	taken = squeeze_next(squeeze_next(taken));
	squeeze_next(two)->link.next = NULL;
	squeeze_end(two);
	waitq_wake_all(&told);
	ktest_settle();
	EXPECT_EQ(0, ledger_check(NULL));
	squeeze_end(taken);
	mutex_unlock(&held);
	EXPECT_EQ(EXITED(0), ktest_reap(dying));
	EXPECT_EQ(EXITED(0), ktest_reap(parent));
}

#endif
