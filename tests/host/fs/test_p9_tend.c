/* SPDX-License-Identifier: MIT */
/* The thread of the 9P sessions: every mount that succeeds has it, whatever becomes of a mount at the same time. */
#include "abi/errno.h"
#include "linux/fs/p9/node.h"
#include "linux/fs/p9/request.h"
#include "linux/fs/p9/tend.h"
#include "linux/fs/p9/writeback.h"
#include "mm/swap/relieve.h"
#include "proc/kthread.h"
#include "tests/host/lib/test.h"

uint64_t fake_time;
void (*relieve_hook)(void);

static void (*spawned[4])(void *arg);
static unsigned nspawned;
static bool fails;	  /* there is no memory for the next thread */
static bool is_disturbed; /* another mount begins before it is there */
static int other_result = 1;
static jmp_buf sleeps;

struct thread *kthread_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	static char thread;
	bool has_failed = fails, other = is_disturbed;

	fails = is_disturbed = false;
	if (other)
		other_result = p9_tend_start();
	if (has_failed)
		return NULL;
	spawned[nspawned++] = fn;
	return (struct thread *)&thread;
}

uint64_t p9_sessions_look_begin(void)
{
	return 1;
}

void p9_sessions_look_end(uint64_t seq, uint64_t next)
{
	longjmp(sleeps, 1);
}

struct p9_session *p9_sessions_next(struct p9_session *session)
{
	return NULL;
}

void p9_requests_tend(struct p9_session *session, uint64_t now, bool begun, uint64_t *next)
{
}

void p9_writeback_tend(struct p9_session *session, uint64_t now, uint64_t *next)
{
}

bool p9_nodes_forget(struct p9_session *session, unsigned n)
{
	return false;
}

/* Runs a thread until it sleeps or ends. Returns true if it sleeps, so that it looks after the sessions. */
static bool runs(void (*thread)(void *arg))
{
	if (setjmp(sleeps))
		return true;
	thread(NULL);
	return false;
}

/* Runs all threads, and returns how many of them look after the sessions. */
static unsigned nrunning(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < nspawned; i++)
		n += runs(spawned[i]);
	return n;
}

TEST(later_mounts_have_the_same_thread)
{
	assert_int_equal(0, p9_tend_start());
	assert_int_equal(1, nrunning());
	assert_int_equal(0, p9_tend_start());
	assert_int_equal(1, nspawned);
}

TEST(a_mount_after_a_failure_has_a_thread)
{
	fails = true;
	assert_int_equal(-ENOMEM, p9_tend_start());
	assert_int_equal(0, p9_tend_start());
	assert_int_equal(1, nrunning());
}

TEST(a_mount_during_a_failure_has_a_thread)
{
	fails = is_disturbed = true;
	assert_int_equal(-ENOMEM, p9_tend_start());
	assert_int_equal(0, other_result);
	assert_int_equal(1, nrunning());
}

TEST(two_mounts_at_once_have_one_thread)
{
	is_disturbed = true;
	assert_int_equal(0, p9_tend_start());
	assert_int_equal(0, other_result);
	assert_int_equal(1, nrunning());
}
