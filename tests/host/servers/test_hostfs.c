/* SPDX-License-Identifier: MIT */
/* What hostfs passes between a client and a device, both of which may lie. */
#include <errno.h>
#include <string.h>

#include "hostfs_device.h"
#include "test.h"

/* ---- the queue ---- */

static uint8_t memory[QUEUE_BYTES] __attribute__((aligned(QUEUE_PAGE)));
static struct queue queue;
static uint16_t used_idx; /* the device's own count */

static void start(uint32_t max, int expected)
{
	memset(memory, 0, sizeof(memory));
	used_idx = 0;
	assert_int_equal(expected, queue_init(&queue, memory, max));
}

static void offer(unsigned number, uint32_t room)
{
	const struct piece pieces[] = { { 0x1000, 10, false }, { 0x2000, room, true } };

	queue_offer(&queue, number, pieces, 2);
}

/* What the device does. */
static void use(uint32_t id, uint32_t len)
{
	queue.used->ring[used_idx % queue.size].id = id;
	queue.used->ring[used_idx % queue.size].len = len;
	queue.used->idx = ++used_idx;
}

static void expect_take(int number, uint32_t len)
{
	uint32_t got = 0;

	assert_int_equal(number, queue_take(&queue, &got));
	if (number >= 0)
		assert_int_equal(len, got);
}

TEST(a_queue_has_what_the_device_takes) // R146
{
	start(0, -EINVAL);
	start(QUEUE_CHAIN - 1, -EINVAL);
	start(QUEUE_CHAIN, 0);
	assert_int_equal(1, queue.nrequests);
	start(100, 0);
	assert_int_equal(64, queue.size);
	assert_int_equal(4, queue.nrequests);
	start(1024, 0);
	assert_int_equal(QUEUE_SIZE_MAX, queue.size);
	assert_int_equal(QUEUE_REQUESTS_MAX, queue.nrequests);
	/* All of it is in its memory, and nothing overlaps. */
	assert_true((uint8_t *)&queue.avail->ring[queue.size] <= memory + QUEUE_USED_AT);
	assert_true((uint8_t *)&queue.used->ring[queue.size] <= memory + QUEUE_BYTES);
}

TEST(a_chain_is_as_the_device_expects_it) // R141
{
	const struct piece pieces[] = { { 0x5000, 23, false },
					{ 0x9000, 100, true },
					{ 0xff000, 4096, true } };
	unsigned first = 3 * QUEUE_CHAIN;

	start(128, 0);
	queue_offer(&queue, 3, pieces, 3);
	assert_int_equal(1, queue.avail->idx);
	assert_int_equal(first, queue.avail->ring[0]);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pieces[i].addr, queue.desc[first + i].addr);
		assert_int_equal(pieces[i].len, queue.desc[first + i].len);
		assert_int_equal((i > 0 ? VIRTQ_DESC_WRITE : 0) | (i < 2 ? VIRTQ_DESC_NEXT : 0),
				 queue.desc[first + i].flags);
		assert_int_equal(i < 2 ? first + i + 1 : 0, queue.desc[first + i].next);
	}
	use(first, 4196);
	expect_take(3, 4196);
	expect_take(-EAGAIN, 0);
}

TEST(answers_come_in_any_order_and_the_indexes_wrap_around) // R140
{
	bool offered[QUEUE_REQUESTS_MAX] = { 0 };
	unsigned nanswers = 0;

	start(128, 0);
	while (nanswers < test_steps(200000)) {
		unsigned number = (unsigned)test_below(QUEUE_REQUESTS_MAX);

		if (!offered[number]) {
			offer(number, number * 10);
			assert_int_equal(number * QUEUE_CHAIN,
					 queue.avail->ring[(uint16_t)(queue.avail->idx - 1) % 128]);
		} else {
			use(number * QUEUE_CHAIN, number);
			expect_take((int)number, number);
			expect_take(-EAGAIN, 0);
			nanswers++;
		}
		offered[number] = !offered[number];
	}
}

TEST(a_device_that_lies_is_not_believed) // R141
{
	const uint32_t wrong[][2] = {
		{ 2 * QUEUE_CHAIN + 1, 0 }, /* within a chain */
		{ 3 * QUEUE_CHAIN, 0 },	    /* it was not asked that */
		{ QUEUE_SIZE_MAX, 0 },	    /* there is none of these */
		{ UINT32_MAX, 0 },
		{ UINT32_MAX / QUEUE_CHAIN * QUEUE_CHAIN, 0 },
		{ 2 * QUEUE_CHAIN, 101 }, /* there was no room for that */
		{ 2 * QUEUE_CHAIN, UINT32_MAX },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		start(128, 0);
		offer(2, 100);
		use(wrong[i][0], wrong[i][1]);
		expect_take(-EIO, 0);
	}
	start(128, 0); /* twice */
	offer(2, 100);
	use(2 * QUEUE_CHAIN, 100);
	use(2 * QUEUE_CHAIN, 100);
	expect_take(2, 100);
	expect_take(-EIO, 0);
	start(16, 0); /* there are fewer */
	offer(0, 1);
	use(QUEUE_CHAIN, 0);
	expect_take(-EIO, 0);
}

TEST(pieces_are_all_bytes_and_no_others) // R141
{
	struct dma_page pages[64];
	struct piece pieces[66];

	for (unsigned step = 0; step < test_steps(3000); step++) {
		size_t offset = test_below(32 * QUEUE_PAGE), n = test_below(32 * QUEUE_PAGE),
		       at = offset;
		bool writes = test_below(2);
		unsigned before = (unsigned)test_below(2), npieces;

		for (unsigned i = 0, run; i < 64; i += run) {
			uint64_t next = i ? pages[i - 1].addr + QUEUE_PAGE : QUEUE_PAGE;

			run = 1 + (unsigned)test_below(test_below(2) ? 64 - i : 1);
			dma_pages_set(pages + i, run,
				      test_below(4) ? (1 + test_below(1 << 20)) * QUEUE_PAGE
						    : next);
		}
		npieces = pieces_add(pieces, before, pages, offset, n, writes);
		for (unsigned i = before; i < npieces; i++) {
			assert_int_equal(writes, pieces[i].device_writes);
			assert_true(i == before ||
				    pieces[i - 1].addr + pieces[i - 1].len != pieces[i].addr);
			for (size_t j = 0, left; j < pieces[i].len; j += left, at += left) {
				left = QUEUE_PAGE - at % QUEUE_PAGE; /* of the page */
				if (left > pieces[i].len - j)
					left = pieces[i].len - j;
				assert_int_equal(pages[at / QUEUE_PAGE].addr + at % QUEUE_PAGE,
						 pieces[i].addr + j);
			}
		}
		assert_int_equal(n, at - offset);
	}
}

/* ---- the relay ---- */

static struct relay relay;
static uint8_t message[RELAY_MSIZE];
static uint8_t device_memory[2 * DEVICE_REQUEST_BYTES] __attribute__((aligned(QUEUE_PAGE)));

static uint16_t tag_of(const uint8_t *bytes)
{
	return (uint16_t)(bytes[5] | bytes[6] << 8);
}

/* Makes a message of that type, tag and size, whose other bytes are 0xaa. */
static void make(uint8_t type, uint16_t tag, size_t n)
{
	memset(message, 0xaa, n);
	for (unsigned i = 0; i < 4; i++)
		message[i] = (uint8_t)(n >> 8 * i);
	message[4] = type;
	message[5] = (uint8_t)tag;
	message[6] = (uint8_t)(tag >> 8);
}

/* Passes a request on. Returns the tag that the device sees. */
static uint16_t pass(unsigned number, uint8_t type, uint16_t tag)
{
	make(type, tag, 50);
	assert_int_equal(0, relay_request(&relay, number, message, 50));
	assert_int_equal(type, message[4]);
	for (unsigned i = P9_HEADER_BYTES; i < 50; i++)
		if (type != P9_TREAD && type != P9_TREADDIR && type != P9_TVERSION)
			assert_int_equal(0xaa, message[i]);
	return tag_of(message);
}

static void expect_reply(unsigned number, uint8_t type, uint16_t tag, ssize_t expected,
			 uint16_t expected_tag)
{
	make(type, tag, 40);
	assert_int_equal(expected, relay_reply(&relay, number, message, 40));
	if (expected < 0)
		return;
	assert_int_equal(expected_tag, tag_of(message));
	assert_int_equal(type, message[4]);
	for (unsigned i = P9_HEADER_BYTES; i < 40; i++)
		assert_int_equal(0xaa, message[i]);
}

TEST(no_two_requests_have_one_tag) // R140
{
	uint16_t sent[QUEUE_REQUESTS_MAX];

	for (unsigned i = 0; i < QUEUE_REQUESTS_MAX; i++) {
		sent[i] = pass(i, P9_TGETATTR, 7); /* whatever the client's tags are */
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(sent[j], sent[i]);
	}
	for (unsigned i = QUEUE_REQUESTS_MAX; i-- > 0;)
		expect_reply(i, P9_RGETATTR, sent[i], 40, 7);
}

TEST(a_reply_gets_its_requests_tag) // R140
{
	uint16_t a = pass(0, P9_TGETATTR, 1000), b = pass(1, P9_TCLUNK, 2000);

	expect_reply(1, P9_RLERROR, b, 40, 2000);
	b = pass(1, P9_TREADLINK, 3000);
	expect_reply(1, P9_RREADLINK, b, 40, 3000);
	expect_reply(0, P9_RGETATTR, a, 40, 1000);
	assert_int_equal(P9_NOTAG, pass(2, P9_TVERSION, P9_NOTAG));
	expect_reply(2, P9_RVERSION, P9_NOTAG, 40, P9_NOTAG);
}

TEST(what_is_no_reply_is_refused) // R141
{
	uint16_t tag = pass(3, P9_TGETATTR, 1);

	expect_reply(3, P9_RCLUNK, tag, -EIO, 0);
	pass(3, P9_TGETATTR, 1);
	expect_reply(3, P9_TGETATTR, tag, -EIO, 0);
	pass(3, P9_TGETATTR, 1);
	expect_reply(3, P9_RGETATTR, (uint16_t)(tag + 1), -EIO, 0);
	for (size_t n = 1; n < P9_HEADER_BYTES; n++) {
		pass(3, P9_TGETATTR, 1);
		make(P9_RGETATTR, tag, 40);
		assert_int_equal(-EIO, relay_reply(&relay, 3, message, n));
	}
	pass(3, P9_TGETATTR, 1);
	make(P9_RGETATTR, tag, 41); /* more than it wrote */
	assert_int_equal(-EIO, relay_reply(&relay, 3, message, 40));
	pass(3, P9_TGETATTR, 1);
	make(P9_RGETATTR, tag, 6); /* less than a header */
	assert_int_equal(-EIO, relay_reply(&relay, 3, message, 40));
	pass(3, P9_TGETATTR, 1);
	make(P9_RGETATTR, tag, 30); /* what follows is no part of it */
	assert_int_equal(30, relay_reply(&relay, 3, message, 40));
	pass(3, P9_TGETATTR, 1); /* flushed: nothing comes */
	assert_int_equal(0, relay_reply(&relay, 3, message, 0));
}

TEST(a_lease_is_granted_where_nobody_else_changes_files) // R142
{
	const struct p9_rgetattr said = { .valid = P9_GETATTR_BASIC, .mode = 0100644 };
	struct p9_packet packet;
	struct p9_rgetattr got;
	ssize_t n;

	for (unsigned exclusive = 0; exclusive < 2; exclusive++) {
		relay.exclusive = exclusive;
		pass(3, P9_TGETATTR, 1);
		n = p9_encode_rgetattr(message, sizeof(message), relay.request[3].sent_tag, &said);
		assert_int_equal(n, relay_reply(&relay, 3, message, (size_t)n));
		packet = p9_packet(message, (size_t)n);
		assert_int_equal(0, p9_decode_rgetattr(&packet, 1, &got));
		assert_true(got.valid ==
			    (exclusive ? P9_GETATTR_BASIC | P9_GETATTR_LEASE : P9_GETATTR_BASIC));
		assert_int_equal(0100644, got.mode);
	}
	pass(3, P9_TGETATTR, 1);
	make(P9_RGETATTR, relay.request[3].sent_tag,
	     P9_HEADER_BYTES + 7); /* without a whole `valid` */
	memset(message + P9_HEADER_BYTES, 0, 8);
	assert_int_equal(P9_HEADER_BYTES + 7, relay_reply(&relay, 3, message, P9_HEADER_BYTES + 7));
	assert_int_equal(0, message[P9_HEADER_BYTES + 4]);
	relay.exclusive = false;
}

TEST(an_error_is_a_message) // R140
{
	struct p9_packet packet;
	struct p9_rgetattr got;
	size_t n;

	pass(5, P9_TGETATTR, 0x1234);
	n = relay_error(&relay, 5, message, EIO);
	packet = p9_packet(message, n);
	assert_int_equal(-EIO, p9_decode_rgetattr(&packet, 0x1234, &got));
	n = relay_error(&relay, 5, message, EPERM);
	packet = p9_packet(message, n);
	assert_int_equal(-EPERM, p9_decode_rgetattr(&packet, 0x1234, &got));
}

/* The requests that have a mode, each with this one. Returns the mode after relay_request(). */
static uint32_t mode_sent(unsigned kind, uint32_t mode)
{
	const struct p9_string name = { "a name", 6 };
	struct p9_packet packet = p9_packet(message, 0);
	struct p9_tsetattr setattr = { .fid = 1, .valid = P9_SETATTR_MODE, .mode = mode };
	struct p9_tlcreate create = {
		.fid = 1, .name = name, .flags = ~0u, .mode = mode, .gid = ~0u
	};
	struct p9_tmkdir mkdir = { .dfid = 1, .name = name, .mode = mode, .gid = ~0u };
	struct p9_tmknod mknod = { .dfid = 1, .name = name, .mode = mode, .gid = ~0u };
	ssize_t n[] = { 0, 0, 0, 0 };

	switch (kind) {
	case 0:
		n[0] = p9_encode_tsetattr(message, sizeof(message), 1, &setattr);
		packet = p9_packet(message, (size_t)n[0]);
		assert_int_equal(0, relay_request(&relay, 0, message, packet.size));
		assert_int_equal(0, p9_decode_tsetattr(&packet, &setattr));
		assert_int_equal(P9_SETATTR_MODE, setattr.valid);
		return setattr.mode;
	case 1:
		n[1] = p9_encode_tlcreate(message, sizeof(message), 1, &create);
		packet = p9_packet(message, (size_t)n[1]);
		assert_int_equal(0, relay_request(&relay, 0, message, packet.size));
		assert_int_equal(0, p9_decode_tlcreate(&packet, &create));
		assert_true(create.flags == ~0u && create.gid == ~0u);
		return create.mode;
	case 2:
		n[2] = p9_encode_tmkdir(message, sizeof(message), 1, &mkdir);
		packet = p9_packet(message, (size_t)n[2]);
		assert_int_equal(0, relay_request(&relay, 0, message, packet.size));
		assert_int_equal(0, p9_decode_tmkdir(&packet, &mkdir));
		assert_int_equal(~0u, mkdir.gid);
		return mkdir.mode;
	default:
		n[3] = p9_encode_tmknod(message, sizeof(message), 1, &mknod);
		packet = p9_packet(message, (size_t)n[3]);
		assert_int_equal(0, relay_request(&relay, 0, message, packet.size));
		assert_int_equal(0, p9_decode_tmknod(&packet, &mknod));
		assert_int_equal(~0u, mknod.gid);
		return mknod.mode;
	}
}

TEST(set_id_bits_are_dropped_unless_they_are_wanted) // R146
{
	static const uint8_t types[] = { P9_TSETATTR, P9_TLCREATE, P9_TMKDIR, P9_TMKNOD };

	for (unsigned kind = 0; kind < 4; kind++) {
		relay.setid = false;
		assert_int_equal(~06000u, mode_sent(kind, ~0u));
		assert_int_equal(01755, mode_sent(kind, 01755));
		relay.setid = true;
		assert_int_equal(~0u, mode_sent(kind, ~0u));
		relay.setid = false;
		/* A message that ends before its mode, or whose name does, goes as it is: the device refuses it. */
		for (size_t n = P9_HEADER_BYTES; n < 60; n++) {
			make(types[kind], 1, n);
			memset(message + P9_HEADER_BYTES, 0xff, sizeof(message) - P9_HEADER_BYTES);
			assert_int_equal(0, relay_request(&relay, 0, message, n));
			for (size_t at = n; at < sizeof(message); at++)
				assert_int_equal(0xff, message[at]);
		}
	}
}

TEST(what_is_no_message_is_not_sent) // R141
{
	for (size_t n = 0; n < P9_HEADER_BYTES; n++) {
		make(P9_TCLUNK, 1, P9_HEADER_BYTES);
		assert_int_equal(-EIO, relay_request(&relay, 0, message, n));
	}
	make(P9_TCLUNK, 1, 11);
	assert_int_equal(-EIO, relay_request(&relay, 0, message, 10));
	assert_int_equal(-EIO, relay_request(&relay, 0, message, 12));
	assert_int_equal(0, relay_request(&relay, 0, message, 11));
}

TEST(only_those_with_short_replies_are_long) // R141
{
	for (unsigned type = 0; type < 256; type++) {
		bool may = type == P9_TWRITE || type == P9_TWALK || type == P9_TSYMLINK;

		make((uint8_t)type, 1, RELAY_SHORT + 1);
		assert_int_equal(may ? 0 : -EIO,
				 relay_request(&relay, 0, message, RELAY_SHORT + 1));
		if (type == P9_TFLUSH)
			continue;
		make((uint8_t)type, 1, RELAY_SHORT);
		assert_int_equal(0, relay_request(&relay, 0, message, RELAY_SHORT));
	}
}

/* The data of a message are copied in whole words only where source and target are aligned alike. */
TEST(data_begin_with_a_page_of_the_devices_memory)
{
	static struct device device;
	size_t rooms[2];
	const uint8_t *request, *reply;

	device.memory = device_memory;
	for (unsigned number = 0; number < 2; number++) {
		request = device_request(&device, number, RELAY_MSIZE);
		reply = device_reply(&device, number, P9_HEADER_BYTES, &rooms[0]);
		assert_int_equal(0, (uintptr_t)(request + P9_TWRITE_HEAD_BYTES) % QUEUE_PAGE);
		assert_int_equal(0, (uintptr_t)(reply + P9_RREAD_HEAD_BYTES) % QUEUE_PAGE);
		assert_int_equal(RELAY_MSIZE, rooms[0]);
		/* What is short is before that, in the same request's memory. */
		assert_ptr_equal(device_memory + number * DEVICE_REQUEST_BYTES,
				 device_request(&device, number, RELAY_SHORT));
		assert_ptr_equal(device_memory + number * DEVICE_REQUEST_BYTES,
				 device_reply(&device, number, RELAY_MSIZE, &rooms[1]));
		assert_int_equal(RELAY_SHORT, rooms[1]);
	}
}

static size_t version(uint32_t msize)
{
	const struct p9_tversion ask = { msize, { P9_VERSION, strlen(P9_VERSION) } };

	return (size_t)p9_encode_tversion(message, sizeof(message), P9_NOTAG, &ask);
}

TEST(sizes_are_lowered_to_what_there_is_room_for) // R141
{
	const uint32_t asked[] = { 0,	      4096, RELAY_MSIZE - 1, RELAY_MSIZE, RELAY_MSIZE + 1,
				   UINT32_MAX };

	for (unsigned i = 0; i < 6; i++) {
		struct p9_tversion version_got;
		struct p9_treaddir readdir_got;
		struct p9_tread read_got;
		uint32_t most = RELAY_MSIZE - P9_RREAD_HEAD_BYTES;
		struct p9_packet packet = p9_packet(message, version(asked[i]));

		assert_int_equal(0, relay_request(&relay, 0, message, packet.size));
		assert_int_equal(0, p9_decode_tversion(&packet, &version_got));
		assert_int_equal(asked[i] < RELAY_MSIZE ? asked[i] : RELAY_MSIZE,
				 version_got.msize);

		packet.size = packet.in_buf = (size_t)p9_encode_tread(
			message, sizeof(message), 5, &(struct p9_tread){ 1, UINT64_MAX, asked[i] });
		assert_int_equal(0, relay_request(&relay, 0, message, packet.size));
		assert_int_equal(0, p9_decode_tread(&packet, &read_got));
		assert_int_equal(asked[i] < most ? asked[i] : most, read_got.count);
		assert_true(read_got.fid == 1 && read_got.offset == UINT64_MAX);

		packet.size = packet.in_buf = (size_t)p9_encode_treaddir(
			message, sizeof(message), 5, &(struct p9_treaddir){ 1, 2, asked[i] });
		assert_int_equal(0, relay_request(&relay, 0, message, packet.size));
		assert_int_equal(0, p9_decode_treaddir(&packet, &readdir_got));
		assert_int_equal(asked[i] < most ? asked[i] : most, readdir_got.count);
	}
	for (size_t n = P9_HEADER_BYTES; n < 23;
	     n++) { /* too short for the field: the device says so */
		make(P9_TREAD, 1, n);
		message[n] = 0x55;
		assert_int_equal(0, relay_request(&relay, 0, message, n));
		assert_int_equal(0x55, message[n]);
	}
}

/* Passes Tflush on. Returns as relay_request(), and the tag to be flushed. */
static int flush(unsigned number, uint16_t tag, uint16_t oldtag, uint16_t *ret)
{
	const struct p9_tflush ask = { oldtag };
	struct p9_packet packet;
	struct p9_tflush got;
	size_t n = (size_t)p9_encode_tflush(message, sizeof(message), tag, &ask);
	int result = relay_request(&relay, number, message, n);

	packet = p9_packet(message, n);
	if (result == 0) {
		assert_int_equal(0, p9_decode_tflush(&packet, &got));
		*ret = got.oldtag;
	}
	return result;
}

TEST(a_flush_names_the_devices_tag) // R140
{
	uint16_t sent = pass(4, P9_TREAD, 77), flushed = 0, own;
	struct p9_packet packet;

	pass(2, P9_TGETATTR, 78);
	assert_int_equal(0, flush(0, 79, 77, &flushed));
	assert_int_equal(sent, flushed);
	own = tag_of(message);
	expect_reply(4, P9_RREAD, sent, 40, 77);
	expect_reply(0, P9_RFLUSH, own, 40, 79);
	/* It has been answered: we do that ourselves. */
	assert_int_equal(1, flush(0, 80, 77, &flushed));
	packet = p9_packet(message, P9_HEADER_BYTES);
	assert_int_equal(0, p9_decode_rflush(&packet, 80));
	/* And the number is free. */
	assert_int_equal(1, flush(1, 81, 80, &flushed));
	make(P9_TFLUSH, 1, 10);
	assert_int_equal(-EIO, relay_request(&relay, 0, message, 10));
	make(P9_TFLUSH, 1, 8);
	assert_int_equal(-EIO, relay_request(&relay, 0, message, 8));
}
