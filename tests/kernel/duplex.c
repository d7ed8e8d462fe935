/* SPDX-License-Identifier: MIT */
/* Duplexes, and the files of a server that are joined by them or that wait to be taken. */
#include "desc/duplex.h"

#include "abi/errno.h"
#include "abi/poll.h"
#include "base/clock.h"
#include "desc/pipe_ring.h"
#include "desc/poll.h"
#include "ipc/call.h"
#include "ipc/served.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/race.h"

#define NEVER	 UINT64_MAX
#define WRITABLE (POLLOUT | POLLWRNORM | POLLWRBAND)
#define READABLE (POLLIN | POLLRDNORM)

/* ---- the two pipes ---- */

/* Of a duplex's file only the flags count. */
static const struct file waits = { .flags = O_RDWR };
static const struct file does_not_wait = { .flags = O_RDWR | O_NONBLOCK };

static struct duplex side[2];
static char page[PAGE_SIZE], seen[PAGE_SIZE];

static ssize_t side_read(unsigned which, const struct file *file, char *to, size_t n)
{
	struct user_iter iter = user_iter_kernel(to, n);

	return duplex_read(&side[which], file, &iter);
}

static ssize_t side_peek(unsigned which, char *to, size_t n)
{
	struct user_iter iter = user_iter_kernel(to, n);

	return duplex_peek(&side[which], &does_not_wait, &iter);
}

/* Without a signal if nobody can read it. */
static ssize_t side_write(unsigned which, const struct file *file, const char *from, size_t n)
{
	struct user_iter iter = user_iter_kernel((char *)from, n);

	iter.rwf = RWF_QUIET;
	return duplex_write(&side[which], file, &iter);
}

static void end_both(void)
{
	duplex_end(&side[0]);
	duplex_end(&side[1]);
}

/* Writes until there is no room. Returns how many bytes there was room for. */
static size_t fill(unsigned which)
{
	size_t done = 0;
	ssize_t n;

	while ((n = side_write(which, &does_not_wait, page, sizeof(page))) > 0)
		done += (size_t)n;
	EXPECT_EQ(-EAGAIN, n);
	return done;
}

/* Each side reads what the other one writes, and what has come before the end (R154). */
KTEST(duplex_carries_bytes_both_ways)
{
	char bytes[8];

	ASSERT_TRUE(duplex_create(side, false) == 0);
	EXPECT_EQ(-EAGAIN, side_read(0, &does_not_wait, bytes, sizeof(bytes)));
	EXPECT_EQ(3, side_write(0, &waits, "abc", 3));
	EXPECT_EQ(2, side_write(1, &waits, "xy", 2));
	EXPECT_EQ(3, duplex_unsent(&side[0]));
	EXPECT_EQ(3, duplex_unread(&side[1]));
	EXPECT_EQ(3, side_read(1, &waits, bytes, sizeof(bytes)));
	EXPECT_EQ(0, memcmp(bytes, "abc", 3));
	EXPECT_EQ(0, duplex_unsent(&side[0]));
	duplex_end(&side[1]);
	EXPECT_EQ(2, side_read(0, &waits, bytes, sizeof(bytes)));
	EXPECT_EQ(0, memcmp(bytes, "xy", 2));
	EXPECT_EQ(0, side_read(0, &waits, bytes, sizeof(bytes)));
	EXPECT_EQ(-EPIPE, side_write(0, &waits, "abc", 3));
	EXPECT_EQ(0, duplex_take_error(&side[0], DUPLEX_IN));
	end_both();
}

/* A peek copies from all pages, and the next read gets the same bytes (R154). */
KTEST(duplex_peek_takes_nothing)
{
	char bytes[4];

	ASSERT_TRUE(duplex_create(side, false) == 0);
	EXPECT_EQ(-EAGAIN, side_peek(1, bytes, 1));
	for (size_t i = 0; i < sizeof(page); i++)
		page[i] = (char)(i / 7);
	EXPECT_EQ(3, side_write(0, &waits, "abc", 3));
	EXPECT_EQ(sizeof(page), side_write(0, &waits, page, sizeof(page)));
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(4, side_peek(1, bytes, sizeof(bytes)));
		EXPECT_EQ(0, memcmp(bytes, "abc", 3));
		EXPECT_EQ(page[0], bytes[3]);
	}
	EXPECT_EQ(sizeof(page) + 3, duplex_unread(&side[1]));
	EXPECT_EQ(3, side_read(1, &waits, bytes, 3));
	EXPECT_EQ(sizeof(seen), side_peek(1, seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp(seen, page, sizeof(page)));
	memset(seen, 0, sizeof(seen));
	EXPECT_EQ(sizeof(seen), side_read(1, &waits, seen, sizeof(seen)));
	EXPECT_EQ(0, memcmp(seen, page, sizeof(page)));
	duplex_shut(&side[0], DUPLEX_OUT);
	EXPECT_EQ(0, side_peek(1, bytes, sizeof(bytes)));
	end_both();
}

/* Who has not read all before it ends resets the other side, and that is said once (R154). */
KTEST(duplex_reset_is_said_once)
{
	char byte;

	ASSERT_TRUE(duplex_create(side, false) == 0);
	EXPECT_EQ(1, side_write(0, &waits, "a", 1));
	EXPECT_EQ(1, side_write(1, &waits, "b", 1));
	duplex_end(&side[1]);
	EXPECT_EQ(POLLERR, duplex_poll(&side[0], NULL) & POLLERR);
	EXPECT_EQ(1, side_read(0, &waits, &byte, 1));
	EXPECT_EQ(-ECONNRESET, duplex_take_error(&side[0], DUPLEX_IN));
	EXPECT_EQ(0, duplex_take_error(&side[0], DUPLEX_IN));
	EXPECT_EQ(0, duplex_poll(&side[0], NULL) & POLLERR);
	EXPECT_EQ(0, side_read(0, &waits, &byte, 1));
	end_both();
	ASSERT_TRUE(duplex_create(side, false) == 0);
	duplex_reset(&side[1]); /* one that was never used */
	EXPECT_EQ(-ECONNRESET, duplex_take_error(&side[0], DUPLEX_IN));
	EXPECT_EQ(0, duplex_take_error(&side[1], DUPLEX_IN));
	end_both();
}

/* Bytes that nobody will read are looked at, but no more than 4 MiB of them, whatever the program asks for (R154). */
KTEST(duplex_late_write_has_a_bound)
{
	const size_t most = 4ul << 20;

	ASSERT_TRUE(duplex_create(side, true) == 0);
	duplex_end(&side[1]);
	EXPECT_EQ((ssize_t)most, side_write(0, &waits, page, 2 * most)); /* copies none */
	EXPECT_EQ(-EPIPE, side_write(0, &waits, page, 1));
	end_both();
}

/* What poll says, after each step (R153, R154). */
KTEST(duplex_poll_masks)
{
	ASSERT_TRUE(duplex_create(side, false) == 0);
	EXPECT_EQ(WRITABLE, duplex_poll(&side[0], NULL));
	EXPECT_EQ(1, side_write(0, &waits, "a", 1));
	EXPECT_EQ(WRITABLE, duplex_poll(&side[0], NULL));
	EXPECT_EQ(READABLE | WRITABLE, duplex_poll(&side[1], NULL));
	EXPECT_TRUE(fill(0) >= (PIPE_RING_SLOTS - 1) * PAGE_SIZE);
	EXPECT_EQ(0, duplex_poll(&side[0], NULL));
	duplex_shut(&side[0], DUPLEX_OUT);
	EXPECT_EQ(WRITABLE, duplex_poll(&side[0], NULL)); /* a write fails at once */
	EXPECT_EQ(READABLE | POLLRDHUP | WRITABLE, duplex_poll(&side[1], NULL));
	duplex_shut(&side[0], DUPLEX_IN);
	EXPECT_EQ(READABLE | POLLRDHUP | WRITABLE | POLLHUP, duplex_poll(&side[0], NULL));
	EXPECT_EQ(READABLE | POLLRDHUP | WRITABLE | POLLHUP, duplex_poll(&side[1], NULL));
	end_both();
}

static int read_the_end(void *arg)
{
	char byte;

	(void)arg;
	return side_read(0, &waits, &byte, 1) == 0 ? 0 : 1;
}

static int write_to_nobody(void *arg)
{
	(void)arg;
	return side_write(0, &waits, "a", 1) == -EPIPE ? 0 : 1;
}

/* Whoever waits when its own side or the other one shuts that way goes on (R154). */
static void shut_wakes(int (*wait)(void *arg), unsigned which, unsigned way)
{
	int waiter;

	ASSERT_TRUE(duplex_create(side, false) == 0);
	(void)fill(0);
	waiter = ktest_spawn(wait, NULL);
	ktest_settle();
	duplex_shut(&side[which], way ^ (DUPLEX_IN | DUPLEX_OUT)); /* the other way does nothing */
	ktest_settle();
	duplex_shut(&side[which], way);
	EXPECT_EQ(0, ktest_reap(waiter));
	end_both();
}

KTEST(duplex_shut_wakes_a_reader)
{
	shut_wakes(read_the_end, 0, DUPLEX_IN);
	shut_wakes(read_the_end, 1, DUPLEX_OUT);
}

KTEST(duplex_shut_wakes_a_writer)
{
	shut_wakes(write_to_nobody, 0, DUPLEX_OUT);
	shut_wakes(write_to_nobody, 1, DUPLEX_IN);
}

/* The end of the other side, too. */
KTEST(duplex_end_wakes_whoever_waits)
{
	int reader, writer;

	ASSERT_TRUE(duplex_create(side, false) == 0);
	(void)fill(0);
	reader = ktest_spawn(read_the_end, NULL);
	writer = ktest_spawn(write_to_nobody, NULL);
	ktest_settle();
	duplex_end(&side[1]);
	EXPECT_EQ(0, ktest_reap(reader));
	EXPECT_EQ(0, ktest_reap(writer));
	end_both();
}

/* A wait until a read or a write need not wait has an end (R154). */
KTEST(duplex_await_ends)
{
	ASSERT_TRUE(duplex_create(side, false) == 0);
	EXPECT_EQ(0, duplex_await(&side[0], DUPLEX_OUT, arch_time()));
	EXPECT_EQ(-ETIMEDOUT, duplex_await(&side[1], DUPLEX_IN, arch_time()));
	(void)fill(0);
	EXPECT_EQ(0, duplex_await(&side[1], DUPLEX_IN, arch_time()));
	EXPECT_EQ(-ETIMEDOUT,
		  duplex_await(&side[0], DUPLEX_OUT, clock_deadline_in(NSEC_PER_SEC / 1000)));
	duplex_shut(&side[1], DUPLEX_IN | DUPLEX_OUT);
	EXPECT_EQ(0, duplex_await(&side[0], DUPLEX_OUT, arch_time()));
	EXPECT_EQ(0, duplex_await(&side[0], DUPLEX_IN, arch_time()));
	end_both();
}

#ifdef FAULTLINE_HARDENED

/* Calls `make` with each of its allocations failing, until there is none more. */
static void fail_each(int64_t (*make)(void))
{
	bool reached;

	for (unsigned at = 1; at < 100; at++) {
		int64_t err;

		alloc_fail_at = at;
		err = make();
		reached = alloc_fail_at == 0;
		alloc_fail_at = 0;
		if (!reached) {
			EXPECT_TRUE(at > 1 && err >= 0);
			return;
		}
		EXPECT_EQ(-ENOMEM, err);
	}
	EXPECT_TRUE(false);
}

static int64_t make_duplex(void)
{
	return duplex_create(side, false);
}

/* R45: there are both pipes or none. */
KTEST(duplex_is_not_created_without_memory)
{
	fail_each(make_duplex);
	end_both();
}

/* The slots that are not there at first come when a write needs them, which fails if they cannot (R45, R154). */
KTEST(duplex_has_its_slots_when_they_are_needed)
{
	ASSERT_TRUE(duplex_create(side, false) == 0);
	for (unsigned i = 0; i < PIPE_RING_SLOTS; i++)
		EXPECT_EQ(PAGE_SIZE, side_write(0, &does_not_wait, page, sizeof(page)));
	EXPECT_EQ(WRITABLE, duplex_poll(&side[0], NULL));
	alloc_fail_at = 1;
	EXPECT_EQ(-ENOMEM, side_write(0, &does_not_wait, page, sizeof(page)));
	EXPECT_EQ(0, alloc_fail_at);
	EXPECT_EQ(3 * PIPE_RING_SLOTS * PAGE_SIZE, fill(0));
	end_both();
}

#endif

/* ---- the files of a server ---- */

static const struct file_ops served_test_ops = {
	.name = "served file",
	.read = served_read,
	.write = served_write,
	.poll = served_poll,
	.release = served_release,
	.holds = served_holds,
};

static const struct served_opener someone = { .pid = 7, .id = 3ull << 32 | 4, .what = 5 };
static struct file *receive_end, *send_end, *keeper;
static struct file *listener, *client;
static struct ipc_words asked;
static int64_t answer; /* of an open */

static int answer_one(void *arg)
{
	struct ipc_words reply = { { (uint64_t)answer, SERVED_STATE(1, POLLOUT) } };
	uint64_t badge;
	int64_t rcvid;

	(void)arg;
	do
		rcvid = endpoint_receive(receive_end, &asked, &badge, NEVER);
	while (rcvid == 0);
	return endpoint_reply(receive_end, (uint64_t)rcvid, &reply, false) == 0 ? 0 : 1;
}

static struct file *new_file(void)
{
	return file_create(&served_test_ops, O_RDWR | O_NONBLOCK, NULL);
}

static struct file *open_one(void)
{
	struct file *file = new_file();
	int server = ktest_spawn(answer_one, NULL);

	EXPECT_EQ(0, served_open(file, send_end, &someone));
	EXPECT_EQ(0, ktest_reap(server));
	return file;
}

static uint64_t cookie_of(const struct file *file)
{
	struct served_file found;

	served_look(file, &found);
	return found.cookie;
}

/* Two files of an endpoint that is kept, if `kept`. */
static bool open_two(bool kept)
{
	answer = 0;
	receive_end = endpoint_create();
	keeper = NULL;
	if (!receive_end || endpoint_badge(receive_end, 1, false, &send_end) != 0 ||
	    (kept && endpoint_badge(receive_end, 0, false, &keeper) != 0))
		return false;
	if (kept)
		endpoint_keep(keeper);
	listener = open_one();
	client = open_one();
	return true;
}

static void put(struct file **file)
{
	if (*file)
		file_put(*file);
	*file = NULL;
}

static void close_all(void)
{
	put(&listener);
	put(&client);
	put(&send_end);
	put(&receive_end);
	put(&keeper);
}

static ssize_t read_some(struct file *file, char *to, size_t n)
{
	struct user_iter iter = user_iter_kernel(to, n);

	return served_read(file, &iter, NULL);
}

static ssize_t write_some(struct file *file, const char *from, size_t n)
{
	struct user_iter iter = user_iter_kernel((char *)from, n);

	iter.rwf = RWF_QUIET;
	return served_write(file, &iter, NULL);
}

static void expect_bytes(struct file *from, struct file *to, const char *bytes)
{
	char got[8] = { 0 };

	EXPECT_EQ(strlen(bytes), write_some(from, bytes, strlen(bytes)));
	EXPECT_EQ(strlen(bytes), read_some(to, got, sizeof(got)));
	EXPECT_STR(bytes, got);
}

/* How many files there are from that cookie on. */
static unsigned count_from(uint64_t cookie)
{
	struct served_file found;
	unsigned n = 0;

	for (; served_describe(receive_end, cookie, &found) == 0; cookie = found.cookie + 1)
		n++;
	return n;
}

/* The bytes of joined files pass no server (R155). */
KTEST(served_files_that_are_joined_carry_bytes)
{
	struct served_file found;
	struct ipc_words words;
	uint64_t badge;

	ASSERT_TRUE(open_two(false));
	EXPECT_TRUE(served_duplex(client) == NULL);
	EXPECT_EQ(0, served_join(receive_end, cookie_of(listener), cookie_of(client)));
	EXPECT_TRUE(served_duplex(client) != NULL);
	expect_bytes(client, listener, "abc");
	expect_bytes(listener, client, "12345");
	EXPECT_EQ(WRITABLE, served_poll(client, NULL));
	EXPECT_EQ(-ETIMEDOUT, endpoint_receive(receive_end, &words, &badge, 0));
	EXPECT_EQ(0, served_describe(receive_end, cookie_of(client), &found));
	EXPECT_EQ(cookie_of(listener), found.peer);
	EXPECT_EQ(0, found.from);
	EXPECT_EQ(2, write_some(listener, "ab", 2));
	put(&listener);
	put(&receive_end); /* nor do they need one */
	EXPECT_EQ(READABLE | POLLRDHUP | POLLHUP | WRITABLE, served_poll(client, NULL));
	EXPECT_EQ(2, read_some(client, seen, sizeof(seen)));
	EXPECT_EQ(0, read_some(client, seen, sizeof(seen)));
	close_all();
}

/* What cannot be joined stays as it is. */
KTEST(served_join_refuses)
{
	struct file *third;
	uint64_t one, two, three;

	ASSERT_TRUE(open_two(false));
	third = open_one();
	one = cookie_of(listener);
	two = cookie_of(client);
	three = cookie_of(third);
	EXPECT_EQ(-EINVAL, served_join(send_end, one, two));
	EXPECT_EQ(-EINVAL, served_join(receive_end, one, one));
	EXPECT_EQ(-ENOENT, served_join(receive_end, one, three + 1));
	EXPECT_EQ(-ENOENT, served_join(receive_end, three + 1, one));
	EXPECT_EQ(-ENOENT, served_join(receive_end, one, two & ~IPC_BADGE_SERVED));
	EXPECT_EQ(0, served_join(receive_end, one, two));
	EXPECT_EQ(-EBUSY, served_join(receive_end, one, two));
	EXPECT_EQ(-EBUSY, served_join(receive_end, three, two));
	EXPECT_EQ(-EBUSY, served_join(receive_end, one, three));
	EXPECT_TRUE(served_duplex(third) == NULL);
	expect_bytes(listener, client, "abc");
	put(&client);
	EXPECT_EQ(-ENOENT, served_join(receive_end, three, two));
	EXPECT_EQ(-EBUSY, served_join(receive_end, three, one)); /* with one that is closed */
	file_put(third);
	close_all();
}

/* One request opens both files of a pair, or neither (R154). */
KTEST(served_pairs_have_adjacent_cookies)
{
	struct file *pair[2] = { NULL };
	struct served_file found[2];
	int server;

	ASSERT_TRUE(open_two(false));
	for (answer = 0; answer >= -EACCES; answer -= EACCES) {
		pair[0] = new_file();
		pair[1] = new_file();
		server = ktest_spawn(answer_one, NULL);
		EXPECT_EQ(answer, served_open_pair(pair, send_end, &someone));
		EXPECT_EQ(0, ktest_reap(server));
		EXPECT_EQ(SERVED_WORD(SERVED_OPEN_PAIR, 0), asked.word[0]);
		EXPECT_EQ(answer == 0 ? 4 : 2, count_from(0));
		if (answer == 0) {
			served_look(pair[0], &found[0]);
			served_look(pair[1], &found[1]);
			EXPECT_EQ(cookie_of(client) + 1, found[0].cookie);
			EXPECT_EQ(found[0].cookie + 1, found[1].cookie);
			EXPECT_EQ(0, memcmp(&asked.word[1], found[0].open, sizeof(found[0].open)));
			EXPECT_EQ(0, memcmp(&asked.word[1], found[1].open, sizeof(found[1].open)));
			EXPECT_EQ(someone.what, found[1].open[2]);
		} else {
			EXPECT_TRUE(pair[0]->data == NULL && pair[1]->data == NULL);
		}
		file_put(pair[0]);
		file_put(pair[1]);
	}
	close_all();
}

/* A file for whoever has connected waits, and one of those who use the file that it was made from takes it, once (R154, R155). */
KTEST(served_file_that_waits_is_taken_once)
{
	struct served_file found;
	struct file *taken;
	int64_t made;

	ASSERT_TRUE(open_two(false));
	made = served_connect(receive_end, cookie_of(client), cookie_of(listener), 0);
	ASSERT_TRUE(made > 0);
	EXPECT_EQ(0, served_describe(receive_end, (uint64_t)made | IPC_BADGE_SERVED, &found));
	EXPECT_EQ((uint64_t)made | IPC_BADGE_SERVED, found.cookie);
	EXPECT_EQ(cookie_of(client), found.peer);
	EXPECT_EQ(cookie_of(listener), found.from);
	EXPECT_EQ(1, found.waits);
	EXPECT_EQ(3, write_some(client, "abc", 3)); /* before it is taken */
	taken = served_take(listener, (uint64_t)made);
	ASSERT_TRUE(taken != NULL);
	EXPECT_TRUE(served_take(listener, (uint64_t)made) == NULL);
	EXPECT_EQ(-ENOENT, served_drop(receive_end, (uint64_t)made));
	served_look(taken, &found);
	EXPECT_EQ(0, found.waits);
	EXPECT_EQ(3, read_some(taken, seen, sizeof(seen)));
	expect_bytes(taken, client, "defg");
	file_put(taken);
	EXPECT_EQ(0, read_some(client, seen, sizeof(seen)));
	EXPECT_EQ(0, duplex_take_error(served_duplex(client), DUPLEX_IN));
	EXPECT_EQ(-ENOENT, served_describe(receive_end, (uint64_t)made | IPC_BADGE_SERVED, &found));
	close_all();
}

/* Nor does anybody else get it; of a server that has told another file of it, it is closed (R156). */
KTEST(served_file_that_waits_is_for_users_of_one_file)
{
	int64_t made;

	ASSERT_TRUE(open_two(false));
	EXPECT_TRUE(served_take(listener, cookie_of(listener)) == NULL);
	EXPECT_TRUE(served_take(listener, 77) == NULL);
	made = served_connect(receive_end, 0, cookie_of(listener), 0);
	ASSERT_TRUE(made > 0);
	EXPECT_EQ(3, count_from(0));
	EXPECT_TRUE(served_take(client, (uint64_t)made) == NULL);
	EXPECT_EQ(2, count_from(0));
	EXPECT_TRUE(served_take(listener, (uint64_t)made) == NULL);
	close_all();
}

/* Whoever was joined with it is reset, and learns that once (R154). */
KTEST(served_file_that_waits_is_dropped)
{
	uint64_t badge;
	int64_t made;

	ASSERT_TRUE(open_two(false));
	made = served_connect(receive_end, cookie_of(client), cookie_of(listener), 0);
	ASSERT_TRUE(made > 0);
	EXPECT_EQ(-EINVAL, served_drop(send_end, (uint64_t)made));
	EXPECT_EQ(-ENOENT, served_drop(receive_end, cookie_of(client)));
	EXPECT_EQ(0, served_drop(receive_end, (uint64_t)made));
	EXPECT_EQ(0, endpoint_receive(receive_end, &asked, &badge, 0)); /* its last close */
	EXPECT_EQ(IPC_PULSE_CLOSED, asked.word[0]);
	EXPECT_EQ((uint64_t)made | IPC_BADGE_SERVED, badge);
	EXPECT_EQ(-ENOENT, served_drop(receive_end, (uint64_t)made));
	EXPECT_TRUE(served_take(listener, (uint64_t)made) == NULL);
	EXPECT_EQ(2, count_from(0));
	EXPECT_EQ(POLLERR | POLLHUP, served_poll(client, NULL) & (POLLERR | POLLHUP));
	EXPECT_EQ(0, read_some(client, seen, sizeof(seen)));
	EXPECT_EQ(-ECONNRESET, duplex_take_error(served_duplex(client), DUPLEX_IN));
	EXPECT_EQ(0, duplex_take_error(served_duplex(client), DUPLEX_IN));
	made = served_connect(receive_end, 0, cookie_of(listener), 0); /* one that is not joined */
	EXPECT_EQ(0, served_drop(receive_end, (uint64_t)made));
	close_all();
}

/* If it cannot be joined, no file waits. */
KTEST(served_connect_refuses)
{
	uint64_t one, two;

	ASSERT_TRUE(open_two(false));
	one = cookie_of(listener);
	two = cookie_of(client);
	EXPECT_EQ(-EINVAL, served_connect(send_end, two, one, 0));
	EXPECT_EQ(-ENOENT, served_connect(receive_end, two, two + 1, 0));
	EXPECT_EQ(-ENOENT, served_connect(receive_end, two, 0, 0));
	EXPECT_EQ(-ENOENT, served_connect(receive_end, two, one - 1, 0));
	EXPECT_EQ(2, count_from(0));
	EXPECT_EQ(-ENOENT, served_connect(receive_end, two & ~IPC_BADGE_SERVED, one, 0));
	EXPECT_EQ(0, served_join(receive_end, one, two));
	EXPECT_EQ(-EBUSY, served_connect(receive_end, two, one, 0));
	EXPECT_EQ(2, count_from(0));
	expect_bytes(client, listener, "abc");
	close_all();
}

/* With nobody who could take it any more, it is closed (R140). */
KTEST(served_file_that_waits_ends_with_the_endpoint)
{
	ASSERT_TRUE(open_two(false));
	EXPECT_TRUE(served_connect(receive_end, cookie_of(client), cookie_of(listener), 0) > 0);
	EXPECT_EQ(-EAGAIN, read_some(client, seen, sizeof(seen)));
	put(&receive_end);
	EXPECT_EQ(0, read_some(client, seen, sizeof(seen)));
	close_all();
}

/* The next server finds it, and who waits takes it; without a server and a keeper it is closed (R155). */
KTEST(served_file_that_waits_outlives_the_server)
{
	struct file *taken;
	int64_t made;

	ASSERT_TRUE(open_two(true));
	made = served_connect(receive_end, cookie_of(client), cookie_of(listener), 0);
	EXPECT_TRUE(served_connect(receive_end, 0, cookie_of(listener), 0) > 0);
	put(&receive_end);
	EXPECT_EQ(-EAGAIN, read_some(client, seen, sizeof(seen)));
	EXPECT_EQ(2, write_some(client, "ab", 2));
	EXPECT_EQ(0, endpoint_reopen(keeper, &receive_end));
	EXPECT_EQ(4, count_from(0));
	taken = served_take(listener, (uint64_t)made);
	ASSERT_TRUE(taken != NULL);
	EXPECT_EQ(2, read_some(taken, seen, sizeof(seen)));
	EXPECT_EQ(-EBUSY, served_join(receive_end, cookie_of(client), cookie_of(listener)));
	put(&receive_end);
	expect_bytes(taken, client, "cd");
	put(&keeper); /* closes the other one */
	expect_bytes(client, taken, "ef");
	file_put(taken);
	close_all();
}

/* If the file that it was made from is closed, it waits until the server drops it. */
KTEST(served_file_that_waits_outlives_the_one_it_was_made_from)
{
	int64_t made;

	ASSERT_TRUE(open_two(false));
	made = served_connect(receive_end, cookie_of(client), cookie_of(listener), 0);
	put(&listener);
	EXPECT_EQ(-EAGAIN, read_some(client, seen, sizeof(seen)));
	EXPECT_EQ(0, served_drop(receive_end, (uint64_t)made));
	EXPECT_EQ(0, read_some(client, seen, sizeof(seen)));
	close_all();
}

#ifdef FAULTLINE_HARDENED

static int64_t make_waiting(void)
{
	return served_connect(receive_end, cookie_of(client), cookie_of(listener), 0);
}

/* R45: neither is a file left that waits, nor is the other one joined. */
KTEST(served_connect_without_memory)
{
	ASSERT_TRUE(open_two(false));
	fail_each(make_waiting);
	EXPECT_EQ(3, count_from(0));
	close_all();
}

#endif

/* ---- races ---- */

static uint64_t offered[2]; /* cookies; atomic */
static uint64_t last_made;  /* atomic */
static uint32_t nusers;

static void begin_joined_race(void)
{
	receive_end = endpoint_create();
	EXPECT_EQ(0, endpoint_badge(receive_end, 1, false, &send_end));
	EXPECT_EQ(0, endpoint_badge(receive_end, 2, false, &keeper));
	endpoint_keep(keeper);
	nusers = 2;
	offered[0] = offered[1] = last_made = 0;
}

/* Each file gets and gives the numbers from 0 on. */
struct stream {
	uint8_t next_in, next_out;
};

static void read_by_lot(struct file *file, struct stream *stream)
{
	uint8_t bytes[5];
	ssize_t n = read_some(file, (char *)bytes, 1 + race_lot(sizeof(bytes)));

	for (ssize_t i = 0; i < n; i++)
		EXPECT_EQ(stream->next_in++, bytes[i]);
}

static void write_by_lot(struct file *file, struct stream *stream)
{
	uint8_t bytes[5];
	ssize_t n;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(stream->next_out + i);
	n = write_some(file, (const char *)bytes, 1 + race_lot(sizeof(bytes)));
	stream->next_out = (uint8_t)(stream->next_out + MAX(n, 0));
}

static void use_by_lot(struct file *file, unsigned n)
{
	struct stream stream = { 0 };

	while (n--)
		switch (race_lot(8)) {
		case 0:
			(void)served_poll(file, NULL);
			break;
		case 1:
			if (served_duplex(file) && race_lot(3) == 0)
				duplex_shut(served_duplex(file), 1 + race_lot(3));
			break;
		case 2:
		case 3:
		case 4:
			read_by_lot(file, &stream);
			break;
		default:
			write_by_lot(file, &stream);
		}
}

/* Opens a file, uses it, takes what waits for it, and closes both. */
static void open_and_use_by_lot(void)
{
	for (unsigned i = 0; i < 8; i++) {
		struct file *mine = new_file(), *taken;

		if (!mine || served_open(mine, send_end, &someone) != 0) {
			if (mine)
				file_discard(mine);
			continue;
		}
		atomic_store(&offered[race_side() % 2], cookie_of(mine));
		use_by_lot(mine, race_lot(12));
		taken = served_take(mine, atomic_load(&last_made));
		if (taken) {
			taken->flags |= O_NONBLOCK; /* as the others are */
			use_by_lot(taken, race_lot(6));
			file_put(taken);
		}
		file_put(mine);
	}
	atomic_add(&nusers, -1u);
}

static void join_by_lot(void)
{
	uint64_t one = atomic_load(&offered[race_lot(2)]), other = atomic_load(&offered[1]);
	int64_t made;

	switch (race_lot(4)) {
	case 0:
		(void)served_drop(receive_end, atomic_load(&last_made));
		break;
	case 1:
		made = served_connect(receive_end, race_lot(2) ? one : 0, other, 0);
		if (made > 0)
			atomic_store(&last_made, (uint64_t)made);
		break;
	default:
		(void)served_join(receive_end, one, other);
	}
}

static void serve_by_lot(void)
{
	while (atomic_load(&nusers)) {
		struct ipc_words words;
		uint64_t badge;
		int64_t rcvid = endpoint_receive(receive_end, &words, &badge,
						 clock_deadline_in(NSEC_PER_SEC / 5000));

		join_by_lot();
		if (race_lot(20) == 0) {
			put(&receive_end);
			EXPECT_EQ(0, endpoint_reopen(keeper, &receive_end));
		} else if (rcvid > 0) {
			words.word[0] = 0;
			words.word[1] = SERVED_STATE(1, 0); /* nothing is asked of it */
			(void)endpoint_reply(receive_end, (uint64_t)rcvid, &words, race_lot(2));
		}
	}
}

static void end_joined_race(void)
{
	put(&send_end);
	if (race_below(2))
		put(&keeper);
	put(&receive_end);
	put(&keeper);
}

/* Joins, files that wait, bytes, and the ends of either side (R154, R155). */
RACE(race_joined_files, .rounds = 6, .begin = begin_joined_race,
     .sides = { open_and_use_by_lot, open_and_use_by_lot, serve_by_lot }, .end = end_joined_race);

#define GUESSED 16 /* in a round */

static uint32_t nguessed; /* atomic */

static void make_what_is_guessed(void)
{
	for (unsigned i = 0; i < GUESSED; i++) {
		int64_t made = served_connect(receive_end, 0, cookie_of(listener), 0);

		EXPECT_TRUE(made > 0);
		(void)served_drop(receive_end, (uint64_t)made);
		atomic_add(&nguessed, 1);
	}
}

static void drop_what_is_guessed(void)
{
	uint32_t n;

	while ((n = atomic_load(&nguessed)) < (race_round + 1) * GUESSED)
		(void)served_drop(receive_end, cookie_of(client) + 1 + n);
}

/* A thread of the server drops a file that another one is just making: it knows what cookie that will have (R155). */
KTEST(race_guessed_file)
{
	static const struct race race = { .rounds = 6,
					  .sides = { make_what_is_guessed, drop_what_is_guessed } };

	nguessed = 0;
	ASSERT_TRUE(open_two(false));
	race_run(&race);
	close_all();
}
