/* SPDX-License-Identifier: MIT */
/* Endpoints: every call has one end, whatever dies, and a message is what was sent (R140, R146). */
#include "abi/errno.h"
#include "abi/poll.h"
#include "arch/timer.h"
#include "base/clock.h"
#include "base/hart.h"
#include "desc/poll.h"
#include "ipc/call.h"
#include "ipc/deadlock.h"
#include "lib/bits.h"
#include "mm/check/alloc_fail.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/wait.h"
#include "sync/irq.h"
#include "sync/spinlock.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/late_event.h"

#define NEVER UINT64_MAX

static struct file *receive_end, *send_end;

static bool open_ends(void)
{
	receive_end = endpoint_create();
	return receive_end && endpoint_badge(receive_end, 77, false, &send_end) == 0;
}

static void close_ends(void)
{
	if (receive_end)
		file_put(receive_end);
	file_put(send_end);
}

/* What a caller process has for an exit status. */
#define CALL_OK	      0
#define CALL_EPIPE    1
#define CALL_TIMEDOUT 2
#define CALL_EINTR    3
#define CALL_WRONG    9

static int status_of(int err)
{
	switch (err) {
	case 0:
		return CALL_OK;
	case -EPIPE:
		return CALL_EPIPE;
	case -ETIMEDOUT:
		return CALL_TIMEDOUT;
	case -EINTR:
		return CALL_EINTR;
	default:
		return CALL_WRONG;
	}
}

static uint64_t call_deadline;
static unsigned ncalling;

/* Sends what no other call sends; the answer has to be that with all bits turned. */
static int call_once(void *arg)
{
	uint64_t base = (uint64_t)arg * 1000;
	struct ipc_words words;
	int err;

	for (unsigned i = 0; i < IPC_WORDS; i++)
		words.word[i] = base + i;
	atomic_add(&ncalling, 1);
	err = endpoint_call(send_end, &words, NULL, call_deadline);
	for (unsigned i = 0; err == 0 && i < IPC_WORDS; i++)
		if (words.word[i] != ~(base + i))
			return CALL_WRONG;
	return status_of(err);
}

static int spawn_caller(unsigned long number)
{
	return ktest_spawn(call_once, (void *)number);
}

static int64_t receive(struct ipc_message *message)
{
	struct ipc_words words;
	int64_t rcvid = endpoint_receive(receive_end, &words, &message->badge, NEVER);

	for (unsigned i = 0; rcvid >= 0 && i < IPC_WORDS; i++)
		message->word[i] = words.word[i];
	return rcvid;
}

static int reply_turned(uint64_t rcvid, const struct ipc_message *message)
{
	struct ipc_words words;

	for (unsigned i = 0; i < IPC_WORDS; i++)
		words.word[i] = ~message->word[i];
	return endpoint_reply(receive_end, rcvid, &words, false);
}

/* R140: words and badge arrive, the reply goes back, and the number is good for one reply. */
KTEST(endpoint_call_and_reply)
{
	struct ipc_message message;
	int64_t rcvid;
	int pid;

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	pid = spawn_caller(5);
	ASSERT_TRUE(pid > 0);
	rcvid = receive(&message);
	EXPECT_TRUE(rcvid > 0);
	EXPECT_EQ(5000, message.word[0]);
	EXPECT_EQ(5003, message.word[3]);
	EXPECT_EQ(77, message.badge);
	EXPECT_EQ(-ESRCH, reply_turned((uint64_t)rcvid + 1, &message));
	EXPECT_EQ(0, reply_turned((uint64_t)rcvid, &message));
	EXPECT_EQ(-ESRCH, reply_turned((uint64_t)rcvid, &message));
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(pid));
	close_ends();
}

/* R140: many calls are open at once, and are answered in any order. */
KTEST(endpoint_replies_in_any_order)
{
	struct ipc_message messages[8];
	int64_t rcvids[8];
	int pids[8];

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = spawn_caller(i + 1);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		rcvids[i] = receive(&messages[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
		unsigned at = (i * 5 + 3) % ARRAY_SIZE(pids);

		EXPECT_EQ(0, reply_turned((uint64_t)rcvids[at], &messages[at]));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(EXITED(CALL_OK), ktest_reap(pids[i]));
	close_ends();
}

static void never_ended(struct call *call, int result)
{
	(void)call;
	EXPECT_EQ(0, result);
	EXPECT_TRUE(false);
}

/* A call of the kernel's is too late if it was received before a tick, not at that tick. */
KTEST(endpoint_withdraws_what_was_received_before_a_tick)
{
	struct ipc_words words = { { 1 } };
	struct call call = { .words = &words, .ended = never_ended };
	struct ipc_message message;

	ASSERT_TRUE(open_ends());
	call_start(send_end, &call);
	EXPECT_TRUE(receive(&message) > 0);
	EXPECT_EQ(CALL_DONE, call_withdraw(send_end, &call, call.received_tick));
	EXPECT_EQ(CALL_RECEIVED, call_withdraw(send_end, &call, call.received_tick + 1));
	EXPECT_EQ(CALL_DONE, call_withdraw(send_end, &call, call.received_tick + 1));
	close_ends();
}

static unsigned nended;

static void is_ended(struct call *call, int result)
{
	(void)call;
	EXPECT_EQ(0, result);
	nended++;
}

/* R140: one that is queued is too late if the server has answered none since a tick. */
KTEST(endpoint_withdraws_what_is_queued_if_none_is_answered)
{
	struct ipc_words words[2] = { 0 };
	struct call calls[] = { { .words = &words[0], .ended = is_ended },
				{ .words = &words[1], .ended = is_ended } };
	struct ipc_message message;
	uint64_t before;
	int64_t rcvid;

	ASSERT_TRUE(open_ends());
	nended = 0;
	call_start(send_end, &calls[0]);
	call_start(send_end, &calls[1]);
	rcvid = receive(&message);
	before = arch_time();
	EXPECT_EQ(0, reply_turned((uint64_t)rcvid, &message));
	EXPECT_EQ(1, nended);
	EXPECT_EQ(CALL_DONE, call_withdraw(send_end, &calls[1], before));
	EXPECT_EQ(CALL_QUEUED, call_withdraw(send_end, &calls[1], arch_time() + 1));
	EXPECT_EQ(1, nended);
	close_ends();
}

/* R146: only the receive end receives, replies and makes send ends; only a send end calls. */
KTEST(endpoint_ends_are_of_two_kinds)
{
	struct ipc_words words = { { 0 } };
	struct file *other;
	uint64_t badge;

	ASSERT_TRUE(open_ends());
	EXPECT_EQ(-EINVAL, endpoint_call(receive_end, &words, NULL, 0));
	EXPECT_EQ(-EINVAL, endpoint_receive(send_end, &words, &badge, 0));
	EXPECT_EQ(-EINVAL, endpoint_reply(send_end, 1, &words, false));
	EXPECT_EQ(-EINVAL, endpoint_badge(send_end, 1, false, &other));
	close_ends();
}

#ifdef FAULTLINE_HARDENED

/* R45: neither the sender nor its file can be had */
KTEST(endpoint_has_no_send_end_without_memory)
{
	struct file *other;

	ASSERT_TRUE(open_ends());
	for (unsigned at = 1; at <= 2; at++) {
		alloc_fail_at = at;
		EXPECT_EQ(-ENOMEM, endpoint_badge(receive_end, 1, false, &other));
		EXPECT_EQ(0, alloc_fail_at);
		alloc_fail_at = 0;
	}
	close_ends();
}

#endif

/* Deadlines: of a call that nobody receives, of one that nobody answers, and of a receive. */
KTEST(endpoint_deadlines)
{
	struct ipc_words words = { { 0 } };
	struct ipc_message message;
	uint64_t badge;
	int64_t rcvid;
	int pid;

	ASSERT_TRUE(open_ends());
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &words, &badge, 0));
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &words, &badge, arch_time() + 1000));
	EXPECT_EQ(-ETIMEDOUT, endpoint_call(send_end, &words, NULL, 0));
	EXPECT_EQ(-ETIMEDOUT, endpoint_call(send_end, &words, NULL, arch_time() + 1000));
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &words, &badge, 0));
	call_deadline = arch_time() + clock_timebase() / 50;
	pid = spawn_caller(1);
	rcvid = receive(&message);
	EXPECT_EQ(EXITED(CALL_TIMEDOUT), ktest_reap(pid));
	EXPECT_EQ(-ESRCH, reply_turned((uint64_t)rcvid, &message));
	close_ends();
}

/* R140: the end of the receive end ends every call, received or not, and those that come later. */
KTEST(endpoint_closes_under_its_callers)
{
	struct ipc_message message;
	int pids[5];

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = spawn_caller(i);
	EXPECT_TRUE(receive(&message) > 0);
	EXPECT_TRUE(receive(&message) > 0);
	ktest_settle();
	file_put(receive_end);
	receive_end = NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(EXITED(CALL_EPIPE), ktest_reap(pids[i]));
	EXPECT_EQ(EXITED(CALL_EPIPE), ktest_reap(spawn_caller(6)));
	close_ends();
}

/* R140: a kill ends a call that waits in the queue, and one that was received: no reply finds it. */
KTEST(endpoint_callers_are_killed)
{
	struct ipc_message message;
	struct ipc_words words;
	uint64_t badge;
	int64_t rcvid;
	int queued, received;

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	received = spawn_caller(1);
	rcvid = receive(&message);
	queued = spawn_caller(2);
	ktest_settle();
	EXPECT_EQ(0, ktest_kill(queued));
	EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(queued));
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &words, &badge, 0));
	EXPECT_EQ(0, ktest_kill(received));
	EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(received));
	EXPECT_EQ(-ESRCH, reply_turned((uint64_t)rcvid, &message));
	close_ends();
}

/* A caller that is killed before it is answered is no reason to end. */
static int serve_until_killed(void *arg)
{
	struct ipc_words words, reply = { { 0 } };
	uint64_t badge, answers = 0;
	int64_t rcvid;

	(void)arg;
	for (;;) {
		rcvid = endpoint_reply_receive(receive_end, &answers, &reply, &words, &badge,
					       NEVER);
		if (rcvid < 0 && rcvid != -ESRCH)
			return answers == 0 ? status_of((int)rcvid) : CALL_WRONG;
		answers = rcvid > 0 ? (uint64_t)rcvid : 0;
		for (unsigned i = 0; i < IPC_WORDS; i++)
			reply.word[i] = ~words.word[i];
	}
}

/* A receiver that is killed as a call comes either answers it or leaves it to another. */
KTEST(endpoint_receivers_are_killed)
{
	struct ipc_message message;
	int64_t rcvid;
	int server, pid;

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	server = ktest_spawn(serve_until_killed, NULL);
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(spawn_caller(1)));
	ktest_settle();
	EXPECT_EQ(0, ktest_kill(server));
	EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(server));
	pid = spawn_caller(2);
	rcvid = receive(&message);
	EXPECT_EQ(2000, message.word[0]);
	EXPECT_EQ(0, reply_turned((uint64_t)rcvid, &message));
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(pid));
	close_ends();
}

static struct thread *waiting_receiver;

static int receive_once(void *arg)
{
	struct ipc_words words;
	uint64_t badge;

	(void)arg;
	atomic_store(&waiting_receiver, current_thread());
	return endpoint_receive(receive_end, &words, &badge, NEVER) == 0 ? 0 : CALL_WRONG;
}

/* Is that what the endpoint says, with its server's last progress since `from`, and not before? */
static bool is_news(uint64_t ncalls, bool is_awaited, uint64_t from)
{
	struct endpoint_news news = endpoint_look(receive_end);

	return news.ncalls == ncalls && news.is_awaited == is_awaited &&
	       news.progress_tick >= from && news.progress_tick <= arch_time();
}

/* An endpoint tells when its server has got on last, and whether somebody waits for it. */
KTEST(endpoint_tells_of_progress)
{
	struct ipc_message message;
	uint64_t from = arch_time(), badge;
	struct ipc_words words;
	int64_t rcvid;
	int pid, receiver;

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	EXPECT_TRUE(is_news(0, false, from));
	waiting_receiver = NULL;
	from = arch_time();
	receiver = ktest_spawn(receive_once, NULL);
	EXPECT_TRUE(ktest_await_asleep(&waiting_receiver));
	EXPECT_TRUE(is_news(0, false, from));
	EXPECT_EQ(0, endpoint_notify(send_end, 1));
	EXPECT_EQ(EXITED(0), ktest_reap(receiver));
	from = arch_time();
	pid = spawn_caller(1);
	ktest_settle();
	EXPECT_TRUE(is_news(0, true, from)); /* it is queued */
	rcvid = receive(&message);
	EXPECT_TRUE(is_news(1, true, from));
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &words, &badge, 0));
	EXPECT_TRUE(is_news(1, true, from));
	from = arch_time();
	EXPECT_EQ(0, reply_turned((uint64_t)rcvid, &message));
	EXPECT_TRUE(is_news(1, false, from));
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(pid));
	receiver = ktest_spawn(serve_until_killed, NULL);
	ktest_settle();
	for (uint64_t n = 2; n < 10; n++) {
		from = arch_time();
		EXPECT_EQ(EXITED(CALL_OK), ktest_reap(spawn_caller(n)));
		ktest_settle();
		EXPECT_TRUE(is_news(n, false, from));
	}
	EXPECT_EQ(0, ktest_kill(receiver));
	(void)ktest_reap(receiver);
	close_ends();
}

KTEST(endpoint_is_readable_when_a_call_waits)
{
	struct ipc_message message;
	int64_t rcvid;
	int pid;

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	EXPECT_EQ(0, receive_end->ops->poll(receive_end, NULL));
	pid = spawn_caller(1);
	ktest_settle();
	EXPECT_EQ(POLLIN, receive_end->ops->poll(receive_end, NULL));
	rcvid = receive(&message);
	EXPECT_EQ(0, receive_end->ops->poll(receive_end, NULL));
	EXPECT_EQ(0, reply_turned((uint64_t)rcvid, &message));
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(pid));
	close_ends();
}

/* R140: who polls a send end learns of the end of the receive end. */
KTEST(endpoint_hangs_up_on_senders)
{
	ASSERT_TRUE(open_ends());
	EXPECT_EQ(POLLOUT | POLLWRNORM, send_end->ops->poll(send_end, NULL));
	file_put(receive_end);
	receive_end = NULL;
	EXPECT_EQ(POLLOUT | POLLWRNORM | POLLHUP, send_end->ops->poll(send_end, NULL));
	close_ends();
}

static uint64_t pulse_value;

/* The exit status is the code of the pulse that it waited for. */
static int receive_pulse(void *arg)
{
	struct ipc_words words;
	uint64_t badge;
	int64_t rcvid = endpoint_receive(receive_end, &words, &badge, NEVER);

	(void)arg;
	pulse_value = words.word[1];
	return rcvid == 0 && badge == 77 ? (int)words.word[0] : CALL_WRONG;
}

/* R140: a pulse goes to a receiver that waits; one that waits itself is received later, once. */
KTEST(endpoint_pulses_wake_receivers)
{
	struct ipc_words words;
	uint64_t badge;
	int pid;

	ASSERT_TRUE(open_ends());
	pid = ktest_spawn(receive_pulse, NULL);
	ktest_settle();
	EXPECT_EQ(0, endpoint_notify(send_end, 6));
	EXPECT_EQ(0, endpoint_notify(send_end, 8));
	EXPECT_EQ(0, endpoint_notify(send_end, 1));
	EXPECT_EQ(EXITED(IPC_PULSE_NOTIFIED), ktest_reap(pid));
	EXPECT_EQ(6, pulse_value);
	EXPECT_EQ(POLLIN, receive_end->ops->poll(receive_end, NULL));
	EXPECT_EQ(0, endpoint_receive(receive_end, &words, &badge, 0));
	EXPECT_EQ(9, words.word[1]);
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &words, &badge, 0));
	EXPECT_EQ(-EINVAL, endpoint_notify(receive_end, 1));
	close_ends();
}

/* Pulses are sent where interrupts are handled: with interrupts off. */
KTEST(endpoint_pulses_with_interrupts_off)
{
	struct ipc_words words;
	unsigned long flags;
	uint64_t badge;

	ASSERT_TRUE(open_ends());
	flags = irq_save();
	EXPECT_EQ(0, endpoint_notify(send_end, 2));
	irq_restore(flags);
	EXPECT_EQ(0, endpoint_receive(receive_end, &words, &badge, 0));
	EXPECT_EQ(2, words.word[1]);
	close_ends();
}

/* The end of a send end is a pulse; whoever receives its last one frees it: here, in all orders. */
KTEST(endpoint_closes_are_pulses)
{
	struct ipc_words words;
	struct file *other;
	uint64_t badge;

	ASSERT_TRUE(open_ends());
	for (unsigned i = 0; i < 400; i++) {
		bool tells = i & 1, notifies = i & 2, receives = i & 4;

		ASSERT_TRUE(endpoint_badge(receive_end, 1000 + i, tells, &other) == 0);
		if (notifies)
			EXPECT_EQ(0, endpoint_notify(other, 1));
		file_put(other);
		if (!receives)
			continue;
		while (endpoint_receive(receive_end, &words, &badge, 0) == 0)
			EXPECT_TRUE(badge <= 1000 + i);
		EXPECT_TRUE(!tells || badge == 1000 + i);
		EXPECT_TRUE(!tells || words.word[0] == IPC_PULSE_CLOSED);
	}
	ASSERT_TRUE(endpoint_badge(receive_end, 1, true, &other) == 0);
	EXPECT_EQ(0, endpoint_notify(other, 1));
	file_put(other);
	file_put(receive_end);
	receive_end = NULL;
	EXPECT_EQ(-EPIPE, endpoint_notify(send_end, 1));
	close_ends();
}

/* Nobody holds a call that has ended, and a call that is held does not end. */
KTEST(endpoint_holds_calls)
{
	struct ipc_message message;
	struct call_hold hold;
	int64_t rcvid;
	int pid;

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	pid = spawn_caller(1);
	rcvid = receive(&message);
	EXPECT_EQ(-ESRCH, endpoint_hold(receive_end, (uint64_t)rcvid + 1, &hold));
	EXPECT_EQ(-EINVAL, endpoint_hold(send_end, (uint64_t)rcvid, &hold));
	EXPECT_EQ(0, endpoint_hold(receive_end, (uint64_t)rcvid, &hold));
	EXPECT_TRUE(hold.transfer == NULL);
	EXPECT_TRUE(endpoint_holds_end(&hold, receive_end));
	EXPECT_TRUE(!endpoint_holds_end(&hold, send_end));
	endpoint_unhold(&hold);
	EXPECT_EQ(0, reply_turned((uint64_t)rcvid, &message));
	EXPECT_EQ(-ESRCH, endpoint_hold(receive_end, (uint64_t)rcvid, &hold));
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(pid));
	close_ends();
}

#define CALLERS 6
#define SERVERS 3
#define ROUNDS	60

static unsigned nanswered, nwrong;
static uint64_t seed;

static unsigned chance(unsigned n)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (unsigned)(seed >> 33) % n;
}

/* Calls again and again until it is killed; counts the calls that were answered. */
static int call_until_killed(void *arg)
{
	uint64_t number = (uint64_t)arg * 1000000;

	for (;;) {
		uint64_t deadline = number % 7 == 0 ? arch_time() + 2000 : NEVER;
		struct ipc_words words = { { number, number + 1, number + 2, number + 3 } };
		int err = endpoint_call(send_end, &words, NULL, deadline);

		if (err == 0) {
			atomic_add(&nanswered, 1);
			for (unsigned i = 0; i < IPC_WORDS; i++)
				if (words.word[i] != ~(number + i))
					atomic_add(&nwrong, 1);
		} else if (err != -ETIMEDOUT) {
			return status_of(err);
		}
		number++;
		if (number % 3 == 0)
			sched_yield();
	}
}

/* R140: callers and receivers that are killed at any moment; nobody gets another's answer, or none. */
KTEST(endpoint_storm)
{
	int callers[CALLERS], servers[SERVERS];

	ASSERT_TRUE(open_ends());
	seed = 7;
	nanswered = nwrong = 0;
	for (unsigned i = 0; i < SERVERS; i++)
		servers[i] = ktest_spawn(serve_until_killed, NULL);
	for (unsigned i = 0; i < CALLERS; i++)
		callers[i] = ktest_spawn(call_until_killed, (void *)(i + 1ul));
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned at = chance(CALLERS + SERVERS);
		int *pid = at < CALLERS ? &callers[at] : &servers[at - CALLERS];

		for (unsigned n = chance(30); n; n--) {
			EXPECT_EQ(0, endpoint_notify(send_end, n));
			sched_yield();
		}
		EXPECT_EQ(0, ktest_kill(*pid));
		EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(*pid));
		*pid = at < CALLERS ? ktest_spawn(call_until_killed, (void *)(i + 100ul))
				    : ktest_spawn(serve_until_killed, NULL);
		ASSERT_TRUE(*pid > 0);
	}
	for (unsigned i = 0; i < SERVERS; i++) {
		EXPECT_EQ(0, ktest_kill(servers[i]));
		EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(servers[i]));
	}
	file_put(receive_end);
	receive_end = NULL;
	for (unsigned i = 0; i < CALLERS; i++)
		EXPECT_EQ(EXITED(CALL_EPIPE), ktest_reap(callers[i]));
	EXPECT_TRUE(nanswered > ROUNDS);
	EXPECT_EQ(0, nwrong);
	close_ends();
}

#define PINGS 200

static unsigned others_ran, slices_kept;
static bool stop_others;

static int spin_politely(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop_others)) {
		others_ran++;
		sched_yield();
	}
	return 0;
}

static int call_often(void *arg)
{
	const struct thread *thread = current_thread();
	struct ipc_words words = { { 0 } };
	uint64_t slice;

	(void)arg;
	for (unsigned i = 0; i < PINGS; i++) {
		slice = thread->slice_tick;
		if (endpoint_call(send_end, &words, NULL, NEVER) != 0)
			return CALL_WRONG;
		slices_kept += thread->slice_tick == slice;
	}
	return 0;
}

static int reply_and_hand_over(uint64_t rcvid, const struct ipc_message *message)
{
	struct ipc_words words = { { message->word[0] } };

	return endpoint_reply(receive_end, rcvid, &words, true);
}

static int serve_by_hand_over(void *arg)
{
	struct ipc_message message;
	int64_t rcvid;

	(void)arg;
	while ((rcvid = receive(&message)) > 0)
		(void)reply_and_hand_over((uint64_t)rcvid, &message);
	return status_of((int)rcvid);
}

/*
 * R132: the hart goes from caller to receiver and back without a turn for those that are ready; but
 * both together have one slice, and then the others run. So after a call the caller is still in the
 * slice that it was in. (That the others get their turns says little: whenever a kernel thread wakes
 * up, they do.)
 */
KTEST_ALONE(endpoint_hands_the_hart_over)
{
	uint64_t slice;
	int spinner, server, caller;

	ASSERT_TRUE(open_ends());
	server = ktest_spawn(serve_by_hand_over, NULL);
	ktest_settle();
	slice = sched_slice_set(clock_timebase() * 100);
	stop_others = false;
	others_ran = 0;
	slices_kept = 0;
	spinner = ktest_spawn(spin_politely, NULL);
	caller = ktest_spawn(call_often, NULL);
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(caller));
	EXPECT_TRUE(others_ran < PINGS);
	EXPECT_TRUE(slices_kept > 0);
	sched_slice_set(slice);
	atomic_store(&stop_others, true);
	EXPECT_EQ(EXITED(0), ktest_reap(spinner));
	EXPECT_EQ(0, ktest_kill(server));
	EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(server));
	close_ends();
}

static int ping_until_killed(void *arg)
{
	struct ipc_words words = { { 0 } };
	int err;

	(void)arg;
	while ((err = endpoint_call(send_end, &words, NULL, NEVER)) == 0)
		;
	return status_of(err);
}

/* R132: two that hand the hart to each other for ever do not starve a third. */
KTEST_ALONE(endpoint_hand_over_ends_with_the_slice)
{
	int spinner, server, caller;

	ASSERT_TRUE(open_ends());
	server = ktest_spawn(serve_until_killed, NULL);
	caller = ktest_spawn(ping_until_killed, NULL);
	stop_others = false;
	others_ran = 0;
	spinner = ktest_spawn(spin_politely, NULL);
	while (atomic_load(&others_ran) < 20)
		sched_yield();
	atomic_store(&stop_others, true);
	EXPECT_EQ(EXITED(0), ktest_reap(spinner));
	EXPECT_EQ(0, ktest_kill(caller));
	EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(caller));
	EXPECT_EQ(0, ktest_kill(server));
	EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(server));
	close_ends();
}

/* ---- from one hart to another ---- */

#define QUIET_CALLS  8
#define CALLS_ACROSS 2000 /* at most */

static unsigned quiet_calls,
	interrupts; /* of the calls without a timer's interrupt meanwhile, and of these how many */

static void await_idle(const struct hart *hart)
{
	while (atomic_load(&hart->current) != hart->idle)
		spin_pause();
}

static int answer_across(void *arg)
{
	struct ipc_words words = { 0 };
	uint64_t rcvid = 0, badge;

	(void)arg;
	ktest_go_to(1);
	do {
		int64_t next =
			endpoint_reply_receive(receive_end, &rcvid, &words, &words, &badge, NEVER);

		if (next <= 0)
			return CALL_WRONG;
		rcvid = (uint64_t)next;
		await_idle(&harts[0]);
	} while (!words.word[0]);
	return status_of(endpoint_reply(receive_end, rcvid, &words, true));
}

/*
 * A tick may interrupt another hart, too: one that is idle, on behalf of threads that are ready. So a call is quiet if none
 * has come since the call before it began.
 */
static int call_across(void *arg)
{
	uint64_t last_ticks = UINT64_MAX;
	struct ipc_words words;

	(void)arg;
	ktest_go_to(0);
	for (unsigned i = 0; i < CALLS_ACROSS && quiet_calls < QUIET_CALLS; i++) {
		uint64_t kicks, ticks;
		int err;

		ticks = hart_counter_sum(HART_TIMER_INTERRUPTS);
		await_idle(&harts[1]);
		kicks = hart_counter_sum(HART_KICKS);
		words = (struct ipc_words){ 0 };
		err = endpoint_call(send_end, &words, NULL, NEVER);
		kicks = hart_counter_sum(HART_KICKS) - kicks;
		if (err)
			return status_of(err);
		if (hart_counter_sum(HART_TIMER_INTERRUPTS) == last_ticks) {
			quiet_calls++;
			interrupts += (unsigned)kicks;
		}
		last_ticks = ticks;
	}
	words.word[0] = 1;
	return status_of(endpoint_call(send_end, &words, NULL, NEVER));
}

/* R125, R140: a server that waits on another hart is interrupted once for a call, and the caller once for the reply. */
KTEST(endpoint_call_across_harts_interrupts_each_once)
{
	int server, caller;

	if (!hart_are_several()) {
		ktest_skip("one hart runs");
		return;
	}
	ASSERT_TRUE(open_ends());
	quiet_calls = interrupts = 0;
	server = ktest_spawn(answer_across, NULL);
	caller = ktest_spawn(call_across, NULL);
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(caller));
	EXPECT_EQ(EXITED(CALL_OK), ktest_reap(server));
	EXPECT_TRUE(quiet_calls > 0);
	EXPECT_EQ(2 * quiet_calls, interrupts);
	close_ends();
}

/* ---- which receiver gets a call ---- */

#define POSTS	  3 /* harts that are used */
#define NO_ANSWER 99

static bool keep_busy;
static unsigned nbusy;
static const struct hart *asks_when_idle; /* or NULL */

/* Number n waits on hart n / 10, and its answer is the number. */
static int answer_number(void *number)
{
	struct ipc_message message;
	struct ipc_words words = { { (uint64_t)number } };
	int64_t rcvid;

	ktest_go_to((unsigned)(uint64_t)number / 10);
	rcvid = receive(&message);
	if (rcvid <= 0)
		return status_of((int)rcvid);
	return status_of(endpoint_reply(receive_end, (uint64_t)rcvid, &words, false));
}

/* The exit status is the number that answers a call from that hart. */
static int ask_number(void *hart)
{
	struct ipc_words words = { 0 };

	ktest_go_to((unsigned)(uint64_t)hart);
	if (asks_when_idle)
		await_idle(asks_when_idle);
	return endpoint_call(send_end, &words, NULL, NEVER) == 0 ? (int)words.word[0] : NO_ANSWER;
}

static int stay_busy(void *hart)
{
	ktest_go_to((unsigned)(uint64_t)hart);
	atomic_add(&nbusy, 1);
	while (atomic_load(&keep_busy))
		spin_pause();
	return CALL_OK;
}

static int begin_to_wait(uint64_t number)
{
	int pid = ktest_spawn(answer_number, (void *)number);

	ktest_settle();
	return pid;
}

static int make_busy(uint64_t hart)
{
	unsigned before = atomic_load(&nbusy);
	int pid = ktest_spawn(stay_busy, (void *)hart);

	while (atomic_load(&nbusy) == before)
		sched_yield();
	return pid;
}

static int answers_from(uint64_t hart, const struct hart *idle)
{
	asks_when_idle = idle;
	return ktest_reap(ktest_spawn(ask_number, (void *)hart));
}

static void reap_ok(const int *pids, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		EXPECT_EQ(EXITED(CALL_OK), ktest_reap(pids[i]));
}

/* Of those that wait on the caller's hart the last one gets a call, whoever has waited longer. */
KTEST(endpoint_call_takes_the_last_receiver_of_its_hart)
{
	static const uint64_t numbers[] = { 0 + 3, 10 + 1, 10 + 2, 0 + 4 };
	int pids[ARRAY_SIZE(numbers)];

	if (hart_count < 2) {
		ktest_skip("one hart runs");
		return;
	}
	ASSERT_TRUE(open_ends());
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		pids[i] = begin_to_wait(numbers[i]);
	EXPECT_EQ(EXITED(12), answers_from(1, NULL));
	EXPECT_EQ(EXITED(4), answers_from(0, NULL));
	EXPECT_EQ(EXITED(11), answers_from(1, NULL));
	EXPECT_EQ(EXITED(3), answers_from(1, NULL)); /* none is left there */
	reap_ok(pids, ARRAY_SIZE(pids));
	close_ends();
}

/* Where none waits on the caller's hart, one of an idle hart gets the call; if none is idle, the one that has waited longest. */
KTEST(endpoint_call_takes_a_receiver_of_an_idle_hart)
{
	static const uint64_t numbers[] = { 10 + 1, 20 + 1, 10 + 2, 20 + 2 };
	int pids[ARRAY_SIZE(numbers)], busy[2];

	if (hart_count < POSTS) {
		ktest_skip("fewer than three harts run");
		return;
	}
	ASSERT_TRUE(open_ends());
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		pids[i] = begin_to_wait(numbers[i]);
	atomic_store(&keep_busy, true);
	busy[0] = make_busy(1);
	EXPECT_EQ(EXITED(22), answers_from(0, &harts[2]));
	busy[1] = make_busy(2);
	EXPECT_EQ(EXITED(11), answers_from(0, NULL));
	EXPECT_EQ(EXITED(21), answers_from(0, NULL));
	EXPECT_EQ(EXITED(12), answers_from(0, NULL));
	atomic_store(&keep_busy, false);
	reap_ok(busy, ARRAY_SIZE(busy));
	reap_ok(pids, ARRAY_SIZE(pids));
	close_ends();
}

/* R140: some of those that wait on several harts are killed, in any order: the others get the calls. */
KTEST(endpoint_receivers_are_killed_among_others)
{
	unsigned nused = MIN(hart_count, (unsigned)POSTS);
	int pids[8];

	ASSERT_TRUE(open_ends());
	seed = 11;
	for (unsigned round = 0; round < 10; round++) {
		unsigned left = ARRAY_SIZE(pids);

		for (unsigned i = 0; i < ARRAY_SIZE(pids); i++)
			pids[i] = begin_to_wait(chance(nused) * 10 + i);
		while (left > 3) {
			unsigned at = chance(left--);

			EXPECT_EQ(0, ktest_kill(pids[at]));
			EXPECT_EQ(EXITED(CALL_EINTR), ktest_reap(pids[at]));
			pids[at] = pids[left];
		}
		for (unsigned i = 0; i < left; i++)
			EXPECT_TRUE(answers_from(chance(nused), NULL) < EXITED(NO_ANSWER));
		reap_ok(pids, left);
	}
	close_ends();
}

#define CROWD 1000

/* R130: a thousand calls wait for one server, which receives them in the order in which they came. */
KTEST(endpoint_answers_a_crowd_in_its_order)
{
	static int pids[CROWD];
	struct ipc_message message;
	unsigned ncalls = 0;
	int64_t rcvid;

	call_deadline = NEVER;
	ASSERT_TRUE(open_ends());
	while (ncalls < CROWD) {
		pids[ncalls] = spawn_caller(ncalls);
		if (pids[ncalls] < 0)
			break;
		ncalls++;
		ktest_settle();
	}
	EXPECT_TRUE(ncalls > 0);
	for (unsigned i = 0; i < ncalls; i++) {
		rcvid = receive(&message);
		EXPECT_EQ(i * 1000, message.word[0]);
		EXPECT_EQ(0, reply_turned((uint64_t)rcvid, &message));
		EXPECT_EQ(EXITED(CALL_OK), ktest_reap(pids[i]));
	}
	close_ends();
}

/* R130: however many calls are queued, rings are looked for a few times in a tick; but in each tick. */
KTEST_ALONE(endpoint_looks_for_few_rings_in_a_tick)
{
	uint64_t slice = clock_ns_to_ticks(NSEC_PER_SEC / 1000 * SLICE_MS);
	uint64_t first = arch_time() / slice;
	unsigned nlooks = 0;

	while (nlooks <= 3 * IPC_LOOKS_MAX)
		nlooks += ipc_deadlock_may_look();
	EXPECT_TRUE(arch_time() / slice - first >= 3);
}

#ifdef FAULTLINE_HARDENED

/* A send end that tells of its closing, which nothing but the closing makes readable. */
static struct file *begin_telling(void)
{
	receive_end = endpoint_create();
	if (!receive_end || endpoint_badge(receive_end, 77, true, &send_end) != 0)
		return NULL;
	return receive_end;
}

static void close_send_end(void)
{
	file_put(send_end);
}

static void close_receive_end(void)
{
	file_put(receive_end);
}

static struct file *begin_silent(void)
{
	return open_ends() ? receive_end : NULL;
}

static struct file *begin_sending(void)
{
	return open_ends() ? send_end : NULL;
}

static void notify(void)
{
	EXPECT_EQ(0, endpoint_notify(send_end, 1));
}

KTEST_ALONE(endpoint_poll_misses_no_event)
{
	static const struct late_event pulse = { begin_silent, notify, close_ends, POLLIN };

	static const struct late_event closed = { begin_telling, close_send_end, close_receive_end,
						  POLLIN };

	static const struct late_event broken = { begin_sending, close_receive_end, close_send_end,
						  POLLHUP };

	late_event_expect(&pulse);
	late_event_expect(&closed);
	late_event_expect(&broken);
}

#endif
