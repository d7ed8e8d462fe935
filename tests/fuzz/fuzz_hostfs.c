/* SPDX-License-Identifier: MIT */
/* hostfs between hostile clients and a hostile device: calls, answers, kills and errors, in any order. */

/*
 * An input: 2 bytes that say what the device is (setup_of()), then events, each of a byte for its kind and what
 * enum event says. When there are no more, the device answers what it has, hostfs must take as many new requests as
 * it has memory for, these are answered, and the mount goes.
 *
 * The oracle is a second account of each call: what of it the device must see, and with what it must be answered,
 * once. The device reads and writes only memory of the request, and each number serves again.
 */
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "hostfs/uio.h"
#include "lib/bits.h"
#include "lib/ipc.h"

#define CALLS	   64u
#define HEAD	   64u /* bytes of a message that are compared one by one */
#define ERROR_SIZE 11u /* of Rlerror */

enum event {
	EVENT_CALL, /* room (2), padding (2), claims more (1), n (1), n bytes: a message comes */
	EVENT_CALL_OF_SIZE, /* the same; its first 4 bytes become its size */
	EVENT_ANSWER, /* which (1), enum answer (1), size (2): the device answers one that it has */
	EVENT_USED,   /* id (4), length (4): it says that it has, whether or not it was asked */
	EVENT_PULSE,
	EVENT_KILL,   /* which (1): a caller goes */
	EVENT_SIGNAL, /* to hostfs */
	EVENT_FAIL,   /* how (1) */
	EVENTS
};

enum answer {
	ANSWER_RIGHT,
	ANSWER_ERROR,
	ANSWER_WRONG_TAG,
	ANSWER_WRONG_TYPE,
	ANSWER_TOO_SHORT,
	ANSWER_CLAIMS_MORE,
	ANSWER_NOTHING,
	ANSWER_OLD_BYTES, /* whatever is in its memory */
	ANSWERS
};

static struct {
	const uint8_t *at;
	size_t left;
} input;

/* A call: index + 1 is its rcvid. */
struct call {
	bool open, killed, due; /* due: it must be answered before hostfs receives again */
	uint8_t head[256];	/* its message: n bytes of these, and zeros up to `size` */
	size_t n, size;
	uint64_t claimed; /* the first word */
	size_t room;
	uint8_t want[HEAD], got[HEAD]; /* the answer */
	size_t nwant, ngot;
};

static struct call calls[CALLS];
static unsigned ncalls;
static int current; /* the call that was received last, if its fate is not known yet; or -1 */

/* What the device has, by hostfs's number. */
static struct {
	bool busy, answered; /* answered: hostfs has not looked yet */
	unsigned call;
	uint16_t tag; /* as the device sees it */
	uint8_t *reply;
	size_t room;
} sent[QUEUE_REQUESTS_MAX];

static struct queue_view queue;
static uint16_t navail, nused, ntaken;
static unsigned nrequests, nbusy;
static bool is_over;
static unsigned nright, nprobes;
static bool must_fail; /* hostfs has been told of an error, and ends when it looks */
static bool is_broken; /* the device has failed, and hostfs has not looked yet */

static uint32_t take(unsigned n)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < n && input.left > 0; i++, input.left--)
		value |= (uint32_t)*input.at++ << 8 * i;
	return value;
}

static uint32_t get(const uint8_t *at, unsigned n)
{
	uint32_t value = 0;

	while (n-- > 0)
		value = value << 8 | at[n];
	return value;
}

static void put(uint8_t *at, unsigned n, uint32_t value)
{
	for (unsigned i = 0; i < n; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* ---- what hostfs should do with a call ---- */

static void want(struct call *call, const void *bytes, size_t n)
{
	memcpy(call->want, bytes, MIN(n, HEAD));
	call->nwant = MIN(n, call->room);
}

static int find_tag(uint16_t tag)
{
	for (unsigned i = 0; i < QUEUE_REQUESTS_MAX; i++)
		if (sent[i].busy && get(calls[sent[i].call].head + 5, 2) == tag)
			return (int)i;
	return -1;
}

/* Does it go to the device? If not, sets the answer. */
static bool should_go(struct call *call)
{
	uint8_t type = call->head[4], flushed[P9_HEADER_BYTES];
	bool may_be_long = type == P9_TWRITE || type == P9_TWALK || type == P9_TSYMLINK;
	uint64_t n = call->claimed;

	want(call, "", 0);
	if (call->killed || n > call->size || n < P9_HEADER_BYTES || n > RELAY_MSIZE ||
	    get(call->head, 4) != n || (n > RELAY_SHORT && !may_be_long))
		return false;
	if (type != P9_TFLUSH || (n == 9 && find_tag((uint16_t)get(call->head + 7, 2)) >= 0))
		return true;
	if (n == 9) {
		put(flushed, 4, sizeof(flushed));
		flushed[4] = P9_TFLUSH + 1;
		memcpy(flushed + 5, call->head + 5, 2);
		want(call, flushed, sizeof(flushed));
	}
	return false;
}

/* The mode at that place, if it is within the n bytes, loses two bits of its second byte. */
static void drop_setid(uint8_t *bytes, size_t at, size_t n)
{
	if (n >= at + 4 && at + 1 < sizeof(((struct call *)0)->head))
		bytes[at + 1] &= (uint8_t)~0x0c;
}

/* The request is the call's, but for the numbers that hostfs changes. */
static void check_request(struct call *call, const uint8_t *bytes, size_t n)
{
	uint8_t expected[sizeof(call->head)];
	uint16_t tag = (uint16_t)get(bytes + 5, 2);
	uint32_t most = RELAY_MSIZE - P9_RREAD_HEAD_BYTES;
	int flushed;

	fuzz_equal(n, call->claimed);
	memcpy(expected, call->head, sizeof(expected));
	memcpy(expected + 5, bytes + 5, 2);
	if (get(call->head + 5, 2) == P9_NOTAG)
		fuzz_equal(tag, P9_NOTAG);
	for (unsigned i = 0; i < QUEUE_REQUESTS_MAX && tag != P9_NOTAG; i++)
		fuzz_check(!sent[i].busy || sent[i].tag != tag);
	switch (expected[4]) {
	case P9_TFLUSH:
		flushed = find_tag((uint16_t)get(call->head + 7, 2));
		put(expected + 7, 2, sent[flushed].tag);
		break;
	case P9_TVERSION:
		if (n >= 11 && get(expected + 7, 4) > RELAY_MSIZE)
			put(expected + 7, 4, RELAY_MSIZE);
		break;
	case P9_TREAD:
	case P9_TREADDIR:
		if (n >= 23 && get(expected + 19, 4) > most)
			put(expected + 19, 4, most);
		break;
	case P9_TSETATTR:
		drop_setid(expected, 15, n);
		break;
	case P9_TLCREATE:
		drop_setid(expected, 13 + get(expected + 11, 2) + 4, n);
		break;
	case P9_TMKDIR:
	case P9_TMKNOD:
		drop_setid(expected, 13 + get(expected + 11, 2), n);
		break;
	default:
		break;
	}
	fuzz_check(memcmp(bytes, expected, MIN(n, sizeof(expected))) == 0);
	for (size_t i = sizeof(expected); i < n; i++)
		fuzz_check(bytes[i] == 0);
}

/* What the device has written is at sent[number].reply. */
static void set_answer(unsigned number, size_t n)
{
	struct call *call = &calls[sent[number].call];
	uint8_t message[HEAD];
	uint32_t size = 0;

	memcpy(message, sent[number].reply, MIN(n, HEAD));
	if (n >= P9_HEADER_BYTES)
		size = get(message, 4);
	if (n > 0 &&
	    (size < P9_HEADER_BYTES || size > n || get(message + 5, 2) != sent[number].tag ||
	     (message[4] != call->head[4] + 1 && message[4] != P9_RLERROR))) {
		size = ERROR_SIZE;
		put(message, 4, size);
		message[4] = P9_RLERROR;
		put(message + 7, 4, EIO);
	} else if (n > 0) {
		nright += message[4] != P9_RLERROR;
	}
	memcpy(message + 5, call->head + 5, 2);
	want(call, message, size);
}

/* ---- the device ---- */

/* Takes a chain: what it reads, and where it may write, must be memory of that request. */
static void take_chain(unsigned head)
{
	static uint8_t bytes[RELAY_MSIZE];
	unsigned number = head / QUEUE_CHAIN, i = head, length = 0;
	uint8_t *request = NULL, *reply = NULL;
	size_t n = 0, room = 0;
	bool more = true;

	fuzz_check(head % QUEUE_CHAIN == 0 && number < nrequests && !sent[number].busy);
	for (; more; i = queue.desc[i].next) {
		const struct virtq_desc *desc = &queue.desc[i];
		uint8_t *at = uio_at(desc->addr, desc->len);

		fuzz_check(i < queue.size && ++length <= QUEUE_CHAIN);
		fuzz_check(at && desc->len > 0 && uio_request_of(at, desc->len) == (int)number);
		more = desc->flags & VIRTQ_DESC_NEXT;
		if (desc->flags & VIRTQ_DESC_WRITE) {
			reply = reply ? reply : at;
			fuzz_check(at == reply + room); /* in hostfs's memory it is one piece */
			room += desc->len;
		} else {
			request = request ? request : at;
			fuzz_check(!reply && n + desc->len <= sizeof(bytes));
			memcpy(bytes + n, at, desc->len);
			fuzz_check(at + desc->len <= uio_request(number) + DEVICE_REQUEST_BYTES);
			n += desc->len;
		}
	}
	/* A short request may have a reply of any size. */
	fuzz_check(reply && room >= (n > RELAY_SHORT ? RELAY_SHORT : RELAY_MSIZE));
	/* Of the long one the data are copied in whole words. */
	fuzz_check(n > RELAY_SHORT ? (uintptr_t)(request + P9_TWRITE_HEAD_BYTES) % 8 == 0
				   : (uintptr_t)(reply + P9_RREAD_HEAD_BYTES) % 8 == 0);
	fuzz_check(current >= 0);
	fuzz_check(should_go(&calls[current]));
	check_request(&calls[current], bytes, n);
	sent[number].busy = true;
	sent[number].answered = false;
	sent[number].call = (unsigned)current;
	sent[number].tag = (uint16_t)get(bytes + 5, 2);
	sent[number].reply = reply;
	sent[number].room = room;
	nbusy++;
	current = -1;
}

/* hostfs has done what it wanted with the last call. */
static void settle(void)
{
	while (navail != queue.avail->idx)
		take_chain(queue.avail->ring[navail++ % queue.size]);
	if (current >= 0) {
		fuzz_check(!should_go(&calls[current]));
		fuzz_check(!calls[current].open);
	}
	current = -1;
}

/* The device says that it has used a chain. */
static void use(uint32_t id, uint32_t n)
{
	queue.used->ring[nused % queue.size].id = id;
	queue.used->ring[nused % queue.size].len = n;
	queue.used->idx = ++nused;
}

static void answer(unsigned number, unsigned how, size_t size)
{
	const struct call *call = &calls[sent[number].call];
	uint8_t head[ERROR_SIZE];
	size_t n;

	size = MIN(MAX(size, ERROR_SIZE), sent[number].room);
	n = size;
	if (how == ANSWER_ERROR)
		n = size = ERROR_SIZE;
	if (how == ANSWER_TOO_SHORT)
		n = P9_HEADER_BYTES - 1;
	if (how == ANSWER_NOTHING)
		n = 0;
	put(head, 4, (uint32_t)size + (how == ANSWER_CLAIMS_MORE));
	head[4] = how == ANSWER_ERROR ? P9_RLERROR : (uint8_t)(call->head[4] + 1);
	head[4] ^= how == ANSWER_WRONG_TYPE;
	put(head + 5, 2, sent[number].tag ^ (how == ANSWER_WRONG_TAG));
	put(head + 7, 4, EPERM);
	if (how != ANSWER_OLD_BYTES)
		memcpy(sent[number].reply, head, MIN(n, sizeof(head)));
	sent[number].answered = true;
	use(number * QUEUE_CHAIN, (uint32_t)n);
}

/* Answers one that the device has, the first from `which` on, if there is one. */
static void answer_some(unsigned which, unsigned how, size_t size)
{
	for (unsigned i = 0; i < nrequests; i++) {
		unsigned number = (which + i) % nrequests;

		if (sent[number].busy && !sent[number].answered) {
			answer(number, how, size);
			return;
		}
	}
}

/* hostfs looks now, and sees one used element. Returns false if it is nonsense. */
static bool deliver_one(const struct virtq_used_elem *used)
{
	unsigned number = used->id / QUEUE_CHAIN;

	if (used->id % QUEUE_CHAIN != 0 || number >= nrequests || !sent[number].busy ||
	    used->len > sent[number].room)
		return false;
	set_answer(number, used->len);
	calls[sent[number].call].due = true;
	sent[number].busy = false;
	nbusy--;
	return true;
}

/* It looks at all. */
static void deliver(void)
{
	must_fail = uio_fails || is_broken;
	for (; ntaken != nused && !is_broken; ntaken++) {
		if (deliver_one(&queue.used->ring[ntaken % queue.size]))
			continue;
		must_fail = true;
		return;
	}
}

/* ---- the events ---- */

static void fail(unsigned how)
{
	if (how % 2)
		uio_fails = true;
	else
		uio_needs_reset();
	is_broken |= how % 2 == 0;
}

/* Those that happen whatever hostfs waits for. Returns false if it is another. */
static bool act(unsigned event)
{
	unsigned which, how;

	switch (event) {
	case EVENT_ANSWER:
		which = take(1);
		how = take(1) % ANSWERS;
		answer_some(which, how, take(2));
		return true;
	case EVENT_USED:
		which = take(4);
		how = take(4);
		use(which, how);
		return true;
	case EVENT_KILL:
		which = take(1);
		if (ncalls)
			calls[which % ncalls].killed = true;
		return true;
	case EVENT_FAIL:
		fail(take(1));
		return true;
	default:
		return false;
	}
}

/* hostfs receives the call. Returns its rcvid. */
static long receive(struct ipc_message *m)
{
	current = (int)ncalls++;
	calls[current].open = true;
	m->word[0] = calls[current].claimed;
	return current + 1;
}

static bool make_call(bool of_size)
{
	struct call *call = &calls[ncalls];
	size_t room = take(2), padding = take(2);
	int8_t more = (int8_t)take(1);
	size_t n = take(1);

	if (ncalls == CALLS - QUEUE_REQUESTS_MAX)
		return false;
	*call = (struct call){ .n = MIN(n, input.left),
			       .room = room == 0xffff ? RELAY_MSIZE : room };
	memcpy(call->head, input.at, call->n);
	input.at += call->n;
	input.left -= call->n;
	call->size = call->n + padding * 3;
	call->claimed = (uint64_t)((int64_t)call->size + more);
	if (of_size)
		put(call->head, 4, (uint32_t)call->size);
	if (of_size)
		call->n = MAX(call->n, MIN(call->size, 4ul));
	return true;
}

/* hostfs must have as many free numbers as at the start. Returns an rcvid, or 0: they have all been tried. */
static long probe(struct ipc_message *m)
{
	static const uint8_t clunk[] = { 11, 0, 0, 0, P9_TCLUNK, 1, 0, 9, 0, 0, 0 };
	struct call *call = &calls[ncalls];

	if (nprobes == nrequests)
		return 0;
	nprobes++;
	*call = (struct call){
		.n = sizeof(clunk), .size = sizeof(clunk), .claimed = sizeof(clunk), .room = 100
	};
	memcpy(call->head, clunk, sizeof(clunk));
	return receive(m);
}

static long pulse(struct ipc_message *m, uint64_t what)
{
	m->word[0] = what;
	if (what == IPC_PULSE_NOTIFIED)
		deliver();
	return 0;
}

/* The input has ended. */
static long finish(struct ipc_message *m)
{
	long rcvid = nbusy == 0 || nprobes ? probe(m) : 0;

	if (rcvid)
		return rcvid;
	while (nbusy) {
		for (unsigned i = 0; i < nrequests; i++)
			answer_some(i, ANSWER_RIGHT, 20);
		return pulse(m, IPC_PULSE_NOTIFIED);
	}
	is_over = true;
	return pulse(m, IPC_PULSE_CLOSED);
}

static long next(struct ipc_message *m)
{
	while (input.left > 0) {
		unsigned event = take(1) % EVENTS;

		if (act(event))
			continue;
		if (event == EVENT_PULSE)
			return pulse(m, IPC_PULSE_NOTIFIED);
		if (event == EVENT_SIGNAL)
			return -EINTR;
		if (make_call(event == EVENT_CALL_OF_SIZE))
			return receive(m);
	}
	return finish(m);
}

/* ---- what hostfs calls ---- */

static struct call *open_call(long rcvid)
{
	fuzz_check(rcvid > 0 && rcvid <= ncalls && calls[rcvid - 1].open);
	return &calls[rcvid - 1];
}

int ipc_badge(int fd, uint64_t badge, unsigned flags)
{
	return 6;
}

long ipc_read(int fd, long rcvid, void *to, uint64_t n, uint64_t offset)
{
	struct call *call = open_call(rcvid);
	int number = uio_request_of(to, n);

	fuzz_check(offset == 0 && number >= 0 && !sent[number].busy);
	if (call->killed)
		return -ESRCH;
	n = MIN(n, call->size);
	memset(to, 0, n);
	memcpy(to, call->head, MIN(n, call->n));
	return (long)n;
}

long ipc_write(int fd, long rcvid, const void *from, uint64_t n, uint64_t offset)
{
	struct call *call = open_call(rcvid);

	fuzz_check(offset == 0 && n <= RELAY_MSIZE && uio_request_of(from, n) >= 0);
	if (call->killed)
		return -ESRCH;
	n = MIN(n, call->room);
	memcpy(call->got, from, MIN(n, HEAD));
	call->ngot = n;
	return (long)n;
}

/* Each call is answered once, with what it should be. */
static long reply(long rcvid, uint64_t size)
{
	struct call *call = open_call(rcvid);

	call->open = call->due = false;
	if (call->killed)
		return -ESRCH;
	if (rcvid - 1 == current)
		fuzz_check(!should_go(call));
	fuzz_equal(size, call->nwant);
	fuzz_check(size == 0 || call->ngot == size);
	fuzz_check(memcmp(call->got, call->want, MIN(size, HEAD)) == 0);
	return 0;
}

long ipc_reply(int fd, long rcvid, const struct ipc_message *message)
{
	return reply(rcvid, message->word[0]);
}

long ipc_reply_receive(int fd, long rcvid, struct ipc_message *m, uint64_t deadline)
{
	long result = rcvid ? reply(rcvid, m->word[0]) : 0;

	fuzz_check(!must_fail && !is_over && deadline == IPC_NEVER);
	if (!queue.size) {
		queue = uio_queue();
		nrequests = uio_requests();
	}
	settle();
	for (unsigned i = 0; i < ncalls; i++)
		fuzz_check(!calls[i].due);
	fuzz_check(nbusy < nrequests); /* else it has to wait for the device alone */
	return result ? result : next(m);
}

/* All numbers are in use: the device goes on. If the input has no answer, it gives one. */
int uio_waits(void)
{
	bool waits = true, signal = false;

	settle();
	fuzz_check(!must_fail);
	fuzz_equal(nbusy, nrequests);
	while (waits && input.left > 0 && *input.at % EVENTS != EVENT_CALL &&
	       *input.at % EVENTS != EVENT_CALL_OF_SIZE) {
		unsigned event = take(1) % EVENTS;

		signal = event == EVENT_SIGNAL;
		waits = act(event);
	}
	if (!signal)
		answer_some(0, ANSWER_RIGHT, 30);
	deliver();
	return signal ? EINTR : 0;
}

/* ---- a run ---- */

static struct uio_setup setup_of(unsigned kind, unsigned memory)
{
	static const uint32_t sizes[] = { 128, 1024, 64, 16, 100, 15, 0, 32 };

	return (struct uio_setup){ .version = 1 + (kind & 1),
				   .queue_max = sizes[kind >> 1 & 7],
				   .npages = memory * 2,
				   .is_other = kind >> 4 == 15 };
}

/* Accepted: some requests were answered as they should be, and the device has not failed. */
bool fuzz_one(const uint8_t *data, size_t size)
{
	static char *argv[] = { "hostfs", "--device", "5", "--endpoint", "4", NULL };
	int hostfs_main(int argc, char **argv);
	struct uio_setup setup;
	unsigned kind;
	int status;

	input.at = data;
	input.left = size;
	memset(sent, 0, sizeof(sent));
	queue = (struct queue_view){ 0 };
	ncalls = navail = nused = ntaken = nrequests = nbusy = nright = nprobes = 0;
	is_over = false;
	is_broken = false;
	must_fail = false;
	current = -1;
	kind = take(1);
	setup = setup_of(kind, take(1));
	uio_begin(&setup);
	status = hostfs_main(5, argv);
	if (!queue.size)
		fuzz_check(setup.is_other || setup.queue_max < QUEUE_CHAIN || uio_requests() == 0);
	fuzz_equal(status, !is_over);
	fuzz_check(is_over || must_fail || !queue.size);
	for (unsigned i = 0; is_over && i < ncalls; i++)
		fuzz_check(!calls[i].open);
	return is_over && nright > QUEUE_REQUESTS_MAX;
}
