/* SPDX-License-Identifier: MIT */
/* Open files that a program serves: who waits where, and what a server may answer. */
#include "ipc/served.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "base/clock.h"
#include "desc/poll.h"
#include "ipc/call.h"
#include "ipc/transfer.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/wait.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/race.h"

#define NEVER UINT64_MAX

static const struct file_ops served_test_ops = {
	.name = "served file",
	.read = served_read,
	.write = served_write,
	.poll = served_poll,
	.release = served_release,
	.holds = served_holds,
};

static const struct served_opener someone = { .pid = 1 };
static struct file *receive_end, *send_end, *file;

/* What the server does: the script's answers, one for each request; it ends after the last one. */
struct answer {
	int64_t result;
	uint64_t state;
	const char *bytes;   /* of a read */
	uint64_t post_first; /* not 0: this state is posted before the answer */
};

#define BYTES(text, generation, mask)                                     \
	{                                                                 \
		sizeof(text) - 1, SERVED_STATE(generation, mask), text, 0 \
	}
#define ANSWER(result, generation, mask)                        \
	{                                                       \
		result, SERVED_STATE(generation, mask), NULL, 0 \
	}

static const struct answer *script;
static struct ipc_words asked[32];
static uint64_t badges[32];
static unsigned nasked;

static void serve_one(int64_t rcvid, const struct answer *answer)
{
	struct ipc_words reply = { { (uint64_t)answer->result, answer->state } };
	struct call_hold hold;

	if (answer->bytes && asked[nasked - 1].word[1] <= SERVED_SHORT)
		memcpy(&reply.word[2], answer->bytes, strlen(answer->bytes));
	else if (answer->bytes && endpoint_hold(receive_end, (uint64_t)rcvid, &hold) == 0) {
		size_t n = strlen(answer->bytes);

		memcpy(hold.transfer->receive.head, answer->bytes, n);
		hold.transfer->received = n;
		endpoint_unhold(&hold);
	}
	if (answer->post_first)
		EXPECT_EQ(0, served_post(receive_end, badges[nasked - 1], answer->post_first));
	EXPECT_EQ(0, endpoint_reply(receive_end, (uint64_t)rcvid, &reply, false));
}

static int serve_script(void *arg)
{
	unsigned n = (unsigned)(uintptr_t)arg;

	for (unsigned i = 0; i < n; i++) {
		uint64_t badge;
		int64_t rcvid = endpoint_receive(receive_end, &asked[nasked], &badge, NEVER);

		if (rcvid < 0)
			return 1;
		badges[nasked++] = badge;
		if (rcvid > 0)
			serve_one(rcvid, &script[i]);
	}
	return 0;
}

static int serve(const struct answer *answers, size_t n)
{
	script = answers;
	return ktest_spawn(serve_script, (void *)n);
}

#define SERVE(answers) serve(answers, ARRAY_SIZE(answers))

static bool open_served(const struct answer *first)
{
	int server;
	int err;

	nasked = 0;
	receive_end = endpoint_create();
	if (!receive_end || endpoint_badge(receive_end, 1, false, &send_end) != 0)
		return false;
	file = file_create(&served_test_ops, O_RDWR, NULL);
	server = serve(first, 1);
	err = served_open(file, send_end, &someone);
	EXPECT_EQ(0, ktest_reap(server));
	return err == 0;
}

static void close_served(void)
{
	file_put(file);
	file_put(send_end);
	if (receive_end)
		file_put(receive_end);
}

static ssize_t read_some(char *to, size_t n)
{
	struct user_iter iter = user_iter_kernel(to, n);

	return file->ops->read(file, &iter, NULL);
}

static ssize_t write_some(const char *from, size_t n)
{
	struct user_iter iter = user_iter_kernel((char *)from, n);

	return file->ops->write(file, &iter, NULL);
}

static const struct answer opened = ANSWER(0, 1, POLLIN | POLLOUT);

/* The cookie is the badge of all that comes for the file; requests count up; the last close is a pulse (R148). */
KTEST(served_requests_have_cookies_and_numbers)
{
	static const struct answer answers[] = { { 3, SERVED_STATE(1, POLLIN | POLLOUT), "abc", 0 },
						 { 2, SERVED_STATE(1, POLLIN | POLLOUT), "de", 0 },
						 ANSWER(5, 1, POLLIN | POLLOUT) };
	char bytes[8];
	uint64_t badge;
	int server;

	ASSERT_TRUE(open_served(&opened));
	EXPECT_EQ(IPC_BADGE_SERVED | 1, badges[0]);
	server = SERVE(answers);
	EXPECT_EQ(3, read_some(bytes, sizeof(bytes)));
	EXPECT_EQ(0, memcmp(bytes, "abc", 3));
	EXPECT_EQ(2, read_some(bytes, sizeof(bytes)));
	EXPECT_EQ(5, write_some("12345", 5));
	EXPECT_EQ(0, ktest_reap(server));
	for (unsigned i = 1; i < nasked; i++)
		EXPECT_EQ(badges[0], badges[i]);
	EXPECT_EQ(SERVED_WORD(SERVED_READ, 1), asked[1].word[0]);
	EXPECT_EQ(sizeof(bytes), asked[1].word[1]);
	EXPECT_EQ(SERVED_WORD(SERVED_READ, 2), asked[2].word[0]);
	EXPECT_EQ(SERVED_WORD(SERVED_WRITE, 1), asked[3].word[0]);
	file_put(file);
	EXPECT_EQ(0, endpoint_receive(receive_end, &asked[0], &badge, 0));
	EXPECT_EQ(IPC_PULSE_CLOSED, asked[0].word[0]);
	EXPECT_EQ(badges[0], badge);
	EXPECT_EQ(-ENOENT, served_post(receive_end, badge, SERVED_STATE(9, POLLIN)));
	file_put(send_end);
	file_put(receive_end);
}

static int read_three(void *arg)
{
	char bytes[3];

	(void)arg;
	return read_some(bytes, sizeof(bytes)) == 3 && memcmp(bytes, "abc", 3) == 0 ? 0 : 1;
}

/* While the mask says that there is nothing, a reader sleeps without a message. A post wakes it (R148). */
KTEST(served_reader_waits_for_a_post_without_a_message)
{
	static const struct answer nothing = ANSWER(0, 5, 0);
	static const struct answer answers[] = { { 3, SERVED_STATE(6, 0), "abc", 0 } };
	int reader;

	ASSERT_TRUE(open_served(&nothing));
	reader = ktest_spawn(read_three, NULL);
	ktest_settle();
	EXPECT_EQ(0,
		  served_post(receive_end, badges[0], SERVED_STATE(4, POLLIN))); /* an older one */
	EXPECT_EQ(0, served_post(receive_end, badges[0], SERVED_STATE(5, POLLIN)));
	ktest_settle();
	EXPECT_EQ(0, served_poll(file, NULL));
	EXPECT_EQ(0, served_post(receive_end, badges[0], SERVED_STATE(6, POLLIN)));
	EXPECT_EQ(POLLIN, served_poll(file, NULL));
	EXPECT_EQ(0, ktest_reap(SERVE(answers)));
	EXPECT_EQ(0, ktest_reap(reader));
	close_served();
}

/* A post that overtakes the answer -EAGAIN is an edge: the reader asks again (R148). */
KTEST(served_post_that_overtakes_an_answer_is_seen)
{
	static const struct answer answers[] = { { -EAGAIN, SERVED_STATE(2, 0), NULL,
						   SERVED_STATE(3, POLLIN) },
						 { 3, SERVED_STATE(3, POLLIN), "abc", 0 } };
	int server;

	ASSERT_TRUE(open_served(&opened));
	server = SERVE(answers);
	EXPECT_EQ(0, ktest_reap(ktest_spawn(read_three, NULL)));
	EXPECT_EQ(0, ktest_reap(server));
	close_served();
}

/* Counts that are too large, or of bytes that were not written, and errnos that are none (R148). */
KTEST(served_answers_that_are_wrong)
{
	static const struct answer answers[] = { { 9, SERVED_STATE(1, POLLIN), "abc", 0 },
						 { 4, SERVED_STATE(1, POLLIN), "abc", 0 },
						 ANSWER(-512, 1, POLLIN),
						 ANSWER(INT64_MIN, 1, POLLIN),
						 ANSWER(-ENXIO, 1, POLLIN),
						 ANSWER(0, 1, POLLIN),
						 ANSWER(9, 1, POLLIN) };
	static const int results[] = { -EIO, -EIO, -EIO, -EIO, -ENXIO, 0 };
	char bytes[32];
	int server;

	ASSERT_TRUE(open_served(&opened));
	server = SERVE(answers);
	for (unsigned i = 0; i < ARRAY_SIZE(results); i++)
		EXPECT_EQ(results[i], read_some(bytes, sizeof(bytes)));
	EXPECT_EQ(-EIO, read_some(bytes, 8)); /* what would be in the words */
	EXPECT_EQ(0, ktest_reap(server));
	close_served();
}

static int read_until_error(void *arg)
{
	char bytes[3];

	(void)arg;
	return read_some(bytes, sizeof(bytes)) == -EIO ? 0 : 1;
}

/* Of one operation on a file, a request is made when the last one was answered (R148). */
KTEST(served_requests_of_two_threads_take_turns)
{
	static const struct answer answer = BYTES("abc", 2, POLLIN);
	int readers[2];
	int64_t rcvid;

	ASSERT_TRUE(open_served(&opened));
	readers[0] = ktest_spawn(read_three, NULL);
	readers[1] = ktest_spawn(read_three, NULL);
	ktest_settle();
	for (unsigned i = 1; i <= 2; i++) {
		rcvid = endpoint_receive(receive_end, &asked[i], &badges[i], NEVER);
		nasked = i + 1;
		EXPECT_EQ(SERVED_WORD(SERVED_READ, i), asked[i].word[0]);
		EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &asked[3], &badges[3], 0));
		serve_one(rcvid, &answer);
	}
	EXPECT_EQ(0, ktest_reap(readers[0]));
	EXPECT_EQ(0, ktest_reap(readers[1]));
	close_served();
}

/* The end of the server wakes whoever waits for its files (R140). */
KTEST(served_files_of_a_dead_server)
{
	static const struct answer nothing = ANSWER(0, 1, 0);
	int reader;

	ASSERT_TRUE(open_served(&nothing));
	reader = ktest_spawn(read_until_error, NULL);
	ktest_settle();
	file_put(receive_end);
	receive_end = NULL;
	EXPECT_EQ(0, ktest_reap(reader));
	EXPECT_EQ(POLLHUP, served_poll(file, NULL));
	close_served();
}

/* O_NONBLOCK asks nobody, where the mask says that there is nothing. */
KTEST(served_files_that_do_not_wait)
{
	static const struct answer nothing = ANSWER(0, 1, 0);
	char byte;

	ASSERT_TRUE(open_served(&nothing));
	file->flags |= O_NONBLOCK;
	EXPECT_EQ(-EAGAIN, read_some(&byte, 1));
	EXPECT_EQ(-EAGAIN, write_some("x", 1));
	EXPECT_EQ(1, nasked);
	close_served();
}

/* ---- servers that end, and others that take their place ---- */

static struct file *keeper;

static bool open_kept(const struct answer *first)
{
	if (!open_served(first) || endpoint_badge(receive_end, 0, false, &keeper) != 0)
		return false;
	endpoint_keep(keeper);
	return true;
}

static void server_ends(void)
{
	file_put(receive_end);
	receive_end = NULL;
}

static void next_server(void)
{
	EXPECT_EQ(0, endpoint_reopen(keeper, &receive_end));
}

/* Receives a request, and ends without an answer. */
static int receive_and_end(void *arg)
{
	uint64_t badge;

	(void)arg;
	return endpoint_receive(receive_end, &asked[nasked++], &badge, NEVER) > 0 ? 0 : 1;
}

/* What the server had received is asked again of the next one, with the same number; so is what was queued (R149). */
KTEST(served_request_is_made_again_at_the_next_server)
{
	static const struct answer answers[] = { { 3, SERVED_STATE(2, POLLIN), "abc", 0 } };
	int reader;

	ASSERT_TRUE(open_kept(&opened));
	reader = ktest_spawn(read_three, NULL);
	EXPECT_EQ(0, ktest_reap(ktest_spawn(receive_and_end, NULL)));
	server_ends();
	ktest_settle();
	EXPECT_EQ(POLLIN | POLLOUT, served_poll(file, NULL));
	next_server();
	EXPECT_EQ(0, ktest_reap(SERVE(answers)));
	EXPECT_EQ(0, ktest_reap(reader));
	EXPECT_EQ(3, nasked);
	EXPECT_EQ(SERVED_WORD(SERVED_READ, 1), asked[1].word[0]);
	EXPECT_EQ(SERVED_WORD(SERVED_READ, 1), asked[2].word[0]);
	file_put(keeper);
	close_served();
}

/* A request that sixteen servers have received and not answered is an error (R140). */
KTEST(served_request_that_ends_its_servers_fails)
{
	int reader;

	ASSERT_TRUE(open_kept(&opened));
	reader = ktest_spawn(read_until_error, NULL);
	for (unsigned i = 0; i < 16; i++) {
		EXPECT_EQ(0, ktest_reap(ktest_spawn(receive_and_end, NULL)));
		server_ends();
		next_server();
	}
	ktest_settle();
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &asked[17], &badges[17], 0));
	EXPECT_EQ(0, ktest_reap(reader));
	EXPECT_EQ(17, nasked);
	file_put(keeper);
	close_served();
}

/* One receive end at a time; it is made by who keeps the endpoint, and by nobody else (R149). */
KTEST(endpoint_is_opened_again_by_its_keeper)
{
	struct file *other;

	ASSERT_TRUE(open_kept(&opened));
	EXPECT_EQ(-EBUSY, endpoint_reopen(keeper, &other));
	EXPECT_EQ(-EINVAL, endpoint_reopen(send_end, &other));
	EXPECT_EQ(-EINVAL, endpoint_reopen(receive_end, &other));
	server_ends();
	EXPECT_EQ(-EINVAL, endpoint_reopen(send_end, &other));
	EXPECT_EQ(false, endpoint_is_broken(send_end));
	EXPECT_EQ(0, endpoint_notify(send_end, 4));
	next_server();
	EXPECT_EQ(0, endpoint_receive(receive_end, &asked[0], &badges[0], 0));
	EXPECT_EQ(IPC_PULSE_NOTIFIED, asked[0].word[0]);
	EXPECT_EQ(1, badges[0]);
	file_put(keeper);
	close_served();
}

/* Without a receive end, the end of the last keeper is the endpoint's (R140). */
KTEST(endpoint_breaks_with_its_last_keeper)
{
	struct file *second;
	int reader;

	ASSERT_TRUE(open_kept(&opened));
	EXPECT_EQ(0, endpoint_badge(receive_end, 0, false, &second));
	endpoint_keep(second);
	server_ends();
	reader = ktest_spawn(read_until_error, NULL);
	ktest_settle();
	file_put(keeper);
	EXPECT_EQ(false, endpoint_is_broken(send_end));
	file_put(second);
	EXPECT_EQ(true, endpoint_is_broken(send_end));
	EXPECT_EQ(-EPIPE, endpoint_notify(send_end, 1));
	EXPECT_EQ(POLLHUP, served_poll(file, NULL) & POLLHUP);
	EXPECT_EQ(0, ktest_reap(reader));
	close_served();
}

/* Who keeps the endpoint learns of a server that is overdue, and of the next one. */
KTEST(endpoint_tells_its_keeper_that_a_server_is_overdue)
{
	ASSERT_TRUE(open_kept(&opened));
	EXPECT_EQ(true, endpoint_may_repeat(endpoint_of(send_end), false));
	EXPECT_EQ(0, keeper->ops->poll(keeper, NULL) & POLLPRI);
	EXPECT_EQ(true, endpoint_may_repeat(endpoint_of(send_end),
					    true)); /* it was started a moment ago */
	EXPECT_EQ(0, keeper->ops->poll(keeper, NULL) & POLLPRI);
	endpoint_request_ns = 0;
	EXPECT_EQ(true, endpoint_may_repeat(endpoint_of(send_end), true));
	endpoint_request_ns = 10 * NSEC_PER_SEC;
	EXPECT_EQ(POLLPRI, keeper->ops->poll(keeper, NULL) & POLLPRI);
	EXPECT_EQ(0, send_end->ops->poll(send_end, NULL) & POLLPRI);
	server_ends();
	next_server();
	EXPECT_EQ(0, keeper->ops->poll(keeper, NULL) & POLLPRI);
	file_put(keeper);
	EXPECT_EQ(false, endpoint_may_repeat(endpoint_of(send_end), false));
	close_served();
}

/* The next server learns which files there are. */
KTEST(served_files_are_described)
{
	struct served_file found;

	ASSERT_TRUE(open_kept(&opened));
	EXPECT_EQ(0, served_describe(receive_end, 0, &found));
	EXPECT_EQ(badges[0], found.cookie);
	EXPECT_EQ(SERVED_STATE(1, POLLIN | POLLOUT), found.state);
	EXPECT_EQ(0, memcmp(found.open, &asked[0].word[1], sizeof(found.open)));
	EXPECT_EQ(O_RDWR | 1ull << 32, found.open[0]);
	EXPECT_EQ(1, found.open[2]);
	EXPECT_EQ(0, served_post(receive_end, found.cookie, SERVED_STATE(7, POLLIN)));
	EXPECT_EQ(0, served_describe(receive_end, found.cookie, &found));
	EXPECT_EQ(SERVED_STATE(7, POLLIN), found.state);
	EXPECT_EQ(-ENOENT, served_describe(receive_end, found.cookie + 1, &found));
	EXPECT_EQ(-EINVAL, served_describe(send_end, 0, &found));
	EXPECT_EQ(-ENOENT, served_post(receive_end, found.cookie - 1, SERVED_STATE(9, 0)));
	file_put(keeper);
	close_served();
}

/* ---- servers that do not answer ---- */

static struct ipc_words held;

/* A program's call without a deadline, of the same endpoint. */
static int call_and_wait(void *arg)
{
	(void)arg;
	return endpoint_call(send_end, &held, NULL, NEVER) == 0 && held.word[0] == 7 ? 0 : 1;
}

/* Long enough for an answer on any host. */
#define SHORT_NS NSEC_PER_SEC

/*
 * A request that is not answered ends: the first one here, which waits for a receiver, and the second one, which is switched over
 * to it. A program's call that the server has received waits on (R140).
 */
KTEST(served_request_that_is_not_answered_ends)
{
	int caller, reader, server;
	int64_t rcvid;

	endpoint_request_ns = SHORT_NS;
	ASSERT_TRUE(open_served(&opened));
	caller = ktest_spawn(call_and_wait, NULL);
	rcvid = endpoint_receive(receive_end, &asked[nasked], &badges[nasked], NEVER);
	reader = ktest_spawn(read_until_error, NULL);
	ktest_settle();
	EXPECT_EQ(0, ktest_reap(ktest_spawn(receive_and_end, NULL)));
	EXPECT_EQ(0, ktest_reap(reader));
	server = ktest_spawn(receive_and_end, NULL);
	ktest_settle();
	EXPECT_EQ(0, ktest_reap(ktest_spawn(read_until_error, NULL)));
	EXPECT_EQ(0, ktest_reap(server));
	held.word[0] = 7;
	EXPECT_EQ(0, endpoint_reply(receive_end, (uint64_t)rcvid, &held, false));
	EXPECT_EQ(0, ktest_reap(caller));
	endpoint_request_ns = 10 * NSEC_PER_SEC;
	close_served();
}

static int write_until_error(void *arg)
{
	(void)arg;
	return write_some("x", 1) == -EIO ? 0 : 1;
}

/* Nobody receives them (R140). */
KTEST(served_requests_that_are_not_received_end)
{
	int reader, writer;

	endpoint_request_ns = SHORT_NS;
	ASSERT_TRUE(open_served(&opened));
	reader = ktest_spawn(read_until_error, NULL);
	writer = ktest_spawn(write_until_error, NULL);
	EXPECT_EQ(0, ktest_reap(reader));
	EXPECT_EQ(0, ktest_reap(writer));
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &asked[1], &badges[1], 0));
	endpoint_request_ns = 10 * NSEC_PER_SEC;
	close_served();
}

/* A thread of the server receives one after the other, and answers none but the last, which is a program's (R140). */
KTEST(served_requests_that_others_follow_end)
{
	int reader, writer, caller;
	int64_t rcvid;

	endpoint_request_ns = SHORT_NS;
	ASSERT_TRUE(open_served(&opened));
	reader = ktest_spawn(read_until_error, NULL);
	EXPECT_TRUE(endpoint_receive(receive_end, &asked[1], &badges[1], NEVER) > 0);
	writer = ktest_spawn(write_until_error, NULL);
	EXPECT_TRUE(endpoint_receive(receive_end, &asked[2], &badges[2], NEVER) > 0);
	caller = ktest_spawn(call_and_wait, NULL);
	rcvid = endpoint_receive(receive_end, &asked[3], &badges[3], NEVER);
	EXPECT_EQ(0, ktest_reap(reader));
	EXPECT_EQ(0, ktest_reap(writer));
	held.word[0] = 7;
	EXPECT_EQ(0, endpoint_reply(receive_end, (uint64_t)rcvid, &held, false));
	EXPECT_EQ(0, ktest_reap(caller));
	endpoint_request_ns = 10 * NSEC_PER_SEC;
	close_served();
}

static void rest(uint64_t ns)
{
	struct waitq never;

	waitq_init(&never);
	thread_sleep_always(&never, waitq_sample(&never), clock_deadline_in(ns));
}

static struct ipc_words called[8];

static int call_with_others(void *arg)
{
	return (int)endpoint_call(send_end, arg, NULL, NEVER);
}

/* Each answer gives those in the queue the whole time once more (R140). If this machine is too slow to give one in time, that is no error. */
KTEST(served_request_waits_for_a_server_that_is_slow)
{
	static const struct answer answer = BYTES("abc", 2, POLLIN);
	int callers[ARRAY_SIZE(called)], reader, status;
	int64_t rcvids[ARRAY_SIZE(called)], rcvid;
	bool in_time = true;
	uint64_t last;

	endpoint_request_ns = SHORT_NS / 2;
	ASSERT_TRUE(open_served(&opened));
	for (unsigned i = 0; i < ARRAY_SIZE(called); i++) {
		callers[i] = ktest_spawn(call_with_others, &called[i]);
		rcvids[i] = endpoint_receive(receive_end, &asked[1], &badges[1], NEVER);
	}
	reader = ktest_spawn(read_three, NULL);
	last = clock_ns();
	for (unsigned i = 0; i < ARRAY_SIZE(called); i++) {
		rest(SHORT_NS / 4);
		in_time &= clock_ns() - last < SHORT_NS / 2;
		EXPECT_EQ(0, endpoint_reply(receive_end, (uint64_t)rcvids[i], &held, false));
		last = clock_ns();
		EXPECT_EQ(0, ktest_reap(callers[i]));
	}
	rcvid = endpoint_receive(receive_end, &asked[1], &badges[1], 0);
	in_time &= clock_ns() - last < SHORT_NS / 2;
	nasked = 2;
	if (rcvid > 0)
		serve_one(rcvid, &answer);
	status = ktest_reap(reader);
	EXPECT_TRUE(!in_time || (rcvid > 0 && status == 0));
	endpoint_request_ns = 10 * NSEC_PER_SEC;
	close_served();
}

/* Of a kept endpoint, the keeper learns of it, and the next server answers (R149). */
KTEST(served_request_that_is_late_is_made_again)
{
	static const struct answer answers[] = { BYTES("abc", 2, POLLIN) };
	int reader;

	endpoint_request_ns = SHORT_NS;
	ASSERT_TRUE(open_kept(&opened));
	reader = ktest_spawn(read_three, NULL);
	ktest_settle();
	EXPECT_EQ(0, ktest_reap(ktest_spawn(receive_and_end, NULL)));
	while (!(keeper->ops->poll(keeper, NULL) & POLLPRI))
		ktest_settle();
	endpoint_request_ns = 10 * NSEC_PER_SEC;
	server_ends();
	next_server();
	EXPECT_EQ(0, ktest_reap(SERVE(answers)));
	EXPECT_EQ(0, ktest_reap(reader));
	file_put(keeper);
	close_served();
}

static char large[SERVED_SHORT + 1];

static int read_large_until_error(void *arg)
{
	(void)arg;
	return read_some(large, sizeof(large)) == -EIO ? 0 : 1;
}

static int write_and_end(void *arg)
{
	struct call_hold hold;
	uint64_t badge;
	int64_t rcvid = endpoint_receive(receive_end, &asked[nasked++], &badge, NEVER);

	(void)arg;
	if (endpoint_hold(receive_end, (uint64_t)rcvid, &hold) != 0)
		return 1;
	hold.transfer->received = 3;
	endpoint_unhold(&hold);
	return 0;
}

/* What a server has written before it ended does not count for the next one (R149). */
KTEST(served_bytes_of_a_dead_server_do_not_count)
{
	static const struct answer answers[] = { ANSWER(3, 2, POLLIN) };
	int reader;

	ASSERT_TRUE(open_kept(&opened));
	reader = ktest_spawn(read_large_until_error, NULL);
	EXPECT_EQ(0, ktest_reap(ktest_spawn(write_and_end, NULL)));
	server_ends();
	next_server();
	EXPECT_EQ(0, ktest_reap(SERVE(answers)));
	EXPECT_EQ(0, ktest_reap(reader));
	file_put(keeper);
	close_served();
}

/* ---- races ---- */

static uint32_t nusers;

static void begin_served_race(void)
{
	receive_end = endpoint_create();
	EXPECT_EQ(0, endpoint_badge(receive_end, 1, false, &send_end));
	EXPECT_EQ(0, endpoint_badge(receive_end, 2, false, &keeper));
	endpoint_keep(keeper);
	nusers = 2;
}

/* Opens the file, uses it without waiting, and closes it. Servers refuse, end, and answer anything. */
static void use_by_lot(void)
{
	for (unsigned i = 0; i < 6; i++) {
		struct file *mine = file_create(&served_test_ops, O_RDWR | O_NONBLOCK, NULL);
		char bytes[SERVED_SHORT + 2];

		if (!mine || served_open(mine, send_end, &someone) != 0) {
			if (mine)
				file_discard(mine);
			continue;
		}
		for (unsigned n = race_lot(4); n; n--) {
			struct user_iter iter =
				user_iter_kernel(bytes, race_lot(2) ? 1 : sizeof(bytes));

			(void)(race_lot(2) ? served_read(mine, &iter, NULL)
					   : served_write(mine, &iter, NULL));
			(void)served_poll(mine, NULL);
		}
		file_put(mine);
	}
	atomic_add(&nusers, -1u);
}

static void look_at_all_files(void)
{
	static uint64_t generation;
	struct served_file found;

	for (uint64_t cookie = 0; served_describe(receive_end, cookie, &found) == 0;
	     cookie = found.cookie + 1)
		(void)served_post(receive_end, found.cookie,
				  SERVED_STATE(++generation, POLLIN | POLLOUT));
}

/* A few servers, one after the other. */
static void serve_files_by_lot(void)
{
	while (atomic_load(&nusers)) {
		struct ipc_words words;
		uint64_t badge;
		int64_t rcvid = endpoint_receive(receive_end, &words, &badge,
						 clock_deadline_in(NSEC_PER_SEC / 5000));

		look_at_all_files();
		if (race_lot(6) == 0) {
			server_ends();
			next_server();
		} else if (rcvid > 0) {
			words.word[0] = race_lot(3) ? 0 : (uint64_t)-EACCES;
			words.word[1] = SERVED_STATE(race_lot(9), race_lot(32));
			(void)endpoint_reply(receive_end, (uint64_t)rcvid, &words, race_lot(2));
		}
	}
}

static void end_served_race(void)
{
	file_put(send_end);
	if (race_below(2)) {
		file_put(keeper);
		file_put(receive_end);
	} else {
		file_put(receive_end);
		file_put(keeper);
	}
}

/* Opens that are refused, closes, posts, and ends of servers (R148, R149). */
RACE(race_served_files_and_servers, .rounds = 6, .begin = begin_served_race,
     .sides = { use_by_lot, use_by_lot, serve_files_by_lot }, .end = end_served_race);
