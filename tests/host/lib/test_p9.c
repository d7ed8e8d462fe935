/* SPDX-License-Identifier: MIT */
/* The 9P codec: every message there and back, every way to lie. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bits.h"
#include "p9_any.h"
#include "test.h"

#define BYTES_MAX 16384u
#define TYPES	  256u
#define TAG	  0x1234u

/* ---- messages with random contents ---- */

static uint8_t payload[512];

/* A string that the codec takes, in memory of its own. */
static struct p9_string random_string(size_t least, size_t most, bool is_name)
{
	size_t len = least + test_below(test_below(8) == 0 ? most - least + 1 : 12);
	char *s = malloc(len + 1);

	for (size_t i = 0; i < len; i++) {
		s[i] = (char)(1 + test_below(255));
		if (is_name && s[i] == '/')
			s[i] = '.';
	}
	return (struct p9_string){ s, len };
}

static uint64_t random_number(void)
{
	static const uint64_t edges[] = { 0,	      1,	 UINT16_MAX, INT32_MAX,
					  UINT32_MAX, INT64_MAX, UINT64_MAX };

	return test_below(3) == 0 ? edges[test_below(ARRAY_SIZE(edges))]
				  : test_random() << 8 ^ test_random();
}

static struct p9_qid random_qid(void)
{
	return (struct p9_qid){ (uint8_t)random_number(), (uint32_t)random_number(),
				random_number() };
}

static uint16_t random_names(struct p9_string *names)
{
	uint16_t n = (uint16_t)test_below(P9_WALK_MAX + 1);

	for (unsigned i = 0; i < n; i++)
		names[i] = random_string(1, NAME_MAX, true);
	return n;
}

static uint16_t random_qids(struct p9_qid *qids)
{
	uint16_t n = (uint16_t)test_below(P9_WALK_MAX + 1);

	for (unsigned i = 0; i < n; i++)
		qids[i] = random_qid();
	return n;
}

static uint32_t random_data(const void **data)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)test_random();
	*data = payload;
	return (uint32_t)test_below(sizeof(payload) + 1);
}

static bool same_string(struct p9_string a, struct p9_string b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static bool same_qid(struct p9_qid a, struct p9_qid b)
{
	return a.type == b.type && a.version == b.version && a.path == b.path;
}

static bool same_names(uint16_t n, const struct p9_string *a, const struct p9_string *b)
{
	for (unsigned i = 0; i < n; i++)
		if (!same_string(a[i], b[i]))
			return false;
	return true;
}

static bool same_qids(uint16_t n, const struct p9_qid *a, const struct p9_qid *b)
{
	for (unsigned i = 0; i < n; i++)
		if (!same_qid(a[i], b[i]))
			return false;
	return true;
}

/* clang-format off */
static void fill(unsigned type, union p9_any *any)
{
	switch (type) {
#define U16(field)	 m->field = (uint16_t)random_number();
#define U32(field)	 m->field = (uint32_t)random_number();
#define LIMITED(field)	 m->field = (uint32_t)random_number();
#define U64(field)	 m->field = random_number();
#define QID(field)	 m->field = random_qid();
#define STRING(field)	 m->field = random_string(0, 5000, false);
#define NAME(field)	 m->field = random_string(1, NAME_MAX, true);
#define NAMES(n, field)	 m->n = random_names(m->field);
#define QIDS(n, field)	 m->n = random_qids(m->field);
#define DATA(n, field)	 m->n = random_data(&m->field);
#define REQUEST(number, NAME, name, fields) \
	case P9_##NAME: { struct p9_##name *m = &any->name; fields break; }
#define REPLY(number, NAME, name, fields)	  REQUEST(number, NAME, name, fields)
#define REPLY_LIMITED(number, NAME, name, fields) REQUEST(number, NAME, name, fields)
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"
	}
}

static void expect_same(unsigned type, const union p9_any *x, const union p9_any *y)
{
	switch (type) {
#define U16(field)	 assert_true(a->field == b->field);
#define U32(field)	 assert_true(a->field == b->field);
#define LIMITED(field)	 assert_true(a->field == b->field);
#define U64(field)	 assert_true(a->field == b->field);
#define QID(field)	 assert_true(same_qid(a->field, b->field));
#define STRING(field)	 assert_true(same_string(a->field, b->field));
#define NAME(field)	 assert_true(same_string(a->field, b->field));
#define NAMES(n, field)	 assert_int_equal(b->n, a->n); assert_true(same_names(a->n, a->field, b->field));
#define QIDS(n, field)	 assert_int_equal(b->n, a->n); assert_true(same_qids(a->n, a->field, b->field));
#define DATA(n, field)	 assert_int_equal(b->n, a->n); assert_memory_equal(b->field, a->field, a->n);
#define REQUEST(number, NAME, name, fields) \
	case P9_##NAME: { const struct p9_##name *a = &x->name, *b = &y->name; fields break; }
#define REPLY(number, NAME, name, fields)	  REQUEST(number, NAME, name, fields)
#define REPLY_LIMITED(number, NAME, name, fields) REQUEST(number, NAME, name, fields)
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"
	}
}

static void discard(unsigned type, union p9_any *any)
{
	switch (type) {
#define U16(field)
#define U32(field)
#define LIMITED(field)
#define U64(field)
#define QID(field)
#define STRING(field)	 free((void *)m->field.data);
#define NAME(field)	 free((void *)m->field.data);
#define NAMES(n, field)	 for (unsigned i = 0; i < m->n; i++) free((void *)m->field[i].data);
#define QIDS(n, field)
#define DATA(n, field)
#define REQUEST(number, NAME, name, fields) \
	case P9_##NAME: { struct p9_##name *m = &any->name; (void)m; fields break; }
#define REPLY(number, NAME, name, fields)	  REQUEST(number, NAME, name, fields)
#define REPLY_LIMITED(number, NAME, name, fields) REQUEST(number, NAME, name, fields)
#define REPLY_EMPTY(number, NAME, name)
#include "lib/p9/messages.def"
	}
}
/* clang-format on */

/* ---- helpers ---- */

static uint8_t bytes[BYTES_MAX];

/* Decodes from memory that ends where the message does. The decoded message is used up. */
static int decode_copy(unsigned type, const uint8_t *from, size_t n, uint32_t limit)
{
	uint8_t *copy = malloc(n + 1);
	struct p9_packet packet;
	union p9_any any;
	int r;

	/* Odd on purpose: a message need not be aligned. */
	memcpy(copy + 1, from, n);
	packet = p9_packet(copy + 1, n);
	r = p9_any_decode(type, &packet, TAG, limit, &any);
	free(copy);
	return r;
}

static void set_size(uint8_t *message, size_t n)
{
	for (unsigned i = 0; i < 4; i++)
		message[i] = (uint8_t)(n >> 8 * i);
}

/* What the request must have asked for, at least. */
static uint32_t limit_of(unsigned type, const union p9_any *any)
{
	switch (type) {
	case P9_RVERSION:
		return any->rversion.msize;
	case P9_RWALK:
		return any->rwalk.nwqid;
	case P9_RREAD:
		return any->rread.count;
	case P9_RREADDIR:
		return any->rreaddir.count;
	case P9_RWRITE:
		return any->rwrite.count;
	default:
		return 0;
	}
}

/* Calls fn with each type and some messages of it: encoded in `bytes`, n of them. */
static void for_messages(void (*fn)(unsigned type, union p9_any *any, size_t n))
{
	unsigned steps = test_steps(20);

	for (unsigned type = 0; type < TYPES; type++) {
		for (unsigned i = 0; p9_any_name(type) && i < steps; i++) {
			union p9_any any = { 0 };
			ssize_t n;

			fill(type, &any);
			n = p9_any_encode(type, bytes, sizeof(bytes), TAG, &any);
			assert_true(n >= (ssize_t)P9_HEADER_BYTES);
			fn(type, &any, (size_t)n);
			discard(type, &any);
		}
	}
}

static struct p9_string text(const char *s)
{
	return (struct p9_string){ s, strlen(s) };
}

/* ---- every message ---- */

static void check_round_trip(unsigned type, union p9_any *any, size_t n)
{
	struct p9_packet packet = p9_packet(bytes, n);
	uint32_t limit = limit_of(type, any);
	struct p9_header header;
	union p9_any back;

	assert_int_equal(0, p9_peek(&packet, &header));
	assert_int_equal(type, header.type);
	assert_int_equal(TAG, header.tag);
	assert_int_equal(n, p9_claimed_size(bytes));
	assert_int_equal(0, p9_any_decode(type, &packet, TAG, limit, &back));
	expect_same(type, any, &back);
}

TEST(what_was_encoded_is_decoded)
{
	for_messages(check_round_trip);
}

static void check_small_buffers(unsigned type, union p9_any *any, size_t n)
{
	for (size_t size = 0; size < n; size += 1 + size / 64) {
		uint8_t *buf = malloc(size);

		assert_int_equal(-EMSGSIZE, p9_any_encode(type, buf, size, TAG, any));
		free(buf);
	}
}

TEST(a_buffer_that_is_too_small_is_not_overrun)
{
	for_messages(check_small_buffers);
}

/* Bytes are missing, whether the size says so or not. */
static void check_truncated(unsigned type, union p9_any *any, size_t n)
{
	uint32_t limit = limit_of(type, any);

	for (size_t cut = 1; cut <= n; cut += 1 + cut / 64) {
		uint8_t header[4];

		memcpy(header, bytes, 4);
		assert_int_equal(-EIO, decode_copy(type, bytes, n - cut, limit));
		set_size(bytes, n - cut);
		assert_int_equal(-EIO, decode_copy(type, bytes, n - cut, limit));
		assert_int_equal(-EIO, decode_copy(type, bytes, n, limit));
		memcpy(bytes, header, 4);
	}
	assert_int_equal(0, decode_copy(type, bytes, n, limit));
}

TEST(every_truncation_is_refused)
{
	for_messages(check_truncated);
}

/* Bytes follow, whether the size says so or not. */
static void check_trailing(unsigned type, union p9_any *any, size_t n)
{
	uint32_t limit = limit_of(type, any);

	for (size_t more = 1; more <= 9; more++) {
		memset(bytes + n, 0, more);
		set_size(bytes, n);
		assert_int_equal(-EIO, decode_copy(type, bytes, n + more, limit));
		set_size(bytes, n + more);
		assert_int_equal(-EIO, decode_copy(type, bytes, n + more, limit));
		assert_int_equal(-EIO, decode_copy(type, bytes, n, limit));
	}
}

TEST(trailing_bytes_are_refused)
{
	for_messages(check_trailing);
}

static void check_other_header(unsigned type, union p9_any *any, size_t n)
{
	uint32_t limit = limit_of(type, any);

	for (unsigned other = 0; other < TYPES; other++) {
		bytes[4] = (uint8_t)other;
		/* An Rlerror in place of a reply: see below. */
		if (other != type && (p9_any_is_request(type) || other != P9_RLERROR))
			assert_int_equal(-EIO, decode_copy(type, bytes, n, limit));
	}
	bytes[4] = (uint8_t)type;
	for (unsigned bit = 0; bit < 16; bit++) {
		bytes[5 + bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(p9_any_is_request(type) ? 0 : -EIO,
				 decode_copy(type, bytes, n, limit));
		bytes[5 + bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

TEST(another_type_or_tag_is_refused)
{
	for_messages(check_other_header);
}

static void check_limit(unsigned type, union p9_any *any, size_t n)
{
	uint32_t limit = limit_of(type, any);

	if (!p9_any_is_limited(type))
		return;
	assert_int_equal(0, decode_copy(type, bytes, n, UINT32_MAX));
	if (limit > 0) {
		assert_int_equal(-EIO, decode_copy(type, bytes, n, limit - 1));
		assert_int_equal(-EIO, decode_copy(type, bytes, n, 0));
	}
}

TEST(more_than_was_asked_for_is_refused)
{
	for_messages(check_limit);
}

TEST(types_that_do_not_exist)
{
	unsigned requests = 0;

	for (unsigned type = 0; type < TYPES; type++) {
		if (!p9_any_name(type) || !p9_any_is_request(type))
			continue;
		requests++;
		assert_non_null(p9_any_name(type + 1));
		assert_false(p9_any_is_request(type + 1));
	}
	assert_int_equal(22, requests);
}

/* ---- errors that a server answers ---- */

static int decode_error(uint32_t ecode, uint16_t tag)
{
	ssize_t n = p9_encode_rlerror(bytes, sizeof(bytes), tag, &(struct p9_rlerror){ ecode });
	struct p9_packet packet = p9_packet(bytes, (size_t)n);
	struct p9_rgetattr getattr;
	int r = p9_decode_rgetattr(&packet, TAG, &getattr);

	assert_int_equal(11, n);
	/* All replies treat it in the same way. */
	for (unsigned type = 0; type < TYPES; type++)
		if (p9_any_name(type) && !p9_any_is_request(type) && type != P9_RLERROR)
			assert_int_equal(r, decode_copy(type, bytes, (size_t)n, 100));
	return r;
}

TEST(errors_of_the_server)
{
	assert_int_equal(-EPERM, decode_error(1, TAG));
	assert_int_equal(-ENOENT, decode_error(ENOENT, TAG));
	assert_int_equal(-4095, decode_error(4095, TAG));
	assert_int_equal(-EIO, decode_error(0, TAG));
	assert_int_equal(-EIO, decode_error(4096, TAG));
	assert_int_equal(-EIO, decode_error(0x80000000, TAG));
	assert_int_equal(-EIO, decode_error((uint32_t)-ENOENT, TAG));
	assert_int_equal(-EIO, decode_error(ENOENT, TAG + 1));
}

TEST(an_error_of_the_wrong_size)
{
	p9_encode_rlerror(bytes, sizeof(bytes), TAG, &(struct p9_rlerror){ ENOENT });
	for (size_t n = 0; n <= 20; n++) {
		set_size(bytes, n);
		assert_int_equal(n == 11 ? -ENOENT : -EIO, decode_copy(P9_RREAD, bytes, n, 100));
	}
	set_size(bytes, 11);
	assert_int_equal(-EIO, decode_copy(P9_TREAD, bytes, 11, 0));
}

/* ---- strings and names ---- */

static ssize_t encode_walk(struct p9_string name)
{
	return p9_encode_twalk(bytes, sizeof(bytes), TAG, &(struct p9_twalk){ 1, 2, 1, { name } });
}

/* Encodes a name of the same length that is good, and puts the other in its place. */
static int decode_walk(struct p9_string name)
{
	char *good = malloc(name.len);
	ssize_t n;

	memset(good, 'x', name.len);
	n = encode_walk((struct p9_string){ good, name.len });
	free(good);
	assert_true(n > 0);
	memcpy(bytes + (size_t)n - name.len, name.data, name.len);
	return decode_copy(P9_TWALK, bytes, (size_t)n, 0);
}

TEST(names)
{
	static const struct p9_string bad[] = { { "/", 1 },   { "a/b", 3 }, { "ab/", 3 },
						{ "/ab", 3 }, { "\0", 1 },  { "a\0b", 3 },
						{ "ab\0", 3 } };
	static const struct p9_string good[] = {
		{ ".", 1 }, { "..", 2 }, { "a", 1 }, { "\xff\x01", 2 }
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(-EINVAL, encode_walk(bad[i]));
		assert_int_equal(-EIO, decode_walk(bad[i]));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(encode_walk(good[i]) > 0);
		assert_int_equal(0, decode_walk(good[i]));
	}
}

/* Puts a message together by hand: Twalk with n times the same name. */
static size_t make_walk(unsigned claimed, unsigned n, const void *name, size_t len)
{
	const uint8_t head[] = { 0,
				 0,
				 0,
				 0,
				 P9_TWALK,
				 0x34,
				 0x12,
				 1,
				 0,
				 0,
				 0,
				 2,
				 0,
				 0,
				 0,
				 (uint8_t)claimed,
				 (uint8_t)(claimed >> 8) };
	size_t size = sizeof(head);

	memcpy(bytes, head, sizeof(head));
	for (unsigned i = 0; i < n; i++) {
		bytes[size++] = (uint8_t)len;
		bytes[size++] = (uint8_t)(len >> 8);
		memcpy(bytes + size, name, len);
		size += len;
	}
	set_size(bytes, size);
	return size;
}

TEST(lengths_of_names)
{
	char name[NAME_MAX + 1];

	memset(name, 'n', sizeof(name));
	assert_int_equal(-EINVAL, encode_walk((struct p9_string){ name, 0 }));
	assert_int_equal(-EINVAL, encode_walk((struct p9_string){ name, NAME_MAX + 1 }));
	assert_int_equal(-EIO, decode_copy(P9_TWALK, bytes, make_walk(1, 1, name, 0), 0));
	assert_int_equal(0, decode_copy(P9_TWALK, bytes, make_walk(1, 1, name, 1), 0));
	assert_int_equal(0, decode_copy(P9_TWALK, bytes, make_walk(1, 1, name, NAME_MAX), 0));
	assert_int_equal(-EIO,
			 decode_copy(P9_TWALK, bytes, make_walk(1, 1, name, NAME_MAX + 1), 0));
}

TEST(numbers_of_names)
{
	struct p9_twalk many = { .nwname = P9_WALK_MAX + 1 };

	assert_int_equal(-EINVAL, p9_encode_twalk(bytes, sizeof(bytes), TAG, &many));
	assert_int_equal(0, decode_copy(P9_TWALK, bytes, make_walk(0, 0, "n", 1), 0));
	assert_int_equal(0, decode_copy(P9_TWALK, bytes, make_walk(16, 16, "n", 1), 0));
	assert_int_equal(-EIO, decode_copy(P9_TWALK, bytes, make_walk(17, 17, "n", 1), 0));
	assert_int_equal(-EIO, decode_copy(P9_TWALK, bytes, make_walk(0xffff, 16, "n", 1), 0));
	assert_int_equal(-EIO, decode_copy(P9_TWALK, bytes, make_walk(3, 2, "n", 1), 0));
	assert_int_equal(-EIO, decode_copy(P9_TWALK, bytes, make_walk(2, 3, "n", 1), 0));
}

TEST(numbers_of_qids)
{
	struct p9_rwalk walk = { .nwqid = P9_WALK_MAX };
	size_t n;

	n = (size_t)p9_encode_rwalk(bytes, sizeof(bytes), TAG, &walk);
	assert_int_equal(9 + 13 * P9_WALK_MAX, n);
	assert_int_equal(0, decode_copy(P9_RWALK, bytes, n, P9_WALK_MAX));
	walk.nwqid++;
	assert_int_equal(-EINVAL, p9_encode_rwalk(bytes, sizeof(bytes), TAG, &walk));
	/* One more, all there, and asked for: there is no room for it. */
	memset(bytes + n, 0, 13);
	bytes[7] = P9_WALK_MAX + 1;
	set_size(bytes, n + 13);
	assert_int_equal(-EIO, decode_copy(P9_RWALK, bytes, n + 13, 100));
}

TEST(strings)
{
	static char longest[P9_STRING_MAX + 1];
	static uint8_t buf[2 * P9_STRING_MAX];
	struct p9_rreadlink link = { { "a/b\0c", 5 } };
	struct p9_packet packet;
	ssize_t n;

	assert_int_equal(-EINVAL, p9_encode_rreadlink(bytes, sizeof(bytes), TAG, &link));
	link.target.data = "a/b.c";
	n = p9_encode_rreadlink(bytes, sizeof(bytes), TAG, &link);
	assert_int_equal(14, n);
	assert_int_equal(0, decode_copy(P9_RREADLINK, bytes, 14, 0));
	bytes[12] = 0;
	assert_int_equal(-EIO, decode_copy(P9_RREADLINK, bytes, 14, 0));
	memset(longest, 's', sizeof(longest));
	link.target = (struct p9_string){ longest, P9_STRING_MAX };
	n = p9_encode_rreadlink(buf, sizeof(buf), TAG, &link);
	packet = p9_packet(buf, (size_t)n);
	assert_int_equal(0, p9_decode_rreadlink(&packet, TAG, &link));
	assert_int_equal(P9_STRING_MAX, link.target.len);
	link.target = (struct p9_string){ longest, P9_STRING_MAX + 1 };
	assert_int_equal(-EINVAL, p9_encode_rreadlink(buf, sizeof(buf), TAG, &link));
}

/* ---- payloads ---- */

TEST(payload_elsewhere)
{
	const struct p9_twrite out = { .fid = 5, .offset = 1ul << 40, .count = 4096 };
	uint8_t head[P9_TWRITE_HEAD_BYTES];
	struct p9_packet packet = { head, sizeof(head), sizeof(head) + 4096 };
	struct p9_twrite in;

	assert_int_equal(P9_TWRITE_HEAD_BYTES, p9_encode_twrite(head, sizeof(head), TAG, &out));
	assert_int_equal(P9_TWRITE_HEAD_BYTES + 4096, p9_claimed_size(head));
	assert_int_equal(0, p9_decode_twrite(&packet, &in));
	assert_int_equal(5, in.fid);
	assert_int_equal(1ul << 40, in.offset);
	assert_int_equal(4096, in.count);
	assert_null(in.data);
	packet.size--;
	assert_int_equal(-EIO, p9_decode_twrite(&packet, &in));
	packet.size += 2;
	assert_int_equal(-EIO, p9_decode_twrite(&packet, &in));
	packet.size--;
	packet.in_buf--;
	assert_int_equal(-EIO, p9_decode_twrite(&packet, &in));
}

TEST(reply_with_its_payload_in_a_page)
{
	uint8_t head[P9_RREAD_HEAD_BYTES];
	struct p9_packet packet = { head, sizeof(head), sizeof(head) + 100 };
	struct p9_rread in;

	assert_int_equal(11,
			 p9_encode_rread(head, sizeof(head), TAG, &(struct p9_rread){ 100, NULL }));
	assert_int_equal(0, p9_decode_rread(&packet, TAG, 100, &in));
	assert_int_equal(100, in.count);
	assert_null(in.data);
	assert_int_equal(-EIO, p9_decode_rread(&packet, TAG, 99, &in));
	/* It claims bytes that did not come, or more came. */
	packet.size = sizeof(head) + 99;
	assert_int_equal(-EIO, p9_decode_rread(&packet, TAG, 4096, &in));
	packet.size = sizeof(head) + 101;
	assert_int_equal(-EIO, p9_decode_rread(&packet, TAG, 4096, &in));
	/* Nothing at all is an answer too. */
	packet.size = sizeof(head);
	p9_encode_rread(head, sizeof(head), TAG, &(struct p9_rread){ 0, NULL });
	assert_int_equal(0, p9_decode_rread(&packet, TAG, 4096, &in));
	assert_int_equal(0, in.count);
}

/* A part of the payload came with the head: the codec gives no pointer to it. */
TEST(payload_partly_elsewhere)
{
	struct p9_packet packet = { bytes, P9_RREAD_HEAD_BYTES + 10, P9_RREAD_HEAD_BYTES + 100 };
	struct p9_rread in;

	p9_encode_rread(bytes, sizeof(bytes), TAG, &(struct p9_rread){ 100, NULL });
	assert_int_equal(0, p9_decode_rread(&packet, TAG, 100, &in));
	assert_null(in.data);
}

/* The two counts of a message differ, or are such that their sum wraps. */
TEST(lies_about_payloads)
{
	static const uint8_t pattern[64];
	const struct p9_twrite out = { .count = sizeof(pattern), .data = pattern };
	const size_t n = P9_TWRITE_HEAD_BYTES + sizeof(pattern);
	static const uint32_t counts[] = {
		0, 63, 65, 0xffff, 0x7fffffff, 0xffffffff, (uint32_t)-23, 64 - 23
	};

	for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
		assert_int_equal(n, p9_encode_twrite(bytes, sizeof(bytes), TAG, &out));
		set_size(bytes + P9_TWRITE_HEAD_BYTES - 4, counts[i]);
		assert_int_equal(-EIO, decode_copy(P9_TWRITE, bytes, n, 0));
		p9_encode_rread(bytes, sizeof(bytes), TAG,
				&(struct p9_rread){ sizeof(pattern), pattern });
		set_size(bytes + P9_RREAD_HEAD_BYTES - 4, counts[i]);
		assert_int_equal(
			-EIO, decode_copy(P9_RREAD, bytes, P9_RREAD_HEAD_BYTES + 64, UINT32_MAX));
	}
	assert_int_equal(-EMSGSIZE, p9_encode_rread(bytes, sizeof(bytes), TAG,
						    &(struct p9_rread){ UINT32_MAX - 10, NULL }));
	assert_int_equal(11, p9_encode_rread(bytes, sizeof(bytes), TAG,
					     &(struct p9_rread){ UINT32_MAX - 11, NULL }));
	assert_int_equal(UINT32_MAX, p9_claimed_size(bytes));
}

/* A caller's mistake, and a message without its header. */
TEST(packets_that_cannot_be)
{
	struct p9_packet packet = { bytes, 12, 11 };
	struct p9_header header;

	p9_encode_rlerror(bytes, sizeof(bytes), TAG, &(struct p9_rlerror){ ENOENT });
	assert_int_equal(-EIO, p9_peek(&packet, &header));
	packet = (struct p9_packet){ NULL, 0, 0 };
	assert_int_equal(-EIO, p9_peek(&packet, &header));
	packet = (struct p9_packet){ NULL, 0, 11 };
	assert_int_equal(-EIO, p9_peek(&packet, &header));
	assert_int_equal(-EIO, p9_decode_rclunk(&packet, TAG));
}

/* ---- entries of directories ---- */

static size_t make_dirents(unsigned n)
{
	size_t size = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct p9_dirent entry = { random_qid(), i + 1, (uint8_t)i,
						 random_string(1, NAME_MAX, true) };
		ssize_t more = p9_put_dirent(bytes + size, sizeof(bytes) - size, &entry);

		assert_int_equal(24 + entry.name.len, more);
		size += (size_t)more;
		free((void *)entry.name.data);
	}
	return size;
}

/* Returns how many there are, or an error. */
static int count_dirents(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n + 1);
	struct p9_dirent entry;
	size_t pos = 0, before = 0;
	int r, count = 0;

	memcpy(copy + 1, data, n);
	while ((r = p9_next_dirent(copy + 1, n, &pos, &entry)) == 1) {
		count++;
		assert_true(entry.offset == (uint64_t)count && entry.type == count - 1);
		assert_true(pos == before + 24 + entry.name.len && pos <= n);
		before = pos;
	}
	assert_int_equal(before, pos);
	assert_true(r <= 0);
	free(copy);
	return r < 0 ? r : count;
}

TEST(entries)
{
	size_t n = make_dirents(10), ends = 0;

	assert_int_equal(10, count_dirents(bytes, n));
	assert_int_equal(0, count_dirents(bytes, 0));
	/* All lengths but those where an entry ends are refused. */
	for (size_t cut = 0; cut < n; cut++) {
		int r = count_dirents(bytes, cut);

		assert_true(r == -EIO || r == (int)ends);
		ends += r >= 0;
	}
	assert_int_equal(10, ends);
}

TEST(bad_entries)
{
	const struct p9_dirent good = { .offset = 1, .name = text("name") };
	const struct p9_dirent none = { .name = text("") }, slash = { .name = text("a/b") };
	ssize_t n = p9_put_dirent(bytes, sizeof(bytes), &good);

	assert_int_equal(28, n);
	for (size_t size = 0; size < 28; size++) {
		uint8_t *buf = malloc(size);

		assert_int_equal(-EMSGSIZE, p9_put_dirent(buf, size, &good));
		free(buf);
	}
	assert_int_equal(-EINVAL, p9_put_dirent(bytes, sizeof(bytes), &none));
	assert_int_equal(-EINVAL, p9_put_dirent(bytes, sizeof(bytes), &slash));
	p9_put_dirent(bytes, sizeof(bytes), &good);
	assert_int_equal(1, count_dirents(bytes, 28));
	bytes[25] = '/';
	assert_int_equal(-EIO, count_dirents(bytes, 28));
	bytes[25] = 0;
	assert_int_equal(-EIO, count_dirents(bytes, 28));
	bytes[22] = 0;
	assert_int_equal(-EIO, count_dirents(bytes, 24));
}
