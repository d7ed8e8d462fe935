/* SPDX-License-Identifier: MIT */
/* Open files in flight: in pipes, and as parcels at an endpoint (R157). */
#include "desc/in_flight.h"

#include "abi/errno.h"
#include "base/clock.h"
#include "desc/duplex.h"
#include "desc/file.h"
#include "desc/pipe_impl.h"
#include "ipc/call.h"
#include "ipc/served.h"
#include "lib/string.h"
#include "mm/check/alloc_fail.h"
#include "mm/phys/kmalloc.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"
#include "tests/kernel/ktest_space.h"
#include "tests/kernel/race.h"

#define BUFFER 0x40000ul

static const struct file does_not_wait = { .flags = O_RDWR | O_NONBLOCK };

/* ---- files that travel ---- */

/* An open file at which others wait: in a pipe, or `kept` with it. */
struct box {
	struct mailbox mailbox;
	struct duplex side;
	struct in_flight *kept;
};

static uint32_t nboxes; /* that have not ended; atomic */
static uint32_t nended; /* files without a mailbox; atomic */

static struct box *to_box(const struct file *file)
{
	return file->data;
}

static void box_release(struct file *file)
{
	struct box *box = to_box(file);

	duplex_end(&box->side);
	in_flight_put(box->kept);
	kfree(box);
	atomic_add(&nboxes, -1u);
}

static void box_holds(struct file *file)
{
	duplex_holds(&to_box(file)->side);
}

static const struct file_ops box_ops = {
	.name = "box",
	.release = box_release,
	.holds = box_holds,
	.has_mailbox = true,
};

static void plain_release(struct file *file)
{
	(void)file;
	atomic_add(&nended, 1u);
}

static const struct file_ops plain_ops = { .name = "plain", .release = plain_release };

static struct file *new_plain(void)
{
	return file_create(&plain_ops, O_RDWR, NULL);
}

static struct file *new_box(void)
{
	struct box *box = kzalloc(sizeof(*box));
	struct file *file = box ? file_create(&box_ops, O_RDWR, NULL) : NULL;

	if (!file) {
		kfree(box);
		return NULL;
	}
	file->data = box;
	atomic_add(&nboxes, 1u);
	return file;
}

/* Two boxes, each of which reads what the other one writes. Without memory there are none. */
static bool new_pair(struct file *pair[2])
{
	struct duplex side[2];

	pair[0] = new_box();
	pair[1] = new_box();
	if (!pair[0] || !pair[1] || duplex_create(side, false) != 0) {
		if (pair[0])
			file_put(pair[0]);
		if (pair[1])
			file_put(pair[1]);
		return false;
	}
	to_box(pair[0])->side = side[0];
	to_box(pair[1])->side = side[1];
	return true;
}

static void put(struct file **file)
{
	if (*file)
		file_put(*file);
	*file = NULL;
}

/* Files with references of their own. */
static struct in_flight *pack(struct file *const *file, uint32_t n)
{
	struct in_flight *files = in_flight_create(n);

	for (; files && files->n < n; files->n++) {
		files->file[files->n] = file[files->n];
		file_get(file[files->n]);
	}
	return files;
}

/* ---- messages ---- */

static struct message message_to(void *bytes, size_t n, bool apart)
{
	struct message message = { .iter = user_iter_kernel(bytes, n), .apart = apart };

	message.iter.rwf = RWF_MESSAGE | RWF_QUIET;
	return message;
}

/* Writes bytes by that writer, with files that wait at `to` then. What is not written is closed. */
static ssize_t send_pack(const struct file *from, const char *bytes, uint32_t writer,
			 struct in_flight *files)
{
	struct message message = message_to((char *)bytes, strlen(bytes), false);
	ssize_t done;

	message.attached = (struct attached){ .files = files, .writer = { writer } };
	done = duplex_write(&to_box(from)->side, &does_not_wait, &message.iter);
	in_flight_put(message.attached.files);
	return done;
}

/* Sends one file; `to` is the file at the other side. */
static ssize_t send_file(const struct file *from, const struct file *to, const char *bytes,
			 struct file *file)
{
	struct in_flight *files = pack(&file, 1);

	if (!files)
		return -ENOMEM;
	in_flight_send(files, &to_box(to)->mailbox);
	return send_pack(from, bytes, 0, files);
}

static ssize_t write_plain(const struct file *from, const char *bytes)
{
	struct user_iter iter = user_iter_kernel((char *)bytes, strlen(bytes));

	iter.rwf = RWF_QUIET;
	return duplex_write(&to_box(from)->side, &does_not_wait, &iter);
}

static ssize_t read_plain(const struct file *file, char *to, size_t n)
{
	struct user_iter iter = user_iter_kernel(to, n);

	return duplex_read(&to_box(file)->side, &does_not_wait, &iter);
}

/* Reads up to n bytes, or peeks, which must be `bytes`. Returns what is attached to them. */
static struct attached expect_message(const struct file *file, size_t n, const char *bytes,
				      bool apart, bool peeks)
{
	char got[32] = { 0 };
	struct message message = message_to(got, n, apart);
	struct duplex *side = &to_box(file)->side;
	ssize_t done = peeks ? duplex_peek(side, &does_not_wait, &message.iter)
			     : duplex_read(side, &does_not_wait, &message.iter);

	EXPECT_EQ(strlen(bytes), done);
	EXPECT_STR(bytes, got);
	return message.attached;
}

/* Reads up to n bytes, which must be `bytes`, with so many files, which are closed. */
static void expect_files(const struct file *file, size_t n, const char *bytes, uint32_t nfiles)
{
	struct attached attached = expect_message(file, n, bytes, false, false);

	EXPECT_EQ(nfiles, attached.files ? attached.files->n : 0);
	in_flight_put(attached.files);
}

/* ---- the pipe ---- */

/* With its message, which is never read; or by who reads it and wants no files. */
KTEST(in_flight_is_closed_with_its_message) // R157
{
	struct file *pair[2], *plain = new_plain();
	char bytes[8];

	nended = 0;
	ASSERT_TRUE(new_pair(pair) && plain);
	EXPECT_EQ(2, send_file(pair[0], pair[1], "ab", plain));
	EXPECT_EQ(2, send_file(pair[0], pair[1], "cd", plain));
	put(&plain);
	EXPECT_EQ(2, read_plain(pair[1], bytes, sizeof(bytes)));
	EXPECT_EQ(0, nended);
	put(&pair[1]);
	EXPECT_EQ(1, nended);
	EXPECT_EQ(-EPIPE, send_file(pair[0], pair[0], "ef", pair[0]));
	put(&pair[0]);
	EXPECT_EQ(0, nboxes);
}

/* A read ends behind the bytes that files came with, whatever there is before and behind; they come with the first of them. */
KTEST(in_flight_read_stops_where_files_come) // R157
{
	struct file *pair[2], *plain = new_plain();

	nended = 0;
	ASSERT_TRUE(new_pair(pair) && plain);
	EXPECT_EQ(2, write_plain(pair[0], "ab"));
	EXPECT_EQ(3, send_file(pair[0], pair[1], "cde", plain));
	EXPECT_EQ(2, write_plain(pair[0], "fg"));
	EXPECT_EQ(1, send_file(pair[0], pair[1], "h", plain));
	EXPECT_EQ(1, send_file(pair[0], pair[1], "i", plain));
	put(&plain);
	EXPECT_EQ(9, duplex_unread(&to_box(pair[1])->side));
	expect_files(pair[1], 1, "a", 0);
	expect_files(pair[1], 3, "bcd", 1); /* a part of them */
	expect_files(pair[1], 16, "efgh", 1);
	expect_files(pair[1], 16, "i", 1);
	EXPECT_EQ(1, nended);
	put(&pair[0]);
	put(&pair[1]);
}

KTEST(in_flight_peek_keeps_files) // R157
{
	struct file *pair[2], *plain = new_plain();
	struct attached attached;

	nended = 0;
	ASSERT_TRUE(new_pair(pair) && plain);
	EXPECT_EQ(1, write_plain(pair[0], "a"));
	EXPECT_EQ(2, send_file(pair[0], pair[1], "bc", plain));
	EXPECT_EQ(1, write_plain(pair[0], "d"));
	for (unsigned i = 0; i < 2; i++) {
		attached = expect_message(pair[1], 8, "abc", false, true);
		ASSERT_TRUE(attached.files != NULL);
		EXPECT_TRUE(attached.files->file[0] == plain);
		in_flight_put(attached.files);
	}
	put(&plain);
	attached = expect_message(pair[1], 8, "abc", false, true);
	expect_files(pair[1], 8, "abc", 1);
	EXPECT_EQ(0, nended); /* who has peeked still has them */
	in_flight_put(attached.files);
	EXPECT_EQ(1, nended);
	expect_files(pair[1], 8, "d", 0);
	put(&pair[0]);
	put(&pair[1]);
}

/* A reader that asks for it gets the bytes of one writer at a time; bytes of whom nothing is known are of another one. */
KTEST(in_flight_writers_are_kept_apart) // R157
{
	struct file *pair[2];

	ASSERT_TRUE(new_pair(pair));
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(1, send_pack(pair[0], "a", 5, NULL));
		EXPECT_EQ(1, send_pack(pair[0], "b", 5, NULL));
		EXPECT_EQ(1, send_pack(pair[0], "c", 6, NULL));
		EXPECT_EQ(1, write_plain(pair[0], "d"));
		EXPECT_EQ(1, send_pack(pair[0], "e", 6, NULL));
		if (i == 0) { /* who does not ask gets all of it */
			EXPECT_EQ(5, expect_message(pair[1], 8, "abcde", false, false).writer[0]);
			continue;
		}
		EXPECT_EQ(5, expect_message(pair[1], 8, "ab", true, true).writer[0]);
		EXPECT_EQ(5, expect_message(pair[1], 1, "a", true, false).writer[0]);
		EXPECT_EQ(5, expect_message(pair[1], 8, "b", true, false).writer[0]);
		EXPECT_EQ(6, expect_message(pair[1], 8, "c", true, false).writer[0]);
		EXPECT_EQ(0, expect_message(pair[1], 8, "d", true, false).writer[0]);
		EXPECT_EQ(6, expect_message(pair[1], 8, "e", true, false).writer[0]);
	}
	put(&pair[0]);
	put(&pair[1]);
}

/* Of a message for which there is no room, nothing is written, and the sender still has the files. */
KTEST(in_flight_waits_for_room) // R157
{
	struct file *pair[2], *plain = new_plain();
	uint64_t many = page_alloc_total_count();
	char bytes[4];

	nended = 0;
	ASSERT_TRUE(new_pair(pair) && plain);
	while (send_file(pair[0], pair[1], "a", plain) == 1)
		;
	EXPECT_EQ(-EAGAIN, send_file(pair[0], pair[1], "b", plain));
	EXPECT_EQ(0, nended);
	EXPECT_EQ(1, read_plain(pair[1], bytes, sizeof(bytes)));
	EXPECT_EQ(1, send_file(pair[0], pair[1], "b", plain));
	while (read_plain(pair[1], bytes, sizeof(bytes)) == 1)
		;
	EXPECT_EQ('b', bytes[0]);
	EXPECT_EQ(1, send_pack(pair[0], "c", 1, NULL));
	(void)atomic_add(&pages_in_pipes, many);
	EXPECT_EQ(-EAGAIN, send_file(pair[0], pair[1], "d", plain));
	EXPECT_EQ(1, send_pack(pair[0], "e", 1, NULL)); /* that takes no page */
	(void)atomic_add(&pages_in_pipes, -many);
	EXPECT_EQ(2, read_plain(pair[1], bytes, sizeof(bytes)));
	EXPECT_EQ(1, send_file(pair[0], pair[1], "f", plain));
	put(&plain);
	put(&pair[1]);
	EXPECT_EQ(1, nended);
	put(&pair[0]);
}

/* Files stay in the pipe, or with the sender, if the program's memory is not there; they come once when it is. */
KTEST_IN_PROCESS(in_flight_faults_lose_no_file) // R157
{
	struct file *pair[2], *plain = new_plain();
	const vaddr_t end = BUFFER + PAGE_SIZE;
	struct message message = { 0 };
	char bytes[8];

	nended = 0;
	ASSERT_TRUE(new_pair(pair) && plain && current_map(BUFFER, PAGE_SIZE));
	EXPECT_EQ(4, send_file(pair[0], pair[1], "abcd", plain));
	for (unsigned i = 0; i < 2; i++) {
		message = (struct message){ .iter = user_iter_one(end - 2, 4) };
		message.iter.rwf = RWF_MESSAGE;
		EXPECT_EQ(-EFAULT,
			  i ? duplex_peek(&to_box(pair[1])->side, &does_not_wait, &message.iter)
			    : duplex_read(&to_box(pair[1])->side, &does_not_wait, &message.iter));
		EXPECT_TRUE(message.attached.files == NULL);
	}
	message = (struct message){ .iter = user_iter_one(BUFFER, 3) };
	message.iter.rwf = RWF_MESSAGE;
	EXPECT_EQ(3, duplex_read(&to_box(pair[1])->side, &does_not_wait, &message.iter));
	ASSERT_TRUE(message.attached.files != NULL);
	in_flight_put(message.attached.files);
	EXPECT_EQ(1, read_plain(pair[1], bytes, sizeof(bytes)));
	message = (struct message){ .iter = user_iter_one(end - 2, 4) };
	message.iter.rwf = RWF_MESSAGE | RWF_QUIET;
	message.attached.files = pack(&plain, 1);
	EXPECT_EQ(-EFAULT, duplex_write(&to_box(pair[0])->side, &does_not_wait, &message.iter));
	EXPECT_TRUE(message.attached.files != NULL);
	in_flight_put(message.attached.files);
	put(&plain);
	EXPECT_EQ(1, nended);
	put(&pair[0]);
	put(&pair[1]);
}

/* ---- rings ---- */

#define RING_MOST 3

/* In each of n pairs, the first box has a message with the first one of the next pair, and what else `also` sends. */
static struct file *ring[RING_MOST][2];

static bool new_ring(unsigned n, unsigned nmessages)
{
	for (unsigned i = 0; i < n; i++)
		if (!new_pair(ring[i]))
			return false;
	for (unsigned k = 0; k < nmessages; k++)
		for (unsigned i = 0; i < n; i++)
			EXPECT_EQ(1, send_file(ring[i][1], ring[i][0], "x", ring[(i + 1) % n][0]));
	return true;
}

static bool has_ended(const struct file *other)
{
	return (duplex_poll(&to_box(other)->side, NULL) & POLLHUP) != 0;
}

/* As long as one of them is open, all are kept; then all end. */
static void see_ring(unsigned n, unsigned nmessages)
{
	ASSERT_TRUE(new_ring(n, nmessages));
	for (unsigned i = n; i-- > 0;) {
		in_flight_sweep();
		EXPECT_EQ(2 * n, nboxes);
		put(&ring[i][0]);
	}
	EXPECT_EQ(2 * n, nboxes); /* they have each other */
	for (unsigned i = 0; i < n; i++)
		EXPECT_EQ(false, has_ended(ring[i][1]));
	in_flight_sweep();
	EXPECT_EQ(n, nboxes);
	for (unsigned i = 0; i < n; i++) {
		EXPECT_EQ(true, has_ended(ring[i][1]));
		put(&ring[i][1]);
	}
	EXPECT_EQ(0, nboxes);
}

KTEST(in_flight_rings_end) // R157
{
	for (unsigned n = 1; n <= RING_MOST; n++)
		see_ring(n, 1);
}

/* With several messages each: one that ends has others that are being closed. */
KTEST(in_flight_rings_of_many_messages_end) // R157
{
	for (unsigned n = 1; n <= RING_MOST; n++)
		see_ring(n, 3);
}

/* A socket ends while others of the same sweep are still to be closed: some of these waited at it, and some in between did not. */
KTEST(in_flight_ring_is_closed_to_its_end) // R157
{
	struct file *plain = new_plain();

	nended = 0;
	ASSERT_TRUE(new_pair(ring[0]) && new_pair(ring[1]) && plain);
	EXPECT_EQ(1, send_file(ring[0][1], ring[0][0], "x", ring[1][0]));
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(1, send_file(ring[i % 2][1], ring[i % 2][0], "y", plain));
	EXPECT_EQ(1, send_file(ring[1][1], ring[1][0], "x", ring[0][0]));
	put(&plain);
	put(&ring[0][0]);
	put(&ring[1][0]);
	in_flight_sweep();
	EXPECT_EQ(2, nboxes);
	EXPECT_EQ(1, nended);
	put(&ring[0][1]);
	put(&ring[1][1]);
}

/* What comes with a ring is closed once; the same file elsewhere is kept. */
KTEST(in_flight_ring_closes_what_waits_at_it) // R157
{
	struct file *pair[2], *plain = new_plain();

	nended = 0;
	ASSERT_TRUE(new_ring(2, 2) && new_pair(pair) && plain);
	for (unsigned i = 0; i < 3; i++)
		EXPECT_EQ(1, send_file(ring[i % 2][1], ring[i % 2][0], "y", plain));
	EXPECT_EQ(1, send_file(pair[0], pair[1], "z", plain));
	put(&plain);
	put(&ring[0][0]);
	put(&ring[1][0]);
	in_flight_sweep();
	EXPECT_EQ(4, nboxes);
	EXPECT_EQ(0, nended);
	expect_files(pair[1], 8, "z", 1);
	EXPECT_EQ(1, nended);
	for (unsigned i = 0; i < 2; i++) {
		put(&pair[i]);
		put(&ring[i][1]);
	}
}

/* Who has one file open can receive another one from it, and from that a third one. */
KTEST(in_flight_sweep_keeps_what_can_be_received) // R157
{
	struct attached attached;

	ASSERT_TRUE(new_ring(RING_MOST, 1));
	put(&ring[1][0]);
	put(&ring[2][0]);
	in_flight_sweep();
	EXPECT_EQ(2 * RING_MOST, nboxes);
	for (unsigned i = 0; i < RING_MOST; i++) {
		attached = expect_message(ring[i][0], 1, "x", false, false);
		ASSERT_TRUE(attached.files != NULL && attached.files->n == 1);
		if (i < RING_MOST - 1) {
			ring[i + 1][0] = attached.files->file[0];
			file_get(ring[i + 1][0]);
		}
		in_flight_put(attached.files);
		in_flight_sweep();
		EXPECT_EQ(2 * RING_MOST, nboxes);
	}
	for (unsigned i = 0; i < RING_MOST; i++) {
		put(&ring[i][0]);
		put(&ring[i][1]);
	}
	EXPECT_EQ(0, nboxes);
}

/* One of the references to a file that is in a ring is where somebody can receive it. */
KTEST(in_flight_twice_is_reached_once) // R157
{
	struct file *pair[2];

	ASSERT_TRUE(new_ring(1, 2) && new_pair(pair));
	EXPECT_EQ(1, send_file(pair[0], pair[1], "a", ring[0][0]));
	put(&ring[0][0]);
	in_flight_sweep();
	EXPECT_EQ(4, nboxes);
	expect_files(pair[1], 1, "a", 1);
	EXPECT_EQ(4, nboxes);
	in_flight_sweep();
	EXPECT_EQ(3, nboxes);
	put(&ring[0][1]);
	put(&pair[0]);
	put(&pair[1]);
}

/* A box that waits to be taken at another one, as who connects waits at a listener, can be taken as long as that one is open. */
KTEST(in_flight_waits_at_what_waits) // R157
{
	struct file *listener = new_box(), *pair[2];

	ASSERT_TRUE(listener && new_pair(pair));
	in_flight_wait_at(&to_box(pair[0])->mailbox, &to_box(listener)->mailbox);
	EXPECT_EQ(1, send_file(pair[1], pair[0], "a", listener));
	in_flight_sweep();
	EXPECT_EQ(3, nboxes);
	put(&listener); /* only who has taken the first could receive it */
	in_flight_sweep();
	EXPECT_EQ(2, nboxes);
	in_flight_wait_at(&to_box(pair[0])->mailbox, NULL);
	put(&pair[0]);
	put(&pair[1]);
}

/* When as many files with mailboxes have ended as there are messages, there is a sweep. */
KTEST(in_flight_sweep_comes_by_itself) // R157
{
	ASSERT_TRUE(new_ring(3, 1));
	in_flight_sweep(); /* counts anew */
	for (unsigned i = 0; i < 3; i++)
		put(&ring[i][0]);
	in_flight_file_ended();
	in_flight_file_ended();
	EXPECT_EQ(6, nboxes);
	in_flight_file_ended();
	EXPECT_EQ(3, nboxes);
	for (unsigned i = 0; i < 3; i++)
		put(&ring[i][1]);
}

#define RINGS 200

/* Nothing ends while rings are made, and yet they do not become more and more. */
KTEST(in_flight_rings_have_a_bound) // R157
{
	uint32_t most = 0;

	in_flight_sweep(); /* counts anew */
	for (unsigned i = 0; i < RINGS; i++) {
		ASSERT_TRUE(new_ring(1, 1));
		put(&ring[0][0]);
		put(&ring[0][1]);
		most = MAX(most, nboxes);
	}
	EXPECT_TRUE(most < RINGS);
	in_flight_sweep();
	EXPECT_EQ(0, nboxes);
}

#define CHAIN 2000

/* Each has the one before it. They are closed one after the other, and not one within the other. */
KTEST(in_flight_chain_needs_no_stack) // R157
{
	struct file *last = new_box(), *next;

	nboxes = last != NULL;
	for (unsigned i = 0; i < CHAIN; i++) {
		next = new_box();
		ASSERT_TRUE(last && next);
		to_box(next)->kept = pack(&last, 1);
		ASSERT_TRUE(to_box(next)->kept != NULL);
		in_flight_send(to_box(next)->kept, &to_box(next)->mailbox);
		put(&last);
		last = next;
	}
	in_flight_sweep();
	EXPECT_EQ(CHAIN + 1, nboxes);
	put(&last);
	EXPECT_EQ(0, nboxes);
}

static uint32_t nlanded;

static void count_landed(void *owner, uint32_t n)
{
	EXPECT_TRUE(owner == &nlanded);
	nlanded += n;
}

/* Who has sent files is told once that they have landed, however they were closed. */
KTEST(in_flight_landing_is_told_once) // R157
{
	struct in_flight *files;
	struct file *box = new_box();

	nlanded = 0;
	ASSERT_TRUE(box != NULL);
	for (unsigned i = 0; i < 2; i++) {
		files = pack(&box, 1);
		ASSERT_TRUE(files != NULL);
		files->landed = count_landed;
		files->owner = &nlanded;
		files->counted = 1;
		in_flight_send(files, &to_box(box)->mailbox);
		if (i == 0) {
			in_flight_put(files);
		} else {
			to_box(box)->kept = files;
			put(&box);
			EXPECT_EQ(1, nlanded);
			in_flight_get(files); /* as a message that is still being sent */
			in_flight_sweep();
			EXPECT_EQ(2, nlanded);
			in_flight_put(files);
		}
		EXPECT_EQ(i + 1, nlanded);
	}
	EXPECT_EQ(0, nboxes);
}

/* ---- races ---- */

#define OFFERED 4

static struct file *offered[OFFERED]; /* open files, which whoever takes them has; atomic */

static struct file *take_offered(void)
{
	return atomic_exchange(&offered[race_lot(OFFERED)], NULL);
}

static void offer(struct file *file)
{
	struct file *before = atomic_exchange(&offered[race_lot(OFFERED)], file);

	if (before)
		file_put(before);
}

/* Receives a message, and offers a file that came with it. */
static void receive_by_lot(const struct file *file)
{
	char byte;
	struct message message = message_to(&byte, 1, false);
	struct duplex *side = &to_box(file)->side;

	if (race_lot(3) == 0)
		(void)duplex_peek(side, &does_not_wait, &message.iter);
	else
		(void)duplex_read(side, &does_not_wait, &message.iter);
	if (message.attached.files)
		EXPECT_EQ(1, message.attached.files->n);
	if (message.attached.files && race_lot(2)) {
		file_get(message.attached.files->file[0]);
		offer(message.attached.files->file[0]);
	}
	in_flight_put(message.attached.files);
}

/* Makes a pair, sends one side and others through it, and closes it, or has others go on with it. */
static void send_by_lot(void)
{
	struct file *pair[2], *more = take_offered();

	if (!new_pair(pair)) {
		put(&more);
		return;
	}
	for (unsigned i = 1 + race_lot(3); i > 0; i--)
		(void)send_file(pair[1], pair[0], "x", pair[race_lot(4) == 0]);
	if (more) {
		(void)send_file(pair[1], pair[0], "y", more);
		receive_by_lot(more);
	}
	if (race_lot(2))
		receive_by_lot(pair[0]);
	if (race_lot(2))
		offer(pair[0]);
	else
		put(&pair[0]);
	if (race_lot(2))
		receive_by_lot(pair[1]);
	put(&pair[1]);
	put(&more);
}

static void use_rings_by_lot(void)
{
	for (unsigned i = 0; i < 12; i++) {
		struct file *file;

		if (race_lot(3) == 0)
			in_flight_sweep();
		send_by_lot();
		file = take_offered();
		if (!file)
			continue;
		receive_by_lot(file);
		if (race_lot(2))
			offer(file);
		else
			put(&file);
	}
}

static void end_rings(void)
{
	for (unsigned i = 0; i < OFFERED; i++)
		put(&offered[i]);
	in_flight_sweep();
	EXPECT_EQ(0, nboxes);
}

/* Sweeps while others send, receive and close: all ends, and nothing too early (R157). */
RACE(race_rings_in_flight, .rounds = 10,
     .sides = { use_rings_by_lot, use_rings_by_lot, use_rings_by_lot }, .end = end_rings);

static const struct file waits = { .flags = O_RDWR };
static struct file *shared[2]; /* const while the sides run */

static void make_shared(void)
{
	EXPECT_TRUE(new_pair(shared));
}

#define SHARED_BYTES 8u /* that each of the readers gets */

/* As a read with MSG_WAITALL does after the first bytes: that something was met already is not the end. */
static void read_shared(void)
{
	for (unsigned i = 0; i < SHARED_BYTES; i++) {
		char byte = 0;
		struct message message = message_to(&byte, 1, false);

		message.is_met = true;
		EXPECT_EQ(1, duplex_read(&to_box(shared[1])->side, &waits, &message.iter));
		EXPECT_EQ('x', byte);
	}
}

static void write_shared(void)
{
	for (unsigned i = 0; i < 2 * SHARED_BYTES; i++)
		EXPECT_EQ(1, write_plain(shared[0], "x"));
}

static void end_shared(void)
{
	put(&shared[0]);
	put(&shared[1]);
	EXPECT_EQ(0, nboxes);
}

/* A reader that finds that another one was faster waits for more bytes (R154). */
RACE(race_readers_of_messages, .rounds = 10, .begin = make_shared,
     .sides = { read_shared, read_shared, write_shared }, .end = end_shared);
