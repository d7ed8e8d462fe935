/* SPDX-License-Identifier: MIT */
/* Priority inheritance: who is waited for runs as who waits (R132). */
#include "abi/errno.h"
#include "abi/sched.h"
#include "base/clock.h"
#include "ipc/call.h"
#include "lib/bits.h"
#include "proc/loan.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/race.h"

#define NEVER UINT64_MAX
#define CHAIN (LOAN_CHAIN_MAX + 1)

struct ends {
	struct file *receive, *send;
};

static struct ends ends[CHAIN];
static struct thread *servers[CHAIN], *client; /* atomic: NULL until they run */
static uint32_t go_on;			       /* atomic: servers that wait for it go on */

static bool open_ends(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		servers[i] = NULL;
		ends[i].receive = endpoint_create();
		if (!ends[i].receive ||
		    endpoint_badge(ends[i].receive, 1, false, &ends[i].send) != 0)
			return false;
	}
	client = NULL;
	go_on = 0;
	return true;
}

static void close_ends(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		file_put(ends[i].receive);
		file_put(ends[i].send);
	}
}

static int receive(unsigned i, int64_t *rcvid)
{
	struct ipc_words words;
	uint64_t badge;

	*rcvid = endpoint_receive(ends[i].receive, &words, &badge, NEVER);
	return *rcvid > 0 ? 0 : (int)*rcvid;
}

static int reply(unsigned i, int64_t rcvid)
{
	const struct ipc_words words = { 0 };

	return endpoint_reply(ends[i].receive, (uint64_t)rcvid, &words, false);
}

static int runs_as_usual(void *arg)
{
	(void)arg;
	return current_thread()->runs_as.any != 0;
}

/* A child has what its creator asked for, and not what that is lent. */
static bool child_is_usual(void)
{
	int pid, status;

	if (current_thread()->wish.any)
		return true;
	pid = ktest_spawn(runs_as_usual, NULL);
	return pid > 0 && ktest_wait(pid, 0, &status) == pid && status == EXITED(0);
}

/* Serves one call, which it has until `go_on`. The status says whether it ran as before afterwards. */
static int serve_until_told(void *arg)
{
	const uint64_t any = current_thread()->runs_as.any;
	int64_t rcvid;
	bool usual;

	(void)arg;
	if (receive(0, &rcvid) != 0)
		return 1;
	atomic_store(&servers[0], current_thread());
	if (thread_park(&go_on, false, NEVER) != 0)
		return 2;
	usual = child_is_usual();
	(void)reply(0, rcvid);
	return !usual || current_thread()->runs_as.any != any;
}

static int call_with_priority(void *arg)
{
	unsigned priority = (unsigned)(uintptr_t)arg;
	struct ipc_words words = { 0 };

	if (priority)
		ktest_ask(current_thread(), SCHED_FIFO, priority, 0);
	atomic_store(&client, current_thread());
	return endpoint_call(ends[0].send, &words, NULL, NEVER) != 0;
}

static int call_for_a_while(void *arg)
{
	struct ipc_words words = { 0 };

	(void)arg;
	ktest_ask(current_thread(), SCHED_FIFO, 33, 0);
	return endpoint_call(ends[0].send, &words, NULL, clock_deadline_in(NSEC_PER_SEC / 10)) !=
	       -ETIMEDOUT;
}

static int spawn_client(unsigned priority)
{
	return ktest_spawn(call_with_priority, (void *)(uintptr_t)priority);
}

static void let_go(struct thread *thread)
{
	atomic_store(&go_on, 1);
	thread_wake(thread);
}

/* The server replies to the only call that is left, and both end well. */
static void let_it_reply(int server, int caller)
{
	let_go(servers[0]);
	EXPECT_EQ(EXITED(0), ktest_reap(caller));
	EXPECT_EQ(EXITED(0), ktest_reap(server));
	close_ends(1);
}

/* A server runs as its client does until the reply. */
KTEST(loan_of_a_call_ends_with_the_reply)
{
	int server, caller;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_until_told, NULL);
	caller = spawn_client(50);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 50));
	let_it_reply(server, caller);
}

static int serve_nicely(void *arg)
{
	ktest_ask(current_thread(), SCHED_OTHER, 0, 19);
	return serve_until_told(arg);
}

/* The weight passes over as well, up and not down. */
KTEST(loan_of_a_weight)
{
	int server, caller;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_nicely, NULL);
	caller = spawn_client(0);
	EXPECT_TRUE(ktest_await_asleep(&servers[0]));
	EXPECT_TRUE(ktest_await_asleep(&client));
	EXPECT_EQ(WEIGHT_USUAL, thread_rank(servers[0]));
	ktest_ask(client, SCHED_OTHER, 0, 19);
	ktest_ask(servers[0], SCHED_OTHER, 0, 10);
	EXPECT_EQ(110, ktest_await_asleep(&client) ? thread_rank(servers[0]) : 0);
	ktest_ask(servers[0], SCHED_OTHER, 0, 19);
	let_it_reply(server, caller);
}

/* What a client asks for while it waits passes over at once, also back to nothing. */
KTEST(loan_of_a_client_that_is_raised_while_it_waits)
{
	int server, caller;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_until_told, NULL);
	caller = spawn_client(0);
	EXPECT_TRUE(ktest_await_asleep(&servers[0]) && ktest_await_asleep(&client));
	EXPECT_TRUE(ktest_await_priority(&servers[0], 0));
	ktest_ask(client, SCHED_FIFO, 40, 0);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 40));
	ktest_ask(client, SCHED_RR, 20, 0);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 20));
	ktest_ask(client, SCHED_OTHER, 0, 0);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 0));
	let_it_reply(server, caller);
}

static struct call of_kernel;
static struct ipc_words kernel_words;
static bool kernel_call_ended; /* atomic */

static void note_end(struct call *call, int result)
{
	EXPECT_TRUE(call == &of_kernel && result == 0);
	atomic_store(&kernel_call_ended, true);
}

/* As for a page: the thread that starts the call does not wait for it. */
static int start_call_of_kernel(void *arg)
{
	ktest_ask(current_thread(), SCHED_FIFO, (unsigned)(uintptr_t)arg, 0);
	atomic_store(&kernel_call_ended, false);
	of_kernel = (struct call){ .words = &kernel_words, .ended = note_end };
	call_start(ends[0].send, &of_kernel);
	return 0;
}

/* A call of the kernel's lends what the thread ran as that started it, until the reply. */
KTEST(loan_of_a_call_of_the_kernel)
{
	int server, starter;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_until_told, NULL);
	starter = ktest_spawn(start_call_of_kernel, (void *)50);
	EXPECT_EQ(EXITED(0), ktest_reap(starter));
	EXPECT_TRUE(ktest_await_priority(&servers[0], 50));
	let_go(servers[0]);
	EXPECT_EQ(EXITED(0), ktest_reap(server));
	EXPECT_TRUE(atomic_load(&kernel_call_ended));
	close_ends(1);
}

/* It lends while it is queued, too, until it is taken back. */
KTEST(loan_of_a_queued_call_of_the_kernel)
{
	int server, caller, starter;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_until_told, NULL);
	caller = spawn_client(0);
	EXPECT_TRUE(ktest_await_asleep(&servers[0]) && ktest_await_asleep(&client));
	starter = ktest_spawn(start_call_of_kernel, (void *)40);
	EXPECT_EQ(EXITED(0), ktest_reap(starter));
	EXPECT_TRUE(ktest_await_priority(&servers[0], 40));
	EXPECT_EQ(CALL_QUEUED, call_withdraw(ends[0].send, &of_kernel, UINT64_MAX));
	EXPECT_TRUE(ktest_await_priority(&servers[0], 0));
	let_it_reply(server, caller);
}

/* What the server asks for itself holds when the loan has ended. */
KTEST(loan_ends_as_the_server_asked_meanwhile)
{
	int server, caller;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_until_told, NULL);
	caller = spawn_client(50);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 50));
	ktest_ask(servers[0], SCHED_FIFO, 10, 0);
	EXPECT_EQ(50, servers[0]->runs_as.rt_priority);
	EXPECT_EQ(0, ktest_kill(caller));
	(void)ktest_reap(caller);
	EXPECT_EQ(10, servers[0]->runs_as.rt_priority);
	ktest_ask(servers[0], SCHED_OTHER, 0, 0);
	let_go(servers[0]);
	EXPECT_EQ(EXITED(0), ktest_reap(server));
	close_ends(1);
}

/* A call that is queued lends to the server that works on another one; its time-out and its caller's death end that. */
KTEST(loan_of_a_queued_call_ends_with_it)
{
	int server, first, urgent, timed;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_until_told, NULL);
	first = spawn_client(0);
	EXPECT_TRUE(ktest_await_asleep(&servers[0]));
	urgent = spawn_client(30);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 30));
	timed = ktest_spawn(call_for_a_while, NULL);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 33));
	EXPECT_EQ(EXITED(0), ktest_reap(timed));
	EXPECT_EQ(30, servers[0]->runs_as.rt_priority);
	EXPECT_EQ(0, ktest_kill(urgent));
	(void)ktest_reap(urgent);
	EXPECT_EQ(0, servers[0]->runs_as.rt_priority);
	let_it_reply(server, first);
}

static unsigned order[5], norder;

static int call_and_note(void *arg)
{
	unsigned number = (unsigned)(uintptr_t)arg;
	struct ipc_words words = { { number } };

	if (number % 100)
		ktest_ask(current_thread(), SCHED_FIFO, number % 100, 0);
	atomic_store(&client, current_thread());
	return endpoint_call(ends[0].send, &words, NULL, NEVER) != 0;
}

/* Queued calls are received in the order of their priorities, then of their coming. One that is raised meanwhile moves up. */
KTEST(loan_queued_calls_come_by_priority)
{
	static const unsigned numbers[] = { 100, 10, 30, 200, 20 },
			      expected[] = { 30, 20, 200, 10, 100 };
	int pids[ARRAY_SIZE(numbers)];

	ASSERT_TRUE(open_ends(1));
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		client = NULL;
		pids[i] = ktest_spawn(call_and_note, (void *)(uintptr_t)numbers[i]);
		EXPECT_TRUE(ktest_await_asleep(&client));
		if (numbers[i] == 200) {
			ktest_ask(client, SCHED_FIFO, 15, 0);
			EXPECT_TRUE(ktest_await_asleep(&client));
		}
	}
	ktest_settle();
	for (norder = 0; norder < ARRAY_SIZE(expected); norder++) {
		struct ipc_words words;
		uint64_t badge;
		int64_t rcvid = endpoint_receive(ends[0].receive, &words, &badge, NEVER);

		order[norder] = (unsigned)words.word[0];
		EXPECT_EQ(expected[norder], order[norder]);
		EXPECT_EQ(0, reply(0, rcvid));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(EXITED(0), ktest_reap(pids[i]));
	close_ends(1);
}

/* Serves at one endpoint by a call of the next; the last one waits. */
static int serve_by_calling_on(void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg;
	struct ipc_words words = { 0 };
	int64_t rcvid;
	int err;

	if (receive(i, &rcvid) != 0)
		return 1;
	atomic_store(&servers[i], current_thread());
	if (i + 1 < CHAIN - 1)
		err = endpoint_call(ends[i + 1].send, &words, NULL, NEVER);
	else
		err = thread_park(&go_on, false, NEVER);
	(void)reply(i, rcvid);
	return err != 0 || current_thread()->runs_as.any != 0;
}

static bool all_run_with(unsigned n, unsigned rt_priority)
{
	for (unsigned i = 0; i < n; i++)
		if (!ktest_await_priority(&servers[i], rt_priority))
			return false;
	return true;
}

/* A chain of servers runs as its client does, to the last one, and as before when the client has been killed. */
KTEST(loan_passes_a_chain)
{
	int pids[CHAIN - 1], caller;

	ASSERT_TRUE(open_ends(CHAIN - 1));
	for (uintptr_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = ktest_spawn(serve_by_calling_on, (void *)i);
	caller = spawn_client(0);
	EXPECT_TRUE(ktest_await_asleep(&servers[CHAIN - 2]));
	ktest_ask(client, SCHED_FIFO, 60, 0);
	EXPECT_TRUE(all_run_with(CHAIN - 1, 60));
	ktest_ask(client, SCHED_FIFO, 20, 0);
	EXPECT_TRUE(all_run_with(CHAIN - 1, 20));
	EXPECT_EQ(0, ktest_kill(caller));
	(void)ktest_reap(caller);
	EXPECT_TRUE(all_run_with(CHAIN - 1, 0));
	let_go(servers[CHAIN - 2]);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(EXITED(0), ktest_reap(pids[i]));
	close_ends(CHAIN - 1);
}

static int serve_in_a_ring(void *arg)
{
	unsigned i = (unsigned)(uintptr_t)arg;
	struct ipc_words words = { 0 };
	int64_t rcvid;
	int err;

	if (receive(i, &rcvid) != 0)
		return 1;
	atomic_store(&servers[i], current_thread());
	err = endpoint_call(ends[!i].send, &words, NULL, clock_deadline_in(NSEC_PER_SEC / 20));
	(void)reply(i, rcvid);
	return (err != 0 && err != -ETIMEDOUT) || current_thread()->runs_as.any != 0;
}

/* Two servers call each other: no loan comes back to its lender, so none stays when the client's has ended. */
KTEST(loan_comes_back_to_nobody)
{
	int pids[2], caller;

	ASSERT_TRUE(open_ends(2));
	for (uintptr_t i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = ktest_spawn(serve_in_a_ring, (void *)i);
	caller = spawn_client(50);
	EXPECT_TRUE(ktest_await_priority(&servers[1], 50));
	EXPECT_EQ(EXITED(0), ktest_reap(caller));
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(EXITED(0), ktest_reap(pids[i]));
	close_ends(2);
}

/* The receive end closes while a call is with its server. */
KTEST(loan_ends_when_the_receive_end_closes)
{
	int server, caller;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_until_told, NULL);
	caller = spawn_client(50);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 50));
	file_put(ends[0].receive);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 0));
	EXPECT_EQ(EXITED(1), ktest_reap(caller));
	EXPECT_EQ(0, ktest_kill(server));
	(void)ktest_reap(server);
	file_put(ends[0].send);
}

#define CROWD 100

static int be_a_crowd(void *arg)
{
	(void)arg;
	for (uintptr_t i = 1; i < CROWD; i++)
		if (ktest_spawn_thread(call_with_priority, (void *)(1 + i % 90)) < 0)
			return 1;
	return call_with_priority((void *)(uintptr_t)95);
}

/* Many clients lend to one server, and die all at once. */
KTEST(loan_of_a_crowd)
{
	int server, first, crowd;

	ASSERT_TRUE(open_ends(1));
	server = ktest_spawn(serve_until_told, NULL);
	first = spawn_client(0);
	EXPECT_TRUE(ktest_await_asleep(&servers[0]));
	crowd = ktest_spawn(be_a_crowd, NULL);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 95));
	EXPECT_EQ(0, ktest_kill(crowd));
	(void)ktest_reap(crowd);
	EXPECT_TRUE(ktest_await_priority(&servers[0], 0));
	EXPECT_TRUE(tree_empty(&servers[0]->loans));
	let_it_reply(server, first);
}

/* ---- races ---- */

#define CALLS 30

static unsigned ncallers; /* atomic: that have not ended */

static void begin_race(void)
{
	EXPECT_TRUE(open_ends(2));
	atomic_store(&ncallers, RACE_SIDES - 1);
}

static void call_by_lot(void)
{
	for (unsigned i = 0; i < CALLS; i++) {
		uint64_t deadline = race_lot(4) ? clock_deadline_in(race_lot(60000)) : NEVER;
		struct ipc_words words = { 0 };
		int err;

		if (race_lot(2))
			ktest_ask(current_thread(), SCHED_FIFO, 1 + race_lot(90), 0);
		else
			ktest_ask(current_thread(), SCHED_OTHER, 0, (int)race_lot(19));
		err = endpoint_call(ends[race_side() - 1].send, &words, NULL, deadline);
		EXPECT_TRUE(err == 0 || err == -ETIMEDOUT);
		EXPECT_TRUE(!current_thread()->lends);
	}
	ktest_ask(current_thread(), SCHED_OTHER, 0, 0);
	EXPECT_EQ(0, current_thread()->runs_as.any);
	atomic_add(&ncallers, -1u);
}

/* Works on a call of each client at the same time: their loans begin and end with locks of two endpoints. */
static void serve_by_lot(void)
{
	while (atomic_load(&ncallers)) {
		int64_t rcvids[2];

		for (unsigned i = 0; i < ARRAY_SIZE(rcvids); i++) {
			struct ipc_words words;
			uint64_t badge;

			rcvids[i] = endpoint_receive(ends[i].receive, &words, &badge,
						     clock_deadline_in(NSEC_PER_SEC / 5000));
		}
		if (race_lot(2) == 0)
			sched_yield();
		for (unsigned i = 0; i < ARRAY_SIZE(rcvids); i++)
			if (rcvids[i] > 0)
				(void)reply(i, rcvids[i]);
		if (race_lot(4) == 0)
			ktest_ask(current_thread(), SCHED_OTHER, 0, (int)race_lot(19));
	}
	ktest_ask(current_thread(), SCHED_OTHER, 0, 0);
	EXPECT_EQ(0, current_thread()->runs_as.any);
	EXPECT_TRUE(tree_empty(&current_thread()->loans));
}

static void end_race(void)
{
	close_ends(2);
}

/* Calls that lend end by a reply or a time-out, and all sides change what they ask for. */
RACE(race_loans_of_calls, .rounds = 6, .begin = begin_race,
     .sides = { serve_by_lot, call_by_lot, call_by_lot }, .end = end_race);
